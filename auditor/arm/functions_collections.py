"""Array and object functions over known and unknown values.

Source: "ARM template functions – array" and "– object". Member names match without case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from auditor.arm.access import try_get
from auditor.arm.canonical import derived, unknown_of
from auditor.arm.functions_logic import either, same
from auditor.arm.functions_numbers import whole
from auditor.arm.functions_text import concat_text, index_in_text, skip_text, take_text
from auditor.arm.scope import MAX_WEIGHT, Choice, Eager, Printing, Run, TooMuch, Undecided, known
from auditor.arm.syntax import access
from auditor.model.values import Json, Partial, PartialList, PartialObject, Unresolved, member

_LONGEST_RANGE: Final = 10_000
_MOST_CHOICES: Final = 3
"""Alternatives inside alternatives that a merge looks into."""


def _array(value: Json) -> list[Json]:
    """An array all elements of which are there."""
    if isinstance(value, list):
        known(value)
        return value
    known(value)
    raise Undecided("it needs an array")


def _object(value: Json) -> dict[str, Json]:
    if isinstance(value, dict):
        known(value)
        return value
    known(value)
    raise Undecided("it needs an object")


def _concat(arguments: list[Json]) -> Json:
    if not any(isinstance(value, list) for value in arguments):
        return concat_text(arguments)
    result: list[Json] = []
    why: Unresolved | None = None
    for value in arguments:
        if isinstance(value, list):
            result += value
        elif not isinstance(value, Unresolved):
            raise Undecided("it joins arrays with something else")
        why = why or unknown_of(value)
        if len(result) > MAX_WEIGHT:
            raise TooMuch("the array is too long to evaluate")
    return result if why is None else PartialList(result, why)


def _contains(arguments: list[Json]) -> Json:
    container, sought = arguments
    if isinstance(container, dict):
        if unknown_of(sought) is None and member(container, str(sought)) is not None:
            return True
        known(container), known(sought)
        return False
    if isinstance(container, list):
        results = [same(item, sought) for item in container]
        if True in results:
            return True
        if None in results or isinstance(container, PartialList):
            raise Undecided
        return False
    if isinstance(container, Partial):
        if isinstance(sought, str) and any(
            isinstance(piece, str) and sought in piece for piece in container.pieces
        ):
            return True
        raise Undecided
    text = known(container)
    part = known(sought)
    if not isinstance(text, str):
        raise Undecided("it looks into arrays, objects and texts")
    return str(part) in text


def _length(arguments: list[Json]) -> Json:
    (value,) = arguments
    known(value)
    if not isinstance(value, str | list | dict):
        raise Undecided("only texts, arrays and objects have a length")
    return len(value)


def _empty(arguments: list[Json]) -> Json:
    (value,) = arguments
    if value is None:
        return True
    if isinstance(value, str | list | dict) and len(value) > 0:
        return False
    if isinstance(value, Partial) and any(isinstance(piece, str) for piece in value.pieces):
        return False
    known(value)
    if not isinstance(value, str | list | dict):
        raise Undecided("only texts, arrays and objects can be empty")
    return True


def _first(arguments: list[Json]) -> Json:
    (value,) = arguments
    if isinstance(value, list):
        return (_array(value) or [None])[0]
    return take_text(value, 1)


def _last(arguments: list[Json]) -> Json:
    (value,) = arguments
    if isinstance(value, list):
        return (_array(value) or [None])[-1]
    if isinstance(value, Partial) and isinstance(value.pieces[-1], str):
        return value.pieces[-1][-1:]
    text = known(value)
    if not isinstance(text, str):
        raise Undecided("it needs a text or an array")
    return text[-1:]


def _take(arguments: list[Json]) -> Json:
    value, number = arguments[0], whole(arguments[1])
    return _array(value)[: max(number, 0)] if isinstance(value, list) else take_text(value, number)


def _skip(arguments: list[Json]) -> Json:
    value, number = arguments[0], whole(arguments[1])
    return _array(value)[max(number, 0) :] if isinstance(value, list) else skip_text(value, number)


def _index(last: bool) -> Eager:
    def run(arguments: list[Json]) -> Json:
        container, sought = arguments
        if not isinstance(container, list):
            text = known(container)
            if not isinstance(text, str):
                raise Undecided("it looks into arrays and texts")
            return index_in_text(text, sought, last=last)
        results = [same(item, sought) for item in _array(container)]
        for position in range(len(results)) if not last else reversed(range(len(results))):
            if results[position] is None:
                raise Undecided
            if results[position]:
                return position
        return -1

    return run


def _create_object(arguments: list[Json]) -> Json:
    if len(arguments) % 2:
        raise Undecided("a value is missing")
    result: dict[str, Json] = {}
    why: Unresolved | None = None
    for key, value in zip(arguments[::2], arguments[1::2], strict=True):
        if not isinstance(key, str):
            why = why or unknown_of(key)
            if why is None:
                raise Undecided("a name must be a text")
        result[str(key)] = value
    return result if why is None else PartialObject(result, why)


def _union(arguments: list[Json], text: Callable[[], str], run: Run) -> Json:
    if any(isinstance(value, dict) for value in arguments):
        return _merge_all(arguments, _Merge(text, run, deep=True))
    if not any(isinstance(value, list) for value in arguments):
        raise Undecided
    result: list[Json] = []
    for value in arguments:
        for item in _array(value):
            found = [same(item, other) for other in result]
            if True in found:
                continue
            if None in found:
                raise Undecided
            result.append(item)
    return result


def _shallow_merge(arguments: list[Json], text: Callable[[], str], run: Run) -> Json:
    entries = _array(arguments[0])
    return _merge_all(entries, _Merge(text, run, deep=False)) if entries else {}


def _merge_all(values: list[Json], merge: _Merge) -> Json:
    if any(not isinstance(value, dict | Unresolved) for value in values):
        raise Undecided("it merges objects with something else")
    result: Json = values[0]
    if isinstance(result, Unresolved):
        result = PartialObject({}, result)
    for later in values[1:]:
        result = merge.objects(result, later)
    return result


@dataclass(frozen=True, slots=True)
class _Merge:
    """Lays objects over each other. What a later, unknown one may override is not known any more."""

    text: Callable[[], str]
    run: Run
    deep: bool
    choices: int = 0

    def objects(self, base: dict[str, Json], over: Json) -> dict[str, Json]:
        """``base`` with the members of ``over``."""
        choice = self.run.choices.get(id(over))
        if choice is not None and self.choices < _MOST_CHOICES:
            # One of two objects: what both results have in common is more than what both objects have.
            inner = _Merge(self.text, self.run, self.deep, self.choices + 1)
            if all(isinstance(side, dict | Unresolved) for side in (choice.yes, choice.no)):
                yes, no = inner.objects(base, choice.yes), inner.objects(base, choice.no)
                show = self.run.printer.show
                found = either(choice.condition, choice.reason, yes, no, show)
                if isinstance(found, PartialObject):
                    self.run.choices[id(found)] = Choice(found, choice.condition, choice.reason, yes, no)
                return cast("dict[str, Json]", found)
        unknown = unknown_of(over)
        why = unknown_of(base) or unknown
        result = dict(base)
        spelled = {key.casefold(): key for key in result}
        laid = {key.casefold() for key in over} if isinstance(over, dict) else set()
        if unknown is not None:
            for folded, key in spelled.items():
                if folded not in laid:
                    result[key] = derived(self.text() + access(key), unknown.reason)
        for key, value in over.items() if isinstance(over, dict) else ():
            mine = spelled.setdefault(key.casefold(), key)
            before = base.get(mine)
            if mine not in base and isinstance(base, PartialObject):
                # The unknown part of the base may have this member, with members of its own.
                before = base.why
            result[mine] = self.below(mine).member(before, value) if self.deep else value
        return result if why is None else PartialObject(result, why)

    def below(self, name: str) -> _Merge:
        """The same merge, of the members of a name."""
        return _Merge(lambda: self.text() + access(name), self.run, self.deep, self.choices)

    def member(self, before: Json, value: Json) -> Json:
        """One member of a deep merge: objects are merged, anything else takes the earlier one's place."""
        if isinstance(value, dict) and isinstance(before, dict):
            return self.objects(before, value)
        if isinstance(value, dict) and isinstance(before, Unresolved):
            return self.objects(PartialObject({}, before), value)
        if isinstance(value, Unresolved) and isinstance(before, dict | Unresolved):
            return derived(self.text(), value.reason)
        return value


