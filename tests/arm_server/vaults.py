"""The endpoints of Key Vaults: certificates, and a refusal for everything that could be a secret.

"Get Certificate" and "Authentication, requests and responses" of the Azure Key Vault REST reference."""

from __future__ import annotations

from collections.abc import Mapping

from tests.arm_server import answers
from tests.arm_server.answers import Answer
from tests.arm_server.ids import JsonObject

SUFFIX = "vault.azure.net"
AUDIENCE = f"https://{SUFFIX}"


def host_of(headers: Mapping[str, str]) -> str:
    """The vault that a request is for; empty for any other request."""
    host = headers.get("host", "").partition(":")[0].lower()
    return host if host.endswith(f".{SUFFIX}") else ""


def certificate(host: str, name: str, **properties: object) -> JsonObject:
    """A certificate as its vault gives it: RSA 2048, a year, renewed a month before, by an issuer."""
    key = {"exportable": True, "kty": "RSA", "key_size": 2048, "reuse_key": False, **properties}
    return {
        "id": f"https://{host}/certificates/{name}/0123456789abcdef0123456789abcdef",
        "kid": f"https://{host}/keys/{name}/0123456789abcdef0123456789abcdef",
        "sid": f"https://{host}/secrets/{name}/0123456789abcdef0123456789abcdef",
        "cer": "bm90IHJlYWxseSBhIGNlcnRpZmljYXRl",
        "attributes": {"enabled": True, "nbf": 1765000000, "exp": 1795000000},
        "policy": {
            "id": f"https://{host}/certificates/{name}/policy",
            "key_props": key,
            "x509_props": {"subject": "CN=api.contoso.example", "validity_months": 12},
            "lifetime_actions": [
                {"trigger": {"days_before_expiry": 30}, "action": {"action_type": "AutoRenew"}}
            ],
            "issuer": {"name": "DigiCert"},
        },
    }


def answer(held: Mapping[tuple[str, str], JsonObject], host: str, path: str, audience: str) -> Answer:
    """Answer a GET of a vault.

    Args:
        held: Certificates by host and name; None for one that the caller may not get.
        host: The vault.
        path: What is asked.
        audience: Of the token.
    """
    parts = path.strip("/").split("/")
    if audience.rstrip("/") != AUDIENCE:
        return answers.error(401, "Unauthorized", "AKV10022: Invalid audience.")
    if len(parts) != 2 or parts[0] != "certificates":
        return answers.error(403, "Forbidden", "The stand-in gives certificates alone.")
    found = held.get((host, parts[1]))
    if found is None:
        message = f"A certificate with (name/id) {parts[1]} was not found in this key vault."
        return answers.error(404, "CertificateNotFound", message)
    if not found:
        message = (
            f"The user, group or application does not have certificates get permission on key vault '{host}'."
        )
        return answers.error(403, "Forbidden", message)
    return answers.ok(found)
