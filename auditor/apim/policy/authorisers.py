"""External authorisers: whether callers get in while the service that has to say so does not answer.

A request to another service decides access where some caller is answered 401 or 403 depending on what it
brings. What happens without an answer is found by walking the section with the answer set: to null, as
``ignore-error="true"`` leaves it, and to several statuses. Source: "Send request" (``ignore-error``: false by
default; with true an error leaves null in the variable), "API Management policy expressions" (``IResponse``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from auditor.apim.policy.compose import Reading
from auditor.apim.policy.difference import makes_a_difference
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.evaluate.path import Answer
from auditor.apim.policy.features import code_of, reads_body, refuses
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.order import PROOFS
from auditor.apim.policy.outcomes import Arrival, End, Outcome, always
from auditor.apim.policy.said import Said
from auditor.apim.policy.slices import Slice
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.states import Caller
from auditor.apim.policy.values import NULL, Atom, By, Text, Value
from auditor.apim.policy.visits import Given, Visits, response, visits

_ASKING: Final = "result of send-request in variable "
_FAILING: Final = 500
_REFUSING: Final = 401
_OTHERS: Final = (403, 404)
_CALLERS: Final = (Caller.NO_CERT, Caller.VALID)
_SILENT: Final = "callers get in while the authoriser does not answer"


class _In(Enum):
    """Who gets in past an authoriser's answer."""

    NOBODY = "nobody"
    OPEN = "whoever brings nothing else"
    PROVED = "who has proved something else"
    CONFIGURED = "what is not known here decides"
    UNCLEAR = "what is not understood decides"


def authorisers(reading: Reading, bindings: Bindings, prover: Prover) -> tuple[Said, ...]:
    """What is to be said of each request whose answer decides access."""
    senders = [
        each
        for top in reading.inbound
        for each in top.walk()
        if each.name == "send-request" and each.element.word("response-variable-name")
    ]
    if not senders:
        return ()
    made = prover.walks.slice_of(reading.inbound)
    asked = [each for each in senders if made.decides(each)]
    if not asked:
        return ()
    walked = prover.walks.of(reading.inbound, bindings)
    names = {each.element.word("response-variable-name") or "" for each in asked}
    every = [each for top in reading.inbound for each in top.walk()]
    parsed = frozenset(name for name in names if any(reads_body(each, name) for each in every))
    # Sections with the same deciding statements share what is found out here.
    return walked.conclude(
        ("authorisers", parsed),
        lambda: tuple(
            said
            for sender in asked
            for said in _Asked(sender, made, bindings, parsed).said(
                [walked.outcomes[one] for one in _CALLERS]
            )
        ),
    )


