"""From what rules say of effective policies to a verdict: shared by checks on what runs for an API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.apim.policy.issues import Rule, Weight
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.policies import MOST_TOLD, policy_words, told

if TYPE_CHECKING:
    from auditor.apim.composed import Effect, Effects

_MOST_LISTED = 50
_REMEDY = "add the policies of every scope, the fragments, products and subscriptions to the input"


def concluded(
    api: Subject,
    found: Effects,
    *,
    passed: str,
    nothing: str,
    needed: str,
    severities: Mapping[Rule, Severity],
    weak: Severity = Severity.LOW,
    fix: Mapping[Rule, str],
) -> Verdict:
    """The verdict of some rules on the effective policies of an API.

    What surely fails decides, whatever else was not read; a pass, and that there is nothing to judge, need
    every document.

    Args:
        api: The API.
        found: What the rules say of it.
        passed: The message where all that was looked at is fine.
        nothing: The message where there is nothing to look at.
        needed: What is not known where a document was not read: "whether ...".
        severities: How much a failure of each rule matters; the check's own where it is not here.
        weak: Severity of what is weak.
        fix: The smallest change that would turn a failure, as a sentence.
    """
    details = _details(api, found)
    if wrong := found.of(Weight.FAIL):
        ranked = sorted(
            (severities[each.rule] for each in wrong if each.rule in severities), key=lambda s: s.rank
        )
        return Fail(_sentence(api, wrong, fix), details, ranked[0] if ranked else None)
    if wrong := found.of(Weight.WEAK):
        return Fail(_sentence(api, wrong, fix), details, weak)
    if not found.whole:
        return Unknown(f"Not known: {needed}.", details, (Gap(Reason.UNREAD_POLICY, needed, _REMEDY),))
    if open_ := found.of(Weight.UNKNOWN):
        gap = Gap(Reason.UNREAD_POLICY, f"what decides that, for {_place(api, open_[0])}", _REMEDY)
        text = _sentence(api, open_, {})
        return Unknown(f"Not known is whether {text[0].lower()}{text[1:]}", details, (gap,))
    if doubtful := found.of(Weight.REVIEW):
        return Manual(f"A person has to look: {_sentence(api, doubtful, {})}", details)
    return Pass(passed, details) if found.found else NotApplicable(nothing)


def _sentence(api: Subject, effects: tuple[Effect, ...], fix: Mapping[Rule, str]) -> str:
    """What is said of the first statements, how many more there are, and what to do."""
    told_of: dict[str, list[str]] = {}
    for each in effects:
        told_of.setdefault(each.says, []).append(_place(api, each))
    texts = [
        f"{says} ({places[0]}" + (f", and {len(places) - 1} more)" if len(places) > 1 else ")")
        for says, places in list(told_of.items())[:MOST_TOLD]
    ]
    rest = f"; and {len(told_of) - MOST_TOLD} more kinds" if len(told_of) > MOST_TOLD else ""
    advice = " ".join(dict.fromkeys(fix[each.rule] for each in effects if each.rule in fix))
    text = "; ".join(texts) + rest
    return f"{text[0].upper()}{text[1:]}." + (f" {advice}" if advice else "")


def _place(api: Subject, effect: Effect) -> str:
    origin = effect.statement.origin
    where = f"{effect.statement.name}, {policy_words(api, effect.statement)}, line {origin.line}"
    if not effect.operations:
        return where
    more = f" and {len(effect.operations) - 1} more" if len(effect.operations) > 1 else ""
    return f"{where}; {effect.operations[0]}{more}"


def _details(api: Subject, found: Effects) -> dict[str, Any] | None:
    worth = [each for each in found.found if each.weight is not Weight.FINE]
    if not worth:
        return None
    details: dict[str, Any] = {
        "kind": "policy-statements",
        "statements": [
            told(api, each.rule, each.weight, each.says, each.statement, each.operations)
            for each in worth[:_MOST_LISTED]
        ],
    }
    if len(worth) > _MOST_LISTED:
        details["more"] = len(worth) - _MOST_LISTED
    return details
