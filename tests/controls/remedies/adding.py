"""Adding a resource that a fix makes beside, below or inside one that a fixture holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.controls.remedies.snippets import Change

Resources = Callable[[Any], Iterator[dict[str, Any]]]


def added(
    document: Any, change: Change, place: str, resources: Resources, merge: Callable[..., None]
) -> bool:
    """Put a new resource where ``place`` says; false where the fixture has no such place.

    Args:
        document: the fixture, as JSON; it is changed.
        change: the resource.
        place: the type of the resource that it stands below, or beside as an extension, and after a number
            sign the path of the list that holds it there, such as
            ``Microsoft.Network/networkSecurityGroups#properties/securityRules``. An element of that name is
            changed, as a deployment would. Without a path it becomes a resource of its own.
        resources: every resource of a document.
        merge: puts members into an object.
    """
    name = change.name or "added"
    of, _, path = place.partition("#")
    parent = next((r for r in resources(document) if r["type"].casefold() == of.casefold()), None)
    if parent is None:
        return False
    if path:
        _into(parent, path, name, change.body, merge)
        return True
    below = change.type.casefold().startswith(f"{of.casefold()}/")
    if isinstance(document, list):
        tail = change.type.rpartition("/")[2] if below else f"providers/{change.type}"
        document.append(
            {"id": f"{parent['id']}/{tail}/{name}", "type": change.type, "name": name, **change.body}
        )
        return True
    new = {"type": change.type, "apiVersion": change.version or "2024-05-01", **change.body}
    if below:
        new["name"] = f"{parent['name']}/{name}"
    else:
        new |= {"name": name, "scope": f"[resourceId('{of}', '{parent['name']}')]"}
    document["resources"].append(new)
    return True


def _into(
    parent: dict[str, Any], path: str, name: str, body: dict[str, Any], merge: Callable[..., None]
) -> None:
    *above, last = path.split("/")
    at = parent
    for token in above:
        at = at.setdefault(token, {})
    held: list[dict[str, Any]] = at.setdefault(last, [])
    for element in held:
        if str(element.get("name", "")).casefold() == name.casefold():
            merge(element, body)
            return
    held.append({"id": f"{parent.get('id', parent['name'])}/{last}/{name}", "name": name, **body})
