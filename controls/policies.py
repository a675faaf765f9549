"""From what the rules say of policies to a verdict: shared by all checks on policy documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from auditor.apim.kinds import service_of
from auditor.apim.policy.issues import Rule, Weight
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict

if TYPE_CHECKING:
    from auditor.apim.policy.statements import Statement
    from auditor.apim.written import Found, Written

MOST_TOLD = 3
"""Statements that a message names; the details list more."""
_MOST_LISTED = 50
_MOST_GAPS = 10
_ORDER = (Weight.FAIL, Weight.WEAK, Weight.UNKNOWN, Weight.REVIEW, Weight.NOTE, Weight.FINE)


def judged(
    scope: Subject,
    rules: Collection[Rule],
    *,
    passed: str,
    nothing: str,
    weak: Severity = Severity.LOW,
    fix: str = "",
) -> Verdict:
    """The verdict of some rules on the policies of one scope.

    What fails decides, whatever else was not read; a pass needs every document, and one statement at least
    that was looked at.

    Args:
        scope: A subject of the kind ``POLICY_SCOPE``.
        rules: The rules that count.
        passed: The message where all that was looked at is fine.
        nothing: The message where there is nothing to look at: no policy, or none that is concerned.
        weak: Severity of what is weak; what fails has the check's own.
        fix: The smallest change that would turn a failure, as a sentence.
    """
    # Reading policies takes a tenth of a second to import: only inputs that hold some pay for it.
    from auditor.apim.written import written

    read = written(scope)
    found = [each for each in read.found if each.issue.rule in rules]
    return folded(scope, read, found, passed=passed, nothing=nothing, weak=weak, fix=fix)


def folded(
    scope: Subject,
    read: Written,
    found: list[Found],
    *,
    passed: str,
    nothing: str,
    weak: Severity = Severity.LOW,
    failing: Severity | None = None,
    fix: str = "",
) -> Verdict:
    """The verdict on what was found: see :func:`judged`, whose arguments it shares.

    Args:
        scope: The subject that the verdict is on.
        read: What was read, and what was not.
        found: What of it counts.
        passed: The message where all is fine.
        nothing: The message where there is nothing to look at.
        weak: Severity of what is weak.
        failing: Severity of what fails, where it is not the check's own.
        fix: The smallest change that would turn a failure.
    """
    for weight, severity in ((Weight.FAIL, failing), (Weight.WEAK, weak)) if found else ():
        if wrong := _of(found, weight):
            cite(scope, wrong)
            return Fail(_sentence(wrong, fix), listed(found), severity)
    if read.gaps:
        gaps = read.gaps[:_MOST_GAPS]
        return Unknown(f"Not known: {gaps[0].needed}.", listed(found) if found else None, gaps)
    if not found:
        _cite_read(scope, read)
        return NotApplicable(nothing)
    if open_ := _of(found, Weight.UNKNOWN):
        cite(scope, open_)
        gap = Gap(
            Reason.UNREAD_POLICY,
            f"a value that {open_[0].where} uses",
            "add the named values it uses to the input, or read how the policy sets it",
        )
        return Unknown(f"Not known: {_sentence(open_)}", listed(found), (gap,))
    if doubtful := _of(found, Weight.REVIEW):
        cite(scope, doubtful)
        return Manual(f"A person has to look: {_sentence(doubtful)}", listed(found))
    _cite_read(scope, read)
    cite(scope, found)
    notes = _of(found, Weight.NOTE)
    return Pass(passed, listed(notes) if notes else None)


def _cite_read(scope: Subject, read: Written) -> None:
    """Log every document that was read: what is not found is found in none of them."""
    for holder in read.holders:
        scope.log.extend(holder.log.entries)


def _of(found: Iterable[Found], weight: Weight) -> list[Found]:
    return [each for each in found if each.issue.weight is weight]


def _sentence(found: list[Found], fix: str = "") -> str:
    """What is said of the first statements, and how many more there are."""
    told: dict[str, list[str]] = {}
    for each in found:
        told.setdefault(each.issue.message, []).append(each.where)
    shown = list(told.items())[:MOST_TOLD]
    texts = [
        f"{message} ({places[0]}" + (f", and {len(places) - 1} more)" if len(places) > 1 else ")")
        for message, places in shown
    ]
    rest = f"; and {len(told) - len(shown)} more kinds" if len(told) > len(shown) else ""
    text = "; ".join(texts) + rest
    return f"{text[0].upper()}{text[1:]}." + (f" {fix}" if fix else "")


def cite(scope: Subject, found: Iterable[Found]) -> None:
    """Log the documents that decide, and the named values that their statements use."""
    from auditor.apim.written import read_named_values

    for each in found:
        scope.log.extend(each.holder.log.entries)
        read_named_values(each.holder.with_log(scope.log), each.issue.names)


def listed(found: Iterable[Found]) -> dict[str, Any]:
    """The stored form, ``kind`` ``policy-statements``: the worst first."""
    every = sorted(found, key=lambda each: _ORDER.index(each.issue.weight))
    worth = [each for each in every if each.issue.weight is not Weight.FINE]
    details: dict[str, Any] = {
        "kind": "policy-statements",
        "statements": [_stored(each) for each in worth[:_MOST_LISTED]],
    }
    if len(worth) > _MOST_LISTED:
        details["more"] = len(worth) - _MOST_LISTED
    return details


def told(
    service: Subject,
    rule: Rule,
    weight: Weight,
    says: str,
    statement: Statement,
    operations: Iterable[str] = (),
) -> dict[str, Any]:
    """One row of ``policy-statements`` on a statement of an effective policy.

    Args:
        service: The service, or anything of it: what a scope is called is looked up through it.
        rule: The rule that speaks.
        weight: How much it weighs.
        says: What is so, in words of our own, without a full stop.
        statement: The statement it is about.
        operations: The operations it concerns, with the way to arrive where that matters.
    """
    origin = statement.origin
    concerned = list(dict.fromkeys(operations))[:_MOST_LISTED]
    return {
        "rule": str(rule),
        "weight": str(weight),
        "says": says,
        "statement": statement.name,
        "section": origin.section,
        "policy": policy_words(service, statement),
        "resource": _resource(service, statement),
        "line": origin.line,
        "column": origin.column,
        **({"operations": concerned} if concerned else {}),
    }


def policy_words(service: Subject, statement: Statement) -> str:
    """Which policy a statement of an effective policy is written in: ``policy of the API orders``."""
    from auditor.apim.written import words_for

    origin = statement.origin
    if origin.fragment is not None:
        return f"fragment {origin.fragment}"
    found = service.audit.inventory.by_key.get(origin.place.id)
    return words_for(service.of(found)) if found is not None else "global policy"


def _resource(service: Subject, statement: Statement) -> str:
    """Id of what the policy hangs on; of the service where it is the global one."""
    place = statement.origin.place.id
    return service.audit.inventory.by_key[place or service_of(service).key].id


def _stored(found: Found) -> dict[str, Any]:
    issue = found.issue
    return {
        "rule": str(issue.rule),
        "weight": str(issue.weight),
        "says": issue.message,
        "statement": issue.statement,
        "section": issue.section,
        "policy": found.policy,
        "resource": found.holder.resource.id,
        "line": issue.line,
        "column": issue.column,
    }
