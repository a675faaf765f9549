"""IM-3: manage application identities securely and automatically. Words in im_3.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from auditor.apim.kinds import SERVICE
from auditor.apim.vaultrefs import has_reference, refers_to_vault
from auditor.model.logic import some, together
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, Pass, Severity, Verdict
from controls.apim import im_3_backends, im_3_policies
from controls.apim.im_3_backends import signs_in
from controls.apim.im_3_policies import uses_identity
from controls.declare import check

_IDENTITIES = "Managed Identities"


class IdentityType(StrEnum):
    """``identity.type`` on the wire, with both spellings of the pair."""

    NONE = "None"
    SYSTEM = "SystemAssigned"
    USER = "UserAssigned"
    BOTH = "SystemAssigned, UserAssigned"
    BOTH_TIGHT = "SystemAssigned,UserAssigned"


_POLICY = "policy"


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
    if some(_users_of_identity(service), _uses):
        return Pass("The service has a managed identity, and uses it.")
    return Fail(
        "The service has a managed identity, and nothing uses it: no Key Vault reference, backend, logger or "
        "policy. Let it sign in where secrets do now, or take it away."
    )


def _type(service: Subject) -> IdentityType:
    return service.read("/identity/type", one_of=IdentityType)


_USES: dict[str, Callable[[Subject], bool]] = {
    "namedvalues": refers_to_vault,
    "certificates": refers_to_vault,
    "backends": signs_in,
    "loggers": lambda logger: has_reference(logger, "/properties/credentials/identityClientId"),
    "service": lambda host: has_reference(host, "/keyVaultId"),
}
"""How each kind of item says that it needs the service's identity; host names are items of the service."""


def _uses(user: Subject) -> bool:
    """Whether an item, or the policy that hangs on it, needs the service's identity."""
    if user.item == _POLICY:
        return uses_identity(user)
    return _USES[user.resource.type.rpartition("/")[2]](user)


def _with_policies(service: Subject) -> Iterator[Subject]:
    """Whatever a policy may hang on, told apart from the items that refer to Key Vault themselves."""
    # Reading policies takes a tenth of a second to import: only where nothing else uses the identity.
    from auditor.apim.backends import policy_holders

    for holder in policy_holders(service):
        yield Subject(holder.audit, holder.resource, holder.log, item=_POLICY)


def _users_of_identity(service: Subject) -> Iterator[Subject]:
    return together(
        service.items("/properties/hostnameConfigurations", key="/hostName"),
        service.children("namedValues"),
        service.children("certificates"),
        service.children("backends"),
        service.children("loggers"),
        _with_policies(service),
    )


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


CHECKS = (managed_identity, *im_3_backends.CHECKS, service_principals, *im_3_policies.CHECKS)
