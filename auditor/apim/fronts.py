"""Which application gateways and front doors lead to a service, by which routes, and to which of its APIs.

A name that is neither the service's nor another Azure service's may be an alias of it: only DNS tells. That
stays open, as ``Leads.MAYBE``, and decides nothing. Sources: see ``auditor.apim.addresses`` and
``auditor.fronts``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from auditor.apim.addresses import addresses_of
from auditor.apim.front_index import SERVICES, index_of
from auditor.apim.front_leads import Leads, leads
from auditor.fronts.paths import reaches, spans_of_api
from auditor.fronts.precedence import fits
from auditor.fronts.references import id_of
from auditor.fronts.route import Front, FrontKind, Route
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import InputKind
from auditor.model.logic import settled
from auditor.model.subject import Subject

_MOST_APIS = 50
QUERY = (
    "az graph query -q \"resources | where type in~ ('microsoft.network/applicationgateways', "
    "'microsoft.network/applicationgatewaywebapplicationfirewallpolicies', "
    "'microsoft.network/frontdoorwebapplicationfirewallpolicies', 'microsoft.network/frontdoors', "
    "'microsoft.cdn/profiles')\""
)
"""What shows the fronts of a tenant."""


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """A route that leads to a service, or may."""

    front: Front
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


@dataclass(frozen=True, slots=True, eq=False)
class Fronts:
    """What stands before a service, as far as it was read."""

    met: tuple[Met, ...]
    """Routes that lead to its gateway, or of which that was not read."""
    perhaps: tuple[Met, ...]
    """Routes to names that may be aliases of its own."""
    gaps: tuple[Gap, ...]
    """Why there may be more routes of the fronts that were read."""
    idle: tuple[Met, ...] = ()
    """Routes of stopped fronts, which would lead to its gateway."""
    hidden: tuple[Route, ...] = ()
    """Routes to its addresses that no request gets to: other rules of the front take them all."""

    def certain(self) -> tuple[Met, ...]:
        """Routes that surely lead there."""
        return tuple(each for each in self.met if each.certain)

    def stopped(self) -> tuple[Met, ...]:
        """Routes of stopped fronts that would surely lead there."""
        return tuple(each for each in self.idle if each.certain)


def fronts_of(service: Subject) -> Fronts:
    """The routes that lead to the gateway of a service, or may; what was read of the service is logged."""
    own, index = addresses_of(service), index_of(service)
    names = {*own.gateway, *own.others, *own.public, *(each for each, _ in own.private), id_of(service)}
    names |= {f"{each.partition('.')[0]}-" for each in own.gateway if each.endswith(SERVICES)}
    places = index.of(names, numbers=not own.told, aliases=own.unsure is not None)
    met, perhaps, idle, seen = list[Met](), list[Met](), list[Met](), set[Route]()
    hidden: list[Route] = []
    for front, route in places:
        seen.add(route)
        if not _concerns(service, front):
            continue
        answer = settled(partial(leads, service, own, route))
        if answer is Leads.HIDDEN:
            hidden.append(route)
        elif answer is not Leads.NO:
            if answer is Leads.YES and isinstance(front.idle, Undetermined):
                answer = front.idle
            stopped = front.idle is True
            (idle if stopped else perhaps if answer is Leads.MAYBE else met).append(Met(front, route, answer))
    aliases = [each for each in index.aliases if each[1] not in seen and each[0].idle is not True]
    perhaps += [Met(front, route, Leads.MAYBE) for front, route in aliases]
    gaps = (gap for front, several in index.gaps if _concerns(service, front) for gap in several)
    return Fronts(tuple(met), tuple(perhaps), tuple(dict.fromkeys(gaps)), tuple(idle), tuple(hidden))


def unfinished(service: Subject) -> Iterator[Gap]:
    """That a reading of Azure did not come whole: what is missing may be a front, or a route of one."""
    for source in service.audit.inventory.inputs:
        if source.lost and source.kind is InputKind.SNAPSHOT:
            yield Gap(
                Reason.FAILED,
                f"the rest of {source.path}, which was not read whole: a front may be in it",
                "auditor collect --resume, then audit the snapshot again",
            )


def unseen(service: Subject) -> Iterator[Gap]:
    """Why a front may lead to a service though none was read: the input does not show fronts, or not all."""
    yield from unfinished(service)
    kinds = {source.kind for source in service.audit.inventory.inputs}
    if InputKind.SNAPSHOT not in kinds and not service.source.whole:
        needed = f"whether a proxy stands before {service.name}: no front that was read leads to it"
        yield Gap(Reason.INPUT, needed, QUERY)


def _concerns(service: Subject, front: Front) -> bool:
    """Whether a front can be one of the service: one of a template stands in the same template."""
    if not front.subject.source.declared:
        return True
    return front.subject.source.path == service.source.path


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
    rows = [_row(service, each) for each in (*fronts.met, *fronts.stopped())]
    if not rows and not fronts.perhaps:
        return None
    return {"kind": "fronts", "routes": rows, "perhaps": len(fronts.perhaps)}


def _notes(service: Subject, route: Route) -> Iterator[str]:
    """What a reader should know of a route, and decides nothing."""
    if route.kind is FrontKind.CLASSIC_FRONT_DOOR:
        yield "retired on 31 March 2027"
    if isinstance(route.hosts, Undetermined) or not route.hosts:
        return
    own = addresses_of(service.with_log(Log())).gateway
    if not any(fits(name.casefold(), known) for name in route.hosts for known in own):
        yield "callers use host names that are none of the service's"


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
        "notes": [
            *([] if isinstance(firewall, Undetermined) else firewall.notes),
            *_notes(service, route),
            *(["stopped: nothing passes it until somebody starts it"] if met.front.idle is True else []),
        ],
        "apis": told[:_MOST_APIS],
        "apis_of": None if isinstance(apis, Undetermined) else len(told),
    }
