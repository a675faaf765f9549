"""The checks of IM-4 on the way from the gateway to Azure Key Vault. Words in im_4.md."""

from __future__ import annotations

from auditor.apim.exposure import network_of
from auditor.apim.kinds import SERVICE
from auditor.apim.tiers import Capability, needs
from auditor.apim.vaults import uses_vault
from auditor.model.subject import Subject
from auditor.model.verdict import Manual, NotApplicable, Severity, Source, Verdict
from controls.apim import im_4_trusted, im_4_vault_access, im_4_vault_state
from controls.declare import check

_FEATURE = "Client certificate authentication"
_SOURCE = Source.CLIENT_CERTIFICATES
_SUBNET = needs(Capability.VNET_INJECTION, "It has no subnet of its own.")


def _from_subnet(service: Subject, what: str) -> Verdict:
    """The same for the subnet, where the service stands in one."""
    network = network_of(service)
    if not network.injected:
        return NotApplicable(f"The service is {network.value}: it has no subnet of its own.")
    if not uses_vault(service):
        return NotApplicable("No certificate, named value or host name comes from Key Vault.")
    return Manual(
        f"The service is {network.value} and takes secrets from Key Vault; this version does not read "
        f"subnets: {what}"
    )


@check(
    "apim.im-4.key-vault-service-endpoint",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
    needs=_SUBNET,
)
def key_vault_service_endpoint(service: Subject) -> Verdict:
    """The subnet has a service endpoint to Key Vault."""
    return _from_subnet(service, "show that Microsoft.KeyVault is among the subnet's service endpoints.")


@check(
    "apim.im-4.nsg-key-vault-outbound",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
    needs=_SUBNET,
)
def nsg_key_vault_outbound(service: Subject) -> Verdict:
    """The security group lets the service reach Key Vault and Microsoft Entra ID."""
    return _from_subnet(
        service,
        "show the effective outbound rules for port 443 to the AzureKeyVault and AzureActiveDirectory tags.",
    )


CHECKS = (
    im_4_vault_access.key_vault_identity,
    im_4_vault_access.key_vault_firewall,
    key_vault_service_endpoint,
    nsg_key_vault_outbound,
    im_4_vault_state.key_vault_ip_rules,
    im_4_trusted.trusted_service_retirement,
    im_4_vault_state.key_vault_protection,
)
