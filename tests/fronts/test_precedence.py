"""Which rule of an application gateway takes a request, against a gateway that tries them one by one."""

from __future__ import annotations

import copy
import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.fronts import application_gateways
from auditor.fronts.precedence import NOTHING, Taken, fits
from auditor.fronts.route import Route
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.knowledge import Audit
from auditor.model.logic import settled
from auditor.model.subject import Subject
from auditor.model.values import Unresolved
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import FIXTURES, NOW
from tests.judging import inventory_of, with_body

BASE = FIXTURES / "controls/ns-6/waf-in-front/pass--unguarded-rule-that-no-request-gets-to.json"
PARTS = st.sampled_from(["a", "b", "*", "?", "a*"])
PATTERNS = st.lists(PARTS, min_size=2, max_size=3).map(".".join)
NAMES = st.lists(st.sampled_from(["a", "b", "ab", "aa"]), min_size=2, max_size=3).map(".".join)


def gateway_with(rules: list[dict[str, Any]], *, tier: str = "WAF_v2") -> Subject:
    """A gateway with rules, each given by what differs: hosts, priority, address, port."""
    inventory = inventory_of(BASE)
    resource = next(each for each in inventory.by_key.values() if each.type == application_gateways.TYPE)
    body: Any = copy.deepcopy(dict(resource.body))
    properties = body["properties"]
    properties["sku"]["tier"] = tier
    listener, rule = properties["httpListeners"][0], properties["requestRoutingRules"][0]
    port = properties["frontendPorts"][0]
    properties["frontendPorts"] = [port, {**port, "name": "other", "properties": {"port": 8443}}]
    properties["httpListeners"], properties["requestRoutingRules"] = [], []
    for number, each in enumerate(rules):
        one, two = copy.deepcopy(listener), copy.deepcopy(rule)
        one["name"] = two["name"] = f"r{number}"
        one["properties"]["hostNames"] = each.get("hosts", [])
        for name, member in (("address", "frontendIPConfiguration"), ("port", "frontendPort")):
            if name in each:
                one["properties"][member]["id"] = f"/x/{each[name]}"
        two["properties"]["httpListener"]["id"] = f"/x/r{number}"
        two["properties"].pop("priority", None)
        if "priority" in each:
            two["properties"]["priority"] = each["priority"]
        properties["httpListeners"].append(one)
        properties["requestRoutingRules"].append(two)
    changed = with_body(inventory, resource, body)
    found = next(each for each in changed.by_key.values() if each.type == application_gateways.TYPE)
    return Subject(Audit(changed, catalogue().knowledge, NOW), found, Log())


def routes(rules: list[dict[str, Any]], **more: Any) -> list[Route]:
    return list(application_gateways.read(gateway_with(rules, **more)).routes)


def hosts(route: Route) -> tuple[str, ...]:
    assert not isinstance(route.hosts, Undetermined)
    return route.hosts


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(PATTERNS, max_size=2), min_size=1, max_size=4), NAMES, st.randoms())
def test_one_rule_takes_a_request(listeners: list[list[str]], name: str, random: Any) -> None:
    numbers = random.sample(range(1, 20), len(listeners))
    rules = [{"hosts": each, "priority": n} for each, n in zip(listeners, numbers, strict=True)]
    ranked = sorted(range(len(rules)), key=lambda place: numbers[place])
    takes = next(
        (p for p in ranked if not listeners[p] or any(fnmatchcase(name, h) for h in listeners[p])), None
    )
    found = routes(rules)
    took = [
        place
        for place, route in enumerate(found)
        if (not hosts(route) or any(fits(each, name) for each in hosts(route))) and route.taken.leaves(name)
    ]
    assert took == ([] if takes is None else [takes])
    if takes is not None:
        assert found[takes].taken.leaves_some(hosts(found[takes]))


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ([], ["api.example"], False),
        ([], [], False),
        (["api.example"], [], True),
        (["*.example"], ["api.example"], False),
        (["*.example"], ["API.Example"], False),
        (["*.example"], ["a.b.example"], False),
        (["*.example"], ["example"], True),
        (["*.example"], ["*.dev.example"], False),
        (["*.dev.example"], ["*.example"], True),
        (["?.example"], ["*.example"], True),
        (["*.example"], ["?.example"], False),
        (["a.example", "b.example"], ["a.example", "c.example"], True),
        (["a.example", "b.example"], ["a.example", "b.example"], False),
    ],
)
def test_what_a_rule_leaves_to_the_next(first: list[str], second: list[str], left: bool) -> None:
    one, other = routes([{"hosts": first, "priority": 1}, {"hosts": second, "priority": 2}])
    assert one.taken == NOTHING
    assert other.taken.leaves_some(hosts(other)) is left


