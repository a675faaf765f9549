"""What a security group does with a flow: first match by priority, in three values.

A flow is a set of packets: between two sets of addresses, over ports. It is cut into points that no rule
tells apart; each is walked through the rules once. A rule of which something is not known may match: what
follows it is walked as well, and the point is decided only if all ways end alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.network.places import (
    OWN,
    Atom,
    Surroundings,
    block_atoms,
    inside,
    internet_spans,
    service_atoms,
    services,
)
from auditor.network.prefixes import AZURE_CLOUD, Block, Prefix, Tag
from auditor.network.rules import ALL_PORTS, Access, Direction, Ports, Protocol, Rule, Rules

NARROW = 2**24
"""Above as many public addresses (a /8), what a group lets in is the internet, not somebody on it."""
_AZURE = 2**28
"""More addresses than Azure has: of a larger set, some belong to no Azure service."""


@dataclass(frozen=True, slots=True)
class Point:
    """Packets that no rule tells apart."""

    remote: Atom
    local: Atom
    port: Ports
    source_port: Ports
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a point."""

    point: Point
    access: Access | None
    """None where it is not known."""
    rules: tuple[Rule, ...]
    """The rules that decide it, or that may: first those that come first."""
    gaps: tuple[Gap, ...] = ()
    """Why it is not known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a flow: the decisions on all its points."""

    decisions: tuple[Decision, ...]

    @property
    def allowed(self) -> bool:
        """All of it is let through."""
        return all(each.access is Access.ALLOW for each in self.decisions)

    @property
    def denied(self) -> bool:
        """None of it is let through."""
        return all(each.access is Access.DENY for each in self.decisions)

    @property
    def open(self) -> tuple[Decision, ...]:
        """Its points that are not decided."""
        return tuple(each for each in self.decisions if each.access is None)

    def of(self, access: Access) -> tuple[Decision, ...]:
        """Its points with that end."""
        return tuple(each for each in self.decisions if each.access is access)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that decide, each once."""
        return deciding(self.decisions)


def deciding(decisions: Iterable[Decision]) -> tuple[Rule, ...]:
    """The rules behind decisions, each once."""
    found: dict[int, Rule] = {}
    for decision in decisions:
        for rule in decision.rules:
            found.setdefault(id(rule), rule)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Width:
    """How much of the public internet a group lets in at one port."""

    wide: bool | None
    """So much of it that it names nobody; None where that is not known."""
    let_in: tuple[Decision, ...]
    """What is let in, or may be: spans and services."""
    gaps: tuple[Gap, ...] = ()

    @property
    def services(self) -> tuple[Tag, ...]:
        """The Azure services that are let in, or may be."""
        return tuple(each.point.remote.tag for each in self.let_in if each.point.remote.tag.name)

    @property
    def ranges(self) -> tuple[Decision, ...]:
        """The ranges of addresses that are let in, or may be."""
        return tuple(each for each in self.let_in if not each.point.remote.tag.name)


@dataclass(frozen=True, slots=True)
class Filter:
    """The security group of a subnet with what is known around it, ready to be asked."""

    group: Subject
    rules: Rules
    around: Surroundings
    _along: dict[Direction, Rules] = field(default_factory=dict)
    _widths: dict[tuple[object, ...], Width] = field(default_factory=dict)

    def flow(
        self,
        direction: Direction,
        remote: Tag | Block | Atom,
        port: int | Ports,
        protocol: Protocol = Protocol.TCP,
        local: Block | None = None,
    ) -> Outcome:
        """What becomes of the packets of one protocol between a remote side and the subnet.

        Args:
            direction: Inbound packets come from the remote side.
            remote: A service tag other than Internet and VirtualNetwork, a block, or an atom.
            port: The destination port, or a range of them.
            protocol: Tcp or Udp.
            local: A block on this side; the service's own addresses without one.
        """
        wanted = port if isinstance(port, tuple) else (port, port)
        rules = self._relevant(direction, protocol, wanted)
        prefixes = list(_remote_prefixes(rules, direction))
        if isinstance(remote, Tag):
            atoms = service_atoms(remote, prefixes)
        elif isinstance(remote, Block):
            atoms = block_atoms(remote, prefixes, self.around)
        else:
            atoms = [remote]
        here = [OWN]
        if local is not None:
            here = block_atoms(local, list(_local_prefixes(rules, direction)), self.around)
        return Outcome(tuple(self._decisions(rules, direction, atoms, here, wanted, protocol)))

    def internet(self, direction: Direction, port: int | Ports, protocol: Protocol = Protocol.TCP) -> Outcome:
        """What becomes of the packets from or to every public address outside the virtual network."""
        wanted = port if isinstance(port, tuple) else (port, port)
        rules = self._relevant(direction, protocol, wanted)
        prefixes = list(_remote_prefixes(rules, direction))
        atoms = internet_spans(prefixes, self.around)
        for tag in services(prefixes):
            atoms.extend(service_atoms(tag, prefixes))
        return Outcome(tuple(self._decisions(rules, direction, atoms, [OWN], wanted, protocol)))

    def strangers(self, direction: Direction, port: int, protocol: Protocol = Protocol.TCP) -> Outcome:
        """The same for public addresses that belong to no Azure service, as far as rules tell them apart."""
        rules = self._relevant(direction, protocol, (port, port))
        atoms = internet_spans(_remote_prefixes(rules, direction), self.around)
        plain = [_rentless(each) for each in atoms]
        return Outcome(tuple(self._decisions(rules, direction, plain, [OWN], (port, port), protocol)))

    def width(self, direction: Direction, port: int, protocol: Protocol = Protocol.TCP) -> Width:
        """How much of the public internet passes at a port.

        Ranges that rules name are counted; a range may hold addresses of Azure services, so it is walked
        twice: as if it held none, and not knowing. Ports that the same rules may carry have one answer.
        """
        rules = self._relevant(direction, protocol, (port, port))
        those = (direction, *(id(rule) for rule in rules))
        if those not in self._widths:
            self._widths[those] = self._width(rules, direction, port, protocol)
        return self._widths[those]

    def port_cuts(self, direction: Direction, protocol: Protocol) -> list[Ports]:
        """All ports, cut wherever a rule's range begins or ends."""
        rules = self._relevant(direction, protocol, ALL_PORTS)
        return cuts((each for rule in rules for each in rule.ports), ALL_PORTS)

    def log(self, subject: Subject, rules: Iterable[Rule]) -> None:
        """Record the rules behind a verdict, and what of the network they were read with."""
        for rule in rules:
            subject.log.extend(rule.evidence)
        subject.log.extend(self.around.evidence)

    # -- inside ------------------------------------------------------------------------------------

    def _width(self, rules: Rules, direction: Direction, port: int, protocol: Protocol) -> Width:
        prefixes = list(_remote_prefixes(rules, direction))
        named = [atom for tag in services(prefixes) for atom in service_atoms(tag, prefixes)]
        spans = internet_spans(prefixes, self.around)
        sure = list(self._decisions(rules, direction, spans, [OWN], (port, port), protocol))
        free = self.strangers(direction, port, protocol).decisions
        tags = list(self._decisions(rules, direction, named, [OWN], (port, port), protocol))
        cloud = [each for each in tags if each.point.remote.tag.name == AZURE_CLOUD]
        passing = tuple(each for each in (*free, *tags) if each.access is not Access.DENY)
        certain = size(sure) > NARROW or size(free) > _AZURE + NARROW
        if certain or any(each.access is Access.ALLOW for each in cloud):
            return Width(True, passing)
        doubtful = [each for each in (*free, *cloud) if each.access is None]
        if size(free, possibly=True) > NARROW or any(each.access is None for each in cloud):
            gaps = dict.fromkeys(gap for each in doubtful or sure for gap in each.gaps)
            return Width(None, passing, tuple(gaps))
        return Width(False, passing)

    def _relevant(self, direction: Direction, protocol: Protocol, ports: Ports) -> Rules:
        """The rules that may hold for some packet of a direction, protocol and range of ports."""
        along = self._along.get(direction)
        if along is None:
            along = self._along[direction] = self.rules.along(direction)

        def kept(group: tuple[Rule, ...]) -> tuple[Rule, ...]:
            return tuple(rule for rule in group if _may_carry(rule, protocol, ports))

        placed = tuple(group for group in map(kept, along.placed) if group)
        return Rules(placed, kept(along.floating), along.rest)

    def _decisions(
        self,
        rules: Rules,
        direction: Direction,
        remote: list[Atom],
        local: list[Atom],
        ports: Ports,
        protocol: Protocol,
    ) -> Iterator[Decision]:
        wanted = cuts((each for rule in rules for each in rule.ports), ports)
        sources = cuts((each for rule in rules for each in rule.source_ports), ALL_PORTS)
        for there in remote:
            for here in local:
                if there.family != here.family:
                    continue
                for port in wanted:
                    for source in sources:
                        point = Point(there, here, port, source, protocol)
                        yield self._decide(rules, direction, point)

    def _decide(self, rules: Rules, direction: Direction, point: Point) -> Decision:
        """Walk one point through the rules."""
        ends: dict[Access, Rule] = {}
        gaps: dict[Gap, None] = {}
        if rules.rest is not None:
            gaps[rules.rest] = None
        hit = False
        for group in (*((rule,) for rule in rules.floating), *rules.placed):
            for rule in group:
                hit = self._meet(rule, direction, point, ends, gaps) or hit
            if hit:
                break
        if rules.rest is None and hit and len(ends) == 1:
            (access,) = ends
            return Decision(point, access, tuple(ends.values()))
        # Whoever asks why a point is not decided gets an answer: no gap would pass for no doubt.
        return Decision(point, None, tuple(ends.values()), tuple(gaps) or (self._tied(ends.values()),))

    def _tied(self, rules: Iterable[Rule]) -> Gap:
        """Rules of one priority that end a flow differently, which Azure does not accept."""
        names = " and ".join(map(str, rules)) or "no rule that was read"
        needed = f"what {self.group.name} does with a flow that is decided by {names}"
        return Gap(Reason.UNRESOLVED, needed, "give each rule of a direction a priority of its own")

    def _meet(
        self,
        rule: Rule,
        direction: Direction,
        point: Point,
        ends: dict[Access, Rule],
        gaps: dict[Gap, None],
    ) -> bool:
        """Note how a point may end at a rule; whether it surely ends there."""
        matched = self._matches(rule, direction, point)
        if matched is False:
            return False
        doubts = [
            each for each in (matched, rule.doubt, rule.direction, rule.priority) if isinstance(each, Gap)
        ]
        if isinstance(rule.access, Gap):
            gaps[rule.access] = None
            for access in Access:
                ends.setdefault(access, rule)
        else:
            ends.setdefault(rule.access, rule)
        gaps.update(dict.fromkeys(doubts))
        return not doubts

    def _matches(self, rule: Rule, direction: Direction, point: Point) -> bool | Gap:
        source, destination = point.local, point.remote
        if direction is Direction.INBOUND:
            source, destination = point.remote, point.local
        gap: Gap | None = None
        for answer in (
            _in_any(rule.ports, point.port),
            _in_any(rule.source_ports, point.source_port),
            rule.protocol if isinstance(rule.protocol, Gap) else True,
            self._among(destination, rule.destinations),
            self._among(source, rule.sources),
        ):
            if answer is False:
                return False
            if isinstance(answer, Gap):
                gap = gap or answer
        return gap or True

    def _among(self, atom: Atom, prefixes: tuple[Prefix, ...]) -> bool | Gap:
        gap: Gap | None = None
        for prefix in prefixes:
            answer = inside(atom, prefix, self.around)
            if answer is True:
                return True
            if isinstance(answer, Gap):
                gap = gap or answer
        return gap or False


