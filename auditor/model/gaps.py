"""The gaps that a read leaves, in words."""

from __future__ import annotations

from typing import Any

from auditor.model.evidence import Gap, Reason
from auditor.model.inventory import Resource
from auditor.model.values import Partial, Redacted, Unresolved


def odd(resource: Resource, at: str, value: Any, expected: str) -> Gap:
    """That a value is none this version knows."""
    shown = str(value) if isinstance(value, (str, int, float, bool, Redacted)) else type(value).__name__
    needed = (
        f"{_describe(resource, at)} as {expected}; it is {shown[:80]!r}, which this version does not know"
    )
    return Gap(Reason.UNKNOWN_VALUE, needed, "check the spelling, or update the tool")


def opaque(resource: Resource, at: str, value: Any) -> Gap:
    """Why nothing can be read at or below a value that is neither an object nor an array."""
    if isinstance(value, Partial):
        return unresolved(resource, at, value.unresolved)
    if isinstance(value, Unresolved):
        return unresolved(resource, at, value)
    return odd(resource, at, value, "an object")


def unresolved(resource: Resource, at: str, value: Any) -> Gap:
    """That a value is an expression which was not resolved, or stands where one may be."""
    needed = _describe(resource, at)
    if isinstance(value, Unresolved):
        reason = f": {value.reason}" if value.reason else ""
        needed = f"{needed}, which is {value}{reason}"
    return Gap(
        Reason.UNRESOLVED, needed, "give the value with --parameters FILE, or audit the deployed service"
    )


def _describe(resource: Resource, at: str) -> str:
    """A member in words: ``properties/sku/name of contoso``."""
    return f"{at.lstrip('/') or 'the resource'} of {resource.name}"
