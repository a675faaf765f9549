"""Claims of tokens that nothing validated, and what is made to depend on them.

``AsJwt()`` and ``TryParseJwt()`` take a token apart and check nothing, and so does code that cuts it at its
dots: whoever sends a token chooses what it says. What ``validate-jwt`` and ``validate-azure-ad-token`` leave
in a variable is checked. Sources: "API Management policy expressions" (``AsJwt``, ``TryParseJwt``), "Validate
JWT" (``output-token-variable-name``, ``header-name``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from auditor.apim.policy.compose import Reading
from auditor.apim.policy.difference import makes_a_difference, rests_on
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.evaluate.path import Answer
from auditor.apim.policy.features import TOKENS, Reads, codes, reads
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.outcomes import Arrival, End, Fact, Outcome, always
from auditor.apim.policy.said import Said
from auditor.apim.policy.slices import cut, writes
from auditor.apim.policy.statements import COMPOSITE, Statement
from auditor.apim.policy.states import Caller
from auditor.apim.policy.values import Atom, By
from auditor.apim.policy.visits import visits
from auditor.apim.policy.walk import Way

_VALIDATED: Final = frozenset({Fact.TOKEN, Fact.ENTRA})
_NOTED: Final = frozenset(
    {"trace", "log-to-eventhub", "emit-metric", "rate-limit-by-key", "quota-by-key", "limit-concurrency"}
    | {"azure-openai-emit-token-metric", "llm-emit-token-metric", "azure-openai-token-limit"}
    | {"llm-token-limit", "set-request-metric-dimension-value", "return-response"}
)
"""What claims only show up in, or are counted under."""
_MARKS: Final = ("AsJwt(", "TryParseJwt(")
_CALLERS: Final = (Caller.NO_CERT, Caller.VALID)

Headers = frozenset[str]


def claims(reading: Reading, bindings: Bindings, prover: Prover) -> tuple[Said, ...]:
    """What is to be said of each statement that uses a token's claims."""
    inbound = tuple(each for top in reading.inbound for each in top.walk())
    backend = tuple(each for top in reading.backend for each in top.walk())
    uses = Uses(inbound, backend)
    if not uses.of:
        return ()
    walked = prover.walks.of(reading.inbound, bindings)
    outcomes = tuple(walked.outcomes[caller] for caller in _CALLERS)
    complete = all(each.complete for each in outcomes)
    slice_ = prover.walks.slice_of(reading.inbound)
    deciding = frozenset(
        id(branch)
        for each in inbound
        if each.name == "choose" and slice_.decides(each)
        for branch in each.children
    )
    judge = _Judge(uses, outcomes, {}, deciding, complete)
    if not complete or judge.open:
        # Only where somebody gets in without a validated token does it matter who gets where.
        watched = frozenset(uses.of)
        made = cut(reading.inbound, watched)
        for caller in _CALLERS:
            found = visits(made, bindings, watched, caller=caller)
            judge.complete &= found.outcome.complete
            for key, ways in found.ways.items():
                judge.seen.setdefault(key, []).extend(ways)
    return tuple(judge.said())


class Uses:
    """Which statements use claims of tokens that were taken apart, and of tokens in which headers."""

    def __init__(self, inbound: tuple[Statement, ...], backend: tuple[Statement, ...] = ()) -> None:
        """Statements of both sections, those below composite ones too."""
        self.inbound = inbound
        self.backend = backend
        self._reads = {id(each): [reads(code) for code in codes(each)] for each in (*inbound, *backend)}
        self.of: dict[int, Headers] = {}
        if not any(each.parses for found in self._reads.values() for each in found):
            return
        parsed = self._parsed()
        for statement in (*inbound, *backend):
            found = self._source(statement, parsed)
            if found is not None and statement.name not in TOKENS | {"set-variable"}:
                self.of[id(statement)] = found

    @cached_property
    def writers(self) -> dict[str, list[Statement]]:
        """Statements by the variable they write."""
        found: dict[str, list[Statement]] = {}
        for statement in (*self.inbound, *self.backend):
            for name in writes(statement):
                found.setdefault(name, []).append(statement)
        return found

    def _parsed(self) -> dict[str, Headers]:
        """Variables that hold something out of a token that was taken apart."""
        found: dict[str, Headers] = {}
        while True:
            before = dict(found)
            for name, statements in self.writers.items():
                for statement in statements:
                    source = self._source(statement, found) if statement.name == "set-variable" else None
                    if source is not None:
                        found[name] = found.get(name, frozenset()) | source
            if found == before:
                return found

    def _source(self, statement: Statement, parsed: dict[str, Headers]) -> Headers | None:
        """The headers of the tokens whose claims a statement uses; None where it uses none."""
        headers: set[str] = set()
        uses = False
        for looked in self._reads[id(statement)]:
            if looked.parses and self._is_callers(looked):
                uses = True
                headers |= looked.headers
            for name in looked.variables & set(parsed):
                uses = True
                headers |= parsed[name]
        return frozenset(headers) if uses else None

    def _is_callers(self, looked: Reads) -> bool:
        """Whether what is taken apart can be the caller's own work: not another service's, or encrypted."""
        waiting, seen = [looked], set[str]()
        while waiting:
            each = waiting.pop()
            if each.decrypts:
                continue
            if each.request or each.any_variable:
                return True
            for name in each.variables - seen:
                seen.add(name)
                written = self.writers.get(name, [])
                if not written:
                    return True
                for statement in written:
                    if statement.name == "set-variable":
                        waiting += self._reads[id(statement)]
        return False

    @cached_property
    def by_code(self) -> bool:
        """Whether code of the section works with signatures: it may check the token's by itself."""
        return any(each.verifies for statement in self.inbound for each in self._reads[id(statement)])

    @cached_property
    def rewritten(self) -> Headers:
        """Headers that a policy sets: what is in them need not be the caller's."""
        names = (each.element.word("name") for each in self.inbound if each.name == "set-header")
        return frozenset(name.casefold() for name in names if name)

    def validated(self, user: Statement, facts: frozenset[Fact], gates: frozenset[int]) -> bool:
        """Whether the token whose claims a statement uses was validated on a way."""
        if not facts & _VALIDATED:
            return False
        wanted = self.of[id(user)]
        checked = {_header(each) for each in self.inbound if id(each) in gates}
        if not wanted or None in checked or wanted & self.rewritten:
            return True
        return not wanted.isdisjoint(checked)


