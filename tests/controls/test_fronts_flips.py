"""One right document, and one thing wrong at a time: exactly the findings that depend on it change."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from auditor.model.inventory import InputKind, Inventory
from auditor.model.values import Unresolved
from controls import catalogue
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of, status_of, with_body, without

BASE = (
    FIXTURES
    / "controls/im-4/application-gateway-termination/pass--front-passes-it-on-in-a-header-complete.json"
)
WAF, HEADER, ENDS = (
    "apim.ns-6.waf-in-front",
    "apim.im-4.header-forwarded-certificate",
    "apim.im-4.application-gateway-termination",
)
GATEWAY, POLICY = "/contoso-front", "/contoso-waf"
RULE = "/properties/urlPathMaps/0/properties/pathRules/0/properties"
LISTENER = "/properties/httpListeners/0/properties"
REWRITES = "/properties/rewriteRuleSets/0/properties/rewriteRules/0"
CALLERS = "/properties/sslProfiles/0/properties/clientAuthConfiguration/verifyClientAuthMode"
FLIPS: list[tuple[str, str, str, Any, dict[str, str]]] = [
    ("mode", POLICY, "/properties/policySettings/mode", "Detection", {WAF: "fail"}),
    ("state", POLICY, "/properties/policySettings/state", "Disabled", {WAF: "fail"}),
    ("no managed rules", POLICY, "/properties/managedRules/managedRuleSets", [], {WAF: "fail"}),
    ("mode not known", POLICY, "/properties/policySettings/mode", Unresolved("p"), {WAF: "unknown"}),
    ("tier", GATEWAY, "/properties/sku/tier", "Standard_v2", {WAF: "fail"}),
    ("tier of tomorrow", GATEWAY, "/properties/sku/tier", "WAF_v3", {WAF: "unknown"}),
    ("policy not there", GATEWAY, "/properties/firewallPolicy/id", "/subscriptions/0/x", {WAF: "unknown"}),
    ("no policy", GATEWAY, "/properties/firewallPolicy", None, {WAF: "fail"}),
    (
        "header under another name",
        GATEWAY,
        f"{REWRITES}/actionSet/requestHeaderConfigurations/0/headerName",
        "X",
        {},
    ),
    (
        "certificates passed through, header under another name",
        GATEWAY,
        "",
        {CALLERS: "Passthrough", f"{REWRITES}/actionSet/requestHeaderConfigurations/0/headerName": "X-Other"},
        {HEADER: "fail"},
    ),
    ("path of another API", GATEWAY, f"{RULE}/paths", ["/stock/*"], {}),
    (
        "leads elsewhere",
        GATEWAY,
        "/properties/backendAddressPools/0/properties/backendAddresses",
        [{"fqdn": "contoso-shop.azurewebsites.net"}],
        {ENDS: "not_applicable"},
    ),
    (
        "a name that may be an alias",
        GATEWAY,
        "/properties/backendAddressPools/0/properties/backendAddresses",
        [{"fqdn": "alias.contoso.example"}],
        {ENDS: "manual"},
    ),
    (
        "address not known",
        GATEWAY,
        "/properties/backendAddressPools/0/properties/backendAddresses",
        [{"fqdn": Unresolved("p")}],
        {ENDS: "unknown"},
    ),
    (
        "unguarded, address not known",
        GATEWAY,
        "",
        {
            "/properties/sku/tier": "Standard_v2",
            "/properties/backendAddressPools/0/properties/backendAddresses": [{"fqdn": Unresolved("p")}],
        },
        {WAF: "unknown", ENDS: "unknown"},
    ),
    (
        "private listener, no policy",
        GATEWAY,
        "",
        {
            "/properties/firewallPolicy": None,
            f"{LISTENER}/frontendIPConfiguration/id": "/frontendIPConfigurations/private",
        },
        {},
    ),
    ("stopped", GATEWAY, "/properties/operationalState", "Stopped", {ENDS: "not_applicable"}),
    (
        "stopped, no policy",
        GATEWAY,
        "",
        {"/properties/operationalState": "Stopped", "/properties/firewallPolicy": None},
        {ENDS: "not_applicable"},
    ),
    ("running", GATEWAY, "/properties/operationalState", "Running", {}),
    (
        "state not known",
        GATEWAY,
        "/properties/operationalState",
        Unresolved("s"),
        {ENDS: "unknown"},
    ),
    ("two names of case", GATEWAY, f"{LISTENER}/hostName", "API.contoso.EXAMPLE", {}),
    ("policy's name in another case", GATEWAY, "", "upper", {}),
]


@pytest.fixture(scope="module")
def base() -> Inventory:
    return inventory_of(BASE)


def told(inventory: Inventory) -> dict[str, str]:
    return {
        check.id: str(status_of(found))
        for check in catalogue().checks
        if (found := findings(inventory, [check]))
    }


def flipped(inventory: Inventory, tail: str, pointer: str, value: Any) -> Inventory:
    resource = next(each for each in inventory.by_key.values() if each.key.endswith(tail))
    body: Any = copy.deepcopy(dict(resource.body))
    if value == "upper":
        pointer, value = "/properties/firewallPolicy/id", body["properties"]["firewallPolicy"]["id"].upper()
    for at, new in {pointer: value}.items() if pointer else value.items():
        body = without(body, at) if new is None else without(body, at, new)
    return with_body(inventory, resource, body)


def test_the_base_is_right(base: Inventory) -> None:
    found = told(base)
    assert (found[WAF], found[HEADER], found[ENDS]) == ("pass", "manual", "pass")


@pytest.mark.parametrize(
    ("name", "tail", "pointer", "value", "expected"), FLIPS, ids=[flip[0] for flip in FLIPS]
)
def test_one_thing_wrong(
    base: Inventory, name: str, tail: str, pointer: str, value: Any, expected: dict[str, str]
) -> None:
    before, after = told(base), told(flipped(base, tail, pointer, value))
    assert {check: status for check, status in after.items() if before.get(check) != status} == expected, name


def test_what_was_not_read_whole_is_no_question_for_a_person(base: Inventory) -> None:
    alias = flipped(
        base,
        GATEWAY,
        "/properties/backendAddressPools/0/properties/backendAddresses",
        [{"fqdn": "alias.contoso.example"}],
    )
    assert told(alias)[ENDS] == "manual"
    source = replace(alias.inputs[0], kind=InputKind.SNAPSHOT, lost=1)
    assert told(Inventory(alias.by_key.values(), alias.listings, [source]))[ENDS] == "unknown"
