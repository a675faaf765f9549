"""Where a credential can be written into a resource, and what stands there.

Policies are not among them: rules on their statements judge those. Values at these positions were replaced
when the data came in; what was kept tells a literal from a reference to a named value, a mask and an empty
string. Sources: the REST specification, api-version 2024-05-01; "Connection strings in Application Insights".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import together
from auditor.model.subject import Subject
from auditor.model.tracked import Fields, Items
from auditor.model.values import Redacted, escape
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Unknown, Verdict

_FIXED: dict[str, tuple[str, ...]] = {
    "backends": ("/properties/credentials/authorization/parameter", "/properties/proxy/password"),
    "loggers": ("/properties/credentials/connectionString", "/properties/credentials/instrumentationKey"),
    "caches": ("/properties/connectionString",),
    "identityproviders": ("/properties/clientSecret",),
    "openidconnectproviders": ("/properties/clientSecret",),
    "authorizationservers": ("/properties/clientSecret", "/properties/resourceOwnerPassword"),
    "certificates": ("/properties/data", "/properties/password"),
}
"""By the last segment of the type."""
_LISTED = (
    ("/properties/hostnameConfigurations", "/hostName"),
    ("/properties/certificates", "/certificate/thumbprint"),
)
"""Arrays of the service whose elements may carry a certificate with its key."""
_IN_LISTED = ("encodedCertificate", "certificatePassword")
_MAPS = ("/properties/credentials/header", "/properties/credentials/query")
_RETURNED = frozenset({"backends", "loggers", "caches"})
"""Types whose credentials the management API shows to readers; those of the others it never returns."""

_SAYS_CREDENTIAL = re.compile(
    r"auth|key|token|secret|passw|pwd|credential|cookie|signature|^(?:code|sig|pass)$", re.IGNORECASE
)
_GENERATED = re.compile(r"Logger-Credentials-{1,2}[0-9a-f]{24}", re.IGNORECASE)
_INSIGHTS = "applicationInsights"
_LOGGERS = ("azureEventHub", _INSIGHTS, "azureMonitor")
_PASSWORD_OF = {"data": "password", "encodedcertificate": "certificatePassword"}

_INSTEAD = {
    "backends": (
        "Keep it in a named value backed by Key Vault and write {{name}} here, or use a managed identity."
    ),
    "loggers": "Let the logger use a managed identity (endpointAddress and identityClientId).",
    "caches": "Keep it in a named value backed by Key Vault and write {{name}} here.",
    "certificates": "Refer to the certificate in Key Vault with keyVault.secretIdentifier.",
    "service": "Refer to the certificate in Key Vault with keyVaultId.",
}
_PARAMETER = "Take it from a secure parameter without a default value, filled from Key Vault."


def positions(holder: Subject) -> Iterator[Subject]:
    """Views of a resource, one for each place where a credential may stand; ``item`` is its pointer."""
    last = holder.resource.type.rpartition("/")[2]
    if last == "service":
        yield from together(*(_listed(holder, array, key) for array, key in _LISTED))
        return
    fixed = (_at(holder, pointer) for pointer in _FIXED[last])
    maps = (_mapped(holder, pointer) for pointer in _MAPS) if last == "backends" else ()
    tokens = (_in_token_request(holder),) if last == "authorizationservers" else ()
    yield from together(fixed, *maps, *tokens)


def _at(holder: Subject, pointer: str) -> Subject:
    return Subject(holder.audit, holder.resource, holder.log, item=pointer)


def _listed(service: Subject, array: str, key: str) -> Iterator[Subject]:
    for element in service.items(array, key=key):
        for name in _IN_LISTED:
            yield _at(service, f"{element.base}/{name}")


def _in_token_request(server: Subject) -> Iterator[Subject]:
    """Parameters of the token request whose name says that they are a credential; others are no secret."""
    for parameter in server.items("/properties/tokenBodyParameters", key="/name"):
        if _SAYS_CREDENTIAL.search(parameter.text("/name").value()):
            yield _at(server, f"{parameter.base}/value")


def _mapped(backend: Subject, pointer: str) -> Iterator[Subject]:
    """The values of the credentials that a backend sends in headers or in the query, by name."""
    if not backend.has(pointer):
        return
    values = backend.read(pointer)
    if not isinstance(values, Fields):  # one value where an object is documented: nothing tells its names
        yield _at(backend, pointer)
        return
    for name in values:
        at = f"{pointer}/{escape(name)}"
        if backend.formula(at):
            yield _at(backend, at)
            continue
        value = backend.read(at)
        count = len(value) if isinstance(value, Items) else None
        yield from [_at(backend, at)] if count is None else (_at(backend, f"{at}/{i}") for i in range(count))


def credential_verdict(position: Subject) -> Verdict:
    """What stands at one position: nothing, a reference, a mask or a literal."""
    pointer, last = position.item, position.resource.type.rpartition("/")[2]
    if last == "loggers" and _of_insights(position):
        return Pass("Microsoft does not count the keys of Application Insights as secrets.")
    if not position.has(pointer):
        if last not in _RETURNED and (not position.source.declared or position.source.exported):
            return NotApplicable(
                "The management API never returns this credential, so readers do not see it."
            )
        return Pass("There is none.")
    value = position.read(pointer)
    if not isinstance(value, Redacted):
        needed = f"{pointer.lstrip('/')} of {position.name} as a string; it is a {type(value).__name__}"
        raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "check the spelling, or update the tool"))
    if value.empty:
        return Pass("It is empty.")
    if value.placeholder:
        gap = Gap(
            Reason.ABSENT,
            f"{pointer.lstrip('/')} of {position.name}: a mask stands in its place",
            "audit the file before its secrets are masked, or the deployed resource",
        )
        return Unknown(f"Not known: {gap.needed}.", None, (gap,))
    if value.reference is not None and not _GENERATED.fullmatch(value.reference):
        return Pass("It names a named value.")
    return _literal(position, pointer, last, value)


def _literal(position: Subject, pointer: str, last: str, value: Redacted) -> Verdict:
    """The verdict on a credential that was typed in."""
    if last == "loggers":
        position.read("/properties/loggerType", one_of=_LOGGERS)
        return Fail(
            f"{_place(position, pointer)} was typed into the logger, whether it stands there or the service "
            f"moved it into a generated named value. {_INSTEAD['loggers']}"
        )
    name = pointer.rstrip("/0123456789").rpartition("/")[2]
    if pointer.startswith(_MAPS) and not value.known_format and not _SAYS_CREDENTIAL.search(name):
        return Manual(
            f"{_place(position, pointer)} holds a literal whose name does not say whether it is a "
            "credential. Show that it is none, or keep it in a named value backed by Key Vault."
        )
    sibling = _PASSWORD_OF.get(name.casefold())
    if sibling and not value.known_format and not _has_password(position, pointer, sibling):
        return Manual(
            f"{_place(position, pointer)} holds a certificate without a password. Show that it has no "
            "private key, or refer to it in Key Vault."
        )
    return Fail(f"{_place(position, pointer)} is written out. {_INSTEAD.get(last, _PARAMETER)}")


def _has_password(position: Subject, pointer: str, sibling: str) -> bool:
    """Whether a password stands beside certificate data: then a private key is in it."""
    at = f"{pointer.rpartition('/')[0]}/{sibling}"
    if not position.has(at):
        return False
    password = position.read(at)
    return not (isinstance(password, Redacted) and password.empty)


def _of_insights(logger: Subject) -> bool:
    """Whether a logger is stated to send to Application Insights, whatever stands in its credentials."""
    stated = logger.stated("/properties/loggerType").casefold()
    return stated == _INSIGHTS.casefold() and bool(logger.read("/properties/loggerType", one_of=_LOGGERS))


def _place(position: Subject, pointer: str) -> str:
    return f"{pointer.removeprefix('/properties/')} of {position.name}"
