"""What stands beside an estate's services: networks, vaults, identities, and what is attached to services."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tests.arm_server.ids import JsonObject

if TYPE_CHECKING:
    from tests.arm_server.estates import Service

_SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
"""Key Vault Secrets User, a built-in role."""


def _resource(service: Service, kind: str, prefix: str, properties: JsonObject) -> JsonObject:
    name = f"{prefix}-{service.number:04}"
    return {
        "id": f"{service.group_id}/providers/{kind}/{name}",
        "name": name,
        "type": kind,
        "location": "westeurope",
        "tags": {},
        "properties": properties,
    }


def _network(service: Service) -> JsonObject:
    number = f"{service.number:04}"
    base = f"{service.group_id}/providers/Microsoft.Network"
    subnet = {
        "id": f"{base}/virtualNetworks/vnet-{number}/subnets/apim",
        "name": "apim",
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": "10.0.1.0/24",
            "networkSecurityGroup": {"id": f"{base}/networkSecurityGroups/nsg-{number}"},
            "serviceEndpoints": [{"service": "Microsoft.KeyVault", "locations": ["*"]}],
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
        },
    }
    if service.pick("nsg", 4) == 0:
        del subnet["properties"]["networkSecurityGroup"]  # type: ignore[attr-defined]
    properties = {
        "provisioningState": "Succeeded",
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [subnet],
    }
    return _resource(service, "Microsoft.Network/virtualNetworks", "vnet", properties)


def _rule(name: str, priority: int, source: str, port: str, access: str = "Allow") -> JsonObject:
    return {
        "name": name,
        "properties": {
            "priority": priority,
            "direction": "Inbound",
            "access": access,
            "protocol": "Tcp",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "VirtualNetwork",
            "destinationPortRange": port,
        },
    }


def _security_group(service: Service) -> JsonObject:
    rules = [_rule("management", 100, "ApiManagement", "3443"), _rule("clients", 110, "Internet", "443")]
    if service.pick("open", 5) == 0:
        rules.append(_rule("anything", 120, "*", "*"))
    properties = {"provisioningState": "Succeeded", "securityRules": rules, "defaultSecurityRules": []}
    return _resource(service, "Microsoft.Network/networkSecurityGroups", "nsg", properties)


def _vault(service: Service) -> JsonObject:
    closed = service.pick("vault", 2) == 0
    properties = {
        "vaultUri": f"https://kv-{service.number:04}.vault.azure.net/",
        "tenantId": "aaaaaaaa-0000-4000-8000-000000000001",
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
        "accessPolicies": [],
        "enableSoftDelete": True,
        "enablePurgeProtection": service.pick("purge", 3) != 0,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": "Deny" if closed else "Allow",
            "ipRules": [],
            "virtualNetworkRules": [],
        },
        "provisioningState": "Succeeded",
    }
    return _resource(service, "Microsoft.KeyVault/vaults", "kv", properties)


def _identity(service: Service) -> JsonObject:
    properties = {
        "tenantId": "aaaaaaaa-0000-4000-8000-000000000001",
        "principalId": f"eeeeeeee-0000-4000-8000-{service.number:012}",
        "clientId": f"ffffffff-0000-4000-8000-{service.number:012}",
    }
    return _resource(service, "Microsoft.ManagedIdentity/userAssignedIdentities", "id", properties)


def _private_endpoint(service: Service) -> JsonObject | None:
    if service.pick("endpoint", 3):
        return None
    connection = {
        "name": "gateway",
        "properties": {
            "privateLinkServiceId": service.id,
            "groupIds": ["Gateway"],
            "privateLinkServiceConnectionState": {"status": "Approved", "description": ""},
        },
    }
    properties = {"provisioningState": "Succeeded", "privateLinkServiceConnections": [connection]}
    return _resource(service, "Microsoft.Network/privateEndpoints", "pe", properties)


KINDS: Mapping[str, Callable[[Service], JsonObject | None]] = {
    "microsoft.network/virtualnetworks": _network,
    "microsoft.network/networksecuritygroups": _security_group,
    "microsoft.network/privateendpoints": _private_endpoint,
    "microsoft.keyvault/vaults": _vault,
    "microsoft.managedidentity/userassignedidentities": _identity,
}
"""By type, without case."""

EXTENSIONS = frozenset(
    {
        "microsoft.insights/diagnosticsettings",
        "microsoft.authorization/roleassignments",
        "microsoft.policyinsights/policystates",
    }
)


def _uuid(service: Service, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{service.id}|{what}"))


def attached(service: Service) -> list[JsonObject]:
    """What is attached to a service and to its vault."""
    vault = f"{service.group_id}/providers/Microsoft.KeyVault/vaults/kv-{service.number:04}"
    found = []
    if service.sku != "Consumption" and service.pick("logs", 3):
        found.append(_diagnostic_setting(service, service.id, "GatewayLogs"))
    found.append(_diagnostic_setting(service, vault, "AuditEvent"))
    name = _uuid(service, "assignment")
    authorization = f"/subscriptions/{service.subscription}/providers/Microsoft.Authorization"
    role = f"{authorization}/roleDefinitions/{_SECRETS_USER}"
    found.append(
        {
            "id": f"{vault}/providers/Microsoft.Authorization/roleAssignments/{name}",
            "name": name,
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": role,
                "principalId": f"dddddddd-0000-4000-8000-{service.number:012}",
                "principalType": "ServicePrincipal",
                "scope": vault,
            },
        }
    )
    state = _uuid(service, "state")
    found.append(
        {
            "id": f"{service.id}/providers/Microsoft.PolicyInsights/policyStates/{state}",
            "name": state,
            "type": "Microsoft.PolicyInsights/policyStates",
            "properties": {
                "resourceId": service.id,
                "complianceState": "NonCompliant" if service.pick("state", 2) else "Compliant",
                "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/"
                "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b",
                "policyAssignmentId": f"/subscriptions/{service.subscription}/providers/"
                "Microsoft.Authorization/policyAssignments/baseline",
                "resourceType": "Microsoft.ApiManagement/service",
                "timestamp": "2026-11-20T00:00:00Z",
                "isCompliant": not service.pick("state", 2),
            },
        }
    )
    return found


def _diagnostic_setting(service: Service, on: str, category: str) -> JsonObject:
    workspace = "Microsoft.OperationalInsights/workspaces"
    return {
        "id": f"{on}/providers/Microsoft.Insights/diagnosticSettings/to-workspace",
        "name": "to-workspace",
        "type": "Microsoft.Insights/diagnosticSettings",
        "properties": {
            "workspaceId": f"{service.group_id}/providers/{workspace}/log-{service.number:04}",
            "logs": [{"category": category, "categoryGroup": None, "enabled": True}],
            "metrics": [{"category": "AllMetrics", "enabled": True}],
        },
    }


def pricing(subscription: str) -> JsonObject:
    """Defender for APIs in a subscription."""
    return {
        "id": f"/subscriptions/{subscription}/providers/Microsoft.Security/pricings/Api",
        "name": "Api",
        "type": "Microsoft.Security/pricings",
        "properties": {"pricingTier": "Standard", "subPlan": "P1"},
    }


def policy_assignment(subscription: str) -> JsonObject:
    """The benchmark's initiative, assigned to a subscription."""
    kind = "Microsoft.Authorization/policyAssignments"
    return {
        "id": f"/subscriptions/{subscription}/providers/{kind}/benchmark",
        "name": "benchmark",
        "type": kind,
        "properties": {
            "displayName": "Microsoft cloud security benchmark",
            "policyDefinitionId": "/providers/Microsoft.Authorization/policySetDefinitions/"
            "1f3afdf9-d0c9-4c3d-847f-89da613e70a8",
            "scope": f"/subscriptions/{subscription}",
            "enforcementMode": "Default",
        },
    }