def _is_refusal(arrival: Arrival) -> bool:
    """Whether a caller is refused as not known or not allowed, or with another service's own answer."""
    by = arrival.by
    if arrival.end is not End.DENIED or by is None or by.name != "return-response":
        return False
    return refuses(by) or by.element.get("response-variable-name") is not None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request whose answer may decide access."""

    sender: Statement
    made: Slice
    bindings: Bindings
    parsed: frozenset[str]
    """Variables of which some statement takes the body apart."""

    @property
    def name(self) -> str:
        return self.sender.element.word("response-variable-name") or ""

    def said(self, outcomes: list[Outcome]) -> Iterator[Said]:
        marker = f"{_ASKING}{self.name!r}"

        def about(question: Atom, answer: Answer) -> bool:
            # That a response is there at all is no answer of a caller's, though it is noted as one.
            return marker in str(question) and answer.by >= By.OUTSIDE

        refusals = [[each for each in outcome.arrivals if _is_refusal(each)] for outcome in outcomes]
        if not any(
            makes_a_difference(refused, outcome.entering, about)
            for refused, outcome in zip(refusals, outcomes, strict=True)
        ):
            refused = [each for some in refusals for each in some]
            if any(by is By.OPAQUE for arrival in refused for _, by in arrival.undecided()):
                yield self._one(Weight.REVIEW, "code that cannot be followed decides what an answer is worth")
            return
        worst = [*self._silence(), *self._statuses()]
        yield from worst or [self._one(Weight.FINE, "decides access, and refuses without an answer")]

    def _one(self, weight: Weight, says: str) -> Said:
        return Said(Rule.AUTHORISER_FAILS_OPEN, weight, says, self.sender)

    def _silence(self) -> Iterator[Said]:
        """What happens where no answer comes; without ``ignore-error`` the request ends in an error."""
        ignores = self._ignores()
        if ignores is False:
            return
        there = self._enters(NULL)
        if ignores is None and there is not _In.NOBODY:
            # Whether errors are ignored is not known here.
            yield self._one(Weight.UNKNOWN, _SILENT)
        elif ignores and there is not _In.NOBODY:
            yield from self._weighed(there, _SILENT)
        elif self._enters(None) in {_In.OPEN, _In.PROVED}:
            # The documentation says null; code that asks whether the variable is there expects otherwise.
            says = f"{_SILENT}, should its variable be missing then and not null"
            yield self._one(Weight.REVIEW, says)

    def _statuses(self) -> Iterator[Said]:
        """Statuses that are no consent and let callers in, where a refusal does not."""
        if self._enters(response(_REFUSING, self.name)) is not _In.NOBODY:
            return
        failing = self._enters(response(_FAILING, self.name))
        if failing in {_In.OPEN, _In.PROVED}:
            says = f"callers get in while the authoriser answers with a status of {_FAILING} and more"
            if self.name in self.parsed:
                # A body that is none of the kind expected ends the request in an error.
                yield self._one(Weight.REVIEW, f"{says}, unless reading its body fails")
            else:
                yield from self._weighed(failing, says)
            return
        for status in _OTHERS:
            if self._enters(response(status, self.name)) in {_In.OPEN, _In.PROVED}:
                yield self._one(Weight.WEAK, f"callers get in where the authoriser answers {status}")
                return

    def _weighed(self, who: _In, says: str) -> Iterator[Said]:
        match who:
            case _In.OPEN:
                yield self._one(Weight.FAIL, says)
            case _In.PROVED:
                yield self._one(Weight.WEAK, f"{says}, if they are authenticated otherwise")
            case _In.CONFIGURED:
                yield self._one(Weight.UNKNOWN, says)
            case _In.UNCLEAR:
                yield self._one(Weight.REVIEW, says)
            case _In.NOBODY:
                pass

    def _ignores(self) -> bool | None:
        code = code_of(self.sender, "ignore-error")
        word = code.fixed.value.strip().casefold() if code and isinstance(code.fixed, Text) else ""
        return False if code is None else {"true": True, "1": True, "false": False, "0": False}.get(word)

    def _enters(self, answer: Value | None) -> _In:
        """Who gets in past the request when it brought an answer."""
        found = _In.NOBODY
        for caller in _CALLERS:
            given = Given(self.sender, answer)
            seen = visits(self.made, self.bindings, frozenset({id(self.sender)}), given, caller)
            if not seen.outcome.complete:
                return _In.UNCLEAR
            past = [each for each in seen.outcome.entering if id(self.sender) in each.gates]
            bare = [each for each in past if not each.facts & PROOFS]
            if caller is Caller.NO_CERT and self._surely(bare, seen):
                return _In.OPEN
            if self._surely(past, seen):
                found = _In.PROVED
            elif past and found is _In.NOBODY:
                found = self._why(past)
        return found

    def _surely(self, arrivals: list[Arrival], seen: Visits) -> bool:
        """Whether callers get in whatever is not known, once the request was sent."""
        ways = seen.ways.get(id(self.sender), ())
        before = {question for way in ways for question, answer in way.answers if answer.by is By.OUTSIDE}
        return always(
            frozenset((q, value) for q, value in each.condition() if q not in before) for each in arrivals
        )

    @staticmethod
    def _why(arrivals: list[Arrival]) -> _In:
        """What hangs on what: another service that is asked next is an authoriser of its own."""
        kinds = [{by for _, by in each.undecided()} for each in arrivals]
        asked_next = [any(_ASKING in str(question) for question, _ in a.undecided()) for a in arrivals]
        left = [kind for kind, asked in zip(kinds, asked_next, strict=True) if not asked]
        if not left:
            return _In.NOBODY
        if any(kind & {By.CONFIG, By.UNREAD} for kind in left):
            return _In.CONFIGURED
        return _In.UNCLEAR
