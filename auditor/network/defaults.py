"""Documented defaults of subnets, security groups and route tables.

Rows for the table in :mod:`auditor.apim.defaults`. Sources are titles of documentation and the REST
specification's property texts, read on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auditor.model.defaults import Row

_SUBNET = "Subnet REST specification: each of these members is optional"
_OF_SUBNETS = ("networkSecurityGroup", "routeTable", "serviceEndpoints")
_NSG = "Network security groups"
_ROUTES = "Route table REST specification: the list is optional"

ROWS: Final[Mapping[str, Mapping[str, Row]]] = {
    "subnets": {f"/properties/{name}": Row(None, _SUBNET) for name in _OF_SUBNETS},
    "microsoft.network/virtualnetworks": {
        f"/properties/subnets/*/properties/{name}": Row(None, _SUBNET) for name in _OF_SUBNETS
    },
    "microsoft.network/networksecuritygroups": {
        # Azure reports both lists; the six default rules are the same in every group.
        "/properties/securityRules": Row(None, _NSG, declared_only=True),
        "/properties/defaultSecurityRules": Row(None, f"{_NSG}: the six default rules"),
    },
    "microsoft.network/routetables": {"/properties/routes": Row(None, _ROUTES, declared_only=True)},
}
"""By type, in full or the last segment of a child type, and by pointer."""
