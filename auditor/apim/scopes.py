"""Where what is assigned stands, seen from a service: at it or below, above it, elsewhere.

A scope is the part of an assignment's id before its own provider: a resource, a resource group, a
subscription, a management group, or the tenant (nothing). Sources: "Understand scope for Azure RBAC";
"Understand scope in Azure Policy".
"""

from __future__ import annotations

from enum import Enum, auto

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import Resource
from auditor.model.subject import Subject

GROUPS = "/providers/microsoft.management/managementgroups/"


class Standing(Enum):
    """Where a scope stands, seen from a service."""

    WITHIN = auto()
    """At the service, or at something below it."""
    ABOVE = auto()
    """At its resource group or subscription, or at the tenant."""
    GROUP = auto()
    """At a management group, which may be above the service."""
    ELSEWHERE = auto()


def scope_of(assignment: Resource) -> str:
    """The scope of an assignment in lower case; empty for a template's deployment and for the tenant."""
    return written_scope(assignment).lower()


def written_scope(assignment: Resource) -> str:
    """The same as it is written."""
    return assignment.id[: max(assignment.id.lower().rfind("/providers/"), 0)]


def covers(scope: str, resource_id: str) -> bool:
    """Whether a scope holds a resource: it is the resource, or something its id goes through."""
    above, below = scope.rstrip("/").lower(), resource_id.rstrip("/").lower()
    return below == above or below.startswith(f"{above}/")


def standing(service: Subject, assignment: Resource) -> Standing:
    """Where an assignment stands, seen from a service.

    Raises:
        Undetermined: Its scope is an expression that is not resolved, or a template does not tell whether
            it is deployed where the service is.
    """
    scope, own = scope_of(assignment), service.resource.id.lower()
    declared = assignment.input.declared
    if declared != service.source.declared and not scope.startswith("/subscriptions/"):
        # Decision 0004: what is declared and what was observed are not mixed.
        return Standing.ELSEWHERE if declared else _at_root(scope)
    if declared and _unknown(scope, own):
        needed = f"where {assignment.name} is assigned: its scope is {scope}"
        raise Undetermined(Gap(Reason.UNRESOLVED, needed, "give the value with --parameters FILE"))
    if scope and covers(own, scope):
        return _same(service, assignment, Standing.WITHIN)
    if scope and scope != "/" and covers(scope, own):
        return Standing.ABOVE
    if declared and not scope:
        return _deployed(service, assignment)
    return _at_root(scope)


def _unknown(scope: str, own: str) -> bool:
    """Whether what is not known of two ids could make them one."""
    if scope == own or scope.startswith(f"{own}/"):
        return False
    return "[" in scope or ("[" in own and "/microsoft.apimanagement/service/" in scope)


def _same(service: Subject, assignment: Resource, found: Standing) -> Standing:
    """The answer for equal ids, which mean one service unless two templates of one name are in the input."""
    theirs, own = assignment.scope, service.resource.scope
    return Standing.ELSEWHERE if theirs != own and theirs and own else found


def _deployed(service: Subject, assignment: Resource) -> Standing:
    """What a template assigns where it is deployed: above the service that it deploys there."""
    if assignment.input.path == service.source.path:
        return Standing.ABOVE
    needed = f"where {assignment.name} of {assignment.input.path} is deployed"
    raise Undetermined(Gap(Reason.INPUT, needed, "audit the deployed service"))


def _at_root(scope: str) -> Standing:
    if scope.startswith(GROUPS):
        return Standing.GROUP
    return Standing.ELSEWHERE if scope.strip("/") else Standing.ABOVE
