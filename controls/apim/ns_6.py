"""NS-6: deploy web application firewall. Words in ns_6.md."""

from __future__ import annotations

from auditor.apim.exposure import Network, describe_network, network_of
from auditor.apim.kinds import SERVICE
from auditor.model.subject import Subject
from auditor.model.verdict import Manual, Pass, Severity, Verdict
from controls.declare import check


@check(
    "apim.ns-6.waf-in-front",
    feature="Other guidance for NS-6",
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass manual unknown",
)
def waf_in_front(service: Subject) -> Verdict:
    """What the internet sends to the gateway passes a web application firewall."""
    if network_of(service) is Network.INTERNAL:
        return Pass("Internal mode: the internet reaches the gateway only through a front door of your own.")
    return Manual(
        f"The gateway is not in Internal mode ({describe_network(service)}), and this version does not "
        "read firewalls: show a web application firewall in Prevention mode whose backend is this "
        "service, and what refuses callers who go around it."
    )


CHECKS = (waf_in_front,)
