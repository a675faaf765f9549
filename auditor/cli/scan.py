"""``auditor scan``: audit files or folders."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import live
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.audit import Options
    from auditor.model.results import ProblemJson, Results
    from auditor.sources import Reading

_SEVERITIES = ("low", "medium", "high", "critical", "none")

EXAMPLES = (
    "  auditor scan export.json --report html=report.html",
    "  auditor scan main.json --parameters prod.parameters.json --fail-on high",
    '  az rest --method get --url "$SERVICE_ID?api-version=2024-05-01" | auditor scan -',
    "  auditor scan --subscription ID --save-snapshot snapshot.json.gz --report html=report.html",
)
"""Shown below the command's help."""


def scan(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="Files or folders to audit; - reads standard input."),
    ] = None,
    subscription: live.Subscriptions = None,
    management_group: live.ManagementGroup = "",
    resource_group: live.ResourceGroup = "",
    service: live.Service = "",
    auth: live.Auth = "default",
    tenant: live.Tenant = "",
    cloud: live.CloudName = "public",
    max_time: live.MaxTime = 0,
    save_snapshot: Annotated[
        Path | None,
        typer.Option("--save-snapshot", metavar="PATH", help="Keep what was read from Azure in this file."),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            "--report",
            metavar="FORMAT=PATH",
            help="Write a report: html, md, json, sarif, junit, csv or oscal. Repeatable.",
        ),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameters", metavar="FILE", help="Deployment parameters for the templates. Repeatable."
        ),
    ] = None,
    controls: Annotated[
        str | None,
        typer.Option("--controls", metavar="ID,...", help="Judge these controls only: NS-2,IM-8."),
    ] = None,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="SEVERITY", help="low, medium, high, critical or none.")
    ] = "low",
    allow_unknown: Annotated[
        str | None,
        typer.Option(
            "--allow-unknown",
            metavar="[=input|CONTROL|CHECK,...]",
            help="Accept undecided findings: all, what this kind of input can never show, or the named ones.",
        ),
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="An input without any API Management service is fine.")
    ] = False,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete", help="The files hold everything there is: what is not in them is not there."
        ),
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Judge dates as of this day or moment (ISO 8601)."),
    ] = None,
    evidence: Annotated[
        str,
        typer.Option(
            "--evidence", metavar="first|all", help="Evidence of the first or of all passing subjects."
        ),
    ] = "first",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the decision only.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Audit files (exported JSON, ARM templates, snapshots) or a live subscription."""
    from auditor.audit import Span, audit
    from auditor.siblings import check_siblings

    check_siblings()
    # Nearly everything that is read or judged lives to the end of the run: collecting garbage finds little
    # and costs a third of the time of a large estate.
    gc.disable()
    from auditor.sources import read_paths
    from controls import catalogue

    started = datetime.now(UTC)
    targets = _targets(report or [])
    azure = live.Live(
        tuple(subscription or ()), management_group, resource_group, service, auth, tenant, cloud, max_time
    )
    given = _inputs(paths or [], azure, save_snapshot, parameters or [], complete)
    options = _options(
        fail_on, allow_unknown, allow_empty, controls, as_of, evidence, started, given, parameters, complete
    )
    with _read_first(azure, save_snapshot, quiet) as snapshot:
        called = "Azure" if snapshot and save_snapshot is None else ""
        reading = read_paths(snapshot or given, parameters or (), complete, called=called)
    if parameters and not any(
        one.kind.value in ("arm-template", "portal-export") for one in reading.inventory.inputs
    ):
        raise UsageError("--parameters has no effect: no template was read")
    problems = _problems(reading)
    span = Span(started, datetime.now(UTC))
    results = audit(reading.inventory, catalogue(), options, span, problems)
    _say_inputs(reading, quiet)
    _write(results, targets, quiet, no_color)
    raise typer.Exit(results["summary"]["gate"]["exit_code"])


def _inputs(
    paths: list[str], azure: live.Live, keep: Path | None, parameters: list[str], complete: bool
) -> list[str]:
    """What is to be audited, in words of the command line.

    Raises:
        UsageError: Nothing, both files and Azure, or an option that has no effect on what is read.
    """
    if azure.wanted:
        useless = [("PATH", paths), ("--parameters", parameters), ("--complete", complete)]
        for name, was_given in useless:
            if was_given:
                raise UsageError(f"{name} has no effect beside --subscription or --management-group")
        return [*azure.subscriptions, *([azure.management_group] if azure.management_group else [])]
    wrong = [*azure.given(), *(["--save-snapshot"] if keep is not None else [])]
    if wrong:
        raise UsageError(f"{wrong[0]} has no effect without --subscription or --management-group")
    if not paths:
        raise UsageError("nothing to audit: give files or folders, or --subscription ID")
    return paths


@contextmanager
def _read_first(azure: live.Live, keep: Path | None, quiet: bool) -> Iterator[list[str]]:
    """Read Azure into a snapshot, which is what is judged; without Azure, nothing."""
    if not azure.wanted:
        yield []
        return
    with TemporaryDirectory(prefix="auditor-") as folder:
        path = keep if keep is not None else Path(folder) / "snapshot.json.gz"
        live.read_azure(azure, path, quiet=quiet)
        yield [str(path)]


def _options(
    fail_on: str,
    allow_unknown: str | None,
    allow_empty: bool,
    controls: str | None,
    as_of: str | None,
    evidence: str,
    started: datetime,
    paths: list[str],
    parameters: list[str] | None,
    complete: bool,
) -> Options:
    from auditor.audit import Options
    from auditor.gate import unknown_selectors
    from controls import catalogue

    if fail_on not in _SEVERITIES:
        raise UsageError(f"--fail-on {fail_on}: not one of {', '.join(_SEVERITIES)}")
    if evidence not in ("first", "all"):
        raise UsageError(f"--evidence {evidence}: not one of first, all")
    allowed = _selectors(allow_unknown)
    known = unknown_selectors(allowed, catalogue().checks)
    if known:
        raise UsageError(f"--allow-unknown {known[0]}: no such control or check")
    asked = None if controls is None else frozenset(part.upper() for part in _parts(controls))
    for control_id in sorted(asked or ()):
        if control_id not in {control.id for control in catalogue().controls}:
            raise UsageError(f"--controls {control_id}: no such control (see auditor controls)")
    if asked is not None and not asked:
        raise UsageError("--controls: no control named")
    scope = {
        "paths": paths,
        "parameters": parameters or [],
        "complete": complete,
        "controls": sorted(asked) if asked else "all",
    }
    moment = started if as_of is None else _moment(as_of)
    return Options(moment, fail_on, allowed, allow_empty, asked, evidence == "all", scope)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _selectors(text: str | None) -> frozenset[str]:
    if text is None:
        return frozenset()
    return frozenset(
        p.lower() if "." in p or p.lower() in ("all", "input") else p.upper() for p in _parts(text)
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text}: not a date like 2026-11-21 or 2026-11-21T12:00:00+00:00") from None
    if len(text) == len("2026-11-21"):
        moment = datetime.combine(moment.date(), time(), UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _targets(given: list[str]) -> list[tuple[str, str]]:
    from reports import FORMATS

    targets: list[tuple[str, str]] = []
    for text in given:
        name, separator, path = text.partition("=")
        if not separator or not path:
            raise UsageError(f"--report {text}: write it as FORMAT=PATH, for example html=report.html")
        if name not in FORMATS:
            raise UsageError(f"--report {text}: {name!r} is not one of {', '.join(FORMATS)}")
        if path in (other for _, other in targets):
            raise UsageError(f"--report {text}: two reports would write {path}")
        targets.append((name, path))
    return targets


def _problems(reading: Reading) -> list[ProblemJson]:
    problems: list[ProblemJson] = []
    for error in reading.problems:
        print(f"auditor: {error}", file=sys.stderr)  # noqa: T201 - warnings go to stderr
        problem: ProblemJson = {"path": error.path, "message": error.message}
        if error.line:
            problem["line"], problem["column"] = error.line, error.column
        problems.append(problem)
    return problems


def _say_inputs(reading: Reading, quiet: bool) -> None:
    """What every input was taken for: line by line when they are few, by kind when they are many."""
    from auditor.audit import TITLES, count_kinds

    if quiet:
        return
    lines = []
    if len(reading.inventory.inputs) <= 5:
        for one in reading.inventory.inputs:
            title, cannot_show = TITLES[one.kind]
            lines.append(f"{one.path}: {title}. {cannot_show}")
            lines.extend(f"  note: {note}" for note in one.notes[:5])
    else:
        lines.extend(f"{count} x {title}" for title, count in count_kinds(reading.inventory.inputs).items())
    if reading.ignored:
        first, what = reading.ignored[0]
        more = f" and {len(reading.ignored) - 1} more" if len(reading.ignored) > 1 else ""
        lines.append(f"left out: {first} ({what}){more}")
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201 - what was read is said on stderr


def _write(results: Results, targets: list[tuple[str, str]], quiet: bool, no_color: bool) -> None:
    from reports import render
    from reports.terminal import decision, show

    to_stdout = [name for name, path in targets if path == "-"]
    for name, path in targets:
        text = render(name, results)
        # A lone surrogate in a name must not lose a report.
        data = text.encode("utf-8", "backslashreplace")
        if path == "-":
            sys.stdout.buffer.write(data)
            continue
        try:
            Path(path).write_bytes(data)
        except OSError as error:
            raise UsageError(f"--report {name}={path}: cannot be written: {error.strerror}") from None
    if to_stdout:
        print(decision(results), file=sys.stderr)  # noqa: T201 - the report has standard output
    elif quiet:
        print(decision(results))  # noqa: T201 - the decision is the output
    else:
        show(results, no_color=no_color, written=[path for _, path in targets])
