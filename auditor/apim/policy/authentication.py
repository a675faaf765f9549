"""Who gets in: the weakest proof with which a request is served, over every way to arrive.

Proofs are ordered: nothing, an address, a subscription key, a shared secret, a client certificate, a token of
some issuer, a token of Microsoft Entra. A caller brings the least that is enough and chooses every condition
on request data. Sources: "Authentication and authorization in API Management", "Subscriptions in Azure API
Management" (the key is checked before any policy and "may not be sufficient alone").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

from auditor.apim.policy.compose import Effective
from auditor.apim.policy.evaluate.frame import Bindings, Remark
from auditor.apim.policy.issues import Weight
from auditor.apim.policy.outcomes import Arrival, End, Fact, always
from auditor.apim.policy.scopes import Context
from auditor.apim.policy.states import STRANGERS, Caller
from auditor.apim.policy.tokens import Flaw, TokenGate
from auditor.apim.policy.values import By
from auditor.apim.policy.walks import Walked, Walks


class Proof(IntEnum):
    """What a caller has to bring, weak to strong."""

    NOTHING = 0
    ADDRESS = 1
    KEY = 2
    SECRET = 3
    CERTIFICATE = 4
    TOKEN = 5
    ENTRA = 6

    @property
    def word(self) -> str:
        """For people."""
        return {
            Proof.NOTHING: "nothing",
            Proof.ADDRESS: "a network address only",
            Proof.KEY: "a subscription key only",
            Proof.SECRET: "a shared secret",
            Proof.CERTIFICATE: "a client certificate",
            Proof.TOKEN: "a token",
            Proof.ENTRA: "an Entra token",
        }[self]


class Standing(StrEnum):
    """What the weakest proof means."""

    PASS = "PASS"  # noqa: S105 - a verdict
    WEAK = "WEAK"
    FAIL = "FAIL"
    MANUAL = "MANUAL"
    CLOSED = "CLOSED"
    """Nobody is served."""


_FACTS: Final = {
    Fact.IP: Proof.ADDRESS,
    Fact.HEADER: Proof.SECRET,
    Fact.SECRET: Proof.SECRET,
    Fact.TOKEN: Proof.TOKEN,
    Fact.ENTRA: Proof.ENTRA,
}


@dataclass(frozen=True, slots=True)
class Entrance:
    """One way in: with what, whether surely, and where it ends."""

    context: Context
    proof: Proof
    sure: bool
    end: End
    operands: tuple[str, ...] = ()
    """What it hangs on where it is not sure."""
    tokens: tuple[TokenGate, ...] = ()
    """Token statements passed on it."""
    doubts: frozenset[By] = frozenset()
    """Who decides what it hangs on."""


@dataclass(frozen=True, slots=True)
class AuthenticationVerdict:
    """Who is served, in one context or over several."""

    standing: Standing
    reason: str
    weakest: Proof | None
    """The least that is surely enough; None where nothing surely is."""
    possible: Proof | None
    """The least that may be enough; None where nobody is served."""
    entrances: tuple[Entrance, ...]
    remarks: tuple[tuple[Remark, str], ...] = ()
    complete: bool = True


def authentication_verdict(
    effective: Effective, context: Context, bindings: Bindings | None = None, walks: Walks | None = None
) -> AuthenticationVerdict:
    """Who is served by an effective policy in one context.

    Args:
        effective: What runs, in every reading that the documentation leaves open.
        context: The way to arrive: with a key or without, with a product or without.
        bindings: What is fixed for the operation and the way to arrive.
        walks: What was found out before; give the same one for all policies of a service.
    """
    walks = walks or Walks()
    walked = [walks.of(reading.inbound, bindings or {}) for reading in effective.readings]
    found = [_all_entrances(each, context) for each in walked]
    complete = all(outcome.complete for each in walked for outcome in each.outcomes.values())
    remarks = tuple(dict.fromkeys(remark for each in walked for remark in each.remarks.found))
    if len(found) == 1:
        entrances = found[0]
    else:
        # What holds in one reading only is not sure.
        in_all = set.intersection(*({(e.proof, e.end) for e in each if e.sure} for each in found))
        words = tuple(dict.fromkeys(text for reading in effective.readings for text in reading.assumptions))
        entrances = tuple(
            each if (each.proof, each.end) in in_all else _assumed(each, words)
            for one in found
            for each in one
        )
        entrances = tuple(dict.fromkeys(entrances))
    doubts = tuple(note.message for note in effective.doubts)
    return _conclude(entrances, remarks, complete, doubts)


def combine(verdicts: Iterator[AuthenticationVerdict] | list[AuthenticationVerdict]) -> AuthenticationVerdict:
    """One verdict over several contexts: the weakest way in counts."""
    every = list(verdicts)
    entrances = tuple(entrance for each in every for entrance in each.entrances)
    remarks = tuple(dict.fromkeys(remark for each in every for remark in each.remarks))
    doubts = tuple(each.reason for each in every if each.standing is Standing.MANUAL and not each.entrances)
    return _conclude(entrances, remarks, all(each.complete for each in every), doubts)


def _assumed(entrance: Entrance, words: tuple[str, ...]) -> Entrance:
    """The same where it hangs on how the documentation is read."""
    operands = tuple(dict.fromkeys((*entrance.operands, *words)))
    return replace(entrance, sure=False, operands=operands, doubts=entrance.doubts | {By.UNDOCUMENTED})


def _all_entrances(walked: Walked, context: Context) -> tuple[Entrance, ...]:
    return walked.conclude(context, lambda: tuple(_entrances(walked, context)))


def _entrances(walked: Walked, context: Context) -> Iterator[Entrance]:
    """The ways in of one context, one for each proof and end."""
    arrivals = list(_arrivals(walked, context))
    for proof, end in sorted({(proof, arrival.end) for proof, _, arrival in arrivals}):
        these = [arrival for p, _, arrival in arrivals if (p, arrival.end) == (proof, end)]
        # Who brings more than is asked is served too: this proof, or less, is surely enough.
        enough = [(caller, arrival) for p, caller, arrival in arrivals if p <= proof]
        sure = context.certain and any(
            always(arrival.condition() for one, arrival in enough if one is caller)
            for caller in {caller for caller, _ in enough}
        )
        operands = () if sure else _operands(context, these)
        doubts = frozenset() if sure else _doubts(context, these)
        ids = sorted(set().union(*(arrival.gates for arrival in these)))
        tokens = tuple(walked.tokens[each] for each in ids)
        yield Entrance(context, proof, sure, end, operands, tokens, doubts)


def _arrivals(walked: Walked, context: Context) -> Iterator[tuple[Proof, Caller, Arrival]]:
    """Paths that are served; those of certificates' holders as far as strangers have no such path."""
    open_to_all: set[object] = set()
    for caller in (*STRANGERS, *(each for each in Caller if each not in STRANGERS)):
        for arrival in walked.outcomes[caller].entering:
            path = (arrival.end, arrival.facts, arrival.condition())
            if caller in STRANGERS:
                open_to_all.add(path)
            elif path in open_to_all:
                continue
            yield _proof(caller, arrival, context), caller, arrival


