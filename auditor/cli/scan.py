"""``auditor scan``: audit files or folders."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from auditor.cli import configured, live, moments, options, outputs
from auditor.errors import UsageError
from auditor.nearest import did_you_mean

if TYPE_CHECKING:
    from auditor.audit import Options
    from auditor.config import Configuration
    from auditor.model.results import ProblemJson, Results
    from auditor.sources import Reading

_SEVERITIES = ("low", "medium", "high", "critical", "none")

EXAMPLES = (
    "  auditor scan export.json --report html=report.html",
    "  auditor scan main.json --parameters prod.parameters.json --fail-on high",
    '  az rest --method get --url "$SERVICE_ID?api-version=2024-05-01" | auditor scan -',
    "  auditor scan main.json --against main-branch-results.json",
    "  auditor scan --subscription ID --save-snapshot snapshot.json.gz --report html=report.html",
)
"""Shown below the command's help."""


def scan(
    paths: options.Paths = None,
    subscription: live.Subscriptions = None,
    management_group: live.ManagementGroup = "",
    resource_group: live.ResourceGroup = "",
    service: live.Service = "",
    auth: live.Auth = "default",
    tenant: live.Tenant = "",
    cloud: live.CloudName = "public",
    max_time: live.MaxTime = 0,
    vault_certificates: live.VaultCertificates = False,
    save_snapshot: options.SaveSnapshot = None,
    report: options.Report = None,
    parameters: options.Parameters = None,
    controls: options.Controls = None,
    fail_on: options.FailOn = None,
    allow_unknown: options.AllowUnknown = None,
    waivers: options.Waivers = None,
    attestations: options.Attestations = None,
    config: options.Config = None,
    no_config: options.NoConfig = False,
    allow_empty: options.AllowEmpty = False,
    complete: options.Complete = False,
    as_of: options.AsOf = None,
    against: options.Against = None,
    evidence: options.Evidence = "first",
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
    _debug: options.Debug = False,
) -> None:
    """Audit files (exported JSON, ARM templates, snapshots) or a live subscription."""
    from auditor.audit import Span, audit
    from auditor.cli.stored import load_baseline, say_notes
    from auditor.siblings import check_siblings

    check_siblings()
    # Nearly everything that is read or judged lives to the end of the run: collecting garbage finds little
    # and costs a third of the time of a large estate.
    gc.disable()
    from auditor.sources import read_paths
    from controls import RENAMED, catalogue

    started = datetime.now(UTC)
    configuration = configured.configured(
        config,
        no_config,
        {
            "fail-on": fail_on,
            "allow-unknown": None if allow_unknown is None else _parts(allow_unknown),
            "controls": None if controls is None else _parts(controls),
            "report": report or None,
            "waivers": waivers or None,
            "attestations": attestations or None,
        },
    )
    targets = _targets(configuration["report"])
    azure = live.Live(
        tuple(subscription or ()), management_group, resource_group, service, auth, tenant, cloud, max_time,
        vault_certificates,
    )  # fmt: skip
    if save_snapshot is not None:
        outputs.check_writable(f"--save-snapshot {save_snapshot}", str(save_snapshot))
    given = _inputs(paths or [], azure, save_snapshot, parameters or [], complete)
    wanted = _options(configuration, allow_empty, as_of, evidence, started, given, parameters, complete)
    wanted = replace(wanted, against=load_baseline(against, configuration["fail-on"]), renamed=RENAMED)
    with _read_first(azure, save_snapshot, quiet) as snapshot:
        called = "Azure" if snapshot and save_snapshot is None else ""
        reading = read_paths(snapshot or given, parameters or (), complete, called=called)
    if parameters and not any(
        one.kind.value in ("arm-template", "portal-export") for one in reading.inventory.inputs
    ):
        raise UsageError("--parameters has no effect: no template was read")
    problems = _problems(reading)
    _keep_inputs(targets, reading, configuration, parameters or [], save_snapshot)
    span = Span(started, datetime.now(UTC))
    results = audit(reading.inventory, catalogue(), wanted, span, problems)
    _say_inputs(reading, quiet)
    configured.say_unknown_hosts(configuration, reading.inventory.services)
    configured.say_registers(results)
    say_notes(results)
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
    configuration: Configuration,
    allow_empty: bool,
    as_of: str | None,
    evidence: str,
    started: datetime,
    paths: list[str],
    parameters: list[str] | None,
    complete: bool,
) -> Options:
    from auditor.audit import Options
    from auditor.gate import selectors, unknown_selectors
    from controls import catalogue

    fail_on = configuration["fail-on"]
    if fail_on not in _SEVERITIES:
        raise UsageError(f"--fail-on {fail_on}: not one of {', '.join(_SEVERITIES)}")
    if evidence not in ("first", "all"):
        raise UsageError(f"--evidence {evidence}: not one of first, all")
    if "allow-unknown" in configuration.given and not configuration["allow-unknown"]:
        raise UsageError("--allow-unknown=: nothing is named; without the equals sign it allows all")
    allowed = _selectors(configuration["allow-unknown"])
    known = unknown_selectors(allowed, catalogue().checks)
    if known:
        written = _as_written(known[0], configuration["allow-unknown"])
        hint = did_you_mean(written, selectors(catalogue().checks), " (see auditor controls)")
        raise UsageError(f"--allow-unknown {written}: no such control or check{hint}")
    controls = configuration["controls"]
    if "controls" in configuration.given and not controls:
        raise UsageError("--controls: no control named")
    asked = frozenset(part.upper() for part in controls) or None
    for control_id in sorted(asked or ()):
        ids = [control.id for control in catalogue().controls]
        if control_id not in ids:
            written = _as_written(control_id, controls)
            hint = did_you_mean(control_id, ids, " (see auditor controls)")
            raise UsageError(f"--controls {written}: no such control{hint}")
    scope = {
        "paths": paths,
        "parameters": parameters or [],
        "complete": complete,
        "controls": sorted(asked) if asked else "all",
    }
    moment = started if as_of is None else moments.moment(as_of)
    return Options(
        moment,
        fail_on,
        allowed,
        allow_empty,
        asked,
        evidence == "all",
        scope,
        configuration.settings,
        configured.said(configuration, moment),
    )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _as_written(selector: str, names: Iterable[str]) -> str:
    return next((name for name in names if name.lower() == selector.lower()), selector)


