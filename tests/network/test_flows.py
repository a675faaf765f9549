"""Flows through security groups, against a model that tries every packet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Network, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.evidence import Gap, Log, Reason
from auditor.model.inventory import Input, InputKind, Inventory, Origin, Resource
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.network.flows import Filter
from auditor.network.places import Surroundings
from auditor.network.prefixes import Anything, Block, Prefix, Tag, Unsettled, tag
from auditor.network.rules import (
    ALL_PORTS,
    DEFAULT_RULES,
    Access,
    Direction,
    Ports,
    Protocol,
    Rule,
    arranged,
)
from controls import catalogue
from tests.conftest import NOW

GAP = Gap(Reason.UNRESOLVED, "a parameter")
REMOTE = Block(ip_network("198.51.100.0/29"))
LOCAL = Block(ip_network("10.0.1.0/30"))
AROUND = Surroundings((LOCAL,), (Block(ip_network("10.0.0.0/16")),), ())


def group() -> Subject:
    source = Input("made", InputKind.REST)
    resource = Resource(
        "/subscriptions/0/nsg", "microsoft.network/networksecuritygroups", {}, Origin(""), source
    )
    return Subject(Audit(Inventory([resource]), catalogue().knowledge, NOW), resource, Log())


def filter_of(rules: Iterable[Rule], around: Surroundings = AROUND, rest: Gap | None = None) -> Filter:
    return Filter(group(), arranged([*rules, *DEFAULT_RULES], rest), around)


def rule(
    priority: int,
    access: Access = Access.ALLOW,
    source: Prefix = Anything(),  # noqa: B008
    ports: Ports = ALL_PORTS,
    direction: Direction = Direction.INBOUND,
    destination: Prefix = Anything(),  # noqa: B008
    protocol: Protocol = Protocol.ANY,
    source_ports: Ports = ALL_PORTS,
) -> Rule:
    return Rule(
        f"rule-{priority}",
        priority,
        direction,
        access,
        protocol,
        (source,),
        (destination,),
        (source_ports,),
        (ports,),
    )


def named(text: str) -> Tag:
    found = tag(text)
    assert found is not None
    return found


# -- every packet ------------------------------------------------------------------------------------------

subnets = st.integers(29, 32).flatmap(
    lambda bits: st.integers(0, 2 ** (bits - 29) - 1).map(
        lambda index: Block(list(IPv4Network(str(REMOTE)).subnets(new_prefix=bits))[index])
    )
)
local_subnets = st.integers(30, 32).flatmap(
    lambda bits: st.integers(0, 2 ** (bits - 30) - 1).map(
        lambda index: Block(list(IPv4Network(str(LOCAL)).subnets(new_prefix=bits))[index])
    )
)
ranges = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda ends: (min(ends), max(ends)))
rules_drawn = st.builds(
    rule,
    st.integers(100, 104),
    st.sampled_from(Access),
    st.one_of(subnets, st.just(Anything()), st.just(Block(ip_network("0.0.0.0/0")))),
    ranges,
    st.sampled_from(Direction),
    st.one_of(local_subnets, st.just(Anything())),
    st.sampled_from((Protocol.ANY, Protocol.TCP, Protocol.UDP, Protocol.ICMP)),
    st.one_of(st.just(ALL_PORTS), ranges),
)
distinct = st.lists(rules_drawn, max_size=5, unique_by=lambda each: each.priority)


def holds(prefix: Prefix, address: int) -> bool:
    if isinstance(prefix, Block):
        return prefix.first <= address <= prefix.last
    return isinstance(prefix, Anything)


def brute(rules: list[Rule], source: int, destination: int, source_port: int, port: int) -> Access:
    """First match by priority over one TCP packet, the default rules after it: it comes from outside."""
    for each in sorted(rules, key=lambda one: one.priority if isinstance(one.priority, int) else 0):
        ports, sources = each.ports[0], each.source_ports[0]
        assert isinstance(ports, tuple)
        assert isinstance(sources, tuple)
        if (
            each.direction is Direction.INBOUND
            and each.protocol in (Protocol.ANY, Protocol.TCP)
            and ports[0] <= port <= ports[1]
            and sources[0] <= source_port <= sources[1]
            and holds(each.sources[0], source)
            and holds(each.destinations[0], destination)
        ):
            assert isinstance(each.access, Access)
            return each.access
    return Access.DENY


@settings(max_examples=200, deadline=None)
@given(distinct, ranges)
def test_a_flow_is_what_its_packets_are(rules: list[Rule], ports: Ports) -> None:
    # What is not among the rules of the model is decided by the first of these, for both.
    closed = [*rules, rule(4000, Access.DENY)]
    outcome = filter_of(closed).flow(Direction.INBOUND, REMOTE, ports, local=LOCAL)
    ends = {
        brute(closed, source, destination, source_port, port)
        for source in range(REMOTE.first, REMOTE.last + 1)
        for destination in range(LOCAL.first, LOCAL.last + 1)
        for source_port in (*range(7), 65535)
        for port in range(ports[0], ports[1] + 1)
    }
    assert outcome.open == ()
    assert {each.access for each in outcome.decisions} == ends
    assert outcome.allowed == (ends == {Access.ALLOW})
    assert outcome.denied == (ends == {Access.DENY})


@settings(max_examples=150, deadline=None)
@given(distinct, st.integers(0, 4), st.sampled_from(("sources", "ports", "access", "priority", "direction")))
def test_what_stands_without_a_member_stands_with_any(rules: list[Rule], index: int, member: str) -> None:
    """A verdict given though a member is not known is the one that every value of it would give."""
    closed = [*rules, rule(4000, Access.DENY)]
    at = index % len(closed)
    unknown: dict[str, object] = {
        "sources": (Unsettled(GAP),),
        "ports": (GAP,),
        "access": GAP,
        "priority": GAP,
        "direction": GAP,
    }
    values: dict[str, list[object]] = {
        "sources": [(Anything(),), (Block(ip_network("203.0.113.7/32")),), (REMOTE,)],
        "ports": [(ALL_PORTS,), ((9, 9),), ((2, 3),)],
        "access": list(Access),
        "priority": [99, 102.5, 4096],
        "direction": list(Direction),
    }
    hidden = [*closed[:at], replace(closed[at], **{member: unknown[member]}), *closed[at + 1 :]]  # type: ignore[arg-type]
    told = filter_of(hidden).flow(Direction.INBOUND, REMOTE, 3, local=LOCAL)
    for value in values[member]:
        shown = [*closed[:at], replace(closed[at], **{member: value}), *closed[at + 1 :]]  # type: ignore[arg-type]
        real = filter_of(shown).flow(Direction.INBOUND, REMOTE, 3, local=LOCAL)
        assert not (told.allowed and not real.allowed)
        assert not (told.denied and not real.denied)


@settings(max_examples=60, deadline=None)
@given(distinct)
def test_a_rule_more_that_cannot_be_read_settles_nothing(rules: list[Rule]) -> None:
    outcome = filter_of(rules, rest=GAP).flow(Direction.INBOUND, REMOTE, 3, local=LOCAL)
    assert not outcome.allowed
    assert not outcome.denied


# -- tags ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "remote", "expected"),
    [
        (named("Storage"), "Storage", True),
        (named("storage"), "Storage.WestEurope", True),
        (named("Storage.WestEurope"), "Storage.westeurope", True),
        (named("Storage.WestEurope"), "Storage.NorthEurope", False),
        (named("Storage.WestEurope"), "Storage", None),
        (named("AzureCloud"), "Storage", True),
        (named("AzureCloud.WestEurope"), "Storage.WestEurope", True),
        (named("AzureCloud.WestEurope"), "Storage", None),
        (named("Internet"), "Storage", True),
        (named("INTERNET"), "Storage", True),
        (named("VirtualNetwork"), "Storage", False),
        (named("AzureLoadBalancer"), "Storage", False),
        (named("Sql"), "Storage", False),
        (named("ServiceBus"), "EventHub", None),
        (named("AzureActiveDirectoryDomainServices"), "AzureActiveDirectory", None),
        (Anything(), "Storage", True),
        (Block(ip_network("0.0.0.0/0")), "Storage", True),
        (Block(ip_network("::/0")), "Storage", False),
        (Block(ip_network("10.0.0.0/8")), "Storage", False),
        (Block(ip_network("20.0.0.0/8")), "Storage", None),
        (Tag("storage", open=True), "Storage", None),
        (Unsettled(GAP), "Storage", None),
    ],
)
def test_a_service_tag_meets_a_prefix(prefix: Prefix, remote: str, expected: bool | None) -> None:
    """With one rule that allows and everything else denied, the flow tells whether the rule held it."""
    rules = [
        rule(100, destination=prefix, direction=Direction.OUTBOUND),
        rule(200, Access.DENY, direction=Direction.OUTBOUND),
    ]
    outcome = filter_of(rules).flow(Direction.OUTBOUND, named(remote), 443)
    assert (outcome.allowed, outcome.denied) == (expected is True, expected is False)


def test_a_tag_may_be_divided() -> None:
    rules = [
        rule(100, destination=named("Storage.WestEurope"), direction=Direction.OUTBOUND),
        rule(200, Access.DENY, direction=Direction.OUTBOUND, destination=named("Storage")),
    ]
    outcome = filter_of(rules).flow(Direction.OUTBOUND, named("Storage"), 443)
    assert len(outcome.of(Access.ALLOW)) == 1
    assert len(outcome.of(Access.DENY)) == 1


# -- the width of the internet -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "wide"),
    [
        ([Anything()], True),
        ([named("Internet")], True),
        ([Block(ip_network("0.0.0.0/0"))], True),
        ([Block(ip_network("0.0.0.0/1"))], True),
        ([Block(ip_network("0.0.0.0/1")), Block(ip_network("128.0.0.0/1"))], True),
        ([Block(ip_network("48.0.0.0/6"))], True),
        ([Block(each) for each in ip_network("48.0.0.0/5").subnets(new_prefix=12)], True),
        ([Block(ip_network("48.0.0.0/8"))], False),
        ([Block(ip_network("198.51.100.0/24"))], False),
        ([Block(ip_network("10.0.0.0/8"))], False),
        ([Block(ip_network("::/0"))], False),
        ([named("AzureCloud")], True),
        ([named("AzureCloud.WestEurope")], True),
        ([named("AzureFrontDoor.Backend")], False),
        ([named("VirtualNetwork")], False),
        ([named("AzureLoadBalancer")], False),
        ([Unsettled(GAP)], None),
        ([Unsettled(GAP), named("Internet")], True),
    ],
)
def test_width(sources: list[Prefix], wide: bool | None) -> None:
    rules = [rule(100 + number, source=source) for number, source in enumerate(sources)]
    assert filter_of(rules).width(Direction.INBOUND, 443).wide is wide


def test_what_is_denied_first_is_not_wide() -> None:
    rules = [rule(100, Access.DENY, named("Internet")), rule(200)]
    assert filter_of(rules).width(Direction.INBOUND, 443).wide is False


def test_the_internet_without_azure_is_still_wide() -> None:
    rules = [rule(100, Access.DENY, named("AzureCloud")), rule(200, source=named("Internet"))]
    assert filter_of(rules).width(Direction.INBOUND, 443).wide is True


def test_a_default_route_leaves_open_how_far_the_network_reaches() -> None:
    routed = replace(AROUND, routed=(Block(ip_network("0.0.0.0/0")),))
    assert filter_of([], routed).width(Direction.INBOUND, 443).wide is None
    denied = [rule(4000, Access.DENY, named("Internet"))]
    assert filter_of(denied, routed).width(Direction.INBOUND, 443).wide is False
    assert filter_of([]).width(Direction.INBOUND, 443).wide is False


def test_a_literal_local_side() -> None:
    def wide(destination: str, around: Surroundings = AROUND) -> bool | None:
        rules = [rule(100, destination=Block(ip_network(destination)))]
        return filter_of(rules, around).width(Direction.INBOUND, 443).wide

    assert wide("10.0.1.0/24") is True
    assert wide("10.0.9.0/24") is False
    assert wide("10.0.1.0/31") is None
    assert wide("10.0.1.0/24", replace(AROUND, own=GAP)) is None
    assert wide("0.0.0.0/0", replace(AROUND, own=GAP)) is True


def test_two_rules_of_one_priority_decide_nothing_but_together() -> None:
    both = [rule(100), replace(rule(100, Access.DENY), name="other")]
    assert len(filter_of(both).flow(Direction.INBOUND, REMOTE, 443).open) == 1
    same = [rule(100), replace(rule(100), name="other")]
    assert filter_of(same).flow(Direction.INBOUND, REMOTE, 443).allowed
