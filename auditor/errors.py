"""Errors a user can act on. Each is one sentence: what, where, what to do."""

from __future__ import annotations


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
