"""Built-in roles that assignments name: each is read once, since only its definition says what it allows.

Custom roles are listed by subscription. The built-in ones would be hundreds; those in use are few, and the
same everywhere ("List Azure role definitions": a definition is read at the scope of any subscription).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from auditor.apim.collections import collection
from auditor.apim.roles import ASSIGNMENTS, BROAD, DEFINITIONS, NARROW

ASSIGNED: Final = ASSIGNMENTS.lower()
DEFINED: Final = DEFINITIONS.lower()
VERSION: Final = collection(DEFINITIONS).api_version
KNOWN: Final = BROAD.keys() | NARROW.keys()
"""GUIDs whose definition need not be read."""
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def path_of(subscription: str, guid: str) -> str:
    """Where a definition is read."""
    return f"/subscriptions/{subscription}/providers/{DEFINITIONS}/{guid}"


def guids_in(type_: str, body: Any) -> Iterator[str]:
    """The GUIDs of roles that a page of assignments names, or a page of definitions defines."""
    items = body.get("value") if isinstance(body, dict) else None
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            continue
        properties = item.get("properties")
        named = properties.get("roleDefinitionId") if isinstance(properties, dict) else None
        text = item.get("name") if type_ == DEFINED else named
        guid = str(text or "").rstrip("/").rpartition("/")[2].lower()
        if _GUID.fullmatch(guid):
            yield guid
