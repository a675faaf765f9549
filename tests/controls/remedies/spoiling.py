"""Spoiling what a snippet sets, one member at a time: a proof that survives all of it proves nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.controls.remedies.snippets import Change


def spoiled(changes: list[Change]) -> Iterator[list[Change]]:
    """The changes with the name of one member written wrongly, for each member of each in turn, then of all.

    All of them matter where one of two would be enough, as ``secret`` beside ``keyVault`` of a named value.
    Of a resource without members, whose being there is the fix, it is the type.
    """
    for index, change in enumerate(changes):
        if not change.body:
            other = replace(change, type=f"{change.type}Mistyped")
            yield [*changes[:index], other, *changes[index + 1 :]]
        for pointer in _members(change.body):
            wrong = replace(change, body=_mistyped(change.body, [pointer]))
            yield [*changes[:index], wrong, *changes[index + 1 :]]
    yield [replace(change, body=_mistyped(change.body, list(_members(change.body)))) for change in changes]


def _mistyped(body: dict[str, Any], pointers: list[tuple[Any, ...]]) -> dict[str, Any]:
    body = copy.deepcopy(body)
    for pointer in pointers:
        at: Any = body
        for token in pointer[:-1]:
            at = at[token]
        at[f"{pointer[-1]}Mistyped"] = at.pop(pointer[-1])
    return body


def _members(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the members are that hold no further ones."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for token, value in inside:
        below = list(_members(value, (*above, token)))
        if below:
            yield from below
        elif isinstance(node, dict):
            yield (*above, token)
