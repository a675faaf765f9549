"""What was read, what was needed and is not there, and the exception that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from auditor.model.values import Json

if TYPE_CHECKING:
    from auditor.model.inventory import Origin, Resource


class Reason(StrEnum):
    """Why a fact is not known. A closed list: reports and gates rely on it."""

    ABSENT = "absent"
    """The input does not hold it, though input of this kind can."""
    UNRESOLVED = "unresolved"
    """It is an expression, and what the expression needs is not in the input."""
    NOT_DECLARED = "not-declared"
    """A template or plan does not mention the collection; the deployed service may still have one."""
    INPUT = "input"
    """Input of this kind can never show it."""
    FORBIDDEN = "forbidden"
    """The reader was not allowed to read it."""
    FAILED = "failed"
    """Reading it failed, or its text could not be understood."""
    THROTTLED = "throttled"
    """Azure refused further requests for now."""
    TRUNCATED = "truncated"
    """The list goes on: a ``nextLink`` is left, or there are fewer items than its ``count``."""
    UNKNOWN_VALUE = "unknown-value"
    """A value was read that this version does not know."""
    API_VERSION = "api-version"
    """The default of the absent member holds only from an api-version that the input may not have."""
    EXTERNAL = "external"
    """It lies outside Azure's configuration: a URL to be fetched, another party's system."""
    UNREAD_POLICY = "unread-policy"
    """It is decided by a policy document that was not read."""


REASON_WORDS: Final[Mapping[str, str]] = {
    Reason.ABSENT: "not in this input",
    Reason.UNRESOLVED: "an expression that this input cannot resolve",
    Reason.NOT_DECLARED: "the template deploys none; others may",
    Reason.INPUT: "this kind of input can never show it",
    Reason.FORBIDDEN: "the reader was not allowed to read it",
    Reason.FAILED: "reading it failed",
    Reason.THROTTLED: "Azure refused further requests",
    Reason.TRUNCATED: "the list was not complete",
    Reason.UNKNOWN_VALUE: "a value this version does not know",
    Reason.API_VERSION: "read with an api-version that may leave it out",
    Reason.EXTERNAL: "it lies outside Azure's configuration",
    Reason.UNREAD_POLICY: "a policy that was not read decides it",
}
"""Why a fact is not known, in words for readers; by the reason or its text."""


@dataclass(frozen=True, slots=True)
class Default:
    """A documented default of the service, for a member that is absent."""

    value: Json
    """The value that holds when the member is absent; ``None`` says that absent means none."""
    source: str
    """Title of the documentation or id of the policy that states it."""
    reviewed: str
    """Day the source was last read, ISO 8601."""
    since: str = ""
    """First api-version it holds for; empty where the member is as old as its type."""


class Evidence:
    """A value that was read, and where: a resource, a JSON pointer into it, a default that was applied."""

    __slots__ = ("default", "origin", "pointer", "resource", "value")

    def __init__(
        self,
        resource: Resource,
        pointer: str,
        value: Json,
        default: Default | None = None,
        origin: Origin | None = None,
    ) -> None:
        self.resource = resource
        self.pointer = pointer
        self.value = value
        self.default = default
        self.origin = origin
        """Overrides the resource's own place: a listing, the catalogue."""

    def __repr__(self) -> str:
        return f"Evidence({self.resource.name!r}, {self.pointer!r}, {self.value!r})"

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two reads the same evidence."""
        return self.resource.key, self.pointer


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that was needed and is not there."""

    reason: Reason
    needed: str
    """The fact, in words: ``sku/name of service contoso``."""
    remedy: str = ""
    """How to get it: the command that exports it, the missing permission."""


class Undetermined(Exception):  # noqa: N818 - the word of the design; it is an outcome, not an error
    """Raised by a read that cannot be answered. Only the engine and the folds of ``logic`` catch it."""

    def __init__(self, *gaps: Gap) -> None:
        super().__init__(*gaps)
        self.gaps: tuple[Gap, ...] = gaps

    def __str__(self) -> str:
        return "; ".join(f"{gap.needed} ({REASON_WORDS[gap.reason]})" for gap in self.gaps)


class Log:
    """The evidence of one judgement, in the order it was read, each value once."""

    __slots__ = ("_seen", "entries")

    def __init__(self) -> None:
        self.entries: list[Evidence] = []
        self._seen: set[tuple[str, str]] | None = set()

    def add(self, evidence: Evidence) -> None:
        """Record one read; a value that was read before is not repeated."""
        if self._seen is None:
            self._seen = {entry.identity for entry in self.entries}
        identity = (evidence.resource.key, evidence.pointer)
        if identity not in self._seen:
            self._seen.add(identity)
            self.entries.append(evidence)

    def rest(self) -> None:
        """Give back what only adding needs: an estate keeps the logs of all its policies."""
        self._seen = None

    def extend(self, entries: list[Evidence] | tuple[Evidence, ...]) -> None:
        """Record the reads of another judgement on this one."""
        if not entries:
            return
        if self._seen is None:
            self._seen = {entry.identity for entry in self.entries}
        seen, append = self._seen, self.entries.append
        for entry in entries:
            identity = (entry.resource.key, entry.pointer)
            if identity not in seen:
                seen.add(identity)
                append(entry)
