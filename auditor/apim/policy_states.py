"""What Azure Policy found of a service and of what stands below it: the newest state of each evaluation.

Sources: REST reference, ``PolicyState`` (Resource Graph, table ``policyresources``, has the same members).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from auditor.apim.by_service import about
from auditor.apim.scopes import covers
from auditor.model.evidence import Log
from auditor.model.inventory import Resource
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject

STATES: Final = "microsoft.policyinsights/policystates"
COMPONENT_STATES: Final = "microsoft.policyinsights/componentpolicystates"
_ABOUT: Final = "/properties/resourceId"
COMPLIANT: Final = "Compliant"
NON_COMPLIANT: Final = "NonCompliant"


@dataclass(frozen=True, slots=True)
class State:
    """What one evaluation found of one resource."""

    source: Resource
    """The row."""
    definition: str
    """GUID or name of the definition, lower case."""
    assignment: str
    """Id of the assignment, lower case; empty where the row does not tell it."""
    about: str
    """Id of the resource that was evaluated, as written."""
    compliance: str
    """As written: ``Compliant``, ``NonCompliant``, ``Exempt`` and others."""
    timestamp: str
    """As written."""
    at: datetime | None = None
    """The same as a moment, where it is one."""

    @property
    def is_compliant(self) -> bool:
        """Azure Policy found it compliant."""
        return self.compliance.casefold() == COMPLIANT.casefold()

    @property
    def is_not(self) -> bool:
        """Azure Policy found it not compliant."""
        return self.compliance.casefold() == NON_COMPLIANT.casefold()

    @property
    def weight(self) -> int:
        """0 for the worst: not compliant, then what is neither, then compliant."""
        return 0 if self.is_not else 2 if self.is_compliant else 1


def unreadable_states(service: Subject) -> list[Resource]:
    """Rows on a service, or on nobody knows what, that lack what makes them a state: each may be any."""
    quiet = service.with_log(Log())
    return [row for row in about(service, STATES, _ABOUT) if _state(quiet.of(row)) is None]


@derived
def states_of(service: Subject) -> Mapping[str, tuple[State, ...]]:
    """The newest states of a service and of what stands below it, by definition; nothing is logged.

    A row that lacks what makes it a state is left out: nothing rests on its absence.
    """
    newest: dict[tuple[str, str, str], State] = {}
    for resource in about(service, STATES, _ABOUT):
        state = _state(service.with_log(Log()).of(resource))
        if state is None or not covers(service.resource.id, state.about):
            continue
        key = (state.definition, state.assignment, state.about.lower())
        known = newest.get(key)
        if known is None or (state.timestamp, -state.weight) > (known.timestamp, -known.weight):
            newest[key] = state
    found: dict[str, list[State]] = {}
    for state in newest.values():
        found.setdefault(state.definition, []).append(state)
    return {definition: tuple(sorted(several, key=_order)) for definition, several in found.items()}


def _order(state: State) -> tuple[int, str, str]:
    return state.weight, state.about.lower(), state.assignment


def _state(row: Subject) -> State | None:
    target = _said(row, _ABOUT)
    definition = _said(row, "/properties/policyDefinitionId").rstrip("/").rpartition("/")[2].lower()
    compliance = _said(row, "/properties/complianceState")
    timestamp = _said(row, "/properties/timestamp")
    if not (target and definition and compliance and timestamp):
        return None
    assignment = _said(row, "/properties/policyAssignmentId").rstrip("/").lower()
    at = settled(partial(row.moment, "/properties/timestamp"))
    return State(
        row.resource,
        definition,
        assignment,
        target,
        compliance,
        timestamp,
        at if isinstance(at, datetime) else None,
    )


def _said(row: Subject, pointer: str) -> str:
    found = settled(partial(row.stated, pointer))
    return found if isinstance(found, str) else ""
