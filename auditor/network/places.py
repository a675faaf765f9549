"""Sets of addresses cut into atoms, and whether an atom lies inside a prefix.

An atom is a set of addresses that no prefix in question tells apart, so that one first-match walk through
the rules decides all of it. What cannot be told offline, as a CIDR block against a service tag, is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import pairwise

from auditor.model.evidence import Evidence, Gap, Reason
from auditor.network.prefixes import (
    AZURE_CLOUD,
    INTERNET,
    LOAD_BALANCER,
    PRIVATE,
    VIRTUAL_NETWORK,
    Anything,
    Block,
    Group,
    Prefix,
    Tag,
    Unsettled,
)

NO_TAG = Tag("")
_HOST = 0xA83F8110
"""168.63.129.16, which AzureLoadBalancer translates to ("Azure service tags overview")."""
_FRONT_DOOR = "azurefrontdoor"
_SHARING: tuple[set[str], ...] = (
    {"eventhub", "servicebus"},
    {"azuremonitor", "actiongroup"},
    {"azuremonitor", "applicationinsightsavailability"},
    {"azuremonitor", "guestandhybridmanagement"},
)
"""Services that run on, or report to, what another tag names."""


class Kind(StrEnum):
    """What is known of the addresses of an atom."""

    OWN = "the service's own addresses in its subnet"
    NETWORK = "another address of the virtual network or what is connected to it"
    HOST = "the load balancer of Azure"
    SERVICE = "addresses of an Azure service"
    SPAN = "a range of addresses"


@dataclass(frozen=True, slots=True)
class Atom:
    """Addresses that no prefix in question tells apart."""

    kind: Kind
    family: int = 4
    first: int = 0
    last: int = 0
    """Of a span, both inclusive."""
    outside: bool = False
    """A span that is known to lie outside the virtual network."""
    rented: bool = True
    """Whether addresses of a span may belong to an Azure service; False assumes they do not."""
    tag: Tag = field(default=NO_TAG)
    """Of a service."""
    apart: frozenset[str] = frozenset()
    """Regions of that tag which it is not in, where others are meant."""

    @property
    def size(self) -> int:
        """How many addresses a span has."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        if self.kind is Kind.SERVICE:
            elsewhere = " of other regions" if self.apart else ""
            return f"{self.tag}{elsewhere}"
        return self.kind.value


OWN = Atom(Kind.OWN)
NETWORK = Atom(Kind.NETWORK)
HOST = Atom(Kind.HOST)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the network around a subnet; a gap where it is not."""

    own: tuple[Block, ...] | Gap
    """Of the subnet."""
    space: tuple[Block, ...] | Gap
    """Of the virtual network; where it is not known, nothing is taken to lie in it."""
    routed: tuple[Prefix, ...] | Gap
    """Prefixes of the subnet's route table: the tag VirtualNetwork holds them too."""
    evidence: tuple[Evidence, ...] = ()


@cache
def private(first: int, last: int, family: int = 4) -> bool | None:
    """Whether all addresses are private (True), none is (False), or some are (None)."""
    blocks = [each for each in PRIVATE if each.family == family]
    if any(each.first <= first and last <= each.last for each in blocks):
        return True
    return None if any(each.first <= last and first <= each.last for each in blocks) else False


# -- cutting -------------------------------------------------------------------------------------------


def spans(blocks: Iterable[Block], within: tuple[int, int], family: int = 4) -> Iterator[tuple[int, int]]:
    """A range of addresses cut wherever one of the blocks begins or ends."""
    first, last = within
    cuts = {first, last + 1}
    for each in blocks:
        if each.family == family:
            cuts.update(cut for cut in (each.first, each.last + 1) if first < cut <= last)
    edges = sorted(cuts)
    for low, high in pairwise(edges):
        yield low, high - 1


def block_atoms(of: Block, prefixes: Iterable[Prefix], around: Surroundings) -> list[Atom]:
    """The atoms of a CIDR block."""
    cut = [*_blocks(prefixes), *PRIVATE, *_known(around)]
    within = (of.first, of.last)
    return [Atom(Kind.SPAN, of.family, low, high) for low, high in spans(cut, within, of.family)]


