"""The firewall of a vault: whom it lets in.

Sources: "Configure Azure Key Vault networking settings", "Network security for Azure Key Vault", the REST
specification's property texts (``publicNetworkAccess`` ``disabled`` leaves private endpoints and trusted
services alone, and overrides the rules; ``bypass`` is ``AzureServices`` where nothing else is said).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from enum import Enum, StrEnum

from auditor.keyvault.names import VAULTS, spelled_name
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import derived, some, together
from auditor.model.subject import Subject

_ACLS = "/properties/networkAcls"
_ENDPOINTS = "microsoft.network/privateendpoints"


class Wall(Enum):
    """How a vault is closed."""

    OFF = "open to every network"
    RULES = "open to chosen networks and addresses"
    CLOSED = "closed to public networks"


class Access(StrEnum):
    """``publicNetworkAccess`` on the wire."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class Action(StrEnum):
    """``networkAcls.defaultAction`` on the wire."""

    ALLOW = "Allow"
    DENY = "Deny"


class Bypass(StrEnum):
    """``networkAcls.bypass`` on the wire."""

    TRUSTED = "AzureServices"
    NONE = "None"


@derived
def wall_of(vault: Subject) -> Wall:
    """How a vault is closed."""
    if access_of(vault) is Access.DISABLED:
        return Wall.CLOSED
    if not vault.has(_ACLS):
        return Wall.OFF
    if vault.read(f"{_ACLS}/defaultAction", one_of=Action) is Action.DENY:
        return Wall.RULES
    return Wall.OFF


def access_of(vault: Subject) -> Access:
    """Whether public networks reach a vault at all.

    Raises:
        Undetermined: It is not told, or a network security perimeter decides, which is not read.
    """
    return vault.read("/properties/publicNetworkAccess", one_of=Access)


def trusts_services(vault: Subject) -> bool:
    """Whether trusted Microsoft services pass the firewall."""
    return vault.read(f"{_ACLS}/bypass", one_of=Bypass) is Bypass.TRUSTED


def admits_subnet(vault: Subject, subnet: str) -> bool:
    """Whether a rule of the firewall names a subnet.

    Args:
        vault: Read as a subject.
        subnet: Its id as it is written, unknown pieces in brackets.
    """

    def names_it(rule: Subject) -> bool:
        text = rule.text("/id")
        written, wanted = str(text).casefold().rstrip("/"), subnet.casefold().rstrip("/")
        if written == wanted:
            return True
        if "[" in written + wanted and _tail(written) == _tail(wanted):
            raise text.undecided() if not text.complete else _unsettled(vault, subnet)
        return False

    return some(vault.items(f"{_ACLS}/virtualNetworkRules", key="/id"), names_it)


def admits_firewall(vault: Subject) -> bool:
    """Whether a rule names the subnet of an Azure Firewall, which traffic of others may come through."""
    rules = vault.items(f"{_ACLS}/virtualNetworkRules", key="/id")
    return some(rules, lambda rule: rule.text("/id").ends("/azurefirewallsubnet"))


def _tail(subnet: str) -> str:
    return subnet.rpartition("/")[2]


def _unsettled(vault: Subject, subnet: str) -> Undetermined:
    needed = f"whether a network rule of {vault.name} means the subnet {subnet[:200]}"
    return Undetermined(Gap(Reason.UNRESOLVED, needed, "audit the deployed service with its vault"))


def rules_for_addresses(vault: Subject) -> Iterator[Subject]:
    """The addresses and ranges that the firewall lets in."""
    return vault.items(f"{_ACLS}/ipRules", key="/value")


def has_rules(vault: Subject) -> bool:
    """Whether the firewall lets any network or address in."""
    networks = vault.items(f"{_ACLS}/virtualNetworkRules", key="/id")
    return some(together(rules_for_addresses(vault), networks), lambda _: True)


def holds(rule: Subject, address: str) -> bool:
    """Whether the range of a rule holds an address."""
    written = rule.text("/value").value().strip()
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(written, strict=False)
    except ValueError:
        needed = f"the range of addresses {written[:60]!r} in the firewall of {rule.name}"
        gap = Gap(Reason.UNKNOWN_VALUE, needed, "write it as an address or in CIDR form")
        raise Undetermined(gap) from None


def has_private_endpoint(vault: Subject) -> bool:
    """Whether a private endpoint of the vault is approved, or declared beside it.

    Raises:
        Undetermined: That was not read.
    """
    if not vault.source.declared:
        return some(vault.items("/properties/privateEndpointConnections", key="/id"), _approved)
    name = f"/providers/{VAULTS}/{spelled_name(vault.resource)}".casefold()
    declared = (
        vault.of(found)
        for found in vault.audit.inventory.of_type(_ENDPOINTS)
        if found.input.path == vault.source.path
    )
    if some(_connections(declared), lambda one: _leads_to(one, name)):
        return True
    if vault.source.whole:
        return False
    needed = f"the private endpoints of {vault.name}"
    raise Undetermined(Gap(Reason.NOT_DECLARED, needed, "audit the deployed vault, or say --complete"))


def _connections(endpoints: Iterator[Subject]) -> Iterator[Subject]:
    return together(
        *(
            endpoint.items(f"/properties/{kind}", key="/name")
            for endpoint in endpoints
            for kind in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        )
    )


def _leads_to(connection: Subject, name: str) -> bool:
    return connection.text("/properties/privateLinkServiceId").ends(name)


def _approved(connection: Subject) -> bool:
    state = connection.text("/properties/privateLinkServiceConnectionState/status").value()
    return state.strip().casefold() == "approved"
