"""Whole-number functions.

Source: "ARM template functions – numeric". Division and remainder cut towards zero, as .NET does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auditor.arm.scope import Eager, Undecided, known
from auditor.model.values import Json

_LARGEST: Final = 2**63


def whole(value: Json) -> int:
    """A whole number, known."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    known(value)
    raise Undecided("it needs whole numbers")


def _operation(compute: Callable[[int, int], int]) -> Eager:
    def run(arguments: list[Json]) -> Json:
        left, right = (whole(value) for value in arguments)
        result = compute(left, right)
        if abs(result) >= _LARGEST:
            raise Undecided("the number is too large")
        return result

    return run


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise Undecided("it divides by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _extreme(choose: Callable[[list[int]], int]) -> Eager:
    def run(arguments: list[Json]) -> Json:
        values = known(arguments[0]) if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
        return choose([whole(value) for value in values])

    return run


def _int(arguments: list[Json]) -> Json:
    (value,) = arguments
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or not text.lstrip("+-").isdigit() or len(text) > 19:
            raise Undecided("the text is not a whole number")
        return int(text)
    return int(value) if isinstance(value, float) and value.is_integer() else whole(value)


EAGER: Final[dict[str, Eager]] = {
    "add": _operation(lambda left, right: left + right),
    "sub": _operation(lambda left, right: left - right),
    "mul": _operation(lambda left, right: left * right),
    "div": _operation(_divide),
    "mod": _operation(lambda left, right: left - right * _divide(left, right)),
    "min": _extreme(min),
    "max": _extreme(max),
    "int": _int,
}
