"""When each reason explains a disagreement: a predicate on what the input holds, by the reason's id."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from auditor.model.evidence import Reason
from auditor.model.inventory import Resource
from tests.azure_policy import facts, reasons_below
from tests.azure_policy.comparing import ENDPOINTS, Pair
from tests.azure_policy.facts import (
    ALL_APIS,
    BACKEND,
    BAD,
    DIRECT,
    FAIL,
    GOOD,
    LOGS,
    NAMED_VALUE,
    NETWORK,
    NOT_APPLICABLE,
    OPEN,
    PASS,
    PLATFORM,
    PROTOCOLS,
    SKU,
    UNKNOWN,
    of,
    raw,
    said,
    text,
    tier,
)

_V2: Final = frozenset({"basicv2", "standardv2", "premiumv2"})
_TIERS: Final = frozenset({"developer", "basic", "standard", "premium", "isolated", "consumption", *_V2})
_CANNOT: Final = {
    "apim.ns-1.virtual-network": {"consumption", "basic", "standard", "basicv2", "standardv2"},
    "apim.pa-1.direct-management": {"consumption", *_V2},
    "apim.im-1.portal-basic-auth": {"consumption"},
    "apim.lt-4.resource-logs": {"consumption"},
}
"""Tiers without what a check asks for."""
_READS: Final = {
    DIRECT: ("properties.enabled",),
    ALL_APIS: ("properties.scope", "properties.state"),
    PLATFORM: ("properties.platformVersion",),
    NETWORK: ("properties.virtualNetworkType", "properties.additionalLocations"),
    SKU: ("properties.virtualNetworkType", "properties.additionalLocations"),
    PROTOCOLS: ("properties.protocols",),
    NAMED_VALUE: ("properties.secret", "properties.keyVault", "properties.displayName"),
    BACKEND: ("properties.url", "properties.protocol", "properties.credentials", "properties.type"),
}
"""The members that decide, there or here."""
_PLATFORMS: Final = frozenset({"stv1", "stv2", "stv2.1", "mtv1", "undetermined"})


def _values(pair: Pair) -> list[Any]:
    return [raw(pair.resource, path) for path in _READS.get(of(pair), ())]


# -- what an input shows -----------------------------------------------------------------------------------


def not_shown(pair: Pair) -> bool:
    gaps = facts.reasons(pair)
    if pair.ours is not UNKNOWN or not gaps or not gaps <= facts.NOT_THERE:
        return False
    if pair.endpoint:
        wanted = ENDPOINTS[pair.endpoint].casefold()
        shown = [each for each in facts.children(pair, "tenant") if each.name.casefold() == wanted]
        return all(raw(each, "properties.enabled") is None for each in shown)
    if of(pair) == LOGS:
        # A list that goes on, or none at all.
        return Reason.TRUNCATED in gaps or not _settings(pair)
    # What decides is the first of them; of the others a default is documented.
    return bool(_values(pair)) and _values(pair)[0] is None


def _settings(pair: Pair) -> list[Resource]:
    return pair.inventory.extensions(pair.resource.key, "microsoft.insights/diagnosticsettings")


def left_open(pair: Pair) -> bool:
    if pair.ours is not UNKNOWN or not facts.reasons(pair) & {Reason.UNRESOLVED, Reason.UNKNOWN_VALUE}:
        return False
    if of(pair) == LOGS and any(facts.is_open(each.body) or each.condition for each in _settings(pair)):
        return True
    if of(pair) == PLATFORM and text(pair.resource, "properties.platformVersion") not in {"", *_PLATFORMS}:
        return True
    sku = raw(pair.service, "sku.name")
    return (
        facts.is_open(_values(pair)) or facts.is_open(sku) or (sku is not None and tier(pair) not in _TIERS)
    )


def known_part_decides(pair: Pair) -> bool:
    return said(pair, OPEN, PASS, FAIL, NOT_APPLICABLE) and facts.is_open(_values(pair))


def stated_in_a_template(pair: Pair) -> bool:
    source = pair.resource.input
    declared = source.declared and not source.exported
    return pair.ours is UNKNOWN and declared and raw(pair.resource, "properties.platformVersion") is not None


def conditional(pair: Pair) -> bool:
    endpoint = ENDPOINTS.get(pair.endpoint, "").casefold()
    asked = [each for each in facts.children(pair, "tenant") if each.name.casefold() == endpoint]
    open_ = facts.conditional(pair) or any(each.condition is not None for each in asked)
    return pair.ours is UNKNOWN and Reason.UNRESOLVED in facts.reasons(pair) and open_


# -- tiers and platform ------------------------------------------------------------------------------------


def tier_cannot(pair: Pair) -> bool:
    return pair.ours is NOT_APPLICABLE and tier(pair) in _CANNOT.get(pair.built_in.checks[0], ())


def _outside(pair: Pair) -> bool:
    return text(pair.resource, "properties.virtualNetworkType") in ("", "none")


def tier_not_listed(pair: Pair) -> bool:
    unlisted = ("premiumv2",) if of(pair) == SKU else ("premiumv2", "isolated")
    if tier(pair) not in unlisted:
        return False
    if pair.ours is UNKNOWN:
        return bool(facts.reasons(pair))
    if of(pair) == SKU:
        return (
            said(pair, BAD, PASS)
            and not _outside(pair)
            and facts.delegated(pair, "microsoft.web/hostingenvironments")
        )
    into_none = _outside(pair) or facts.delegated(pair, "microsoft.web/serverfarms")
    return said(pair, GOOD, FAIL) and into_none


def tier_asked(pair: Pair) -> bool:
    listed = tier(pair) in ("developer", "premium", "isolated")
    return said(pair, GOOD, FAIL) and listed and _outside(pair)


def other_locations(pair: Pair) -> bool:
    locations = raw(pair.resource, "properties.additionalLocations") or ()
    outside = any(
        not (each.get("virtualNetworkConfiguration") or {}).get("subnetResourceId") for each in locations
    )
    return said(pair, GOOD, FAIL) and outside and not _outside(pair)


def platform_of_v2(pair: Pair) -> bool:
    return said(pair, GOOD, NOT_APPLICABLE) and tier(pair) in _V2


def platform_not_told(pair: Pair) -> bool:
    stated = text(pair.resource, "properties.platformVersion")
    return said(pair, GOOD, UNKNOWN) and stated == "undetermined"


def no_gateway_to_configure(pair: Pair) -> bool:
    none = not facts.children(pair, "gateways") and pair.resource.input.whole
    usable = tier(pair) in ("developer", "premium", "isolated")
    shown = any(each.name.casefold() == "gatewayaccess" for each in facts.children(pair, "tenant"))
    asked = pair.endpoint == "Gateway Configuration" and not shown
    return asked and pair.theirs is BAD and pair.ours in (None, PASS, NOT_APPLICABLE) and (none or not usable)


# -- subscriptions, named values ---------------------------------------------------------------------------


def not_concerned(pair: Pair) -> bool:
    if not said(pair, GOOD, NOT_APPLICABLE):
        return False
    if of(pair) == NAMED_VALUE:
        shown = text(pair.resource, "properties.secret") in ("", "false")
        return shown and raw(pair.resource, "properties.keyVault") is None
    stated = raw(pair.resource, "properties.state")
    return (
        of(pair) == ALL_APIS
        and text(pair.resource, "properties.state") != "active"
        and not facts.is_open(stated)
    )


def _scope(pair: Pair) -> str:
    return text(pair.resource, "properties.scope")


def whole_service(pair: Pair) -> bool:
    whole = re.search(r"/service/[^/]+/?$", _scope(pair)) or _scope(pair) == "/"
    return said(pair, GOOD, NOT_APPLICABLE) and bool(whole)


def scope_spelling(pair: Pair) -> bool:
    slash = said(pair, GOOD, FAIL) and _scope(pair).endswith("/apis/")
    return slash or (said(pair, BAD, PASS) and _scope(pair).endswith("/apis/apis"))


def scope_not_known(pair: Pair) -> bool:
    states = {"active", "suspended", "expired", "submitted", "rejected", "cancelled"}
    state = text(pair.resource, "properties.state")
    odd = _scope(pair) == "" or (state != "" and state not in states)
    return said(pair, GOOD, UNKNOWN) and odd and facts.reasons(pair) == {Reason.UNKNOWN_VALUE}


def made_by_the_service(pair: Pair) -> bool:
    name = text(pair.resource, "properties.displayName")
    return (
        said(pair, BAD, NOT_APPLICABLE)
        and re.fullmatch(r"logger-credentials-+[0-9a-f]{24}", name) is not None
    )


# -- resource logs -----------------------------------------------------------------------------------------


def categories(pair: Pair) -> bool:
    places = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
    groups, named = set[str](), set[str]()
    for setting in _settings(pair):
        enabled = [log for log in raw(setting, "properties.logs") or () if log.get("enabled") is True]
        found = {str(log.get("categoryGroup", "")).casefold() for log in enabled}
        sent = any(raw(setting, f"properties.{place}") for place in places)
        groups |= found if sent or said(pair, BAD, PASS) else found - {"alllogs"}
        named |= {str(log.get("category", "")).casefold() for log in enabled} if sent else set()
    if said(pair, BAD, PASS):
        return {"gatewaylogs", "websocketconnectionlogs"} <= named and not groups & {"audit", "alllogs"}
    return said(pair, GOOD, FAIL) and "alllogs" not in groups


PREDICATES: Final[Mapping[str, Callable[[Pair], bool]]] = {
    "not-shown": not_shown,
    "left-open": left_open,
    "known-part-decides": known_part_decides,
    "stated-in-a-template": stated_in_a_template,
    "conditional": conditional,
    "tier-cannot": tier_cannot,
    "tier-not-listed": tier_not_listed,
    "tier-asked": tier_asked,
    "other-locations": other_locations,
    "platform-of-v2": platform_of_v2,
    "platform-not-told": platform_not_told,
    "no-gateway-to-configure": no_gateway_to_configure,
    "not-concerned": not_concerned,
    "whole-service": whole_service,
    "scope-spelling": scope_spelling,
    "scope-not-known": scope_not_known,
    "made-by-the-service": made_by_the_service,
    "pool": reasons_below.pool,
    "service-fabric": reasons_below.service_fabric,
    "credentials-passed-over": reasons_below.credentials_passed_over,
    "policies-sign-in": reasons_below.policies_sign_in,
    "policies-not-read": reasons_below.policies_not_read,
    "certificate-sent": reasons_below.certificate_sent,
    "nothing-sends": reasons_below.nothing_sends,
    "nothing-named": reasons_below.nothing_named,
    "protocols-not-known": reasons_below.protocols_not_known,
    "nothing-to-lose": reasons_below.nothing_to_lose,
    "base-not-first": reasons_below.base_not_first,
    "own-copy": reasons_below.own_copy,
    "minor-lost": reasons_below.minor_lost,
    "scopes-not-read": reasons_below.scopes_not_read,
    "person-decides": reasons_below.person_decides,
    "fooled-by-text": reasons_below.fooled_by_text,
    "categories": categories,
}


def explained(pair: Pair) -> str:
    """The id of the first of a definition's reasons that explains a disagreement; empty where none does."""
    return next((each for each in pair.built_in.differs if PREDICATES[each](pair)), "")