def cuts(ranges: Iterable[Ports | Gap], within: Ports) -> list[Ports]:
    """A range of ports cut wherever one of the ranges begins or ends."""
    first, last = within
    edges = {first, last + 1}
    for each in ranges:
        if not isinstance(each, Gap):
            edges.update(edge for edge in (each[0], each[1] + 1) if first < edge <= last)
    ordered = sorted(edges)
    return [(low, high - 1) for low, high in pairwise(ordered)]


def _in_any(ranges: tuple[Ports | Gap, ...], ports: Ports) -> bool | Gap:
    gap: Gap | None = None
    for each in ranges:
        if isinstance(each, Gap):
            gap = gap or each
        elif each[0] <= ports[0] and ports[1] <= each[1]:
            return True
    return gap or False


def _may_carry(rule: Rule, protocol: Protocol, ports: Ports) -> bool:
    if isinstance(rule.protocol, Protocol) and rule.protocol not in (Protocol.ANY, protocol):
        return False
    return any(isinstance(each, Gap) or (each[0] <= ports[1] and ports[0] <= each[1]) for each in rule.ports)


def _remote_prefixes(rules: Rules, direction: Direction) -> Iterator[Prefix]:
    for rule in rules:
        yield from rule.sources if direction is Direction.INBOUND else rule.destinations


def _local_prefixes(rules: Rules, direction: Direction) -> Iterator[Prefix]:
    for rule in rules:
        yield from rule.destinations if direction is Direction.INBOUND else rule.sources


def _rentless(span: Atom) -> Atom:
    return Atom(span.kind, span.family, span.first, span.last, span.outside, rented=False)


def size(decisions: Iterable[Decision], *, possibly: bool = False) -> int:
    """How many addresses are let in at all, each counted once though only some source ports may be."""
    sizes: dict[tuple[int, int], int] = {}
    for each in decisions:
        if each.access is Access.ALLOW or (possibly and each.access is None):
            sizes[each.point.remote.first, each.point.remote.last] = each.point.remote.size
    return sum(sizes.values())
