"""Whether a service has a line of sight to a vault that is closed to the internet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditor.apim.exposure import Network, network_of
from auditor.apim.subnets import names_subnet
from auditor.apim.tiers import is_classic
from auditor.keyvault.firewall import (
    Wall,
    admits_firewall,
    admits_subnet,
    has_private_endpoint,
    has_rules,
    holds,
    rules_for_addresses,
)
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import settled, some
from auditor.model.subject import Subject

_SUBNET = "/virtualNetworkConfiguration/subnetResourceId"
_ADDRESSES = "/properties/publicIPAddresses"
_OF_LOCATION = "/publicIPAddresses"


def in_sight(service: Subject, vault: Subject, wall: Wall) -> bool:
    """Whether a rule of the vault names the service's subnets, or its addresses outside of a network.

    Raises:
        Undetermined: A private endpoint of the vault may be in sight: what its name resolves to in the
            network of the service is not read.
    """
    network = settled(partial(network_of, service))
    outside = network is Network.OUTSIDE
    if wall is Wall.RULES and has_rules(vault):
        if isinstance(network, Undetermined):
            raise network
        admitted = _by_address(service, vault) if outside else _by_subnet(service, vault)
        if admitted:
            return True
        if not outside and _may_pass_another_way(vault):
            raise Undetermined(
                Gap(
                    Reason.EXTERNAL,
                    f"whether the traffic of {service.name} leaves its network through an address or a "
                    f"firewall that {vault.name} lets in",
                    "refresh a secret and read its keyVault.lastStatus",
                )
            )
    if outside or not has_private_endpoint(vault):
        return False
    if isinstance(network, Undetermined):
        raise network
    needed = (
        f"whether {service.name} reaches {vault.name} through its private endpoint: which address the name "
        "of the vault resolves to in the network of the service is not read"
    )
    raise Undetermined(Gap(Reason.EXTERNAL, needed, "refresh a secret and read its keyVault.lastStatus"))


def _by_subnet(service: Subject, vault: Subject) -> bool:
    """Whether rules name the subnet of every location."""
    named = False
    for place, prefix in _places(service):
        if not names_subnet(place, prefix):
            return False
        if not admits_subnet(vault, str(place.text(f"{prefix}{_SUBNET}"))):
            return False
        named = True
    return named


def _places(service: Subject) -> Iterator[tuple[Subject, str]]:
    yield service, "/properties"
    for location in service.items("/properties/additionalLocations", key="/location"):
        yield location, ""


def _may_pass_another_way(vault: Subject) -> bool:
    """Whether rules name addresses, or the subnet of a firewall, that traffic may be led through."""
    return some(rules_for_addresses(vault), lambda _: True) or admits_firewall(vault)


def _by_address(service: Subject, vault: Subject) -> bool:
    """Whether rules hold every public address of the service."""
    if not some(rules_for_addresses(vault), lambda _: True):
        return False
    if not is_classic(service):
        needed = f"from which addresses {service.name} calls Key Vault: on its tier they are not its own"
        raise Undetermined(Gap(Reason.EXTERNAL, needed, "refresh a secret and read its keyVault.lastStatus"))
    addresses = own_addresses(service)
    return bool(addresses) and all(
        some(rules_for_addresses(vault), partial(holds, address=address)) for address in addresses
    )


def own_addresses(service: Subject) -> tuple[str, ...]:
    """The public addresses of a deployed service, in every location.

    Raises:
        Undetermined: They are not told, as in a template.
    """
    locations = service.items("/properties/additionalLocations", key="/location")
    places = [(service, _ADDRESSES), *((location, _OF_LOCATION) for location in locations)]
    return tuple(item.text("").value().strip() for place, at in places for item in place.items(at))
