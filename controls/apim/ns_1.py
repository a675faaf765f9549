"""NS-1: establish network segmentation boundaries. Words in ns_1.md."""

from __future__ import annotations

from auditor.apim.exposure import Network, location_injected, network_of
from auditor.apim.kinds import LOCATION, SERVICE
from auditor.apim.tiers import Capability, Tier, is_v2, needs, tier_of
from auditor.model.logic import some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.declare import check

_GROUPS = "Network Security Group Support"
_INJECTION = needs(Capability.VNET_INJECTION, "Close it with a private endpoint instead: see NS-2.")
_SUBNET = needs(Capability.VNET_INJECTION, "It has no subnet that a security group could protect.")


@check(
    "apim.ns-1.virtual-network",
    feature="Virtual Network Integration",
    on=LOCATION,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    filed=("NS-2",),
    needs=_INJECTION,
)
def virtual_network(location: Subject) -> Verdict:
    """Every location is injected into a virtual network."""
    service = location.of(location.resource)
    if not location.base:
        network = network_of(service)
        if network.injected:
            return Pass(f"The service is {network.value}.")
        return Fail(
            f"The service is {network.value}. Injection turns this: virtualNetworkType External or "
            "Internal with a subnet; on PremiumV2 a subnet delegated to "
            "Microsoft.Web/hostingEnvironments, chosen when the service is created."
        )
    location.text("/location")
    if location_injected(location):
        return Pass("Every additional location that was read has a subnet of its own.")
    return Fail(
        f"The additional location {location.item} is in no virtual network: it needs a "
        "virtualNetworkConfiguration with a subnet of its region, under a virtualNetworkType that is not "
        "None."
    )


def _shown(away: NotApplicable | None, what: str) -> Verdict:
    """What a person has to show, unless the check does not concern the service."""
    return Manual(what) if away is None else away


def _no_subnet(service: Subject) -> NotApplicable | None:
    """The verdict on a service that stands in no subnet; None where it does."""
    network = network_of(service)
    if network.injected:
        return None
    return NotApplicable(f"The service is {network.value}: there is no subnet of its own to protect.")


def _ports_are_classic(service: Subject) -> NotApplicable | None:
    """The verdict where the table of ports that the classic platform needs does not hold."""
    away = _no_subnet(service)
    if away is None and is_v2(service):
        return NotApplicable(
            "The service is injected on a v2 tier, which has no management port and needs outbound 443 to "
            "Storage alone: the table of required ports is the classic one."
        )
    return away


@check(
    "apim.ns-1.subnet-nsg",
    feature=_GROUPS,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="manual unknown not_applicable",
    needs=_SUBNET,
)
def subnet_nsg(service: Subject) -> Verdict:
    """The subnet of the service has a network security group."""
    return _shown(
        _no_subnet(service),
        f"The service is {network_of(service).value}, and this version does not read subnets: show that the "
        "subnet of every location has a network security group (networkSecurityGroup.id).",
    )


@check(
    "apim.ns-1.nsg-management-port",
    feature=_GROUPS,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="manual unknown not_applicable",
    needs=_SUBNET,
)
def nsg_management_port(service: Subject) -> Verdict:
    """Only API Management's own service tag reaches the management port."""
    return _shown(
        _ports_are_classic(service),
        "This version does not evaluate security groups: show the effective inbound rules for port 3443, "
        "that they allow the ApiManagement tag, and that no rule of higher priority allows Internet or "
        "any source.",
    )


@check(
    "apim.ns-1.nsg-required-flows",
    feature=_GROUPS,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
    needs=_SUBNET,
)
def nsg_required_flows(service: Subject) -> Verdict:
    """The flows that the platform depends on are allowed."""
    away = _ports_are_classic(service)
    if away is not None:
        return away
    return Manual(
        "This version does not evaluate security groups: show that nothing denies inbound "
        f"{_inbound(service)}, and outbound 80 to Internet, 443 to Storage and AzureKeyVault, 1433 to Sql, "
        "443 and 1886 to AzureMonitor."
    )


def _inbound(service: Subject) -> str:
    """The mandatory inbound flows: not all of them on Developer, one more for several locations."""
    flows = ["3443 from ApiManagement"]
    if tier_of(service) is not Tier.DEVELOPER:
        flows.append("6390 from AzureLoadBalancer")
    locations = service.items("/properties/additionalLocations", key="/location")
    if network_of(service) is Network.EXTERNAL and some(locations, lambda _: True):
        flows.append("443 from AzureTrafficManager")
    return " and ".join(flows)


@check(
    "apim.ns-1.nsg-open-inbound",
    feature=_GROUPS,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
    needs=_SUBNET,
)
def nsg_open_inbound(service: Subject) -> Verdict:
    """The internet reaches no port that the service does not need."""
    return _shown(
        _no_subnet(service),
        f"The service is {network_of(service).value}, and this version does not evaluate security groups: "
        "show that no effective inbound rule allows Internet or any source to ports other than those its "
        "clients use.",
    )


CHECKS = (virtual_network, subnet_nsg, nsg_management_port, nsg_required_flows, nsg_open_inbound)
