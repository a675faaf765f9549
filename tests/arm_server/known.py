"""What the providers know: API Management's collections, tiers and api-versions, and the other providers'
versions.

Collections: "Azure API Management REST API", api-version 2024-05-01 (every GET of the reference). Tiers:
the feature comparison of the API Management tiers, and errors quoted in public issue threads (groups and
tenant settings in Consumption, tenant settings in StandardV2, portal settings in BasicV2, APIs and named
values in AIGateway)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.arm_server.ids import ARM, Place

APIM = "microsoft.apimanagement"

APIM_VERSIONS = (
    *("2016-07-07", "2016-10-10", "2017-03-01", "2018-01-01", "2018-06-01-preview", "2019-01-01"),
    *("2019-12-01-preview", "2019-12-01", "2020-06-01-preview", "2020-12-01", "2021-01-01-preview"),
    *("2021-04-01-preview", "2021-08-01", "2021-12-01-preview", "2022-04-01-preview", "2022-08-01"),
    *("2022-09-01-preview", "2023-03-01-preview", "2023-05-01-preview", "2023-09-01-preview", "2024-05-01"),
    *("2024-06-01-preview", "2024-10-01-preview", "2025-03-01-preview", "2025-09-01-preview"),
)
"""Oldest first. The old ones stay: what was recorded with them is replayed with them."""

_RESOURCES = (
    "2014-04-01 2015-01-01 2016-06-01 2018-06-01 2019-06-01 2019-11-01 2020-01-01 2021-01-01 2021-04-01 \
2022-09-01 2022-12-01"
)
_GRAPH = "2018-09-01-preview 2019-04-01 2020-04-01-preview 2021-03-01 2022-10-01 2024-04-01"

VERSIONS: dict[str, tuple[str, ...]] = {
    APIM: APIM_VERSIONS,
    "microsoft.insights/diagnosticsettings": ("2016-09-01", "2017-05-01-preview", "2021-05-01-preview"),
    "microsoft.resourcegraph": tuple(_GRAPH.split()),
    "microsoft.policyinsights/policystates": ("2018-04-04", "2018-07-01-preview", "2019-10-01", "2024-10-01"),
    "microsoft.resources/subscriptions": tuple(_RESOURCES.split()),
}
"""Supported versions by type, or by provider; what has no row takes any version that looks like one."""

NEWEST = {"microsoft.network": "2026-12-31", "microsoft.keyvault": "2026-12-31"}
_VERSION = re.compile(r"20\d\d-(0[1-9]|1[0-2])-([0-2]\d|3[01])(-(preview|alpha|beta|privatepreview))?")

_API = """
diagnostics issues issues/attachments issues/comments operations operations/policies operations/tags
operationsByTags policies products releases resolvers resolvers/policies revisions schemas tagDescriptions
tags wikis
"""
_WORKSPACE = """
apiVersionSets apis apis/diagnostics apis/operations apis/operations/policies apis/policies apis/releases
apis/revisions apis/schemas backends certificates diagnostics groups groups/users loggers namedValues
notifications notifications/recipientEmails notifications/recipientUsers policies policyFragments products
products/apiLinks products/groupLinks products/policies schemas subscriptions tags tags/apiLinks
tags/operationLinks tags/productLinks
"""
_SERVICE = """
allPolicies apiVersionSets apis apisByTags authorizationProviders authorizationProviders/authorizations
authorizationProviders/authorizations/accessPolicies authorizationServers backends caches certificates
contentTypes contentTypes/contentItems diagnostics documentations gateways gateways/apis
gateways/certificateAuthorities gateways/hostnameConfigurations groups groups/users identityProviders issues
locations locations/networkstatus loggers namedValues notifications notifications/recipientEmails
notifications/recipientUsers openidConnectProviders policies policyDescriptions policyFragments
policyRestrictions portalRevisions portalconfigs portalsettings privateEndpointConnections
privateLinkResources products products/apiLinks products/apis products/groupLinks products/groups
products/policies products/subscriptions products/tags products/wikis productsByTags quotas quotas/periods
regions schemas settings skus subscriptions tagResources tags tags/apiLinks tags/operationLinks
tags/productLinks templates tenant users users/groups users/identities users/subscriptions workspaceLinks
workspaces api-version-sets properties networkstatus outboundNetworkDependenciesEndpoints operationresults
"""

APIM_KINDS = frozenset(
    f"service/{kind}".lower()
    for kind in (
        *_SERVICE.split(),
        *(f"apis/{kind}" for kind in _API.split()),
        *(f"workspaces/{kind}" for kind in _WORKSPACE.split()),
    )
) | frozenset(
    {"service", "gateways", "gateways/configconnections", "deletedservices", "locations", "operations"}
)
"""Every collection of a service, by the types on its path, without case; then those beside services."""

PLAIN: Mapping[str, object] = {
    "service/networkstatus": [],
    "service/locations/networkstatus": {"dnsServers": [], "connectivityStatus": []},
}
"""Collections whose answer has no ``value``, as it is when nothing was said of it."""

NOT_IN_TIER: Mapping[str, frozenset[str]] = {
    "consumption": frozenset(
        [
            "groups",
            "users",
            "portalsettings",
            "portalconfigs",
            "portalrevisions",
            "tenant",
            "gateways",
            "identityproviders",
            "notifications",
            "templates",
            "workspaces",
            "workspacelinks",
            "issues",
        ]
    ),
    "basicv2": frozenset({"portalsettings", "tenant", "gateways", "workspaces"}),
    "standardv2": frozenset({"tenant", "gateways", "workspaces"}),
    "premiumv2": frozenset({"tenant", "gateways"}),
    "basic": frozenset({"gateways", "workspaces"}),
    "standard": frozenset({"gateways", "workspaces"}),
    "aigateway": frozenset({"apis", "namedvalues"}),
}
"""Collections that a tier refuses with MethodNotAllowedInPricingTier, unless the state holds some all the
same."""


def api_versions(place: Place, changed: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The versions a place is served in; None: any that looks like one."""
    if not place.own:
        return None
    own = "microsoft.resources/subscriptions" if place.namespace == ARM else place.type_key
    for table in (changed, VERSIONS):
        for row in (own, place.namespace.lower()):
            if row in table:
                return table[row]
    return None


def looks_like_version(version: str, place: Place) -> bool:
    """Whether a provider without a row of its own would take it."""
    newest = NEWEST.get(place.namespace.lower(), "2026-12-31")
    return _VERSION.fullmatch(version) is not None and version[:10] <= newest


def knows(place: Place) -> bool:
    """Whether the provider has that type; only API Management's are listed."""
    return place.namespace.lower() != APIM or place.kind in APIM_KINDS


def refused_by(tier: str | None, place: Place) -> bool:
    """Whether a service's tier has no such collection."""
    if tier is None or place.namespace.lower() != APIM or not place.kind.startswith("service/"):
        return False
    return place.kind.split("/")[1] in NOT_IN_TIER.get(tier.lower(), frozenset())
