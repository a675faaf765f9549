"""How a run ends: exit codes, and errors a user can act on, each one sentence: what, where, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. Precedence when several apply: 2, 5, 4, 1, 3, 0. An interrupted run ends with 130."""

    OK = 0
    """Everything that was to be judged was judged, and nothing at or above ``--fail-on`` failed."""
    FAILED = 1
    """Findings at or above ``--fail-on`` failed."""
    USAGE = 2
    """Wrong usage, an option without effect, an output that cannot be written, or a parameters, waiver,
    attestation or configuration file that is missing or malformed."""
    INCOMPLETE = 3
    """Nothing failed, but something that counts is unknown or in error, a file among others could not be
    read, or nothing at all was passed or failed."""
    NO_INPUT = 4
    """No input could be read, a stored result could not, sign-in failed, or there is no API Management
    service (see ``--allow-empty``)."""
    BROKEN = 5
    """The tool itself broke."""


class AuditorError(Exception):
    """The base of every error the command line prints without a traceback."""


class UsageError(AuditorError):
    """Wrong usage: an option that cannot take effect, an unknown name."""


class UnreadableError(AuditorError):
    """An input that is not what it should be.

    ``line`` and ``column`` count from 1; 0 where there is no place.
    """

    def __init__(self, path: str, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.path}{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a file that a person wrote, and where; line and column as in ``UnreadableError``."""

    path: str
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        place = f":{self.line}{column}" if self.line else ""
        return f"{self.path}{place}: {self.message}"


class FileError(UsageError):
    """A waiver, attestation or configuration file that is not what it should be."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        more = len(mistakes) - 1
        tail = f" (and {more} more mistake{'s' if more > 1 else ''})" if more else ""
        super().__init__(f"{mistakes[0]}{tail}")
        self.mistakes = tuple(mistakes)
