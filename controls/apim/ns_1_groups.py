"""The checks of NS-1 on the network security group of each location's subnet. Words in ns_1.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auditor.apim.admission import wide_rules
from auditor.apim.exposure import Network, network_of
from auditor.apim.kinds import LOCATION
from auditor.apim.ports import MANAGEMENT, MANAGEMENT_PORT, answer, answers, needs_of
from auditor.apim.subnets import filter_at, names_subnet, subnet_of
from auditor.apim.tiers import Capability, is_v2, needs
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Verdict
from auditor.network.flows import Filter, size
from auditor.network.rules import Access, Direction, Ports, Protocol, Rule
from auditor.network.subnets import default_hop, has_security_group
from controls.declare import check

_GROUPS = "Network Security Group Support"
_SUBNET = needs(Capability.VNET_INJECTION, "It has no subnet that a security group could protect.")
_TAG = "apimanagement"
_TAG_SIZE = 2**16
"""More addresses than the tag ApiManagement has: of more, some are not of the service."""
_MOST = 6
"""How many rules or ranges a message names."""


def _away(location: Subject) -> NotApplicable | None:
    """The verdict on a location that stands in no subnet of its own; None where it does."""
    service = location.of(location.resource)
    network = network_of(service)
    if not network.injected:
        return NotApplicable(f"The service is {network.value}: there is no subnet of its own to protect.")
    if location.base:
        location.text("/location")
    if location.base and not names_subnet(location):
        return NotApplicable(
            f"The additional location {location.item} names no subnet, which virtual-network judges."
        )
    return None


def _judged(location: Subject, judge: Callable[[Filter], Verdict]) -> Verdict:
    """A verdict on the security group of a location, where it has a subnet with one."""
    away = _away(location)
    if away is not None:
        return away
    group = filter_at(location)
    if group is None:
        return NotApplicable("The subnet has no network security group to judge, which subnet-nsg faults.")
    return judge(group)


@check(
    "apim.ns-1.subnet-nsg",
    feature=_GROUPS,
    on=LOCATION,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    needs=_SUBNET,
)
def subnet_nsg(location: Subject) -> Verdict:
    """The subnet of every location has a network security group."""
    away = _away(location)
    if away is not None:
        return away
    subnet = subnet_of(location)
    if has_security_group(subnet):
        return Pass("The subnet of every location that was read has a network security group.")
    return Fail(
        f"The subnet {subnet.item or subnet.name} has no networkSecurityGroup: attach one that lets in what "
        "the service needs and nothing else."
    )


@check(
    "apim.ns-1.nsg-management-port",
    feature=_GROUPS,
    on=LOCATION,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    needs=_SUBNET,
)
def nsg_management_port(location: Subject) -> Verdict:
    """Only API Management's own service tag reaches the management port."""

    def judge(group: Filter) -> Verdict:
        strangers = settled(lambda: _strangers(group))
        if isinstance(strangers, tuple) and strangers:
            group.log(location, strangers)
            return Fail(
                f"{_names(strangers)} of {group.group.name} lets addresses outside the virtual network reach "
                f"the management port {MANAGEMENT_PORT}: let in the service tag ApiManagement alone."
            )
        own = answer(group, MANAGEMENT, location)
        if not own.let_through:
            group.log(location, own.rules)
            return Fail(
                f"{_names(own.rules)} of {group.group.name} keeps the service tag ApiManagement from port "
                f"{MANAGEMENT_PORT}: allow it with a smaller priority, or the service cannot be managed."
            )
        if isinstance(strangers, Undetermined):
            raise Undetermined(*strangers.gaps)
        group.log(location, (*own.rules, *group.strangers(Direction.INBOUND, MANAGEMENT_PORT).rules))
        return Pass(
            f"At port {MANAGEMENT_PORT}, {_names(own.rules)} lets the service tag ApiManagement in, and the "
            "rest of the internet is denied."
        )

    return _classic(location, judge)


def _classic(location: Subject, judge: Callable[[Filter], Verdict]) -> Verdict:
    """A verdict where the platform is the classic one, which alone has a management port."""
    if _away(location) is None and is_v2(location.of(location.resource)):
        return NotApplicable("The service is injected on a v2 tier, which has no management port.")
    return _judged(location, judge)


def _strangers(group: Filter) -> tuple[Rule, ...]:
    """The rules that let addresses outside the virtual network, other than the tag's, to the port.

    Raises:
        Undetermined: There is none, and whether some let in only addresses of the tag cannot be told.
    """
    outcome = group.internet(Direction.INBOUND, MANAGEMENT_PORT)
    tagged = [each for each in outcome.decisions if each.point.remote.tag.name not in ("", _TAG)]
    found = [each for each in tagged if each.access is Access.ALLOW]
    spans = group.strangers(Direction.INBOUND, MANAGEMENT_PORT)
    let_in = spans.of(Access.ALLOW)
    if size(let_in) > _TAG_SIZE:
        found.extend(let_in)
    if found:
        return tuple({id(rule): rule for each in found for rule in each.rules}.values())
    gaps = [gap for each in (*spans.open, *tagged) if each.access is None for gap in each.gaps]
    if let_in:
        rules = tuple({id(rule): rule for each in let_in for rule in each.rules}.values())
        needed = (
            f"whether the addresses that {_names(rules)} of {group.group.name} lets in to "
            f"{MANAGEMENT_PORT} are all API Management's own"
        )
        gaps.insert(0, Gap(Reason.EXTERNAL, needed, "name the service tag ApiManagement instead"))
    if gaps:
        raise Undetermined(*list(dict.fromkeys(gaps))[:3])
    return ()


