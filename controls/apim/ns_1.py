"""NS-1: establish network segmentation boundaries. Words in ns_1.md."""

from __future__ import annotations

from auditor.apim.exposure import Network, VnetType, network_of
from auditor.apim.kinds import LOCATION, SERVICE
from auditor.apim.tiers import Capability, is_v2, needs
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.declare import check

_INJECTION = needs(Capability.VNET_INJECTION, "Close it with a private endpoint instead: see NS-2.")


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
            f"The service is {network.value}. Injection turns this: virtualNetworkType External or Internal "
            "with a subnet, on PremiumV2 a subnet delegated to Microsoft.Web/hostingEnvironments."
        )
    if is_v2(service):
        network = network_of(service)
        return Pass(f"The service is {network.value}.") if network.injected else _bare(location)
    vnet_type = service.read("/properties/virtualNetworkType", one_of=VnetType)
    if vnet_type is VnetType.NONE or not location.has("/virtualNetworkConfiguration"):
        return _bare(location)
    return Pass("Every additional location that was read has its own subnet.")


def _bare(location: Subject) -> Verdict:
    return Fail(
        f"The additional location {location.item} is in no virtual network: give it a "
        "virtualNetworkConfiguration with a subnet, as the primary location needs one."
    )


@check(
    "apim.ns-1.subnet-nsg",
    feature="Network Security Group Support",
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="manual unknown not_applicable",
    needs=_INJECTION,
)
def subnet_nsg(service: Subject) -> Verdict:
    """The subnet has a network security group that keeps management ports from untrusted networks."""
    network = network_of(service)
    if network in (Network.OUTSIDE, Network.INTEGRATED):
        return NotApplicable(f"The service is {network.value}: there is no subnet of its own to protect.")
    return Manual(
        f"The service is {network.value}. This version does not evaluate network security groups: show that "
        "the subnet has one, that port 3443 is open to ApiManagement alone, and that the required ports are open."
    )


CHECKS = (virtual_network, subnet_nsg)
