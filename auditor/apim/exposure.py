"""The exposure model: how a service stands in the network, and who can reach its gateway.

One model for every check on the network, so that they cannot contradict each other. Each attribute is
derived lazily: an Internal service is decided though its private endpoints were not read. Sources: "Use a
virtual network to secure inbound or outbound traffic for Azure API Management" (2025-10-08), "Connect
privately to API Management using an inbound private endpoint" (2026-03).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, StrEnum

from auditor.apim.tiers import Capability, is_v2, supports, tier_of
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION
from auditor.model.logic import derived, some
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
        return _v2_network(service, vnet_type)
    return {
        VnetType.NONE: Network.OUTSIDE,
        VnetType.EXTERNAL: Network.EXTERNAL,
        VnetType.INTERNAL: Network.INTERNAL,
    }[vnet_type]


def _v2_network(service: Subject, vnet_type: VnetType) -> Network:
    """On v2 the subnet's delegation says whether it is injection or outbound integration."""
    if vnet_type is VnetType.NONE and not service.has("/properties/virtualNetworkConfiguration"):
        return Network.OUTSIDE
    subnet_id = service.text("/properties/virtualNetworkConfiguration/subnetResourceId").value()
    delegations = service.related(subnet_id).items("/properties/delegations", key="/name")
    for delegation in delegations:
        to = delegation.text("/properties/serviceName").value().casefold()
        if to == _INJECTED:
            return Network.INJECTED
        if to == _INTEGRATED:
            return Network.INTEGRATED
    raise Undetermined(
        Gap(Reason.UNKNOWN_VALUE, f"a delegation of subnet {subnet_id} that tells injection from integration")
    )


@derived
def approved_endpoint(service: Subject) -> bool:
    """Whether a private endpoint connection for the gateway is approved.

    Raises:
        Undetermined: The connections were not read; a template never shows their approval.
    """
    return some(_connections(service), _approved)


def _connections(service: Subject) -> Iterator[Subject]:
    inventory = service.audit.inventory
    type_ = f"{service.resource.type}/privateendpointconnections"
    if inventory.listing(service.resource, type_) is not None:
        return service.children("privateEndpointConnections")
    return service.items("/properties/privateEndpointConnections", key="/name")


def _approved(connection: Subject) -> bool:
    state = connection.text("/properties/privateLinkServiceConnectionState/status").value()
    return state.casefold() == "approved"


@derived
def endpoint_declared(service: Subject) -> bool:
    """Whether the deployment creates a private endpoint to the service.

    Raises:
        Undetermined: There is one whose target is not known.
    """
    inventory = service.audit.inventory
    endpoints = (service.of(found) for found in inventory.of_type(PRIVATE_ENDPOINTS))

    def targets(endpoint: Subject) -> bool:
        connections = endpoint.items("/properties/privateLinkServiceConnections", key="/name")
        return some(connections, lambda connection: _leads_to(service, connection))

    declared = bool(inventory.children(service.key, f"{service.resource.type}/privateendpointconnections"))
    return declared or some(endpoints, targets)


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
    """Who can reach the gateway of the primary location.

    Raises:
        Undetermined: A fact it rests on is not known. Of an External injection the network security group
            decides; what "Internal" means on v2 is not settled by the documents.
    """
    network = network_of(service)
    if network is Network.INTERNAL:
        return Reach.PRIVATE
    if network is Network.EXTERNAL:
        raise Undetermined(
            Gap(
                Reason.INPUT,
                f"whether the network security group of {service.name}'s subnet narrows ports 80 and 443: "
                "this version does not evaluate security groups",
                "show the inbound rules for 80 and 443 of the subnet's network security group",
            )
        )
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
