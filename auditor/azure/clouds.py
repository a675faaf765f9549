"""The clouds: where Azure Resource Manager and the sign-in authority are.

Sources: "Azure Government endpoint mapping", "Azure China developer guide", and ``AzureAuthorityHosts`` of
azure-identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from auditor.errors import UsageError


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud."""

    name: str
    arm: str
    """URL of Azure Resource Manager, without a slash at the end."""
    authority: str = ""
    """Host of the sign-in authority; empty: what ``AZURE_AUTHORITY_HOST`` says, else the public cloud's."""
    vaults: str = ""
    """What host names of vaults end in; empty where only the cloud itself can tell (its metadata does)."""

    @property
    def token_scope(self) -> str:
        """What tokens are asked for."""
        return f"{self.arm}/.default"


CUSTOM: Final = "custom"
CLOUDS: Final = {
    cloud.name: cloud
    for cloud in (
        Cloud("public", "https://management.azure.com", "", "vault.azure.net"),
        Cloud(
            "usgov",
            "https://management.usgovcloudapi.net",
            "login.microsoftonline.us",
            "vault.usgovcloudapi.net",
        ),
        Cloud("china", "https://management.chinacloudapi.cn", "login.chinacloudapi.cn", "vault.azure.cn"),
    )
}


def cloud_of(name: str) -> Cloud:
    """The cloud of a name, or one of its own by the URL of its Azure Resource Manager.

    Raises:
        UsageError: Neither.
    """
    known = CLOUDS.get(name.strip().casefold())
    if known is not None:
        return known
    parts = urlsplit(name.strip())
    if parts.scheme == "https" and parts.hostname and not (parts.query or parts.fragment or parts.username):
        return Cloud(CUSTOM, name.strip().rstrip("/"))
    names = ", ".join(CLOUDS)
    raise UsageError(f"--cloud {name}: not one of {names}, nor the https URL of a Resource Manager")
