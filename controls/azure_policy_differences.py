"""Why a built-in Azure Policy definition and a check of ours disagree: every reason there is.

`tests/azure_policy` holds each to a predicate on the input, and fails where none explains a disagreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Difference:
    """One reason why a definition and a check disagree on the same resource."""

    id: str
    """Stable."""
    says: str
    source: str
    """Title of the documentation, the definition's own rule, or our decision record."""


_ALIASES: Final = "Author policies for array properties on Azure resources"
_APPLIES: Final = "What is applicability in Azure Policy"
_BACKENDS: Final = "Backends in Azure API Management"
_BASE: Final = "Set or edit Azure API Management policies"
_RULE: Final = "the definition's rule"
_SIGN_IN: Final = "Authentication policies (authentication-managed-identity and others)"
_SUBSCRIPTIONS: Final = "Subscriptions in Azure API Management"
_TIERS: Final = "Feature-based comparison of the Azure API Management tiers"

_ALL: Final = (
    Difference(
        "not-shown",
        "Azure Policy sees the deployed resource, and takes what is not there for missing: "
        "compliant where the rule looks for something bad, non-compliant where it looks for "
        "something good. A file may leave it out, and then the check is unknown.",
        _ALIASES,
    ),
    Difference(
        "left-open",
        "An expression, or a value this version does not know, leaves open what the check reads. "
        "The rule does not need it, or takes any value it does not name for another one.",
        "decision 0001",
    ),
    Difference(
        "known-part-decides",
        "An expression leaves open what the rule compares; the part that is known is enough for the check.",
        "decision 0002",
    ),
    Difference(
        "stated-in-a-template",
        "A template states a member that only the service reports. No deployment takes it over, so "
        "the check does not believe it.",
        "Azure REST API reference, Api Management Service",
    ),
    Difference(
        "conditional",
        "The resource is deployed only under a condition that is not known: a failure of it is unknown.",
        "decision 0003",
    ),
    Difference(
        "tier-cannot",
        "The tier has nothing that could be set. The check does not concern it; Azure Policy counts"
        " it as compliant where its rule passes the tier over, and as non-compliant where it does "
        "not.",
        _TIERS,
    ),
    Difference(
        "tier-not-listed",
        "The tier can join a virtual network, and the definition's parameter has no value for it: the v2 "
        "tiers, and in one of the two definitions Isolated.",
        _RULE,
    ),
    Difference(
        "tier-asked",
        "The definition asks whether the tier could join a virtual network; the check, whether the "
        "service has.",
        _RULE,
    ),
    Difference(
        "other-locations",
        "The definition looks at the primary location. The check judges every location, and one of "
        "the additional ones is not in a virtual network.",
        _RULE,
    ),
    Difference(
        "platform-of-v2",
        "The v2 tiers have a platform of their own, which platformVersion does not describe.",
        _TIERS,
    ),
    Difference(
        "platform-not-told",
        "Azure reports the platform as undetermined, which the rule takes for not being stv1.",
        "Azure REST API reference, Api Management Service (platformVersion)",
    ),
    Difference(
        "no-gateway-to-configure",
        "There is no self-hosted gateway that could use the configuration endpoint, so the check "
        "does not miss the setting; the rule asks for it on every service.",
        "Self-hosted gateway overview",
    ),
    Difference(
        "not-concerned",
        "The check does not concern the resource: a subscription that does not work, a named value "
        "that is not secret. Azure Policy counts whatever has the type and does not match the rule "
        "as compliant.",
        _APPLIES,
    ),
    Difference(
        "whole-service",
        "A subscription over the whole service, such as the built-in one, has a scope that does not"
        " end in /apis. The definition passes it over; apim.pa-7.all-access-subscription judges it.",
        _SUBSCRIPTIONS,
    ),
    Difference(
        "scope-spelling",
        "The rule compares the end of the scope with /apis as text: a slash at the end escapes it, "
        "and one API that is called apis is taken for all.",
        _RULE,
    ),
    Difference(
        "scope-not-known",
        "The scope, or the state, is none that the documentation names: the check is unknown, and "
        "the rule takes it for another.",
        _SUBSCRIPTIONS,
    ),
    Difference(
        "made-by-the-service",
        "The service made the named value for a logger whose credential was typed in. There is "
        "nothing to put into a vault but the logger's own setting, which apim.im-8.inline-secrets "
        "judges.",
        "Configure logging with Application Insights in Azure API Management",
    ),
    Difference(
        "pool",
        "A pool has no address and no credentials of its own; its members are judged. The rule finds no url.",
        _BACKENDS,
    ),
    Difference(
        "service-fabric",
        "A Service Fabric cluster is recognised by thumbprints or X.509 names of its own, which a "
        "person has to look at. The rule looks at tls alone.",
        _BACKENDS,
    ),
    Difference(
        "credentials-passed-over",
        "The backend names a managed identity, or brings a header or a query parameter. The rule "
        "knows client certificates and the authorization scheme alone.",
        _RULE,
    ),
    Difference(
        "policies-sign-in",
        "Policies say how the gateway signs in to the backend: in full, under a condition, or with "
        "what the caller sent. The rule does not read policies.",
        _SIGN_IN,
    ),
    Difference(
        "policies-not-read",
        "Policies may sign in to the backend, and not all that could were read, or code in them chooses it.",
        _SIGN_IN,
    ),
    Difference(
        "certificate-sent",
        "The backend holds a client certificate. Users report that it is sent only where an "
        "authentication-certificate policy asks for it, which no document settles: the check is unknown.",
        _SIGN_IN,
    ),
    Difference(
        "nothing-sends",
        "No policy sends anything to the backend by its name, so there is nothing to authenticate. "
        "The rule judges backends that nobody uses.",
        "Set backend service policy",
    ),
    Difference(
        "nothing-named",
        "The credentials name a managed identity without the resource it signs in to.",
        "Use managed identities in Azure API Management",
    ),
    Difference(
        "protocols-not-known",
        "The list of protocols is empty, or names one this version does not know. The rule finds "
        "neither http nor ws in it.",
        "Azure REST API reference, Apis (protocols)",
    ),
    Difference(
        "nothing-to-lose",
        "The text lacks <base/> in one of the four sections, and no wider scope protects with anything "
        "there. The rule asks for the spelling, the check for what is lost.",
        _BASE,
    ),
    Difference(
        "base-not-first",
        "<base/> stands in the section, after statements that take nothing from what it brings. The rule "
        "asks for it right behind the start of the section.",
        _RULE,
    ),
    Difference(
        "own-copy",
        "The document has the very statement that it keeps out, so nothing is lost.",
        _BASE,
    ),
    Difference(
        "minor-lost",
        "What is kept out sets headers, parameters or variables, or allows other origins. That is told as "
        "information, or by a check of its own such as apim.im-8.credentials-forwarded.",
        "apim.pv-2.base-inherited, notes",
    ),
    Difference(
        "scopes-not-read",
        "What a section loses depends on the policies of the wider scopes, of operations and of "
        "fragments, and one of them was not read, or not to its end.",
        _BASE,
    ),
    Difference(
        "person-decides",
        "Something else stands in for what is lost, or whether it is lost is not documented: a person looks.",
        _BASE,
    ),
    Difference(
        "fooled-by-text",
        "The text that the rule looks for is there, in a comment, and the protection is lost all the same.",
        _RULE,
    ),
    Difference(
        "categories",
        "The definition wants a category group, audit or allLogs, and not a destination. The check "
        "wants GatewayLogs and WebSocketConnectionLogs to reach one, by category or by allLogs; "
        "audit holds neither.",
        "Supported logs for Microsoft.ApiManagement/service",
    ),
)

DIFFERENCES: Final[dict[str, Difference]] = {each.id: each for each in _ALL}
"""By id. A disagreement that none of them explains is a mistake, there or here."""
