"""The activity log of a service: what was done to it and when, as far as that is judged.

The log keeps 90 days. A long operation has several entries: that it was accepted or started says nothing of
its end. Sources: "Azure Monitor activity log"; "Azure Monitor activity log event schema".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from auditor.apim.by_service import about
from auditor.apim.collections import ACTIVITY
from auditor.model.evidence import Log
from auditor.model.subject import Subject

KEPT_DAYS: Final = 90
BACKUP: Final = "microsoft.apimanagement/service/backup/action"
_REGENERATED: Final = ("/regenerateprimarykey/action", "/regeneratesecondarykey/action")


def was_read(service: Subject) -> bool:
    """Whether the log of the service's subscription was read, or asked for, at all.

    That the user calls the files complete does not say it: they are about the service's configuration.
    """
    inventory, type_ = service.audit.inventory, ACTIVITY.lower()
    own = "/".join(service.resource.id.lower().split("/")[:3])
    of_own = any(entry.id.lower().startswith(f"{own}/") for entry in inventory.of_type(type_))
    return of_own or (own, type_) in inventory.listings


def backups(service: Subject) -> Iterator[Subject]:
    """The entries on backups of a service, then ``Undetermined`` if there may be more."""
    return _entries(service, (BACKUP,))


def regenerated(service: Subject) -> Iterator[Subject]:
    """The entries on keys of a service that were regenerated, then ``Undetermined`` if there may be more."""
    return _entries(service, _REGENERATED)


def _entries(service: Subject, ends: tuple[str, ...]) -> Iterator[Subject]:
    """Entries about a service by how their operation ends; one that does not tell is among them."""
    for resource in about(service, ACTIVITY.lower(), "/resourceId"):
        entry = service.of(resource)
        what = entry.with_log(Log()).stated("/operationName")
        if not what or what.casefold().endswith(ends):
            yield entry
    for _ in service.around(ACTIVITY):
        pass


def succeeded(entry: Subject, ends: str = "") -> datetime | None:
    """When an operation came to a good end; None where the entry tells of its beginning or its failure.

    Of what is later than the moment of the audit nothing is known yet.

    Args:
        entry: Of the log.
        ends: How the id of its resource ends, where that is not sure yet.
    """
    entry.read("/operationName")
    if not entry.text("/resourceId").value().rstrip("/").lower().endswith(ends.lower()):
        return None
    if entry.text("/status").value().casefold() != "succeeded":
        return None
    at = entry.moment("/eventTimestamp")
    return at if at <= entry.now else None
