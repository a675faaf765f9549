"""Azure roles as far as a service is concerned: which are broad, which were made for it, who holds which.

Ids: "Azure built-in roles" (general, privileged, integration); "How to use role-based access control in Azure
API Management". Custom roles are judged by what they allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from auditor.apim.scopes import Standing, standing, written_scope
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import Resource
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject

REVIEWED: Final = "2026-11-22"
"""Day the ids were last compared with the documentation."""
ASSIGNMENTS: Final = "Microsoft.Authorization/roleAssignments"
DEFINITIONS: Final = "Microsoft.Authorization/roleDefinitions"
CLASSIC: Final = "microsoft.authorization/classicadministrators"

BROAD: Final = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Roles that allow more than any role made for the service."""
NARROW: Final = {
    "312a565d-c81f-4fd8-895a-4e21e48d571c": "API Management Service Contributor",
    "e022efe7-f5ba-4159-bbe4-b44f577e9b61": "API Management Service Operator Role",
    "71522526-b88f-4d52-b57f-d31fc3546d0d": "API Management Service Reader Role",
    "9565a273-41b9-4368-97d2-aeb0c976a9b3": "API Management Service Workspace API Developer",
    "d59a3e9c-6d52-4a5a-aeed-6bf3cf0e31da": "API Management Service Workspace API Product Manager",
    "56328988-075d-4c6a-8766-d93edd6725b6": "API Management Workspace API Developer",
    "73c2c328-d004-4c5e-938c-35c6f5679a1f": "API Management Workspace API Product Manager",
    "0c34c906-8d99-4cb7-8bb7-33f5b0a1a799": "API Management Workspace Contributor",
    "ef1c2c96-4a77-49e8-b9a4-6179fe1d2fd2": "API Management Workspace Reader",
    "c031e6a8-4391-4de0-8d69-4706a7ed3729": "API Management Developer Portal Content Editor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
}
"""Roles made for the service, and Reader."""
_ELSEWHERE: Final = tuple(f"contoso.unrelated/things/{what}" for what in ("write", "delete", "run/action"))
"""Operations of a provider that nobody names: what allows one allows it everywhere. Reading is none."""
_HANDING_OUT: Final = "microsoft.authorization/roleassignments/write"
_OF_SERVICES: Final = (
    "microsoft.apimanagement/service/write",
    "microsoft.apimanagement/service/apis/policies/write",
)
PRINCIPALS: Final = ("User", "ServicePrincipal", "Group", "ForeignGroup", "Device")
"""Kinds of principal on the wire."""


@dataclass(frozen=True, slots=True)
class Role:
    """What an assignment hands out."""

    name: str
    broad: bool
    custom: bool = False
    writes: bool = False
    """A custom role that may change services or policies, and no more than that."""


def role_of(service: Subject, assignment: Subject) -> Role:
    """The role of an assignment.

    Raises:
        Undetermined: Which role it is, is not known, or it is neither a known one nor defined in the input,
            whether the custom ones were all read or not.
    """
    text = assignment.text("/properties/roleDefinitionId")
    guid = text.tail.rstrip("/").rpartition("/")[2].casefold()
    if not text.complete and "/" not in text.tail:
        raise text.undecided()
    for table, broad in ((BROAD, True), (NARROW, False)):
        if guid in table:
            return Role(table[guid], broad)
    defined = _definitions(service.of(service.resource)).get(guid)
    if defined is not None:
        return _defined(assignment.of(defined))
    # Built-in roles come and go: only a definition tells what one allows, whatever the lists leave out.
    listed = settled(partial(_all_defined, assignment.of(service.resource)))
    reason = listed.gaps[0].reason if isinstance(listed, Undetermined) else Reason.ABSENT
    needed = f"what the role {guid} allows, which {assignment.name} hands out"
    raise Undetermined(Gap(reason, needed, f"az role definition list --name {guid}"))


def _all_defined(service: Subject) -> int:
    """How many roles were read, once it is certain that no custom one is missing."""
    return sum(1 for _ in service.around(DEFINITIONS))


@derived
def _definitions(service: Subject) -> dict[str, Resource]:
    """The roles that are defined in the input, by their GUID."""
    found = service.audit.inventory.of_type(DEFINITIONS.lower())
    return {definition.name.casefold(): definition for definition in found}


def _defined(definition: Subject) -> Role:
    """What a role in the input comes to.

    It is as broad as the four when it may write, delete or run what it likes, or hand out roles. One that
    may only change API Management allows what the role made for that allows as well.
    """
    allowed = [_allows(permission) for permission in definition.items("/properties/permissions")]

    def may(operation: str) -> bool:
        return any(one(operation) for one in allowed)

    kind = (
        definition.stated("/properties/type").casefold()
        or definition.stated("/properties/roleType").casefold()
    )
    name = definition.stated("/properties/roleName") or definition.name
    broad = any(map(may, _ELSEWHERE)) or may(_HANDING_OUT)
    return Role(name, broad, custom=kind != "builtinrole", writes=not broad and any(map(may, _OF_SERVICES)))


def _allows(permission: Subject) -> _Allows:
    return _Allows(_patterns(permission, "/actions"), _patterns(permission, "/notActions"))


@dataclass(frozen=True, slots=True)
class _Allows:
    """Whether one entry of a role's permissions allows an operation."""

    actions: tuple[str, ...]
    but: tuple[str, ...]

    def __call__(self, operation: str) -> bool:
        def named(patterns: tuple[str, ...]) -> bool:
            return any(_wildcard(pattern).fullmatch(operation) for pattern in patterns)

        return named(self.actions) and not named(self.but)


def _patterns(permission: Subject, pointer: str) -> tuple[str, ...]:
    return tuple(item.text("").value().casefold() for item in permission.items(pointer))


@lru_cache(maxsize=512)
def _wildcard(pattern: str) -> re.Pattern[str]:
    """A pattern of operations: ``*`` stands for any text, slashes too."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))


def assigned_within(service: Subject) -> Iterator[Subject]:
    """The assignments at a service and below it, then ``Undetermined`` if there may be more.

    One of which it is not known where it stands is among them: judging it raises.
    """
    for assignment in service.around(ASSIGNMENTS):
        where = settled(partial(standing, service, assignment.resource))
        if isinstance(where, Undetermined) or where is Standing.WITHIN:
            yield assignment


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """A broad role that is held above a service."""

    role: str
    principal: str
    scope: str


def inherited(service: Subject) -> list[Held]:
    """The broad roles held above a service; what is not known is left out, and nothing is logged."""
    found = []
    for resource in service.audit.inventory.of_type(ASSIGNMENTS.lower()):
        assignment = service.with_log(Log()).of(resource)
        where = settled(partial(standing, service, resource))
        if where not in (Standing.ABOVE, Standing.GROUP):
            continue
        role = settled(partial(role_of, service, assignment))
        if isinstance(role, Role) and role.broad:
            kind = settled(partial(principal_of, assignment))
            shown = kind if isinstance(kind, str) else "principal of unknown kind"
            found.append(Held(role.name, shown, written_scope(resource) or "/"))
    return sorted(found)


def principal_of(assignment: Subject) -> str:
    """Which kind of principal holds a role."""
    return assignment.read("/properties/principalType", one_of=PRINCIPALS)
