"""How requests end, and for whom: paths of a walk, and what they say together.

A path rests on answers. Those a caller chooses make it available to whoever wants it; those that the
configuration or another service decides make it possible only: a caller surely gets in where some path is
open whatever those answers are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from auditor.apim.policy.evaluate.path import Answer, Compared, Question
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.values import Atom, By

MAX_QUESTIONS: Final = 14
"""Open questions that are looked at together; with more, nothing is said to be sure."""


class End(StrEnum):
    """How the inbound section ends for a request."""

    FORWARDED = "forwarded"
    ANSWERED = "answered"
    """With a status below 400: served by the policy itself."""
    DENIED = "denied"
    FAILED = "failed"
    """With an exception: nothing is forwarded."""


class Fact(StrEnum):
    """What a caller proved on a path."""

    IP = "ip"
    HEADER = "header"
    """A header holds a value that stands in the policy."""
    SECRET = "secret"  # noqa: S105 - the name of a fact
    TOKEN = "token"  # noqa: S105 - the name of a fact
    ENTRA = "entra"


CLEAN_OF: Final = frozenset({Fact.TOKEN, Fact.ENTRA, Fact.SECRET})
"""Facts of callers who got in by another proof than a certificate."""
_OPEN: Final = frozenset({By.CONFIG, By.OUTSIDE, By.UNDOCUMENTED, By.OPAQUE, By.UNREAD})

Condition = frozenset[tuple[Atom, bool]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One path: how it ends, what was proved, what it rests on, and which statement ended it."""

    end: End
    facts: frozenset[Fact]
    answers: tuple[tuple[Question, Answer], ...]
    by: Statement | None = None
    branch: Statement | None = None
    """The innermost ``when`` or ``otherwise`` it ended in."""
    gates: frozenset[int] = frozenset()
    """Ids of the token statements that were passed."""

    @property
    def gets_in(self) -> bool:
        """Whether the caller is served."""
        return self.end in (End.FORWARDED, End.ANSWERED)

    def condition(self, kinds: frozenset[By] = _OPEN) -> Condition:
        """The answers of some kinds it rests on."""
        return frozenset(
            (question, answer.value)
            for question, answer in self.answers
            if isinstance(question, Atom) and answer.by in kinds
        )

    def undecided(self) -> tuple[tuple[Atom, By], ...]:
        """The questions it rests on that no caller decides."""
        return tuple(
            (question, answer.by)
            for question, answer in self.answers
            if isinstance(question, Atom) and answer.by in _OPEN
        )

    @property
    def genuine(self) -> bool:
        """Whether the certificate that was compared can be the one that is meant.

        One that shares a property with it fits at least one of the values it is compared with.
        """
        compared = [(q.prop, a.value) for q, a in self.answers if isinstance(q, Compared)]
        return all(any(value for p, value in compared if p is prop) for prop, _ in compared)

    @property
    def from_header(self) -> bool:
        """Whether certificate data of a request header decides it."""
        return any(answer.header for _, answer in self.answers)


def always(conditions: Iterable[Condition]) -> bool:
    """Whether one of the conditions holds however the questions in them are answered."""
    left = set(conditions)
    if not left:
        return False
    if frozenset() in left:
        return True
    questions = {question for condition in left for question, _ in condition}
    if len(questions) > MAX_QUESTIONS:
        return False
    return all(always(each) for each in _split(left, min(questions, key=repr)))


def _split(conditions: set[Condition], question: Atom) -> tuple[set[Condition], set[Condition]]:
    yes = {each - {(question, True)} for each in conditions if (question, False) not in each}
    no = {each - {(question, False)} for each in conditions if (question, True) not in each}
    return yes, no


def shape(conditions: Iterable[Condition]) -> object:
    """A form of some conditions that is equal for two lists which say the same."""
    left = set(conditions)
    if not left or frozenset() in left:
        return bool(left)
    questions = {question for condition in left for question, _ in condition}
    if len(questions) > MAX_QUESTIONS:
        return frozenset(left)
    question = min(questions, key=repr)
    yes, no = (shape(each) for each in _split(left, question))
    return yes if yes == no else (question, yes, no)


@dataclass(frozen=True, eq=False)
class Outcome:
    """All paths of one caller."""

    arrivals: tuple[Arrival, ...]
    complete: bool = True
    """False where there were too many paths to follow."""

    @cached_property
    def entering(self) -> tuple[Arrival, ...]:
        """Paths that serve the caller, however."""
        return tuple(each for each in self.arrivals if each.gets_in)

    @cached_property
    def clean(self) -> tuple[Arrival, ...]:
        """Paths that serve the caller without another proof."""
        return tuple(each for each in self.entering if not each.facts & CLEAN_OF)

    @cached_property
    def surely_in(self) -> bool:
        """Whether the caller gets in without another proof, whatever is not known."""
        return always(each.condition() for each in self.clean)

    @property
    def by_secret(self) -> bool:
        """Whether somebody who knows a configured secret gets in."""
        return any(Fact.SECRET in each.facts and not each.facts & _TOKENS for each in self.entering)

    @cached_property
    def form(self) -> object:
        """Equal for two callers who fare the same."""
        kinds = _OPEN | {By.CALLER, By.SECRET}
        facts = {each.facts for each in self.entering}
        conditions = {
            fact: shape(each.condition(kinds) for each in self.entering if each.facts == fact)
            for fact in facts
        }
        return (self.complete, frozenset(conditions.items()))

    def marks(self) -> str:
        """A short form for tables: ``deny``, ``error``, ``allow`` and what can be either way."""
        ends = {each.end for each in self.arrivals}
        if not self.complete:
            return "undecided"
        if not self.entering:
            return "error" if ends == {End.FAILED} else "deny"
        if len(self.entering) == len(self.arrivals) and not any(
            each.facts & CLEAN_OF for each in self.entering
        ):
            return "allow"
        if self.surely_in:
            return "allow" if self._unavoidable else "caller chooses"
        if self.clean:
            return "undecided"
        return "secret" if self.by_secret else "token"

    @property
    def _unavoidable(self) -> bool:
        """Whether no answer of the caller's leads to a refusal."""
        refused = [each for each in self.arrivals if not each.gets_in]
        return not any(each.condition(frozenset({By.CALLER})) for each in refused)


_TOKENS: Final = frozenset({Fact.TOKEN, Fact.ENTRA})