def _intersection(arguments: list[Json]) -> Json:
    result: Json = arguments[0]
    for other in arguments[1:]:
        if isinstance(result, list):
            others = _array(other)
            found = {index: [same(item, one) for one in others] for index, item in enumerate(_array(result))}
            if any(True not in results and None in results for results in found.values()):
                raise Undecided
            result = [item for index, item in enumerate(result) if True in found[index]]
        else:
            members = _object(other)
            equal = {key: same(item, members[key]) for key, item in _object(result).items() if key in members}
            if None in equal.values():
                raise Undecided
            result = {key: item for key, item in result.items() if equal.get(key)}
    return result


def _range(arguments: list[Json]) -> Json:
    start, count = (whole(value) for value in arguments)
    if not 0 <= count <= _LONGEST_RANGE:
        raise Undecided(f"a range has at most {_LONGEST_RANGE} numbers")
    return list(range(start, start + count))


def _to_array(arguments: list[Json]) -> Json:
    (value,) = arguments
    if isinstance(value, Unresolved):
        raise Undecided
    return value if isinstance(value, list) else [value]


def _sorted_names(value: Json) -> list[str]:
    # The documentation says "alphabetically"; names differ without case, so that is how they are ordered.
    return sorted(_object(value), key=lambda name: (name.casefold(), name))