def _operands(context: Context, arrivals: list[Arrival]) -> tuple[str, ...]:
    questions = [str(question) for arrival in arrivals for question, _ in arrival.undecided()]
    if not context.certain:
        questions.append(f"whether requests arrive {context}")
    return tuple(dict.fromkeys(questions))


def _doubts(context: Context, arrivals: list[Arrival]) -> frozenset[By]:
    kinds = {by for arrival in arrivals for _, by in arrival.undecided()}
    return frozenset(kinds if context.certain else kinds | {By.UNREAD})


def _proof(caller: Caller, arrival: Arrival, context: Context) -> Proof:
    """The strongest proof that a path asked for."""
    proofs = [_FACTS[fact] for fact in arrival.facts]
    if context.key:
        proofs.append(Proof.KEY)
    if caller not in STRANGERS:
        # Strangers who fare as well give a weaker way in of their own.
        proofs.append(Proof.CERTIFICATE)
    return max(proofs, default=Proof.NOTHING)


def _conclude(
    entrances: tuple[Entrance, ...],
    remarks: tuple[tuple[Remark, str], ...],
    complete: bool,
    doubts: tuple[str, ...],
) -> AuthenticationVerdict:
    sure = min((each.proof for each in entrances if each.sure), default=None)
    possible = min((each.proof for each in entrances), default=None)
    standing, reason = _standing(entrances, sure, possible)
    if not complete and standing is not Standing.FAIL:
        standing, reason = Standing.MANUAL, "there are too many paths to follow them all"
    if doubts and standing in {Standing.PASS, Standing.CLOSED}:
        standing, reason = Standing.MANUAL, doubts[0]
    return AuthenticationVerdict(standing, reason, sure, possible, entrances, remarks, complete)


def _grade(proof: Proof | None) -> Standing:
    if proof is None:
        return Standing.CLOSED
    if proof < Proof.KEY:
        return Standing.FAIL
    return Standing.WEAK if proof < Proof.TOKEN else Standing.PASS


def _standing(
    entrances: tuple[Entrance, ...], sure: Proof | None, possible: Proof | None
) -> tuple[Standing, str]:
    """What the weakest way in means; it has to be the same whatever is not known."""
    if possible is None:
        return Standing.CLOSED, "no request is served"
    certainly, perhaps = _grade(sure), _grade(possible)
    if certainly is Standing.FAIL:
        return Standing.FAIL, f"served with {(sure or Proof.NOTHING).word}"
    weakest = next(each for each in entrances if each.proof is possible)
    if certainly is not perhaps and not (certainly is Standing.CLOSED and perhaps is Standing.PASS):
        hangs = "; ".join(weakest.operands[:3]) or "what was not read"
        return Standing.MANUAL, f"may be served with {possible.word}: {hangs}"
    if perhaps is Standing.WEAK:
        return Standing.WEAK, f"served with {possible.word}"
    problems = [problem for each in entrances for gate in each.tokens for problem in gate.problems]
    failing = next((each for each in problems if each.weight is Weight.FAIL), None)
    if failing is not None:
        return Standing.WEAK, f"served with {possible.word}, but {failing.message}"
    unknown = next(
        (p for p in problems if p.weight is Weight.UNKNOWN or p.flaw is Flaw.REQUEST_AUDIENCE), None
    )
    if unknown is not None:
        return Standing.MANUAL, unknown.message
    return Standing.PASS, f"served with {possible.word} only"
