"""How a control module declares its checks."""

from __future__ import annotations

from collections.abc import Callable

from auditor.model.check import BEYOND, Check, Gate, Kind
from auditor.model.evidence import Evidence
from auditor.model.inventory import Origin
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Source, Status, Verdict

Judge = Callable[[Subject], Verdict]


def check(
    check_id: str,
    *,
    feature: str,
    on: Kind,
    severity: Severity,
    outcomes: str,
    source: Source | None = None,
    also: tuple[str, ...] = (),
    filed: tuple[str, ...] = (),
    needs: Gate | None = None,
) -> Callable[[Judge], Check]:
    """Declare a function as a check.

    Args:
        check_id: ``apim.ns-2.gateway-not-public``; its words stand in the control's Markdown.
        feature: Title of the feature it belongs to, as in the control's front matter.
        on: The kind of subject the function is called with.
        severity: Of a failure, unless the verdict says otherwise.
        outcomes: Every status it can reach, separated by spaces; a fixture shows each.
        source: Who asks for it; by default the baseline, or "additional" beyond it.
        also: Further controls it counts for.
        filed: Further controls Microsoft's initiative files the rule under.
        needs: The question to the tier table that comes first.
    """
    asked_by = source or (Source.ADDITIONAL if feature == BEYOND else Source.BASELINE)

    def declare(judge: Judge) -> Check:
        reachable = frozenset(Status(outcome) for outcome in outcomes.split())
        return Check(check_id, feature, on, asked_by, severity, judge, reachable, also, filed, needs)

    return declare


def stated(subject: Subject, what: str) -> Subject:
    """Log the catalogue itself as evidence, for a verdict that rests on what the baseline says.

    Args:
        subject: The service.
        what: The statement, as the evidence's value.
    """
    origin = Origin(pointer="Azure security baseline for API Management")
    subject.log.add(Evidence(subject.resource, "#baseline", what, origin=origin))
    return subject
