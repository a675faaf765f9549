"""The verdict on client certificates: who of the eight callers gets in, and what that means.

A verdict is given for what is sure; where something open decides, the best and the worst it can be are
compared, and if they differ a person has to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from auditor.apim.policy.compose import Reading
from auditor.apim.policy.evaluate.frame import Bindings, Remark, Remarks
from auditor.apim.policy.looks import Look, Looks
from auditor.apim.policy.outcomes import CLEAN_OF, Arrival, End, Fact, Outcome, always
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.states import STATES, STRANGERS, Caller
from auditor.apim.policy.values import Atom, By
from auditor.apim.policy.walks import Walked, Walks

_BAD: Final = tuple(state.caller for state in STATES if state.caller is not Caller.VALID)
_LOOKS: Final = Look.CONNECTION | Look.UNCLEAR


class Verdict(StrEnum):
    """What holds of an effective policy."""

    PASS = "PASS"  # noqa: S105 - a verdict
    WEAK = "WEAK"
    FAIL = "FAIL"
    NONE = "NONE"
    MANUAL = "MANUAL"


class Cause(StrEnum):
    """Why a person has to look."""

    UNREAD = "unread"
    """A document or fragment was not read."""
    UNSOUND = "unsound"
    """A document is broken."""
    UNDOCUMENTED = "undocumented"
    CONFIGURATION = "configuration"
    SECRET = "secret"  # noqa: S105 - a cause
    OUTSIDE = "outside"
    OPAQUE = "opaque"
    HEADER = "header"
    READINGS = "readings"
    TOO_MUCH = "too-much"


_CAUSES: Final = (
    (By.UNREAD, Cause.UNREAD),
    (By.UNDOCUMENTED, Cause.UNDOCUMENTED),
    (By.OPAQUE, Cause.OPAQUE),
    (By.OUTSIDE, Cause.OUTSIDE),
    (By.CONFIG, Cause.CONFIGURATION),
)


@dataclass(frozen=True, slots=True)
class Decider:
    """A statement that decides, where it stands, and for whom."""

    statement: Statement
    branch: Statement | None
    end: End
    callers: tuple[Caller, ...]

    @property
    def text(self) -> str:
        """The condition it stands under, or the statement's name."""
        value = self.branch.element.get("condition") if self.branch is not None else None
        return " ".join(value.text.split())[:240] if value is not None else f"<{self.statement.name}>"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict under one reading."""

    verdict: Verdict
    reason: str
    states: Mapping[Caller, str]
    enters: tuple[Caller, ...] = ()
    """Who surely gets in and should not."""
    undecided: tuple[Caller, ...] = ()
    operands: tuple[str, ...] = ()
    """What decides the undecided ones."""
    causes: tuple[Cause, ...] = ()
    deciders: tuple[Decider, ...] = ()
    remarks: tuple[tuple[Remark, str], ...] = ()
    instead: frozenset[Fact] = frozenset()
    """Proofs that are accepted in place of a certificate."""
    tested: bool = True
    """Something in the policy looks at a client certificate."""
    assumptions: tuple[str, ...] = ()


@dataclass(slots=True)
class _Facts:
    """What the outcomes say, with facts left out that everybody has to prove."""

    outcomes: Mapping[Caller, Outcome]
    base: frozenset[Fact] = frozenset()
    sure: list[Caller] = field(default_factory=list)
    maybe: list[Caller] = field(default_factory=list)

    def __post_init__(self) -> None:
        valid = self.outcomes[Caller.VALID].entering
        if valid:
            self.base = frozenset.intersection(*(each.facts for each in valid))
        for caller in _BAD:
            clean = self.clean(caller)
            if always(each.condition() for each in clean):
                self.sure.append(caller)
            elif clean or any(self._by_secret(each) for each in self.outcomes[caller].entering):
                self.maybe.append(caller)

    def clean(self, caller: Caller) -> list[Arrival]:
        """Paths on which a caller gets in with no more proof than is asked of everybody."""
        return [each for each in self.outcomes[caller].entering if not (each.facts - self.base) & CLEAN_OF]

    def _by_secret(self, arrival: Arrival) -> bool:
        return (arrival.facts - self.base) & CLEAN_OF == {Fact.SECRET}

    @property
    def instead(self) -> frozenset[Fact]:
        """Proofs on which somebody without the certificate gets in."""
        arrivals = (each for caller in _BAD for each in self.outcomes[caller].entering)
        return frozenset().union(*((each.facts - self.base) & CLEAN_OF for each in arrivals))


def judge(reading: Reading, bindings: Bindings, walks: Walks) -> Judged:
    """The verdict under one reading of the effective policy."""
    tested = looks_at_certificates(reading, walks.looks)
    walked = walks.of(reading.inbound, bindings)
    if walked.alike and not tested and not _from_header(walked.outcomes):
        # Whatever else refuses or serves callers, certificates have no part in it.
        marks = {caller: outcome.marks() for caller, outcome in walked.outcomes.items()}
        return Judged(Verdict.NONE, _none(tested), marks, tested=False)
    verdict = _judge(walked, tested)
    backend = _before_forwarding(reading.backend)
    if verdict.verdict is not Verdict.NONE or not any(
        walks.looks.at(each) & _LOOKS for top in backend for each in top.walk()
    ):
        return verdict
    late = _judge(Walks().of((*reading.inbound, *backend), bindings), tested)
    if late.verdict is verdict.verdict:
        return verdict
    words = (
        f"a check in <backend> decides: {late.verdict} if it runs before the request is forwarded, else NONE"
    )
    return Judged(
        Verdict.MANUAL,
        words,
        late.states,
        causes=(Cause.UNDOCUMENTED,),
        deciders=late.deciders,
        remarks=late.remarks,
    )


def _before_forwarding(backend: tuple[Statement, ...]) -> tuple[Statement, ...]:
    names = [each.name for each in backend]
    return backend[: names.index("forward-request")] if "forward-request" in names else backend


def looks_at_certificates(reading: Reading, looks: Looks) -> bool:
    """Whether anything in the policy looks at a client certificate, with effect or without."""
    sections = (reading.inbound, reading.backend, reading.outbound, reading.on_error)
    return any(looks.of(section) & _LOOKS for section in sections)


def _judge(walked: Walked, tested: bool) -> Judged:
    return walked.conclude(("certificate", tested), lambda: _judged(walked, tested))


def _judged(walked: Walked, tested: bool) -> Judged:
    # A stranger is free to copy a name or not; the holder of the certificate that is meant is not.
    genuine = {
        caller: outcome if caller in STRANGERS else _genuine(outcome)
        for caller, outcome in walked.outcomes.items()
    }
    judged = _rules(genuine, walked.remarks, tested)
    if judged.verdict is Verdict.FAIL and not genuine[Caller.VALID].entering:
        # Comparisons that refuse a match may be a list of the blocked, beside a check that is sound.
        other = _rules(walked.outcomes, walked.remarks, tested)
        if other.verdict in {Verdict.PASS, Verdict.WEAK} and not set(other.enters) & set(STRANGERS):
            return other
    return judged


def _genuine(outcome: Outcome) -> Outcome:
    return Outcome(tuple(each for each in outcome.arrivals if each.genuine), outcome.complete)


def _rules(outcomes: Mapping[Caller, Outcome], remarks: Remarks, tested: bool) -> Judged:
    """The verdicts in their order."""
    facts = _Facts(outcomes)
    valid = outcomes[Caller.VALID]
    from_header = _from_header(outcomes)
    enters, undecided = tuple(facts.sure), tuple(facts.maybe)

    def result(verdict: Verdict, reason: str, *causes: Cause) -> Judged:
        open_questions = _questions(facts) if verdict is Verdict.MANUAL else ()
        return Judged(
            verdict,
            reason,
            {caller: outcome.marks() for caller, outcome in outcomes.items()},
            enters,
            undecided,
            tuple(dict.fromkeys(str(question) for question, _ in open_questions)),
            causes or _causes(open_questions, facts) if verdict is Verdict.MANUAL else (),
            tuple(_deciders(outcomes)),
            tuple(remarks.found),
            facts.instead,
            tested,
        )

    if not all(outcome.complete for outcome in outcomes.values()):
        return result(Verdict.MANUAL, "there are too many paths to follow them all", Cause.TOO_MUCH)
    if not from_header and valid.entering and len({outcome.form for outcome in outcomes.values()}) == 1:
        return result(Verdict.NONE, _none(tested))
    if from_header and (enters or undecided or not valid.entering):
        reason = "certificate data is taken from a request header, which proves nothing by itself"
        return result(Verdict.MANUAL, reason, Cause.HEADER)
    if not valid.entering:
        return result(
            Verdict.FAIL, "the valid certificate is refused: a comparison is inverted or never equal"
        )
    best, worst = _grade(enters), _grade((*enters, *undecided))
    if best is not worst:
        names = ", ".join(undecided)
        return result(Verdict.MANUAL, f"whether {names} get in is not decided by what was read")
    if best is Verdict.PASS and not always(each.condition(_UNDOCUMENTED) for each in valid.entering):
        return result(Verdict.MANUAL, "whether the valid certificate gets in rests on undocumented behaviour")
    return result(best, _reason(best, (*enters, *undecided)))


def _from_header(outcomes: Mapping[Caller, Outcome]) -> bool:
    return any(each.from_header for outcome in outcomes.values() for each in outcome.arrivals)


_UNDOCUMENTED: Final = frozenset({By.UNDOCUMENTED})


def _grade(enters: tuple[Caller, ...]) -> Verdict:
    """What it means that these get in."""
    if not enters:
        return Verdict.PASS
    anybody = {Caller.NO_CERT, Caller.SELF_SIGNED} & set(enters)
    any_authority = {Caller.OTHER_CA, Caller.SAME_CA_OTHER_SUBJECT} <= set(enters)
    return Verdict.FAIL if anybody or any_authority else Verdict.WEAK


def _none(tested: bool) -> str:
    if tested:
        return "the policy looks at the certificate, but the outcome does not depend on it"
    return "nothing in the policy looks at a client certificate"


def _reason(verdict: Verdict, enters: tuple[Caller, ...]) -> str:
    if verdict is Verdict.PASS:
        return "nobody but the valid certificate gets in"
    return f"{', '.join(enters)} get in"


def _questions(facts: _Facts) -> tuple[tuple[Atom, By], ...]:
    """What the undecided callers' fate hangs on; the valid one's where nobody else is undecided."""
    callers = facts.maybe or [Caller.VALID]
    found = (
        each
        for caller in callers
        for arrival in facts.outcomes[caller].entering
        for each in arrival.undecided()
    )
    return tuple(dict.fromkeys(found))


def _causes(questions: tuple[tuple[Atom, By], ...], facts: _Facts) -> tuple[Cause, ...]:
    kinds = {by for _, by in questions}
    causes = [cause for by, cause in _CAUSES if by in kinds]
    if Fact.SECRET in facts.instead:
        causes.append(Cause.SECRET)
    return tuple(causes)


def _deciders(outcomes: Mapping[Caller, Outcome]) -> Iterator[Decider]:
    """Every statement that ends a request, with the callers it ends it for."""
    found: dict[tuple[int, int, End], tuple[Statement, Statement | None, list[Caller]]] = {}
    for caller, outcome in outcomes.items():
        for arrival in outcome.arrivals:
            if arrival.by is None:
                continue
            key = (id(arrival.by), id(arrival.branch), arrival.end)
            entry = found.setdefault(key, (arrival.by, arrival.branch, []))
            if caller not in entry[2]:
                entry[2].append(caller)
    for (_, _, end), (by, branch, callers) in found.items():
        yield Decider(by, branch, end, tuple(callers))
