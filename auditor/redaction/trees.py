"""JSON trees of which parts are replaced and the rest is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import is_
from typing import Final

from auditor.model.values import Json, PartialList, PartialObject, Unresolved
from auditor.redaction.scan import replaced

INCOMPLETE: Final = (PartialObject, PartialList)


def renamed(node: dict[str, Json], found: set[str]) -> dict[str, Json]:
    """An object whose names hold credentials, without them; names that become equal are numbered."""
    members: dict[str, Json] = {}
    for key, value in node.items():
        new = replaced(key) if key in found else key
        base, number = new, 1
        while new in members:
            number += 1
            new = f"{base} {number}"
        members[new] = value
    return PartialObject(members, node.why) if isinstance(node, PartialObject) else members


def with_changes(node: dict[str, Json], changes: dict[str, Json]) -> dict[str, Json]:
    """The object with some members replaced: itself if nothing differs."""
    if not changes or all(node[key] is value for key, value in changes.items()):
        return node
    members = {**node, **changes}
    return PartialObject(members, node.why) if isinstance(node, PartialObject) else members


def explained(node: Json, scrub: Callable[[Unresolved], Unresolved]) -> Json:
    """An incomplete container with the expression that says why scrubbed; anything else as it is."""
    if isinstance(node, INCOMPLETE):
        why = scrub(node.why)
        if why is not node.why:
            return PartialObject(node, why) if isinstance(node, PartialObject) else PartialList(node, why)
    return node


def mapped(node: Json, function: Callable[[Json], Json]) -> Json:
    """The array, or the object, with every item replaced: itself if nothing differs."""
    if isinstance(node, dict):
        return with_changes(node, {key: function(value) for key, value in node.items()})
    return listed(node, [function(item) for item in node])


def listed(node: list[Json], items: list[Json]) -> list[Json]:
    """The array with new items: itself if nothing differs."""
    if all(map(is_, items, node)):
        return node
    return PartialList(items, node.why) if isinstance(node, PartialList) else items


def objects(items: Iterable[Json]) -> bool:
    """Whether any of the items is an object."""
    return any(isinstance(item, dict) for item in items)
