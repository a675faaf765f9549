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
from auditor.apim.kinds import API, SERVICE
from auditor.apim.tiers import Capability, is_v2, needs, supports, tier_of
from auditor.model.check import Gate
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import every, some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Source, Unknown, Verdict
from controls.apim import im_4_vault
from controls.declare import check

_FEATURE = "Client certificate authentication"
_SOURCE = Source.CLIENT_CERTIFICATES


def _unread(service: Subject, needed: str) -> Gap:
    """What only a policy decides."""
    return Gap(
        Reason.UNREAD_POLICY,
        f"{needed}: this version does not ask it of policies yet",
        f"review the policies of {service.name} for context.Request.Certificate and "
        "validate-client-certificate",
    )


@check(
    "apim.im-4.certificate-requested",
    feature=_FEATURE,
    on=GATEWAY_HOST,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown",
)
def certificate_requested(host: Subject) -> Verdict:
    """The gateway asks its callers for a certificate."""
    service = host.of(host.resource)
    if not supports(service, Capability.HOST_NEGOTIATION):
        return _requested_by_service(service)
    if negotiates(host):
        return Pass("The gateway asks for a client certificate under every gateway host name that was read.")
    if demanded(host):
        return Fail(
            f"Your configuration demands client certificates, and the gateway does not ask for one under "
            f"{host.item}: set negotiateClientCertificate of that host name to true."
        )
    raise Undetermined(
        _unread(service, f"whether a policy looks for the certificate that {host.item} does not ask for")
    )


def _requested_by_service(service: Subject) -> Verdict:
    """The one switch of Consumption and v2."""
    if service_asks(service):
        note = " (that this is the v2 switch, Microsoft's documents do not state)" if is_v2(service) else ""
        return Pass(f"The gateway asks for client certificates: enableClientCertificate is on{note}.")
    if demanded(service):
        return Fail(
            "Your configuration demands client certificates, and the service does not ask for one: set "
            "enableClientCertificate to true."
        )
    raise Undetermined(
        _unread(service, f"whether a policy looks for the certificate that {service.name} does not ask for")
    )


def _unread_policy(service: Subject, needed: str) -> Verdict:
    return Unknown("Policies are not read in this version.", None, (_unread(service, needed),))


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
    outcomes="pass unknown not_applicable",
    needs=Gate("host_negotiation", _by_host),
)
def default_host_bypass(service: Subject) -> Verdict:
    """No other host name lets callers in without the question."""
    if not some(gateway_hosts(service), negotiates):
        return NotApplicable(
            "No gateway host name asks for a certificate, so there is no question to walk around."
        )

    def judge(host: Subject) -> Verdict:
        if negotiates(host):
            return Pass("The gateway asks here too.")
        raise Undetermined(
            _unread(
                service,
                f"whether a policy refuses callers who take {host.item}, which asks for no certificate while "
                "another host name does",
            )
        )

    return every(
        gateway_hosts(service), judge, "Every gateway host name asks for a certificate, the default one too."
    )


@check(
    "apim.im-4.header-forwarded-certificate",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="unknown",
)
def header_forwarded_certificate(service: Subject) -> Verdict:
    """A certificate in a header is believed only where nobody else can write that header."""
    return _unread_policy(
        service, f"whether a policy of {service.name} believes a certificate that a header carries"
    )


@check(
    "apim.im-4.placeholders",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="unknown",
)
def placeholders(service: Subject) -> Verdict:
    """No certificate is compared with the text of an example."""
    return _unread_policy(
        service, f"whether a policy of {service.name} still compares with an example's values"
    )


@check(
    "apim.im-4.never-equal-comparison",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="unknown",
)
def never_equal_comparison(service: Subject) -> Verdict:
    """No certificate is compared with a value that it can never have."""
    return _unread_policy(
        service, f"whether a policy of {service.name} compares with a thumbprint no certificate has"
    )


@check(
    "apim.im-4.private-ca",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
    needs=needs(
        Capability.CA_CERTIFICATES,
        "Certificates of a private issuer have to be compared by their thumbprints there.",
    ),
)
def private_ca(service: Subject) -> Verdict:
    """The issuers of the callers' certificates are known to the gateway."""
    if not certificates_arrive(service):
        return NotApplicable("No gateway host name asks for a certificate, so no issuer has to be known.")
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
    "apim.im-4.application-gateway-termination",
    feature=_FEATURE,
    on=SERVICE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
)
def application_gateway_termination(service: Subject) -> Verdict:
    """Where a proxy ends the caller's TLS connection, the certificate still reaches the policy."""
    if not certificates_arrive(service):
        return NotApplicable("No gateway host name asks for a certificate, so no proxy takes one away.")
    return Manual(
        "The gateway asks for certificates, and a proxy in front would answer in the callers' place. Show "
        "that none ends their TLS connections, or how it verifies the certificate and passes it on."
    )


CHECKS = (
    certificate_requested,
    certificate_validated,
    default_host_bypass,
    header_forwarded_certificate,
    placeholders,
    never_equal_comparison,
    private_ca,
    application_gateway_termination,
    *im_4_vault.CHECKS,
)