@check(
    "apim.ns-1.nsg-required-flows",
    feature=_GROUPS,
    on=LOCATION,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    needs=_SUBNET,
)
def nsg_required_flows(location: Subject) -> Verdict:
    """The flows that the platform depends on are allowed."""

    def judge(group: Filter) -> Verdict:
        wanted = needs_of(location.of(location.resource))
        known, gaps = answers(group, wanted, location)
        denied = [each for each in known if not each.let_through]
        if denied:
            group.log(location, [rule for each in denied for rule in each.rules])
            told = "; ".join(f"{each.need} ({each.need.why}) by {_names(each.rules)}" for each in denied)
            return Fail(f"{group.group.name} denies what the service depends on: {told}.")
        if gaps:
            raise Undetermined(*gaps)
        group.log(location, [rule for each in known for rule in each.rules])
        default = sum(each.by_default for each in known)
        note = _tunnel(subnet_of(location))
        return Pass(
            f"{group.group.name} lets through each flow the service depends on ({len(known)}, of which "
            f"{default} by the default rules alone).{note}"
        )

    return _judged(location, judge)


def _tunnel(subnet: Subject) -> str:
    """A word on the subnet's default route, which may lead the flows elsewhere: told, not judged."""
    hop = settled(lambda: default_hop(subnet))
    if isinstance(hop, Undetermined):
        return " Its route table was not read: where it sends them is not judged."
    if hop in ("", "Internet"):
        return ""
    return f" Its route table sends 0.0.0.0/0 to {hop}: what that lets through is not judged."


@check(
    "apim.ns-1.nsg-open-inbound",
    feature=_GROUPS,
    on=LOCATION,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    needs=_SUBNET,
)
def nsg_open_inbound(location: Subject) -> Verdict:
    """The internet reaches no port that the service does not need."""

    def judge(group: Filter) -> Verdict:
        network = network_of(location.of(location.resource))
        clients = () if network is Network.INTERNAL else (80, 443)
        open_ports: list[str] = []
        rules: dict[int, Rule] = {}
        gaps: list[Gap] = []
        for protocol in (Protocol.TCP, Protocol.UDP):
            spared = clients if protocol is Protocol.TCP else ()
            for ports in _without(group.port_cuts(Direction.INBOUND, protocol), spared):
                width = group.width(Direction.INBOUND, ports[0], protocol)
                if width.wide:
                    rules.update({id(rule): rule for rule in wide_rules(width)})
                    open_ports.append(f"{_range(ports)} ({protocol.value})")
                elif width.wide is None:
                    gaps.extend(width.gaps)
        if open_ports:
            group.log(location, rules.values())
            return Fail(
                f"{_names(rules.values())} of {group.group.name} lets the internet reach ports that the "
                f"service, {network.value}, does not need: {_some(open_ports)}. Narrow or delete it."
            )
        if network is Network.INJECTED and not gaps:
            gaps.extend(_clients_on_v2(group, location))
        if gaps:
            raise Undetermined(*list(dict.fromkeys(gaps))[:3])
        group.log(location, group.strangers(Direction.INBOUND, MANAGEMENT_PORT).rules)
        spared_words = "no port at all" if not clients else "no port but those of its clients, 80 and 443"
        return Pass(f"{group.group.name} lets the internet reach {spared_words}.")

    return _judged(location, judge)


def _clients_on_v2(group: Filter, location: Subject) -> list[Gap]:
    """An injected v2 gateway has a private address; whether the internet needs 80 and 443 is not settled."""
    if all(group.width(Direction.INBOUND, port).wide is False for port in (80, 443)):
        return []
    needed = (
        f"whether {location.name} needs its ports 80 and 443 open to the internet, as {group.group.name} has "
        "them: the documents do not settle it for the injected v2 tiers"
    )
    return [Gap(Reason.EXTERNAL, needed, "delete the rule that lets the internet in")]


def _without(ranges: Iterable[Ports], spared: tuple[int, ...]) -> list[Ports]:
    """Ranges of ports without the spared ones."""
    found: list[Ports] = []
    for low, high in ranges:
        start = low
        for port in spared:
            if start <= port <= high:
                if start < port:
                    found.append((start, port - 1))
                start = port + 1
        if start <= high:
            found.append((start, high))
    return found


def _range(ports: Ports) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def _some(several: list[str]) -> str:
    more = f" and {len(several) - _MOST} more" if len(several) > _MOST else ""
    return ", ".join(several[:_MOST]) + more


def _names(rules: Iterable[Rule]) -> str:
    return _some(list(dict.fromkeys(str(rule) for rule in rules)))


CHECKS = (subnet_nsg, nsg_management_port, nsg_required_flows, nsg_open_inbound)
