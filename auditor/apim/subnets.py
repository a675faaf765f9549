"""Subnets of a service: whether one is named, and what it is delegated to.

A subnet stands in the input as a resource of its own or in the list of its virtual network. Which of the two
kinds of v2 networking a service has, its subnet's delegation tells: "Inject an API Management instance in a
virtual network" and "Integrate an API Management instance with a virtual network" (2025).
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION
from auditor.model.logic import some, together, within
from auditor.model.subject import Subject
from auditor.model.text import Text

_NETWORKS = "microsoft.network/virtualnetworks"
_SUBNETS = f"{_NETWORKS}/subnets"
_AT = "/virtualNetworkConfiguration/subnetResourceId"


def names_subnet(place: Subject, prefix: str = "") -> bool:
    """Whether a service or one of its additional locations names a subnet.

    Args:
        place: The service, or an item of ``additionalLocations``.
        prefix: Where its members begin: ``/properties`` for the service.

    Raises:
        Undetermined: The subnet is a parameter without a value, which may be empty.
    """
    at = f"{prefix}{_AT}"
    if not place.has(at):
        return False
    text = place.text(at)
    return not text.complete or bool(text.value().strip())


def delegations_of(place: Subject, prefix: str = "") -> Iterator[str]:
    """The services that the subnet of a service or of an additional location is delegated to, lower case.

    Raises:
        Undetermined: The subnet, or its delegation, is not in the input.
    """
    target = place.text(f"{prefix}{_AT}")
    found: list[Subject] = []

    def is_it(subnet: Subject) -> bool:
        if not _ends(target, _spelled(subnet)):
            return False
        found.append(subnet)
        return True

    if not some(_candidates(place, target), is_it):
        command = f"az resource show --ids {target if target.complete else 'SUBNET-ID'}"
        raise Undetermined(Gap(Reason.ABSENT, f"the subnet {target}", command))
    for delegation in found[-1].with_log(place.log).items("/properties/delegations", key="/name"):
        yield delegation.text("/properties/serviceName").value().casefold()


def _candidates(place: Subject, target: Text) -> Iterator[Subject]:
    """Every subnet of the input that may be meant: of the same kind of input, or with a full id."""
    inventory = place.audit.inventory
    here = [
        place.of(found)
        for type_ in (_SUBNETS, _NETWORKS)
        for found in inventory.of_type(type_)
        if found.input.declared == place.source.declared or found.id.lower().startswith("/subscriptions/")
    ]
    networks = (found for found in here if found.resource.type == _NETWORKS and _holds(target, found))
    listed = within(networks, lambda network: network.items("/properties/subnets", key="/name"))
    return together((found for found in here if found.resource.type == _SUBNETS), listed)


def _holds(target: Text, network: Subject) -> bool:
    head, _, _ = str(target).casefold().rstrip("/").rpartition("/subnets/")
    return head.endswith(_id(network))


def _spelled(subnet: Subject) -> str:
    """The id of a subnet; one in a network's list has no id of its own in a template."""
    return f"{_id(subnet)}/subnets/{subnet.item.casefold()}" if subnet.base else _id(subnet)


def _id(subject: Subject) -> str:
    return subject.resource.id.replace(IN_EXPRESSION, "/").casefold()


def _ends(target: Text, own: str) -> bool:
    return str(target).casefold().rstrip("/").endswith(own)
