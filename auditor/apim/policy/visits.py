"""Who gets to some statements of a section, and what becomes of requests when an answer is given.

A walk as :mod:`auditor.apim.policy.walk` makes it, with a look at the way at each statement that is asked
about, and with the answer of one request to another service set to what it is asked about.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from auditor.apim.policy.evaluate.frame import Bindings, Remarks
from auditor.apim.policy.outcomes import Outcome
from auditor.apim.policy.slices import Slice, writes
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.states import BY_CALLER, Caller
from auditor.apim.policy.values import By, Entry, Number, Sequence, Symbol, Text, Value
from auditor.apim.policy.walk import Walker, Way

_STATUS: Final = Text("StatusCode")


@dataclass(frozen=True, slots=True)
class Given:
    """What a request to another service is taken to have brought."""

    statement: Statement
    answer: Value | None
    """None: nothing, so that the variable it writes stays as it was."""


def response(status: int, name: str) -> Value:
    """A response with a status, of which nothing else is known."""
    parts = ("StatusReason", "Body", "Headers")
    rest = (Entry(Text(p), Symbol(By.OUTSIDE, f"{p} of the answer in variable {name!r}")) for p in parts)
    return Sequence((Entry(_STATUS, Number(status)), *rest))


@dataclass(frozen=True, slots=True)
class Visits:
    """The ways on which each statement that was asked about is reached, and how requests end."""

    ways: dict[int, list[Way]]
    outcome: Outcome


@dataclass
class _Visitor(Walker):
    """A walker that notes ways; that of a request which was passed stays among the gates of a way."""

    watched: frozenset[int] = frozenset()
    given: Given | None = None
    ways: dict[int, list[Way]] = field(default_factory=dict)

    def _one(self, statement: Statement, way: Way) -> list[Way]:
        self._note(statement, way)
        return super()._one(statement, way)

    def _condition(self, branch: Statement, way: Way, taken: list[Way], left: list[Way]) -> None:
        self._note(branch, way)
        super()._condition(branch, way, taken, left)

    def _written(self, statement: Statement, way: Way) -> Way:
        if self.given is None or statement is not self.given.statement:
            return super()._written(statement, way)
        passed = replace(way, gates=way.gates | {id(statement)})
        if self.given.answer is None:
            return passed
        for name in writes(statement):
            passed = passed.assigned(name, self.given.answer)
        return passed

    def _return_response(self, statement: Statement, way: Way) -> list[Way]:
        """An answer that was given is handed on with its status."""
        name = statement.element.word("response-variable-name")
        kept = dict(way.variables).get(name or "")
        if statement.element.find("set-status") is None and isinstance(kept, Sequence) and kept.items:
            first = kept.items[0]
            if isinstance(first, Entry) and first.key == _STATUS:
                self._status(statement, way, first.value)
                return []
        return super()._return_response(statement, way)

    def _note(self, statement: Statement, way: Way) -> None:
        if id(statement) in self.watched:
            self.ways.setdefault(id(statement), []).append(way)


def visits(
    made: Slice,
    bindings: Bindings,
    watched: frozenset[int] = frozenset(),
    given: Given | None = None,
    caller: Caller = Caller.NO_CERT,
) -> Visits:
    """Walks a slice for one caller.

    Args:
        made: The slice; ``cut`` with ``also`` where statements are watched that decide nothing.
        bindings: What is fixed for the operation and the way to arrive.
        watched: Ids of the statements at which ways are noted.
        given: What one request to another service is taken to have brought.
        caller: Who calls.
    """
    remarks = Remarks()
    walker = _Visitor(made, BY_CALLER[caller], made.read(bindings), remarks, watched=watched, given=given)
    outcome = walker.outcome()
    return Visits(walker.ways, outcome)
