"""Rules on a single document, one room for each matter; :func:`examine` asks them all."""

from __future__ import annotations

from auditor.apim.policy.issues import Issue
from auditor.apim.policy.rules import (
    addresses,
    browsers,
    caches,
    callers,
    comparisons,
    cryptography,
    identities,
    includes,
    issuers,
    leaks,
    namedvalues,
    names,
    secrets,
)
from auditor.apim.policy.sheets import Sheet

ROOMS = (
    addresses.issues,
    browsers.issues,
    caches.issues,
    callers.issues,
    comparisons.issues,
    cryptography.issues,
    identities.issues,
    includes.issues,
    issuers.issues,
    leaks.issues,
    namedvalues.issues,
    names.issues,
    secrets.issues,
)


def examine(sheet: Sheet) -> tuple[Issue, ...]:
    """Everything the rules have to say of a document, what is fine included, in the order of the rooms."""
    return tuple(issue for room in ROOMS for issue in room(sheet))
