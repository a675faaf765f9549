"""Whether a route of a front leads to a service: by name, address or private link.

Sources: see ``auditor.apim.addresses`` and ``auditor.fronts``; decision 0013.
"""

from __future__ import annotations

from enum import Enum
from functools import partial

from auditor.apim.addresses import (
    PUBLIC_NAMES,
    Addresses,
    is_address,
    not_told,
    refers_to,
    resolved,
    spelled,
)
from auditor.apim.exposure import Network, network_of
from auditor.apim.front_index import OTHER_SERVICES, SERVICES
from auditor.fronts.precedence import NOTHING, fits
from auditor.fronts.references import id_of
from auditor.fronts.references import spelled as reference_spelled
from auditor.fronts.route import Route, Target
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import conditional_gap, may_not_be_deployed, settled
from auditor.model.subject import Subject
from auditor.model.text import Text

_NETWORKS = "microsoft.network/virtualnetworks"
_REGIONAL = ".regional.azure-api."
"""In the names that a service has by region: ``gatewayRegionalUrl``, which only a deployed one reports."""


class Leads(Enum):
    """Whether a route leads to the gateway of a service."""

    YES = "yes"
    MAYBE = "maybe"
    """Its name may be an alias, or its address one in another network."""
    NO = "no"
    HIDDEN = "hidden"
    """It would, and other rules of the front take every request that fits it."""


def leads(service: Subject, own: Addresses, route: Route) -> Leads:
    """Whether a route leads to the gateway of a service.

    Raises:
        Undetermined: What was not read decides.
    """
    if isinstance(route.targets, Undetermined):
        raise route.targets
    answers = [settled(partial(_target, service, own, route, each)) for each in route.targets]
    if Leads.YES in answers:
        if may_not_be_deployed(route.front):
            raise Undetermined(conditional_gap(route.front))
        return Leads.YES if _arrives(route) else Leads.HIDDEN
    for answer in (*answers, route.elsewhere):
        if isinstance(answer, Undetermined):
            raise Undetermined(*answer.gaps)
    return Leads.MAYBE if Leads.MAYBE in answers else Leads.NO


def _arrives(route: Route) -> bool:
    """Whether any request gets to a route past the rules that are tried before it."""
    if route.taken == NOTHING:
        return True
    if isinstance(route.hosts, Undetermined):
        raise route.hosts
    return route.taken.leaves_some(route.hosts)


def _target(service: Subject, own: Addresses, route: Route, target: Target) -> Leads:
    if target.resource is not None:
        return _by_link(service, target.resource)
    name = spelled(target.address)
    if name in own.gateway or name in own.others:
        return _by_host(own, route, target)
    if not target.address.complete:
        if refers_to(service, name):
            return _by_host(own, route, target)
        if target.address.tail.casefold().endswith(OTHER_SERVICES):
            return Leads.NO
        raise target.address.undecided()
    if is_address(name):
        return _by_address(service, own, route, target, name)
    if own.unsure is not None:
        raise Undetermined(own.unsure)
    if not name.endswith(OTHER_SERVICES):
        _named_apart(service, own, name)
    addresses = resolved(service, name)
    if addresses:
        found = {_by_address(service, own, route, target, each) for each in sorted(addresses)}
        if Leads.YES in found:
            return Leads.YES
        return Leads.NO if name.endswith(PUBLIC_NAMES) else Leads.MAYBE
    if name.endswith((*OTHER_SERVICES, *SERVICES)):
        return Leads.NO
    return Leads.MAYBE


def _named_apart(service: Subject, own: Addresses, name: str) -> None:
    """Raise where a written name may be one of the service's that a template leaves open."""
    default = name.endswith(SERVICES)
    told = any(_REGIONAL in each for each in own.gateway)
    heads = (f"{each.partition('.')[0]}-" for each in own.gateway if each.endswith(SERVICES))
    if _REGIONAL in name and not told and name.startswith(tuple(heads)):
        needed = f"whether {name}, to which a front leads, is the name of {service.name} in one region"
        raise Undetermined(Gap(Reason.INPUT, needed, "audit the deployed service"))
    for each in sorted(own.gateway):
        if "[" in each and each.endswith(SERVICES) is default:
            needed = f"whether {name}, to which a front leads, is {each} of {service.name}"
            raise Undetermined(Gap(Reason.UNRESOLVED, needed, "give the parameters with --parameters FILE"))


