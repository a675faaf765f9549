"""Lists as Resource Manager gives them: pages, their links, and the few filters a scan may use."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tests.arm_server import answers
from tests.arm_server.answers import Answer
from tests.arm_server.ids import JsonObject, Place
from tests.arm_server.known import APIM


@dataclass
class Paging:
    """How lists are cut."""

    size: int = 100
    """Items on a page."""
    counts: bool = True
    """API Management's lists carry ``count``: the items of the whole list."""
    empty_next_link: bool = False
    """The last page says ``nextLink: ""`` instead of nothing, as some providers do."""


class FilterError(Exception):
    """A $filter that is not understood."""


_CLAUSE = re.compile(r"([\w/]+) (eq|ne|ge|le|gt|lt) ('(?:[^']|'')*'|\w+)")

_CALL = re.compile(r"(contains|substringof|startswith)\(('[^']*'|[\w/]+), ?('[^']*'|[\w/]+)\)", re.IGNORECASE)


def filtered(items: Sequence[JsonObject], text: str) -> Sequence[JsonObject]:
    """The items that a $filter leaves: comparisons and the like joined by ``and``.

    Raises:
        FilterError: it says anything else.
    """
    clauses = []
    for clause in re.split(r"\s+and\s+", text.strip()):
        if clause.lower() == "atscope()":
            continue
        call = _CALL.fullmatch(clause)
        if call is not None:
            function, one, other = call.groups()
            path, value = (other, one) if one.startswith("'") else (one, other)
            clauses.append((path.split("/"), function.lower(), value.strip("'").lower()))
            continue
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise FilterError(text)
        path, sign, value = match.groups()
        clauses.append((path.split("/"), sign, value.strip("'").replace("''", "'").lower()))
    return [item for item in items if all(_fits(item, *clause) for clause in clauses)]


def _fits(item: JsonObject, path: list[str], sign: str, value: str) -> bool:
    if path == ["resourceProvider"]:
        path = ["resourceProviderName", "value"]
    properties = item.get("properties")
    found: object = item
    if path[0] not in item and isinstance(properties, dict):
        found = properties
    if path == ["type"] and isinstance(properties, dict) and value.endswith("role"):
        found = properties  # of a role definition: built-in or custom
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    text = str(item.get("type", "") if path == ["resourceType"] else found).lower()
    signs = {
        "eq": text == value,
        "ne": text != value,
        "ge": text >= value,
        "le": text <= value,
        "gt": text > value,
        "lt": text < value,
        "startswith": text.startswith(value),
    }
    return signs.get(sign, value in text)


def page(
    base: str, place: Place, query: Mapping[str, str], items: Sequence[JsonObject], paging: Paging
) -> Answer:
    """One page of a list; items are taken (and computed) for this page only."""
    if "$filter" in query:
        try:
            items = filtered(items, query["$filter"])
        except FilterError:
            return answers.bad_filter(query["$filter"])
    top = int(query.get("$top", "0")) or paging.size
    size = min(top, paging.size)
    token = query.get("$skiptoken")
    start = int(base64.urlsafe_b64decode(token)) if token else int(query.get("$skip", "0"))
    content: JsonObject = {"value": [items[n] for n in range(start, min(start + size, len(items)))]}
    if paging.counts and place.namespace.lower() == APIM and len(place.own) > 1:
        content["count"] = len(items)
    if start + size < len(items):
        content["nextLink"] = _link(base, place, query, start + size)
    elif paging.empty_next_link:
        content["nextLink"] = ""
    return answers.ok(content)


def _link(base: str, place: Place, query: Mapping[str, str], start: int) -> str:
    token = base64.urlsafe_b64encode(str(start).encode()).decode()
    kept = {name: value for name, value in query.items() if name not in ("$skiptoken", "$skip")}
    text = "&".join(f"{name}={quote(value)}" for name, value in {**kept, "$skiptoken": token}.items())
    return f"{base}{quote(place.path, safe='/;=')}?{text}"
