"""Which application gateways and front doors lead to a service, by which routes, and to which of its APIs.

A name that is neither the service's nor another Azure service's may be an alias of it: only DNS tells. That
stays open, as ``Leads.MAYBE``, and decides nothing. Sources: see ``auditor.apim.addresses`` and
``auditor.fronts``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from auditor.apim.addresses import Addresses, addresses_of, is_address, not_told, resolved, spelled
from auditor.apim.collections import planned
from auditor.fronts import application_gateways, classic_front_doors, front_doors
from auditor.fronts.paths import reaches, spans_of_api
from auditor.fronts.route import Front, Route, Target
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import conditional_gap, may_not_be_deployed, settled
from auditor.model.subject import Subject

_NETWORKS = "microsoft.network/virtualnetworks"
_OTHER_SERVICES = (
    ".azurewebsites.net", ".azurewebsites.us", ".azurecontainerapps.io", ".azurestaticapps.net",
    ".windows.net", ".cloudapp.azure.com", ".cloudapp.net", ".azurefd.net", ".azureedge.net", ".azurecr.io",
)  # fmt: skip
"""Names that Azure gives to other services: none of them is an alias of an API Management service."""
_APIM = (".azure-api.net", ".azure-api.us", ".azure-api.cn")
_MOST_APIS = 50


class Leads(Enum):
    """Whether a route leads to the gateway of a service."""

    YES = "yes"
    MAYBE = "maybe"
    """Its name may be an alias, or its address one in another network."""
    NO = "no"


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """A route that leads to a service, or may."""

    route: Route
    leads: Leads | Undetermined

    @property
    def certain(self) -> bool:
        """It surely leads there."""
        return self.leads is Leads.YES

    @property
    def protects(self) -> bool | None:
        """Whether a firewall blocks on it; None where that was not read."""
        firewall = self.route.firewall
        return None if isinstance(firewall, Undetermined) else firewall.protects

    def gaps(self) -> Iterator[Gap]:
        """What was not read of it."""
        for each in (self.leads, self.route.public, self.route.firewall):
            if isinstance(each, Undetermined):
                yield from each.gaps


def all_fronts(subject: Subject) -> tuple[Front, ...]:
    """Every front of the input, read once."""
    memo = subject.audit.memo
    address = ("auditor.apim.fronts.all_fronts", "", "")
    known = memo.get(address)
    if not isinstance(known, tuple):
        known = memo[address] = tuple(_fronts(subject))
    return known


def _fronts(subject: Subject) -> Iterator[Front]:
    def of(type_: str) -> Iterator[Subject]:
        return (Subject(subject.audit, each, Log()) for each in subject.audit.inventory.of_type(type_))

    yield from map(application_gateways.read, of(application_gateways.TYPE))
    yield from (front for front in map(front_doors.read, of(front_doors.TYPE)) if front is not None)
    yield from map(classic_front_doors.read, of(classic_front_doors.TYPE))


@dataclass(frozen=True, slots=True, eq=False)
class Fronts:
    """What stands before a service, as far as it was read."""

    met: tuple[Met, ...]
    """Routes that lead to its gateway, or may."""
    gaps: tuple[Gap, ...]
    """Why there may be more routes of the fronts that were read."""

    def certain(self) -> tuple[Met, ...]:
        """Routes that surely lead there."""
        return tuple(each for each in self.met if each.certain)


def fronts_of(service: Subject) -> Fronts:
    """The routes that lead to the gateway of a service, or may; what was read of the service is logged."""
    own = addresses_of(service)
    met: list[Met] = []
    gaps: dict[Gap, None] = {}
    for front in all_fronts(service):
        if not _concerns(service, front):
            continue
        if front.gap is not None:
            gaps.update(dict.fromkeys(front.gap.gaps))
        for route in front.routes:
            answer = settled(partial(_leads, service, own, route))
            if answer is not Leads.NO:
                met.append(Met(route, answer))
    return Fronts(tuple(met), tuple(gaps))


def _concerns(service: Subject, front: Front) -> bool:
    """Whether a front can be one of the service: one of a template stands in the same template."""
    if not front.subject.source.declared:
        return True
    return front.subject.source.path == service.source.path


def _leads(service: Subject, own: Addresses, route: Route) -> Leads:
    if isinstance(route.targets, Undetermined):
        raise route.targets
    answers = [settled(partial(_target, service, own, route, each)) for each in route.targets]
    if Leads.YES in answers:
        if may_not_be_deployed(route.front):
            raise Undetermined(conditional_gap(route.front))
        return Leads.YES
    for answer in (*answers, route.elsewhere):
        if isinstance(answer, Undetermined):
            raise answer
    return Leads.MAYBE if Leads.MAYBE in answers else Leads.NO


def _target(service: Subject, own: Addresses, route: Route, target: Target) -> Leads:
    if target.resource:
        return Leads.YES if target.resource.casefold() == service.resource.id.casefold() else Leads.NO
    name = spelled(target.address)
    host = spelled(target.host) if target.host is not None else ""
    if name in own.gateway:
        return _by_host(own, host)
    if name in own.others:
        return Leads.YES if host in own.gateway else Leads.MAYBE if not host else Leads.NO
    if not target.address.complete:
        if target.address.tail.casefold().endswith(_OTHER_SERVICES):
            return Leads.NO
        raise target.address.undecided()
    if is_address(name):
        return _by_address(service, own, route, name, host)
    if own.unsure is not None:
        raise Undetermined(own.unsure)
    addresses = resolved(service, name)
    if addresses:
        found = {_by_address(service, own, route, each, host) for each in sorted(addresses)}
        return Leads.YES if Leads.YES in found else Leads.MAYBE
    if name.endswith((*_OTHER_SERVICES, *_APIM)):
        return Leads.NO
    return Leads.MAYBE


def _by_host(own: Addresses, host: str) -> Leads:
    """To the gateway or to a portal: the ``Host`` header says which, and the caller's own may be any."""
    return Leads.NO if host in own.others else Leads.YES


