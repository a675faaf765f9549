"""What Azure Policy says of what a check judged, to be shown beside the verdict; it decides nothing.

Where the two differ the reason is one of a closed list. That none is known is said, not guessed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from auditor.apim.assigned_policies import BUILT_IN
from auditor.apim.policy_states import State, states_of
from auditor.model.check import Beside, Judged
from auditor.model.evidence import Log
from auditor.model.knowledge import Audit
from auditor.model.logic import derived
from auditor.model.results import AzurePolicyJson
from auditor.model.subject import Subject
from auditor.model.verdict import Status
from controls.azure_policy import CHECKS_OF

REASONS: Final[Mapping[str, str]] = {
    "asks-less": "the definition asks for less than the check",
    "asks-more": "the definition asks for more than the check",
    "asks-otherwise": "the definition asks for something else",
    "no-plain-answer": "Azure Policy found it neither compliant nor not",
    "not-decided": "this audit did not decide it",
    "old": "the evaluation is more than a week old",
    "not-explained": "not explained: look at both",
}
"""Why there is nothing to compare, or why the two differ. A closed list."""

_STALE: Final = timedelta(days=7)
"""Azure Policy evaluates everything once a day."""
_ENTITY: Final = (
    "asks-otherwise",
    "It counts neither certificates by id, nor a managed identity, nor what policies send.",
)
_TEXT: Final = ("asks-otherwise", "It wants base first in each of the four sections, lost or not.")
_TRAFFIC: Final = ("asks-otherwise", "Defender for APIs judges by what it sees and by a few policies.")
_GROUP: Final = ("asks-otherwise", "It wants one category group and the destination of its assignment.")
_AUDIT: Final = ("asks-less", "The category group audit is enough for it.")
_ONE: Final = ("asks-otherwise", "It looks at one endpoint alone, by default at that of direct management.")
_ALL_APIS: Final = "3aa03346-d8c5-4994-a5bc-7652c2a2aef1"
_VNET: Final = "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b"
_ENDPOINTS: Final = "df73bd95-24da-4a4f-96b9-4e8b94b402bd"
_DIFFERENCES: Final[Mapping[tuple[str, Status], tuple[str, str]]] = {
    ("c15dcc82-b93c-4dcb-9332-fbf121685b54", Status.PASS): _ENTITY,
    ("d5448c98-e503-4fdd-bcd2-784960c00d04", Status.PASS): _TEXT,
    ("8ac833bd-f505-48d5-887e-c993a1d3eea0", Status.PASS): _TRAFFIC,
    ("8ac833bd-f505-48d5-887e-c993a1d3eea0", Status.FAIL): _TRAFFIC,
    ("73ef9241-5d81-4cd4-b483-8443d1730fe5", Status.FAIL): (
        "asks-less",
        "It asks for a tier that can be in a virtual network, not for the network.",
    ),
    ("73ef9241-5d81-4cd4-b483-8443d1730fe5", Status.PASS): (
        "asks-otherwise",
        "It asks for a tier of its list, which by default has none of the v2 tiers.",
    ),
    ("567c93f7-3661-494f-a30f-0a94d9bfebf8", Status.PASS): _GROUP,
    ("3a8ff864-d881-44ce-bed3-0c63ede634cb", Status.PASS): _GROUP,
    ("6f3f5778-f809-4755-9d8f-bd5a5a7add85", Status.PASS): _GROUP,
    ("567c93f7-3661-494f-a30f-0a94d9bfebf8", Status.FAIL): _AUDIT,
    ("3a8ff864-d881-44ce-bed3-0c63ede634cb", Status.FAIL): _AUDIT,
    ("6f3f5778-f809-4755-9d8f-bd5a5a7add85", Status.FAIL): _AUDIT,
    ("187242f4-89c6-4c43-9a4e-188c0efacc5f", Status.FAIL): _AUDIT,
}
"""By definition and by what the check says: what always lies between the two."""


def _difference(audit: Audit, subject: Judged, definition: str) -> tuple[str, str] | None:
    """Why Azure Policy can say the opposite here; None where nothing is known that holds here."""
    if definition == _ENDPOINTS and subject.check.id == "apim.ns-2.configuration-endpoints":
        return _ONE
    if definition == _ALL_APIS and subject.check.id == "apim.pa-7.all-access-subscription":
        return (
            "asks-otherwise",
            "It looks for scopes that end in /apis, not for the whole service.",
        )
    if definition == _VNET and subject.item:
        return "asks-less", "It does not look at additional locations."
    if definition == _VNET and _tier(audit, subject) not in ("developer", "premium"):
        return "asks-less", "By default it looks at the tiers Developer and Premium alone."
    return _DIFFERENCES.get((definition, subject.status))


def _tier(audit: Audit, subject: Judged) -> str:
    return Subject(audit, subject.service, Log()).stated("/sku/name").casefold()


def _definitions_of() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for definition, checks in CHECKS_OF.items():
        for check in checks:
            found[check] = (*found.get(check, ()), definition)
    return found


_DEFINITIONS: Final = _definitions_of()


def azure_policy(audit: Audit, subject: Judged) -> list[AzurePolicyJson]:
    """What Azure Policy says of the resource of a finding, one entry for each definition that asks the same.

    Args:
        audit: The audit.
        subject: What was judged, and what came of it.
    """
    definitions = _DEFINITIONS.get(subject.check.id, ())
    found = _by_resource(Subject(audit, subject.service, Log()))
    own, above = subject.resource.id.lower(), subject.service.id.lower()
    entries = []
    for definition in definitions:
        states = found.get((definition, own)) or [
            state for state in found.get((definition, above), ()) if state.about.lower() == above
        ]
        if states:
            entries.append(_entry(audit, states, subject))
    return entries


BESIDE: Final[Mapping[str, Beside]] = dict.fromkeys(_DEFINITIONS, azure_policy)
"""By check, for those that a definition asks the same as."""


@derived
def _by_resource(service: Subject) -> dict[tuple[str, str], list[State]]:
    """States by definition and by each resource that they are about, or that holds what they are about."""
    found: dict[tuple[str, str], list[State]] = {}
    own = service.resource.id.lower()
    for definition, states in states_of(service).items():
        for state in states:
            about = state.about.rstrip("/").lower()
            while len(about) >= len(own):
                found.setdefault((definition, about), []).append(state)
                about = about.rpartition("/")[0].rpartition("/")[0]
    return found


def _entry(audit: Audit, states: list[State], subject: Judged) -> AzurePolicyJson:
    """The worst of several states, beside what the check says."""
    state = min(states, key=lambda one: (one.weight, one.about.lower()))
    agrees, reason, note = _compared(audit, state, subject)
    entry = AzurePolicyJson(
        definition=state.definition,
        name=BUILT_IN.get(state.definition, state.definition),
        state=state.compliance,
        resource=state.about,
        timestamp=state.timestamp,
        agrees=agrees,
        note=note,
    )
    if reason:
        entry["reason"] = reason
    resources = {one.about.lower() for one in states}
    if len(resources) > 1:
        entry["resources"] = len(resources)
    return entry


def _compared(audit: Audit, state: State, subject: Judged) -> tuple[bool | None, str, str]:
    if not (state.is_compliant or state.is_not):
        return None, "no-plain-answer", REASONS["no-plain-answer"]
    if subject.status not in (Status.PASS, Status.FAIL):
        return None, "not-decided", REASONS["not-decided"]
    if state.is_compliant == (subject.status is Status.PASS):
        return True, "", ""
    known = _difference(audit, subject, state.definition)
    if known is not None:
        return False, *known
    reason = "old" if (state.at is not None and audit.now - state.at > _STALE) else "not-explained"
    return False, reason, REASONS[reason]
