"""One path through code whose questions can be answered either way, and how all paths are found.

A run answers a question once and the same way ever after; all runs together take every answer. So two
conditions on one header agree with each other, and whatever holds in all runs holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from auditor.apim.policy.evaluate.patterns import Candidates, Pattern, overlap
from auditor.apim.policy.states import Prop
from auditor.apim.policy.values import Atom, By, Symbol

T = TypeVar("T")

MAX_PATHS: Final = 256
"""Paths of one expression; more are not followed, and the result is not decided."""


class TooManyPaths(Exception):  # noqa: N818 - a limit, told as an outcome
    """The paths of one expression or policy are too many to follow."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The question whether one of some patterns fits a property of the certificate that is meant."""

    prop: Prop
    patterns: frozenset[Pattern]


Question = Atom | Compared


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question was answered, and who decides it."""

    value: bool
    by: By
    certificate: bool = False
    header: bool = False


Answers = Mapping[Question, Answer]


@dataclass(slots=True)
class Path:
    """Answers so far; ``script`` says how the next open questions are answered, true afterwards."""

    answers: dict[Question, Answer]
    script: tuple[bool, ...] = ()
    taken: list[bool] = field(default_factory=list)

    def decide(self, symbol: Symbol, state: str) -> bool:
        """The truth of a symbol on this path."""
        atom = symbol.atom or Atom("", symbol.text)
        if symbol.certificate:
            # What is not understood may differ from caller to caller.
            atom = replace(atom, literal=False, caller=state)
        known = self.answers.get(atom)
        value = known.value if known is not None else self._excluded(atom)
        if value is None:
            value = self._next()
            self.answers[atom] = Answer(value, symbol.by, symbol.certificate, symbol.header)
        return value is not symbol.negated

    def compare(self, prop: Prop, patterns: frozenset[Pattern]) -> bool:
        """Whether the property of the certificate that is meant fits one of the patterns, on this path."""
        question = Compared(prop, patterns)
        known = self.answers.get(question)
        if known is not None:
            return known.value
        value = overlap(self.candidates(prop), patterns)
        if value is None:
            value = self._next()
        self.answers[question] = Answer(value, By.CALLER, certificate=True)
        return value

    def candidates(self, prop: Prop) -> Candidates:
        """What the property can still be, after the questions answered so far."""
        found = Candidates()
        for question, answer in self.answers.items():
            if isinstance(question, Compared) and question.prop is prop:
                found = found.after(question.patterns, answer.value)
        return found

    def _excluded(self, atom: Atom) -> bool | None:
        """False where the same thing is known to equal something else."""
        if atom.operator != "==" or not atom.literal:
            return None
        for other, answer in self.answers.items():
            if (
                isinstance(other, Atom)
                and answer.value
                and other.operator == "=="
                and other.literal
                and other.left == atom.left
                and other.right != atom.right
            ):
                return False
        return None

    def _next(self) -> bool:
        value = self.script[len(self.taken)] if len(self.taken) < len(self.script) else True
        self.taken.append(value)
        return value


def explore(run: Callable[[Path], T], answers: Answers) -> list[tuple[T, dict[Question, Answer]]]:
    """Every result of a run, with the answers it rests on.

    Raises:
        TooManyPaths: There are more than ``MAX_PATHS``.
    """
    results: list[tuple[T, dict[Question, Answer]]] = []
    waiting: list[tuple[bool, ...]] = [()]
    while waiting:
        script = waiting.pop()
        path = Path(dict(answers), script)
        results.append((run(path), path.answers))
        if len(results) + len(waiting) > MAX_PATHS:
            raise TooManyPaths
        taken = path.taken
        waiting += [(*taken[:index], not taken[index]) for index in range(len(script), len(taken))]
    return results
