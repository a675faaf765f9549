"""``auditor report``: render a stored result again."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli import outputs
from auditor.errors import UnreadableError, UsageError

EXAMPLES = (
    "  auditor report results.json -f html -o report.html",
    '  auditor report results.json -f md --max-size 1000000 >> "$GITHUB_STEP_SUMMARY"',
)
"""Shown below the command's help."""


def report(
    results: Annotated[
        str,
        typer.Argument(metavar="RESULTS", help="A results.json that scan wrote; - reads standard input."),
    ],
    format_: Annotated[
        str,
        typer.Option("--format", "-f", metavar="FORMAT", help="html, md, json, sarif, junit, csv or oscal."),
    ] = "html",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PATH", help="Where to write it; - is standard output.")
    ] = "-",
    max_size: Annotated[
        int | None,
        typer.Option(
            "--max-size",
            metavar="BYTES",
            help="With -f md: the longest it may get (60000, as a comment takes); the rest is counted.",
        ),
    ] = None,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Render a stored result again, in any format."""
    from auditor.siblings import check_siblings

    check_siblings()
    from auditor.cli.stored import load
    from auditor.cli.written import write_text
    from reports import FORMATS, SMALLEST, pieces

    if format_ not in FORMATS:
        raise UsageError(f"--format {format_}: not one of {', '.join(FORMATS)}")
    if max_size is not None and format_ != "md":
        raise UsageError("--max-size has an effect with --format md only")
    if max_size is not None and max_size < SMALLEST:
        raise UsageError(f"--max-size {max_size}: less than {SMALLEST} bytes cannot hold the decision")
    outputs.check_writable(f"--output {output}", output)
    outputs.check_keeps(f"--output {output}", output, [results])
    found = load(results)
    try:
        write_text(output, pieces(format_, found, max_size))
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from None
    except Exception as error:
        # What scan wrote can be rendered; this has the heading of a stored result and not its members.
        raise UnreadableError(results, "a stored result that was changed or cut: run scan again") from error
