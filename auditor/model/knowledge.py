"""What the model has to be told about the service it describes, as an interface."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from auditor.model.evidence import Default, Gap
from auditor.model.inventory import Inventory, Withheld

if TYPE_CHECKING:
    from auditor.model.subject import Subject


class Knowledge(Protocol):
    """Facts about a kind of service that reading its JSON needs."""

    def default(self, subject: Subject, pointer: str) -> Default | None:
        """The documented default of a member that is absent.

        Args:
            subject: The resource; reading from it to decide logs evidence.
            pointer: From the root of the resource.

        Raises:
            Undetermined: A default exists, but whether it applies to this input cannot be told.
        """

    def missing(self, subject: Subject, pointer: str) -> Gap:
        """Why a member without a default is not there, and how to get it."""

    def uncollected(self, subject: Subject, collection: str) -> Gap:
        """Why a collection below or on a resource was not listed, and how to get it."""

    def withheld(self, service: Subject) -> list[Withheld]:
        """The collections of a service that the input does not show, or not to their end."""


class Audit:
    """What every subject of one audit shares: the inventory, the knowledge, the clock, computed models."""

    def __init__(
        self,
        inventory: Inventory,
        knowledge: Knowledge,
        now: datetime,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.inventory = inventory
        self.knowledge = knowledge
        self.now = now
        self.settings = dict(settings or {})
        self.memo: dict[tuple[Hashable, ...], Any] = {}
        """Derived facts of the service at hand, by (fact, key of the resource, base pointer, what else)."""
        self.kept: dict[str, Any] = {}
        """What serves every service of the run, by the name of what keeps it, which sets its bounds."""
