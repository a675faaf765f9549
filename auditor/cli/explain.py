"""``auditor explain``: a control or a check, in words."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.errors import UsageError
from auditor.nearest import did_you_mean

EXAMPLES = (
    "  auditor explain NS-2",
    "  auditor explain apim.dp-3.client-tls",
)
"""Shown below the command's help."""


def explain(
    what: Annotated[
        str, typer.Argument(metavar="ID", help="A control (NS-2) or a check (apim.ns-2.gateway-not-public).")
    ],
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Explain a control or a check: what it asks, why, how to fix it."""
    from auditor.siblings import check_siblings

    check_siblings()
    from controls import catalogue
    from reports.explain import show_check, show_control

    known = catalogue()
    wanted = what.strip()
    if not wanted:
        raise UsageError("explain: name a control (NS-2) or a check (apim.ns-2.gateway-not-public)")
    for check in known.checks:
        if wanted.lower() in (check.id, check.slug, check.id.removeprefix("apim.")):
            show_check(known, check, no_color=no_color)
            return
    for control in known.controls:
        if wanted.upper() == control.id:
            show_control(known, control, no_color=no_color)
            return
    names = [*(control.id for control in known.controls), *(check.id for check in known.checks)]
    hint = did_you_mean(wanted, names, " (see auditor controls)")
    raise UsageError(f"explain {what}: no such control or check{hint}")
