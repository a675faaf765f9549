"""Moments as the command line takes them."""

from __future__ import annotations

from datetime import UTC, datetime, time

from auditor.errors import UsageError


def moment(text: str) -> datetime:
    """The moment that ``--as-of`` names: a day is its first moment, in UTC.

    Raises:
        UsageError: It names none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text}: not a date like 2026-11-21 or 2026-11-21T12:00:00+00:00") from None
    if len(text) == len("2026-11-21"):
        found = datetime.combine(found.date(), time(), UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
