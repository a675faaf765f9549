"""Comparison and logic over known and unknown values, in three-valued logic.

Source: "ARM template functions – logical" and "– comparison".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auditor.arm.canonical import derived, unknown_of
from auditor.arm.scope import Choice, Context, Eager, Evaluator, Lazy, Undecided, known
from auditor.arm.syntax import Call
from auditor.model.values import Json, Partial, PartialList, PartialObject, Unresolved


def same(left: Json, right: Json) -> bool | None:
    """Whether two values are equal; None when that cannot be told. Texts are compared with their case."""
    if isinstance(left, Unresolved | Partial) or isinstance(right, Unresolved | Partial):
        return _same_text(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return _same_object(left, right)
    if isinstance(left, list) and isinstance(right, list):
        if isinstance(left, PartialList) or isinstance(right, PartialList):
            return None
        if len(left) != len(right):
            return False
        return _all([same(one, other) for one, other in zip(left, right, strict=True)])
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) or isinstance(right, float):
        return None if type(left) is not type(right) and left == right else bool(left == right)
    return bool(left == right)


def _same_object(left: dict[str, Json], right: dict[str, Json]) -> bool | None:
    common = [same(item, right[key]) for key, item in left.items() if key in right]
    if False in common:
        return False
    if isinstance(left, PartialObject) or isinstance(right, PartialObject):
        return None
    if len(common) != len(left) or len(left) != len(right):
        # Names that differ in case only are one name to some parts of Azure, and two to others.
        return False if {key.casefold() for key in left} != {key.casefold() for key in right} else None
    return _all(common)


def _all(results: list[bool | None]) -> bool | None:
    if False in results:
        return False
    return None if None in results else True


def _same_text(left: Json, right: Json) -> bool | None:
    if left == right:
        return True
    if isinstance(left, Unresolved) or isinstance(right, Unresolved):
        return None
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Partial) and not isinstance(other, str | Partial):
            return False
    starts = [_known_start(side) for side in (left, right)]
    ends = [_known_end(side) for side in (left, right)]
    if not (starts[0].startswith(starts[1]) or starts[1].startswith(starts[0])):
        return False
    if not (ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])):
        return False
    return None


def _known_start(value: Json) -> str:
    first = value.pieces[0] if isinstance(value, Partial) else value
    return first if isinstance(first, str) else ""


def _known_end(value: Json) -> str:
    last = value.pieces[-1] if isinstance(value, Partial) else value
    return last if isinstance(last, str) else ""


def truth(value: Json) -> bool | None:
    """A value as a condition: a boolean, or its text; None when it is not known or is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    return None


def either(condition: str, reason: str, yes: Json, no: Json, show: Callable[[Json], str]) -> Json:
    """What is known of a value that is one of two: what both have in common."""
    if same(yes, no):
        return yes
    whole = derived(f"if({condition}, {show(yes)}, {show(no)})", reason)
    if isinstance(yes, dict) and isinstance(no, dict):
        common = {
            key: either(condition, reason, item, no[key], show) for key, item in yes.items() if key in no
        }
        complete = len(common) == len(yes) == len(no) and not any(
            isinstance(side, PartialObject) for side in (yes, no)
        )
        return common if complete else PartialObject(common, whole)
    if isinstance(yes, list) and isinstance(no, list):
        pairs = [either(condition, reason, one, other, show) for one, other in zip(yes, no, strict=False)]
        complete = len(yes) == len(no) and not any(isinstance(side, PartialList) for side in (yes, no))
        return pairs if complete else PartialList(pairs, whole)
    return whole


def _if(evaluator: Evaluator, call: Call, context: Context) -> Json:
    condition, yes, no = call.arguments
    value = evaluator.node(condition, context)
    decided = truth(value)
    if decided is not None:
        return evaluator.node(yes if decided else no, context)
    unknown = unknown_of(value)
    reason = unknown.reason if unknown is not None else "its condition is neither true nor false"
    run = context.scope.run
    show = run.printer.show
    one, other = evaluator.node(yes, context), evaluator.node(no, context)
    result = either(show(value), reason, one, other, show)
    if isinstance(result, PartialObject):
        run.choices[id(result)] = Choice(result, show(value), reason, one, other)
    return result


def _junction(name: str, deciding: bool) -> Lazy:
    def run(evaluator: Evaluator, call: Call, context: Context) -> Json:
        left: list[Json] = []
        for argument in call.arguments:
            value = evaluator.node(argument, context)
            decided = truth(value)
            if decided is deciding:
                return deciding
            if decided is None:
                left.append(value)
        if not left:
            return not deciding
        unknown = next((found for value in left if (found := unknown_of(value))), None)
        reason = unknown.reason if unknown is not None else "an argument is neither true nor false"
        printer = context.scope.run.printer
        text = printer.show(left[0]) if len(left) == 1 else printer.call(name, left)
        return derived(text, reason)

    return run


def _coalesce(evaluator: Evaluator, call: Call, context: Context) -> Json:
    for index, argument in enumerate(call.arguments):
        value = evaluator.node(argument, context)
        if value is None:
            continue
        if not isinstance(value, Unresolved) or index == len(call.arguments) - 1:
            return value
        rest = [value, *(evaluator.node(item, context) for item in call.arguments[index + 1 :])]
        return Unresolved(context.scope.run.printer.call("coalesce", rest), value.reason)
    return None


def _not(arguments: list[Json]) -> Json:
    (value,) = arguments
    decided = truth(value)
    if decided is None:
        raise Undecided
    return not decided


def _xor(arguments: list[Json]) -> Json:
    left, right = (truth(value) for value in arguments)
    if left is None or right is None:
        raise Undecided
    return left != right


def _equals(arguments: list[Json]) -> Json:
    left, right = arguments
    decided = same(left, right)
    if decided is None:
        raise Undecided
    return decided


def _ordered(compare: Callable[[int, int], bool]) -> Eager:
    def run(arguments: list[Json]) -> Json:
        left, right = arguments
        if not all(isinstance(side, int) and not isinstance(side, bool) for side in (left, right)):
            known(left), known(right)
            # How Azure orders texts (culture, case) is not documented.
            raise Undecided("only whole numbers are compared")
        return compare(left, right)

    return run


def _bool(arguments: list[Json]) -> Json:
    (value,) = arguments
    if isinstance(value, int):
        return bool(value)
    decided = truth(value)
    if decided is None:
        known(value)
        raise Undecided("it is neither true nor false")
    return decided


EAGER: Final[dict[str, Eager]] = {
    "not": _not,
    "xor": _xor,
    "equals": _equals,
    "less": _ordered(lambda left, right: left < right),
    "lessOrEquals": _ordered(lambda left, right: left <= right),
    "greater": _ordered(lambda left, right: left > right),
    "greaterOrEquals": _ordered(lambda left, right: left >= right),
    "bool": _bool,
    "true": lambda arguments: True,  # noqa: ARG005
    "false": lambda arguments: False,  # noqa: ARG005
    "null": lambda arguments: None,  # noqa: ARG005
}

LAZY: Final[dict[str, Lazy]] = {
    "if": _if,
    "and": _junction("and", False),
    "or": _junction("or", True),
    "coalesce": _coalesce,
}
