"""``auditor diff``: what changed between two stored results."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import outputs
from auditor.errors import UnreadableError, UsageError

if TYPE_CHECKING:
    from auditor.caveats import Stored
    from auditor.model.comparison import DiffJson

_SEVERITIES = ("low", "medium", "high", "critical", "none")

EXAMPLES = (
    "  auditor diff main.json branch.json",
    "  auditor diff main.json branch.json -f md -o comment.md --fail-on high",
)
"""Shown below the command's help."""


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The earlier results.json.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later one.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="text, md, html or json.")
    ] = "text",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PATH", help="Where to write it; - is standard output.")
    ] = "-",
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="SEVERITY", help="low, medium, high, critical or none.")
    ] = "low",
    allow_removed: Annotated[
        bool,
        typer.Option("--allow-removed", help="A subject that is gone from a complete list is no loss."),
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Compare two stored results: new, no longer assessed, changed, fixed, still."""
    from auditor.siblings import check_siblings

    check_siblings()
    from auditor.cli.stored import load_comparable
    from reports import DIFF_FORMATS

    if format_ not in DIFF_FORMATS:
        raise UsageError(f"--format {format_}: not one of {', '.join(DIFF_FORMATS)}")
    if fail_on not in _SEVERITIES:
        raise UsageError(f"--fail-on {fail_on}: not one of {', '.join(_SEVERITIES)}")
    if allow_removed and fail_on == "none":
        raise UsageError("--allow-removed has no effect beside --fail-on none: nothing fails anyway")
    if no_color and (format_ != "text" or output != "-"):
        raise UsageError("--no-color has no effect: only the text on a terminal has colours")
    outputs.check_writable(f"--output {output}", output)
    outputs.check_keeps(f"--output {output}", output, [old, new])
    # All that is read lives to the end of the run: collecting garbage finds nothing and doubles the time.
    gc.disable()
    found = _compared(load_comparable(old), load_comparable(new), fail_on, allow_removed)
    _write(found, format_, output, no_color)
    raise typer.Exit(found["gate"]["exit_code"])


def _compared(old: Stored, new: Stored, fail_on: str, allow_removed: bool) -> DiffJson:
    from auditor.difference import difference
    from controls import RENAMED

    try:
        return difference(old, new, RENAMED, fail_on, allow_removed)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        message = f"it or {new.path} is a stored result that was changed or cut: run scan again"
        raise UnreadableError(old.path, message) from error


def _write(found: DiffJson, format_: str, output: str, no_color: bool) -> None:
    from auditor.cli.written import write_text
    from reports import render_difference
    from reports.diffview import decision

    if format_ == "text" and output == "-":
        from reports.diffterminal import show

        show(found, no_color)
        return
    try:
        write_text(output, [render_difference(format_, found)])
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from None
    # The report has standard output, or the decision is the output.
    print(decision(found), file=sys.stderr if output == "-" else sys.stdout)
