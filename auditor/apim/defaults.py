"""Documented defaults of API Management: what holds when a member is absent.

No row, no default: an absent member without a row is ``Undetermined``. "Absent means none" is a row too.
Sources are titles of Microsoft documentation, the REST specification's property text, or the id of a
built-in policy whose rule implies the default; all were read on :data:`REVIEWED`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from auditor.apim.collections import planned
from auditor.apim.tiers import is_v2
from auditor.fronts import defaults as fronts
from auditor.keyvault import defaults as keyvault
from auditor.model.defaults import Row
from auditor.model.evidence import Default, Gap, Reason, Undetermined
from auditor.model.inventory import SERVICE
from auditor.model.subject import Subject
from auditor.model.values import member
from auditor.network import defaults as network

REVIEWED = "2026-11-21"
GATEWAY = "Microsoft.WindowsAzure.ApiManagement.Gateway."
_SPEC = "API Management REST specification, property description"
_TLS = "ApiManagementService customProperties, property description; Manage protocols and ciphers"
_LOGS = "Diagnostic logs settings reference"
_ONE_GROUP = "Connect privately using an inbound private endpoint: the gateway is the only group"
_ASSIGNMENT = "Azure Policy assignment structure: excluded scopes and parameters are optional"
_ROLE = "Understand Azure role definitions: actions and notActions are optional lists"
_ENDPOINT = "Private endpoint REST specification: each of the two lists of connections is optional"
_KEYS = "Subscriptions in Azure API Management: the default names of header and query parameter"
_OLD_SERVICE = datetime(2018, 4, 1, 23, 59, 59, tzinfo=UTC)
"""Services created on or before this day have the old protocols on unless they say otherwise."""

PROTOCOL_KEYS = tuple(
    f"{GATEWAY}Security.{side}Protocols.{protocol}"
    for side in ("", "Backend.")
    for protocol in ("Ssl30", "Tls10", "Tls11")
)
TRUSTED_ACCESS_OFF = f"{GATEWAY}ManagedIdentity.DisableOverPrivilegedAccess"
"""``True`` where the gateway no longer reaches other services as a trusted one."""
TRIPLE_DES = f"{GATEWAY}Security.Ciphers.TripleDes168"
WEAK_SUITES = tuple(
    f"{GATEWAY}Security.Ciphers.{suite}"
    for suite in (
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
    )
)
"""The weak suites that can be switched off, each on unless it is."""
LATER_SUITE = f"{GATEWAY}Security.Ciphers.TLS_RSA_WITH_AES_256_GCM_SHA384"
"""A weak suite that the documented list lacks and some services show: judged only where it stands."""


def _by_creation_date(service: Subject) -> str:
    """Old protocols and 3DES: on for services created up to 1 April 2018, off for later ones."""
    if planned(service) or not _stated(service, "createdAtUtc"):
        raise Undetermined(
            Gap(
                Reason.ABSENT,
                f"the protocol and 3DES switches of {service.name}: an absent one follows the creation date, "
                "and the input does not tell that either",
                'state every key under customProperties ("False"), or read the deployed service',
            )
        )
    return "True" if service.moment("/properties/createdAtUtc") <= _OLD_SERVICE else "False"


def _portal_status(service: Subject) -> str:
    """The developer portal is there from the start on the classic tiers; on v2 it has to be enabled first."""
    if is_v2(service):
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"properties/developerPortalStatus of {service.name}: it is absent, and on the v2 tiers the "
                "documents do not say what that means",
                "state the member, or read the service with api-version 2024-05-01 or newer",
            )
        )
    return "Enabled"


_NONE = Row(None, _SPEC)
_OFF = Row(False, _SPEC)
_ON = Row(True, _SPEC)
_NO_STATUS = Row(None, "Key Vault contract: the last refresh, where there was one", observed_only=True)

_TABLE: dict[str, dict[str, Row]] = {
    SERVICE: {
        "/identity": _NONE,
        "/identity/tenantId": _NONE,
        "/identity/userAssignedIdentities": _NONE,
        "/zones": _NONE,
        "/properties/virtualNetworkType": Row("None", _SPEC),
        "/properties/virtualNetworkConfiguration": _NONE,
        "/properties/virtualNetworkConfiguration/subnetResourceId": _NONE,
        "/properties/publicNetworkAccess": Row("Enabled", _SPEC, since="2021-04-01"),
        "/properties/additionalLocations": _NONE,
        "/properties/additionalLocations/*/virtualNetworkConfiguration/subnetResourceId": _NONE,
        "/properties/additionalLocations/*/disableGateway": _OFF,
        "/properties/privateEndpointConnections": Row(None, _SPEC, since="2021-04-01", observed_only=True),
        "/properties/privateEndpointConnections/*/properties/groupIds": Row(None, _ONE_GROUP),
        "/properties/certificates": _NONE,
        "/properties/apiVersionConstraint": _NONE,
        "/properties/disableGateway": _OFF,
        "/properties/enableClientCertificate": _OFF,
        "/properties/developerPortalStatus": Row(_portal_status, _SPEC, since="2023-09-01"),
        "/properties/configurationApi/legacyApi": Row("Enabled", _SPEC, since="2023-09-01"),
        "/properties/hostnameConfigurations": _NONE,
        "/properties/hostnameConfigurations/*/negotiateClientCertificate": _OFF,
        "/properties/hostnameConfigurations/*/defaultSslBinding": _OFF,
        "/properties/hostnameConfigurations/*/keyVaultId": _NONE,
        "/properties/hostnameConfigurations/*/identityClientId": _NONE,
        "/properties/hostnameConfigurations/*/encodedCertificate": _NONE,
        "/properties/hostnameConfigurations/*/certificatePassword": _NONE,
        "/properties/hostnameConfigurations/*/certificateSource": _NONE,
        "/properties/hostnameConfigurations/*/certificateStatus": _NONE,
        "/properties/certificates/*/encodedCertificate": _NONE,
        "/properties/certificates/*/certificatePassword": _NONE,
        f"/properties/customProperties/{TRUSTED_ACCESS_OFF}": Row(
            "False", "Trusted service connectivity retirement (March 2026)"
        ),
        f"/properties/customProperties/{GATEWAY}Protocols.Server.Http2": Row("False", _TLS),
        **{f"/properties/customProperties/{key}": Row(_by_creation_date, _TLS) for key in PROTOCOL_KEYS},
        f"/properties/customProperties/{TRIPLE_DES}": Row(_by_creation_date, _TLS),
        **{f"/properties/customProperties/{key}": Row("True", _TLS) for key in WEAK_SUITES},
        f"/properties/customProperties/{LATER_SUITE}": Row(None, _TLS),
    },
    "namedvalues": {
        "/properties/secret": _OFF,
        "/properties/keyVault": _NONE,
        "/properties/keyVault/secretIdentifier": Row(
            None, "Built-in policy f1cc7827-022c-473e-836e-5a51cae0b249"
        ),
        "/properties/keyVault/identityClientId": _NONE,
        "/properties/keyVault/lastStatus": _NO_STATUS,
        "/properties/value": _NONE,
    },
    "certificates": {
        "/properties/keyVault": _NONE,
        "/properties/keyVault/identityClientId": _NONE,
        "/properties/keyVault/lastStatus": _NO_STATUS,
        "/properties/data": _NONE,
        "/properties/password": _NONE,
        "/properties/hasPrivateKey": Row(None, "Certificate contract: reported by newer versions only"),
    },
    "backends": {
        "/properties/properties/serviceFabricCluster": _NONE,
        "/properties/tls": _NONE,
        "/properties/tls/validateCertificateChain": Row(
            True, "Backend TLS properties; built-in policy 92bb331d-ac71-416a-8c91-02f2cb734ce4"
        ),
        "/properties/tls/validateCertificateName": Row(
            True, "Backend TLS properties; built-in policy 92bb331d-ac71-416a-8c91-02f2cb734ce4"
        ),
        "/properties/credentials": _NONE,
        "/properties/credentials/authorization": _NONE,
        "/properties/credentials/authorization/parameter": _NONE,
        "/properties/credentials/header": _NONE,
        "/properties/credentials/query": _NONE,
        "/properties/credentials/managedIdentity": _NONE,
        "/properties/proxy": _NONE,
        "/properties/proxy/password": _NONE,
        "/properties/type": Row("Single", _SPEC),
    },
    "apis": {
        "/properties/serviceUrl": _NONE,
        "/properties/authenticationSettings": _NONE,
        "/properties/subscriptionKeyParameterNames/header": Row("Ocp-Apim-Subscription-Key", _KEYS),
        "/properties/subscriptionKeyParameterNames/query": Row("subscription-key", _KEYS),
        "/properties/apiRevision": Row("1", _SPEC),
    },
    "products": {
        "/properties/subscriptionRequired": _ON,
        "/properties/state": Row("notPublished", _SPEC),
    },
    "subscriptions": {
        "/properties/state": Row("submitted", _SPEC),
        "/properties/ownerId": _NONE,
        "/properties/userId": _NONE,
    },
    "portalconfigs": {
        "/properties/enableBasicAuth": Row(
            True, "Configure username and password sign-in for the developer portal; policy ffe25541"
        ),
    },
    "portalsettings": {
        "/properties/subscriptions/enabled": _OFF,
        "/properties/userRegistration/enabled": _OFF,
        "/properties/url": _NONE,
    },
    "identityproviders": {
        "/properties/clientSecret": _NONE,
        "/properties/allowedTenants": _NONE,
        "/properties/signinTenant": _NONE,
    },
    "authorizationservers": {
        "/properties/clientSecret": _NONE,
        "/properties/resourceOwnerPassword": _NONE,
        "/properties/tokenBodyParameters": _NONE,
        "/properties/tokenEndpoint": _NONE,
        "/properties/authorizationEndpoint": _NONE,
    },
    "openidconnectproviders": {"/properties/clientSecret": _NONE},
    "loggers": {
        "/properties/credentials": _NONE,
        "/properties/credentials/connectionString": _NONE,
        "/properties/credentials/instrumentationKey": _NONE,
        "/properties/credentials/identityClientId": _NONE,
    },
    "users": {"/properties/state": Row("active", _SPEC)},
    "diagnostics": {
        "/properties/alwaysLog": _NONE,
        "/properties/sampling/percentage": Row(100, _LOGS),
        **{
            f"/properties/{side}/{direction}/{setting}": Row(value, source)
            for side in ("frontend", "backend")
            for direction in ("request", "response")
            for setting, value, source in (
                ("headers", None, _LOGS),
                ("body/bytes", 0, _LOGS),
                ("dataMasking/headers", None, _SPEC),
            )
        },
    },
    "policies": {"/properties/format": Row("xml", _SPEC)},
    "policyfragments": {"/properties/format": Row("xml", _SPEC)},
    "hostnameconfigurations": {"/properties/negotiateClientCertificate": _OFF},
    "privateendpointconnections": {"/properties/groupIds": Row(None, _ONE_GROUP)},
    "microsoft.network/privateendpoints": {
        "/properties/privateLinkServiceConnections": Row(None, _ENDPOINT),
        "/properties/manualPrivateLinkServiceConnections": Row(None, _ENDPOINT),
    },
    "microsoft.authorization/policyassignments": {
        "/properties/notScopes": Row(None, _ASSIGNMENT),
        "/properties/parameters/effect/value": Row(None, _ASSIGNMENT),
        "/properties/resourceSelectors": Row(None, _ASSIGNMENT),
        "/properties/overrides": Row(None, _ASSIGNMENT),
        "/properties/overrides/*/selectors": Row(None, _ASSIGNMENT),
    },
    "microsoft.authorization/roledefinitions": {
        "/properties/permissions/*/actions": Row(None, _ROLE),
        "/properties/permissions/*/notActions": Row(None, _ROLE),
    },
    "microsoft.insights/diagnosticsettings": {
        "/properties/logs": _NONE,
        "/properties/logs/*/category": _NONE,
        "/properties/logs/*/categoryGroup": _NONE,
        "/properties/workspaceId": _NONE,
        "/properties/storageAccountId": _NONE,
        "/properties/eventHubAuthorizationRuleId": _NONE,
        "/properties/marketplacePartnerId": _NONE,
    },
}
"""By type: in full, or the last segment of a child type, which a service and its workspaces share."""
for _more in (network.ROWS, fronts.ROWS, keyvault.ROWS):
    for _type, _rows in _more.items():
        for _pointer, _row in _rows.items():
            _TABLE.setdefault(_type, {}).setdefault(_pointer, _row)

_FOLDED = {
    type_: {pointer.casefold(): row for pointer, row in rows.items()} for type_, rows in _TABLE.items()
}
_INDEX = re.compile(r"/\d+(?=/|$)")
_RECENT = "2021-08-01"


def default_of(subject: Subject, pointer: str) -> Default | None:
    """The default of an absent member; see ``Knowledge.default``."""
    type_ = subject.resource.type
    rows = _FOLDED.get(type_) or _FOLDED.get(type_.rpartition("/")[2])
    if rows is None:
        return None
    row = rows.get(_INDEX.sub("/*", pointer).casefold())
    if not _read_at_all(subject, pointer):
        return None
    if row is None or (row.observed_only if subject.source.declared else row.declared_only):
        return None
    if row.since:
        _check_api_version(subject, pointer, row.since)
    root = subject.of(subject.resource)
    value = row.value(root) if callable(row.value) else row.value
    return Default(value, row.source, REVIEWED, row.since)


def _read_at_all(subject: Subject, pointer: str) -> bool:
    """Whether the part of the resource was read that would hold the member.

    A service that only its children imply says nothing about what it lacks, nor does an observed body without
    ``properties``: it was cut by a query, or is an inventory entry, which tells what it writes, if only null.
    """
    resource = subject.resource
    if resource.implied:
        return False
    found = member(resource.body, "properties")
    if found is not None and found[1] is not None:
        return True
    top = pointer.split("/")[1]
    if top.casefold() == "properties":
        return False
    return subject.source.declared or member(resource.body, top) is not None


def _stated(subject: Subject, name: str) -> bool:
    """Whether a member of ``properties`` has a value, without reading it as evidence."""
    body = subject.resource.body.get("properties")
    found = member(body, name) if isinstance(body, dict) else None
    return found is not None and found[1] is not None


def _check_api_version(subject: Subject, pointer: str, since: str) -> None:
    """Raise unless the input's api-version is known to be one the default holds for.

    What Azure reported does not say which version was asked; a service that shows either of two members of
    2021 was read with a version at least that new.
    """
    resource_version = version = subject.resource.api_version
    if not version and not subject.source.declared:
        recent = any(_stated(subject, name) for name in ("platformVersion", "publicNetworkAccess"))
        version = _RECENT if recent else ""
    if version and version[:10] >= since:
        return
    shown = f"api-version {version}" if resource_version else "an api-version that the input does not tell"
    raise Undetermined(
        Gap(
            Reason.API_VERSION,
            f"{pointer.lstrip('/')} of {subject.name}: it is absent, and was read or declared with {shown}; "
            f"its default holds from {since}",
            "read the service with api-version 2024-05-01 or newer, or state the member",
        )
    )


def rows() -> list[tuple[str, str, str, str, str]]:
    """The table for the documentation: type, pointer, value, since, source."""
    return [
        (type_, pointer, "by a rule" if callable(row.value) else repr(row.value), row.since, row.source)
        for type_, table in _TABLE.items()
        for pointer, row in table.items()
    ]