def internet_spans(prefixes: Iterable[Prefix], around: Surroundings) -> list[Atom]:
    """Every public IPv4 address outside the virtual network, as spans."""
    space = around.space if isinstance(around.space, tuple) else ()
    cut = [*_blocks(prefixes), *PRIVATE, *_known(around)]
    return [
        Atom(Kind.SPAN, 4, low, high, outside=True)
        for low, high in spans(cut, (0, 2**32 - 1))
        if private(low, high) is False and not any(_covers(each, low, high) for each in space)
    ]


def service_atoms(of: Tag, prefixes: Iterable[Prefix]) -> list[Atom]:
    """The atoms of a service tag: one for each region of it that the prefixes name, one for the others."""
    if not of.whole:
        return [Atom(Kind.SERVICE, tag=of)]
    named = {
        each.region: each
        for each in prefixes
        if isinstance(each, Tag) and each.name == of.name and each.region and not each.open
    }
    regional = [Atom(Kind.SERVICE, tag=each) for each in named.values()]
    return [*regional, Atom(Kind.SERVICE, tag=of, apart=frozenset(named))]


def services(prefixes: Iterable[Prefix]) -> list[Tag]:
    """The tags of Azure services among prefixes, each once and for the whole cloud."""
    apart = (INTERNET, VIRTUAL_NETWORK, LOAD_BALANCER)
    found: dict[str, Tag] = {}
    for each in prefixes:
        if isinstance(each, Tag) and each.name not in apart:
            found.setdefault(each.name, Tag(each.name, written=str(each).partition(".")[0]))
    return list(found.values())


def _blocks(prefixes: Iterable[Prefix]) -> list[Block]:
    return [each for each in prefixes if isinstance(each, Block)]


def _known(around: Surroundings) -> list[Block]:
    space = around.space if isinstance(around.space, tuple) else ()
    routed = around.routed if isinstance(around.routed, tuple) else ()
    return [*space, *_blocks(routed)]


def _covers(block: Block, low: int, high: int, family: int = 4) -> bool:
    return block.family == family and block.first <= low and high <= block.last


# -- inside --------------------------------------------------------------------------------------------


def inside(atom: Atom, prefix: Prefix, around: Surroundings) -> bool | Gap:
    """Whether an atom lies inside a prefix: wholly, not at all, or not known why."""
    match prefix:
        case Anything():
            return True
        case Unsettled(gap):
            return gap
        case Group():
            return _in_group(atom)
        case Block():
            return _in_block(atom, prefix, around)
        case Tag():
            return _in_tag(atom, prefix, around)


def _in_group(atom: Atom) -> bool | Gap:
    """Members of application security groups are network interfaces in virtual networks."""
    if atom.kind in (Kind.SERVICE, Kind.HOST) or atom.outside:
        return False
    return Gap(
        Reason.EXTERNAL,
        f"whether {atom} is a member of an application security group that a rule names",
        "name address prefixes or service tags in the rules of this subnet",
    )


def _in_block(atom: Atom, block: Block, around: Surroundings) -> bool | Gap:
    if atom.kind is Kind.SPAN:
        return _covers(block, atom.first, atom.last, atom.family)
    if block.family != atom.family:
        return False
    if block.total:
        return True
    if atom.kind is Kind.HOST:
        return block.first <= _HOST <= block.last
    if atom.kind is Kind.OWN:
        return _own_in(block, around)
    if atom.kind is Kind.SERVICE and private(block.first, block.last):
        return False
    return Gap(
        Reason.EXTERNAL,
        f"whether {block} holds {atom}: the tool does not know the ranges behind it",
        "name the service tag in the rule instead of addresses, or look them up with az network "
        "list-service-tags --location LOCATION",
    )


def _own_in(block: Block, around: Surroundings) -> bool | Gap:
    if isinstance(around.own, Gap):
        return around.own
    own = [each for each in around.own if each.family == block.family]
    if own and all(_covers(block, each.first, each.last, each.family) for each in own):
        return True
    if all(each.last < block.first or block.last < each.first for each in own):
        return False
    return Gap(
        Reason.EXTERNAL,
        f"which addresses of its subnet the service has, of which a rule names {block} only",
        "name VirtualNetwork or the whole prefix of the subnet in the rule",
    )


