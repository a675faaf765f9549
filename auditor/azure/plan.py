"""What is read of a service, and below what it lists: a tree of collections.

Sources: the operations of the REST reference, api-version 2024-05-01; which of them checks ask for stands in
``auditor.apim.collections``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from auditor.apim.collections import COLLECTIONS, collection
from auditor.model.inventory import SERVICE

_OF_SERVICE: Final = tuple(c.name for c in COLLECTIONS.values() if not c.nested)
_OF_API: Final = ("policies", "diagnostics", "operations")
_OF_WORKSPACE: Final = (
    "apis", "backends", "certificates", "diagnostics", "groups", "loggers", "namedValues", "policies",
    "policyFragments", "products", "subscriptions",
)  # fmt: skip
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
    "microsoft.cdn/profiles",
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
    def path(self) -> str:
        """What to ask."""
        return f"{self.parent}/providers/{self.name}" if "/" in self.name else f"{self.parent}/{self.name}"

    @property
    def api_version(self) -> str:
        """With which version."""
        return collection(self.name).api_version

    @property
    def action(self) -> str:
        """The permission it needs."""
        if "/" in self.name:
            return f"{self.name}/read"
        head = self.parent_type.removeprefix(SERVICE).strip("/")
        return "/".join(part for part in ("Microsoft.ApiManagement/service", head, self.name, "read") if part)


def below(resource_id: str, type_: str) -> tuple[Task, ...]:
    """The collections to be listed below a resource."""
    if type_ in _COPIES:
        return ()
    return tuple(Task(resource_id, type_, name) for name in BELOW.get(type_, ()))


def neighbours_query() -> str:
    """The Resource Graph query for what stands around services."""
    types = ", ".join(f"'{type_}'" for type_ in NEIGHBOURS)
    return (
        f"resources | where type in~ ({types}) "
        "| project id, name, type, location, tags, identity, sku, properties | order by id asc"
    )
