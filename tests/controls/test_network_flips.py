"""One document in which everything about the network is right, and what each single change turns."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.model.verdict import Status
from controls import catalogue
from tests.judging import findings, inventory_of, status_of

ABOVE = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso/providers"
VNET = f"{ABOVE}/Microsoft.Network/virtualNetworks/contoso-vnet"
GROUPS = f"{ABOVE}/Microsoft.Network/networkSecurityGroups"
SERVICE = f"{ABOVE}/Microsoft.ApiManagement/service/contoso-apim"
JUDGED = {
    check.id: check
    for check in catalogue().checks
    if check.slug.startswith("nsg-")
    or check.slug in {"subnet-nsg", "gateway-not-public", "portal-exposure", "key-vault-service-endpoint"}
}
RIGHT = {
    "gateway-not-public": "pass",
    "key-vault-service-endpoint": "pass",
    "nsg-key-vault-outbound": "pass",
    "nsg-management-port": "pass",
    "nsg-open-inbound": "pass",
    "nsg-required-flows": "pass",
    "portal-exposure": "pass",
    "subnet-nsg": "pass",
}
Document = list[dict[str, Any]]


def rule(
    name: str, priority: int, remote: str, ports: str, inbound: bool = True, access: str = "Allow"
) -> Any:
    return {
        "name": name,
        "properties": {
            "priority": priority,
            "direction": "Inbound" if inbound else "Outbound",
            "access": access,
            "protocol": "Tcp",
            "sourceAddressPrefix": remote if inbound else "VirtualNetwork",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "VirtualNetwork" if inbound else remote,
            "destinationPortRange": ports,
        },
    }


def group(name: str) -> dict[str, Any]:
    return {
        "id": f"{GROUPS}/{name}",
        "name": name,
        "type": "Microsoft.Network/networkSecurityGroups",
        "properties": {
            "securityRules": [
                rule("management", 100, "ApiManagement", "3443"),
                rule("clients", 110, "198.51.100.0/24", "443"),
                rule("traffic-manager", 120, "AzureTrafficManager", "443"),
                rule("key-vault", 100, "AzureKeyVault", "443", inbound=False),
                rule("entra", 110, "AzureActiveDirectory", "443", inbound=False),
            ]
        },
    }


def subnet(name: str, prefix: str, group_name: str) -> dict[str, Any]:
    return {
        "id": f"{VNET}/subnets/{name}",
        "name": name,
        "properties": {
            "addressPrefix": prefix,
            "networkSecurityGroup": {"id": f"{GROUPS}/{group_name}"},
            "serviceEndpoints": [{"service": "Microsoft.KeyVault", "provisioningState": "Succeeded"}],
        },
    }


def right() -> Document:
    """Two locations, each with a subnet and a group of its own."""
    properties = {
        "publisherEmail": "api@contoso.example",
        "platformVersion": "stv2",
        "publicNetworkAccess": "Enabled",
        "developerPortalStatus": "Enabled",
        "virtualNetworkType": "External",
        "virtualNetworkConfiguration": {"subnetResourceId": f"{VNET}/subnets/west"},
        "hostnameConfigurations": [
            {
                "type": "Proxy",
                "hostName": "api.contoso.example",
                "keyVaultId": "https://contoso-vault.vault.azure.net/secrets/api",
            }
        ],
        "additionalLocations": [
            {
                "location": "North Europe",
                "virtualNetworkConfiguration": {"subnetResourceId": f"{VNET}/subnets/north"},
            }
        ],
    }
    service = {
        "id": SERVICE,
        "name": "contoso-apim",
        "type": "Microsoft.ApiManagement/service",
        "location": "West Europe",
        "sku": {"name": "Premium", "capacity": 1},
        "properties": properties,
    }
    network = {
        "id": VNET,
        "name": "contoso-vnet",
        "type": "Microsoft.Network/virtualNetworks",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [subnet("west", "10.0.1.0/24", "west"), subnet("north", "10.0.2.0/24", "north")],
        },
    }
    return [service, network, group("west"), group("north")]


def told(tmp_path: Path, document: Document) -> dict[str, str]:
    path = tmp_path / "network.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    found = findings(inventory_of(path), JUDGED.values())
    assert all(each.status is not Status.ERROR for each in found), [each.message for each in found]
    return {
        check.slug: str(status_of(each for each in found if each.check.id == check.id))
        for check in JUDGED.values()
    }


Flip = Callable[[Document], None]


def add(index: int, *rules: Any) -> Flip:
    return lambda document: document[index]["properties"]["securityRules"].extend(rules)


def change(index: int, name: str, **members: Any) -> Flip:
    def flip(document: Document) -> None:
        for each in document[index]["properties"]["securityRules"]:
            if each["name"] == name:
                each["properties"].update(members)

    return flip


def of_service(**members: Any) -> Flip:
    return lambda document: document[0]["properties"].update(members)


def of_subnet(index: int, **members: Any) -> Flip:
    return lambda document: document[1]["properties"]["subnets"][index]["properties"].update(members)


def without_group(index: int) -> Flip:
    return lambda document: document[1]["properties"]["subnets"][index]["properties"].pop(
        "networkSecurityGroup"
    )


def without(index: int) -> Flip:
    def flip(document: Document) -> None:
        del document[index]

    return flip


def closed_in_the_north(document: Document) -> None:
    document[0]["properties"]["additionalLocations"][0]["disableGateway"] = True
    change(3, "clients", sourceAddressPrefix="Internet")(document)


FLIPS: dict[str, tuple[Flip, dict[str, str]]] = {
    "west has no group": (
        without_group(0),
        {"subnet-nsg": "fail", "gateway-not-public": "fail", "portal-exposure": "fail"},
    ),
    # The portal stands in the primary location.
    "north has no group": (without_group(1), {"subnet-nsg": "fail", "gateway-not-public": "fail"}),
    "the internet reaches 443 in the west": (
        change(2, "clients", sourceAddressPrefix="Internet"),
        {"gateway-not-public": "fail", "portal-exposure": "fail"},
    ),
    "the internet reaches 443 in the north": (
        change(3, "clients", sourceAddressPrefix="*"),
        {"gateway-not-public": "fail"},
    ),
    "the internet reaches 80 in the north": (
        add(3, rule("plain", 130, "0.0.0.0/0", "80")),
        {"gateway-not-public": "fail"},
    ),
    "the internet reaches 3443": (
        add(3, rule("test", 90, "Internet", "3443")),
        {"nsg-management-port": "fail", "nsg-open-inbound": "fail"},
    ),
    "the internet reaches 22": (add(2, rule("test", 90, "*", "22")), {"nsg-open-inbound": "fail"}),
    "what lets everybody in comes after a deny": (
        add(2, rule("no", 90, "Internet", "22", access="Deny"), rule("test", 95, "*", "22")),
        {},
    ),
    "an office reaches 22": (add(2, rule("test", 90, "203.0.113.0/24", "22")), {}),
    "management is denied": (
        change(2, "management", access="Deny"),
        {"nsg-management-port": "fail", "nsg-required-flows": "fail"},
    ),
    "management has another port": (
        change(2, "management", destinationPortRange="3444"),
        {"nsg-management-port": "fail", "nsg-required-flows": "fail"},
    ),
    "Front Door is let in": (
        change(2, "clients", sourceAddressPrefix="AzureFrontDoor.Backend"),
        {"gateway-not-public": "manual", "portal-exposure": "unknown"},
    ),
    "Traffic Manager is denied": (
        change(3, "traffic-manager", access="Deny", priority=105),
        {"nsg-required-flows": "fail"},
    ),
    # The addresses of the clients, which are let in first, may be among those of the tag.
    "Traffic Manager is denied after the clients": (
        change(3, "traffic-manager", access="Deny"),
        {"nsg-required-flows": "unknown"},
    ),
    "probes are denied": (
        add(2, rule("no", 4000, "AzureLoadBalancer", "*", access="Deny")),
        {"nsg-required-flows": "fail"},
    ),
    "Sql is denied": (
        add(2, rule("no", 200, "Sql", "*", inbound=False, access="Deny")),
        {"nsg-required-flows": "fail"},
    ),
    "Entra ID is denied": (
        change(3, "entra", access="Deny"),
        {"nsg-key-vault-outbound": "fail"},
    ),
    "Key Vault is denied": (
        change(2, "key-vault", access="Deny"),
        {"nsg-key-vault-outbound": "fail", "nsg-required-flows": "fail"},
    ),
    "no rule of its own for Entra ID": (change(2, "entra", priority=4096, access="Allow"), {}),
    "no service endpoint in the north": (
        of_subnet(1, serviceEndpoints=[{"service": "Microsoft.Storage"}]),
        {"key-vault-service-endpoint": "fail"},
    ),
    "nothing comes from Key Vault, as far as was read": (
        of_service(hostnameConfigurations=[]),
        {"key-vault-service-endpoint": "unknown", "nsg-key-vault-outbound": "unknown"},
    ),
    "Internal": (of_service(virtualNetworkType="Internal"), {}),
    "not in a network": (
        of_service(virtualNetworkType="None"),
        {
            "gateway-not-public": "fail",
            "portal-exposure": "fail",
            **{slug: "not_applicable" for slug in RIGHT if "nsg" in slug or "endpoint" in slug},
        },
    ),
    "the gateway in the north is off, and open": (
        closed_in_the_north,
        {},
    ),
    "the group in the north was not read": (
        without(3),
        {slug: "unknown" for slug in RIGHT if slug.startswith("nsg-") or slug == "gateway-not-public"},
    ),
    "the network was not read": (without(1), dict.fromkeys(RIGHT, "unknown")),
    "the route table was not read": (
        of_subnet(0, routeTable={"id": f"{ABOVE}/Microsoft.Network/routeTables/contoso"}),
        {
            "gateway-not-public": "unknown",
            "nsg-management-port": "unknown",
            "nsg-open-inbound": "unknown",
            "portal-exposure": "unknown",
        },
    ),
}


def test_everything_is_right(tmp_path: Path) -> None:
    assert told(tmp_path, right()) == RIGHT


@pytest.mark.parametrize("name", FLIPS)
def test_one_change_turns_what_depends_on_it(tmp_path: Path, name: str) -> None:
    flip, turned = FLIPS[name]
    document = copy.deepcopy(right())
    flip(document)
    assert told(tmp_path, document) == {**RIGHT, **turned}
