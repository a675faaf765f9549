"""Judging fixtures: the shortest way from a file to findings, for tests."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from auditor import gate
from auditor.engine import Finding, judge
from auditor.model.check import Check
from auditor.model.inventory import Inventory, Resource
from auditor.model.knowledge import Audit
from auditor.model.results import GateJson, ServiceJson, TotalsJson
from auditor.model.values import Json, PartialObject
from auditor.model.verdict import Status, fold
from auditor.sources import read_paths
from auditor.totals import Tally, pairs
from controls import catalogue
from tests.conftest import NOW


def inventory_of(path: Path) -> Inventory:
    """The inventory of one file; a file that cannot be read fails the test.

    A name that ends in ``-complete`` says that the file holds everything there is, as ``--complete`` does.
    """
    reading = read_paths([str(path)], whole=path.stem.endswith("-complete"))
    assert not reading.problems, [str(problem) for problem in reading.problems]
    return reading.inventory


def findings(inventory: Inventory, checks: Iterable[Check] | None = None) -> list[Finding]:
    """Every finding on every service, under the configuration that lies beside the file, if one does."""
    audit = Audit(inventory, catalogue().knowledge, NOW, settings_of(inventory))
    wanted = catalogue().checks if checks is None else checks
    return [f for service in inventory.services for check in wanted for f in judge(check, audit, service)]


def settings_of(inventory: Inventory) -> dict[str, Any]:
    """What ``<name of the file>.toml`` says, for fixtures whose verdict rests on the user's configuration."""
    if not inventory.inputs:
        return {}
    for source in inventory.inputs:
        path = Path(source.path).with_suffix(".toml")
        if path.is_file():
            return tomllib.loads(path.read_text(encoding="utf-8"))
    return {}


def status_of(found: Iterable[Finding]) -> Status:
    """What several findings of one check say together."""
    return fold(finding.status for finding in found)


def without(body: Json, pointer: str, replacement: Json = ...) -> Json:
    """A copy of a JSON tree without the member at a pointer, or with another value there."""
    token, _, rest = pointer[1:].partition("/")
    token = token.replace("~1", "/").replace("~0", "~")
    if isinstance(body, list):
        copy = list(body)
        copy[int(token)] = without(copy[int(token)], f"/{rest}", replacement) if rest else replacement
        return copy
    members = dict(body)
    if rest:
        members[token] = without(members[token], f"/{rest}", replacement)
    elif replacement is ...:
        del members[token]
    else:
        members[token] = replacement
    return PartialObject(members, body.why) if isinstance(body, PartialObject) else members


def with_body(inventory: Inventory, changed: Resource, body: Json) -> Inventory:
    """The same inventory with another body for one resource."""
    resources = [
        replace_body(resource, body) if resource is changed else resource
        for resource in inventory.by_key.values()
    ]
    return Inventory(resources, inventory.listings, inventory.inputs)


def replace_body(resource: Resource, body: Json) -> Resource:
    return Resource(
        resource.id,
        resource.type,
        body,
        resource.origin,
        resource.input,
        resource.api_version,
        resource.condition,
        resource.implied,
        resource.scope,
        resource.overlays,
    )


def totals(
    services: Iterable[ServiceJson],
) -> tuple[dict[str, int], dict[str, TotalsJson], dict[str, int]]:
    """Counts, totals by source and what the input could show, of judged services."""
    tally = Tally()
    for _, _, source, status, found in pairs(services):
        tally.add(source, status, found)
    return tally.told()


def decide(
    services: Iterable[ServiceJson],
    fail_on: str,
    allow_unknown: frozenset[str],
    unreadable: int = 0,
    allow_empty: bool = False,
    read: int = 1,
) -> GateJson:
    """What the gate decides on judged services."""
    tally, judged = gate.Tally(fail_on, allow_unknown), list(services)
    for _, check_id, _, status, found in pairs(judged):
        tally.add(check_id, status, found)
    return gate.decided(tally, gate.Whole(len(judged), read, unreadable, allow_empty))
