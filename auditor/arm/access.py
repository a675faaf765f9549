"""Taking a member of an object or an element of an array, known or not."""

from __future__ import annotations

from auditor.arm.canonical import Printer, derived, unknown_of
from auditor.arm.syntax import access
from auditor.model.values import Json, PartialList, PartialObject, Unresolved, member


def member_of(printer: Printer, value: Json, key: Json, *, safe: bool) -> Json:
    """``value.key`` or ``value[key]``: names match without case, as in Azure.

    A safe access of what is known not to be there gives null; a plain one fails the deployment, and so has no
    value here.
    """
    if isinstance(value, dict) and isinstance(key, str):
        found = member(value, key)
        if found is not None:
            return found[1]
    # Which place an element of a partly known array takes is not known.
    elif isinstance(value, list) and not isinstance(value, PartialList) and _has_index(value, key):
        return value[key]
    unknown = unknown_of(value) or unknown_of(key)
    if unknown is None and safe:
        return None
    marks = access(key, safe) if isinstance(key, str) else f"[{'?' if safe else ''}{printer.show(key)}]"
    if unknown is None:
        return derived(printer.show(value) + marks, f"there is no {printer.show(key)} in the value")
    return derived(printer.show(value) + marks, unknown.reason)


def try_get(value: Json, key: Json) -> tuple[bool, Json]:
    """Whether the member is known, present or not, and its value: null when it is not there."""
    if isinstance(value, Unresolved) or isinstance(key, Unresolved) or unknown_of(key) is not None:
        return False, None
    if isinstance(value, dict) and isinstance(key, str):
        found = member(value, key)
        if found is not None:
            return True, found[1]
        return not isinstance(value, PartialObject), None
    if isinstance(value, list) and _is_index(key):
        if isinstance(value, PartialList):
            return False, None
        return True, value[key] if _has_index(value, key) else None
    return value is None, None


def _has_index(value: list[Json], key: Json) -> bool:
    return _is_index(key) and 0 <= key < len(value)


def _is_index(key: Json) -> bool:
    return isinstance(key, int) and not isinstance(key, bool)
