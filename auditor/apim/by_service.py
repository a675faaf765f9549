"""What is about services without standing below them, by the service: found once for all of them."""

from __future__ import annotations

from typing import Final

from auditor.model.evidence import Log
from auditor.model.inventory import Resource
from auditor.model.subject import Subject

_SERVICE: Final = "/providers/microsoft.apimanagement/service/"


def about(service: Subject, type_: str, pointer: str) -> list[Resource]:
    """The resources of a type that are about a service or what stands below it, in the order they were read.

    One that does not tell what it is about may be about any service.

    Args:
        service: The service.
        type_: Full type, in lower case.
        pointer: Of the member that names, by its id, what a resource of the type is about.
    """
    memo = service.audit.memo
    address = (f"{__name__}.about", type_, pointer)
    if address not in memo:
        found: dict[str, list[Resource]] = {}
        quiet = service.with_log(Log())
        for resource in service.audit.inventory.of_type(type_):
            named = quiet.of(resource).stated(pointer)
            key = _service_in(named or resource.id)
            if key or not named:
                found.setdefault(key, []).append(resource)
        memo[address] = found
    index: dict[str, list[Resource]] = memo[address]
    return [*index.get(_service_in(service.resource.id), ()), *index.get("", ())]


def _service_in(resource_id: str) -> str:
    """The id of the service that an id goes through, in lower case; empty where it goes through none."""
    head, separator, tail = resource_id.lower().partition(_SERVICE)
    name = tail.partition("/")[0]
    return f"{head}{separator}{name}" if name else ""
