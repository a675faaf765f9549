"""Microsoft's built-in Azure Policy definitions for API Management, beside the checks that ask the same.

A definition and a check of one subject need not ask the same. Where they can differ, the table says why, and
`tests/azure_policy` holds that there is no other reason: it evaluates the definitions' own rules over real
inputs and over every fixture of the checks, and compares.

Source: the definitions as published on github.com/Azure/azure-policy (MIT), built-in policy release
3.2026.0417.1 of 29 April 2026, and the initiatives of the Microsoft cloud security benchmark there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

REVIEWED: Final = "2026-11-21"
"""Day the definitions were last read."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One built-in definition."""

    id: str
    """The last part of ``/providers/Microsoft.Authorization/policyDefinitions/ID``."""
    name: str
    """Its display name."""
    version: str
    """The version whose rule was read."""
    checks: tuple[str, ...]
    """Ids of our checks, the nearest first; empty where none asks for it."""
    benchmark: tuple[str, ...]
    """Controls that the benchmark's initiative files it under; empty where the initiative leaves it out."""
    asks: str
    """What makes a resource non-compliant."""
    differs: tuple[str, ...]
    """Ids of the differences that can occur."""
    note: str = ""
    """What else to know."""


_DIRECT: Final = ("apim.pa-1.direct-management", "apim.ns-2.configuration-endpoints")
_LOGS: Final = ("apim.lt-4.resource-logs",)
_ENDPOINT: Final = (
    "the tier is not Consumption, and tenant/access (by the parameter: tenant/gitaccess or "
    "tenant/gatewayaccess) is not there or not switched off"
)

BUILT_INS: Final[tuple[BuiltIn, ...]] = (
    BuiltIn(
        "3aa03346-d8c5-4994-a5bc-7652c2a2aef1",
        "API Management subscriptions should not be scoped to all APIs",
        "1.1.0",
        ("apim.pa-7.all-apis-subscription", "apim.pa-7.all-access-subscription"),
        ("PA-7",),
        "an active subscription whose scope ends in /apis",
        (
            "not-shown",
            "conditional",
            "known-part-decides",
            "not-concerned",
            "whole-service",
            "scope-spelling",
            "scope-not-known",
        ),
    ),
    BuiltIn(
        "73ef9241-5d81-4cd4-b483-8443d1730fe5",
        "API Management service should use a SKU that supports virtual networks",
        "1.0.0",
        ("apim.ns-1.virtual-network",),
        (),
        "the tier is not Developer, Premium or Isolated",
        ("not-shown", "left-open", "tier-asked", "tier-cannot", "tier-not-listed", "other-locations"),
    ),
    BuiltIn(
        "c15dcc82-b93c-4dcb-9332-fbf121685b54",
        "API Management calls to API backends should be authenticated",
        "1.0.1",
        ("apim.im-3.backend-authentication",),
        ("IM-4",),
        "a backend with a url and protocol http that has neither a client certificate nor scheme and "
        "parameter of an authorization",
        (
            "not-shown",
            "pool",
            "credentials-passed-over",
            "policies-sign-in",
            "policies-not-read",
            "certificate-sent",
            "nothing-named",
            "nothing-sends",
        ),
        "Certificates by certificateIds count as none there.",
    ),
    BuiltIn(
        "92bb331d-ac71-416a-8c91-02f2cb734ce4",
        "API Management calls to API backends should not bypass certificate thumbprint or name validation",
        "1.0.2",
        ("apim.dp-3.backend-certificate-validation",),
        ("IM-4",),
        "tls.validateCertificateChain or tls.validateCertificateName of a backend is false",
        ("conditional", "pool", "service-fabric"),
    ),
    BuiltIn(
        "d5448c98-e503-4fdd-bcd2-784960c00d04",
        "API Management policies should inherit parent scope policies using <base />",
        "1.0.0",
        ("apim.pv-2.base-inherited",),
        (),
        "a policy below the service whose text does not have <base/> first in each of the four sections",
        (
            "nothing-to-lose",
            "base-not-first",
            "own-copy",
            "minor-lost",
            "scopes-not-read",
            "person-decides",
            "fooled-by-text",
        ),
        "A link to a policy, in place of its text, is non-compliant there.",
    ),
    BuiltIn(
        "1b0d74ac-4b43-4c39-a15f-594385adc38d",
        "Modify API Management to disable username and password authentication",
        "1.1.0",
        ("apim.im-1.portal-basic-auth",),
        (),
        "enableBasicAuth of portalconfigs is not false; the effect sets it",
        ("left-open", "conditional", "tier-cannot"),
    ),
    BuiltIn(
        "ffe25541-3853-4f4e-b71d-064422294b11",
        "API Management should have username and password authentication disabled",
        "1.0.1",
        ("apim.im-1.portal-basic-auth",),
        (),
        "enableBasicAuth of portalconfigs is not false",
        ("left-open", "conditional", "tier-cannot"),
    ),
    BuiltIn(
        "b741306c-968e-4b67-b916-5675e5c709f4",
        "API Management direct management endpoint should not be enabled",
        "1.0.2",
        _DIRECT,
        ("PV-2",),
        "enabled is true on a tenant setting, whichever: access, gitAccess or gatewayAccess",
        ("not-shown", "left-open", "conditional", "tier-cannot"),
        "Its name speaks of direct management; it catches the Git repository as well.",
    ),
    BuiltIn(
        "ee7495e7-3ba7-40b6-bfee-c29e22cc75d4",
        "API Management APIs should use only encrypted protocols",
        "2.0.2",
        ("apim.dp-3.api-encrypted-protocols",),
        ("DP-3",),
        "protocols of an API hold http or ws",
        ("not-shown", "conditional", "protocols-not-known"),
    ),
    BuiltIn(
        "549814b6-3212-4203-bdc8-1548d342fb67",
        "[Deprecated]: API Management minimum API version should be set to 2019-12-01 or higher",
        "1.1.0-deprecated",
        (),
        (),
        "minApiVersion is not 2019-12-01 or of the 2020s; disabled by default",
        (),
        "Microsoft deprecated it on 2 September 2025 and took it out of the benchmark: by its description a "
        "minimum version no longer affects the security posture. No check asks for it.",
    ),
    BuiltIn(
        "f1cc7827-022c-473e-836e-5a51cae0b249",
        "API Management secret named values should be stored in Azure Key Vault",
        "1.0.2",
        ("apim.im-8.named-value-secret-in-key-vault",),
        ("DP-6", "IM-8"),
        "a named value with secret true and without keyVault.secretIdentifier",
        ("conditional", "known-part-decides", "not-concerned", "made-by-the-service"),
        "It does not look at named values that hold a secret and are not marked so, nor at versions in the "
        "identifier, nor into workspaces.",
    ),
    BuiltIn(
        "1dc2fc00-2245-4143-99f4-874c937f13ef",
        "Azure API Management platform version should be stv2",
        "1.0.0",
        ("apim.pv-2.platform-version",),
        ("AM-2", "PV-2"),
        "platformVersion is stv1",
        ("not-shown", "left-open", "stated-in-a-template", "platform-of-v2", "platform-not-told"),
    ),
    BuiltIn(
        "df73bd95-24da-4a4f-96b9-4e8b94b402bd",
        "API Management should disable public network access to the service configuration endpoints",
        "1.0.1",
        _DIRECT,
        ("NS-2",),
        _ENDPOINT,
        ("not-shown", "left-open", "conditional", "tier-cannot", "no-gateway-to-configure"),
        "It is about endpoints and says nothing of publicNetworkAccess: apim.ns-2.gateway-not-public does. "
        "The REST specification names the settings access and gitAccess alone: where there is no "
        "gatewayAccess, an assignment with the parameter Gateway Configuration is never met.",
    ),
    BuiltIn(
        "7ca8c8ac-3a6e-493d-99ba-c5fa35347ff2",
        "Configure API Management services to disable access to API Management public service configuration "
        "endpoints",
        "1.1.0",
        _DIRECT,
        (),
        _ENDPOINT + "; the effect switches it off",
        ("not-shown", "left-open", "conditional", "tier-cannot", "no-gateway-to-configure"),
    ),
    BuiltIn(
        "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b",
        "API Management services should use a virtual network",
        "1.0.2",
        ("apim.ns-1.virtual-network",),
        ("NS-2",),
        "on the tiers Developer and Premium, virtualNetworkType is absent or None",
        ("not-shown", "left-open", "tier-cannot", "tier-not-listed", "other-locations"),
    ),
)
"""The category API Management, in the order of the files' names."""

