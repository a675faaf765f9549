"""``auditor report``: render a stored result again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.errors import UnreadableError, UsageError

EXAMPLES = ("  auditor report results.json -f html -o report.html",)
"""Shown below the command's help."""


def report(
    results: Annotated[str, typer.Argument(metavar="RESULTS", help="A results.json that scan wrote.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="html, md or json.")
    ] = "html",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PATH", help="Where to write it; - is standard output.")
    ] = "-",
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Render a stored result again, in any format."""
    from auditor.siblings import check_siblings

    check_siblings()
    from auditor.cli.stored import load
    from reports import FORMATS, render

    if format_ not in FORMATS:
        raise UsageError(f"--format {format_}: not one of {', '.join(FORMATS)}")
    found = load(results)
    try:
        data = render(format_, found).encode("utf-8", "backslashreplace")
    except Exception as error:
        # What scan wrote can be rendered; this has the heading of a stored result and not its members.
        raise UnreadableError(results, "a stored result that was changed or cut: run scan again") from error
    if output == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        Path(output).write_bytes(data)
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from None