def _in_tag(atom: Atom, tag: Tag, around: Surroundings) -> bool | Gap:
    if tag.name == VIRTUAL_NETWORK:
        return _in_network(atom, around)
    if tag.name == INTERNET:
        return _on_internet(atom, around)
    if tag.name == LOAD_BALANCER:
        if atom.kind is Kind.SPAN and atom.first <= _HOST <= atom.last and not atom.outside:
            return _undecided("a range that holds 168.63.129.16", tag)
        return atom.kind is Kind.HOST
    match atom.kind:
        case Kind.OWN | Kind.NETWORK:
            return False
        case Kind.HOST:
            return _undecided(str(atom), tag)
        case Kind.SERVICE:
            return _service_in(atom, tag)
        case Kind.SPAN:
            if not atom.rented or private(atom.first, atom.last, atom.family):
                return False
            return _undecided("a range of public addresses that a rule names", tag)


def _service_in(atom: Atom, tag: Tag) -> bool | Gap:
    own = atom.tag
    if own.name == tag.name:
        if tag.whole or own.same(tag):
            return True
        known = not (tag.open or own.open)
        if known and (tag.region in atom.apart or (own.region and own.name != _FRONT_DOOR)):
            return False
        return _undecided(str(atom), tag)
    if tag.name == AZURE_CLOUD and (tag.whole or (tag.region and tag.region == own.region)):
        return True
    if tag.name == AZURE_CLOUD or _kin(own.name, tag.name):
        return _undecided(str(atom), tag)
    return False


def _kin(one: str, other: str) -> bool:
    """Whether two services may share addresses; a tag otherwise stands for those of its own service.

    Most of AzureCloud are machines that customers rent, which no service's own tag holds.
    """
    return one.startswith(other) or other.startswith(one) or {one, other} in _SHARING


def _on_internet(atom: Atom, around: Surroundings) -> bool | Gap:
    if atom.kind is Kind.SERVICE or atom.outside:
        return True
    if atom.kind is not Kind.SPAN or private(atom.first, atom.last, atom.family):
        return False
    space = around.space if isinstance(around.space, tuple) else ()
    if any(_covers(each, atom.first, atom.last, atom.family) for each in space):
        return False
    return _undecided("a range of public addresses", Tag(INTERNET, written="Internet"))


def _in_network(atom: Atom, around: Surroundings) -> bool | Gap:
    """VirtualNetwork: the network's own space, what is peered or connected, and what its routes name."""
    if atom.kind in (Kind.OWN, Kind.NETWORK):
        return True
    tag = Tag(VIRTUAL_NETWORK, written="VirtualNetwork")
    if atom.kind is Kind.HOST:
        return _undecided(str(atom), tag)
    if atom.kind is Kind.SPAN and not atom.outside:
        space = around.space if isinstance(around.space, tuple) else ()
        if any(_covers(each, atom.first, atom.last, atom.family) for each in space):
            return True
        return _undecided("a range of addresses outside the virtual network's own space", tag)
    if isinstance(around.routed, Gap):
        return around.routed
    if any(_routed(atom, each) for each in around.routed):
        return Gap(
            Reason.EXTERNAL,
            "how far the tag VirtualNetwork reaches: it also holds prefixes of the subnet's route table, "
            "which names a public range or the default route",
            "add a rule that denies Internet before the default rules, and allow what is needed before it",
        )
    return False


def _routed(atom: Atom, route: Prefix) -> bool:
    """Whether a route may take an atom into the tag VirtualNetwork."""
    match route:
        case Block():
            if atom.kind is Kind.SPAN:
                return _covers(route, atom.first, atom.last, atom.family)
            return route.network.version == atom.family and not private(route.first, route.last)
        case Tag():
            return atom.kind is Kind.SERVICE and _service_in(atom, route) is not False
        case _:
            return True


def _undecided(what: str, tag: Tag) -> Gap:
    return Gap(
        Reason.EXTERNAL,
        f"whether {what} is part of {tag}: the tool does not know the ranges behind service tags",
        "name the same service tag in the rules, or look its ranges up with az network list-service-tags "
        "--location LOCATION",
    )
