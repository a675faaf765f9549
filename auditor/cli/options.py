"""The options of ``scan``, declared once: what they are called, what they take, what their help says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", help="Files or folders to audit; - reads standard input."),
]
SaveSnapshot = Annotated[
    Path | None,
    typer.Option("--save-snapshot", metavar="PATH", help="Keep what was read from Azure in this file."),
]
Report = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=PATH",
        help="Write a report: html, md, json, sarif, junit, csv or oscal. Repeatable.",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameters", metavar="FILE", help="Deployment parameters for the templates. Repeatable."),
]
Controls = Annotated[
    str | None,
    typer.Option("--controls", metavar="ID,...", help="Judge these controls only: NS-2,IM-8."),
]
FailOn = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="SEVERITY", help="low (the default), medium, high, critical or none."),
]
AllowUnknown = Annotated[
    str | None,
    typer.Option(
        "--allow-unknown",
        metavar="[=input|CONTROL|CHECK,...]",
        help="Accept undecided findings: all, what this kind of input can never show, or the named ones.",
    ),
]
Waivers = Annotated[
    list[str] | None,
    typer.Option("--waivers", metavar="FILE", help="Findings that are accepted for a time. Repeatable."),
]
Attestations = Annotated[
    list[str] | None,
    typer.Option("--attestations", metavar="FILE", help="Answers to manual checks. Repeatable."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration, instead of auditor.toml or auditor.yaml."),
]
NoConfig = Annotated[bool, typer.Option("--no-config", help="Use no configuration file.")]
AllowEmpty = Annotated[
    bool, typer.Option("--allow-empty", help="An input without any API Management service is fine.")
]
Complete = Annotated[
    bool,
    typer.Option("--complete", help="The files hold everything there is: what is not in them is not there."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Judge dates as of this day or moment (ISO 8601)."),
]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="RESULTS", help="Fail on what this earlier results.json did not have."),
]
Evidence = Annotated[
    str,
    typer.Option("--evidence", metavar="first|all", help="Evidence of the first or of all passing subjects."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the decision only.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")]
Debug = Annotated[bool, typer.Option("--debug", help="Tracebacks for errors.")]
