"""Subnets of a service: whether one is named, and what it is delegated to.

Which of the two kinds of v2 networking a service has, its subnet's delegation tells: "Inject an API
Management instance in a virtual network" and "Integrate an API Management instance with a virtual network"
(2025).
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.network.flows import Filter
from auditor.network.subnets import filter_of, subnet_at

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


def subnet_of(place: Subject) -> Subject:
    """The subnet of a service or of one of its additional locations.

    Raises:
        Undetermined: It names none, or the subnet is not in the input.
    """
    at = f"{_prefix(place)}{_AT}"
    if not place.has(at):
        needed = f"the subnet of {place.item or place.name}, which is said to be injected and names none"
        raise Undetermined(
            Gap(Reason.ABSENT, needed, "read the service with api-version 2024-05-01 or newer")
        )
    return subnet_at(place, place.text(at))


def filter_at(place: Subject) -> Filter | None:
    """The security group of the subnet of a service or an additional location; None where it has none.

    Raises:
        Undetermined: The subnet or its group is not known.
    """
    return filter_of(subnet_of(place))


def _prefix(place: Subject) -> str:
    return "" if place.base else "/properties"


def delegations_of(place: Subject, prefix: str = "") -> Iterator[str]:
    """The services that the subnet of a service or of an additional location is delegated to, lower case.

    Raises:
        Undetermined: The subnet, or its delegation, is not in the input.
    """
    subnet = subnet_at(place, place.text(f"{prefix}{_AT}"))
    for delegation in subnet.items("/properties/delegations", key="/name"):
        yield delegation.text("/properties/serviceName").value().casefold()
