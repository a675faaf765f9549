"""Which resources of several documents are one, and where each stands.

A literal id means the same resource in every document. A name that is an unresolved expression identifies a
resource within its own document only, and so does a declared service that more than one document declares:
two templates that deploy ``apim`` are two services until someone says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor.model.inventory import SERVICE, Input, Inventory, Listing, Resource, implied
from auditor.model.values import Json, PartialList, PartialObject, Unresolved, member
from auditor.redaction import TOO_DEEP, Redactor
from auditor.sources.shape import Found, Listed, Shaped

_VOLATILE = frozenset({"etag", "systemdata", "provisioningstate", "targetprovisioningstate", "resourcegroup"})
"""Members that differ between two reads of an unchanged resource."""
_AROUND = ("microsoft.authorization/", "microsoft.policyinsights/")
_SERVICES = f"/providers/{SERVICE}/"


@dataclass(slots=True)
class Batch:
    """One document's resources with the input they came from."""

    input: Input
    shaped: Shaped


def settle(batches: list[Batch], redactor: Redactor) -> Inventory:
    """One inventory of several documents, secrets replaced."""
    for batch in batches:
        _clean(batch, redactor)
    shared = _declared_once(batches)
    resources: dict[str, Resource] = {}
    listed_by: dict[tuple[str, str], list[Listed]] = {}
    for batch in batches:
        for found in batch.shaped.resources:
            resource = _resource(found, batch, shared, redactor)
            known = resources.get(resource.key)
            resources[resource.key] = resource if known is None else _merged(known, resource)
        for listed in batch.shaped.listings:
            scope = _scope(listed.parent_id, True, batch, shared)
            key = (scope + listed.parent_id.lower(), listed.type)
            listed_by.setdefault(key, []).append(listed)
    listings = {key: _listing(several) for key, several in listed_by.items()}
    _imply_services(resources)
    for batch in batches:
        for service, origin in batch.shaped.unread:
            unread = Resource(service, SERVICE, {}, origin, batch.input, implied=True)
            resources.setdefault(unread.key, unread)
    return Inventory(resources.values(), listings, [batch.input for batch in batches])


def _clean(batch: Batch, redactor: Redactor) -> None:
    """Replace the credentials in what identifies resources and in what is said about them.

    Their bodies are left to ``_resource``. An id is cut before it is compared, so that ids that were equal
    stay equal.
    """
    batch.input = replace(batch.input, notes=tuple(map(redactor.text, batch.input.notes)))
    for found in batch.shaped.resources:
        found.id = redactor.resource_id(found.id)
        if found.condition is not None:
            found.condition = redactor.unresolved(found.condition)
    for listed in batch.shaped.listings:
        listed.parent_id = redactor.resource_id(listed.parent_id)
        listed.detail = redactor.text(listed.detail)
        listed.items = frozenset(map(redactor.resource_id, listed.items))


def _listing(several: list[Listed]) -> Listing:
    """What several listings of one collection say together.

    A complete one settles it if it holds what the others list; the last page of a list, which has no
    ``nextLink`` either, does not.
    """
    seen = frozenset().union(*(listed.items for listed in several))
    for listed in several:
        if listed.complete and listed.items >= seen:
            return Listing(True, listed.origin)
    first = next((listed for listed in several if not listed.complete), several[0])
    detail = first.detail or "no listing holds what the others list"
    return Listing(False, first.origin, first.reason, detail)


def _declared_once(batches: list[Batch]) -> frozenset[str]:
    """Ids of the services that exactly one declared document declares."""
    declaring: dict[str, int] = {}
    for batch in batches:
        if batch.input.declared:
            own = {f.id.lower() for f in batch.shaped.resources if f.type == SERVICE and f.literal}
            for resource_id in own:
                declaring[resource_id] = declaring.get(resource_id, 0) + 1
    return frozenset(resource_id for resource_id, count in declaring.items() if count == 1)


def _scope(resource_id: str, literal: bool, batch: Batch, shared: frozenset[str]) -> str:
    """What tells a resource apart from equal ids of other documents; empty where an id means one thing."""
    if not batch.input.declared:
        return ""
    head, separator, tail = resource_id.lower().partition("/microsoft.apimanagement/service/")
    if not separator:
        return "" if literal and resource_id.lower().startswith("/subscriptions/") else f"{batch.input.path}|"
    service = f"{head}{separator}{tail.split('/')[0]}"
    if service in shared and "[" not in service:
        return ""
    return f"{batch.input.path}|"


def _resource(found: Found, batch: Batch, shared: frozenset[str], redactor: Redactor) -> Resource:
    body = redactor.resource(found.type, found.body)
    return Resource(
        found.id,
        found.type,
        body,
        found.origin,
        batch.input,
        found.api_version,
        found.condition,
        scope=_scope(found.id, found.literal, batch, shared),
    )


def _imply_services(resources: dict[str, Resource]) -> None:
    """Add a service for children whose own service is not in the input.

    What is listed for a subscription, such as roles and states of Azure Policy, is about services that nobody
    asked for: it adds none.
    """
    for resource in list(resources.values()):
        at = resource.id.lower().find(_SERVICES)
        if at < 0 or resource.type.startswith(_AROUND):
            continue
        head = resource.id[: at + len(_SERVICES)]
        # A parameter that is empty by default leaves a service without a name; its children are judged still.
        name = resource.id[len(head) :].split("/")[0]
        service = implied(head + name, SERVICE, resource)
        resources.setdefault(service.key, service)


# -- merging -------------------------------------------------------------------------------------------


def _merged(first: Resource, second: Resource) -> Resource:
    """One resource that two documents describe: what only one tells is taken, what they deny is unknown."""
    body: Mapping[str, Json]
    try:
        body = _merge(first.body, second.body, first, second)
    except RecursionError:
        body = PartialObject({}, TOO_DEEP)
    overlays = (*first.overlays, (first.origin, first.body), (second.origin, second.body))
    whole = replace(first.input, whole=first.input.whole and second.input.whole)
    return Resource(
        first.id,
        first.type,
        body,
        first.origin,
        whole if whole != first.input else first.input,
        first.api_version or second.api_version,
        first.condition if first.condition == second.condition else (first.condition and second.condition),
        scope=first.scope,
        overlays=overlays,
    )


def _merge(
    first: Mapping[str, Json], second: Mapping[str, Json], one: Resource, other: Resource
) -> dict[str, Json]:
    result: dict[str, Json] = dict(first)
    for name, value in second.items():
        found = member(result, name)
        if found is None or found[1] is None:
            result[found[0] if found else name] = value
        elif value is not None and value != found[1] and name.casefold() not in _VOLATILE:
            result[found[0]] = _reconcile(found[1], value, one, other)
    for part in (first, second):
        if isinstance(part, PartialObject):
            return PartialObject(result, part.why)
    return result


def _reconcile(mine: Json, theirs: Json, one: Resource, other: Resource) -> Json:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return _merge(mine, theirs, one, other)
    if isinstance(mine, Unresolved):
        return theirs
    if isinstance(theirs, Unresolved):
        return mine
    if isinstance(mine, PartialList) and isinstance(theirs, list):
        return theirs
    files = " and ".join(dict.fromkeys((one.input.path, other.input.path)))
    return Unresolved("conflict", f"{files} describe the same resource and disagree on it")
