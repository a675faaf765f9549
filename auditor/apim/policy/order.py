"""In which order an effective policy authenticates: what runs before, where it is too late, where it races.

Statements run in the order of the effective section; a statement that answers ends it. What only stands in
another branch is not "before". Sources: "Policies in Azure API Management" (sections), the pages of the
policies named (sections they may stand in, what ends a request), "Get from cache" (private responses), "Wait"
(children in parallel, the others are dropped with ``for="any"``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from auditor.apim.policy.compose import Reading
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.features import TOKENS, all_reads, is_gate, refuses, status_of
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.outcomes import Arrival, End, Fact, Outcome, always
from auditor.apim.policy.said import Said
from auditor.apim.policy.slices import writes
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.states import Caller
from auditor.apim.policy.values import Atom, By

PROOFS: Final = frozenset({Fact.TOKEN, Fact.ENTRA, Fact.SECRET, Fact.HEADER})
"""What a caller can prove on a path, a network address left out."""
_CALLS: Final = {
    "send-request": "a request is sent",
    "send-one-way-request": "a request is sent",
    "log-to-eventhub": "an event hub is written to",
    "cache-remove-value": "a value is removed from the cache",
    "publish-to-dapr": "a message is published",
    "invoke-dapr-binding": "another service is called",
    "send-service-bus-message": "a message is sent",
    "llm-content-safety": "the prompt is sent to another service",
}
_SEMANTIC_CACHES: Final = frozenset({"azure-openai-semantic-cache-lookup", "llm-semantic-cache-lookup"})
_BRANCHES: Final = frozenset({"when", "otherwise"})
_SIDE_BY_SIDE: Final = frozenset({"choose", "wait"})
_ENDING: Final = frozenset({"return-response", "mock-response"})
_CACHED: Final = "a cached answer exists"
_SECTIONS: Final = {
    "backend": "authentication stands in the backend section, which does not take it",
    "outbound": "authentication stands in the outbound section: the backend has answered by then",
    "on-error": "authentication stands in the on-error section, which runs only after something failed",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """A statement of an effective section with its number and what stands above it."""

    statement: Statement
    index: int
    above: tuple[Statement, ...]

    def instead_of(self, other: Spot) -> bool:
        """Whether both stand in different branches of one ``choose``: only one of them runs."""
        mine, others = (*self.above, self.statement), (*other.above, other.statement)
        for one, two in zip(mine, others, strict=False):
            if one is not two:
                return one.name in _BRANCHES and two.name in _BRANCHES
        return False

    def before(self, other: Spot) -> bool:
        """Whether this one runs first where both run."""
        return self.index < other.index and not self.instead_of(other)


def spots_of(statements: tuple[Statement, ...]) -> tuple[Spot, ...]:
    """All statements of a section, those below composite ones too, in order."""
    found: list[Spot] = []
    for top in statements:
        _visit(top, (), found)
    return tuple(found)


def _visit(statement: Statement, above: tuple[Statement, ...], found: list[Spot]) -> None:
    found.append(Spot(statement, len(found), above))
    for child in statement.children:
        _visit(child, (*above, statement), found)


@dataclass(eq=False)
class Gates:
    """Which statements of a section authenticate, and which may."""

    spots: tuple[Spot, ...]
    chosen: list[Spot] = field(default_factory=list)
    """``choose`` statements that refuse who shows no, or wrong, credentials."""
    soft: list[Spot] = field(default_factory=list)
    """Statements that refuse for another reason, or may do so."""

    def __post_init__(self) -> None:
        for spot in self.spots:
            if spot.statement.name == "choose" and any(map(refuses, spot.statement.walk())):
                (self.chosen if self._asks_for_credentials(spot.statement) else self.soft).append(spot)
            elif spot.statement.name == UNKNOWN or (
                spot.statement.name == "validate-client-certificate" and not is_gate(spot.statement)
            ):
                self.soft.append(spot)

    @cached_property
    def plain(self) -> tuple[Spot, ...]:
        """Statements made for authentication."""
        return tuple(spot for spot in self.spots if is_gate(spot.statement))

    @cached_property
    def sure(self) -> tuple[Spot, ...]:
        """All that surely authenticate; the request to an authoriser counts with what asks for its answer."""
        return (*self.plain, *self.chosen)

    @cached_property
    def helpers(self) -> frozenset[int]:
        """Ids of the requests whose answer an authentication uses: they are a part of it."""
        needed = set(self._needed)
        senders = [s.statement for s in self.spots if s.statement.name == "send-request"]
        return frozenset(id(each) for each in senders if needed & set(writes(each)))

    @cached_property
    def _needed(self) -> frozenset[str]:
        """Variables that some refusal or authentication rests on, however far back."""
        deciding = [spot.statement for spot in (*self.chosen, *self.soft)]
        asked = [each for one in deciding for each in one.walk() if each.name == "when"]
        asked += [spot.statement for spot in self.plain]
        return self._behind({name for each in asked for name in all_reads(each).variables})

    def _behind(self, names: set[str]) -> frozenset[str]:
        """Variables with all those they are made of."""
        waiting, found = list(names), set(names)
        while waiting:
            for statement in self._writers.get(waiting.pop(), ()):
                more = all_reads(statement).variables - found
                found |= more
                waiting.extend(more)
        return frozenset(found)

    @cached_property
    def _writers(self) -> dict[str, list[Statement]]:
        found: dict[str, list[Statement]] = {}
        for spot in self.spots:
            for name in writes(spot.statement):
                found.setdefault(name, []).append(spot.statement)
        return found

    def _asks_for_credentials(self, choose: Statement) -> bool:
        """Whether a condition rests on what callers show, or on what another service says of them."""
        asked = [all_reads(branch) for branch in choose.children if branch.name == "when"]
        if any(each.credentials for each in asked):
            return True
        behind = self._behind({name for each in asked for name in each.variables})
        sources = [each for name in behind for each in self._writers.get(name, ())]
        return any(each.name == "send-request" or all_reads(each).credentials for each in sources)


def order(reading: Reading, bindings: Bindings, prover: Prover) -> tuple[Said, ...]:
    """What the order of an effective policy says, one row for each statement that is concerned."""
    spots = spots_of(reading.inbound)
    gates = Gates(spots)
    elsewhere = [
        each
        for section in (reading.backend, reading.outbound, reading.on_error)
        for top in section
        for each in top.walk()
        if is_gate(each)
    ]
    if not gates.sure and not elsewhere:
        return ()
    outcome = prover.walks.of(reading.inbound, bindings).outcomes[Caller.NO_CERT]
    lost = dict(_unreachable(reading.inbound))
    reached = [spot for spot in gates.sure if id(spot.statement) not in lost]
    said = [
        *_misplaced(elsewhere, lost, gates, outcome),
        *_answers(gates, reached, outcome),
        *_calls(gates, reached),
        *_races(gates),
    ]
    blamed = {id(each.statement) for each in said}
    said += [
        Said(Rule.BEFORE_AUTHENTICATION, Weight.FINE, "authenticates", spot.statement)
        for spot in reached
        if id(spot.statement) not in blamed
    ]
    return tuple(said)


# -- where it is never reached, or too late -----------------------------------------------------------


def _ends(statement: Statement) -> frozenset[bool]:
    """How a statement ends every request that reaches it, served or not; empty where some may go on."""
    if statement.name in _ENDING:
        status = status_of(statement)
        return frozenset({status is None or status < 400})
    if statement.name == "wait":
        return frozenset()
    if statement.name != "choose":
        return _all_end(statement.children)
    ends = [_all_end(branch.children) for branch in statement.children if branch.name in _BRANCHES]
    if not all(ends) or not any(branch.name == "otherwise" for branch in statement.children):
        return frozenset()
    return frozenset().union(*ends)


def _all_end(statements: tuple[Statement, ...]) -> frozenset[bool]:
    return next((ends for ends in map(_ends, statements) if ends), frozenset())


def _unreachable(statements: tuple[Statement, ...]) -> Iterator[tuple[int, bool]]:
    """Ids of all statements behind one that ends every request, with whether that one serves any."""
    served: bool | None = None
    for statement in statements:
        if served is not None:
            yield from ((id(each), served) for each in statement.walk())
            continue
        if statement.name in _SIDE_BY_SIDE:
            # Its children are no sequence: that one ends requests says nothing of the next.
            for child in statement.children:
                yield from _unreachable((child,))
        else:
            yield from _unreachable(statement.children)
        if ends := _ends(statement):
            served = True in ends


def _misplaced(
    elsewhere: list[Statement], lost: dict[int, bool], gates: Gates, outcome: Outcome
) -> Iterator[Said]:
    weight = _weight_of_absence(outcome)
    for statement in elsewhere:
        says = _SECTIONS[statement.origin.section]
        yield Said(Rule.MISPLACED_AUTHENTICATION, weight, says, statement)
    for spot in gates.sure:
        if id(spot.statement) not in lost:
            continue
        if lost[id(spot.statement)]:
            says = "authentication is never reached: a statement before it answers every request"
            yield Said(Rule.MISPLACED_AUTHENTICATION, weight, says, spot.statement)
        else:
            says = "authentication is never reached: a statement before it refuses every request"
            yield Said(Rule.MISPLACED_AUTHENTICATION, Weight.NOTE, says, spot.statement)


def _weight_of_absence(outcome: Outcome) -> Weight:
    """How much it weighs that an authentication does not work: little where another one does."""
    clean = [each for each in outcome.entering if not each.facts & PROOFS]
    if always(each.condition() for each in clean):
        return Weight.FAIL
    return Weight.UNKNOWN if clean or not outcome.complete else Weight.WEAK


# -- what runs before it ------------------------------------------------------------------------------


def _answers(gates: Gates, reached: list[Spot], outcome: Outcome) -> Iterator[Said]:
    """Statements that answer who has proved nothing, with an authentication still to come."""
    by_statement: dict[int, list[Arrival]] = {}
    for arrival in outcome.entering:
        if arrival.end is End.ANSWERED and arrival.by is not None and not arrival.facts & PROOFS:
            by_statement.setdefault(id(arrival.by), []).append(arrival)
    for spot in gates.spots:
        arrivals = [each for each in by_statement.get(id(spot.statement), ()) if not _is_preflight(each)]
        semantic = spot.statement.name in _SEMANTIC_CACHES
        if (not arrivals and not semantic) or spot.statement.name == UNKNOWN:
            continue
        later = any(spot.index < gate.index for gate in reached)
        if not later or any(gate.before(spot) for gate in gates.sure):
            continue
        doubtful = any(gate.before(spot) for gate in gates.soft)
        if semantic:
            doubtful |= any(each.name in _BRANCHES for each in spot.above)
            weight = Weight.REVIEW if doubtful else Weight.FAIL
            says = "callers may be answered out of a cache before they are authenticated"
        else:
            weight, says = _answer(spot.statement, arrivals, reached)
            if doubtful and weight in {Weight.FAIL, Weight.WEAK}:
                weight = Weight.REVIEW
        yield Said(Rule.BEFORE_AUTHENTICATION, weight, says, spot.statement)


def _is_preflight(arrival: Arrival) -> bool:
    """Whether only requests of the method OPTIONS get there: browsers send them without credentials."""
    return any(
        isinstance(question, Atom)
        and answer.value
        and question.operator == "=="
        and question.left == "context.Request.Method"
        and question.right.casefold() == '"options"'
        for question, answer in arrival.answers
    )


def _answer(statement: Statement, arrivals: list[Arrival], reached: list[Spot]) -> tuple[Weight, str]:
    if statement.name == "cache-lookup":
        says = "callers may be answered out of the cache before they are authenticated"
        kept_apart = _keeps_apart(statement, reached)
        sure, weight = _sure(arrivals), Weight.WEAK if kept_apart else Weight.FAIL
        return (weight, says) if sure else (Weight.UNKNOWN, says)
    status = status_of(statement)
    if status is not None and 300 <= status < 400:
        return Weight.NOTE, "callers are redirected before they are authenticated"
    says = "callers are answered before they are authenticated"
    if _sure(arrivals):
        limited = all(Fact.IP in each.facts for each in arrivals)
        return (Weight.WEAK if limited else Weight.FAIL), says
    kinds = {by for each in arrivals for _, by in each.undecided()}
    unknown = kinds & {By.CONFIG, By.UNREAD} or not kinds
    return Weight.UNKNOWN if unknown else Weight.REVIEW, says


def _sure(arrivals: list[Arrival]) -> bool:
    """Whether callers surely get there; that the cache holds something is taken to happen."""
    return always(
        frozenset((question, value) for question, value in each.condition() if _CACHED not in question.left)
        for each in arrivals
    )


def _keeps_apart(lookup: Statement, gates: list[Spot]) -> bool:
    """Whether an answer is kept for nobody, or only for who sends the same header Authorization.

    Answers to requests with that header are not kept unless ``allow-private-response-caching`` says so.
    """
    varied = {(each.value.text if each.value else "") for each in lookup.element.find_all("vary-by-header")}
    if "authorization" in {name.strip().casefold() for name in varied}:
        return True
    private = lookup.element.word("allow-private-response-caching")
    absent = lookup.element.get("allow-private-response-caching") is None
    if not absent and (private or "").casefold() not in {"false", "0"}:
        return False
    return all(_takes_authorization(gate.statement) for gate in gates)


def _takes_authorization(gate: Statement) -> bool:
    if gate.name not in TOKENS:
        return False
    element = gate.element
    if element.get("query-parameter-name") is not None or element.get("token-value") is not None:
        return False
    default = "Authorization" if gate.name == "validate-azure-ad-token" else ""
    header = element.word("header-name") if element.get("header-name") is not None else default
    return (header or "").casefold() == "authorization"


def _calls(gates: Gates, reached: list[Spot]) -> Iterator[Said]:
    """Statements that call out for whoever sends a request, before an authentication."""
    for spot in gates.spots:
        words = _CALLS.get(spot.statement.name)
        if words is None or not any(spot.before(gate) for gate in reached):
            continue
        if any(gate.before(spot) for gate in gates.sure) or id(spot.statement) in gates.helpers:
            continue
        if any(each.name == "when" and all_reads(each).credentials for each in spot.above):
            continue
        first = [gate.statement.name for gate in gates.soft if gate.before(spot)]
        if first and set(first) != {UNKNOWN}:
            continue
        weight = Weight.UNKNOWN if first else Weight.WEAK
        says = f"{words} before the caller is authenticated"
        yield Said(Rule.BEFORE_AUTHENTICATION, weight, says, spot.statement)


# -- where it races -----------------------------------------------------------------------------------


def _races(gates: Gates) -> Iterator[Said]:
    """Authentication below ``wait``, whose children run side by side."""
    inside = {id(spot.statement) for spot in gates.sure}
    for spot in gates.spots:
        wait = spot.statement
        if wait.name != "wait" or len(wait.children) < 2:
            continue
        deciding = [
            child
            for child in wait.children
            if any(id(each) in inside or id(each) in gates.helpers for each in child.walk())
        ]
        waits_for_all = wait.element.get("for") is None or wait.element.word("for") == "all"
        if not deciding or (waits_for_all and len(deciding) < 2):
            continue
        if waits_for_all and not any(id(each) in inside for child in deciding for each in child.walk()):
            # Requests whose answers are looked at afterwards: all of them are there by then.
            continue
        says = (
            "authentication runs beside others that decide: in which order is not documented"
            if waits_for_all
            else "authentication is dropped when another statement of the same wait ends first"
        )
        yield Said(Rule.RACED_AUTHENTICATION, Weight.REVIEW, says, deciding[0])
