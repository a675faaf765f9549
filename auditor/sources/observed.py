"""JSON that Azure reported: management API bodies, and what az, PowerShell and Resource Graph make of them.

Shapes, told by content alone: one resource (``az rest``, ``az resource show``), ``{value, nextLink, count}``
lists, arrays of resources, ``az graph query``'s ``{data, count, skip_token}``, the flattened members of
``az apim show`` and of what az lists around services, rows that are no resources (see ``rows``),
PowerShell's PascalCase ``Get-AzResource``, and the ``{parameters, responses}`` examples of the REST
specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.model.inventory import SERVICE, InputKind, Origin
from auditor.model.values import Json, escape, member
from auditor.sources import rows
from auditor.sources.jsontext import JsonDocument
from auditor.sources.shape import Found, Listed, Shaped, modern, parent_of_id, type_of_id

_ENVELOPE = frozenset(
    [
        "id",
        "name",
        "type",
        "location",
        "tags",
        "sku",
        "identity",
        "zones",
        "etag",
        "systemdata",
        "resourcegroup",
        "kind",
        "plan",
        "managedby",
    ]
)
_IDENTITY = frozenset({"id", "type", "name"})
_ALWAYS = frozenset({"publisheremail", "virtualnetworktype"})
"""Members of a service that always have a value."""
_LISTED = frozenset(
    {"changedtime", "createdtime", "extendedlocation", "provisioningstate", "subscriptionid", "tenantid"}
)
"""What ``az resource list`` and Resource Graph tell of any resource beside its envelope."""
_CURSORS = frozenset({"$skiptoken", "skip_token", "skiptoken"})
_WIRE_NAMES = {
    "publicIpAddresses": "publicIPAddresses",
    "privateIpAddresses": "privateIPAddresses",
    "outboundPublicIpAddresses": "outboundPublicIPAddresses",
    "typePropertiesType": "type",
}
"""Where ``az apim`` prints the Python SDK's names instead of the wire's."""


def shape(document: JsonDocument) -> Shaped | None:
    """What an observed document holds; None where it is none of these shapes."""
    return _shape(document, document.value, "", "")


def _shape(document: JsonDocument, value: Json, at: str, version: str) -> Shaped | None:
    if isinstance(value, list):
        return _array(document, value, at, version)
    if not isinstance(value, dict):
        return None
    body = _example_body(value)
    if body is not None:
        pointer, example = body
        return _shape(document, example, pointer, _example_version(value))
    items = value.get("value")
    if isinstance(items, list) and not value.get("id"):
        return _list(document, value, items, f"{at}/value", version)
    rows = value.get("data")
    if isinstance(rows, list) and any(k in value for k in ("count", "total_records", "totalRecords")):
        return _graph(document, value, rows, f"{at}/data")
    found = _resource(document, value, at, version)
    if found is None:
        return None
    kind, resources, notes = found
    return Shaped(kind, resources, notes=notes)


# -- several resources ---------------------------------------------------------------------------------


def _array(document: JsonDocument, items: list[Json], at: str, version: str) -> Shaped | None:
    shaped = _items(document, items, at, version)
    if shaped is None:
        return None
    if shaped.kind is InputKind.AZ_CLI:
        # az follows nextLink itself, so an array it printed is the whole collection.
        detail = _lost(shaped)
        shaped.listings += _listings(shaped.resources, Origin(at, document), not detail, detail)
    return shaped


def _list(
    document: JsonDocument, wrapper: Mapping[str, Json], items: list[Json], at: str, version: str
) -> Shaped | None:
    if not items:
        if set(wrapper) - {"value", "count", "nextLink", "@odata.count", "@odata.context"}:
            return None
        note = "an empty list: nothing in it tells which collection of which service is empty"
        return Shaped(InputKind.REST, notes=[note])
    shaped = _items(document, items, at, version)
    if shaped is None:
        return None
    detail = _unfinished(wrapper, len(items)) or _lost(shaped)
    shaped.listings = _listings(shaped.resources, Origin(at, document), not detail, detail)
    if detail:
        shaped.lost = shaped.lost or 1
        shaped.notes.append(f"the list is not whole: {detail}")
    return shaped


def _unfinished(wrapper: Mapping[str, Json], length: int) -> str:
    """Why a list is not whole; empty where it is."""
    for name, value in wrapper.items():
        if value and (name.casefold().endswith("nextlink") or name.casefold() in _CURSORS):
            return f"a {name} is left"
    count = member(wrapper, "count")
    if count is None or count[1] is None:
        return ""
    try:
        more = float(count[1]) > length
    except (TypeError, ValueError, OverflowError):
        return "its count is not a number"
    return f"{length} of {str(count[1])[:20]} items" if more else ""


def _lost(shaped: Shaped) -> str:
    """Why a list is not whole though it ends: some of its items could not be read as resources."""
    return f"{shaped.lost} of its items cannot be read as resources" if shaped.lost else ""


def _graph(document: JsonDocument, wrapper: Mapping[str, Json], rows: list[Json], at: str) -> Shaped | None:
    shaped = _items(document, rows, at, "")
    if shaped is None:
        return None
    total = wrapper.get("total_records", wrapper.get("totalRecords"))
    if isinstance(total, int) and total > len(rows):
        shaped.lost = shaped.lost or 1
        shaped.notes.append(f"the query matched {total} resources, of which {len(rows)} are here")
    shaped.kind = InputKind.GRAPH
    shaped.notes.append("Resource Graph knows services, not their APIs, named values or policies")
    return shaped


def _items(document: JsonDocument, items: list[Json], at: str, version: str) -> Shaped | None:
    shaped: Shaped | None = None
    lost = 0
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            lost += 1
            continue
        if isinstance(item.get("value"), list) and not item.get("id"):
            # Several bodies in one array, as jq --slurp makes of several files.
            inner = _list(document, item, item["value"], f"{at}/{index}/value", version)
            if inner is not None:
                shaped = shaped or Shaped(inner.kind)
                shaped.resources.extend(inner.resources)
                shaped.listings.extend(inner.listings)
                shaped.notes.extend(note for note in inner.notes if note not in shaped.notes)
            lost += inner is None
            continue
        found = _resource(document, item, f"{at}/{index}", version)
        if found is None:
            lost += 1
            continue
        kind, resources, notes = found
        shaped = shaped or Shaped(kind)
        shaped.resources.extend(resources)
        shaped.notes.extend(note for note in notes if note not in shaped.notes)
    if shaped is not None and lost:
        shaped.lost = lost
        shaped.notes.append(f"{lost} of {len(items)} items cannot be read as resources")
    return shaped


def _listings(resources: list[Found], origin: Origin, complete: bool, detail: str) -> list[Listed]:
    """The collections a list shows: one per parent and type of its items."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for found in resources:
        parent = parent_of_id(found.id)
        if parent:
            groups.setdefault((parent.lower(), found.type), []).append(found)
    return [
        Listed(
            parent_of_id(group[0].id),
            type_,
            origin,
            complete,
            detail,
            frozenset(found.id.lower() for found in group),
        )
        for (_, type_), group in groups.items()
    ]


