"""The checks of IM-4 on the subnet's way to Azure Key Vault. Words in im_4.md."""

from __future__ import annotations

from auditor.apim.kinds import LOCATION
from auditor.apim.tiers import Capability, needs
from auditor.apim.vault_subnets import security_group, service_endpoint
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Source, Verdict
from controls.declare import check

_FEATURE = "Client certificate authentication"
_SOURCE = Source.CLIENT_CERTIFICATES
_SUBNET = needs(Capability.VNET_INJECTION, "It has no subnet of its own.")


@check(
    "apim.im-4.key-vault-service-endpoint",
    feature=_FEATURE,
    on=LOCATION,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
    needs=_SUBNET,
)
def key_vault_service_endpoint(location: Subject) -> Verdict:
    """The subnet of every location has a service endpoint to Key Vault."""
    return service_endpoint(location)


@check(
    "apim.im-4.nsg-key-vault-outbound",
    feature=_FEATURE,
    on=LOCATION,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    needs=_SUBNET,
)
def nsg_key_vault_outbound(location: Subject) -> Verdict:
    """The security group lets the service reach Key Vault and Microsoft Entra ID."""
    return security_group(location)


CHECKS = (key_vault_service_endpoint, nsg_key_vault_outbound)
