"""The command line. Each command has a file of its own; what is slow to import is imported when it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from auditor import DISTRIBUTION, __version__
from auditor.cli import collect, config, controls, diff, doctor, explain, people, policy, report, scan
from auditor.cli.streams import tolerant_output
from auditor.errors import AuditorError, Exit, UnreadableError

app = typer.Typer(
    name="auditor",
    help="Audit Azure API Management against Microsoft's security baseline and the mTLS guidance.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=True,
    epilog="Exit codes: 0 passed, 1 failed, 2 wrong usage, 3 undecided, 4 nothing to audit, 5 internal.",
)


def _examples(lines: tuple[str, ...]) -> str:
    """Lines that the help keeps apart: the mark at the start says so to the option parser."""
    return "\n".join(("\b", "Examples:", *lines))


app.command(epilog=_examples(scan.EXAMPLES))(scan.scan)
app.command(epilog=_examples(collect.EXAMPLES))(collect.collect)
app.command(epilog=_examples(doctor.EXAMPLES))(doctor.doctor)
app.command(epilog=_examples(report.EXAMPLES))(report.report)
app.command(epilog=_examples(diff.EXAMPLES))(diff.diff)
app.command(epilog=_examples(explain.EXAMPLES))(explain.explain)
app.command(epilog=_examples(controls.EXAMPLES))(controls.controls)
policy.app.command(epilog=_examples(policy.EXAMPLES))(policy.effective)
app.add_typer(policy.app, name="policy")
people.waivers.command("check", epilog=_examples(people.CHECK_EXAMPLES))(people.check_waivers)
people.waivers.command("draft", epilog=_examples(people.DRAFT_EXAMPLES[:1]))(people.draft_waivers)
app.add_typer(people.waivers, name="waivers")
people.attestations.command("check", epilog=_examples(people.ATTESTATION_CHECK_EXAMPLES))(
    people.check_attestations
)
people.attestations.command("draft", epilog=_examples(people.DRAFT_EXAMPLES[1:]))(people.draft_attestations)
app.add_typer(people.attestations, name="attestations")
config.app.command("check", epilog=_examples(config.EXAMPLES))(config.check)
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: Without the program's name; those of the process by default.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    # The option's value is optional, which the option parser cannot say: bare, it allows every unknown.
    given = ["--allow-unknown=all" if argument == "--allow-unknown" else argument for argument in given]
    output = tolerant_output()
    try:
        app(given, prog_name="auditor")
    except AuditorError as error:
        if debug:
            raise
        print(f"auditor: {error}", file=sys.stderr)  # noqa: T201 - the one place that prints an error
        sys.exit(Exit.NO_INPUT if isinstance(error, UnreadableError) else Exit.USAGE)
    except Exception as error:
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
