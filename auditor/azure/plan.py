"""What is read of a service, and below what it lists: a tree of collections.

Sources: the operations of the REST reference, api-version 2024-05-01; which of them checks ask for stands in
``auditor.apim.collections``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.apim.collections import COLLECTIONS, SURROUNDINGS, Collection, collection
from auditor.model.inventory import SERVICE

_OF_SERVICE: Final = tuple(c.name for c in COLLECTIONS.values() if not c.nested)
_OF_API: Final = ("policies", "diagnostics", "operations")
_OF_WORKSPACE: Final = (
    "apis", "backends", "certificates", "diagnostics", "groups", "loggers", "namedValues", "policies",
    "policyFragments", "products", "subscriptions",
)  # fmt: skip
_PROFILES: Final = "microsoft.cdn/profiles"
_ZONES: Final = "microsoft.network/privatednszones"
_VERSIONS: Final = {_PROFILES: "2024-02-01", _ZONES: "2024-06-01"}
"""By type, for what is listed below neighbours: stable versions of the REST references "Azure Front Door
Standard/Premium" and "Private DNS", checked on 2026-11-22."""
BELOW: Final[Mapping[str, tuple[str, ...]]] = {
    SERVICE: _OF_SERVICE,
    f"{SERVICE}/apis": _OF_API,
    f"{SERVICE}/apis/operations": ("policies",),
    f"{SERVICE}/products": ("policies", "apis", "groups"),
    f"{SERVICE}/gateways": ("hostnameConfigurations",),
    f"{SERVICE}/workspaces": _OF_WORKSPACE,
    f"{SERVICE}/workspaces/apis": _OF_API,
    f"{SERVICE}/workspaces/apis/operations": ("policies",),
    f"{SERVICE}/workspaces/products": ("policies", "apiLinks", "groupLinks"),
    _PROFILES: ("afdEndpoints", "customDomains", "originGroups", "securityPolicies"),
    f"{_PROFILES}/afdendpoints": ("routes",),
    f"{_PROFILES}/origingroups": ("origins",),
    _ZONES: ("A",),
}
"""Collections below a resource, by its type in lower case."""
_COPIES: Final = frozenset({f"{SERVICE}/products/apis", f"{SERVICE}/products/groups"})
"""Entries of a product that are copies of what stands elsewhere: nothing is listed below them."""

NEIGHBOURS: Final = (
    "microsoft.network/virtualnetworks",
    "microsoft.network/networksecuritygroups",
    "microsoft.network/routetables",
    "microsoft.network/privateendpoints",
    "microsoft.network/publicipaddresses",
    "microsoft.network/applicationgateways",
    "microsoft.network/applicationgatewaywebapplicationfirewallpolicies",
    "microsoft.network/frontdoorwebapplicationfirewallpolicies",
    "microsoft.network/frontdoors",
    _PROFILES,
    _ZONES,
    "microsoft.keyvault/vaults",
    "microsoft.managedidentity/userassignedidentities",
)
"""What stands around services, and Resource Graph holds whole."""


@dataclass(frozen=True, slots=True)
class Task:
    """One collection to be listed."""

    parent: str
    """Id of the resource it stands below, or is attached to."""
    parent_type: str
    name: str
    """Wire name of the collection, or the full type of an extension."""

    @property
    def type(self) -> str:
        """Full type of the items, in lower case."""
        return self.name.lower() if "/" in self.name else f"{self.parent_type}/{self.name.lower()}"

    @property
    def collection(self) -> Collection:
        """What is known of it."""
        version = _VERSIONS.get("/".join(self.parent_type.split("/")[:2]))
        return (
            collection(self.name)
            if version is None
            else Collection(self.name, self.name, api_version=version)
        )

    @property
    def path(self) -> str:
        """What to ask."""
        segment = self.collection.segment or self.name
        return f"{self.parent}/providers/{segment}" if "/" in self.name else f"{self.parent}/{segment}"

    @property
    def around(self) -> bool:
        """It lists what applies to a subscription, wherever that stands."""
        return self.name.lower() in SURROUNDINGS

    @property
    def action(self) -> str:
        """The permission it needs."""
        if "/" in self.name:
            return self.collection.action
        if not self.parent_type.startswith(SERVICE):
            return f"{self.parent_type}/{self.name}/read"
        head = self.parent_type.removeprefix(SERVICE).strip("/")
        return "/".join(part for part in ("Microsoft.ApiManagement/service", head, self.name, "read") if part)


def below(resource_id: str, type_: str) -> tuple[Task, ...]:
    """The collections to be listed below a resource."""
    if type_ in _COPIES:
        return ()
    return tuple(Task(resource_id, type_, name) for name in BELOW.get(type_, ()))


def below_neighbours(rows: Iterable[Mapping[str, Any]]) -> tuple[Task, ...]:
    """The collections to be listed below what Resource Graph told of, which it does not hold.

    Of CDN profiles those that are a Front Door; of private DNS zones those that are not of another service.
    """
    tasks: list[Task] = []
    for row in rows:
        type_, resource_id = str(row.get("type", "")).lower(), row.get("id")
        if not isinstance(resource_id, str):
            continue
        sku = row.get("sku")
        tier = str(sku.get("name", "")) if isinstance(sku, dict) else ""
        wanted = (type_ == _PROFILES and tier.lower().endswith("_azurefrontdoor")) or (
            type_ == _ZONES and not resource_id.lower().rpartition("/")[2].startswith("privatelink.")
        )
        tasks += below(resource_id.rstrip("/"), type_) if wanted else ()
    return tuple(tasks)


def around(subscription: str) -> tuple[Task, ...]:
    """The collections to be listed for a subscription."""
    parent = f"/subscriptions/{subscription}"
    return tuple(
        Task(parent, "microsoft.resources/subscriptions", each.name) for each in SURROUNDINGS.values()
    )


def queries() -> tuple[str, ...]:
    """The Resource Graph queries for what stands around services, and what Azure Policy says of them.

    Tables and columns: "Supported Azure Resource Graph tables"; "Azure Resource Graph sample queries for
    Azure Policy".
    """
    types = ", ".join(f"'{type_}'" for type_ in NEIGHBOURS)
    definitions = (
        "'microsoft.authorization/policydefinitions', 'microsoft.authorization/policysetdefinitions'"
    )
    shown = "id, name, type, location, tags, identity, sku, properties"
    states = (
        "policyresources | where type =~ 'microsoft.policyinsights/policystates' | where "
        "tostring(properties.resourceId) contains '/providers/microsoft.apimanagement/service/'"
    )
    of_certificates = (
        "policyresources | where type =~ 'microsoft.policyinsights/componentpolicystates' | where "
        "(tostring(properties.componentType) =~ 'Certificate' "
        "or tostring(properties.componentId) contains '/certificates/')"
    )
    own = (
        f"policyresources | where type in~ ({definitions}) "
        "| where tostring(properties.policyType) =~ 'custom'"
    )
    policy_row = "| project id, name, type, properties | order by id asc"
    return (
        f"resources | where type in~ ({types}) | project {shown} | order by id asc",
        *(f"{query} {policy_row}" for query in (states, of_certificates, own)),
    )
