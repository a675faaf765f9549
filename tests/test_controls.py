"""Every check against its fixtures, and the two tests that hold missing data away from a pass.

A fixture is ``tests/fixtures/controls/<control>/<check>/<status>--<what it shows>.json``: the path says which
check it is about and what it must say.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from auditor.engine import Finding
from auditor.model.check import Check
from auditor.model.inventory import Inventory
from auditor.model.values import Unresolved, escape, walk
from auditor.model.verdict import Status
from controls import catalogue
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of, status_of, with_body, without

ALL = sorted((FIXTURES / "controls").rglob("*.json"))
BY_ID = {check.id: check for check in catalogue().checks}
_GAINED = {Status.PASS, Status.NOT_APPLICABLE}
_JUDGED_PARTS = ("properties", "sku", "identity")
_MAPS = ("/properties/credentials/header", "/properties/credentials/query")
"""Objects whose member names are data: an entry of them is like an element of a list."""


def check_of(path: Path) -> Check:
    return BY_ID[f"apim.{path.parent.parent.name}.{path.parent.name}"]


def expected_of(path: Path) -> Status:
    return Status(path.name.partition("--")[0])


def name_of(path: Path) -> str:
    return "/".join(path.parts[-3:])


@functools.cache
def loaded(path: Path) -> Inventory:
    return inventory_of(path)


@functools.cache
def baseline(path: Path) -> tuple[Finding, ...]:
    return tuple(findings(loaded(path)))


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_fixture_gets_its_status(path: Path) -> None:
    found = [f for f in baseline(path) if f.check.id == check_of(path).id]
    assert status_of(found) == expected_of(path), [f"{f.status}: {f.message}" for f in found]


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_no_check_breaks(path: Path) -> None:
    broken = [f"{f.check.id}: {f.message}" for f in baseline(path) if f.status is Status.ERROR]
    assert broken == []


@pytest.mark.parametrize("check", catalogue().checks, ids=lambda check: check.id)
def test_every_outcome_has_a_fixture(check: Check) -> None:
    folder = FIXTURES / "controls" / check.control.lower() / check.slug
    shown = {expected_of(path) for path in folder.glob("*.json")}
    assert shown == check.outcomes


def test_fixtures_belong_to_checks() -> None:
    strays = [
        name_of(path) for path in ALL if f"apim.{path.parent.parent.name}.{path.parent.name}" not in BY_ID
    ]
    assert strays == []


def keyed(found: list[Finding] | tuple[Finding, ...]) -> dict[tuple[str, str, str], Finding]:
    """By check and subject, without the item's index, which a deletion may shift."""
    return {(f.check.id, f.resource.key, f.item): f for f in found}


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_deletion_grants_no_pass(path: Path) -> None:
    """Deletion: without any member, what is newly passed or not applicable cites it as defaulted."""
    inventory, before = loaded(path), keyed(baseline(path))
    wrong = []
    for resource in inventory.by_key.values():
        for part in _JUDGED_PARTS:
            for pointer in members(resource.body.get(part), f"/{part}"):
                changed = with_body(inventory, resource, without(resource.body, pointer))
                for finding in findings(changed):
                    key = (finding.check.id, finding.resource.key, finding.item)
                    old = before.get(key)
                    gained = finding.status in _GAINED and (old is None or old.status != finding.status)
                    if gained and not cites_default(finding, resource.key, pointer):
                        wrong.append(f"{finding.check.id} {finding.status} without {resource.name}{pointer}")
    assert wrong == []


def members(value: object, at: str) -> list[str]:
    """Pointers of every object member at or below a value; elements of lists and entries of maps are none."""
    found = [at] if value is not None else []
    for pointer, container in walk(value, at):
        if isinstance(container, dict) and pointer not in _MAPS:
            found.extend(f"{pointer}/{escape(str(key))}" for key in container)
    return found


def cites_default(finding: Finding, key: str, pointer: str) -> bool:
    return any(
        entry.default is not None
        and entry.resource.key == key
        and (entry.pointer.casefold() + "/").startswith(pointer.casefold() + "/")
        for entry in finding.evidence
    )


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_obscuring_takes_the_pass(path: Path) -> None:
    """Obscuring: a pass whose value becomes unresolvable turns unknown, or no longer cites it."""
    inventory = loaded(path)
    wrong = []
    for old in baseline(path):
        if old.status is not Status.PASS:
            continue
        for entry in old.evidence:
            if entry.default is not None or entry.pointer.startswith("#") or entry.pointer == "":
                continue
            body = without(entry.resource.body, entry.pointer, Unresolved("obscured"))
            changed = with_body(inventory, inventory.by_key[entry.resource.key], body)
            for finding in findings(changed, [old.check]):
                same = (finding.resource.key, finding.item) == (old.resource.key, old.item)
                if not same or finding.status is Status.UNKNOWN:
                    continue
                cited = any(e.identity == entry.identity for e in finding.evidence)
                if finding.status is not Status.PASS or cited:
                    wrong.append(f"{old.check.id} {finding.status}: {entry.resource.name}{entry.pointer}")
    assert wrong == []
