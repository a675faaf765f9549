"""What a service answers under: host names and addresses, for telling whether a proxy leads to it.

Sources: "Configure a custom domain name for your API Management instance" (the default host name keeps
answering), "IP addresses of Azure API Management", "Deploy to an internal virtual network" (DNS).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from auditor.apim.collections import planned
from auditor.apim.exposure import PRIVATE_ENDPOINTS
from auditor.apim.hosts import HostType
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject
from auditor.model.text import Text

_HOSTS = "/properties/hostnameConfigurations"
_SUFFIXES = {"us": "azure-api.us", "cn": "azure-api.cn", "": "azure-api.net"}
_OTHERS = ("portal", "developer", "management", "scm", "configuration")
_RECORDS = "microsoft.network/privatednszones/a"
_PUBLIC_ADDRESSES = "microsoft.network/publicipaddresses"
PUBLIC_NAMES = (".cloudapp.azure.com", ".cloudapp.usgovcloudapi.net", ".cloudapp.chinacloudapi.cn")
"""How the names end that public addresses have by their DNS label."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Names and addresses of one service, in lower case; what is not known as its expression."""

    gateway: frozenset[str]
    others: frozenset[str]
    """Names of its portals and management endpoints."""
    public: frozenset[str]
    private: frozenset[tuple[str, str]]
    """Private addresses, each with the id of the virtual network it is in; empty where that is not known."""
    unsure: Gap | None
    """What of the names was not read."""
    told: bool
    """Whether the addresses were read: of each location, and the private ones of each in a network."""


@derived
def addresses_of(service: Subject) -> Addresses:
    """Everything a service answers under, as far as it was read."""
    gateway, others = _default_names(service)
    unsure: list[Gap] = []
    hosts = service.items(_HOSTS, key="/hostName")
    while True:
        host = settled(partial(next, hosts, None))
        if host is None:
            break
        if isinstance(host, Undetermined):
            unsure.extend(host.gaps)
            break
        named = settled(lambda: (_spelled(host), host.read("/type", one_of=HostType)))  # noqa: B023
        if isinstance(named, Undetermined):
            unsure.extend(named.gaps)
        else:
            (gateway if named[1] is HostType.PROXY else others).add(named[0])
    public, private = set[str](), set[tuple[str, str]]()
    told = True
    for place, at in _locations(service):
        network = _network(place, at)
        for name in ("gatewayUrl", "gatewayRegionalUrl"):
            if said := place.stated(f"{at}/{name}"):
                gateway.add(said.rpartition("://")[2].strip("/").casefold())
        outside, inside = (_ips(place, f"{at}/{name}IPAddresses") for name in ("public", "private"))
        told &= (inside if network else outside) is not None
        public |= outside or set()
        private |= {(each, network) for each in inside or ()}
    private |= set(_endpoint_addresses(service))
    gap = unsure[0] if unsure else None
    return Addresses(frozenset(gateway), frozenset(others), frozenset(public), frozenset(private), gap, told)


def _default_names(service: Subject) -> tuple[set[str], set[str]]:
    """The names that every service has, in the cloud it stands in; in each where that is not known."""
    place = service.stated("/location").casefold().replace(" ", "")
    clouds = (
        ("us",) if place.startswith(("usgov", "usdod")) else ("cn",) if place.startswith("china") else ("",)
    )
    name = service.name.replace(IN_EXPRESSION, "/").casefold()
    suffixes = [_SUFFIXES[cloud] for cloud in (clouds if place else _SUFFIXES)]
    own = {f"{name}.{suffix}" for suffix in suffixes}
    return own, {f"{name}.{other}.{suffix}" for suffix in suffixes for other in _OTHERS}


def spelled(text: Text) -> str:
    """A name as it is compared."""
    return str(text).strip().rstrip(".").casefold()


def _spelled(host: Subject) -> str:
    return spelled(host.wording("/hostName"))


def _locations(service: Subject) -> Iterator[tuple[Subject, str]]:
    yield service, "/properties"
    if service.mentions("/properties/additionalLocations"):
        locations = settled(lambda: list(service.items("/properties/additionalLocations", key="/location")))
        for each in [] if isinstance(locations, Undetermined) else locations:
            yield each, ""


def _network(place: Subject, at: str) -> str:
    pointer = f"{at}/virtualNetworkConfiguration/subnetResourceId"
    if not place.mentions(pointer):
        return ""
    found = settled(lambda: str(place.text(pointer)))
    return "" if isinstance(found, Undetermined) else found.casefold().partition("/subnets/")[0]


def _ips(place: Subject, pointer: str) -> set[str] | None:
    """The addresses in a list; None where it was not read."""
    if not place.mentions(pointer):
        return None
    found = settled(lambda: {each.text("").value().strip() for each in place.items(pointer)})
    return None if isinstance(found, Undetermined) else found


