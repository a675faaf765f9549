"""Walks of effective sections, remembered: operations that share a policy share what it proves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from auditor.apim.policy.evaluate.frame import Bindings, Remarks
from auditor.apim.policy.looks import Looks
from auditor.apim.policy.outcomes import Outcome
from auditor.apim.policy.slices import Slice, cut
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.states import STATES, Caller, State
from auditor.apim.policy.tokens import TokenGate
from auditor.apim.policy.values import Value
from auditor.apim.policy.walk import Walker

T = TypeVar("T")
_Alike = tuple[tuple[int, ...], frozenset[str], frozenset[str]]
_Key = tuple[tuple[int, ...], frozenset[tuple[str, Value]]]


@dataclass(frozen=True, slots=True)
class Walked:
    """How every caller fares in a section."""

    outcomes: Mapping[Caller, Outcome]
    remarks: Remarks
    tokens: Mapping[int, TokenGate]
    met: frozenset[int] = frozenset()
    """Ids of the statements that demand a token or a certificate and that some path comes to."""
    alike: bool = False
    """Nothing that decides looks at a certificate: all callers fare the same."""
    concluded: dict[object, Any] = field(default_factory=dict)
    """What was concluded from it, by the question."""

    def conclude(self, question: object, answer: Callable[[], T]) -> T:
        """An answer that is worked out once."""
        if question not in self.concluded:
            self.concluded[question] = answer()
        found: T = self.concluded[question]
        return found


@dataclass(slots=True)
class Walks:
    """Walks sections, each once for what its deciding code can tell apart."""

    looks: Looks = field(default_factory=Looks)
    _slices: dict[int, tuple[tuple[Statement, ...], Slice]] = field(default_factory=dict)
    _alike: dict[_Alike, Slice] = field(default_factory=dict)
    _walked: dict[_Key, Walked] = field(default_factory=dict)

    def of(self, statements: tuple[Statement, ...], bindings: Bindings) -> Walked:
        """How every caller fares; one walk for all where no deciding code looks at a certificate."""
        made = self._slice(statements)
        read = made.read(bindings)
        # Sections that differ in what does not decide have the same deciding statements.
        key = (made.identity, frozenset(read.items()))
        found = self._walked.get(key)
        if found is None:
            found = self._walked[key] = _walk(made, read)
        return found

    def of_state(self, statements: tuple[Statement, ...], bindings: Bindings, state: State) -> Outcome:
        """How a caller fares who is none of the eight."""
        made = self._slice(statements)
        read = made.read(bindings)
        walked = self.of(statements, bindings)
        return walked.conclude(state, lambda: Walker(made, state, read, Remarks(), {}).outcome())

    def fixed(self, statements: tuple[Statement, ...]) -> bool:
        """Whether the result is the same for all operations and ways to arrive."""
        return self._slice(statements).fixed

    def slice_of(self, statements: tuple[Statement, ...]) -> Slice:
        """What of a section decides."""
        return self._slice(statements)

    def _slice(self, statements: tuple[Statement, ...]) -> Slice:
        held = self._slices.get(id(statements))
        if held is None:
            made = cut(statements)
            # Operations whose own policy decides nothing share the slice of their parents'.
            shared = self._alike.setdefault((made.identity, made.written, made.set_headers), made)
            # The statements are held, so that their ids stay theirs.
            held = self._slices[id(statements)] = (statements, shared)
        return held[1]


def _walk(made: Slice, bindings: Bindings) -> Walked:
    remarks = Remarks()
    tokens: dict[int, TokenGate] = {}
    met: set[int] = set()

    def outcome(state_index: int) -> Outcome:
        return Walker(made, STATES[state_index], bindings, remarks, tokens, met).outcome()

    if not made.about_certificates and made.closed:
        same = outcome(0)
        outcomes = {state.caller: same for state in STATES}
        return Walked(outcomes, remarks, tokens, frozenset(met), alike=True)
    outcomes = {state.caller: outcome(index) for index, state in enumerate(STATES)}
    return Walked(outcomes, remarks, tokens, frozenset(met))
