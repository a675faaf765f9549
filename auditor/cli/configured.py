"""The configuration of a run: the command line over the file, and the waivers and attestations it names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import UsageError
from auditor.nearest import did_you_mean

if TYPE_CHECKING:
    from auditor.config import Configuration
    from auditor.model.check import Catalogue
    from auditor.model.inventory import Resource
    from auditor.model.results import RegisterJson, Results
    from auditor.register import Register, Standing
    from auditor.said import Said
    from auditor.userfiles import UserFile

_MOST_SAID = 10


def configured(config: Path | None, no_config: bool, given: dict[str, Any]) -> Configuration:
    """The configuration, with what the command line says above it.

    Args:
        config: The file that was named.
        no_config: Look for none.
        given: Values of the command line by key; None where it says nothing.

    Raises:
        UsageError: The file says something that it may not, or is not wanted and named.
    """
    if config is not None and no_config:
        raise UsageError("--config has no effect beside --no-config")
    # Most runs have no file, and reading one takes a library for its form and one for its schema.
    from auditor.config import read_configuration

    found = read_configuration(config, Path(), look=not no_config)
    if found.file is not None:
        from controls import catalogue

        print(f"configuration: {found.file.path}", file=sys.stderr)  # noqa: T201 - said aloud: it decides
        check_names(found, catalogue())
    return replace(found, given={key: value for key, value in given.items() if value is not None})


def check_names(found: Configuration, catalogue: Catalogue) -> None:
    """Make sure that what a file names is there.

    Raises:
        FileError: It names a control, check or format that is not.
    """
    from auditor.gate import selectors, unknown_selectors
    from reports import FORMATS

    checks = {check.id: check for check in catalogue.checks}
    for index, name in enumerate(found.written.get("allow-unknown", ())):
        plain = name.lower() if "." in name or name.lower() in ("all", "input") else name.upper()
        if unknown_selectors([plain], catalogue.checks):
            hint = did_you_mean(name, selectors(catalogue.checks))
            said = f"{name!r} is neither all, input, nor a control or check{hint}"
            raise found.refuse(said, "allow-unknown", index)
    known = [control.id for control in catalogue.controls]
    see = " (see auditor controls)"
    for index, name in enumerate(found.written.get("controls", ())):
        if name.upper() not in known:
            raise found.refuse(
                f"there is no control {name!r}{did_you_mean(name, known, see)}", "controls", index
            )
    for name in found.written.get("severities", {}):
        if name not in checks:
            raise found.refuse(
                f"there is no check {name!r}{did_you_mean(name, checks, see)}", "severities", name
            )
        if checks[name].observation:
            raise found.refuse(f"{name} is an observation, which no gate counts", "severities", name)
    for index, target in enumerate(found.written.get("report", ())):
        form, _, path = target.partition("=")
        if form not in FORMATS or not path:
            raise found.refuse(f"{target!r} is not FORMAT=PATH ({', '.join(FORMATS)})", "report", index)


def said(found: Configuration, as_of: datetime) -> Said:
    """Severities, waivers and attestations of a run.

    Raises:
        FileError: A file is not what it should be.
    """
    from auditor.said import Said

    waivers, attestations = found.paths("waivers"), found.paths("attestations")
    if not (waivers or attestations):
        return Said(found["severities"], configuration=found.stored())
    soon = found["expiring-soon-days"]
    return Said(
        severities=found["severities"],
        waivers=register("waivers", waivers, as_of, soon) if waivers else None,
        attestations=register("attestations", attestations, as_of, soon) if attestations else None,
        configuration=found.stored(),
    )


def register(kind: str, paths: Iterable[str], as_of: datetime, soon_days: int) -> Any:
    """The waivers or attestations of some files.

    Raises:
        FileError: A file is not what it should be.
        UsageError: A file is named twice.
    """
    from auditor.attestations import Attestations, read_attestations
    from auditor.redaction.scan import replaced
    from auditor.waivers import Waivers, read_waivers

    read: Callable[..., tuple[UserFile, list[Standing]]] = read_waivers
    make: type[Register] = Waivers
    if kind == "attestations":
        read, make = read_attestations, Attestations
    files: list[UserFile] = []
    entries: list[Standing] = []
    for path in paths:
        if any(file.path == path for file in files):
            raise UsageError(f"--{kind} {path}: it is given twice")
        # Somebody may paste a key into a reason: no report holds one.
        file, found = read(path, replaced)
        files.append(file)
        entries += found
    return make(files, entries, as_of, soon_days)


def say_unknown_hosts(found: Configuration, services: Iterable[Resource]) -> None:
    """Name the host names that client certificates are demanded under and that no service has.

    A misspelt one would demand nothing, and nobody would see it.
    """
    wanted = [name for name in found["require-client-certificates"] if name != "*"]
    if not wanted:
        return
    known: set[str] = set()
    for service in services:
        properties = service.body.get("properties") or {}
        listed = properties.get("hostnameConfigurations") if isinstance(properties, dict) else properties
        rows = listed if isinstance(listed, list) else [] if listed is None else [listed]
        names: list[Any] = [one.get("hostName") if isinstance(one, dict) else one for one in rows]
        names += [f"{service.name}.azure-api.{end}" for end in ("net", "us", "cn")]
        if not all(isinstance(name, str) and not name.startswith("[") for name in names):
            return  # an expression may stand for any of them
        known |= {name.casefold() for name in names}
    for name in wanted:
        if name.casefold() not in known:
            text = f"require-client-certificates names {name!r}, which no service that was read answers under"
            print(f"auditor: {text}", file=sys.stderr)  # noqa: T201 - warnings go to stderr


def say_registers(results: Results) -> None:
    """What somebody has to do something about, on standard error: a line each."""
    run = results["run"]
    for word, found in (("waiver", run.get("waivers")), ("attestation", run.get("attestations"))):
        if found is not None:
            for line in lines_of(word, found):
                print(f"auditor: {line}", file=sys.stderr)  # noqa: T201 - warnings go to stderr


def lines_of(word: str, found: RegisterJson, most: int = _MOST_SAID) -> Sequence[str]:
    """A line for each entry that is not simply in force."""
    from auditor.register import QUIET
    from reports.safe import line

    rows = [row for row in found["entries"] if row["state"] not in QUIET]
    lines = [
        f"{word} {line(row['place'], 200)} ({line(', '.join(row['selector'].values()), 200)}): "
        f"{row['state'].replace('-', ' ')}: {row['says']}"
        for row in rows[:most]
    ]
    return [*lines, f"and {len(rows) - most:,} more {word}s like these"] if len(rows) > most else lines
