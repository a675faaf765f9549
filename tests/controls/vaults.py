"""A service whose certificate, named value and host name come from a vault, with everything right."""

from __future__ import annotations

import copy
from typing import Any

Json = Any
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
GROUP = f"{SUBSCRIPTION}/resourceGroups/contoso"
SERVICE = f"{GROUP}/providers/Microsoft.ApiManagement/service/contoso-apim"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/contoso-vault"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/contoso/subnets/apim"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/contoso"
OWN = "00000000-0000-0000-0000-00000000000a"
ASSIGNED = "00000000-0000-0000-0000-00000000000b"
CLIENT = "00000000-0000-0000-0000-000000000001"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"


def secret(name: str) -> str:
    return f"https://contoso-vault.vault.azure.net/secrets/{name}"


def service(**properties: Json) -> Json:
    return {
        "id": SERVICE,
        "name": "contoso-apim",
        "type": "Microsoft.ApiManagement/service",
        "location": "West Europe",
        "sku": {"name": "Premium", "capacity": 1},
        "identity": {"type": "SystemAssigned", "principalId": OWN},
        "properties": {
            "platformVersion": "stv2",
            "publicNetworkAccess": "Enabled",
            "virtualNetworkType": "None",
            "publicIPAddresses": ["203.0.113.10"],
            "createdAtUtc": "2024-01-01T00:00:00Z",
            **properties,
        },
    }


def child(collection: str, name: str, **properties: Json) -> Json:
    return {
        "id": f"{SERVICE}/{collection}/{name}",
        "name": name,
        "type": f"Microsoft.ApiManagement/service/{collection}",
        "properties": properties,
    }


def listing(*items: Json) -> Json:
    return {"value": list(items), "count": len(items)}


def vault(**properties: Json) -> Json:
    return {
        "id": VAULT,
        "name": "contoso-vault",
        "type": "Microsoft.KeyVault/vaults",
        "location": "westeurope",
        "properties": {
            "vaultUri": "https://contoso-vault.vault.azure.net/",
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "enablePurgeProtection": True,
            "publicNetworkAccess": "Enabled",
            "networkAcls": {
                "bypass": "AzureServices",
                "defaultAction": "Deny",
                "ipRules": [],
                "virtualNetworkRules": [],
            },
            "accessPolicies": [],
            **properties,
        },
    }


def policy(principal: str = OWN, *secrets: str) -> Json:
    return {"objectId": principal, "permissions": {"keys": [], "secrets": list(secrets), "certificates": []}}


def assignment(
    scope: str = VAULT, role: str = SECRETS_USER, principal: str = OWN, name: str = "1", **properties: Json
) -> Json:
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "scope": scope,
            **properties,
        },
    }


def role(name: str, *blocks: Json) -> Json:
    return {
        "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": "Contoso reads secrets",
            "type": "CustomRole",
            "permissions": list(blocks),
        },
    }


def host(**more: Json) -> Json:
    return {"type": "Proxy", "hostName": "api.contoso.example", "keyVaultId": secret("api"), **more}


def estate() -> list[Json]:
    """Service, certificates, named values, vault, role assignments: all right, in this order."""
    return copy.deepcopy(
        [
            service(hostnameConfigurations=[host()]),
            listing(child("certificates", "partner", keyVault={"secretIdentifier": secret("partner")})),
            listing(
                child(
                    "namedValues",
                    "key",
                    displayName="key",
                    secret=True,
                    keyVault={"secretIdentifier": secret("key")},
                )
            ),
            vault(),
            assignment(),
        ]
    )
