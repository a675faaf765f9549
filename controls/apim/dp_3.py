"""DP-3: encrypt sensitive data in transit. Words in dp_3.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from auditor.apim.defaults import LATER_SUITE, PROTOCOL_KEYS, TRIPLE_DES, WEAK_SUITES
from auditor.apim.kinds import ADDRESS, ADDRESSES_IN_POLICIES, API, BACKEND, GATEWAY_HOST_NAME, SERVICE, owner
from auditor.apim.tiers import Capability, needs
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import every, some
from auditor.model.subject import Subject
from auditor.model.text import Text
from auditor.model.verdict import Fail, Inherited, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.apim import dp_3_policies
from controls.declare import check, stated

_PLATFORM = "Data in Transit Encryption"
_GUIDANCE = "Other guidance for DP-3"
_PROPERTIES = "/properties/customProperties"
_CLIENT_KEYS, _BACKEND_KEYS = PROTOCOL_KEYS[:3], PROTOCOL_KEYS[3:]
_NAMES = {"Ssl30": "SSL 3.0", "Tls10": "TLS 1.0", "Tls11": "TLS 1.1", "TripleDes168": "3DES"}


@check(
    "apim.dp-3.platform",
    feature=_PLATFORM,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="inherited",
)
def platform(service: Subject) -> Verdict:
    """The data plane is encrypted by the platform."""
    stated(service, "Data in Transit Encryption: supported, on by default, responsibility of Microsoft")
    return Inherited("Encryption of the data plane is on by default and Microsoft's responsibility.")


@check(
    "apim.dp-3.management-plane",
    feature=_PLATFORM,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="inherited",
)
def management_plane(service: Subject) -> Verdict:
    """Management calls go through Azure Resource Manager."""
    stated(service, "Management calls go through Azure Resource Manager over TLS, with a token")
    return Inherited("Management calls are TLS with a token, by way of Azure Resource Manager.")


@check(
    "apim.dp-3.client-tls",
    feature=_GUIDANCE,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown",
)
def client_tls(service: Subject) -> Verdict:
    """Callers cannot use SSL 3.0, TLS 1.0 or TLS 1.1."""
    return every(
        _switches(service, _CLIENT_KEYS),
        lambda switch: _off(switch, "for callers"),
        "SSL 3.0, TLS 1.0 and TLS 1.1 are off for callers.",
    )


@check(
    "apim.dp-3.backend-tls",
    feature=_GUIDANCE,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown",
)
def backend_tls(service: Subject) -> Verdict:
    """The gateway does not speak SSL 3.0, TLS 1.0 or TLS 1.1 to backends."""
    return every(
        _switches(service, _BACKEND_KEYS),
        lambda switch: _off(switch, "towards backends"),
        "SSL 3.0, TLS 1.0 and TLS 1.1 are off towards backends.",
    )


@check(
    "apim.dp-3.weak-ciphers",
    feature=_GUIDANCE,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    needs=needs(Capability.CIPHERS),
)
def weak_ciphers(service: Subject) -> Verdict:
    """The weak cipher suites that can be switched off are off."""
    return every(
        _switches(service, (TRIPLE_DES, *WEAK_SUITES, LATER_SUITE)),
        lambda switch: _off(switch, "for callers"),
        "3DES and the other weak cipher suites that can be switched off are off.",
    )


def _switches(service: Subject, keys: Sequence[str]) -> Iterator[Subject]:
    """Views of the service, one for each key of ``customProperties``, named as people say it."""
    for key in keys:
        yield Subject(service.audit, service.resource, service.log, item=_label(key))


def _label(key: str) -> str:
    last = key.rpartition(".")[2]
    return _NAMES.get(last, last)


def _off(switch: Subject, where: str) -> Verdict:
    """One protocol or suite, which is the subject's ``item``."""
    key = next(key for key in _keys_of(where) if _label(key) == switch.item)
    pointer = f"{_PROPERTIES}/{key}"
    if key == LATER_SUITE and not switch.has(pointer):
        return Pass("The service does not show this suite.")
    if not switch.flag(pointer):
        return Pass("It is off.")
    defaulted = any(entry.default is not None for entry in switch.log.entries)
    how = _defaulted(key) if defaulted else "customProperties says True"
    return Fail(f'{switch.item} is on {where}: {how}. Set {key} to "False".')


