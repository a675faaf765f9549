"""The wire JSON of an estate's services and of what lies in them.

Members and values as in the examples of the API Management REST reference, api-version 2024-05-01. Secrets
are left out, as Azure leaves them out of what it lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tests.arm_server.documents import GLOBAL, POLICIES
from tests.arm_server.ids import JsonObject

if TYPE_CHECKING:
    from tests.arm_server.estates import Service

Numbers = tuple[int, ...]

NAMES: Mapping[str, tuple[str, ...]] = {
    "policies": ("policy",),
    "portalconfigs": ("default",),
    "portalsettings": ("delegation", "signin", "signup"),
    "tenant": ("access", "gitAccess"),
    "groups": ("administrators", "developers", "guests"),
    "diagnostics": ("applicationinsights", "azuremonitor"),
    "loggers": ("appinsights", "azuremonitor"),
    "identityproviders": ("aad",),
    "caches": ("default",),
}
"""Names of collections whose items have fixed ones, by the last type."""

_PREFIXES = {
    "apis": "api",
    "operations": "op",
    "products": "product",
    "namedvalues": "value",
    "backends": "backend",
    "certificates": "cert",
    "subscriptions": "sub",
    "policyfragments": "fragment",
    "gateways": "gateway",
    "authorizationservers": "oauth",
    "users": "user",
    "workspaces": "team",
    "openidconnectproviders": "oidc",
    "hostnameconfigurations": "host",
    "apilinks": "link",
    "apiversionsets": "set",
    "schemas": "schema",
}

CASES = {
    name.lower(): name
    for name in [
        "namedValues",
        "policyFragments",
        "authorizationServers",
        "identityProviders",
        "openidConnectProviders",
        "hostnameConfigurations",
        "apiLinks",
        "apiVersionSets",
    ]
}
"""How a type is written, by how it is compared."""


def name_of(kind: str, number: int) -> str:
    """The name of the n-th item of a collection."""
    last = kind.rpartition("/")[2]
    if last in NAMES:
        return NAMES[last][number]
    return f"{_PREFIXES.get(last, last)}-{number:04}"


def number_of(kind: str, name: str) -> int | None:
    """The number of an item with that name (without case)."""
    last = kind.rpartition("/")[2]
    lowered = [one.lower() for one in NAMES.get(last, ())]
    if lowered:
        return lowered.index(name) if name in lowered else None
    prefix, _, digits = name.rpartition("-")
    fits = prefix == _PREFIXES.get(last, last) and len(digits) == 4 and digits.isdecimal()
    return int(digits) if fits else None


def _premium(service: Service, _: Numbers) -> int:
    return 1 if service.sku.lower().startswith("premium") else 0


def _some(every: int) -> Callable[[Service, Numbers], int]:
    """One for every n-th parent, none for the others."""
    return lambda service, numbers: int((numbers[-1] + service.number) % every == 0)


SIZES: Mapping[str, int | Callable[[Service, Numbers], int]] = {
    "policies": 1,
    "apis/policies": _some(2),
    "apis/operations/policies": _some(3),
    "apis/diagnostics": _some(4),
    "products": 3,
    "products/policies": _some(2),
    "products/apis": 1,
    "products/groups": 1,
    "namedvalues": 6,
    "backends": 4,
    "certificates": 2,
    "subscriptions": 4,
    "loggers": 2,
    "diagnostics": 1,
    "policyfragments": 2,
    "authorizationservers": 1,
    "openidconnectproviders": 1,
    "identityproviders": 1,
    "portalconfigs": 1,
    "portalsettings": 3,
    "tenant": 2,
    "groups": 3,
    "users": 2,
    "gateways": _premium,
    "gateways/hostnameconfigurations": 1,
    "gateways/apis": 1,
    "workspaces": _premium,
    "workspaces/apis": 2,
    "workspaces/apis/operations": 2,
    "workspaces/apis/policies": 1,
    "workspaces/policies": 1,
    "workspaces/namedvalues": 1,
    "workspaces/backends": 1,
    "workspaces/products": 1,
    "workspaces/subscriptions": 1,
}

_PROTOCOLS = "Microsoft.WindowsAzure.ApiManagement.Gateway."
_SWITCHES = (
    *("Security.Protocols.Tls10", "Security.Protocols.Tls11", "Security.Protocols.Ssl30"),
    *("Security.Backend.Protocols.Tls10", "Security.Backend.Protocols.Tls11"),
    *("Security.Backend.Protocols.Ssl30", "Security.Ciphers.TripleDes168", "Protocols.Server.Http2"),
)


def _identity(service: Service, assigned: str) -> JsonObject:
    return {
        "type": "SystemAssigned, UserAssigned",
        "principalId": f"dddddddd-0000-4000-8000-{service.number:012}",
        "tenantId": "aaaaaaaa-0000-4000-8000-000000000001",
        "userAssignedIdentities": {
            assigned: {
                "principalId": f"eeeeeeee-0000-4000-8000-{service.number:012}",
                "clientId": f"ffffffff-0000-4000-8000-{service.number:012}",
            }
        },
    }


def service(service: Service) -> JsonObject:
    """A service: good and bad settings by its number and the seed."""
    vnet = ("None", "External", "Internal")[service.pick("vnet", 3)]
    injected = vnet != "None" and service.sku in ("Premium", "Developer", "PremiumV2")
    open_tls = service.pick("tls", 4) == 0
    providers = f"{service.group_id}/providers"
    network = f"{providers}/Microsoft.Network/virtualNetworks/vnet-{service.number:04}"
    identity = f"{providers}/Microsoft.ManagedIdentity/userAssignedIdentities/id-{service.number:04}"
    host = f"{service.name}.azure-api.net"
    return {
        "id": service.id,
        "name": service.name,
        "type": "Microsoft.ApiManagement/service",
        "location": "West Europe",
        "tags": {"estate": "stand-in"},
        "etag": f"AAAAAA{service.number:06}",
        "sku": {"name": service.sku, "capacity": 0 if service.sku == "Consumption" else 1},
        "identity": _identity(service, identity),
        "properties": {
            "publisherEmail": "apis@contoso.example",
            "publisherName": "Contoso",
            "notificationSenderEmail": "apimgmt-noreply@mail.windowsazure.com",
            "provisioningState": "Succeeded",
            "createdAtUtc": "2025-03-01T08:00:00Z",
            "gatewayUrl": f"https://{host}",
            "developerPortalUrl": f"https://{service.name}.developer.azure-api.net",
            "managementApiUrl": f"https://{service.name}.management.azure-api.net",
            "hostnameConfigurations": [
                {
                    "type": "Proxy",
                    "hostName": host,
                    "negotiateClientCertificate": service.pick("negotiate", 3) == 0,
                    "defaultSslBinding": True,
                    "certificateSource": "BuiltIn",
                }
            ],
            "publicIPAddresses": [f"203.0.113.{service.number % 250}"],
            "publicNetworkAccess": "Disabled" if service.pick("public", 3) == 0 else "Enabled",
            "virtualNetworkType": vnet if injected else "None",
            "virtualNetworkConfiguration": (
                {"subnetResourceId": f"{network}/subnets/apim"} if injected else None
            ),
            "privateEndpointConnections": [],
            "additionalLocations": None,
            "customProperties": {
                f"{_PROTOCOLS}{name}": str(open_tls and name.endswith("Tls10")) for name in _SWITCHES
            },
            "certificates": None,
            "disableGateway": False,
            "natGatewayState": "Disabled",
            "apiVersionConstraint": {"minApiVersion": "2021-08-01" if service.pick("min", 2) else None},
            "platformVersion": "stv2.1",
            "legacyPortalStatus": "Disabled",
            "developerPortalStatus": "Enabled",
        },
    }


def properties(service: Service, kind: str, numbers: Numbers) -> JsonObject:
    """The properties of an item of a collection; ``kind`` without case, ``numbers`` of it and of what it
    lies in."""
    last = kind.rpartition("/")[2]
    if last == "policies":
        scope = "|".join(map(str, (kind, *numbers)))
        texts = GLOBAL if kind == "policies" else POLICIES
        return {"format": "rawxml", "value": texts[service.pick(scope, len(texts))]}
    make = _PROPERTIES.get(kind) or _PROPERTIES.get(last)
    return {} if make is None else make(service, numbers[-1])


def _api(service: Service, n: int) -> JsonObject:
    scheme = "http" if service.pick(f"plain|{n}", 8) == 0 else "https"
    return {
        "displayName": f"API {n}",
        "apiRevision": "1",
        "description": "",
        "subscriptionRequired": service.pick(f"key|{n}", 4) != 0,
        "serviceUrl": f"{scheme}://backend-{n}.contoso.example/api",
        "path": f"api-{n}",
        "protocols": ["https", "http"] if service.pick(f"http|{n}", 5) == 0 else ["https"],
        "authenticationSettings": {"oAuth2": None, "openid": None},
        "subscriptionKeyParameterNames": {"header": "Ocp-Apim-Subscription-Key", "query": "subscription-key"},
        "isCurrent": True,
    }


def _named_value(service: Service, n: int) -> JsonObject:
    vault = f"https://kv-{service.number:04}.vault.azure.net/secrets/value-{n}"
    plain: JsonObject = {"displayName": f"value-{n}", "tags": [], "secret": n % 3 != 0}
    if n % 3 == 2:
        status = {"code": "Success", "timeStampUtc": "2026-11-20T06:00:00Z"}
        return {
            **plain,
            "keyVault": {"secretIdentifier": vault, "identityClientId": None, "lastStatus": status},
        }
    return plain if plain["secret"] else {**plain, "value": f"plain-{n}"}


def _backend(service: Service, n: int) -> JsonObject:
    checked = service.pick(f"tls|{n}", 3) != 0
    tls = {"validateCertificateChain": checked, "validateCertificateName": checked}
    return {
        "title": f"Backend {n}",
        "url": f"https://backend-{n}.contoso.example",
        "protocol": "http",
        "tls": tls,
    }


def _certificate(service: Service, n: int) -> JsonObject:
    found: JsonObject = {
        "subject": f"CN=client-{n}.contoso.example",
        "thumbprint": f"{service.number:020X}{n:020X}",
        "expirationDate": "2027-06-01T00:00:00Z" if n else "2026-01-01T00:00:00Z",
    }
    if n % 2:
        vault = f"https://kv-{service.number:04}.vault.azure.net/secrets/client-{n}"
        found["keyVault"] = {"secretIdentifier": vault, "lastStatus": {"code": "Success"}}
    return found


def _subscription(service: Service, n: int) -> JsonObject:
    if n == 0:
        return {
            "scope": f"{service.id}/",
            "displayName": "Built-in all-access",
            "state": "active",
            "allowTracing": True,
        }
    scope = f"{service.id}/products/{name_of('products', n % 3)}"
    return {"scope": scope, "displayName": f"Team {n}", "state": "active", "allowTracing": False}


def _setting(_: Service, n: int) -> JsonObject:
    return {"enabled": n == 2} | ({"termsOfService": {"enabled": False}} if n == 2 else {})


_PROPERTIES: Mapping[str, Callable[[Service, int], JsonObject]] = {
    "apis": _api,
    "operations": lambda _, n: {
        "displayName": f"Operation {n}",
        "method": ("GET", "POST", "PUT", "DELETE")[n % 4],
        "urlTemplate": f"/things/{n}",
        "templateParameters": [],
        "responses": [],
    },
    "products": lambda _, n: {
        "displayName": f"Product {n}",
        "subscriptionRequired": n != 1,
        **({} if n == 1 else {"approvalRequired": n == 0}),
        "state": "published" if n < 2 else "notPublished",
    },
    "products/apis": lambda _, n: {"displayName": f"API {n}", "path": f"api-{n}", "isCurrent": True},
    "namedvalues": _named_value,
    "backends": _backend,
    "certificates": _certificate,
    "subscriptions": _subscription,
    "loggers": lambda s, n: (
        {
            "loggerType": "applicationInsights",
            "credentials": {"instrumentationKey": "{{value-0000}}"},
            "isBuffered": True,
            "resourceId": f"{s.group_id}/providers/Microsoft.Insights/components/insights-{s.number:04}",
        }
        if n == 0
        else {"loggerType": "azureMonitor", "isBuffered": True}
    ),
    "diagnostics": lambda s, n: {
        "alwaysLog": "allErrors",
        "loggerId": f"{s.id}/loggers/{name_of('loggers', n)}",
        "sampling": {"samplingType": "fixed", "percentage": 100.0},
        "verbosity": "information",
    },
    "policyfragments": lambda _, n: {
        "format": "rawxml",
        "value": '<fragment><set-header name="x-fragment" exists-action="delete" /></fragment>',
        "provisioningState": "Succeeded",
    },
    "authorizationservers": lambda _, n: {
        "displayName": f"OAuth {n}",
        "authorizationEndpoint": "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize",
        "tokenEndpoint": "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
        "grantTypes": ["authorizationCode"],
        "clientId": "orders",
    },
    "openidconnectproviders": lambda _, n: {
        "displayName": f"OIDC {n}",
        "metadataEndpoint": "https://login.microsoftonline.com/contoso.example/.well-known/openid-configuration",
        "clientId": "orders",
    },
    "identityproviders": lambda _, n: {
        "type": "aad",
        "clientId": "portal",
        "allowedTenants": ["contoso.example"],
    },
    "portalconfigs": lambda s, _: {
        "enableBasicAuth": s.pick("basic", 2) == 0,
        "signin": {"require": False},
        "signup": {"termsOfService": {"requireConsent": False}},
        "delegation": {"delegateRegistration": False, "delegateSubscription": False},
        "csp": {"mode": "disabled", "reportUri": [], "allowedSources": []},
    },
    "portalsettings": _setting,
    "tenant": lambda s, n: {"id": ("access", "gitAccess")[n], "enabled": s.pick(f"tenant|{n}", 4) == 0},
    "groups": lambda _, n: {"displayName": NAMES["groups"][n].title(), "builtIn": True, "type": "system"},
    "users": lambda _, n: {
        "firstName": f"User {n}",
        "lastName": "Contoso",
        "email": f"user-{n}@contoso.example",
        "state": "active",
        "identities": [{"provider": "Azure" if n else "Basic", "id": f"user-{n}@contoso.example"}],
    },
    "gateways": lambda _, n: {"locationData": {"name": "Factory"}, "description": ""},
    "hostnameconfigurations": lambda s, n: {
        "hostname": "factory.contoso.example",
        "certificateId": f"{s.id}/certificates/cert-0000",
        "negotiateClientCertificate": False,
        "tls10Enabled": False,
        "tls11Enabled": False,
        "http2Enabled": True,
    },
    "workspaces": lambda _, n: {"displayName": f"Team {n}", "description": ""},
}