# -- one resource --------------------------------------------------------------------------------------

_One = tuple[InputKind, list[Found], list[str]]


def _resource(document: JsonDocument, item: Mapping[str, Json], at: str, version: str) -> _One | None:
    if "ResourceId" in item or "ResourceType" in item:
        return InputKind.POWERSHELL, list(_powershell(document, item, at)), []
    found = member(item, "id")
    resource_id = found[1] if found is not None and isinstance(found[1], str) else ""
    type_ = type_of_id(resource_id)
    if not type_ or rows.is_entry(item):
        row = rows.row(item, Origin(at, document))
        return None if row is None else (*row, [])
    flat = rows.flattened(item, type_)
    if flat is not None:
        return InputKind.AZ_LIST, [_found(resource_id, type_, flat, Origin(at, document, flat=True), "")], []
    if _flattened(item, type_):
        body = _unflattened(item)
        origin = Origin(at, document, flat=True)
        return InputKind.AZ_CLI, [_found(resource_id, type_, body, origin, "2022-08-01")], []
    body = {name: value for name, value in item.items() if name.casefold() not in _IDENTITY}
    notes = []
    properties = member(body, "properties")
    azure_cli = member(item, "resourceGroup") is not None and properties is not None
    kind = InputKind.AZ_RESOURCE if azure_cli else InputKind.REST
    if properties is None or properties[1] is None:
        if properties is not None:
            del body[properties[0]]
        notes.append("an inventory without properties (az resource list): use az resource show --ids")
    return kind, [_found(resource_id, type_, body, Origin(at, document), version)], notes