def role_definition(subscription: str) -> JsonObject:
    """The built-in role that is assigned on vaults."""
    kind = "Microsoft.Authorization/roleDefinitions"
    return {
        "id": f"/subscriptions/{subscription}/providers/{kind}/{_SECRETS_USER}",
        "name": _SECRETS_USER,
        "type": kind,
        "properties": {
            "roleName": "Key Vault Secrets User",
            "type": "BuiltInRole",
            "permissions": [
                {
                    "actions": [],
                    "notActions": [],
                    "dataActions": [
                        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
                        "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
                    ],
                    "notDataActions": [],
                }
            ],
            "assignableScopes": ["/"],
        },
    }


def backup_entry(service: Service) -> JsonObject:
    """That a service was backed up, as the activity log tells it, with who did it and from where."""
    name = _uuid(service, "backup")
    return {
        "id": f"/subscriptions/{service.subscription}/providers/Microsoft.Insights/events/{name}",
        "name": name,
        "type": "Microsoft.Insights/events",
        "properties": {
            "id": f"{service.id}/events/{name}/ticks/638986752000000000",
            "caller": "operator@contoso.example",
            "claims": {"ipaddr": "203.0.113.7"},
            "eventDataId": name,
            "eventTimestamp": "2026-11-20T03:00:00Z",
            "operationName": {
                "value": "Microsoft.ApiManagement/service/backup/action",
                "localizedValue": "Backup API Management Service",
            },
            "resourceId": service.id,
            "resourceProviderName": {"value": "Microsoft.ApiManagement"},
            "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        },
    }
