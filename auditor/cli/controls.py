"""``auditor controls``: the catalogue as a table."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = ("  auditor controls",)
"""Shown below the command's help."""


def controls(
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """List every control, feature and check of the catalogue."""
    from auditor.siblings import check_siblings

    check_siblings()
    from controls import catalogue
    from reports.explain import show_catalogue

    show_catalogue(catalogue(), no_color=no_color)
