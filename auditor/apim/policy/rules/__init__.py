"""Rules on a single document, one room for each matter; :func:`examine` asks them all."""

from __future__ import annotations

from auditor.apim.policy.issues import Issue
from auditor.apim.policy.rules import browsers, issuers
from auditor.apim.policy.sheets import Sheet

ROOMS = (browsers.issues, issuers.issues)


def examine(sheet: Sheet) -> tuple[Issue, ...]:
    """Everything the rules have to say of a document, what is fine included, in the order of the rooms."""
    return tuple(issue for room in ROOMS for issue in room(sheet))
