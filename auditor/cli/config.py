"""``auditor config``: what a configuration file comes to."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.cli import options
from auditor.errors import FileError

app = typer.Typer(help="The configuration file.", no_args_is_help=True)

EXAMPLES = ("  auditor config check", "  auditor config check ci/auditor.toml")
"""Shown below the command's help."""


def check(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Without it: auditor.toml or auditor.yaml of this folder."),
    ] = None,
    _debug: options.Debug = False,
) -> None:
    """Check a configuration file, and the files it names; print what is in effect, as TOML."""
    from auditor.cli.configured import check_names, register
    from auditor.config import DEFAULTS, keys, read_configuration
    from controls import catalogue

    try:
        found = read_configuration(file, Path())
    except FileError as error:
        for mistake in error.mistakes[:-1]:
            print(f"auditor: {mistake}", file=sys.stderr)  # noqa: T201 - one line each
        raise FileError(error.mistakes[-1:]) from None
    if found.file is None:
        print("# no configuration file here: these are the defaults")  # noqa: T201 - the answer
    else:
        check_names(found, catalogue())
        print(f"# {found.file.path}, sha256 {found.file.sha256}")  # noqa: T201 - the answer
    from datetime import UTC, datetime

    for kind in ("waivers", "attestations"):
        register(kind, found.paths(kind), datetime.now(UTC), found["expiring-soon-days"])
    means = keys()
    effective = found.effective()
    for key in DEFAULTS:
        if key == "severities":
            continue
        default = "" if key in found.written else "  (default)"
        print(f"\n# {means[key]}{default}\n{key} = {_toml(effective[key])}")  # noqa: T201 - the answer
    print(f"\n# {means['severities']}\n[severities]")  # noqa: T201 - the answer
    for name, severity in effective["severities"].items():
        print(f"{_toml(name)} = {_toml(severity)}")  # noqa: T201 - the answer


def _toml(value: Any) -> str:
    """Numbers, texts and lists of texts are written in TOML as in JSON."""
    return json.dumps(value, ensure_ascii=True)
