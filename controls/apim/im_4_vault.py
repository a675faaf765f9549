"""The checks of IM-4 on the way from the gateway to Azure Key Vault, in the order of the page."""

from __future__ import annotations

from controls.apim import im_4_network, im_4_trusted, im_4_vault_access, im_4_vault_state

CHECKS = (
    im_4_vault_access.key_vault_identity,
    im_4_vault_access.key_vault_firewall,
    *im_4_network.CHECKS,
    im_4_vault_state.key_vault_ip_rules,
    im_4_trusted.trusted_service_retirement,
    im_4_vault_state.key_vault_protection,
)
