"""Which rule of an application gateway takes a request that several listeners fit.

Rules that share a frontend address and a port compete by host name; the one that is tried first takes all
it fits, whatever its paths. Sources, read on 2026-11-22: "Application Gateway listener configuration" (v1:
the order of the rules; v2: rule priority, and before there were priorities multi-site listeners before
basic ones); "Application Gateway multi-site hosting" (a lower number comes first, numbers are unique, all
rules have one or none; ``*`` fits several characters, periods among them, and ``?`` one). What the
documents do not order stays open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from auditor.fronts.references import part
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

ANY = "*"
"""What a basic listener fits."""
_BY_ORDER = ("Standard", "WAF")
_BY_PRIORITY = ("Standard_v2", "WAF_v2", "Basic")
_LONG = 64


@dataclass(frozen=True, slots=True)
class Taken:
    """The host names that other rules take before a rule sees a request."""

    surely: tuple[str, ...] = ()
    """Patterns in lower case."""
    perhaps: tuple[tuple[tuple[str, ...], Undetermined], ...] = ()
    """Patterns of rules of which it is not known whether they are tried first, and why."""

    def leaves(self, name: str) -> bool:
        """Whether a request with a host name gets past the rules that are tried first.

        Args:
            name: In lower case; an expression that is not known begins with ``[``.

        Raises:
            Undetermined: A rule that may be tried first fits it, or the name is not known.
        """
        if any(fits(pattern, name) for pattern in self.surely):
            return False
        for patterns, doubt in self.perhaps:
            if any(fits(pattern, name) or name.startswith("[") for pattern in patterns):
                raise doubt
        if name.startswith("[") and self.surely:
            needed = f"what {name} is, which a rule that is tried first may take"
            raise Undetermined(Gap(Reason.UNRESOLVED, needed, "give its value with --parameters"))
        return True

    def leaves_some(self, patterns: Iterable[str]) -> bool:
        """Whether any request at all gets past the rules that are tried first.

        Args:
            patterns: What the listener fits; none for any name.

        Raises:
            Undetermined: A rule that may be tried first fits all the rest.
        """
        doubt: Undetermined | None = None
        for pattern in tuple(patterns) or (ANY,):
            for name in _samples(pattern.casefold()):
                left = settled(partial(self.leaves, name))
                if left is True:
                    return True
                if isinstance(left, Undetermined):
                    doubt = left
        if doubt is not None:
            raise doubt
        return False


NOTHING: Final = Taken()
"""No rule comes first."""


def fits(pattern: str, name: str) -> bool:
    """Whether a host name is one of a listener's, whose ``*`` and ``?`` stand for characters."""
    if pattern == ANY:
        return True
    return pattern == name or (not name.startswith("[") and fnmatchcase(name, pattern.replace("[", "[[]")))


def _samples(pattern: str) -> tuple[str, ...]:
    """Names that a pattern fits and no written name equals: a short one and a long one."""
    return tuple(pattern.replace("*", "\0" * count).replace("?", "\0") for count in (1, _LONG))


@dataclass(frozen=True, slots=True)
class _Rule:
    """What decides when a rule is tried."""

    place: int
    priority: float | Undetermined | None
    address: tuple[str, str] | Undetermined
    """Names of the frontend address and port."""
    hosts: tuple[str, ...] | Undetermined
    """Patterns in lower case; ``*`` alone for a basic listener."""
    log: Log

    @property
    def basic(self) -> bool:
        """It takes requests to any name; False where that was not read."""
        return self.hosts == (ANY,)


class Order:
    """The rules of one gateway, as they compete."""

    def __init__(self, gateway: Subject) -> None:
        """Reads the rules.

        Args:
            gateway: Subject of the gateway.
        """
        self._gateway = gateway.with_log(Log())
        self._rules: list[_Rule] = []
        rest = settled(lambda: self._rules.extend(_rules(self._gateway)))
        self._rest = rest if isinstance(rest, Undetermined) else None

    def before(self, place: int, log: Log) -> Taken:
        """The names that are taken before the rule at a place of the list is tried.

        Args:
            place: From 0, in the list of the gateway.
            log: Gets what was read of the rules that come first.
        """
        own = self._rules[place]
        surely: list[str] = []
        perhaps: list[tuple[tuple[str, ...], Undetermined]] = []
        for other in self._rules:
            if other is own or not _compete(own, other):
                continue
            first = settled(partial(self._first, other, own))
            if first is False:
                continue
            patterns = (ANY,) if isinstance(other.hosts, Undetermined) else other.hosts
            if isinstance(first, Undetermined):
                perhaps.append((patterns, first))
            elif isinstance(other.hosts, Undetermined):
                perhaps.append((patterns, other.hosts))
            else:
                surely += patterns
                log.extend(other.log.entries)
                log.extend(own.log.entries)
        if self._rest is not None:
            perhaps.append(((ANY,), self._rest))
        return Taken(tuple(surely), tuple(perhaps))

    def _first(self, one: _Rule, other: _Rule) -> bool:
        """Whether a rule is tried before another.

        Raises:
            Undetermined: What decides was not read, or the documents do not tell.
        """
        for address in (one.address, other.address):
            if isinstance(address, Undetermined):
                raise address
        for priority in (one.priority, other.priority):
            if isinstance(priority, Undetermined):
                raise priority
        tier = self._gateway.read("/properties/sku/tier", one_of=(*_BY_ORDER, *_BY_PRIORITY))
        if tier in _BY_ORDER:
            return one.place < other.place
        assert not isinstance(one.priority, Undetermined)  # noqa: S101 - raised above
        assert not isinstance(other.priority, Undetermined)  # noqa: S101 - raised above
        if one.priority is not None and other.priority is not None and one.priority != other.priority:
            return one.priority < other.priority
        if one.priority is None and other.priority is None and one.basic != other.basic:
            for hosts in (one.hosts, other.hosts):
                if isinstance(hosts, Undetermined):
                    raise hosts
            return other.basic
        needed = f"which of two rules of {self._gateway.name} that fit the same requests is tried first"
        raise Undetermined(Gap(Reason.ABSENT, needed, "give every rule a priority of its own"))


def _compete(one: _Rule, other: _Rule) -> bool:
    """Whether some request may fit both rules."""
    known = not isinstance(one.address, Undetermined) and not isinstance(other.address, Undetermined)
    if known and one.address != other.address:
        return False
    if isinstance(one.hosts, Undetermined) or isinstance(other.hosts, Undetermined):
        return True
    return any(_meet(a, b) for a in one.hosts for b in other.hosts)


def _meet(one: str, other: str) -> bool:
    wild = any(sign in one for sign in "*?") and any(sign in other for sign in "*?")
    return wild or fits(one, other) or fits(other, one)


def _rules(gateway: Subject) -> Iterator[_Rule]:
    for place, rule in enumerate(gateway.items("/properties/requestRoutingRules", key="/name")):
        log = Log()
        yield _read(place, gateway.with_log(log), rule.with_log(log), log)


def _read(place: int, gateway: Subject, rule: Subject, log: Log) -> _Rule:
    priority = settled(lambda: _priority(rule))
    listener = settled(lambda: listener_of(gateway, rule))
    if isinstance(listener, Undetermined):
        return _Rule(place, priority, listener, listener, log)
    hosts = settled(lambda: hosts_of(listener))
    if not isinstance(hosts, Undetermined):
        hosts = tuple(each.casefold() for each in hosts) or (ANY,)
    return _Rule(place, priority, settled(lambda: _address(gateway, listener)), hosts, log)


def _priority(rule: Subject) -> float | None:
    return rule.number("/properties/priority") if rule.mentions("/properties/priority") else None


def _address(gateway: Subject, listener: Subject) -> tuple[str, str]:
    frontends = gateway.items("/properties/frontendIPConfigurations", key="/name")
    address = part(frontends, listener.text("/properties/frontendIPConfiguration/id"), "the frontend address")
    ports = gateway.items("/properties/frontendPorts", key="/name")
    port = part(ports, listener.text("/properties/frontendPort/id"), "the frontend port")
    return address.item.casefold(), port.item.casefold()


def listener_of(gateway: Subject, rule: Subject) -> Subject:
    """The listener whose requests a rule takes."""
    listeners = gateway.items("/properties/httpListeners", key="/name")
    return part(listeners, rule.text("/properties/httpListener/id"), "the listener")


def hosts_of(listener: Subject) -> tuple[str, ...]:
    """The host names that a listener fits; none for any."""
    names = [each.text("").value() for each in listener.items("/properties/hostNames")]
    if not names and listener.has("/properties/hostName"):
        names = [listener.text("/properties/hostName").value()]
    return tuple(name for name in names if name)