def _header(gate: Statement) -> str | None:
    """The header that a gate takes its token from; None where it is from elsewhere, or not known."""
    element = gate.element
    if element.get("query-parameter-name") is not None or element.get("token-value") is not None:
        return None
    word = element.word("header-name") if element.get("header-name") is not None else "authorization"
    return word.casefold() if word is not None else None


@dataclass(slots=True)
class _Judge:
    """Weighs each use of claims by who gets to it and what hangs on it."""

    uses: Uses
    outcomes: tuple[Outcome, ...]
    seen: dict[int, list[Way]]
    deciding: frozenset[int]
    """Ids of the branches that decide how requests end."""
    complete: bool

    @property
    def open(self) -> bool:
        """Whether somebody gets in without that a token whose claims are used was validated."""
        users = [each for each in self.uses.inbound if id(each) in self.uses.of]
        return any(self._unproved(outcome, user) for outcome in self.outcomes for user in users)

    def said(self) -> Iterator[Said]:
        for statement in self.uses.inbound:
            if id(statement) in self.uses.of:
                weight, says = self._inbound(statement)
                yield Said(Rule.TOKEN_PARSED_ONLY, weight, says, statement)
        for statement in self.uses.backend:
            if id(statement) in self.uses.of and statement.name not in _NOTED:
                weight, says = self._handed_on(statement)
                yield Said(Rule.TOKEN_PARSED_ONLY, weight, says, statement)

    def _inbound(self, statement: Statement) -> tuple[Weight, str]:
        if statement.name in _NOTED or self._only_notes(statement):
            return Weight.NOTE, "claims of a token that need not be valid are written down or counted"
        if not self.complete:
            return Weight.UNKNOWN, "claims are used of a token that nothing validated"
        ways = self.seen.get(id(statement), [])
        if all(self.uses.validated(statement, way.facts, way.gates) for way in ways):
            return Weight.FINE, "claims of a validated token are used"
        if id(statement) in self.deciding:
            return self._decided(statement)
        return self._handed_on(statement)

    def _only_notes(self, statement: Statement) -> bool:
        """Whether a branch only chooses what is written down or counted."""
        if statement.name != "when" or id(statement) in self.deciding:
            return False
        acting = [each.name for each in statement.walk() if each.name not in COMPOSITE]
        return all(name in _NOTED for name in acting)

    def _decided(self, statement: Statement) -> tuple[Weight, str]:
        """A condition on claims, on a way where nothing validated them."""
        says = "claims of a token that nothing validated decide who gets in"
        hits: list[Arrival] = []
        difference = False
        for outcome in self.outcomes:
            served = self._unproved(outcome, statement)
            hits += [each for each in served if rests_on(each, _about_claims)]
            refused = [each for each in outcome.arrivals if not each.gets_in]
            difference |= makes_a_difference(refused, served, _about_claims)
        if not any(self._unproved(outcome, statement) for outcome in self.outcomes):
            return Weight.FINE, "claims choose how a token is validated, and nobody gets in without that"
        if not difference:
            return Weight.REVIEW, "claims of a token that nothing validated may decide what callers get"
        if self.uses.by_code:
            return Weight.REVIEW, "claims decide who gets in, of a token that at most code here validates"
        if always(each.condition() for each in hits):
            return Weight.FAIL, says
        kinds = {by for each in hits for _, by in each.undecided()}
        return Weight.UNKNOWN if kinds & {By.CONFIG, By.UNREAD} else Weight.REVIEW, says

    def _handed_on(self, statement: Statement) -> tuple[Weight, str]:
        forwarded = (
            each
            for outcome in self.outcomes
            for each in self._unproved(outcome, statement)
            if each.end is End.FORWARDED
        )
        if not any(forwarded):
            return Weight.FINE, "claims of a token are used that is validated before anything is forwarded"
        return Weight.REVIEW, "claims of a token that nothing validated are handed on as if they were true"

    def _unproved(self, outcome: Outcome, statement: Statement) -> list[Arrival]:
        """Paths that serve a caller whose token was not validated."""
        return [
            each for each in outcome.entering if not self.uses.validated(statement, each.facts, each.gates)
        ]


def _about_claims(question: Atom, answer: Answer) -> bool:
    """Whether what a caller wrote into a token answers a question."""
    text = str(question)
    parsed = any(mark in text for mark in _MARKS) or ("Base64" in text and 'Split(".")' in text)
    return parsed and answer.by in {By.CALLER, By.SECRET}