def _by_address(service: Subject, own: Addresses, route: Route, address: str, host: str) -> Leads:
    if address in own.public:
        return _by_host(own, host)
    networks = {network for each, network in own.private if each == address}
    if networks:
        # Private addresses are used over and over: it is this service's in its own network and its peers.
        known = host in own.gateway or _same_network(service, route, networks)
        return _by_host(own, host) if known else Leads.MAYBE
    if planned(service):
        raise Undetermined(not_told(service))
    return Leads.NO if own.told else Leads.MAYBE


def _same_network(service: Subject, route: Route, networks: set[str]) -> bool:
    if isinstance(route.networks, Undetermined):
        return False
    own = networks - {""}
    return any(each in own or _peered(service, each, own) for each in route.networks)


def _peered(service: Subject, one: str, others: set[str]) -> bool:
    """Whether a network that was read is connected to one of others, from either side."""
    for found in service.audit.inventory.of_type(_NETWORKS):
        network = service.of(found)
        here = found.id.casefold()
        wanted = others if here == one else {one} if here in others else set()
        if not wanted or not network.mentions("/properties/virtualNetworkPeerings"):
            continue
        if settled(partial(_connected, network, wanted)) is True:
            return True
    return False


def _connected(network: Subject, wanted: set[str]) -> bool:
    for each in network.items("/properties/virtualNetworkPeerings", key="/name"):
        remote = str(each.text("/properties/remoteVirtualNetwork/id")).casefold()
        if remote in wanted and each.stated("/properties/peeringState").casefold() == "connected":
            return True
    return False


# -- which APIs it shows ---------------------------------------------------------------------------------


def apis_behind(service: Subject, route: Route) -> list[str]:
    """The paths of the APIs that some request of a route arrives at, as far as the APIs were read.

    Raises:
        Undetermined: The route writes paths anew, or its patterns were not read.
    """
    for each in (route.rewritten, route.patterns, route.before):
        if isinstance(each, Undetermined):
            raise each
    if route.rewritten:
        raise Undetermined(Gap(Reason.INPUT, f"which paths arrive by {route.place}: it writes them anew"))
    assert not isinstance(route.patterns, Undetermined)  # noqa: S101 - raised above
    assert not isinstance(route.before, Undetermined)  # noqa: S101 - raised above
    patterns, before = route.patterns, route.before
    return [f"/{path}" for path in _paths(service) if reaches(patterns, before, spans_of_api(path))]


def _paths(service: Subject) -> list[str]:
    memo = service.audit.memo
    address = ("auditor.apim.fronts.paths", service.key, "")
    known = memo.get(address)
    if not isinstance(known, list):
        quiet = service.with_log(Log())
        known = memo[address] = sorted(set(_read_paths(quiet)))
    return known


def _read_paths(service: Subject) -> Iterator[str]:
    for api in service.audit.inventory.children(service.key, f"{service.resource.type}/apis"):
        subject = service.of(api)
        path = settled(partial(lambda one: one.text("/properties/path").value(), subject))
        if isinstance(path, str):
            yield path.strip("/")


def described(service: Subject, fronts: Fronts) -> dict[str, Any] | None:
    """The routes that lead to a service, for a finding's details."""
    rows = [_row(service, each) for each in fronts.met if each.leads is not Leads.MAYBE]
    maybe = sum(each.leads is Leads.MAYBE for each in fronts.met)
    if not rows and not maybe:
        return None
    return {"kind": "fronts", "routes": rows, "perhaps": maybe}


def _row(service: Subject, met: Met) -> Mapping[str, Any]:
    route = met.route
    firewall = route.firewall
    apis = settled(partial(apis_behind, service, route))
    told = [] if isinstance(apis, Undetermined) else apis
    return {
        "front": route.front.name,
        "type": str(route.kind),
        "listener": route.listener,
        "hosts": [] if isinstance(route.hosts, Undetermined) else list(route.hosts),
        "rule": route.rule,
        "paths": [] if isinstance(route.patterns, Undetermined) else list(route.patterns),
        "public": None if isinstance(route.public, Undetermined) else route.public,
        "certain": met.certain,
        "protected": met.protects,
        "firewall": "not read" if isinstance(firewall, Undetermined) else firewall.says,
        "notes": [] if isinstance(firewall, Undetermined) else list(firewall.notes),
        "apis": told[:_MOST_APIS],
        "apis_of": None if isinstance(apis, Undetermined) else len(told),
    }
