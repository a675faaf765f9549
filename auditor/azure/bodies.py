"""What the bodies of answers hold: items, ids, counts; and what of them is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from auditor.apim.collections import ACTIVITY
from auditor.azure.client import Reply
from auditor.redaction import activity

_PAGE: Final = frozenset({"nextlink", "$skiptoken"})


def items_of(reply: Reply) -> list[dict[str, Any]]:
    """The items of a page."""
    value = reply.body.get("value") if isinstance(reply.body, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def rows_of(reply: Reply) -> list[dict[str, Any]]:
    """The rows of a query's answer."""
    data = reply.body.get("data") if isinstance(reply.body, dict) else None
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def ids_below(reply: Reply, path: str) -> list[str]:
    """Ids of the items that belong to a collection."""
    ids = [str(item["id"]).rstrip("/") for item in items_of(reply) if isinstance(item.get("id"), str)]
    return [each for each in ids if each.lower().startswith(f"{path.lower()}/")]


def ids_around(reply: Reply, type_: str) -> list[str]:
    """What names the items of a type that apply to a subscription; they stand at any scope.

    Entries of the activity log have ids of many shapes: each has another name.
    """
    if type_ == ACTIVITY.lower():
        return [str(item["eventDataId"]) for item in items_of(reply) if item.get("eventDataId")]
    ids = [str(item["id"]) for item in items_of(reply) if isinstance(item.get("id"), str)]
    return [each for each in ids if f"/providers/{type_}/" in each.lower()]


def size_of(reply: Reply) -> int:
    """How many items a page holds, of whatever shape."""
    value = reply.body.get("value") if isinstance(reply.body, dict) else None
    return len(value) if isinstance(value, list) else 0


def count_of(reply: Reply) -> int:
    """How many items the list says it has; 0 where it does not say."""
    count = reply.body.get("count") if isinstance(reply.body, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else 0


def full_id(service: str, reference: str) -> str:
    """An id that may be told from the service on only."""
    if reference.lower().startswith("/subscriptions/"):
        return reference.rstrip("/")
    return f"{service}/{reference.strip('/')}"


def without_cursor(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body without the cursor of the next page."""
    return {name: value for name, value in body.items() if name.casefold() not in _PAGE}


def judged_entries(body: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the activity log with the entries that are judged, and of those what is judged."""
    value = body.get("value")
    entries = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return {"value": [entry for item in entries if (entry := activity.kept(item)) is not None]}
