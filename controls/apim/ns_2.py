"""NS-2: secure cloud services with network controls. Words in ns_2.md."""

from __future__ import annotations

from enum import StrEnum

from auditor.apim.exposure import Network, Reach, approved_endpoint, describe_network, endpoint_declared
from auditor.apim.exposure import gateway_reach, network_of
from auditor.apim.kinds import SERVICE, TENANT_SETTING
from auditor.apim.tiers import Capability, is_v2, needs, supports, tier_of
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.declare import check

_LINK = "Azure Private Link"
_PUBLIC = "Disable Public Network Access"


@check(
    "apim.ns-2.private-endpoint",
    feature=_LINK,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    needs=needs(Capability.PRIVATE_ENDPOINT),
)
def private_endpoint(service: Subject) -> Verdict:
    """A service outside a virtual network has an approved private endpoint."""
    network = network_of(service)
    if network.injected and is_v2(service):
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"whether the injected v2 service {service.name} needs or can have a private endpoint: "
                "the documents leave it open",
                "attest how clients reach the service",
            )
        )
    if network.injected:
        return NotApplicable(f"A service {network.value} cannot have a private endpoint.")
    if service.source.declared:
        if endpoint_declared(service):
            raise Undetermined(
                Gap(
                    Reason.INPUT,
                    f"whether the private endpoint to {service.name} is approved: that shows after deployment",
                    "read the deployed service",
                )
            )
        if service.source.exported:
            approved_endpoint(service)
        return Fail("The deployment creates no private endpoint to the service, and no virtual network holds it.")
    if approved_endpoint(service):
        return Pass("A private endpoint connection is Approved.")
    return Fail("No private endpoint connection is Approved, and no virtual network holds the service.")


@check(
    "apim.ns-2.gateway-not-public",
    feature=_PUBLIC,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown",
)
def gateway_not_public(service: Subject) -> Verdict:
    """Clients on the internet cannot reach the gateway."""
    match gateway_reach(service):
        case Reach.PRIVATE:
            return Pass(f"The gateway is reached only from private networks ({describe_network(service)}).")
        case Reach.SETTLED_AFTER_DEPLOYMENT:
            gap = Gap(
                Reason.INPUT,
                f"whether public access to {service.name} is off: it can be switched off only once a private "
                "endpoint is approved, after the service was created",
                "read the deployed service",
            )
            return Unknown("A template cannot settle public network access.", None, (gap,))
        case Reach.PUBLIC:
            return _public(service)


def _public(service: Subject) -> Verdict:
    tier = tier_of(service)
    if not supports(service, Capability.CLOSING_PUBLIC_ACCESS):
        return Manual(
            f"The {tier} tier cannot close its gateway: show the compensating control (an ip-filter policy, "
            "a check of the Front Door id, a certificate demanded of every caller)."
        )
    return Fail(
        f"The gateway answers the internet ({describe_network(service)}). It closes with an approved private "
        "endpoint and publicNetworkAccess Disabled"
        + (", or in a virtual network of type Internal." if supports(service, Capability.VNET_INJECTION) else ".")
    )


@check(
    "apim.ns-2.configuration-endpoints",
    feature=_PUBLIC,
    on=TENANT_SETTING,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    filed=("PV-2",),
    needs=needs(Capability.DIRECT_MANAGEMENT),
)
def configuration_endpoints(setting: Subject) -> Verdict:
    """Git and gateway configuration endpoints are switched off."""
    if setting.name.casefold() == "access":
        setting.flag("/properties/enabled")
        return NotApplicable("Direct management access is judged by apim.pa-1.direct-management.")
    if setting.flag("/properties/enabled"):
        return Fail(f"The configuration endpoint tenant/{setting.name} is enabled; set enabled to false.")
    return Pass("Every configuration endpoint that was read is off.")


class _Portal(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


@check(
    "apim.ns-2.portal-exposure",
    feature=_PUBLIC,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    needs=needs(Capability.DEVELOPER_PORTAL),
)
def portal_exposure(service: Subject) -> Verdict:
    """The developer portal is not open to the internet."""
    network = network_of(service)
    if network is Network.INTERNAL:
        return Pass("Internal injection closes the developer portal and the management endpoint to the internet.")
    if service.read("/properties/developerPortalStatus", one_of=_Portal) is _Portal.DISABLED:
        return NotApplicable("The developer portal is disabled.")
    if network is Network.EXTERNAL or network is Network.INJECTED:
        raise Undetermined(
            Gap(
                Reason.INPUT,
                f"whether the network security group of {service.name}'s subnet lets the internet reach the portal: "
                "this version does not evaluate security groups",
                "show the inbound rules of the subnet's network security group",
            )
        )
    return Fail(
        "The developer portal is enabled and a private endpoint would cover the gateway only: disable the portal "
        "(developerPortalStatus Disabled)"
        + (" or inject the service, type Internal." if supports(service, Capability.VNET_INJECTION) else ".")
    )


@check(
    "apim.ns-2.azure-policy-states",
    feature="Microsoft Defender for Cloud monitoring",
    on=SERVICE,
    severity=Severity.INFO,
    outcomes="unknown",
)
def azure_policy_states(service: Subject) -> Verdict:
    """What Azure Policy says of the two definitions that the baseline names."""
    gap = Gap(
        Reason.INPUT,
        f"the compliance states of {service.name} for the virtual network and configuration endpoint policies",
        "az policy state list --resource " + service.resource.id,
    )
    return Unknown("This version does not read policy states.", None, (gap,))


CHECKS = (private_endpoint, gateway_not_public, configuration_endpoints, portal_exposure, azure_policy_states)
