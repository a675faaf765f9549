"""``auditor policy``: what the policies of an input come to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer

from auditor.errors import Exit, UnreadableError, UsageError

app = typer.Typer(
    help="Look at policies: what applies to a request, and where it is written.", no_args_is_help=True
)

EXAMPLES = (
    "  auditor policy effective export.json --api orders",
    "  auditor policy effective apim/ --api orders --operation list --product gold",
    '  auditor policy effective export.json --api orders --operation "GET /list" --format json',
)
"""Shown below the command's help."""


def effective(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files or folders to read; - reads standard input.")
    ],
    api: Annotated[
        str, typer.Option("--api", metavar="NAME", help="Name, display name, path or end of the id.")
    ],
    operation: Annotated[
        str, typer.Option("--operation", metavar="NAME", help='Name, display name or "GET /path".')
    ] = "",
    product: Annotated[
        str, typer.Option("--product", metavar="NAME", help="With this product's policy.")
    ] = "",
    service: Annotated[
        str, typer.Option("--service", metavar="NAME", help="Where the input holds several services.")
    ] = "",
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameters", metavar="FILE", help="Deployment parameters. Repeatable."),
    ] = None,
    complete: Annotated[bool, typer.Option("--complete", help="The files hold everything there is.")] = False,
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print it.")] = "text",
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Print the policy in force for an API or operation, each statement with where it is written.

    Texts that may be secrets are masked. Ends with 3 where something that takes part was not read.
    """
    from auditor.siblings import check_siblings

    check_siblings()
    if form not in ("text", "json"):
        raise UsageError(f"--format {form}: not one of text, json")
    from auditor.apim.effective import Wanted, effective_policy
    from auditor.model.evidence import Log
    from auditor.model.knowledge import Audit
    from auditor.model.subject import Subject
    from auditor.sources import read_paths
    from controls import catalogue

    reading = read_paths(paths, parameters or (), complete)
    if not reading.inventory.services and reading.problems:
        *others, last = reading.problems
        _say(others)
        raise last
    _say(reading.problems)
    templates = ("arm-template", "portal-export")
    if parameters and not any(one.kind.value in templates for one in reading.inventory.inputs):
        raise UsageError("--parameters has no effect: no template was read")
    audit = Audit(reading.inventory, catalogue().knowledge, datetime.now(UTC))
    services = [Subject(audit, resource, Log()) for resource in reading.inventory.services]
    if not services:
        raise UnreadableError(paths[0], "no API Management service or part of one in it")
    policy = effective_policy(services, Wanted(api, operation, product, service))
    if form == "json":
        json.dump(policy, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        from reports.effective import show

        show(policy, no_color=no_color)
    raise typer.Exit(Exit.OK if policy["complete"] and not reading.problems else Exit.INCOMPLETE)


def _say(problems: Iterable[UnreadableError]) -> None:
    for problem in problems:
        print(f"auditor: {problem}", file=sys.stderr)  # noqa: T201 - warnings go to stderr
