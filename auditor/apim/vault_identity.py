"""With which managed identity a service asks Key Vault for a certificate, named value or host name.

``identityClientId`` names a user-assigned identity by its client id; without it the service asks with its
system-assigned one ("Use named values", "Use managed identities in Azure API Management").
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditor.apim.vaultrefs import has_reference
from auditor.apim.vaults import ASSIGNED, SYSTEM, identities, service_of
from auditor.keyvault.names import Named, named_in, spelled_name
from auditor.keyvault.principals import Principal
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import SERVICE
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject
from auditor.model.tracked import Fields

_IDENTITIES = "microsoft.managedidentity/userassignedidentities"


def client_id_at(user: Subject) -> str:
    """Where the client id of a certificate, named value or host name stands."""
    return "/identityClientId" if user.base else "/properties/keyVault/identityClientId"


def names_identity(user: Subject) -> bool:
    """Whether an identity is named; an empty name names none."""
    return bool(user.formula(client_id_at(user))) or has_reference(user, client_id_at(user))


def client_id_of(user: Subject) -> str:
    """The client id as it is written."""
    return str(user.text(client_id_at(user))).strip()


@derived
def principal_of(user: Subject) -> Principal:
    """The identity that a service asks with.

    Raises:
        Undetermined: Which one it is cannot be told.
    """
    service = service_of(user)
    if not names_identity(user):
        if SYSTEM in identities(service):
            return _system(service)
        needed = f"with which identity {service.name} asks for {user.item or user.name}: none is named"
        raise Undetermined(Gap(Reason.ABSENT, needed, "name one in identityClientId"))
    formula = user.formula(client_id_at(user))
    if formula:
        return _by_expression(user, formula)
    return _by_client_id(user, service, user.text(client_id_at(user)).value().strip().casefold())


@derived
def _system(service: Subject) -> Principal:
    # A template's own text is no answer: the object id comes with the deployment.
    found = None if service.source.declared else settled(partial(_text, service, "/identity/principalId"))
    return Principal(
        f"the system-assigned identity of {service.name}",
        True,
        service.source,
        found if isinstance(found, str) else "",
        Named(SERVICE, (spelled_name(service.resource).casefold(),), "identity.principalid"),
        found.gaps[0] if isinstance(found, Undetermined) else None,
    )


def _text(subject: Subject, pointer: str) -> str:
    return subject.text(pointer).value().strip()


def _by_expression(user: Subject, formula: str) -> Principal:
    named = named_in(formula)
    if named is None or named.type != _IDENTITIES or named.member != "clientid":
        needed = f"which identity {user.item or user.name} asks with: identityClientId is [{formula[:120]}]"
        raise Undetermined(Gap(Reason.UNRESOLVED, needed, "give the parameters with --parameters FILE"))
    return Principal(
        f"the user-assigned identity {named.names[-1]}",
        False,
        user.source,
        named=Named(named.type, named.names, "principalid"),
    )


def _by_client_id(user: Subject, service: Subject, client_id: str) -> Principal:
    """The identity of the service with a client id, in its own list or as a resource beside it."""
    missing: list[Gap] = []
    for resource_id, place, prefix in _assigned(service):
        own = settled(partial(_text, place, f"{prefix}/clientId"))
        if isinstance(own, Undetermined):
            missing.extend(own.gaps)
        elif own.casefold() == client_id:
            found = settled(partial(_text, place, f"{prefix}/principalId"))
            return Principal(
                f"the user-assigned identity {resource_id.rpartition('/')[2]}",
                False,
                user.source,
                found if isinstance(found, str) else "",
                gap=found.gaps[0] if isinstance(found, Undetermined) else None,
            )
    needed = f"which identity of {service.name} has the client id {client_id}"
    if not missing and SYSTEM in identities(service):
        needed += ": none of its user-assigned ones has it, and its system-assigned one may"
    command = f"az ad sp show --id {client_id}"
    raise Undetermined(Gap(Reason.ABSENT, needed, command), *missing[:3])


def _assigned(service: Subject) -> Iterator[tuple[str, Subject, str]]:
    """The user-assigned identities: id, and where their ids stand (a subject, the beginning of a pointer)."""
    if not service.has(ASSIGNED):
        return
    assigned = service.read(ASSIGNED)
    if not isinstance(assigned, Fields):
        needed = (
            f"the user-assigned identities of {service.name}: identity/userAssignedIdentities is no object"
        )
        raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "read the service again"))
    for resource_id in assigned:
        token = resource_id.replace("~", "~0").replace("/", "~1")
        yield resource_id, service, f"{ASSIGNED}/{token}"
        beside = settled(partial(service.related, resource_id))
        if isinstance(beside, Subject):
            yield resource_id, beside, "/properties"
