"""Whether an effective policy limits how often callers without a key call, and what it counts them by.

Sources: "Limit call rate by key", "Set usage quota by key" and the token limits of the AI gateway (a counter
for each value of ``counter-key``, raised by ``increment-count`` where ``increment-condition`` holds); "API
Management policy reference" (``rate-limit`` and ``quota`` depend on the subscription key); "API Management
policy expressions" (the context variable).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag, auto
from typing import Final

from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.issues import Weight
from auditor.apim.policy.reads import Reads, reads_of
from auditor.apim.policy.running import Running, decided, running
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.values import Text

BY_KEY: Final = frozenset(
    {"rate-limit-by-key", "quota-by-key", "llm-token-limit", "azure-openai-token-limit"}
)
"""Limits that count by a key of the policy's own choice."""
BY_SUBSCRIPTION: Final = frozenset({"rate-limit", "quota"})
_ENDS: Final = frozenset({"return-response", "mock-response"})
_TOKENS: Final = frozenset({"validate-jwt", "validate-azure-ad-token"})
_WORST: Final = (Weight.FAIL, Weight.WEAK, Weight.UNKNOWN, Weight.REVIEW, Weight.NOTE, Weight.FINE)
_DEEPEST: Final = 24


class Counts(IntFlag):
    """What goes into a counter's key."""

    NOTHING = 0
    ADDRESS = auto()
    TOKEN = auto()
    """A token that a statement before validated."""
    FORWARDED = auto()
    REQUEST = auto()
    """Some other part of the request."""
    CALLER = auto()
    """A header, a parameter or the body: what the caller writes."""
    UNIQUE = auto()
    """Something that is another for every request."""
    NOT_KNOWN = auto()


@dataclass(frozen=True, slots=True)
class Limit:
    """How well something is limited, by which statement."""

    weight: Weight
    says: str
    statement: Statement | None = None

    @property
    def rank(self) -> int:
        """Greater is better."""
        return _WORST.index(self.weight)


NONE: Final = Limit(Weight.FAIL, "nothing limits how often callers without a key call")
_ENDED: Final = Limit(Weight.FINE, "the gateway answers itself")
_SOMETIMES: Final = "callers without a key are limited under a condition only"


def limit_of(statements: tuple[Statement, ...], bindings: Bindings) -> Limit:
    """The best limit on every request that passes an effective inbound section.

    Args:
        statements: The section as it runs.
        bindings: What is fixed for the way to arrive, so that conditions on it are decided.
    """
    return _Limits(running(statements), bindings).all(statements)[0]


