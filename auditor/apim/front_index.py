"""Every front of the input, read once, and its routes by where they lead: a service looks at few of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.apim.addresses import is_address, resolved, spelled
from auditor.fronts import application_gateways, classic_front_doors, front_doors
from auditor.fronts.route import Front, FrontKind, Route, Target
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

OTHER_SERVICES = (
    ".azurewebsites.net", ".azurewebsites.us", ".azurecontainerapps.io", ".azurestaticapps.net",
    ".windows.net", ".azurefd.net", ".azureedge.net", ".azurecr.io",
)  # fmt: skip
"""Names that Azure gives to other services: none of them is an alias of an API Management service.

Sources, read on 2026-11-22: "Reference list of Azure domains"; "Prevent dangling DNS entries and avoid
subdomain takeover"; for container and static web apps the references of these. Names of public addresses
(``cloudapp.azure.com``) and of Traffic Manager are not among them: both may lead to a service.
"""
SERVICES = (".azure-api.net", ".azure-api.us", ".azure-api.cn")

Place = tuple[Front, Route]


@dataclass(slots=True, eq=False)
class Index:
    """The routes of all fronts; each stands in every list that it has to be found in."""

    by_name: dict[str, list[Place]] = field(default_factory=dict)
    """By host name, address or id of a private link, in lower case."""
    numbers: list[Place] = field(default_factory=list)
    """Those that lead to an address."""
    aliases: list[Place] = field(default_factory=list)
    """Those that lead to a name that may be an alias."""
    open: list[Place] = field(default_factory=list)
    """Those to be looked at for each service: of templates, or with parts that were not read."""
    gaps: list[tuple[Front, tuple[Gap, ...]]] = field(default_factory=list)

    def of(self, names: Iterable[str], *, numbers: bool, aliases: bool) -> list[Place]:
        """The routes to be looked at for a service, each once.

        Args:
            names: Everything it answers under.
            numbers: Whether any address may be the service's.
            aliases: Whether any name may be the service's.
        """
        found: dict[Place, None] = {}
        for name in sorted(names):
            found.update(dict.fromkeys(self.by_name.get(name, ())))
        found.update(dict.fromkeys(self.open))
        if numbers:
            found.update(dict.fromkeys(self.numbers))
        if aliases:
            found.update(dict.fromkeys(self.aliases))
        return list(found)


def index_of(subject: Subject) -> Index:
    """The index of an audit, made once."""
    memo = subject.audit.memo
    address = ("auditor.apim.front_index.index_of", "", "")
    known = memo.get(address)
    if not isinstance(known, Index):
        known = memo[address] = Index()
        for front in _fronts(subject):
            if front.gap is not None:
                known.gaps.append((front, front.gap.gaps))
            for route in front.routes:
                _enter(subject, known, (front, route))
    return known


def _fronts(subject: Subject) -> Iterator[Front]:
    def of(type_: str) -> Iterator[Subject]:
        return (Subject(subject.audit, each, Log()) for each in subject.audit.inventory.of_type(type_))

    yield from map(application_gateways.read, of(application_gateways.TYPE))
    yield from (front for front in map(front_doors.read, of(front_doors.TYPE)) if front is not None)
    yield from map(classic_front_doors.read, of(classic_front_doors.TYPE))
    yield from _parts(of(f"{front_doors.TYPE}/afdendpoints/routes"))


def _parts(routes: Iterator[Subject]) -> Iterator[Front]:
    """Front Doors of which the input holds routes, and not the profile itself."""
    for route in routes:
        profile = "/".join(route.key.split("/")[:-4])
        if profile not in route.audit.inventory.by_key:
            needed = f"the Front Door of the route {route.name}, of which only parts are in the input"
            remedy = f"az afd profile show --ids {profile}"
            yield Front(route, FrontKind.FRONT_DOOR, (), Undetermined(Gap(Reason.ABSENT, needed, remedy)))


def _enter(subject: Subject, index: Index, place: Place) -> None:
    front, route = place
    unread = isinstance(route.targets, Undetermined) or route.elsewhere is not None
    if unread or front.subject.source.declared:
        index.open.append(place)
        return
    assert not isinstance(route.targets, Undetermined)  # noqa: S101 - told above
    for target in route.targets:
        name = spelled(target.address if target.resource is None else target.resource)
        index.by_name.setdefault(name, []).append(place)
        if target.resource is None:
            _by_kind(subject, index, place, target, name)
            for head in _heads(name):
                index.by_name.setdefault(head, []).append(place)


def _heads(name: str) -> Iterator[str]:
    """How the names of services may begin that have a name in one region: each with a hyphen at its end."""
    label, _, rest = name.partition(".")
    words = label.split("-") if rest.startswith("regional.") else []
    yield from ("-".join(words[:count]) + "-" for count in range(1, len(words)))


def _by_kind(subject: Subject, index: Index, place: Place, target: Target, name: str) -> None:
    if not target.address.complete:
        index.open.append(place)
    elif is_address(name):
        index.numbers.append(place)
    elif settled(lambda: resolved(subject, name)):
        # A private zone resolves it, or has a record that was not read.
        index.open.append(place)
    elif not name.endswith((*OTHER_SERVICES, *SERVICES)):
        index.aliases.append(place)
