"""What a service takes from Azure Key Vault, and the managed identities it can ask with."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.apim.hosts import require_name
from auditor.apim.kinds import owner
from auditor.apim.vaultrefs import has_reference
from auditor.model.check import Kind
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import SERVICE
from auditor.model.logic import derived, some, together
from auditor.model.subject import Subject
from auditor.model.tracked import Fields

ASSIGNED = "/identity/userAssignedIdentities"
SYSTEM = "systemassigned"
USER = "userassigned"


def candidates(service: Subject) -> Iterator[Subject]:
    """Everything that can stand in a vault; workspaces cannot use one."""
    return together(
        service.children("certificates"),
        service.children("namedValues"),
        service.items("/properties/hostnameConfigurations", key="/hostName"),
    )


VAULT_USER = Kind("certificate, named value or host name", candidates)


def in_vault(user: Subject) -> bool:
    """Whether a certificate, a named value or a host name comes from Key Vault."""
    if user.base:
        require_name(user)
        return has_reference(user, "/keyVaultId")
    return user.has("/properties/keyVault")


@derived
def uses_vault(service: Subject) -> bool:
    """Whether a service takes anything from Key Vault.

    Raises:
        Undetermined: Nothing that was read does, and not everything was read.
    """
    return some(candidates(service), in_vault)


def service_of(subject: Subject) -> Subject:
    """The service that a direct child of it, or an item in it, belongs to."""
    return subject.of(subject.resource) if subject.resource.type == SERVICE else owner(subject)


@derived
def identities(service: Subject) -> frozenset[str]:
    """The kinds of managed identity a service has: :data:`SYSTEM`, :data:`USER`, both or none."""
    if service.read("/identity/type") is None:
        return frozenset()
    text = service.text("/identity/type").value()
    kinds = frozenset(kind.strip().casefold() for kind in text.split(","))
    if not kinds <= {"none", SYSTEM, USER}:
        needed = f"identity/type of {service.name}; it is {text[:80]!r}, which this version does not know"
        raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "check the spelling, or update the tool"))
    return kinds - {"none"}


def is_detached(service: Subject, client_id: str) -> bool:
    """Whether a client id is known to be none of the user-assigned identities of a deployed service.

    Not of a template, which knows no client ids, and not where an identity in the list does not tell its own.
    """
    if service.source.declared or not service.has(ASSIGNED):
        return False
    assigned = service.read(ASSIGNED)
    if not isinstance(assigned, Fields):
        return False
    entries = [assigned[name] for name in assigned]
    if not entries or not all("clientId" in entry for entry in entries):
        return False
    return all(str(entry["clientId"]).casefold() != client_id.casefold() for entry in entries)
