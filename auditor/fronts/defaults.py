"""Documented defaults of application gateways and front doors.

Rows for the table in :mod:`auditor.apim.defaults`. Sources are titles of documentation and the REST
specification's property texts, read on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auditor.model.defaults import Row

_GATEWAY = "Application Gateway REST specification: the member is optional, and absent means none"
_DOOR = "Front Door REST specification: the member is optional, and absent means none"

_POLICY: Final = "Web application firewall policy REST specification: custom rules are optional"

ROWS: Final[Mapping[str, Mapping[str, Row]]] = {
    "microsoft.network/applicationgatewaywebapplicationfirewallpolicies": {
        "/properties/customRules": Row(None, _POLICY),
    },
    "microsoft.network/frontdoorwebapplicationfirewallpolicies": {
        "/properties/customRules/rules": Row(None, _POLICY),
    },
    "microsoft.network/applicationgateways": {
        f"/properties/{member}": Row(None, _GATEWAY)
        for member in (
            "firewallPolicy",
            "routingRules",
            "webApplicationFirewallConfiguration",
            "frontendIPConfigurations/*/properties/publicIPAddress",
            "httpListeners/*/properties/firewallPolicy",
            "httpListeners/*/properties/hostName",
            "httpListeners/*/properties/hostNames",
            "httpListeners/*/properties/sslProfile",
            "requestRoutingRules/*/properties/redirectConfiguration",
            "requestRoutingRules/*/properties/rewriteRuleSet",
            "urlPathMaps/*/properties/defaultRedirectConfiguration",
            "urlPathMaps/*/properties/defaultRewriteRuleSet",
            "urlPathMaps/*/properties/pathRules/*/properties/firewallPolicy",
            "urlPathMaps/*/properties/pathRules/*/properties/redirectConfiguration",
            "urlPathMaps/*/properties/pathRules/*/properties/rewriteRuleSet",
            "backendAddressPools/*/properties/backendAddresses/*/fqdn",
            "backendAddressPools/*/properties/backendAddresses/*/ipAddress",
            "backendHttpSettingsCollection/*/properties/hostName",
            "backendHttpSettingsCollection/*/properties/path",
            "sslProfiles/*/properties/trustedClientCertificates",
        )
    }
    | {
        "/properties/backendHttpSettingsCollection/*/properties/pickHostNameFromBackendAddress": Row(
            False, _GATEWAY
        )
    },
    "microsoft.network/frontdoors": {
        "/properties/frontendEndpoints/*/properties/webApplicationFirewallPolicyLink": Row(None, _DOOR),
        "/properties/routingRules/*/properties/routeConfiguration/customForwardingPath": Row(None, _DOOR),
        "/properties/backendPools/*/properties/backends/*/backendHostHeader": Row(None, _DOOR),
    },
    "microsoft.cdn/profiles/afdendpoints/routes": {
        "/properties/customDomains": Row(None, _DOOR),
        "/properties/ruleSets": Row(None, _DOOR),
        "/properties/originPath": Row(None, _DOOR),
    },
    "microsoft.cdn/profiles/origingroups/origins": {
        "/properties/originHostHeader": Row(None, _DOOR),
        "/properties/sharedPrivateLinkResource": Row(None, _DOOR),
    },
}
"""By type, in full or the last segment of a child type, and by pointer."""
