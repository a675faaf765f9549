"""The command line. Each command has a file of its own; what is slow to import is imported when it runs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated

import typer

from auditor import DISTRIBUTION, __version__
from auditor.cli import collect, config, controls, diff, doctor, explain, people, policy, report, scan
from auditor.cli.helping import Command, wrong_call
from auditor.cli.streams import tolerant_output
from auditor.errors import AuditorError, Exit, UnreadableError, UsageError

app = typer.Typer(
    name="auditor",
    help="Audit Azure API Management against Microsoft's security baseline and the mTLS guidance.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=True,
    epilog="Exit codes: 0 passed, 1 failed, 2 wrong usage, 3 undecided, 4 nothing to audit, 5 internal.",
)


def _add(
    group: typer.Typer, command: Callable[..., None], summary: str, examples: tuple[str, ...], name: str = ""
) -> None:
    """Add a command.

    Args:
        group: What it belongs to.
        command: What runs; its docstring is its help.
        summary: For the list of commands: one line of a terminal with 80 columns.
        examples: Shown below its help; the mark before them tells the option parser to keep the lines apart.
        name: What it is called; that of the function by default.
    """
    epilog = "\n".join(("\b", "Examples:", *examples))
    group.command(name or None, cls=Command, short_help=summary, epilog=epilog)(command)


_add(app, scan.scan, "Audit files or a live subscription.", scan.EXAMPLES)
_add(app, collect.collect, "Read Azure once into a file that scan audits anywhere.", collect.EXAMPLES)
_add(app, doctor.doctor, "Try each read: what would be unknown, before you run.", doctor.EXAMPLES)
_add(app, report.report, "Render a stored result again, in any format.", report.EXAMPLES)
_add(app, diff.diff, "Compare two stored results: what is new, what is gone.", diff.EXAMPLES)
_add(app, explain.explain, "Explain a control or a check, and how to fix it.", explain.EXAMPLES)
_add(app, controls.controls, "List every control, feature and check of the catalogue.", controls.EXAMPLES)
_add(policy.app, policy.effective, "Print the policy in force for an API or operation.", policy.EXAMPLES)
app.add_typer(policy.app, name="policy", short_help="Look at policies: what applies to a request.")
_add(
    people.waivers,
    people.check_waivers,
    "Say which waivers are malformed, expired or about to end.",
    people.CHECK_EXAMPLES,
    "check",
)
_add(
    people.waivers,
    people.draft_waivers,
    "Print waivers to fill in for findings of a result.",
    people.DRAFT_EXAMPLES[:1],
    "draft",
)
app.add_typer(people.waivers, name="waivers")
_add(
    people.attestations,
    people.check_attestations,
    "Say which attestations are malformed, expired or about to end.",
    people.ATTESTATION_CHECK_EXAMPLES,
    "check",
)
_add(
    people.attestations,
    people.draft_attestations,
    "Print attestations to fill in for manual findings.",
    people.DRAFT_EXAMPLES[1:],
    "draft",
)
app.add_typer(people.attestations, name="attestations")
_add(config.app, config.check, "Check a configuration file; print what is in effect.", config.EXAMPLES)
app.add_typer(config.app, name="config")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{DISTRIBUTION} {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options before the command."""


_NAMES = re.compile(r"(?:all|input|[a-z]{2}-\d+|apim\.\S+)(?:,\S*)?", re.IGNORECASE)
"""What ``--allow-unknown`` takes."""


def _equals_sign(given: Sequence[str]) -> None:
    """Refuse a value of ``--allow-unknown`` behind a blank.

    The value is optional, which the option parser cannot say: bare, it allows every unknown, and the next
    word is a file to audit.

    Raises:
        UsageError: The next word is what the option takes, and no file.
    """
    for option, value in pairwise(given):
        if option == "--allow-unknown" and _NAMES.fullmatch(value) and not os.path.exists(value):  # noqa: PTH110
            raise UsageError(
                f"--allow-unknown {value}: write it with an equals sign: --allow-unknown={value}"
            )


_INTERRUPTED = 130
"""What a shell calls a program that an interrupt ended."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: Without the program's name; those of the process by default.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    output = tolerant_output()
    try:
        _equals_sign(given)
        code = app(
            ["--allow-unknown=all" if argument == "--allow-unknown" else argument for argument in given],
            prog_name="auditor",
            standalone_mode=False,
        )
        if code == _INTERRUPTED:
            print("auditor: interrupted", file=sys.stderr)  # noqa: T201 - nobody else says it
        sys.exit(code)
    except AuditorError as error:
        if debug:
            raise
        print(f"auditor: {error}", file=sys.stderr)  # noqa: T201 - the one place that prints an error
        sys.exit(Exit.NO_INPUT if isinstance(error, UnreadableError) else Exit.USAGE)
    except Exception as error:
        wrong = wrong_call(error)
        if wrong is not None:
            # Without a command, the help says what there is.
            print(f"auditor: {wrong}" if wrong else error, file=sys.stderr)  # noqa: T201 - as above
            sys.exit(Exit.USAGE)
        if debug:
            raise
        message = f"auditor: internal error ({type(error).__name__}); run again with --debug and report it"
        print(message, file=sys.stderr)  # noqa: T201 - the one place that prints an error
        sys.exit(Exit.BROKEN)
    finally:
        sys.stdout.flush()
        if output is not None and output.lost is not None:
            message = f"auditor: standard output cannot be written: {output.lost.strerror or 'I/O error'}"
            print(message, file=sys.stderr)  # noqa: T201 - nobody else can be told
            sys.exit(Exit.USAGE)
