"""What ``collect``, ``scan`` and ``doctor`` share: the options of live mode, and how a run is shown."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.azure.collect import Progress
    from auditor.azure.session import Session
    from auditor.snapshot.records import Footer

Subscriptions = Annotated[
    list[str] | None,
    typer.Option("--subscription", metavar="ID", help="Read this subscription. Repeatable."),
]
ManagementGroup = Annotated[
    str, typer.Option("--management-group", metavar="ID", help="Read every subscription below it.")
]
ResourceGroup = Annotated[
    str, typer.Option("--resource-group", metavar="NAME", help="Only the services in it.")
]
Service = Annotated[str, typer.Option("--service", metavar="NAME", help="Only the service of that name.")]
Auth = Annotated[
    str,
    typer.Option(
        "--auth",
        metavar="WAY",
        help="default, cli, env, managed-identity, workload, github-oidc or device.",
    ),
]
Tenant = Annotated[str, typer.Option("--tenant", metavar="ID", help="Tenant to sign in to.")]
CloudName = Annotated[
    str,
    typer.Option("--cloud", metavar="NAME", help="public, usgov, china, or the URL of a Resource Manager."),
]
MaxTime = Annotated[
    float,
    typer.Option(
        "--max-time",
        metavar="MINUTES",
        help="Stop reading then; what is left is unknown. 0: no limit.",
        min=0,
    ),
]
VaultCertificates = Annotated[
    bool,
    typer.Option(
        "--vault-certificates",
        help="Also ask vaults for the certificates' properties (needs certificates/get; no secret, no key).",
    ),
]

_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


@dataclass(frozen=True, slots=True)
class Live:
    """The options of live mode as given."""

    subscriptions: tuple[str, ...] = ()
    management_group: str = ""
    resource_group: str = ""
    service: str = ""
    auth: str = "default"
    tenant: str = ""
    cloud: str = "public"
    minutes: float = 0.0
    certificates: bool = False

    @property
    def wanted(self) -> bool:
        """Whether Azure is to be read."""
        return bool(self.subscriptions or self.management_group)

    def given(self) -> list[str]:
        """The options that only live mode knows and that were given."""
        plain = Live()
        named = {
            "--resource-group": self.resource_group != plain.resource_group,
            "--service": self.service != plain.service,
            "--auth": self.auth != plain.auth,
            "--tenant": self.tenant != plain.tenant,
            "--cloud": self.cloud != plain.cloud,
            "--max-time": self.minutes != plain.minutes,
            "--vault-certificates": self.certificates,
        }
        return [name for name, was_given in named.items() if was_given]

    def open(self) -> Session:
        """Sign in, and say as whom."""
        from auditor.azure.session import Scope, open_session

        scope = Scope(self.subscriptions, self.management_group, self.resource_group, self.service)
        session = open_session(scope, self.auth, self.tenant, self.cloud)
        say(str(session))
        return session


def read_azure(live: Live, path: Path, *, resume: bool = False, quiet: bool = False) -> tuple[int, Footer]:
    """Collect into a snapshot; how many services there are, and how the run ended."""
    from auditor.azure.session import Run, collect, find

    session = live.open()
    found = find(session)
    if not quiet:
        where = _several(len(found.subscriptions), "subscription")
        say(f"{_several(len(found.services), 'service')} in {where}")
    show = _Shown(quiet)
    try:
        footer = collect(session, found, Run(path, resume, live.minutes * 60, live.certificates, show))
    finally:
        show.end()
    if not quiet:
        speed = footer.calls / footer.seconds if footer.seconds else 0.0
        say(
            f"{footer.calls:,} requests in {footer.seconds:,.1f} s ({speed:.1f}/s), throttled "
            f"{_several(footer.throttled, 'time')}{'' if footer.complete else '; the run was cut short'}"
        )
    return len(found.services), footer


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def say(text: str) -> None:
    """Progress goes to standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - standard output is for the findings


class _Shown:
    """A bar on a terminal; elsewhere a line now and then."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._last = 0.0
        self._now = self._said = ""
        self._bar = None
        if not quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=16),
                MofNCompleteColumn(),
                TextColumn("{task.fields[calls]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("services", total=None, calls="")
            self._bar.start()

    def __call__(self, progress: Progress) -> None:
        """Show how far the run is."""
        words = f"{progress.calls:,} requests"
        if progress.throttled:
            words += f", throttled {progress.throttled:,} times"
        if progress.unread:
            words += f", {progress.unread:,} not whole"
        if self._bar is not None:
            self._bar.update(
                self._task, total=progress.services, completed=progress.done, description=progress.service,
                calls=words,
            )  # fmt: skip
            return
        self._now = f"  {progress.done} of {_several(progress.services, 'service')}; {words}"
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            self._say()

    def end(self) -> None:
        """Leave the terminal as it was; elsewhere, say how far the run came."""
        if self._bar is not None:
            self._bar.stop()
        elif self._now != self._said:
            self._say()

    def _say(self) -> None:
        self._said = self._now
        if not self._quiet:
            say(self._now)
