"""The rules of a network security group, read once; what is not known of a rule stays with that rule.

Sources: "Network security groups" (order, default rules, augmented rules), "Security Rules - Create Or
Update" (REST reference).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TypeVar

from auditor.model.evidence import Evidence, Gap, Log, Reason, Undetermined
from auditor.model.logic import conditional_gap, derived, may_not_be_deployed, settled, some
from auditor.model.subject import Subject
from auditor.model.text import Text
from auditor.network.prefixes import (
    INTERNET,
    LOAD_BALANCER,
    VIRTUAL_NETWORK,
    Anything,
    Group,
    Prefix,
    Tag,
    Unsettled,
    prefix_of,
)

T = TypeVar("T")

GROUP = "microsoft.network/networksecuritygroups"
ALL_PORTS = (0, 65535)


class Direction(StrEnum):
    """``direction`` on the wire."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


class Access(StrEnum):
    """``access`` on the wire."""

    ALLOW = "Allow"
    DENY = "Deny"


class Protocol(StrEnum):
    """``protocol`` on the wire."""

    ANY = "*"
    TCP = "Tcp"
    UDP = "Udp"
    ICMP = "Icmp"
    ESP = "Esp"
    AH = "Ah"


Ports = tuple[int, int]
"""A range of ports, both ends inclusive."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; a gap stands for a member that is not known."""

    name: str
    priority: float | Gap
    direction: Direction | Gap
    access: Access | Gap
    protocol: Protocol | Gap
    sources: tuple[Prefix, ...]
    destinations: tuple[Prefix, ...]
    source_ports: tuple[Ports | Gap, ...]
    ports: tuple[Ports | Gap, ...]
    doubt: Gap | None = None
    """Why the rule may not exist."""
    default: bool = False
    """It is one that every group has."""
    evidence: tuple[Evidence, ...] = ()

    def __str__(self) -> str:
        kind = "default rule" if self.default else "rule"
        known = isinstance(self.priority, int | float)
        return f"{kind} {self.name} ({self.priority:g})" if known else f"{kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a group filters by, in the order of evaluation."""

    placed: tuple[tuple[Rule, ...], ...]
    """Rules of equal priority together, lowest number first; both directions."""
    floating: tuple[Rule, ...]
    """Rules whose priority is not known: each may come anywhere."""
    rest: Gap | None = None
    """Why there may be further rules."""

    def along(self, direction: Direction) -> Rules:
        """Those that may hold for a direction."""

        def kept(group: Iterable[Rule]) -> tuple[Rule, ...]:
            return tuple(rule for rule in group if not isinstance(rule.direction, Direction) or along(rule))

        def along(rule: Rule) -> bool:
            return rule.direction is direction

        placed = tuple(group for group in map(kept, self.placed) if group)
        return Rules(placed, kept(self.floating), self.rest)

    def __iter__(self) -> Iterator[Rule]:
        yield from self.floating
        for group in self.placed:
            yield from group


_NETWORK = Tag(VIRTUAL_NETWORK, written="VirtualNetwork")
_BALANCER = Tag(LOAD_BALANCER, written="AzureLoadBalancer")
_WORLD = Tag(INTERNET, written="Internet")


def _documented(
    name: str, number: int, direction: Direction, access: Access, source: Prefix, destination: Prefix
) -> Rule:
    return Rule(
        name,
        number,
        direction,
        access,
        Protocol.ANY,
        (source,),
        (destination,),
        (ALL_PORTS,),
        (ALL_PORTS,),
        default=True,
    )


_IN, _OUT, _ALLOW, _DENY, _ANY = (
    Direction.INBOUND,
    Direction.OUTBOUND,
    Access.ALLOW,
    Access.DENY,
    Anything(),
)
DEFAULT_RULES = (
    _documented("AllowVnetInBound", 65000, _IN, _ALLOW, _NETWORK, _NETWORK),
    _documented("AllowAzureLoadBalancerInBound", 65001, _IN, _ALLOW, _BALANCER, _ANY),
    _documented("DenyAllInBound", 65500, _IN, _DENY, _ANY, _ANY),
    _documented("AllowVnetOutBound", 65000, _OUT, _ALLOW, _NETWORK, _NETWORK),
    _documented("AllowInternetOutBound", 65001, _OUT, _ALLOW, _ANY, _WORLD),
    _documented("DenyAllOutBound", 65500, _OUT, _DENY, _ANY, _ANY),
)
"""The six that "Network security groups" lists; they cannot be removed."""