def _found(resource_id: str, type_: str, body: Mapping[str, Json], origin: Origin, version: str) -> Found:
    resource_id, type_ = modern(resource_id.rstrip("/"), type_)
    return Found(resource_id, type_, body, origin, version)


def _flattened(item: Mapping[str, Json], type_: str) -> bool:
    """Whether it is what ``az apim`` prints: an API Management resource without ``properties``.

    It prints every member, null where there is none. Of a service that lacks the two that always have a
    value only a selection was printed (``az resource list``, a projection): what it lacks is not told.
    """
    names = {name.casefold() for name in item}
    if "properties" in names or "resourcegroup" not in names or not type_.startswith(SERVICE):
        return False
    return names >= _ALWAYS if type_ == SERVICE else bool(names - _ENVELOPE - _LISTED)


def _unflattened(item: Mapping[str, Json]) -> dict[str, Json]:
    body: dict[str, Json] = {}
    properties: dict[str, Json] = {}
    for name, value in item.items():
        if name.casefold() not in _ENVELOPE:
            properties[_WIRE_NAMES.get(name, name)] = value
        elif name.casefold() not in _IDENTITY:
            body[name] = value
    body["properties"] = properties
    return body


def _powershell(document: JsonDocument, item: Mapping[str, Json], at: str) -> list[Found]:
    """A ``Get-AzResource`` object, with the children some dumps nest under ``resources``."""
    resource_id = item.get("ResourceId") or item.get("Id")
    found: list[Found] = []
    type_ = type_of_id(resource_id) if isinstance(resource_id, str) else ""
    if isinstance(resource_id, str) and type_:
        body = {
            wire: item[name]
            for name, wire in (
                ("Properties", "properties"),
                ("Sku", "sku"),
                ("Identity", "identity"),
                ("Location", "location"),
                ("Zones", "zones"),
                ("Tags", "tags"),
                ("Kind", "kind"),
            )
            if item.get(name) is not None
        }
        found.append(_found(resource_id, type_, body, Origin(at, document), ""))
    children = member(item, "resources")
    for index, child in enumerate(children[1] if children and isinstance(children[1], list) else ()):
        if isinstance(child, dict):
            found.extend(_powershell(document, child, f"{at}/{escape('resources')}/{index}"))
    return found


# -- the REST specification's examples -----------------------------------------------------------------


def _example_body(value: Mapping[str, Json]) -> tuple[str, Any] | None:
    responses = value.get("responses")
    if not isinstance(responses, dict) or not isinstance(value.get("parameters"), dict):
        return None
    for code in ("200", "201"):
        response = responses.get(code)
        if isinstance(response, dict) and isinstance(response.get("body"), (dict, list)):
            return f"/responses/{code}/body", response["body"]
    return None


def _example_version(value: Mapping[str, Json]) -> str:
    version = value["parameters"].get("api-version")
    return version if isinstance(version, str) else ""
