"""The checks of IM-4 on the vaults a service depends on. Words in im_4.md."""

from __future__ import annotations

from auditor.apim.vault_sight import own_addresses
from auditor.apim.vault_use import VAULT, uses_in
from auditor.keyvault.find import vault_of
from auditor.keyvault.firewall import holds, rules_for_addresses
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, Pass, Severity, Source, Verdict
from controls.declare import check

_MOST_SHOWN = 3


def _vault(vault: Subject) -> Subject:
    """The vault itself, by the first reference to it."""
    use = uses_in(vault)[0]
    vault.log.extend(use.user.log.entries)
    return vault_of(use.user.with_log(vault.log), use.reference)


@check(
    "apim.im-4.key-vault-ip-rules",
    feature="Client certificate authentication",
    on=VAULT,
    source=Source.CLIENT_CERTIFICATES,
    severity=Severity.INFO,
    outcomes="pass manual unknown not_applicable",
)
def key_vault_ip_rules(vault: Subject) -> Verdict:
    """No client address is left in the vault's firewall."""
    found = _vault(vault)
    rules = list(rules_for_addresses(found))
    if not rules:
        return Pass(f"The firewall of {found.name} lets no single address in.")
    # A template knows no addresses of the service: whose they are, a person says.
    own = () if vault.source.declared else own_addresses(vault.of(vault.resource))
    strange = [rule for rule in rules if not any(holds(rule, address) for address in own)]
    if not strange:
        return Pass(f"The firewall of {found.name} lets the addresses of the service in, and no others.")
    shown = ", ".join(str(rule.text("/value"))[:60] for rule in strange[:_MOST_SHOWN])
    more = f" and {len(strange) - _MOST_SHOWN} more" if len(strange) > _MOST_SHOWN else ""
    return Manual(
        f"The firewall of {found.name} lets {shown}{more} in: show whose they are, or take out what was let "
        "in to add a certificate."
    )


@check(
    "apim.im-4.key-vault-protection",
    feature=BEYOND,
    on=VAULT,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    filed=("DP-8",),
)
def key_vault_protection(vault: Subject) -> Verdict:
    """The vault survives a deletion."""
    found = _vault(vault)
    if not found.flag("/properties/enablePurgeProtection"):
        return Fail(
            f"{found.name} has no purge protection: whoever may purge can destroy it with its secrets for "
            "good. Set enablePurgeProtection to true."
        )
    if not found.flag("/properties/enableSoftDelete"):
        return Fail(f"{found.name} has soft delete off: set enableSoftDelete to true.")
    return Pass(f"{found.name} has soft delete and purge protection on.")


CHECKS = (key_vault_ip_rules, key_vault_protection)