@dataclass(slots=True)
class _Limits:
    sheet: Running
    bindings: Bindings
    validated: bool = False
    """A statement that validates a token has been passed by every request."""

    def all(self, statements: Iterable[Statement]) -> tuple[Limit, bool]:
        """The best limit of a sequence, and whether the gateway answers in it."""
        best = NONE
        for statement in statements:
            if statement.name in _ENDS:
                return max(best, _ENDED, key=lambda limit: limit.rank), True
            found, ends = self._one(statement)
            if found.rank > best.rank or (found.rank == best.rank and best.statement is None):
                best = found
            if ends:
                return best, True
        return best, False

    def _one(self, statement: Statement) -> tuple[Limit, bool]:
        name = statement.name
        if name in BY_KEY:
            return self._by_key(statement), False
        if name in BY_SUBSCRIPTION:
            return Limit(
                Weight.FAIL, "a limit by subscription does not count callers without a key", statement
            ), False
        if name == UNKNOWN:
            return Limit(Weight.UNKNOWN, "what was not read may limit calls", statement), False
        if name == "choose":
            return self._choose(statement)
        if statement.children:
            return self.all(statement.children)
        self.validated = self.validated or name in _TOKENS
        return NONE, False

    def _choose(self, statement: Statement) -> tuple[Limit, bool]:
        """Every branch that may be taken counts; where none may be left out, the worst of them."""
        found: list[tuple[Limit, bool]] = []
        validated = self.validated
        for branch in statement.children:
            holds: bool | None = True
            if branch.name == "when":
                value = branch.element.get("condition")
                code = compiled(value, branch.library) if value is not None else None
                holds = decided(code, self.bindings)
            if holds is False:
                continue
            self.validated = validated
            found.append(self.all(branch.children))
            if holds:
                break
        else:
            found.append((NONE, False))
        self.validated = validated
        limits = [limit for limit, _ in found]
        worst = min(limits, key=lambda limit: limit.rank)
        best = max(
            (each for each in limits if each is not _ENDED), key=lambda limit: limit.rank, default=NONE
        )
        if worst.weight is Weight.FAIL and best.weight is not Weight.FAIL:
            weight = Weight.UNKNOWN if best.weight is Weight.UNKNOWN else Weight.REVIEW
            return Limit(weight, _SOMETIMES if weight is Weight.REVIEW else best.says, best.statement), False
        return worst, all(ends for _, ends in found)

    def _by_key(self, statement: Statement) -> Limit:
        found, uncounted = self._by_value(statement), self._uncounted(statement)
        return found if uncounted is None else min(found, uncounted, key=lambda limit: limit.rank)

    def _uncounted(self, statement: Statement) -> Limit | None:
        """Calls that a limit does not count: by its condition, or because they count for nothing."""
        by, step = (statement.element.get(f"increment-{name}") for name in ("condition", "count"))
        if by is not None and (holds := decided(compiled(by, statement.library), self.bindings)) is not True:
            if holds is False:
                return Limit(
                    Weight.FAIL, "a limit counts no call: its increment-condition never holds", statement
                )
            return Limit(
                Weight.REVIEW, "only calls are counted that its increment-condition holds for", statement
            )
        if step is None:
            return None
        fixed = compiled(step, statement.library).fixed
        if not isinstance(fixed, Text):
            return Limit(Weight.REVIEW, "how much a call counts is worked out", statement)
        if fixed.value.strip().lstrip("+-0"):
            return None
        return Limit(Weight.FAIL, "a limit counts no call: its increment-count is 0", statement)

    def _by_value(self, statement: Statement) -> Limit:
        value = statement.element.get("counter-key")
        code = compiled(value, statement.library) if value is not None else None
        counted = self.counted(code, set())
        for kind, weight, says in _SAID:
            if kind & counted:
                return Limit(weight, says, statement)
        return Limit(Weight.NOTE, "one counter for all callers: one of them can use it up", statement)

    def counted(self, code: Code | None, following: set[str]) -> Counts:
        """What goes into a counter's key, through variables of the whole policy."""
        if code is None or (code.tree is None and not isinstance(code.fixed, Text)):
            return Counts.NOT_KNOWN
        read = reads_of(code)
        found = Counts.NOT_KNOWN if read.open else Counts.NOTHING
        if read.context & {"RequestId", "Timestamp", "Elapsed"}:
            found |= Counts.UNIQUE
        found |= self._of_request(read)
        for name in read.variables - following:
            found |= self._variable(name, {*following, name})
        return found

    def _of_request(self, read: Reads) -> Counts:
        found = Counts.NOTHING
        for member in read.request - {"Method"}:
            if member == "IpAddress":
                found |= Counts.ADDRESS
            elif member == "Headers" and read.forwarded:
                found |= Counts.FORWARDED
            elif member == "Headers" and self.validated and "authorization" in read.texts:
                found |= Counts.TOKEN
            elif member in {"Headers", "Body"} or "Query" in read.members:
                found |= Counts.CALLER
            else:
                found |= Counts.REQUEST
        return found

    def _variable(self, name: str, following: set[str]) -> Counts:
        spots = self.sheet.writers.get(name, [])
        if not spots or len(following) > _DEEPEST:
            return Counts.NOT_KNOWN
        found = Counts.NOTHING
        for spot in spots:
            if spot.name == "set-variable":
                found |= self.counted(spot.code("value"), following)
            elif spot.name in _TOKENS:
                found |= Counts.TOKEN
            else:
                found |= Counts.NOT_KNOWN
        return found


_BELIEVED: Final = (
    "callers are counted by a header that tells an address: unless a proxy in front overwrites it, they "
    "write it themselves"
)
_SAID: Final = (
    (Counts.UNIQUE, Weight.WEAK, "every request is counted under a key of its own, so that none is limited"),
    (Counts.CALLER, Weight.WEAK, "callers choose the key they are counted under, and can change it"),
    (Counts.NOT_KNOWN, Weight.UNKNOWN, "what callers are counted by is not known here"),
    (Counts.FORWARDED, Weight.REVIEW, _BELIEVED),
    (Counts.REQUEST, Weight.REVIEW, "callers are counted by a part of the request that they may choose"),
    (Counts.TOKEN, Weight.FINE, "callers are counted by a token that was validated"),
    (Counts.ADDRESS, Weight.FINE, "callers are counted by their address"),
)
"""The worst of what goes into a key decides."""