ANY: dict[str, Any] = {"hosts": [], "priority": 1}


@pytest.mark.parametrize("apart", [{"address": "private"}, {"port": "other"}])
def test_listeners_at_another_address_or_port_take_nothing(apart: dict[str, str]) -> None:
    _, other = routes([ANY, {"hosts": ["api.example"], "priority": 2, **apart}])
    assert other.taken == NOTHING


def orders(rules: list[dict[str, Any]], **more: Any) -> list[bool | None]:
    """For each rule whether anything is left to it; None where that is not known."""
    found = [settled(lambda r=r: r.taken.leaves_some(hosts(r))) for r in routes(rules, **more)]  # type: ignore[misc]
    return [None if isinstance(each, Undetermined) else each for each in found]


def test_the_order_of_older_gateways() -> None:
    api: dict[str, Any] = {"hosts": ["api.example"]}
    wild: dict[str, Any] = {"hosts": ["*.example"]}
    basic: dict[str, Any] = {}
    assert orders([basic, api], tier="WAF") == [True, False]
    assert orders([api, basic], tier="WAF") == [True, True]
    assert orders([basic, api]) == [True, True]
    assert orders([wild, api]) == [True, None]
    assert orders([wild, {**api, "priority": 1}]) == [True, None]
    assert orders([{**basic, "priority": 3}, {**api, "priority": 3}]) == [True, None]
    assert orders([basic, api], tier="WAF_v3") == [True, None]


@pytest.mark.parametrize(
    "unknown",
    [
        {"hosts": [Unresolved("h")], "priority": 1},
        {"hosts": [], "priority": Unresolved("p")},
        {"hosts": [], "priority": 1, "address": "gone"},
        {"hosts": [], "priority": 1, "port": "gone"},
    ],
)
def test_what_was_not_read_of_a_rule_may_take_it_all(unknown: dict[str, Any]) -> None:
    found = routes([unknown, {"hosts": ["api.example"], "priority": 2}])
    assert isinstance(settled(lambda: found[1].taken.leaves("api.example")), Undetermined)


def test_a_name_that_is_not_known_may_be_taken() -> None:
    doubt = Undetermined(Gap(Reason.ABSENT, "x"))
    assert isinstance(settled(lambda: Taken(("api.example",)).leaves("[p]")), Undetermined)
    assert isinstance(settled(lambda: Taken((), ((("api.example",), doubt),)).leaves("[p]")), Undetermined)
    assert Taken(("*",)).leaves("[p]") is False
    assert NOTHING.leaves("[p]") is True
    assert Taken((), ((("api.example",), doubt),)).leaves("www.example") is True


def test_a_template_does_not_tell_that_a_gateway_is_stopped(tmp_path: Path) -> None:
    path = BASE.with_name("pass--stopped-gateway-without-firewall.json")
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {**each, "apiVersion": "2023-09-01"} for each in json.loads(path.read_text(encoding="utf-8"))
        ],
    }
    target = tmp_path / "t.json"
    target.write_text(json.dumps(template), encoding="utf-8")
    inventory = read_paths([str(target)]).inventory
    gateway = next(each for each in inventory.by_key.values() if each.type == application_gateways.TYPE)
    audit = Audit(inventory, catalogue().knowledge, NOW)
    assert application_gateways.read(Subject(audit, gateway, Log())).idle is False
