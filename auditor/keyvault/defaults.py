"""Documented defaults of Key Vault and of role assignments: what holds when a member is absent.

Rows for the table in :mod:`auditor.apim.defaults`, which says what a row means. Sources are titles of
documentation and the REST specification's property texts, read on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auditor.model.defaults import Row
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject

_SPEC: Final = "Key Vault REST specification, property description"
_MODEL: Final = "Prepare for Key Vault API version 2026-02-01 and later: Azure RBAC as default access control"
_ROLES: Final = "Authorization REST specification, property description"
_RBAC_FIRST: Final = "2026-02-01"
"""First api-version that creates vaults with role assignments for the permission model."""
_WITH_ACCESS: Final = "2021-10-01"
"""First stable api-version that reports ``publicNetworkAccess``."""


def _permission_model(vault: Subject) -> bool:
    """Access policies, but for what a template of a newer version creates."""
    version = vault.resource.api_version[:10]
    if vault.source.declared and not vault.source.exported and not ("" < version < _RBAC_FIRST):
        shown = f"api-version {version}" if version else "an api-version that the input does not tell"
        needed = (
            f"enableRbacAuthorization of {vault.name}: it is absent, and declared with {shown}; a new vault "
            "then has role assignments, and one that exists keeps what it has"
        )
        raise Undetermined(Gap(Reason.API_VERSION, needed, "state the member"))
    return False


def _public_access(vault: Subject) -> str:
    """Enabled, as vaults are created; of a deployed one, where the version it was read with has it."""
    version = vault.resource.api_version[:10]
    created = vault.source.declared and not vault.source.exported
    if not created and (not version or version < _WITH_ACCESS):
        shown = f"api-version {version}" if version else "an api-version that the input does not tell"
        needed = (
            f"publicNetworkAccess of {vault.name}: it is absent, and was read with {shown}; its "
            f"default holds from {_WITH_ACCESS}"
        )
        raise Undetermined(Gap(Reason.API_VERSION, needed, f"az keyvault show --name {vault.name}"))
    return "Enabled"


ROWS: Final[Mapping[str, Mapping[str, Row]]] = {
    "microsoft.keyvault/vaults": {
        "/properties/enableRbacAuthorization": Row(_permission_model, _MODEL),
        "/properties/accessPolicies": Row(None, _SPEC),
        "/properties/accessPolicies/*/applicationId": Row(None, _SPEC),
        "/properties/accessPolicies/*/permissions/secrets": Row(None, _SPEC),
        "/properties/publicNetworkAccess": Row(_public_access, _SPEC),
        "/properties/networkAcls": Row(None, _SPEC),
        "/properties/networkAcls/bypass": Row("AzureServices", _SPEC),
        "/properties/networkAcls/ipRules": Row(None, _SPEC),
        "/properties/networkAcls/virtualNetworkRules": Row(None, _SPEC),
        "/properties/privateEndpointConnections": Row(None, _SPEC, observed_only=True),
        "/properties/enableSoftDelete": Row(True, _SPEC, declared_only=True),
        "/properties/enablePurgeProtection": Row(False, _SPEC),
    },
    "microsoft.keyvault/vaults/accesspolicies": {
        "/properties/accessPolicies/*/applicationId": Row(None, _SPEC),
        "/properties/accessPolicies/*/permissions/secrets": Row(None, _SPEC),
    },
    "microsoft.authorization/roleassignments": {"/properties/condition": Row(None, _ROLES)},
    "microsoft.authorization/roledefinitions": {
        "/properties/permissions/*/dataActions": Row(None, _ROLES),
        "/properties/permissions/*/notDataActions": Row(None, _ROLES),
    },
}
