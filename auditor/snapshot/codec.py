"""Wire JSON with stand-ins for secrets, as JSON and back.

A stand-in is an object with the member ``$auditor``; an object of the wire that has such a member is wrapped,
so that nothing Azure sends can pass for a stand-in.
"""

from __future__ import annotations

from typing import Any, Final

from auditor.model.values import Json, Redacted, Sealed, Unresolved

MARK: Final = "$auditor"
_FIELDS: Final = ("kind", "length", "empty", "placeholder", "reference", "group", "known_format")


def encoded(value: Json) -> Any:
    """A tree as plain JSON values.

    Args:
        value: Wire JSON out of the redactor.

    Raises:
        TypeError: It holds something else than JSON and stand-ins for secrets.
    """
    match value:
        case Redacted():
            plain = Redacted(value.kind)
            made: dict[str, Any] = {MARK: "sealed" if isinstance(value, Sealed) else "redacted"}
            for name in _FIELDS:
                held = getattr(value, name)
                if name == "kind" or held != getattr(plain, name):
                    made[name] = held
            return {**made, "text": value.text} if isinstance(value, Sealed) else made
        case Unresolved():
            return {MARK: "unresolved", "expression": value.expression, "reason": value.reason}
        case dict():
            inner = {name: encoded(each) for name, each in value.items()}
            return {MARK: "literal", "value": inner} if MARK in inner else inner
        case list():
            return [encoded(each) for each in value]
        case None | bool() | str() | int() | float():
            return value
        case _:
            raise TypeError(f"not JSON: {type(value).__name__}")


def decoded(value: Any) -> Json:
    """The tree that :func:`encoded` was given.

    Raises:
        ValueError: A stand-in is malformed.
    """
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    mark = value.get(MARK)
    if mark is None:
        return {name: decoded(each) for name, each in value.items()}
    try:
        match mark:
            case "literal":
                return {name: decoded(each) for name, each in value["value"].items()}
            case "unresolved":
                return Unresolved(str(value["expression"]), str(value["reason"]))
            case "redacted":
                return Redacted(**{name: value[name] for name in _FIELDS if name in value})
            case "sealed":
                fields = {name: value[name] for name in _FIELDS if name in value}
                return Sealed(**fields, text=str(value["text"]))
            case _:
                raise ValueError(f"a stand-in of a kind that this version does not know: {str(mark)[:40]!r}")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a malformed stand-in for a secret: {error}") from None
