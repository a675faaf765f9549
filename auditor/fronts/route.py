"""The words of this package: one way through a front, where it leads and what guards it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from auditor.fronts.precedence import NOTHING, Taken
from auditor.model.evidence import Log, Undetermined
from auditor.model.subject import Subject
from auditor.model.text import Text


class FrontKind(StrEnum):
    """The kinds of front that are read."""

    APPLICATION_GATEWAY = "Application Gateway"
    FRONT_DOOR = "Front Door"
    CLASSIC_FRONT_DOOR = "Front Door (classic)"


class ClientAuth(StrEnum):
    """What a listener does with the certificates of its callers."""

    NONE = "asks for none"
    STRICT = "verifies them"
    PASSTHROUGH = "asks for them and verifies nothing"


@dataclass(frozen=True, slots=True)
class Firewall:
    """What a firewall does with the requests of a route."""

    name: str
    """Of the policy; empty where there is none."""
    protects: bool
    """It is enabled, in Prevention, and has managed rules."""
    says: str
    """The same for people: ``policy contoso-waf is in Detection``."""
    notes: tuple[str, ...] = ()
    """What weakens it without turning it off: exclusions, disabled rules."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a route sends requests."""

    address: Text
    """Host name or IP address, as written."""
    host: Text | None = None
    """The ``Host`` header that is sent; None where the caller's own is passed on."""
    resource: Text | None = None
    """Id of the resource that a private link leads to."""


@dataclass(slots=True, eq=False)
class Route:
    """One listener or domain, and one rule that says where some of its requests go.

    What could not be read is an ``Undetermined`` in place of the value.
    """

    front: Subject
    kind: FrontKind
    listener: str
    rule: str
    log: Log
    """What was read of it."""
    hosts: tuple[str, ...] | Undetermined = ()
    """Host names that callers use; empty for any."""
    patterns: tuple[str, ...] | Undetermined = ("/*",)
    before: tuple[str, ...] | Undetermined = ()
    """Patterns of the rules that are tried first and win."""
    taken: Taken = NOTHING
    """Host names that other rules take at the same address and port."""
    public: bool | Undetermined = True
    """Whether it has an address on the internet."""
    targets: tuple[Target, ...] | Undetermined = ()
    """Empty where it forwards nothing: a redirect."""
    elsewhere: Undetermined | None = None
    """Why it may lead to further targets that are not told."""
    networks: tuple[str, ...] | Undetermined = ()
    """Ids of the virtual networks it stands in."""
    firewall: Firewall | Undetermined = Firewall("", protects=False, says="no firewall")
    rewritten: bool | Undetermined = False
    """Whether the backend may see another path than the caller wrote."""
    client: ClientAuth | Undetermined = ClientAuth.NONE
    terminates: bool = True
    """Whether it ends the caller's TLS connection and opens one of its own."""
    headers: Mapping[str, bool] | Undetermined = field(default_factory=dict)
    """Request headers it writes, in lower case; False where only under a condition."""

    @property
    def place(self) -> str:
        """The route in words."""
        return f"{self.kind} {self.front.name}, {self.listener}, {self.rule}"


@dataclass(slots=True, eq=False)
class Front:
    """One front with everything that was read of it."""

    subject: Subject
    kind: FrontKind
    routes: tuple[Route, ...]
    gap: Undetermined | None = None
    """Why it may have further routes."""
    idle: bool | Undetermined = False
    """Whether it is stopped, so that nothing passes it until somebody starts it."""
