"""What a Terraform snippet sets in Azure, by a table of arguments made from the provider's source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import hcl2

from auditor.model.values import Json
from tests.controls.remedies.snippets import Change, Draft, SnippetError

AZAPI = {"azapi_update_resource", "azapi_resource"}
"""Resources whose ``body`` is wire JSON, so that they need no row for it."""
_AZAPI_ARGUMENTS = {"type", "name", "parent_id", "resource_id", "update_headers", "body"}
_REFERENCE = re.compile(r"\$\{([^}]+)\}")

Places = Mapping[str, Mapping[str, str | list[str]]]
"""Resource type -> argument path -> where it goes in Azure; empty where it only addresses."""


def resources(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The resources of a snippet as (type, arguments).

    Raises:
        SnippetError: it is not HCL, or has blocks other than resources.
    """
    try:
        read = hcl2.loads(text)
    except Exception as error:
        raise SnippetError(f"not HCL: {error}") from error
    others = [key for key in read if key != "resource" and not key.startswith("__")]
    if others:
        raise SnippetError(f"{others}: a snippet shows resources only")
    return [
        (_unquoted(kind), body)
        for block in read.get("resource", [])
        for kind, named in block.items()
        if not kind.startswith("__")
        for body in named.values()
        if isinstance(body, dict)
    ]


def arguments(body: Mapping[str, Any], at: str = "", number: int = 0) -> Iterator[tuple[str, Any, int]]:
    """Every block and argument as (path, value, number of its block); the value of a block is None."""
    for key, value in body.items():
        if key.startswith("__"):
            continue
        path = f"{at}.{key}" if at else key
        if isinstance(value, list) and value and isinstance(value[0], dict) and "__is_block__" in value[0]:
            for index, block in enumerate(value):
                yield path, None, index
                yield from arguments(block, path, index)
        else:
            yield path, value, number


def changes_of(text: str, places: Places, names: Mapping[str, Json]) -> list[Change]:
    """What the snippet sets.

    Raises:
        SnippetError: it has a resource or an argument that the table lacks, or refers to something that
            ``names`` does not hold.
    """
    found = []
    for kind, body in resources(text):
        if kind in AZAPI:
            found.append(_by_azapi(body, names))
            continue
        if kind not in places:
            raise SnippetError(f"{kind}: the table has no such resource")
        draft = Draft()
        for path, value, number in arguments(body):
            if path not in places[kind]:
                raise SnippetError(f"{kind}.{path}: the table has no such argument")
            where = places[kind][path]
            for place in [where] if isinstance(where, str) else where:
                if place:
                    draft.put(place, None if value is None else _plain(value, names), number)
        found += draft.changes()
    return found


def _by_azapi(body: Mapping[str, Any], names: Mapping[str, Json]) -> Change:
    unknown = {key for key in body if not key.startswith("__")} - _AZAPI_ARGUMENTS
    if unknown:
        raise SnippetError(f"azapi: no such argument: {sorted(unknown)}")
    kind, version = str(_plain(body["type"], names)).split("@")
    sets = _plain(body.get("body", {}), names)
    assert isinstance(sets, dict)
    name = _plain(body["name"], names) if "name" in body else None
    return Change(kind, None if name is None else str(name), sets, version)


def _plain(value: Any, names: Mapping[str, Json]) -> Json:
    if isinstance(value, dict):
        return {_unquoted(k): _plain(v, names) for k, v in value.items() if not k.startswith("__")}
    if isinstance(value, list):
        return [_plain(item, names) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith('"'):
        return _REFERENCE.sub(lambda match: str(_named(match[1], names)), _unquoted(value))
    if match := _REFERENCE.fullmatch(value):
        return _named(match[1], names)
    return _named(value, names)


def _named(reference: str, names: Mapping[str, Json]) -> Json:
    if reference not in names:
        raise SnippetError(f"{reference}: names say nothing of it")
    return names[reference]


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    text = text[1:-1]
    if text.startswith("<<"):
        return text.partition("\n")[2].rpartition("\n")[0]
    return text