NEIGHBOURS: Final[tuple[BuiltIn, ...]] = (
    BuiltIn(
        "187242f4-89c6-4c43-9a4e-188c0efacc5f",
        "Resource logs should be enabled for Audit on supported resources",
        "1.0.0",
        _LOGS,
        (),
        "no diagnostic setting has an enabled entry for the category group audit or allLogs",
        ("not-shown", "left-open", "tier-cannot", "categories"),
    ),
)
"""Definitions of other categories that look at a service among other resources."""

_MORE: Final[Mapping[str, tuple[str, ...]]] = {
    "567c93f7-3661-494f-a30f-0a94d9bfebf8": _LOGS,
    "3a8ff864-d881-44ce-bed3-0c63ede634cb": _LOGS,
    "6f3f5778-f809-4755-9d8f-bd5a5a7add85": _LOGS,
    "8ac833bd-f505-48d5-887e-c993a1d3eea0": ("apim.im-1.operations-authenticated",),
}
"""Definitions whose rules were not compared: three that send logs somewhere, and one of Defender for APIs."""

CHECKS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **{each.id: each.checks for each in (*BUILT_INS, *NEIGHBOURS) if each.checks},
    **_MORE,
}
"""By the id of a definition: ids of the checks that ask the same, the nearest first."""


def built_in(definition_id: str) -> BuiltIn | None:
    """The row of a definition; None where it is none of the table.

    Args:
        definition_id: Its id or its name, in any case:
            ``/providers/Microsoft.Authorization/policyDefinitions/ef619a2c-...``.
    """
    name = definition_id.rstrip("/").rpartition("/")[2].casefold()
    return next((each for each in (*BUILT_INS, *NEIGHBOURS) if each.id == name), None)