def _keys_of(where: str) -> tuple[str, ...]:
    return (
        _BACKEND_KEYS
        if where == "towards backends"
        else (*_CLIENT_KEYS, TRIPLE_DES, *WEAK_SUITES, LATER_SUITE)
    )


def _defaulted(key: str) -> str:
    if key in WEAK_SUITES:
        return "customProperties does not name it, and unnamed suites are on"
    return "customProperties does not name it, and on services created up to 1 April 2018 that means on"


class _Protocol(StrEnum):
    HTTP = "http"
    HTTPS = "https"
    WS = "ws"
    WSS = "wss"


@check(
    "apim.dp-3.api-encrypted-protocols",
    feature=_GUIDANCE,
    on=API,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
)
def api_encrypted_protocols(api: Subject) -> Verdict:
    """An API answers over https and wss alone."""
    gap = Gap(
        Reason.UNKNOWN_VALUE,
        f"the protocols of the API {api.name}: the list is empty, and what that means is not documented",
        'state protocols, such as ["https"]',
    )
    none = Unknown(f"Not known: {gap.needed}.", None, (gap,))

    def encrypted(protocol: Subject) -> Verdict:
        named = protocol.read("", one_of=_Protocol)
        if named in (_Protocol.HTTPS, _Protocol.WSS):
            return Pass("It is encrypted.")
        better = _Protocol.WSS if named is _Protocol.WS else _Protocol.HTTPS
        return Fail(
            f"The API {api.name} answers over {named.value}, in clear text: let protocols name "
            f"{better.value} instead."
        )

    return every(api.items("/properties/protocols"), encrypted, "Only encrypted protocols are named.", none)


class _BackendType(StrEnum):
    SINGLE = "Single"
    POOL = "Pool"


@check(
    "apim.dp-3.backend-encrypted",
    feature=_GUIDANCE,
    on=ADDRESS,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown not_applicable",
)
def backend_encrypted(address: Subject) -> Verdict:
    """The gateway reaches backends, and whatever policies call, over TLS."""
    if address.item == ADDRESSES_IN_POLICIES:
        return dp_3_policies.addresses_encrypted(address)
    if _is_backend(address):
        if _is_pool(address):
            return NotApplicable("A pool has no address of its own; its members are judged.")
        pointer = "/properties/url"
    else:
        pointer = "/properties/serviceUrl"
        if not address.has(pointer) or _blank(address.text(pointer)):
            return NotApplicable("The API names no serviceUrl: backends and policies say where its calls go.")
    url = _resolved(address, address.text(pointer))
    if url.starts("https://", "wss://"):
        return Pass("The address begins with https or wss.")
    if url.starts("http://", "ws://"):
        return Fail(
            f"{pointer.removeprefix('/properties/')} of {address.name} is {_host_of(url)!r}: requests to "
            "the backend travel in clear text. Give it a certificate and write https."
        )
    if url.starts("fabric:/"):
        return Manual(
            f"The backend {address.name} is a Service Fabric service, whose address is found at run time. "
            "Show that the service listens on https only."
        )
    raise Undetermined(
        Gap(
            Reason.UNKNOWN_VALUE,
            f"the scheme of {pointer.lstrip('/')} of {address.name}: it is {_host_of(url)!r}",
            "write the address with its scheme",
        )
    )


def _is_backend(address: Subject) -> bool:
    return address.resource.type.endswith("/backends")


def _is_pool(backend: Subject) -> bool:
    return backend.read("/properties/type", one_of=_BackendType) is _BackendType.POOL