def _flatten(arguments: list[Json]) -> Json:
    result: list[Json] = []
    for item in _array(arguments[0]):
        result += _array(item)
        if len(result) > MAX_WEIGHT:
            raise TooMuch("the array is too long to evaluate")
    return result


def _from_end(safe: bool) -> Eager:
    def run(arguments: list[Json]) -> Json:
        items, position = _array(arguments[0]), whole(arguments[1])
        if 1 <= position <= len(items):
            return items[-position]
        if safe:
            return None
        raise Undecided("the array is shorter than that")

    return run


def _try_get(arguments: list[Json]) -> Json:
    value, *keys = arguments
    for key in keys:
        found, value = try_get(value, key)
        if not found:
            raise Undecided
    return value


def _zip_keys(make: Callable[[str, Json], Json]) -> Eager:
    def run(arguments: list[Json]) -> Json:
        (value,) = arguments
        names = _sorted_names(value)
        return [make(name, value[name]) for name in names]

    return run


EAGER: Final[dict[str, Eager]] = {
    "concat": _concat,
    "contains": _contains,
    "length": _length,
    "empty": _empty,
    "first": _first,
    "last": _last,
    "take": _take,
    "skip": _skip,
    "indexOf": _index(last=False),
    "lastIndexOf": _index(last=True),
    "createArray": list,
    "createObject": _create_object,
    "array": _to_array,
    "intersection": _intersection,
    "range": _range,
    "items": _zip_keys(lambda name, value: {"key": name, "value": value}),
    "objectKeys": _zip_keys(lambda name, value: name),  # noqa: ARG005
    "flatten": _flatten,
    "indexFromEnd": _from_end(safe=False),
    "tryIndexFromEnd": _from_end(safe=True),
    "tryGet": _try_get,
}

PRINTING: Final[dict[str, Printing]] = {"union": _union, "shallowMerge": _shallow_merge}
