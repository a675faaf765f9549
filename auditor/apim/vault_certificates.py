"""Certificates as their vault tells of them, found by the identifier that a service refers to.

A reference may name the certificate or the secret of the same name, with a version or without. The vault's
REST reference (``CertificateBundle``) and ``az keyvault certificate show`` name the same members differently;
a name is read the way the input writes it.
"""

from __future__ import annotations

import re
from typing import Final

from auditor.apim.policy_states import COMPONENT_STATES
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.subject import Subject

_TYPE: Final = "microsoft.keyvault/vaults/certificates"
_IDENTIFIER: Final = re.compile(
    r"https://(?P<host>[^/]+)/(?:secrets|certificates)/(?P<name>[^/]+)(?:/[^/]+)?/?", re.IGNORECASE
)
_POLICY: Final = "/properties/policy"
KEY_TYPE: Final = (f"{_POLICY}/key_props/kty", f"{_POLICY}/keyProperties/keyType")
KEY_SIZE: Final = (f"{_POLICY}/key_props/key_size", f"{_POLICY}/keyProperties/keySize")
CURVE: Final = (f"{_POLICY}/key_props/crv", f"{_POLICY}/keyProperties/curve")
EXPORTABLE: Final = (f"{_POLICY}/key_props/exportable", f"{_POLICY}/keyProperties/exportable")
MONTHS: Final = (
    f"{_POLICY}/x509_props/validity_months",
    f"{_POLICY}/x509CertificateProperties/validityInMonths",
)
ISSUER: Final = (f"{_POLICY}/issuer/name", f"{_POLICY}/issuerParameters/name")
ACTIONS: Final = (f"{_POLICY}/lifetime_actions", f"{_POLICY}/lifetimeActions")
ACTION: Final = ("/action/action_type", "/action/actionType", "/action")
DAYS_BEFORE: Final = ("/trigger/days_before_expiry", "/trigger/daysBeforeExpiry", "/daysBeforeExpiry")
PERCENTAGE: Final = ("/trigger/lifetime_percentage", "/trigger/lifetimePercentage", "/lifetimePercentage")
"""Members by meaning, as the REST API and az name them."""
_FROM: Final = ("/properties/attributes/nbf", "/properties/attributes/notBefore")
_TO: Final = ("/properties/attributes/exp", "/properties/attributes/expires")


def days(certificate: Subject) -> float:
    """How long the newest version is valid; the REST API counts seconds, az writes dates.

    Raises:
        Undetermined: The vault does not tell when it begins or ends.
    """
    return (_moment(certificate, _TO) - _moment(certificate, _FROM)) / 86_400


def _moment(certificate: Subject, names: tuple[str, str]) -> float:
    wire, az = names
    return certificate.number(wire) if not certificate.mentions(az) else certificate.moment(az).timestamp()


def vault_certificate(user: Subject, identifier: str) -> Subject | None:
    """The certificate that an identifier refers to, as its vault tells of it; None where it was not read.

    Raises:
        Undetermined: It is not an identifier of a certificate or a secret.
    """
    found = _IDENTIFIER.fullmatch(identifier.strip())
    if found is None:
        needed = f"{identifier[:80]!r} as a Key Vault identifier, to which {user.name} refers"
        raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "write it as https://VAULT/secrets/NAME"))
    key = f"https://{found['host']}/certificates/{found['name']}".lower()
    known = user.audit.inventory.by_key.get(key)
    return user.of(known) if known is not None and known.type == _TYPE else None


def answers(user: Subject, identifier: str) -> dict[str, int]:
    """How many states of Azure Policy on a vault's certificate say what; rows not well formed are left out.

    The examples of the REST reference "Component Policy States" (2024-10-01, read on 2026-11-22) name a
    certificate by its bare name, with ``componentType`` Certificate and the vault as the resource; ids with
    the vault in them are taken as well. Nothing is decided by a state: it does not tell with which parameters
    the definition was assigned, it may be a day old, and no definition asks whether the key can be exported.
    """
    found = _IDENTIFIER.fullmatch(identifier.strip())
    if found is None:
        return {}
    vault = found["host"].partition(".")[0].lower()
    counts: dict[str, int] = {}
    for resource in user.audit.inventory.of_type(COMPONENT_STATES):
        row = user.with_log(Log()).of(resource)
        component, kind = (
            row.stated(f"/properties/{name}").lower() for name in ("componentId", "componentType")
        )
        answer = row.stated("/properties/complianceState")
        parts = f"{component}/{row.stated('/properties/resourceId')}".lower().replace(".", "/").split("/")
        bare = kind == "certificate" and component == found["name"].lower()
        named = bare or f"/certificates/{found['name']}/".lower() in f"{component}/"
        if answer and named and vault in parts:
            counts[answer] = counts.get(answer, 0) + 1
    return counts


def spelled(subject: Subject, names: tuple[str, ...]) -> str:
    """Which of a member's names the input writes; the first where it writes none."""
    return next((name for name in names if subject.mentions(name)), names[0])
