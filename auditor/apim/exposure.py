"""The exposure model: how a service stands in the network, and who can reach its gateway.

One model for every check on the network, so that they cannot contradict each other. Each attribute is
derived lazily: an Internal service is decided though its private endpoints were not read. Sources: "Use a
virtual network to secure inbound or outbound traffic for Azure API Management" (2025-10-08), "Connect
privately to API Management using an inbound private endpoint" (2026-03).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, StrEnum

from auditor.apim.admission import Admission, admission_at
from auditor.apim.subnets import delegations_of, names_subnet
from auditor.apim.tiers import Capability, is_v2, supports, tier_of
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION
from auditor.model.logic import derived, settled, some, together
from auditor.model.subject import Subject

PRIVATE_ENDPOINTS = "microsoft.network/privateendpoints"
_INJECTED = "microsoft.web/hostingenvironments"
_INTEGRATED = "microsoft.web/serverfarms"


class VnetType(StrEnum):
    """``virtualNetworkType`` on the wire."""

    NONE = "None"
    EXTERNAL = "External"
    INTERNAL = "Internal"


class PublicAccess(StrEnum):
    """``publicNetworkAccess`` on the wire."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class Network(Enum):
    """How a service stands in a virtual network."""

    OUTSIDE = "not in a virtual network"
    INTEGRATED = "joined to a virtual network for outbound traffic only"
    EXTERNAL = "injected into a virtual network, External"
    INTERNAL = "injected into a virtual network, Internal"
    INJECTED = "injected into a virtual network (v2)"

    @property
    def injected(self) -> bool:
        """Its gateway runs inside the customer's network."""
        return self in (Network.EXTERNAL, Network.INTERNAL, Network.INJECTED)


class Reach(Enum):
    """Who can reach the gateway."""

    PRIVATE = "only from private networks"
    NARROWED = "only from private networks and the addresses that the network security group names"
    SHARED = "from services of Azure that other customers use too"
    PUBLIC = "from the internet"
    SETTLED_AFTER_DEPLOYMENT = "settled only after deployment"


@derived
def network_of(service: Subject) -> Network:
    """How the primary location stands in a virtual network.

    Raises:
        Undetermined: The tier is not known, or a v2 service names a subnet whose delegation was not read.
    """
    if not supports(service, Capability.VNET_INJECTION):
        integrates = supports(service, Capability.OUTBOUND_INTEGRATION)
        has_subnet = integrates and service.has("/properties/virtualNetworkConfiguration")
        return Network.INTEGRATED if has_subnet else Network.OUTSIDE
    vnet_type = service.read("/properties/virtualNetworkType", one_of=VnetType)
    if is_v2(service):
        outside = vnet_type is VnetType.NONE and not names_subnet(service, "/properties")
        return Network.OUTSIDE if outside else _v2_network(service, "/properties")
    return {
        VnetType.NONE: Network.OUTSIDE,
        VnetType.EXTERNAL: Network.EXTERNAL,
        VnetType.INTERNAL: Network.INTERNAL,
    }[vnet_type]


def _v2_network(place: Subject, prefix: str = "") -> Network:
    """On v2 the subnet's delegation says whether it is injection or outbound integration."""
    if names_subnet(place, prefix):
        for to in delegations_of(place, prefix):
            if to == _INJECTED:
                return Network.INJECTED
            if to == _INTEGRATED:
                return Network.INTEGRATED
    raise Undetermined(
        Gap(
            Reason.UNKNOWN_VALUE,
            f"a subnet of {place.item or place.name} whose delegation tells injection from integration",
            "az network vnet subnet show --ids SUBNET-ID --query delegations",
        )
    )


def location_injected(location: Subject) -> bool:
    """Whether an additional location is injected into a virtual network.

    Raises:
        Undetermined: Its subnet is not known, or on v2 the subnet's delegation.
    """
    service = location.of(location.resource)
    if not names_subnet(location):
        return False
    if is_v2(service):
        return _v2_network(location).injected
    return service.read("/properties/virtualNetworkType", one_of=VnetType) is not VnetType.NONE


@derived
def approved_endpoint(service: Subject) -> bool:
    """Whether a private endpoint connection for the gateway is approved.

    Raises:
        Undetermined: The connections were not read; a template never shows their approval.
    """
    return some(_connections(service), _approved)


def _connections(service: Subject) -> Iterator[Subject]:
    """The connections by a whole list of them, or what was read of one beside what the service lists."""
    inventory = service.audit.inventory
    type_ = f"{service.resource.type}/privateendpointconnections"
    listing = inventory.listing(service.resource, type_)
    shown = service.mentions("/properties/privateEndpointConnections")
    if listing is not None and listing.complete and not (shown and service.source.whole):
        return service.children("privateEndpointConnections")
    seen = (service.of(found) for found in inventory.children(service.key, type_))
    return together(seen, service.items("/properties/privateEndpointConnections", key="/name"))


def _approved(connection: Subject) -> bool:
    state = connection.text("/properties/privateLinkServiceConnectionState/status").value()
    return state.casefold() == "approved" and _for_gateway(connection)


def _for_gateway(connection: Subject) -> bool:
    """Whether it leads to the gateway: the list of connections does not say, and there is nothing else."""
    if not connection.has("/properties/groupIds"):
        return True
    groups = connection.items("/properties/groupIds")
    return some(groups, lambda group: group.text("").value().casefold() == "gateway")


