"""``auditor doctor``: what a live run would be allowed to read, before it is run."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from auditor.cli import live
from auditor.errors import Exit

EXAMPLES = (
    "  auditor doctor --subscription ID",
    "  auditor doctor --subscription ID --service contoso-apim --role > role.json",
)
"""Shown below the command's help."""


def doctor(
    subscription: live.Subscriptions = None,
    management_group: live.ManagementGroup = "",
    resource_group: live.ResourceGroup = "",
    service: live.Service = "",
    auth: live.Auth = "default",
    tenant: live.Tenant = "",
    cloud: live.CloudName = "public",
    role: Annotated[
        bool, typer.Option("--role", help="Print a custom role that allows these reads and nothing else.")
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Try each read on one service: what is allowed, and which checks would be unknown without the rest.

    Ends with 3 where something may not be read.
    """
    from auditor.azure.diagnosis import diagnose, role_of
    from auditor.azure.session import find

    given = live.Live(
        tuple(subscription or ()), management_group, resource_group, service, auth, tenant, cloud
    )
    session = given.open()
    found = find(session)
    if role:
        typer.echo(role_of(found.subscriptions or given.subscriptions))
        raise typer.Exit(Exit.OK)
    if not found.services:
        live.say("auditor: the scope holds no API Management service to try the reads on")
        raise typer.Exit(Exit.NO_INPUT)
    with TemporaryDirectory(prefix="auditor-") as folder:
        diagnosis = diagnose(session, found.services[0], Path(folder) / "one.json.gz")
    from reports.diagnosis import show

    show(diagnosis, no_color=no_color)
    raise typer.Exit(Exit.OK if diagnosis["complete"] else Exit.INCOMPLETE)