def arranged(rules: Iterable[Rule], rest: Gap | None = None) -> Rules:
    """Rules in the order of evaluation."""
    floating: list[Rule] = []
    placed: list[Rule] = []
    for rule in rules:
        (placed if isinstance(rule.priority, int | float) else floating).append(rule)
    ordered = sorted(placed, key=_number)
    return Rules(tuple(tuple(group) for _, group in groupby(ordered, _number)), tuple(floating), rest)


def _number(rule: Rule) -> float:
    return rule.priority if isinstance(rule.priority, int | float) else -1


@derived
def rules_of(group: Subject) -> Rules:
    """The rules of a security group: its own, those that stand as resources below it, the default ones.

    A rule that cannot be read makes that rule undetermined, not the group.
    """
    gaps: list[Gap] = []
    own = _listed(group, "/properties/securityRules", gaps)
    below = _below(group, gaps)
    if not own and not below and group.source.declared and group.source.lost:
        needed = f"the rules of {group.name}: a part of the template, or one it links to, could not be read"
        gaps.append(Gap(Reason.TRUNCATED, needed, "inline the linked templates, or read the deployed group"))
    default = _listed(group, "/properties/defaultSecurityRules", gaps, default=True)
    twice = {rule.name.casefold() for rule in own} & {rule.name.casefold() for rule in below}
    both = [_doubted(rule) if rule.name.casefold() in twice else rule for rule in (*own, *below)]
    return arranged([*both, *(default or DEFAULT_RULES)], gaps[0] if gaps else None)


def _doubted(rule: Rule) -> Rule:
    """One of two rules of a name, of which only the one that is deployed last exists."""
    needed = f"which of two rules named {rule.name} holds: one in the group's list, one as a resource"
    return _with_doubt(rule, Gap(Reason.UNRESOLVED, needed, "write the rule in one place"))


def _with_doubt(rule: Rule, doubt: Gap) -> Rule:
    return Rule(
        rule.name,
        rule.priority,
        rule.direction,
        rule.access,
        rule.protocol,
        rule.sources,
        rule.destinations,
        rule.source_ports,
        rule.ports,
        doubt,
        rule.default,
        rule.evidence,
    )


def _listed(group: Subject, pointer: str, gaps: list[Gap], *, default: bool = False) -> list[Rule]:
    """The rules in one of the group's lists; why it may go on is added to ``gaps``."""
    found: list[Rule] = []

    def keep(item: Subject) -> bool:
        found.append(_rule(item, item.item.rpartition("/")[2], default))
        return False

    end = settled(lambda: some(group.items(pointer, key="/name"), keep))
    if isinstance(end, Undetermined):
        gaps.extend(end.gaps)
    return found


def _below(group: Subject, gaps: list[Gap]) -> list[Rule]:
    """The rules that stand as resources of their own."""
    type_ = f"{GROUP}/securityrules"
    inventory = group.audit.inventory
    listing = inventory.listing(group.resource, type_)
    if listing is not None and not listing.complete:
        detail = f": {listing.detail}" if listing.detail else ""
        gaps.append(Gap(listing.reason, f"whether {group.name} has further rules{detail}", listing.remedy))
    found = []
    for resource in inventory.children(group.key, type_):
        subject = group.of(resource)
        rule = _rule(subject, subject.name)
        doubtful = may_not_be_deployed(subject)
        found.append(_with_doubt(rule, conditional_gap(subject)) if doubtful else rule)
    return found


