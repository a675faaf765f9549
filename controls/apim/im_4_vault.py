"""The checks of IM-4 on the way from the gateway to Azure Key Vault. Words in im_4.md."""

from __future__ import annotations

from datetime import UTC, datetime

from auditor.apim.collections import reported
from auditor.apim.defaults import TRUSTED_ACCESS_OFF
from auditor.apim.kinds import SERVICE
from auditor.apim.vaults import (
    SYSTEM,
    VAULT_USER,
    identities,
    in_vault,
    is_detached,
    service_of,
    uses_vault,
)
from auditor.model.check import BEYOND
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Source, Verdict
from controls.apim import im_4_network
from controls.declare import check

_FEATURE = "Client certificate authentication"
_SOURCE = Source.CLIENT_CERTIFICATES
_NEVER_TRUSTED = datetime(2025, 12, 1, tzinfo=UTC)
"""Services created from this day on never had trusted access for calls of the gateway."""


@check(
    "apim.im-4.key-vault-identity",
    feature=_FEATURE,
    on=VAULT_USER,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
)
def key_vault_identity(user: Subject) -> Verdict:
    """What comes from Key Vault has an identity that may read it."""
    if not in_vault(user):
        return NotApplicable("It does not come from Key Vault.")
    name = user.item or user.name
    kinds = identities(service_of(user))
    if not kinds:
        return Fail(
            f"{name} comes from Key Vault, and the service has no managed identity to read it with: enable "
            "one and let it read the vault's secrets."
        )
    if user.base:
        return _rights_unknown(name)
    if SYSTEM not in kinds and not _names_identity(user):
        return Fail(
            f"{name} comes from Key Vault and names no identityClientId, which means the system-assigned "
            "identity, and the service has user-assigned ones only: name one of them, or enable the "
            "system-assigned one."
        )
    if SYSTEM not in kinds and is_detached(service_of(user), _client_id(user)):
        return Fail(
            f"{name} comes from Key Vault and asks with identityClientId {_client_id(user)}, which is none "
            "of the service's identities: name one of them, or assign that one to the service again."
        )
    reported(user, "/properties/keyVault/lastStatus")
    if user.text("/properties/keyVault/lastStatus/code").value().casefold() == "success":
        return Pass("The last refresh from Key Vault succeeded: the identity exists and may read.")
    return _rights_unknown(name)


_CLIENT_ID = "/properties/keyVault/identityClientId"


def _names_identity(user: Subject) -> bool:
    """Whether an identity is named; an empty name names none."""
    if not user.has(_CLIENT_ID):
        return False
    text = user.text(_CLIENT_ID)
    return not text.complete or bool(text.value().strip())


def _client_id(user: Subject) -> str:
    return str(user.text(_CLIENT_ID)).strip()


def _rights_unknown(name: str) -> Verdict:
    raise Undetermined(
        Gap(
            Reason.INPUT,
            f"whether the managed identity may read {name} in Key Vault: this version does not read vaults",
            "az keyvault show --name VAULT, and az role assignment list --scope VAULT-ID --include-inherited "
            "--assignee PRINCIPAL-ID",
        )
    )


def _from_vault(service: Subject, what: str) -> Verdict:
    """What a person has to show of the vault, where the service takes anything from one."""
    if not uses_vault(service):
        return NotApplicable("No certificate, named value or host name comes from Key Vault.")
    return Manual(f"The service takes secrets from Key Vault, and this version does not read vaults: {what}")


@check(
    "apim.im-4.key-vault-firewall",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="manual unknown not_applicable",
    filed=("DP-8", "NS-2"),
)
def key_vault_firewall(service: Subject) -> Verdict:
    """The vault's firewall lets the service in."""
    return _from_vault(
        service,
        "show that the vault's firewall is off, or that it lets trusted services in and the service asks "
        "with its system-assigned identity, or that the vault is reached from the service's own subnet.",
    )


@check(
    "apim.im-4.key-vault-ip-rules",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.INFO,
    outcomes="manual unknown not_applicable",
)
def key_vault_ip_rules(service: Subject) -> Verdict:
    """No client address is left in the vault's firewall."""
    return _from_vault(service, "show that no address of an operator is left under networkAcls.ipRules.")


@check(
    "apim.im-4.trusted-service-retirement",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.INFO,
    outcomes="pass unknown not_applicable",
)
def trusted_service_retirement(service: Subject) -> Verdict:
    """Nothing rests on the gateway being a trusted service."""
    if service.flag(f"/properties/customProperties/{TRUSTED_ACCESS_OFF}"):
        return Pass("Trusted access of the gateway is switched off, and calls go another way.")
    reported(service, "/properties/createdAtUtc")
    if service.moment("/properties/createdAtUtc") >= _NEVER_TRUSTED:
        return NotApplicable("The service was created after trusted access of the gateway had ended.")
    raise Undetermined(
        Gap(
            Reason.UNREAD_POLICY,
            f"whether a policy of {service.name} calls Storage, Key Vault, Service Bus, Event Hubs or a "
            "container registry that lets trusted services only in: this version does not ask it of policies "
            "yet",
            "review the policies for authentication-managed-identity against those services",
        )
    )


@check(
    "apim.im-4.key-vault-protection",
    feature=BEYOND,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
    filed=("DP-8",),
)
def key_vault_protection(service: Subject) -> Verdict:
    """The vault survives a deletion."""
    return _from_vault(service, "show that the vault has soft delete and purge protection on.")


CHECKS = (
    key_vault_identity,
    key_vault_firewall,
    *im_4_network.CHECKS,
    key_vault_ip_rules,
    trusted_service_retirement,
    key_vault_protection,
)
