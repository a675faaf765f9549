"""The two queries a scan may post: Resource Graph, and the states of Azure Policy.

"Resources - Resources" of the Azure Resource Graph REST API; "Policy States - List Query Results For ..."
of the Azure Policy REST API."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from tests.arm_server import answers, kql
from tests.arm_server.answers import Answer
from tests.arm_server.ids import JsonObject, Place, key_of
from tests.arm_server.known import APIM
from tests.arm_server.state import Source

PATH = "/providers/microsoft.resourcegraph/resources"
POLICY_STATES = "/providers/microsoft.policyinsights/policystates/latest/queryresults"
_PAGE = 1000
"""Resource Graph gives no more rows at once."""

_AUTHORIZATION = tuple(
    f"microsoft.authorization/{kind}"
    for kind in ("roleassignments", "roledefinitions", "denyassignments", "classicadministrators")
)
_NOT_RESOURCES = (
    "microsoft.authorization",
    "microsoft.policyinsights",
    "microsoft.security",
    "microsoft.insights",
)
_CONTAINERS = ("microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups")


class Scopes(Protocol):
    """What the graph asks the server about scopes."""

    tenant_id: str

    def subscriptions_seen(self) -> list[str]:
        """The subscriptions the caller may read, without case."""

    def subscriptions_below(self, management_group: str) -> list[str]:
        """The subscriptions of a management group, without case."""

    def subscription_resource(self, subscription: str) -> JsonObject:
        """A subscription as ``GET /subscriptions/{id}`` gives it."""

    def may_read(self, place: Place) -> bool:
        """Whether the caller was granted reading it: Resource Graph leaves out the rest without a word."""


def table_of(place: Place) -> str | None:
    """The table a resource stands in; None for what Resource Graph does not hold."""
    kind, namespace = place.type_key, place.namespace.lower()
    if kind in _AUTHORIZATION:
        return "authorizationresources"
    if namespace in ("microsoft.policyinsights", "microsoft.authorization"):
        return "policyresources"
    if namespace == "microsoft.security":
        return "securityresources"
    if kind in _CONTAINERS:
        return "resourcecontainers"
    if namespace in _NOT_RESOURCES or len(place.own) != 2 or place.subscription is None:
        return None
    return "resources" if namespace != APIM or kind in (f"{APIM}/service", f"{APIM}/gateways") else None


TABLES = ("resources", "authorizationresources", "policyresources", "securityresources", "resourcecontainers")


def rows_of(source: Source, scopes: Scopes, table: str) -> Iterator[JsonObject]:
    """A table's rows: the wire object, its type in lower case, and the columns that come from the id."""
    if table == "resourcecontainers":
        for subscription in scopes.subscriptions_seen():
            yield _row(scopes.subscription_resource(subscription), scopes.tenant_id)
    for resource in source.rows():
        place = Place(str(resource["id"]))
        if table_of(place) == table and scopes.may_read(place):
            yield _row(resource, scopes.tenant_id)


def _row(resource: JsonObject, tenant: str) -> JsonObject:
    place = Place(str(resource["id"]))
    columns = {
        "type": str(resource.get("type") or place.type).lower(),
        "name": place.name,
        "tenantId": tenant,
        "kind": "",
        "location": "",
        "resourceGroup": (place.group or "").lower(),
        "subscriptionId": place.subscription or "",
        "managedBy": "",
        "sku": None,
        "plan": None,
        "properties": None,
        "tags": None,
        "identity": None,
        "zones": None,
        "extendedLocation": None,
    }
    return {**columns, **resource, "type": columns["type"]}


def resources(source: Source, scopes: Scopes, body: Any) -> Answer:
    """Answer ``POST /providers/Microsoft.ResourceGraph/resources``."""
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return answers.bad_query("InvalidQuery", "The request has no query.")
    asked = body.get("subscriptions")
    groups = body.get("managementGroups")
    seen = scopes.subscriptions_seen()
    if groups:
        asked = [one for group in groups for one in scopes.subscriptions_below(group)]
    eligible = {one.lower() for one in asked if one.lower() in seen} if asked else set(seen)
    if asked and not eligible:
        message = "There must be at least one subscription that is eligible to contain resources. Given: "
        return answers.bad_query("NoValidSubscriptionsInQueryRequest", message + ", ".join(asked))
    try:
        query = kql.parse(body["query"])
    except kql.KqlError as wrong:
        return answers.bad_query("ParserFailure", str(wrong))
    if query.table not in TABLES:
        return answers.bad_query(
            "InvalidTable", f"Table {query.table} is invalid, unsupported or disallowed."
        )
    rows = (
        row
        for row in rows_of(source, scopes, query.table)
        if not row["subscriptionId"] or str(row["subscriptionId"]).lower() in eligible
    )
    try:
        found = list(query.run(rows))
    except TypeError as wrong:
        return answers.bad_query("InvalidOperation", str(wrong))
    return _page(found, body.get("options") or {})


def _page(found: list[JsonObject], options: JsonObject) -> Answer:
    top = min(int(options.get("$top") or 100), _PAGE)
    token = options.get("$skipToken")
    skip = int(base64.b64decode(token)) if token else int(options.get("$skip") or 0)
    page = found[skip : skip + top]
    more = skip + top < len(found)
    content: JsonObject = {
        "totalRecords": len(found),
        "count": len(page),
        "facets": [],
        "resultTruncated": "false",
        "data": page if options.get("resultFormat", "objectArray") == "objectArray" else _as_table(page),
    }
    if more:
        content["$skipToken"] = base64.b64encode(str(skip + top).encode()).decode()
    return answers.ok(content)


def _as_table(page: Iterable[JsonObject]) -> JsonObject:
    rows = list(page)
    names = list(rows[0]) if rows else []
    columns = [{"name": name, "type": "string"} for name in names]
    return {"columns": columns, "rows": [[row.get(name) for name in names] for row in rows]}


def policy_states(source: Source, scope: str, top: int | None) -> Answer:
    """Answer ``POST {scope}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults``."""
    below = key_of(scope)
    found = []
    for resource in source.rows():
        place = Place(str(resource["id"]))
        if place.type_key != "microsoft.policyinsights/policystates":
            continue
        state = dict(resource.get("properties") or {})
        on = key_of(str(state.get("resourceId") or place.scope))
        if on == below or on.startswith(below + "/"):
            found.append({"@odata.id": None, "@odata.context": "latest/$entity", **state})
    page = found if top is None else found[:top]
    content = {"@odata.context": "$metadata#latest", "@odata.count": len(found), "value": page}
    return answers.ok(content)
