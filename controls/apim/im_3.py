"""IM-3: manage application identities securely and automatically. Words in im_3.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from auditor.apim.kinds import BACKEND, SERVICE
from auditor.apim.vaultrefs import has_reference, refers_to_vault
from auditor.model.evidence import Gap, Reason
from auditor.model.logic import some, together
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.declare import check

_IDENTITIES = "Managed Identities"


class IdentityType(StrEnum):
    """``identity.type`` on the wire, with both spellings of the pair."""

    NONE = "None"
    SYSTEM = "SystemAssigned"
    USER = "UserAssigned"
    BOTH = "SystemAssigned, UserAssigned"
    BOTH_TIGHT = "SystemAssigned,UserAssigned"


class BackendType(StrEnum):
    """``type`` of a backend on the wire."""

    SINGLE = "Single"
    POOL = "Pool"


@check(
    "apim.im-3.managed-identity",
    feature=_IDENTITIES,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown",
    filed=("PA-7",),
)
def managed_identity(service: Subject) -> Verdict:
    """The service has a managed identity, and uses it."""
    if not service.has("/identity") or _type(service) is IdentityType.NONE:
        return Fail(
            "The service has no managed identity: set identity.type to SystemAssigned, or to UserAssigned "
            "with an identity of yours."
        )
    # Looked for one by one: the first use that is seen decides, whatever else was not read.
    if some(_users_of_identity(service), lambda use: _USES[use.resource.type.rpartition("/")[2]](use)):
        return Pass("The service has a managed identity, and uses it.")
    gap = Gap(
        Reason.UNREAD_POLICY,
        f"whether an authentication-managed-identity policy of {service.name} uses the identity: no Key "
        "Vault reference, backend or logger that was read does",
        "review the policies of every scope, or give secrets and certificates as Key Vault references",
    )
    return Unknown("The service has a managed identity, but what was read does not use it.", None, (gap,))


def _type(service: Subject) -> IdentityType:
    return service.read("/identity/type", one_of=IdentityType)


def _signs_in(backend: Subject) -> bool:
    """Whether a backend names a managed identity to be called with."""
    pointer = "/properties/credentials/managedIdentity"
    return backend.has(pointer) and len(backend.read(pointer)) > 0


_USES: dict[str, Callable[[Subject], bool]] = {
    "namedvalues": refers_to_vault,
    "certificates": refers_to_vault,
    "backends": _signs_in,
    "loggers": lambda logger: has_reference(logger, "/properties/credentials/identityClientId"),
    "service": lambda host: has_reference(host, "/keyVaultId"),
}
"""How each kind of item says that it needs the service's identity; host names are items of the service."""


def _users_of_identity(service: Subject) -> Iterator[Subject]:
    return together(
        service.items("/properties/hostnameConfigurations", key="/hostName"),
        service.children("namedValues"),
        service.children("certificates"),
        service.children("backends"),
        service.children("loggers"),
    )


@check(
    "apim.im-3.backend-authentication",
    feature=_IDENTITIES,
    on=BACKEND,
    severity=Severity.MEDIUM,
    outcomes="pass unknown not_applicable",
    filed=("IM-4",),
)
def backend_authentication(backend: Subject) -> Verdict:
    """The gateway proves to each backend who it is, by its managed identity."""
    if backend.read("/properties/type", one_of=BackendType) is BackendType.POOL:
        return NotApplicable("A pool has no credentials of its own: its members are judged.")
    if _signs_in(backend):
        return Pass("The gateway signs in to the backend with its managed identity.")
    gap = Gap(
        Reason.UNREAD_POLICY,
        f"whether a policy authenticates the gateway to backend {backend.name}: the backend itself names no "
        "managed identity, and a certificate in it is not sent without the authentication-certificate "
        "policy",
        "review the policies of the APIs that use the backend, or set credentials.managedIdentity of the "
        "backend",
    )
    return Unknown("Policies decide this, and this version does not ask it of them yet.", None, (gap,))


@check(
    "apim.im-3.service-principals",
    feature="Service Principals",
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="manual",
)
def service_principals(service: Subject) -> Verdict:
    """Whether service principals are used is a decision of the organisation."""
    return Manual(
        "Microsoft gives no guidance on service principals. Show that a managed identity cannot do what "
        f"each service principal does that {service.name} or its pipelines sign in with, who owns it, and "
        "when its secret expires."
    )


CHECKS = (managed_identity, backend_authentication, service_principals)