def _selectors(names: Iterable[str]) -> frozenset[str]:
    return frozenset(p.lower() if "." in p or p.lower() in ("all", "input") else p.upper() for p in names)


def _targets(given: list[str]) -> list[tuple[str, str]]:
    from reports import FORMATS

    targets: list[tuple[str, str]] = []
    for text in given:
        name, separator, path = text.partition("=")
        if not separator or not path:
            raise UsageError(f"--report {text}: write it as FORMAT=PATH, for example html=report.html")
        if name not in FORMATS:
            raise UsageError(f"--report {text}: {name!r} is not one of {', '.join(FORMATS)}")
        outputs.check_writable(f"--report {text}", path)
        if os.path.realpath(path) in (os.path.realpath(other) for _, other in targets):
            raise UsageError(f"--report {text}: two reports would write {path}")
        targets.append((name, path))
    return targets


def _keep_inputs(
    targets: list[tuple[str, str]],
    reading: Reading,
    configuration: Configuration,
    parameters: list[str],
    snapshot: Path | None,
) -> None:
    read = [one.path for one in reading.inventory.inputs]
    read += [error.path for error in reading.problems]
    read += [*parameters, *configuration.paths("waivers"), *configuration.paths("attestations")]
    read += [configuration.file.path] if configuration.file else []
    read += [str(snapshot)] if snapshot else []
    for name, path in targets:
        outputs.check_keeps(f"--report {name}={path}", path, read)


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
    from auditor.cli.written import write_text
    from reports import pieces
    from reports.terminal import decision, show

    to_stdout = [name for name, path in targets if path == "-"]
    for name, path in targets:
        try:
            write_text(path, pieces(name, results))
        except OSError as error:
            raise UsageError(f"--report {name}={path}: cannot be written: {error.strerror}") from None
    if to_stdout:
        print(decision(results), file=sys.stderr)  # noqa: T201 - the report has standard output
    elif quiet:
        print(decision(results))  # noqa: T201 - the decision is the output
    else:
        show(results, no_color=no_color, written=[path for _, path in targets])
