"""What a good request is answered: one resource, one page of a list, or one of the few other things."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tests.arm_server import answers, known, policies
from tests.arm_server.answers import Answer
from tests.arm_server.ids import JsonObject, Place
from tests.arm_server.lists import Paging, page
from tests.arm_server.state import Source, Stored


class World(Protocol):
    """What routes ask the server."""

    base: str
    tenant_id: str
    state: Stored
    source: Source
    paging: Paging
    tiers: bool
    management_groups: dict[str, list[str]]

    def subscriptions_seen(self) -> list[str]:
        """See ``graph.Scopes``."""

    def subscription_resource(self, subscription: str) -> JsonObject:
        """See ``graph.Scopes``."""

    def may_read(self, place: Place) -> bool:
        """See ``graph.Scopes``."""


def get(world: World, place: Place, query: Mapping[str, str]) -> Answer:
    """Answer a GET that may be answered."""
    special = _SPECIAL.get(place.kind if place.namespace == "Microsoft.Resources" else place.type_key)
    if special is not None:
        found = special(world, place)
        if isinstance(found, list):
            return page(world.base, place, query, found, world.paging)
        return answers.not_found(place) if found is None else answers.ok(found)
    body = world.state.body(place.key)
    if body is not None:
        return answers.ok(body)
    if not known.knows(place):
        return answers.invalid_type(place, query.get("api-version", ""))
    if place.listing:
        return _list(world, place, query)
    return _one(world, place, query)


def service_of(world: World, place: Place) -> JsonObject | None:
    """The API Management service that a place lies in, as far as it is known."""
    if place.namespace.lower() != known.APIM or place.own[:1] == () or place.own[0].lower() != "service":
        return None
    head = place.path.split("/")[: len(place.path.split("/")) - len(place.own) + 2]
    return world.source.resource("/".join(head).lower())


def tier_of(service: JsonObject | None) -> str | None:
    """Its sku's name."""
    sku = (service or {}).get("sku")
    return str(sku.get("name")) if isinstance(sku, dict) else None


def _tier_refuses(world: World, place: Place) -> Answer | None:
    tier = tier_of(service_of(world, place)) if world.tiers else None
    return answers.not_in_tier(tier) if known.refused_by(tier, place) else None


def _one(world: World, place: Place, query: Mapping[str, str]) -> Answer:
    found = world.source.resource(place.key)
    if found is None:
        return _tier_refuses(world, place) or answers.not_found(place)
    if place.kind.endswith("/policies"):
        found = in_format(found, query.get("format"))
    return answers.ok(found).having(ETag='"stand-in"')


def in_format(policy: JsonObject, wanted: str | None) -> JsonObject:
    """A policy document in the form that was asked for; ``xml`` if none was."""
    properties = policy.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("value"), str):
        return policy
    held = str(properties.get("format", "xml"))
    if held not in ("xml", "rawxml"):
        return policy
    form = wanted if wanted in ("xml", "rawxml") else "xml"
    value = policies.converted(properties["value"], held, form)
    return {**policy, "properties": {**properties, "format": form, "value": value}}


class _Changed(Sequence[JsonObject]):
    """A sequence with each item changed when it is taken."""

    def __init__(self, items: Sequence[JsonObject], change: Callable[[JsonObject], JsonObject]) -> None:
        self._items = items
        self._change = change

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._change(self._items[index])


def _list(world: World, place: Place, query: Mapping[str, str]) -> Answer:
    if place.kind == "service/allpolicies":
        return _all_policies(world, place, query)
    items = world.source.listing(place)
    if not len(items):
        refused = _tier_refuses(world, place)
        if refused is not None:
            return refused
        if not _parent_exists(world, place):
            return answers.parent_not_found(place)
        if place.type_key.removeprefix(known.APIM + "/") in known.PLAIN:
            return answers.ok(known.PLAIN[place.kind])
    if place.over_many:
        items = [item for item in items if world.may_read(Place(str(item["id"])))]
    if place.kind.endswith("/policies"):
        items = _Changed(items, lambda item: in_format(item, query.get("format")))
    return page(world.base, place, query, items, world.paging)


def _parent_exists(world: World, place: Place) -> bool:
    if place.over_many or place.subscription is None:
        return place.group is None or world.source.exists(place.scope)
    return world.source.exists(place.parent)


