"""Sign-in: which credential of azure-identity, and who that turned out to be."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from auditor.azure.clouds import CUSTOM, Cloud
from auditor.errors import UnreadableError, UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

WAYS: Final = ("default", "cli", "env", "managed-identity", "workload", "github-oidc", "device")
_GITHUB_AUDIENCE: Final = "api://AzureADTokenExchange"


class SignInError(UnreadableError):
    """Nobody could be signed in."""

    def __init__(self, message: str) -> None:
        super().__init__("sign-in", message)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token is for, as far as it tells."""

    name: str
    object_id: str
    tenant: str
    application: str = ""

    def line(self) -> dict[str, str]:
        """As stored."""
        return {"name": self.name, "object_id": self.object_id, "tenant": self.tenant}


def credential_of(way: str, cloud: Cloud, tenant: str = "") -> TokenCredential:
    """The credential of a way to sign in.

    Args:
        way: One of :data:`WAYS`.
        cloud: Whose authority to ask.
        tenant: Tenant to sign in to; empty for the credential's own.

    Raises:
        UsageError: No such way, or its settings are missing.
    """
    from azure import identity

    options: dict[str, Any] = {"authority": cloud.authority} if cloud.authority else {}
    if cloud.name == CUSTOM:
        # A cloud of one's own has an authority that the public one does not know.
        options["disable_instance_discovery"] = True
    own: dict[str, Any] = {"tenant_id": tenant} if tenant else {}
    match way:
        case "default":
            # Nothing that opens a browser, and nothing of an editor, signs a pipeline in.
            return identity.DefaultAzureCredential(
                exclude_interactive_browser_credential=True, **options, **_default_tenants(tenant)
            )
        case "cli":
            return identity.AzureCliCredential(**own)
        case "env":
            if not os.environ.get("AZURE_CLIENT_ID"):
                raise UsageError("--auth env: AZURE_CLIENT_ID is not set (see EnvironmentCredential)")
            return identity.EnvironmentCredential(**options)
        case "managed-identity":
            client = os.environ.get("AZURE_CLIENT_ID")
            return identity.ManagedIdentityCredential(client_id=client)
        case "workload":
            return identity.WorkloadIdentityCredential(**options, **own)
        case "github-oidc":
            return _github(options, tenant)
        case "device":
            return identity.DeviceCodeCredential(**options, **own)
        case _:
            raise UsageError(f"--auth {way}: not one of {', '.join(WAYS)}")


def _default_tenants(tenant: str) -> dict[str, str]:
    if not tenant:
        return {}
    return {
        "shared_cache_tenant_id": tenant,
        "visual_studio_code_tenant_id": tenant,
        "workload_identity_tenant_id": tenant,
    }


def _github(options: Mapping[str, Any], tenant: str) -> TokenCredential:
    """A workflow's own token, exchanged: asked for anew each time, since it lives for minutes."""
    from azure.identity import ClientAssertionCredential

    url, token = (
        os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"),
        os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    )
    client, home = os.environ.get("AZURE_CLIENT_ID"), tenant or os.environ.get("AZURE_TENANT_ID", "")
    if not url or not token:
        raise UsageError("--auth github-oidc: no id token here; give the job 'permissions: id-token: write'")
    if not client or not home:
        raise UsageError("--auth github-oidc: set AZURE_CLIENT_ID and AZURE_TENANT_ID")

    def assertion() -> str:
        import requests

        answer = requests.get(
            url,
            params={"audience": _GITHUB_AUDIENCE},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        answer.raise_for_status()
        return str(answer.json()["value"])

    return ClientAssertionCredential(home, client, assertion, **options)


def sign_in(credential: TokenCredential, cloud: Cloud, tenant: str = "") -> Identity:
    """Get a first token and say whose it is.

    Raises:
        SignInError: There is none.
    """
    from azure.core.exceptions import AzureError

    try:
        options: dict[str, Any] = {"tenant_id": tenant} if tenant else {}
        token = credential.get_token(cloud.token_scope, **options)
    except (AzureError, OSError, ValueError) as error:
        first = " ".join(str(error).split("\n")[0].split())[:400]
        if "additionally_allowed_tenants" in first:
            first = f"the credential is not one of tenant {tenant}; sign in there, or leave --tenant out"
        raise SignInError(f"nobody is signed in: {first or type(error).__name__}") from None
    return identity_of(token.token)


def identity_of(token: str) -> Identity:
    """Who a token names; what it does not tell is empty. The token is not checked: Azure does that."""
    claims = _claims(token)
    name = next(
        (
            claims[key]
            for key in ("upn", "unique_name", "preferred_username", "app_displayname")
            if claims.get(key)
        ),
        "",
    )
    application = claims.get("appid") or claims.get("azp") or ""
    return Identity(
        str(name or (f"application {application}" if application else "")),
        str(claims.get("oid", "")),
        str(claims.get("tid", "")),
        str(application),
    )


def _claims(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(text)
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
