"""The flows an injected service depends on, and whether a security group lets them through.

Sources: "Virtual network configuration reference: API Management" (2026-04-30), the rows that are not
optional; the row for clients is no dependency of the platform. "Inject an Azure API Management instance in a
private virtual network - Premium v2 tier" (2025-10-08).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from auditor.apim.exposure import Network, network_of
from auditor.apim.tiers import Tier, is_v2, tier_of
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import settled, some
from auditor.model.subject import Subject
from auditor.network.flows import Decision, Filter, Outcome
from auditor.network.places import HOST
from auditor.network.prefixes import INTERNET, LOAD_BALANCER, tag
from auditor.network.rules import Access, Direction, Rule

MANAGEMENT_PORT = 3443
_IN, _OUT = Direction.INBOUND, Direction.OUTBOUND


@dataclass(frozen=True, slots=True)
class Need:
    """A flow that has to be let through."""

    direction: Direction
    tag: str
    """The remote side, a service tag."""
    port: int
    why: str
    regional: bool = False
    """The tag of the service's own region is enough."""

    def __str__(self) -> str:
        side = "from" if self.direction is _IN else "to"
        return f"{self.direction.value.lower()} {self.port} {side} {self.tag}"


MANAGEMENT = Need(_IN, "ApiManagement", MANAGEMENT_PORT, "management of the service")
_BALANCER = Need(_IN, "AzureLoadBalancer", 6390, "health probes of the platform")
_TRAFFIC_MANAGER = Need(_IN, "AzureTrafficManager", 443, "routing between the locations")
_STORAGE = Need(_OUT, "Storage", 443, "Azure Storage", regional=True)
_OUTBOUND = (
    Need(_OUT, "Internet", 80, "validation of certificates"),
    _STORAGE,
    Need(_OUT, "Sql", 1433, "Azure SQL", regional=True),
    Need(_OUT, "AzureKeyVault", 443, "Key Vault"),
    Need(_OUT, "AzureMonitor", 443, "logs and metrics"),
    Need(_OUT, "AzureMonitor", 1886, "logs and metrics"),
)
KEY_VAULT = (
    Need(_OUT, "AzureKeyVault", 443, "Key Vault"),
    Need(_OUT, "AzureActiveDirectory", 443, "tokens for Key Vault"),
)
"""What reading secrets from Key Vault takes."""


def needs_of(service: Subject) -> tuple[Need, ...]:
    """The flows that a service needs at the subnet of each of its locations.

    Raises:
        Undetermined: The tier, the network or the number of locations is not known.
    """
    if is_v2(service):
        return (_STORAGE,)
    found = [MANAGEMENT]
    if tier_of(service) is not Tier.DEVELOPER:
        found.append(_BALANCER)
    if network_of(service) is Network.EXTERNAL:
        locations = service.items("/properties/additionalLocations", key="/location")
        if some(locations, lambda _: True):
            found.append(_TRAFFIC_MANAGER)
    return (*found, *_OUTBOUND)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a flow is let through."""

    need: Need
    let_through: bool
    rules: tuple[Rule, ...]
    """The rules that decide it."""

    @property
    def by_default(self) -> bool:
        """Only default rules decide it."""
        return all(rule.default for rule in self.rules)


def answers(group: Filter, needs: Iterable[Need], place: Subject) -> tuple[list[Answer], list[Gap]]:
    """What becomes of several flows, and why it is not known of the others."""
    known: list[Answer] = []
    gaps: dict[Gap, None] = {}
    for need in needs:
        found = settled(partial(answer, group, need, place))
        if isinstance(found, Answer):
            known.append(found)
        else:
            gaps.update(dict.fromkeys(found.gaps))
    return known, list(gaps)


def answer(group: Filter, need: Need, place: Subject) -> Answer:
    """Whether a flow that a location needs is let through.

    Raises:
        Undetermined: It is let through in part, or what was read does not decide it.
    """
    if need.tag.casefold() == INTERNET:
        return _to_internet(group, need)
    known = tag(need.tag)
    remote = HOST if known is None or known.name == LOAD_BALANCER else known
    outcome = group.flow(need.direction, remote, need.port)
    if outcome.allowed or outcome.denied:
        return Answer(need, outcome.allowed, outcome.rules)
    if need.regional:
        own = settled(lambda: _region(place))
        regional = None if isinstance(own, Undetermined) else tag(f"{need.tag}.{own}")
        if regional is not None:
            there = group.flow(need.direction, regional, need.port)
            if there.allowed:
                return Answer(need, True, there.rules)
    raise Undetermined(*_doubts(outcome, need, group))


def _region(place: Subject) -> str:
    return place.text("/location").value().casefold().replace(" ", "")


def _to_internet(group: Filter, need: Need) -> Answer:
    outcome = group.strangers(need.direction, need.port)
    if outcome.denied:
        return Answer(need, False, outcome.rules)
    if outcome.allowed:
        whole = group.internet(need.direction, need.port)
        if not any(each.point.remote.tag.name for each in whole.of(Access.DENY)):
            return Answer(need, True, outcome.rules)
        raise Undetermined(*_partly(whole.of(Access.DENY), need, group))
    if outcome.open:
        raise Undetermined(*_doubts(outcome, need, group))
    raise Undetermined(*_partly(outcome.of(Access.DENY), need, group))


def _doubts(outcome: Outcome, need: Need, group: Filter) -> Iterator[Gap]:
    if not outcome.open:
        yield from _partly(outcome.of(Access.DENY), need, group)
        return
    seen = dict.fromkeys(gap for each in outcome.open for gap in each.gaps)
    for gap in list(seen)[:3]:
        yield Gap(gap.reason, f"whether {group.group.name} lets {need} through: {gap.needed}", gap.remedy)


def _partly(parts: tuple[Decision, ...], need: Need, group: Filter) -> tuple[Gap, ...]:
    rules = ", ".join(dict.fromkeys(str(rule) for each in parts for rule in each.rules))
    return (
        Gap(
            Reason.EXTERNAL,
            f"whether what {group.group.name} lets through of {need} is enough: {rules} denies a part of it",
            f"let all of {need.tag} through at port {need.port}",
        ),
    )
