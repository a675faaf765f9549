"""NS-1: establish network segmentation boundaries. Words in ns_1.md."""

from __future__ import annotations

from auditor.apim.exposure import location_injected, network_of
from auditor.apim.kinds import LOCATION
from auditor.apim.tiers import Capability, needs
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Pass, Severity, Verdict
from controls.apim import ns_1_groups
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


CHECKS = (virtual_network, *ns_1_groups.CHECKS)