def _endpoint_addresses(service: Subject) -> Iterator[tuple[str, str]]:
    """The addresses of private endpoints to a service: all endpoints are read once."""
    address = ("auditor.apim.addresses._endpoint_addresses", "", "")
    known = service.audit.memo.get(address)
    if not isinstance(known, dict):
        known = service.audit.memo[address] = {}
        for found in service.audit.inventory.of_type(PRIVATE_ENDPOINTS):
            endpoint = Subject(service.audit, found, Log())
            targets = settled(partial(_targets, endpoint))
            if not isinstance(targets, Undetermined):
                for target in targets:
                    known.setdefault(target, []).extend(_of_endpoint(endpoint))
    yield from known.get(service.resource.id.casefold(), ())


def _of_endpoint(endpoint: Subject) -> Iterator[tuple[str, str]]:
    """Its addresses, each with its network."""
    subnet = settled(lambda: str(endpoint.text("/properties/subnet/id")))
    network = "" if isinstance(subnet, Undetermined) else subnet.casefold().partition("/subnets/")[0]
    if not endpoint.mentions("/properties/customDnsConfigs"):
        return
    configs = settled(lambda: list(endpoint.items("/properties/customDnsConfigs")))
    for config in [] if isinstance(configs, Undetermined) else configs:
        yield from ((each, network) for each in _ips(config, "/ipAddresses") or ())


def _targets(endpoint: Subject) -> list[str]:
    lists = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
    return [
        str(each.text("/properties/privateLinkServiceId")).casefold()
        for name in lists
        for each in endpoint.items(f"/properties/{name}", key="/name")
    ]


# -- names that private zones resolve --------------------------------------------------------------------


def resolved(service: Subject, name: str) -> frozenset[str]:
    """The addresses that the input gives for a name; empty where it gives none.

    Private DNS zones give them, of which the most specific wins, and in it the name itself over a ``*``; and
    public addresses that have the name by their DNS label.

    Raises:
        Undetermined: There is a record for it that was not read whole.
    """
    address = ("auditor.apim.addresses.resolved", "", "")
    records = service.audit.memo.get(address)
    if not isinstance(records, dict):
        records = service.audit.memo[address] = dict(_records(service))
    labels = name.split(".")
    for each in (name, *("*." + ".".join(labels[at:]) for at in range(1, len(labels)))):
        found = records.get(each)
        if isinstance(found, Undetermined):
            raise Undetermined(*found.gaps)
        if found is not None:
            return frozenset(found)
    return frozenset()


def _records(service: Subject) -> Iterator[tuple[str, set[str] | Undetermined]]:
    found: dict[str, set[str] | Undetermined] = {}
    for resource in service.audit.inventory.of_type(_RECORDS):
        head, _, name = resource.id.casefold().rpartition("/a/")
        zone = head.rpartition("/")[2]
        record = service.of(resource)
        full = zone if name == "@" else f"{name}.{zone}"
        known, here = found.get(full, set()), settled(partial(_addresses_in, record))
        if isinstance(known, Undetermined) or isinstance(here, Undetermined):
            found[full] = here if isinstance(here, Undetermined) else known
        else:
            found[full] = known | here
    for resource in service.audit.inventory.of_type(_PUBLIC_ADDRESSES):
        address = service.of(resource)
        if label := address.stated("/properties/dnsSettings/fqdn").rstrip(".").casefold():
            found[label] = settled(partial(_public_address, address))
    yield from found.items()


def _public_address(address: Subject) -> set[str]:
    return {address.text("/properties/ipAddress").value().strip()}


def _addresses_in(record: Subject) -> set[str]:
    return {each.text("/ipv4Address").value().strip() for each in record.items("/properties/aRecords")}


_REFERENCE = r"reference\(resourceid\('microsoft\.apimanagement/service', (?P<name>.+)\)(?:, '[^']*')?\)"
_DERIVED = tuple(
    re.compile(rf"\[{form}\]")
    for form in (
        rf"replace\({_REFERENCE}\.gatewayurl, 'https://', ''\)",
        rf"split\({_REFERENCE}\.gatewayurl, '/'\)\[2\]",
        rf"{_REFERENCE}\.p(?:rivate|ublic)ipaddresses\[0\]",
    )
)


def refers_to(service: Subject, name: str) -> bool:
    """Whether a template's expression is the gateway's host name or address, as the service will report it.

    Args:
        service: The service.
        name: The expression, as :func:`spelled` gives it.
    """
    found = next((match for each in _DERIVED if (match := each.fullmatch(name))), None)
    own = service.name.replace(IN_EXPRESSION, "/").casefold()
    wanted = own[1:-1] if own.startswith("[") and own.endswith("]") else f"'{own}'"
    return found is not None and found["name"] == wanted


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def not_told(service: Subject) -> Gap:
    """That only the deployed service reports its addresses."""
    return Gap(
        Reason.INPUT if planned(service) else Reason.ABSENT,
        f"the addresses of {service.name}, with which those of backends are compared",
        "audit the deployed service, read whole (privateIPAddresses, publicIPAddresses)",
    )