@derived
def endpoint_declared(service: Subject) -> bool:
    """Whether the deployment creates a private endpoint to the service.

    Raises:
        Undetermined: There is one whose target is not known, or a part of the template was not read.
    """
    inventory = service.audit.inventory
    endpoints = (service.of(found) for found in inventory.of_type(PRIVATE_ENDPOINTS))

    def targets(endpoint: Subject) -> bool:
        lists = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        connections = together(*(endpoint.items(f"/properties/{name}", key="/name") for name in lists))
        return some(connections, lambda connection: _leads_to(service, connection))

    declared = bool(inventory.children(service.key, f"{service.resource.type}/privateendpointconnections"))
    if declared or some(endpoints, targets):
        return True
    if service.source.lost:
        raise Undetermined(
            Gap(
                Reason.TRUNCATED,
                f"whether the deployment creates a private endpoint to {service.name}: a part of the "
                "template, or a template it links to, could not be read",
                "inline the linked templates, or read the deployed service",
            )
        )
    return False


def _leads_to(service: Subject, connection: Subject) -> bool:
    """Whether a declared private endpoint connection is one to the service.

    Raises:
        Undetermined: It may be: the endpoint stands in the same document, and what is known of its target
            tells neither another kind of resource nor another name.
    """
    pointer = "/properties/privateLinkServiceId"
    elsewhere = connection.source.path != service.source.path
    if elsewhere and connection.formula(pointer):
        return False
    target = connection.text(pointer)
    spelled = str(target).casefold().rstrip("/")
    own = service.resource.id.replace(IN_EXPRESSION, "/").casefold()
    if spelled.endswith(own):
        return True
    other_kind = "/providers/" in spelled and "/providers/microsoft.apimanagement/service/" not in spelled
    if target.complete or elsewhere or other_kind:
        return False
    name = target.tail.casefold().rpartition("/")
    if name[1] and "[" not in service.name and name[2] != service.name.casefold():
        return False
    raise target.undecided()


@derived
def gateway_reach(service: Subject) -> Reach:
    """Who can reach the gateway.

    Raises:
        Undetermined: A fact it rests on is not known. Of an External injection the security group of each
            location's subnet decides; what "Internal" means on v2 is not settled by the documents.
    """
    network = network_of(service)
    if network is Network.INTERNAL:
        return _reach_inside(service)
    if network is Network.EXTERNAL:
        return _reach_outside(service)
    if network is Network.INJECTED:
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"whether the injected v2 gateway of {service.name} can be reached from the internet: "
                "the documents do not settle it",
                "test the gateway's address from outside, and attest the result",
            )
        )
    return _reach_by_switch(service)


def _reach_inside(service: Subject) -> Reach:
    """Internal addresses are private, unless an additional location stands in no subnet."""
    if some(service.items("/properties/additionalLocations", key="/location"), _stands_outside):
        raise Undetermined(_outside(service))
    return Reach.PRIVATE


def _stands_outside(location: Subject) -> bool:
    return not names_subnet(location) and not location.flag("/disableGateway")


def _outside(service: Subject) -> Gap:
    return Gap(
        Reason.EXTERNAL,
        f"whether the gateway of {service.name} answers the internet in an additional location that "
        "names no subnet: the documents do not settle it",
        "give each additional location a virtualNetworkConfiguration with a subnet",
    )


def _locations(service: Subject) -> Iterator[Subject]:
    yield service
    yield from service.items("/properties/additionalLocations", key="/location")


def _answers(place: Subject) -> bool:
    """Whether the gateway of a location is on."""
    return not place.flag("/disableGateway" if place.base else "/properties/disableGateway")


def _reach_outside(service: Subject) -> Reach:
    """An External gateway answers whom the security group of its subnet lets in, in every location."""
    if not some(_locations(service), _answers):
        needed = f"who reaches {service.name}, whose gateway is said to be off in every location"
        raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "read the deployed service"))

    def lets_in(whom: Admission) -> Callable[[Subject], bool]:
        def asked(place: Subject) -> bool:
            if not _answers(place):
                return False
            if place.base and not names_subnet(place):
                raise Undetermined(_outside(service))
            return admission_at(place).whom is whom

        return asked

    if some(_locations(service), lets_in(Admission.ANYBODY)):
        return Reach.PUBLIC
    if some(_locations(service), lets_in(Admission.SHARED)):
        return Reach.SHARED
    return Reach.NARROWED


def describe_admission(service: Subject, whom: Admission) -> str:
    """How the security groups of an External service let somebody in, for messages."""
    found: dict[str, None] = {}

    def note(place: Subject) -> bool:
        admitted = admission_at(place)
        if _answers(place) and admitted.whom is whom:
            found[admitted.why] = None
        return False

    settled(lambda: some(_locations(service), note))
    return "; ".join(found)


def _reach_by_switch(service: Subject) -> Reach:
    """Outside a virtual network the public access switch decides, with an approved private endpoint."""
    if not supports(service, Capability.CLOSING_PUBLIC_ACCESS):
        return Reach.PUBLIC
    access = service.read("/properties/publicNetworkAccess", one_of=PublicAccess)
    planned = service.source.declared and not service.source.exported
    if access is PublicAccess.DISABLED:
        if planned:
            return Reach.SETTLED_AFTER_DEPLOYMENT
        return Reach.PRIVATE if approved_endpoint(service) else Reach.PUBLIC
    if planned and endpoint_declared(service):
        return Reach.SETTLED_AFTER_DEPLOYMENT
    return Reach.PUBLIC


def describe_network(service: Subject) -> str:
    """The tier and the network in words, for messages."""
    return f"{tier_of(service)} tier, {network_of(service).value}"
