"""Catalogue x inventory -> findings. Pure: no files, no clock, no rendering.

A check never disappears: nothing collected is ``unknown``, an exception in a check is ``error``, a complete
and empty collection is ``not_applicable``, and every item seen of an incomplete one is judged while one
``unknown`` stands for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model.check import Check, Kind
from auditor.model.evidence import Evidence, Gap, Log, Undetermined
from auditor.model.inventory import Resource
from auditor.model.knowledge import Audit
from auditor.model.logic import conditional_gap, gap_sentence, may_not_be_deployed
from auditor.model.subject import Subject
from auditor.model.verdict import STATUS_OF, Fail, NotApplicable, Severity, Status, Unknown, Verdict

NOT_LISTED = "(not listed)"
"""Item of the finding that stands for the subjects which could not be listed: it is about none of those."""
_NEEDS_EVIDENCE = frozenset({Status.PASS, Status.FAIL, Status.NOT_APPLICABLE})


@dataclass(slots=True)
class Finding:
    """One check's verdict on one subject."""

    check: Check
    resource: Resource
    item: str
    status: Status
    severity: Severity
    message: str
    evidence: tuple[Evidence, ...]
    gaps: tuple[Gap, ...] = ()
    details: dict[str, object] | None = None


def judge(check: Check, audit: Audit, service: Resource) -> Iterator[Finding]:
    """The findings of one check on one service, at least one."""
    gate = Subject(audit, service, Log())
    closed = _closed(check, gate)
    if closed is not None:
        yield _finding(check, gate, closed)
        return
    found = _found(check.on, audit, service)
    for subject in found.subjects:
        yield _judged(check, subject.with_log(Log()), gate)
    listing = Subject(audit, service, found.log)
    if isinstance(found.ended, Undetermined):
        listing.item = NOT_LISTED
        gaps = found.ended.gaps
        yield _finding(check, listing, Unknown(gap_sentence(gaps), None, gaps))
    elif found.ended is not None:
        yield _broken(check, listing, found.ended)
    elif not found.subjects:
        yield _finding(check, listing, NotApplicable(f"There is no {check.on.name}."))


@dataclass(frozen=True, slots=True)
class _Found:
    """The subjects of a kind that a service has."""

    subjects: tuple[Subject, ...]
    log: Log
    """Evidence of the listing, which nothing is added to any more."""
    ended: Exception | None
    """Why there may be more, or what broke; None where these are all."""


def _found(kind: Kind, audit: Audit, service: Resource) -> _Found:
    """The subjects of a kind; listed once for all checks on it."""
    address = ("auditor.engine", service.key, kind)
    known = audit.memo.get(address)
    if not isinstance(known, _Found):
        subjects: list[Subject] = []
        log = Log()
        ended: Exception | None = None
        try:
            subjects.extend(kind.find(Subject(audit, service, log)))
        except Exception as error:
            # Judged all the same; without its traceback, which would keep alive what the code there held.
            ended = error.with_traceback(None) if isinstance(error, Undetermined) else error
        known = audit.memo[address] = _Found(tuple(subjects), log, ended)
    return known


def _closed(check: Check, service: Subject) -> Verdict | None:
    if check.needs is None:
        return None
    try:
        return check.needs.closed(service)
    except Undetermined as undetermined:
        return Unknown(gap_sentence(undetermined.gaps), None, undetermined.gaps)


def _judged(check: Check, subject: Subject, gate: Subject) -> Finding:
    """One subject's verdict; what the gate read is part of its evidence where it says nothing else."""
    try:
        verdict = check.judge(subject)
    except Undetermined as undetermined:
        verdict = Unknown(gap_sentence(undetermined.gaps), None, undetermined.gaps)
    except Exception as error:
        return _broken(check, subject, error)
    if isinstance(verdict, Fail) and may_not_be_deployed(subject):
        gap = conditional_gap(subject)
        verdict = Unknown(f"If it is deployed: {verdict.message}", verdict.details, (gap,))
    if not subject.log.entries:
        subject.note_item()
        subject.log.extend(gate.log.entries)
    return _finding(check, subject, verdict)


def _finding(check: Check, subject: Subject, verdict: Verdict) -> Finding:
    status = STATUS_OF[type(verdict)]
    if status in _NEEDS_EVIDENCE and not subject.log.entries:
        return _broken(check, subject, ValueError(f"a {status} without evidence"))
    if status not in check.outcomes:
        return _broken(check, subject, ValueError(f"the check does not declare that it can reach {status}"))
    severity = check.severity
    if isinstance(verdict, Fail) and verdict.severity is not None:
        severity = verdict.severity
    gaps = verdict.gaps if isinstance(verdict, Unknown) else ()
    details = dict(verdict.details) if verdict.details is not None else None
    evidence = tuple(subject.log.entries)
    item = subject.item
    return Finding(check, subject.resource, item, status, severity, verdict.message, evidence, gaps, details)


def _broken(check: Check, subject: Subject, error: Exception) -> Finding:
    """An ``error`` finding. It names the exception, not its text: that may hold what was read."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at line {trace.tb_lineno} of {trace.tb_frame.f_code.co_name}" if trace else ""
    own = f": {error}" if trace is None else ""
    message = f"The check itself failed ({type(error).__name__}{where}{own}). Please report this."
    return Finding(check, subject.resource, subject.item, Status.ERROR, check.severity, message, ())
