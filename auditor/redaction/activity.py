"""What is kept of an entry of the activity log: what happened to which resource, when and how it ended.

An entry also names who did it, from which address and with which claims: that is nobody's business here.
Source: "Azure Monitor activity log event schema".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_KEPT: Final = ("eventDataId", "eventTimestamp", "operationName", "resourceId", "status")
_JUDGED: Final = ("/service/backup/action", "/regenerateprimarykey/action", "/regeneratesecondarykey/action")
"""How the operations end whose entries are judged."""


def is_entry(item: Mapping[str, Any]) -> bool:
    """Whether an object is an entry of the activity log, told by members that nothing else has together."""
    return all(name in item for name in ("eventDataId", "eventTimestamp", "operationName"))


def kept(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is kept of an entry; None where its operation is not judged."""
    if not str(_plain(item.get("operationName"))).casefold().endswith(_JUDGED):
        return None
    return {name: _plain(item[name]) for name in _KEPT if name in item}


def _plain(value: Any) -> Any:
    """The value of a localised string, or what stands there."""
    return value.get("value") if isinstance(value, dict) else value
