"""NS-6: deploy web application firewall. Words in ns_6.md."""

from __future__ import annotations

from auditor.apim.exposure import Network, Reach, describe_network, gateway_reach, network_of
from auditor.apim.kinds import SERVICE
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.verdict import Pass, Severity, Verdict
from controls.apim import ns_6_limits, ns_6_policies
from controls.declare import check


@check(
    "apim.ns-6.waf-in-front",
    feature="Other guidance for NS-6",
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass unknown",
)
def waf_in_front(service: Subject) -> Verdict:
    """What the internet sends to the gateway passes a web application firewall."""
    if network_of(service) is Network.INTERNAL and gateway_reach(service) is Reach.PRIVATE:
        return Pass("Internal mode: the internet reaches the gateway only through a front door of your own.")
    raise Undetermined(
        Gap(
            Reason.INPUT,
            f"whether a web application firewall in Prevention mode stands before {service.name} "
            f"({describe_network(service)}) and nobody gets around it: this version does not read firewalls",
            "az graph query -q \"resources | where type in~ ('microsoft.network/applicationgateways', "
            "'microsoft.network/applicationgatewaywebapplicationfirewallpolicies', "
            "'microsoft.network/frontdoorwebapplicationfirewallpolicies', 'microsoft.cdn/profiles')\"",
        )
    )


CHECKS = (waf_in_front, *ns_6_policies.CHECKS, *ns_6_limits.CHECKS)