def _all_policies(world: World, place: Place, query: Mapping[str, str]) -> Answer:
    if not _parent_exists(world, place):
        return answers.parent_not_found(place)
    ids = world.source.policies(place.parent)

    class References(Sequence[JsonObject]):
        def __len__(self) -> int:
            return len(ids)

        def __getitem__(self, index: Any) -> Any:
            name = f"policy-{index}"
            return {
                "id": f"{place.path}/{name}",
                "type": "Microsoft.ApiManagement/service/allPolicies",
                "name": name,
                "properties": {"referencePolicyId": ids[index], "complianceState": "Compliant"},
            }

    return page(world.base, place, query, References(), world.paging)


# -- what belongs to Resource Manager itself -------------------------------------------------------------


def _subscriptions(world: World, _: Place) -> list[JsonObject]:
    return [world.subscription_resource(one) for one in world.subscriptions_seen()]


def _subscription(world: World, place: Place) -> JsonObject | list[JsonObject] | None:
    return _subscriptions(world, place) if place.listing else world.subscription_resource(place.name)


def _tenants(world: World, place: Place) -> list[JsonObject]:
    tenant = {"id": f"/tenants/{world.tenant_id}", "tenantId": world.tenant_id, "displayName": "Contoso"}
    return [{**tenant, "tenantCategory": "Home", "defaultDomain": "contoso.example", "domains": []}]


def _groups(world: World, place: Place) -> JsonObject | list[JsonObject] | None:
    """Resource groups follow from the ids in them."""
    found: dict[str, JsonObject] = {}
    for row in world.source.rows():
        where = Place(str(row["id"]))
        if where.group and (where.subscription or "").lower() == (place.subscription or "").lower():
            resource_id = f"/subscriptions/{where.subscription}/resourceGroups/{where.group}"
            found.setdefault(
                where.group.lower(),
                {
                    "id": resource_id,
                    "name": where.group,
                    "type": "Microsoft.Resources/resourceGroups",
                    "location": row.get("location") or "westeurope",
                    "properties": {"provisioningState": "Succeeded"},
                },
            )
    return list(found.values()) if place.listing else found.get(place.name.lower())


def _resources(world: World, place: Place) -> list[JsonObject]:
    prefix = f"/subscriptions/{place.subscription}/".lower()
    names = ("id", "name", "type", "location", "sku", "kind", "tags", "identity")
    return [
        {name: row[name] for name in names if name in row}
        for row in world.source.rows()
        if str(row["id"]).lower().startswith(prefix) and len(Place(str(row["id"])).own) == 2
    ]


def _management_groups(world: World, place: Place) -> JsonObject | list[JsonObject] | None:
    def resource(name: str) -> JsonObject:
        kind = "Microsoft.Management/managementGroups"
        properties = {"displayName": name, "tenantId": world.tenant_id}
        return {"id": f"/providers/{kind}/{name}", "type": kind, "name": name, "properties": properties}

    named = {name.lower(): name for name in world.management_groups}
    if place.listing:
        return [resource(name) for name in named.values()]
    found = named.get(place.name.lower())
    return None if found is None else resource(found)


def _descendants(world: World, place: Place) -> list[JsonObject] | None:
    named = {name.lower(): below for name, below in world.management_groups.items()}
    below = named.get(place.own[1].lower())
    if below is None:
        return None
    parent = {"id": place.path.rpartition("/")[0]}
    return [
        {
            "id": f"/subscriptions/{one}",
            "type": "/subscriptions",
            "name": one,
            "properties": {"displayName": f"Subscription {one}", "parent": parent},
        }
        for one in below
    ]


def _endpoints(world: World, _: Place) -> JsonObject:
    """``/metadata/endpoints``: how tools find the hosts of a cloud that they do not know."""
    return {
        "name": "StandIn",
        "resourceManager": world.base,
        "authentication": {
            "loginEndpoint": world.base,
            "audiences": [world.base, "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {"keyVaultDns": "vault.azure.net"},
    }


def _activity(world: World, place: Place) -> list[JsonObject]:
    """Entries of the activity log: what the state holds of them for the subscription."""
    prefix = f"{place.scope}/"
    rows = (
        row for row in world.source.rows() if str(row.get("type", "")).lower() == "microsoft.insights/events"
    )
    return [row["properties"] for row in rows if str(row["id"]).lower().startswith(prefix)]


_SPECIAL: dict[str, Callable[[World, Place], JsonObject | list[JsonObject] | None]] = {
    "subscriptions": _subscription,
    "tenants": _tenants,
    "metadata": _endpoints,
    "subscriptions/resourcegroups": _groups,
    "subscriptions/resources": _resources,
    "microsoft.insights/eventtypes/values": _activity,
    "microsoft.management/managementgroups": _management_groups,
    "microsoft.management/managementgroups/descendants": _descendants,
}
