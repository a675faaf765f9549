"""``auditor waivers`` and ``auditor attestations``: look at what people wrote, and draft an entry."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options
from auditor.errors import Exit, FileError, UsageError
from auditor.nearest import did_you_mean

if TYPE_CHECKING:
    from auditor.model.results import FindingJson, Results
    from auditor.selectors import Place

waivers = typer.Typer(help="Waivers: findings accepted for a time.", no_args_is_help=True)
attestations = typer.Typer(help="Attestations: answers to manual checks.", no_args_is_help=True)

CHECK_EXAMPLES = (
    "  auditor waivers check waivers.yaml",
    "  auditor waivers check waivers.yaml --results results.json",
)
ATTESTATION_CHECK_EXAMPLES = (
    "  auditor attestations check attestations.toml",
    "  auditor attestations check attestations.toml --results results.json",
)
DRAFT_EXAMPLES = (
    "  auditor waivers draft results.json --check apim.ns-2.gateway-not-public > draft.yaml",
    "  auditor attestations draft results.json --check apim.br-1.restore-tested",
)
"""Shown below the commands' help."""

_SOON = 30

File = Annotated[str, typer.Argument(metavar="FILE", help="YAML or TOML.")]
Against = Annotated[
    str, typer.Option("--results", metavar="RESULTS", help="Match it with a stored result, too.")
]
Soon = Annotated[
    int, typer.Option("--soon", metavar="DAYS", help="What ends within so many days is said to.", min=0)
]
ResultsFile = Annotated[
    str, typer.Argument(metavar="RESULTS", help="A results.json that scan wrote; - reads standard input.")
]
Check = Annotated[str, typer.Option("--check", metavar="ID", help="Findings of this check.")]
Service = Annotated[str, typer.Option("--service", metavar="NAME", help="Of this service; * is any text.")]
Fingerprint = Annotated[str, typer.Option("--fingerprint", metavar="ID", help="The one finding.")]


def check_waivers(
    file: File,
    results: Against = "",
    as_of: options.AsOf = None,
    soon: Soon = _SOON,
    _debug: options.Debug = False,
) -> None:
    """Say which waivers are malformed, expired or about to; with a result, which match nothing.

    Ends with 2 where the file is malformed, and with 1 where an entry does not do what it was written for.
    """
    _check("waiver", file, results, as_of, soon)


def check_attestations(
    file: File,
    results: Against = "",
    as_of: options.AsOf = None,
    soon: Soon = _SOON,
    _debug: options.Debug = False,
) -> None:
    """Say which attestations are malformed, expired or about to; with a result, which match nothing.

    Ends with 2 where the file is malformed, and with 1 where an entry does not do what it was written for.
    """
    _check("attestation", file, results, as_of, soon)


def draft_waivers(
    results: ResultsFile,
    check: Check = "",
    service: Service = "",
    fingerprint: Fingerprint = "",
    _debug: options.Debug = False,
) -> None:
    """Print waivers (YAML) for the failed and manual findings of a stored result, bound to their evidence.

    Kind, reason, owner and last day are left empty: until somebody fills them in, no scan takes the file.
    """
    _draft("waiver", results, check, service, fingerprint)


def draft_attestations(
    results: ResultsFile,
    check: Check = "",
    service: Service = "",
    fingerprint: Fingerprint = "",
    _debug: options.Debug = False,
) -> None:
    """Print attestations (YAML) for the manual findings of a stored result, to be filled in."""
    _draft("attestation", results, check, service, fingerprint)


def _check(word: str, path: str, results: str, as_of: str | None, soon: int) -> None:
    from auditor.cli.configured import lines_of, register
    from auditor.cli.moments import moment
    from auditor.register import STALE

    now = datetime.now(UTC) if as_of is None else moment(as_of)
    try:
        found = register(f"{word}s", [path], now, soon)
    except FileError as error:
        for mistake in error.mistakes[:-1]:
            print(f"auditor: {mistake}", file=sys.stderr)  # noqa: T201 - one line each
        raise FileError(error.mistakes[-1:]) from None
    if results:
        known, asked = _applied(word, found, results)
        told = found.stored(known, asked)
    else:
        from controls import catalogue

        told = found.stored([check.id for check in catalogue().checks], None)
    for line in lines_of(word, told, len(told["entries"])):
        print(line)  # noqa: T201 - the answer
    stale = sum(entry["state"] in STALE for entry in told["entries"])
    count = len(told["entries"])
    tail = f"{stale:,} of them not in force" if stale else "all in order"
    where = "" if results else "; give --results to see which findings they are for"
    print(f"{path}: {count:,} {word if count == 1 else word + 's'}, {tail}{where}")  # noqa: T201
    raise typer.Exit(Exit.FAILED if stale else Exit.OK)


def _applied(word: str, found: Any, path: str) -> tuple[list[str], list[str]]:
    """Hold entries against a stored result; ids of its checks, and of those that were judged."""
    from auditor.cli.stored import load

    results: Results = load(path)
    judged: set[str] = set()
    for place, finding in _findings(results, word):
        judged.add(finding["check"])
        found.apply(place, finding)
    known = [check["id"] for check in results["catalogue"]["checks"]]
    return known, [check_id for check_id in known if check_id in judged]


def _findings(results: Results, word: str) -> Iterator[tuple[Place, FindingJson]]:
    """The findings of a stored result as they were before a waiver (or an attestation) changed them."""
    from auditor.selectors import Place

    for service in results["services"]:
        place = Place(service["id"], service["name"])
        for control in service["controls"]:
            for feature in control["features"]:
                for stored_finding in feature["findings"]:
                    finding = copy(stored_finding)
                    waiver = finding.pop("waiver", None)
                    if waiver is not None:
                        finding["status"] = waiver["status"]
                    if word == "attestation" and "attestation" in finding:
                        finding["message"] = finding.pop("attestation")["question"]
                        finding["status"] = "manual"
                    yield place, finding


def _draft(word: str, path: str, check: str, service: str, fingerprint: str) -> None:
    from auditor.cli.stored import load
    from auditor.drafts import attestation_draft, waiver_draft
    from auditor.selectors import Selector

    results: Results = load(path)
    if not (check or fingerprint or service):
        raise UsageError(f"say which findings to draft {word}s for: --check, --service or --fingerprint")
    selector = Selector(check=check, service=service, fingerprint=fingerprint)
    wanted = ("fail", "manual") if word == "waiver" else ("manual",)
    make = waiver_draft if word == "waiver" else attestation_draft
    drafts = [
        make(place, finding)
        for place, finding in _findings(results, word)
        if finding["status"] in wanted and selector.covers(place, finding)
    ]
    if not drafts:
        known = [one["id"] for one in results["catalogue"]["checks"]]
        if check and check.casefold() not in (one.casefold() for one in known):
            hint = did_you_mean(check, known, " (see auditor controls)")
            raise UsageError(f"--check {check}: {path} has no such check{hint}")
        asked = {"--check": check, "--service": service, "--fingerprint": fingerprint}
        given = " ".join(f"{name} {value}" for name, value in asked.items() if value)
        raise UsageError(f"{given}: no {' or '.join(wanted)} finding in {path} is that")
    text = "\n".join([f"{word}s:", *drafts, ""])
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