def _host_of(url: Text) -> str:
    """The address without its path, which may hold keys."""
    scheme, slashes, rest = str(url).partition("//")
    return scheme + slashes + rest.split("/")[0].split("?")[0]


def _resolved(address: Subject, url: Text) -> Text:
    """The address itself, or what a named value at its beginning stands for.

    Raises:
        Undetermined: The named value is not in the input, or is a secret.
    """
    if not url.starts("{{"):
        return url
    name = url.head[2:].partition("}}")[0].strip().casefold()
    found = _named_value(address, name)
    if found is not None and not found.flag("/properties/secret") and found.has("/properties/value"):
        return found.text("/properties/value")
    raise Undetermined(
        Gap(
            Reason.ABSENT,
            f"the named value {name!r}, which the address of {address.name} begins with",
            "give the named values, or write the scheme before the named value: https://{{" + name + "}}",
        )
    )


def _named_value(address: Subject, name: str) -> Subject | None:
    """The named value with a display name; None where the list is whole and lacks it."""
    found: list[Subject] = []

    def is_it(named_value: Subject) -> bool:
        if named_value.text("/properties/displayName").value().strip().casefold() != name:
            return False
        found.append(named_value.with_log(address.log))
        return True

    return found[0] if some(owner(address).children("namedValues"), is_it) else None


def _blank(url: Text) -> bool:
    return url.complete and not url.value().strip()


@check(
    "apim.dp-3.backend-certificate-validation",
    feature=_GUIDANCE,
    on=BACKEND,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown not_applicable",
    filed=("IM-4",),
)
def backend_certificate_validation(backend: Subject) -> Verdict:
    """The gateway checks the backend's certificate: its chain and its name."""
    if _is_pool(backend):
        return NotApplicable("A pool has no connection of its own; its members are judged.")
    verdict = every(
        (_view(backend, name) for name in ("validateCertificateChain", "validateCertificateName")),
        _validated,
        "Chain and name of the backend's certificate are validated.",
    )
    if isinstance(verdict, Pass) and backend.has("/properties/properties/serviceFabricCluster"):
        return Manual(
            f"The backend {backend.name} is a Service Fabric cluster, which is recognised by thumbprints "
            "or X.509 names of its own. Show that serviceFabricCluster names the right ones."
        )
    return dp_3_policies.by_use(backend, verdict) if isinstance(verdict, Fail) else verdict


def _view(subject: Subject, name: str) -> Subject:
    return Subject(subject.audit, subject.resource, subject.log, item=name)


def _validated(backend: Subject) -> Verdict:
    if backend.flag(f"/properties/tls/{backend.item}"):
        return Pass("It is validated.")
    return Fail(
        f"tls.{backend.item} of the backend {backend.name} is false: whoever answers in its place is "
        "believed. Set it to true, and upload the issuer as a CA certificate where it is a private one."
    )


@check(
    "apim.dp-3.gateway-host-tls",
    feature=_GUIDANCE,
    on=GATEWAY_HOST_NAME,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    needs=needs(Capability.SELF_HOSTED_GATEWAY),
)
def gateway_host_tls(host: Subject) -> Verdict:
    """A self-hosted gateway's host name does not answer over TLS 1.0 or TLS 1.1."""
    return every(
        (_view(host, name) for name in ("tls10Enabled", "tls11Enabled")),
        _gateway_off,
        "TLS 1.0 and TLS 1.1 are off on the host names of self-hosted gateways.",
    )


def _gateway_off(host: Subject) -> Verdict:
    if not host.flag(f"/properties/{host.item}"):
        return Pass("It is off.")
    return Fail(f"{host.item} of the gateway host name {host.name} is true; set it to false.")


CHECKS = (
    platform,
    management_plane,
    client_tls,
    backend_tls,
    weak_ciphers,
    api_encrypted_protocols,
    backend_encrypted,
    backend_certificate_validation,
    gateway_host_tls,
    *dp_3_policies.CHECKS,
)
