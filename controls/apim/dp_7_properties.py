"""DP-7: what a vault's certificates are like, as far as the input holds what their vault tells.

Limits: the built-in policies of Key Vault 0a075868 (validity of 12 months), cee51871 (RSA keys; 2048 bits are
its smallest choice) and bd78111f (curves); "About Azure Key Vault certificate renewal".
"""

from __future__ import annotations

from typing import Any

from auditor.apim.hosts import require_name
from auditor.apim.kinds import OWN_CERTIFICATE
from auditor.apim.vault_certificates import (
    ACTION,
    ACTIONS,
    CURVE,
    DAYS_BEFORE,
    EXPORTABLE,
    ISSUER,
    KEY_SIZE,
    KEY_TYPE,
    MONTHS,
    PERCENTAGE,
    answers,
    days,
    spelled,
    vault_certificate,
)
from auditor.apim.vaultrefs import has_reference
from auditor.model.logic import all_of, every
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.declare import check

_RSA = ("RSA", "RSA-HSM")
_EC = ("EC", "EC-HSM")
_CURVES = ("P-256", "P-256K", "P-384", "P-521")
_BITS = 2048
_MONTHS = 12
_LONGEST = 398
"""Days: what certificate authorities round a year up to."""
_RENEW = "AutoRenew"
_SELF, _UNKNOWN = "Self", "Unknown"
_IDENTIFIER = "/properties/keyVault/secretIdentifier"


@check(
    "apim.dp-7.certificate-properties",
    feature="Certificate Management in Azure Key Vault",
    on=OWN_CERTIFICATE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
    also=("DP-6",),
)
def certificate_properties(certificate: Subject) -> Verdict:
    """A certificate in a vault has a sound key, a short life, a known issuer and renews itself."""
    if certificate.base:
        require_name(certificate)
    pointer = "/keyVaultId" if certificate.base else _IDENTIFIER
    if not has_reference(certificate, pointer):
        return NotApplicable("The certificate is not a reference to Key Vault.")
    identifier = certificate.text(pointer)
    found = vault_certificate(certificate, identifier.value()) if identifier.complete else None
    name = certificate.item or certificate.name
    if found is None:
        said = answers(certificate, identifier.value()) if identifier.complete else {}
        told = ", ".join(f"{count} {answer}" for answer, count in sorted(said.items()))
        return Manual(
            f"Key size, validity, issuer and lifetime action of the certificate of {name} stand in the "
            "vault, which was not read. Show the certificate's policy there, or add to the input what az "
            f"keyvault certificate show prints.{f' States of Azure Policy on it: {told}.' if told else ''}"
        )
    return all_of(
        found,
        (_key, _life, _renewal, _issuer, _exportable),
        "The certificates that were read in the vault have a sound key, live a year at most, come from a "
        "known issuer and renew themselves.",
    )


def _key(certificate: Subject) -> Verdict:
    kind = certificate.read(spelled(certificate, KEY_TYPE), one_of=(*_RSA, *_EC))
    if kind in _EC:
        curve = certificate.read(spelled(certificate, CURVE), one_of=_CURVES)
        return Pass(f"Its key is on curve {curve}.")
    bits = certificate.number(spelled(certificate, KEY_SIZE))
    if bits < _BITS:
        return Fail(
            f"The key of {certificate.name} in the vault has {bits:.0f} bits, fewer than {_BITS}: set the "
            "key size in its policy and make a new version."
        )
    return Pass("Its key is long enough.")


def _life(certificate: Subject) -> Verdict:
    months = certificate.number(spelled(certificate, MONTHS))
    if months > _MONTHS:
        return Fail(
            f"The certificate {certificate.name} in the vault is made for {months:.0f} months, more than "
            f"{_MONTHS}: shorten the validity in its policy."
        )
    span = days(certificate)
    if span > _LONGEST:
        return Fail(
            f"The newest version of {certificate.name} in the vault is valid for {span:.0f} days, more than "
            "a year: make a new version by its policy."
        )
    return Pass("It lives a year at most.")


def _renewal(certificate: Subject) -> Verdict:
    def renews(action: Subject) -> Verdict:
        kind = action.text(spelled(action, ACTION)).value()
        if kind.casefold() != _RENEW.casefold():
            return Manual(f"The action is {kind}.")
        trigger = spelled(action, DAYS_BEFORE)
        if not action.mentions(trigger):
            action.number(spelled(action, PERCENTAGE))
            return Pass("It renews itself.")
        action.number(trigger)
        return Pass("It renews itself.")

    kinds: list[Any] = []

    def judge(action: Subject) -> Verdict:
        verdict = renews(action)
        kinds.append(isinstance(verdict, Pass))
        return Pass(verdict.message)

    verdict = every(
        certificate.items(spelled(certificate, ACTIONS), key="/action"),
        judge,
        "It has a lifetime action.",
        Fail(
            f"The certificate {certificate.name} in the vault has no lifetime action, so nothing happens "
            "before it expires: set one that renews it."
        ),
    )
    if not isinstance(verdict, Pass) or any(kinds):
        return verdict
    return Manual(
        f"The lifetime action of {certificate.name} in the vault sends mail and renews nothing: show who "
        "renews it, or let the vault do so."
    )


def _issuer(certificate: Subject) -> Verdict:
    issuer = certificate.text(spelled(certificate, ISSUER)).value()
    if issuer.casefold() in (_SELF.casefold(), _UNKNOWN.casefold()):
        what = "is self-signed" if issuer.casefold() == _SELF.casefold() else "was made elsewhere"
        return Manual(
            f"The certificate {certificate.name} {what} (issuer {issuer} in the vault): show who vouches "
            "for it, and that those who check it know so."
        )
    return Pass("Its issuer is known.")


def _exportable(certificate: Subject) -> Verdict:
    if certificate.flag(spelled(certificate, EXPORTABLE)):
        return Pass("Its key can be taken to the gateway.")
    return Manual(
        f"The key of {certificate.name} cannot be exported from the vault, and a gateway needs it: see that "
        "the last refresh succeeded."
    )
