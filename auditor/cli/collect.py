"""``auditor collect``: read Azure once, audit anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import live, outputs
from auditor.errors import Exit, UsageError

EXAMPLES = (
    "  auditor collect --subscription ID -o snapshot.json.gz",
    "  auditor collect --subscription ID --service contoso-apim --auth managed-identity -o contoso.json.gz",
    "  auditor collect --subscription ID -o snapshot.json.gz --resume",
    "  auditor scan snapshot.json.gz --report html=report.html",
)
"""Shown below the command's help."""


def collect(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", help="Where to write the snapshot.")
    ],
    subscription: live.Subscriptions = None,
    management_group: live.ManagementGroup = "",
    resource_group: live.ResourceGroup = "",
    service: live.Service = "",
    auth: live.Auth = "default",
    tenant: live.Tenant = "",
    cloud: live.CloudName = "public",
    max_time: live.MaxTime = 0,
    vault_certificates: live.VaultCertificates = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the snapshot of a run that was cut short.")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="A scope without any API Management service is fine.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")] = False,
) -> None:
    """Read services and what stands around them into one compressed file, with reads alone.

    Ends with 3 where the run was cut short: the file can be audited all the same, and continued.
    """
    if str(output) == outputs.STDOUT:
        raise UsageError("--output -: a snapshot grows while it is read: name a file")
    outputs.check_writable(f"--output {output}", str(output))
    given = live.Live(
        tuple(subscription or ()), management_group, resource_group, service, auth, tenant, cloud, max_time,
        vault_certificates,
    )  # fmt: skip
    count, footer = live.read_azure(given, output, resume=resume, quiet=quiet)
    live.say(f"wrote {output}")
    if not count and not allow_empty:
        live.say("auditor: the scope holds no API Management service (accept with --allow-empty)")
        raise typer.Exit(Exit.NO_INPUT)
    raise typer.Exit(Exit.OK if footer.complete else Exit.INCOMPLETE)
