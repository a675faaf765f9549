"""IM-4: authenticate server and services. Words in im_4.md; the checks on Key Vault stand in im_4_vault."""

from __future__ import annotations

from auditor.apim.hosts import (
    GATEWAY_HOST,
    certificates_arrive,
    demanded,
    gateway_hosts,
    negotiates,
    service_asks,
)
from auditor.apim.kinds import API, SERVICE, below
from auditor.apim.tiers import Capability, is_v2, supports, tier_of
from auditor.model.check import Gate
from auditor.model.evidence import Undetermined
from auditor.model.logic import settled, some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Source, Verdict
from controls.apim import im_4_statements, im_4_vault
from controls.declare import check

_FEATURE = "Client certificate authentication"
_SOURCE = Source.CLIENT_CERTIFICATES


@check(
    "apim.im-4.certificate-requested",
    feature=_FEATURE,
    on=GATEWAY_HOST,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
)
def certificate_requested(host: Subject) -> Verdict:
    """The gateway asks its callers for a certificate."""
    service = host.of(host.resource)
    if not supports(service, Capability.HOST_NEGOTIATION):
        return _requested_by_service(service)
    if negotiates(host):
        return Pass("The gateway asks for a client certificate under every gateway host name that was read.")
    fix = "Set negotiateClientCertificate of that host name to true."
    if demanded(host):
        return Fail(
            f"Your configuration demands client certificates, and the gateway does not ask for one under "
            f"{host.item}. {fix}"
        )
    return _not_asked(host, f"under {host.item}", fix)


def _requested_by_service(service: Subject) -> Verdict:
    """The one switch of Consumption and v2."""
    if service_asks(service):
        note = " (that this is the v2 switch, Microsoft's documents do not state)" if is_v2(service) else ""
        return Pass(f"The gateway asks for client certificates: enableClientCertificate is on{note}.")
    fix = "Set enableClientCertificate to true."
    if demanded(service):
        return Fail(
            f"Your configuration demands client certificates, and the service does not ask for one. {fix}"
        )
    return _not_asked(service, "under any host name", fix)


def _not_asked(host: Subject, where: str, fix: str) -> Verdict:
    if not _has_apis(host.of(host.resource)):
        return NotApplicable("There is no API whose policies could look at a certificate.")
    from controls.apim.im_4_joins import not_asked

    return not_asked(host, where, fix)


def _has_apis(service: Subject) -> bool:
    """Whether there is an API: the prover takes a tenth of a second to import, which only those pay for."""
    return some(below(service, "apis"), lambda _: True)


@check(
    "apim.im-4.certificate-unused",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
)
def certificate_unused(service: Subject) -> Verdict:
    """Some policy looks at the certificates that the gateway asks for."""
    if not certificates_arrive(service):
        return NotApplicable("The gateway asks for no certificates.")
    if not _has_apis(service):
        return NotApplicable("There is no API whose policies could look at a certificate.")
    from controls.apim.im_4_joins import unused

    return unused(service)


@check(
    "apim.im-4.certificate-validated",
    feature=_FEATURE,
    on=API,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
)
def certificate_validated(api: Subject) -> Verdict:
    """A policy refuses every caller whose certificate is missing, invalid or not expected."""
    api.listed("operations")
    # The prover takes a tenth of a second to import: only inputs that hold operations pay for it.
    from controls.apim.im_4_policies import validated

    return validated(api)


def _by_host(service: Subject) -> Verdict | None:
    if supports(service, Capability.HOST_NEGOTIATION):
        return None
    return NotApplicable(
        f"On the {tier_of(service)} tier one switch covers every host name, so none can be asked less than "
        "another."
    )


@check(
    "apim.im-4.default-host-bypass",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
    needs=Gate("host_negotiation", _by_host),
)
def default_host_bypass(service: Subject) -> Verdict:
    """No other host name lets callers in without the question."""
    if not some(gateway_hosts(service), negotiates):
        return NotApplicable(
            "No gateway host name asks for a certificate, so there is no question to walk around."
        )
    silent: list[str] = []

    def asks_nothing(host: Subject) -> bool:
        if negotiates(host):
            return False
        silent.append(host.item)
        return True

    if not some(gateway_hosts(service), asks_nothing):
        return Pass("Every gateway host name asks for a certificate, the default one too.")
    if not _has_apis(service):
        return NotApplicable("There is no API to get to by another host name.")
    from controls.apim.im_4_joins import bypassed

    return bypassed(service, silent[-1])


@check(
    "apim.im-4.header-forwarded-certificate",
    feature=_FEATURE,
    on=API,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="fail unknown manual not_applicable",
)
def header_forwarded_certificate(api: Subject) -> Verdict:
    """A certificate in a header is believed only where nobody else can write that header."""
    api.listed("operations")
    from controls.apim.im_4_joins import from_header

    return from_header(api)


@check(
    "apim.im-4.private-ca",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
)
def private_ca(service: Subject) -> Verdict:
    """The issuers of the callers' certificates are known to the gateway."""
    if not certificates_arrive(service):
        return NotApplicable("No gateway host name asks for a certificate, so no issuer has to be known.")
    classic = supports(service, Capability.CA_CERTIFICATES)
    found = settled(lambda: _has_apis(service))
    if classic and isinstance(found, Undetermined):
        return _issuers_uploaded(service)
    if not _has_apis(service):
        return NotApplicable("There is no API whose policies could verify a chain.")
    from controls.apim.im_4_joins import private_issuers

    return private_issuers(service, lambda: _issuers_uploaded(service))


def _issuers_uploaded(service: Subject) -> Verdict:
    if some(service.items("/properties/certificates"), lambda _: True):
        return Manual(
            "CA certificates are uploaded. Show that they are the root and intermediate certificates of "
            "every private issuer your callers' certificates come from."
        )
    return Manual(
        "No CA certificate is uploaded, which is right if a public issuer signed your callers' "
        "certificates: show who issues them; the chain of a private or self-signed one cannot be verified "
        "without its CA certificates."
    )


@check(
    "apim.im-4.uploaded-certificates",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="fail unknown manual not_applicable",
    also=("DP-7", "IM-3"),
)
def uploaded_certificates(service: Subject) -> Verdict:
    """A policy that accepts every uploaded certificate accepts callers' certificates alone."""
    if not _has_apis(service):
        return NotApplicable("There is no API whose policies could accept uploaded certificates.")
    from controls.apim.im_4_joins import uploaded

    return uploaded(service)


@check(
    "apim.im-4.application-gateway-termination",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
)
def application_gateway_termination(service: Subject) -> Verdict:
    """Where a proxy ends the caller's TLS connection, the certificate still reaches the policy."""
    if not certificates_arrive(service):
        return NotApplicable("No gateway host name asks for a certificate, so no proxy takes one away.")
    from controls.apim.im_4_fronts import termination

    return termination(service)


CHECKS = (
    certificate_requested,
    certificate_unused,
    certificate_validated,
    default_host_bypass,
    header_forwarded_certificate,
    *im_4_statements.CHECKS,
    private_ca,
    uploaded_certificates,
    application_gateway_termination,
    *im_4_vault.CHECKS,
)
