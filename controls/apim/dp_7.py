"""DP-7: use a secure certificate management process. Words in dp_7.md."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from auditor.apim.collections import planned, reported
from auditor.apim.kinds import ANY_CERTIFICATE, CERTIFICATE, HOST_NAME, in_workspace
from auditor.apim.vaultrefs import has_reference, names_version, refresh_code
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.values import Redacted
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Verdict
from controls.apim import dp_7_policies
from controls.apim.dp_7_properties import certificate_properties
from controls.declare import check

_FEATURE = "Certificate Management in Azure Key Vault"
_IDENTIFIER = "/properties/keyVault/secretIdentifier"
_DEFAULT_HOSTS = (".azure-api.net", ".azure-api.cn", ".azure-api.us")
_UPLOADED = "The certificate is not a reference to Key Vault."
_DEFAULT_HOST = "A default host name has Microsoft's certificate."
_DAYS = 30


@check(
    "apim.dp-7.certificate-in-key-vault",
    feature=_FEATURE,
    on=CERTIFICATE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
)
def certificate_in_key_vault(certificate: Subject) -> Verdict:
    """A certificate is a reference to Key Vault."""
    if in_workspace(certificate):
        return NotApplicable(
            "A workspace has no managed identity, so its certificates cannot come from Key Vault."
        )
    if has_reference(certificate, _IDENTIFIER):
        return Pass("The certificate is a reference to Key Vault.")
    if certificate.has("/properties/hasPrivateKey") and not certificate.flag("/properties/hasPrivateKey"):
        return Fail(
            f"The certificate {certificate.name} was uploaded. It has no private key to lose, but nothing "
            "renews it either: refer to it with keyVault.secretIdentifier.",
            severity=Severity.LOW,
        )
    return Fail(
        f"The certificate {certificate.name} was uploaded: it has no keyVault.secretIdentifier, so "
        "nothing renews it and a private key in it has lain in a file. Import it into a vault and refer "
        "to it from here."
    )


@check(
    "apim.dp-7.certificate-rotates",
    feature=_FEATURE,
    on=CERTIFICATE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
)
def certificate_rotates(certificate: Subject) -> Verdict:
    """A Key Vault reference names no version, so that a renewed certificate arrives."""
    if not has_reference(certificate, _IDENTIFIER):
        return NotApplicable(_UPLOADED)
    if names_version(certificate, _IDENTIFIER):
        return Fail(
            f"keyVault.secretIdentifier of the certificate {certificate.name} ends in a version, so a "
            "renewal in the vault never arrives. Leave the version away: https://VAULT/secrets/NAME."
        )
    return Pass("The Key Vault identifier names no version: a renewal is picked up within about four hours.")


@check(
    "apim.dp-7.certificate-refresh",
    feature=_FEATURE,
    on=CERTIFICATE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
)
def certificate_refresh(certificate: Subject) -> Verdict:
    """The service could read the certificate the last time it tried."""
    if not has_reference(certificate, _IDENTIFIER):
        return NotApplicable(_UPLOADED)
    code = refresh_code(certificate)
    if code.casefold() == "success":
        return Pass("The last refresh from Key Vault succeeded.")
    return Fail(
        f"The last refresh of the certificate {certificate.name} ended with {code!r} "
        "(keyVault.lastStatus): the gateway goes on with the old one until it expires. Let the identity "
        "read the secret, then refresh."
    )


class _CertificateSource(StrEnum):
    MANAGED = "Managed"
    KEY_VAULT = "KeyVault"
    CUSTOM = "Custom"
    BUILT_IN = "BuiltIn"


class _CertificateStatus(StrEnum):
    COMPLETED = "Completed"
    FAILED = "Failed"
    IN_PROGRESS = "InProgress"


@check(
    "apim.dp-7.hostname-certificate",
    feature=_FEATURE,
    on=HOST_NAME,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
)
def hostname_certificate(host: Subject) -> Verdict:
    """The certificate of a custom host name comes from Key Vault, without a version."""
    name = host.item
    in_vault = has_reference(host, "/keyVaultId")
    if in_vault and names_version(host, "/keyVaultId"):
        return Fail(
            f"keyVaultId of {name} ends in a version, so a renewal in the vault never arrives. "
            "Leave the version away: https://VAULT/secrets/NAME."
        )
    _require_name(host)
    if not in_vault and _is_default(host):
        return NotApplicable(_DEFAULT_HOST)
    if not planned(host) and host.has("/certificateStatus"):
        status = host.read("/certificateStatus", one_of=_CertificateStatus)
        if status is _CertificateStatus.FAILED:
            repair = (
                "Let the service's identity read it in the vault"
                if in_vault
                else "Put right what its source needs, for a managed certificate the name's DNS record"
            )
            return Fail(
                f"certificateStatus of {name} is Failed: its certificate could not be obtained. {repair}, "
                "and update the host name again."
            )
    if in_vault:
        return Pass("The certificates of custom host names come from Key Vault, without a version.")
    return _without_vault(host, name)


def _without_vault(host: Subject, name: str) -> Verdict:
    """The verdict on a custom host name that names no Key Vault identifier."""
    if host.has("/certificateSource"):
        source = host.read("/certificateSource", one_of=_CertificateSource)
    elif _carries_certificate(host):
        source = _CertificateSource.CUSTOM
    else:
        raise Undetermined(host.audit.knowledge.missing(host, f"{host.base}/certificateSource"))
    if source is _CertificateSource.BUILT_IN:
        return NotApplicable("A built-in certificate is Microsoft's.")
    if source is _CertificateSource.MANAGED:
        return NotApplicable(
            "A managed certificate is issued and renewed by the service: there is none to keep."
        )
    if source is _CertificateSource.KEY_VAULT:
        raise Undetermined(
            Gap(
                Reason.ABSENT,
                f"keyVaultId of {name}, whose certificateSource is KeyVault",
                "read the service with api-version 2021-08-01 or newer",
            )
        )
    return Fail(
        f"The certificate of {name} was uploaded: it has no keyVaultId, so nothing renews it. Import it "
        "into a vault and give keyVaultId without a version."
    )


def _carries_certificate(host: Subject) -> bool:
    """Whether a certificate is written at the host name, or an expression that stands for one."""
    if host.formula("/encodedCertificate"):
        return True
    if not host.has("/encodedCertificate"):
        return False
    written = host.read("/encodedCertificate")
    return not (isinstance(written, Redacted) and written.empty)


def _require_name(host: Subject) -> None:
    """Raise where an entry in the list of host names has no name, not even one that is not known."""
    if not host.formula("/hostName"):
        host.text("/hostName")


def _is_default(host: Subject) -> bool:
    """Whether a host name is one that Azure gave the service, in any cloud."""
    return host.text("/hostName").ends(*_DEFAULT_HOSTS)


@check(
    "apim.dp-7.certificate-expiry",
    feature=_FEATURE,
    on=ANY_CERTIFICATE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
)
def certificate_expiry(certificate: Subject) -> Verdict:
    """No certificate has expired or is about to."""
    if _of_host(certificate) and _is_default(certificate):
        return NotApplicable(_DEFAULT_HOST)
    days = int(certificate.audit.settings.get("certificate_expiry_days", _DAYS))
    dated = "/certificate/expiry" if certificate.base else "/properties/expirationDate"
    reported(certificate, dated)
    expiry = certificate.moment(dated)
    in_list = certificate.base and not _of_host(certificate)
    name = (
        certificate.text("/certificate/thumbprint").value()
        if in_list
        else certificate.item or certificate.name
    )
    left = expiry - certificate.now
    if left <= timedelta():
        return Fail(f"The certificate of {name} expired on {expiry:%Y-%m-%d}. Renew it.")
    if left < timedelta(days=days):
        return Fail(
            f"The certificate of {name} expires on {expiry:%Y-%m-%d}, in {left.days} days, which is less "
            f"than {days}. Renew it.",
            severity=Severity.MEDIUM,
        )
    return Pass(f"The certificates that were read are valid for {days} days or more.")


def _of_host(certificate: Subject) -> bool:
    return certificate.base.casefold().startswith("/properties/hostnameconfigurations/")


CHECKS = (
    certificate_in_key_vault,
    certificate_rotates,
    certificate_refresh,
    hostname_certificate,
    certificate_expiry,
    certificate_properties,
    *dp_7_policies.CHECKS,
)