def _rule(item: Subject, name: str, default: bool = False) -> Rule:
    log = Log()
    rule = item.with_log(log)
    at = "/properties"
    return Rule(
        name=name,
        priority=_known(lambda: rule.number(f"{at}/priority")),
        direction=_known(lambda: rule.read(f"{at}/direction", one_of=Direction)),
        access=_known(lambda: rule.read(f"{at}/access", one_of=Access)),
        protocol=_known(lambda: _protocol(rule, f"{at}/protocol")),
        sources=_prefixes(rule, f"{at}/source"),
        destinations=_prefixes(rule, f"{at}/destination"),
        source_ports=_ports(rule, f"{at}/sourcePortRange"),
        ports=_ports(rule, f"{at}/destinationPortRange"),
        default=default,
        evidence=tuple(log.entries),
    )


def _known(read: Callable[[], T]) -> T | Gap:
    found = settled(read)
    return found.gaps[0] if isinstance(found, Undetermined) else found


def _protocol(rule: Subject, pointer: str) -> Protocol:
    if rule.stated(pointer).strip().casefold() == "any":
        return Protocol.ANY
    return rule.read(pointer, one_of=Protocol)


def _several(rule: Subject, one: str, many: str) -> list[Subject | Gap]:
    """What a member in the singular and its plural hold together, with a gap for what is not known.

    Azure takes one of the two; a rule that writes neither is not one it would accept.
    """
    found: list[Subject | Gap] = []

    def keep(item: Subject) -> bool:
        found.append(item)
        return False

    if rule.mentions(many):
        end = settled(lambda: some(rule.items(many), keep))
        if isinstance(end, Undetermined):
            found.append(end.gaps[0])
    if rule.mentions(one) or not found:
        gap = _known(lambda: rule.has(one))
        found.append(gap if isinstance(gap, Gap) else rule)
    return found


def _prefixes(rule: Subject, side: str) -> tuple[Prefix, ...]:
    """The addresses of one side of a rule."""
    one, many, groups = f"{side}AddressPrefix", f"{side}AddressPrefixes", f"{side}ApplicationSecurityGroups"
    if rule.mentions(groups) and not (rule.mentions(one) or _any(rule, many)):
        listed = _known(lambda: some(rule.items(groups, key="/id"), lambda _: True))
        if isinstance(listed, Gap):
            return (Unsettled(listed),)
        if listed:
            return (Group(),)
    found: list[Prefix] = []
    for each in _several(rule, one, many):
        text = each if isinstance(each, Gap) else _known(_text_of(each, rule, one))
        found.append(Unsettled(text) if isinstance(text, Gap) else prefix_of(text))
    return tuple(found)


def _any(rule: Subject, pointer: str) -> bool:
    """Whether a list that may be empty holds anything, or may."""
    if not rule.mentions(pointer):
        return False
    held = settled(lambda: some(rule.items(pointer), lambda _: True))
    return held is not False


def _ports(rule: Subject, one: str) -> tuple[Ports | Gap, ...]:
    written = _several(rule, one, f"{one}s")
    return tuple(each if isinstance(each, Gap) else _known(_range_of(each, rule, one)) for each in written)


def _text_of(each: Subject, rule: Subject, one: str) -> Callable[[], Text]:
    return lambda: each.text(one if each is rule else "")


def _range_of(each: Subject, rule: Subject, one: str) -> Callable[[], Ports]:
    return lambda: _range(each, one if each is rule else "")


def _range(subject: Subject, pointer: str) -> Ports:
    """A port, a range of ports, or all of them.

    Raises:
        Undetermined: It is not known, or is none of these.
    """
    text = str(subject.read(pointer)).strip()
    if text.casefold() in ("*", "any"):
        return ALL_PORTS
    low, dash, high = (part.strip() for part in text.partition("-"))
    if low.isdecimal() and (high.isdecimal() if dash else not high):
        first, last = int(low), int(high or low)
        if first <= last <= ALL_PORTS[1]:
            return first, last
    needed = f"the ports of rule {subject.item or subject.name}; {text[:40]!r} is no port and no range"
    raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "write a port, a range like 80-443, or *"))
