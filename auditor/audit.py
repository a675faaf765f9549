"""One whole audit: inventory and catalogue in, stored result out. Pure but for the clock it is handed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor import DISTRIBUTION, __version__, gate
from auditor.against import standing
from auditor.assembly import audit_service, plan, texts, withheld
from auditor.caveats import Stored
from auditor.model.check import Catalogue
from auditor.model.inventory import Input, InputKind, Inventory
from auditor.model.knowledge import Audit
from auditor.model.results import SCHEMA_VERSION, InputJson, ProblemJson, Results, RunJson, ServiceJson
from auditor.packed import MANY, PackedServices
from auditor.said import Said
from auditor.totals import Tally, pairs


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    as_of: datetime
    """The moment everything is judged at."""
    fail_on: str = "low"
    allow_unknown: frozenset[str] = frozenset()
    allow_empty: bool = False
    controls: frozenset[str] | None = None
    """Ids of the controls to judge; None for all."""
    every_evidence: bool = False
    scope: Mapping[str, Any] = field(default_factory=dict)
    """What was asked, for the run's manifest."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    said: Said = field(default_factory=Said)
    """Severities, waivers, attestations, and where they come from."""
    against: Stored | None = None
    """An earlier result: the gate counts what it did not have."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Present ids of checks by the ids they had, for reading the earlier result."""


@dataclass(frozen=True, slots=True)
class Span:
    """When the run started and ended, for its manifest."""

    started: datetime
    finished: datetime


TITLES: Mapping[InputKind, tuple[str, str]] = {
    InputKind.ARM_TEMPLATE: (
        "ARM template",
        (
            "It says what a deployment would set: not the state after it (private endpoint approval, "
            "certificate dates, Key Vault refresh), and nothing of collections it does not mention."
        ),
    ),
    InputKind.PORTAL_EXPORT: (
        "portal export (ARM template)",
        (
            "An export leaves out tenant access settings, diagnostic settings, users' identities, and "
            "read-only members such as the platform version and private endpoint connections."
        ),
    ),
    InputKind.PARAMETERS: ("deployment parameters", "It holds no resources; give it with --parameters."),
    InputKind.REST: (
        "management API JSON",
        "It shows the resources and lists it holds; every collection that was not listed stays unknown.",
    ),
    InputKind.AZ_RESOURCE: (
        "az resource JSON",
        "It shows single resources; collections below them need a list each (az rest).",
    ),
    InputKind.AZ_CLI: (
        "az apim JSON",
        (
            "The command reads api-version 2022-08-01: no developer portal status, no portal settings, and "
            "of a service none of its collections."
        ),
    ),
    InputKind.AZ_LIST: (
        "az listing",
        ("It shows what az printed of what stands around services; whether that is all, az does not tell."),
    ),
    InputKind.KEY_VAULT: (
        "Key Vault certificate",
        "It shows the certificates in it, as their vault tells of them; of services nothing.",
    ),
    InputKind.GRAPH: (
        "Resource Graph rows",
        "Resource Graph holds services and their neighbours, none of a service's collections.",
    ),
    InputKind.POWERSHELL: (
        "PowerShell resource dump",
        "It shows the resources in it; whether their collections are whole it does not tell.",
    ),
    InputKind.SNAPSHOT: (
        "snapshot of Azure",
        "It shows what the identity that read it was allowed to read, at that time.",
    ),
}
"""What each kind of input is called, and what it cannot show."""


def audit(
    inventory: Inventory,
    catalogue: Catalogue,
    options: Options,
    span: Span,
    problems: Sequence[ProblemJson] = (),
) -> Results:
    """Judge every service of an inventory.

    Args:
        inventory: What was read.
        catalogue: What to judge.
        options: What the user asked for.
        span: Start and end of the run; the manifest alone shows them.
        problems: Files that could not be read.
    """
    shared = Audit(inventory, catalogue.knowledge, options.as_of, options.settings)
    what = plan(catalogue, options.controls, options.every_evidence)
    said = options.said
    services: list[ServiceJson] | PackedServices = []
    if len(inventory.services) > MANY and options.against is None:
        # A comparison looks findings up by identity, and holds the earlier result as it is, too.
        services = PackedServices()
    tally, gated = Tally(), gate.Tally(options.fail_on, options.allow_unknown)
    for resource in inventory.services:
        service = audit_service(what, shared, resource, said.treat)
        for _, check_id, source, status, findings in pairs((service,)):
            tally.add(source, status, findings)
            gated.add(check_id, status, findings)
        services.append(service)
    words = texts(catalogue)
    for text in words["checks"]:
        text["severity"] = said.severities.get(text["id"], text["severity"])
    run: RunJson = {
        **_run(inventory, catalogue, options, span, problems),
        **said.stored(what.checks, catalogue.checks),
    }
    stood = None
    if options.against is not None:
        stood = standing(options.against, services, words, run, options.renamed)
    counts, by_source, judged = tally.told()
    whole = gate.Whole(len(services), len(inventory.inputs), len(problems), options.allow_empty)
    decision = gate.decided(gated, whole, services, stood)
    return Results(
        schema_version=SCHEMA_VERSION,
        run=run,
        summary={"counts": counts, "totals": by_source, "judged": judged, "gate": decision},
        catalogue=words,
        withheld=withheld(shared, inventory.services),
        services=services,
    )


def _run(
    inventory: Inventory, catalogue: Catalogue, options: Options, span: Span, problems: Sequence[ProblemJson]
) -> RunJson:
    return RunJson(
        tool={"name": DISTRIBUTION, "version": __version__},
        catalogue=catalogue.version,
        started=span.started.isoformat(timespec="seconds"),
        finished=span.finished.isoformat(timespec="seconds"),
        as_of=options.as_of.isoformat(timespec="seconds"),
        scope=dict(options.scope),
        inputs=[_input(one) for one in inventory.inputs],
        problems=list(problems),
        identity=", ".join(dict.fromkeys(one.identity for one in inventory.inputs if one.identity)) or None,
    )


def _input(one: Input) -> InputJson:
    title, cannot_show = TITLES[one.kind]
    return InputJson(
        path=one.path,
        kind=one.kind.value,
        title=title,
        cannot_show=cannot_show,
        sha256=one.sha256,
        declared=one.declared,
        notes=list(one.notes),
    )


def count_kinds(inputs: Iterable[Input]) -> dict[str, int]:
    """How many inputs there are of each kind, by title."""
    counts: dict[str, int] = {}
    for one in inputs:
        title = TITLES[one.kind][0]
        counts[title] = counts.get(title, 0) + 1
    return counts
