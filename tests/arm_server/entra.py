"""Tokens: as much of Microsoft Entra, and of the places that hand out managed identities, as azure-identity
needs.

"OAuth 2.0 client credentials flow", "OAuth 2.0 device authorization grant", "Use managed identities on a
virtual machine" (IMDS), "Managed identities for App Service" (``IDENTITY_ENDPOINT``), "About security
hardening with OpenID Connect" of GitHub Actions. Tokens are signed with a key that only this server has;
nobody outside can make one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.arm_server.answers import Answer, ok

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
CLIENT = "bbbbbbbb-0000-4000-8000-000000000002"
OBJECT = "cccccccc-0000-4000-8000-000000000003"
EXCHANGE = "api://AzureADTokenExchange"
"""The audience of a federated token."""


@dataclass
class Client:
    """An app registration, or a managed identity."""

    client_id: str = CLIENT
    object_id: str = OBJECT
    name: str = "auditor"
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))


def _part(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _failed(status: int, code: str, number: int, message: str) -> Answer:
    content = {
        "error": code,
        "error_description": f"AADSTS{number}: {message} Trace ID: {uuid.UUID(int=number)}",
        "error_codes": [number],
        "timestamp": "2026-11-21 00:00:00Z",
        "trace_id": str(uuid.UUID(int=number)),
        "correlation_id": str(uuid.UUID(int=number)),
    }
    return ok(content, status)


class Entra:
    """Hands out tokens, and reads them again."""

    def __init__(self, base: str, tenant_id: str) -> None:
        self.base = base
        self.tenants = {tenant_id.lower()}
        """The tenants that exist; the first is the server's own."""
        self.tenant_id = tenant_id
        self.client = Client()
        self.lifetime = 3600
        """Seconds that a new token lives."""
        self.approve_after = 0
        """How many polls of a device code are answered with ``authorization_pending``."""
        self.identity_header = secrets.token_urlsafe(16)
        self.actions_token = secrets.token_urlsafe(16)
        self.issued = 0
        """How many access tokens were handed out."""
        self._key = secrets.token_bytes(32)
        self._revoked_before = 0.0
        self._polls = 0
        self._lock = threading.Lock()

    # -- tokens ------------------------------------------------------------------------------------------

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims."""
        body = f"{_part({'typ': 'JWT', 'alg': 'RS256', 'kid': 'stand-in'})}.{_part(claims)}"
        mark = hmac.new(self._key, body.encode(), hashlib.sha256).digest()
        return f"{body}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that was issued here; None for any other."""
        body, _, mark = token.rpartition(".")
        wanted = hmac.new(self._key, body.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.urlsafe_b64encode(wanted).rstrip(b"=").decode(), mark):
            return None
        payload = body.partition(".")[2]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims if isinstance(claims, dict) else None

    def token(
        self, audience: str, *, tenant: str | None = None, user: str | None = None, **claims: Any
    ) -> str:
        """An access token; ``claims`` add to the usual ones or replace them (``exp=0``: expired)."""
        now = int(time.time())
        home = tenant or self.tenant_id
        usual: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{home}/",
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
            "issued_exactly": time.time(),
            "appid": self.client.client_id,
            "oid": self.client.object_id,
            "sub": self.client.object_id,
            "tid": home,
            "idtyp": "user" if user else "app",
            "ver": "1.0",
        }
        if user:
            usual |= {"upn": user, "unique_name": user, "scp": "user_impersonation"}
        else:
            usual |= {"app_displayname": self.client.name}
        self.issued += 1
        return self.sign({**usual, **claims})

    def federated_token(self, audience: str = EXCHANGE) -> str:
        """What a cluster or a pipeline gives a workload to exchange."""
        now = int(time.time())
        subject = "system:serviceaccount:audit:auditor"
        return self.sign({"aud": audience, "sub": subject, "iss": self.base, "iat": now, "exp": now + 3600})

    def expire_all(self) -> None:
        """Every token handed out so far counts as expired from now on."""
        self._revoked_before = time.time()

    def is_expired(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token's time is over."""
        issued = float(claims.get("issued_exactly", claims.get("iat", 0)))
        return float(claims.get("exp", 0)) <= time.time() or issued <= self._revoked_before

    # -- requests ----------------------------------------------------------------------------------------

    def handles(self, key: str) -> bool:
        """Whether a path (without case) belongs to sign-in."""
        if key.startswith(("/subscriptions/", "/providers/")):
            return False
        return "/oauth2/" in key or key.endswith(
            (
                "/.well-known/openid-configuration",
                "/discovery/instance",
                "/identity/token",
                "/actions/idtoken",
            )
        )

    def answer(self, key: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request of sign-in."""
        if key.endswith("/discovery/instance"):
            return self._instance(query)
        if key == "/metadata/identity/oauth2/token":
            if headers.get("metadata", "").lower() != "true":
                return ok({"error": "invalid_request", "error_description": "Required metadata header"}, 400)
            return self._managed(query)
        if key == "/identity/token":
            if headers.get("x-identity-header") != self.identity_header:
                return ok({"statusCode": 401, "message": "No X-IDENTITY-HEADER, or a wrong one"}, 401)
            return self._managed(query)
        if key == "/actions/idtoken":
            if headers.get("authorization") != f"bearer {self.actions_token}" and (
                headers.get("authorization") != f"Bearer {self.actions_token}"
            ):
                return ok({"message": "unauthorized"}, 401)
            return ok({"count": 1, "value": self.federated_token(query.get("audience", EXCHANGE))})
        tenant = key.strip("/").partition("/")[0]
        if tenant not in self.tenants and tenant not in ("organizations", "common"):
            return _failed(400, "invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
        if key.endswith("/openid-configuration"):
            return self._configuration(tenant)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if key.endswith("/devicecode"):
            return self._device_code()
        return self._exchange(tenant, form)

    def _configuration(self, tenant: str) -> Answer:
        root = f"{self.base}/{tenant}"
        return ok(
            {
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
                "issuer": f"{root}/v2.0",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code", "id_token"],
                "scopes_supported": ["openid", "profile", "offline_access"],
                "tenant_region_scope": "EU",
                "cloud_instance_name": "localhost",
            }
        )

    def _instance(self, query: Mapping[str, str]) -> Answer:
        endpoint = query.get("authorization_endpoint", "")
        tenant = endpoint.removeprefix(self.base).strip("/").partition("/")[0] or self.tenant_id
        host = self.base.removeprefix("https://")
        alias = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        discovery = f"{self.base}/{tenant}/v2.0/.well-known/openid-configuration"
        return ok(
            {"tenant_discovery_endpoint": discovery, "api-version": "1.1", "metadata": [alias]},
        )

    def _managed(self, query: Mapping[str, str]) -> Answer:
        resource = query.get("resource", "")
        asked = query.get("client_id") or query.get("clientid")
        if not resource or (asked and asked != self.client.client_id):
            return ok({"error": "invalid_request", "error_description": "Identity not found"}, 400)
        return ok(
            {
                "access_token": self.token(resource),
                "expires_in": str(self.lifetime),
                "expires_on": str(int(time.time()) + self.lifetime),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": self.client.client_id,
            }
        )

    def _device_code(self) -> Answer:
        message = (
            f"To sign in, use a web browser to open the page {self.base}/device and enter the code STANDIN1."
        )
        return ok(
            {
                "user_code": "STANDIN1",
                "device_code": "stand-in-device-code",
                "verification_uri": f"{self.base}/device",
                "expires_in": 60,
                "interval": 1,
                "message": message,
            }
        )

    def _exchange(self, tenant: str, form: Mapping[str, str]) -> Answer:
        grant = form.get("grant_type", "")
        scopes = form.get("scope", "").split()
        audience = next((one.removesuffix("/.default") for one in scopes if "://" in one), "")
        if grant == "client_credentials":
            refused = self._refused(form)
            if refused is not None:
                return refused
            return self._given(self.token(audience, tenant=tenant))
        if grant.endswith("device_code") or grant == "refresh_token":
            return self._for_user(tenant, grant, audience, form)
        return _failed(400, "unsupported_grant_type", 70003, f"The grant '{grant}' is not supported.")

    def _given(self, token: str, **more: Any) -> Answer:
        life = self.lifetime
        return ok(
            {
                "token_type": "Bearer",
                "expires_in": life,
                "ext_expires_in": life,
                "access_token": token,
                **more,
            }
        )

    def _refused(self, form: Mapping[str, str]) -> Answer | None:
        if form.get("client_id") != self.client.client_id:
            message = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
            return _failed(400, "unauthorized_client", 700016, message)
        if "client_assertion" in form:
            claims = self.read(form["client_assertion"])
            if claims is None or claims.get("aud") != EXCHANGE:
                message = "Client assertion failed signature validation, or its audience is wrong."
                return _failed(401, "invalid_client", 700027, message)
            if claims["exp"] <= time.time():
                return _failed(
                    401, "invalid_client", 700024, "Client assertion is not within its valid time."
                )
            return None
        if form.get("client_secret") != self.client.secret:
            return _failed(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return None

    def _for_user(self, tenant: str, grant: str, audience: str, form: Mapping[str, str]) -> Answer:
        with self._lock:
            self._polls += grant.endswith("device_code")
            if grant.endswith("device_code") and self._polls <= self.approve_after:
                return _failed(400, "authorization_pending", 70016, "The user has not yet signed in.")
        home = self.tenant_id if tenant in ("organizations", "common") else tenant
        user = "reader@contoso.example"
        now = int(time.time())
        identity: dict[str, Any] = {
            "aud": form.get("client_id"),
            "iss": f"{self.base}/{home}/v2.0",
            "tid": home,
            "sub": OBJECT,
        }
        identity |= {"oid": OBJECT, "preferred_username": user, "iat": now, "exp": now + 3600}
        info = _part({"uid": OBJECT, "utid": home})
        token = self.token(audience, tenant=home, user=user, appid=form.get("client_id"))
        more = {
            "id_token": self.sign(identity),
            "client_info": info,
            "refresh_token": secrets.token_urlsafe(16),
        }
        return self._given(token, scope=form.get("scope", ""), **more)