def _by_link(service: Subject, reference: Text) -> Leads:
    """Whether a private link is one to the service: in a template, from the provider on."""
    own, wanted = id_of(service), reference_spelled(reference)
    if wanted == own or (not own.startswith("/subscriptions/") and wanted.endswith(own)):
        return Leads.YES
    if not reference.complete:
        raise reference.undecided()
    return Leads.NO


def _by_host(own: Addresses, route: Route, target: Target) -> Leads:
    """To the gateway or to a portal: both answer at the same address, and the ``Host`` header says which.

    Raises:
        Undetermined: The header holds another name, which the documents do not say what becomes of.
    """
    names = _sent(route, target)
    if target.host is None and route.taken != NOTHING:
        if not _arrives(route):
            return Leads.YES  # as far as it goes, which is asked for all its targets at once
        known = (name for name in sorted(own.gateway) if not names or any(fits(one, name) for one in names))
        left = [settled(partial(route.taken.leaves, name)) for name in known]
        if True in left:
            return Leads.YES
        for each in left:
            if isinstance(each, Undetermined):
                raise each
    elif not names or any(fits(name, known) for name in names for known in own.gateway):
        return Leads.YES
    if names and all(name in own.others for name in names):
        return Leads.NO
    if own.unsure is not None:
        raise Undetermined(own.unsure)
    if target.host is not None and not target.host.complete:
        raise target.host.undecided()
    sent = f"the Host {names[0]}, which" if names else "a Host that"
    needed = f"what the service answers to {sent} is none of its names ({route.place})"
    raise Undetermined(Gap(Reason.EXTERNAL, needed, "send a name of the service, or show what it answers"))


def _sent(route: Route, target: Target) -> tuple[str, ...]:
    """The names that a route sends as ``Host``; none for any."""
    if target.host is not None:
        return (spelled(target.host),)
    if isinstance(route.hosts, Undetermined):
        raise route.hosts
    return tuple(each.casefold() for each in route.hosts)


def _by_address(service: Subject, own: Addresses, route: Route, target: Target, address: str) -> Leads:
    if address in own.public:
        if settled(lambda: network_of(service)) is Network.INTERNAL:
            return (
                Leads.NO
            )  # there it serves Azure's own management alone: "IP addresses of Azure API Management"
        return _by_host(own, route, target)
    networks = {network for each, network in own.private if each == address}
    if networks:
        # Private addresses are used over and over: it is this service's in its own network and its peers.
        return _by_host(own, route, target) if _in_reach(service, route, networks) else Leads.NO
    if not own.told:
        raise Undetermined(not_told(service))
    return Leads.NO


def _in_reach(service: Subject, route: Route, networks: set[str]) -> bool:
    """Whether a front stands in one of some networks, or in one that is connected to it.

    Raises:
        Undetermined: The connections of its network were not read, or there are some to networks between.
    """
    if isinstance(route.networks, Undetermined):
        raise route.networks
    if networks & set(route.networks):
        return True
    for network in route.networks:
        found = [each for each in service.audit.inventory.of_type(_NETWORKS) if each.id.casefold() == network]
        peers = _peers(service.of(found[0])) if found else None
        if peers is not None and (peers & networks):
            return True
        if peers is None or peers:
            needed = f"whether the network of {route.front.name} leads to that of {service.name}"
            raise Undetermined(Gap(Reason.ABSENT, needed, f"az network vnet show --ids {network}"))
    return False


def _peers(network: Subject) -> set[str]:
    """The networks that a network is connected to."""
    states = ("Connected", "Disconnected", "Initiated")
    return {
        str(each.text("/properties/remoteVirtualNetwork/id")).casefold()
        for each in network.items("/properties/virtualNetworkPeerings", key="/name")
        if each.read("/properties/peeringState", one_of=states) == "Connected"
    }
