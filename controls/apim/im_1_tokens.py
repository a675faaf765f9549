"""Whether the statements that validate tokens for an API ask for enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from auditor.apim.documents import Way, ways_in
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.outcomes import always
from auditor.apim.policy.sheets import named_values_of
from auditor.apim.policy.statements import NOT_READ, Origin
from auditor.apim.policy.tokens import Flaw, Problem, TokenGate
from auditor.apim.policy.values import By
from auditor.apim.policy.walks import Walked
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.apim.im_1_policies import not_all_read
from controls.policies import MOST_TOLD, policy_words, told

_MOST_LISTED = 50
_ORDER = (Weight.FAIL, Weight.WEAK, Weight.UNKNOWN, Weight.REVIEW, Weight.NOTE)
_FLAWS = {
    Flaw.UNSIGNED: (Rule.TOKEN_UNSIGNED, "tokens without a signature are accepted"),
    Flaw.NO_EXPIRY: (Rule.TOKEN_UNSIGNED, "tokens without an expiry are accepted"),
    Flaw.SKEW: (Rule.TOKEN_UNSIGNED, "the allowed clock skew lets expired tokens in"),
    Flaw.NO_AUDIENCE: (Rule.TOKEN_AUDIENCE, "the audience is not asked for, or not clearly"),
    Flaw.FOREIGN_AUDIENCE: (
        Rule.TOKEN_AUDIENCE,
        "the audience is a service of Microsoft, for which every application of the tenant gets tokens",
    ),
    Flaw.REQUEST_AUDIENCE: (Rule.TOKEN_AUDIENCE, "the audience is made of request data or by code"),
    Flaw.ANY_PRIVILEGE: (Rule.TOKEN_AUDIENCE, "one of several roles, groups or permissions is enough"),
    Flaw.ODD_STATUS: (Rule.TOKEN_AUDIENCE, "a refusal is told with a status below 400"),
    Flaw.PLACEHOLDER: (Rule.TOKEN_AUDIENCE, "a value is still that of a template"),
    Flaw.ANY_CLIENT: (Rule.TOKEN_CLIENTS, "any client application of the tenant is accepted"),
    Flaw.ANY_TENANT: (Rule.TOKEN_TENANT, "the tenant is not fixed"),
    Flaw.NO_ISSUER: (Rule.TOKEN_TENANT, "whoever holds a key can name any issuer"),
    Flaw.NO_KEYS: (Rule.TOKEN_KEYS, "no key is named that a signature is checked with"),
    Flaw.HTTP_METADATA: (Rule.TOKEN_KEYS, "the issuer's metadata is read without TLS"),
    Flaw.REQUEST_METADATA: (Rule.TOKEN_KEYS, "the caller has a hand in whose keys are trusted"),
    Flaw.OPEN_METADATA: (Rule.TOKEN_KEYS, "where the issuer's keys are read is not known here"),
    Flaw.SYMMETRIC: (Rule.TOKEN_KEYS, "the key is symmetric, so whoever can check a token can make one"),
    Flaw.LITERAL_KEY: (Rule.TOKEN_KEYS, "the signing key stands in the policy"),
    Flaw.QUERY: (Rule.TOKEN_IN_QUERY, "the token is taken from the query string, which ends in logs"),
}
"""The rule each flaw counts for, and words of our own: what stands in a policy is not quoted."""
_FIXES = {
    Rule.TOKEN_UNSIGNED: "Leave require-signed-tokens and require-expiration-time at true, clock-skew small.",
    Rule.TOKEN_AUDIENCE: "Name the API's own audience in audiences.",
    Rule.TOKEN_TENANT: "Name the tenant, or its issuer in issuers.",
    Rule.TOKEN_KEYS: "Take the keys from the issuer's openid-config over https.",
    Rule.TOKEN_CLIENTS: "Name the API's own audience and the client applications.",
    Rule.TOKEN_IN_QUERY: "Take the token from the Authorization header.",
}
_STAYS = frozenset({Flaw.QUERY, Flaw.LITERAL_KEY, Flaw.PLACEHOLDER, Flaw.ODD_STATUS, Flaw.ANY_PRIVILEGE})
"""What another statement on the same way does not make good."""


class _Comes(IntEnum):
    """How surely requests come to a statement; the greater, the less."""

    SURELY = 0
    ASSUMED = 1
    """As the documentation is read in one of several ways, or as code is that is not understood."""
    PERHAPS = 2
    """What was not read decides."""


_NOT_KNOWN = frozenset({By.CONFIG, By.UNREAD})


@dataclass(slots=True)
class _Seen:
    """One statement over all ways to arrive that come to it."""

    gate: TokenGate
    met: set[_Comes] = field(default_factory=set)
    """How surely requests come to it."""
    needed: set[_Comes] = field(default_factory=set)
    """The same on ways where nothing else validates a token soundly."""
    reached: bool = False
    """Whoever arrives comes to it, whatever was not read."""
    operations: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Flawed:
    """One flaw of one statement, as it weighs for an API."""

    seen: _Seen
    problem: Problem
    weight: Weight
    doubt: str = ""

    @property
    def rule(self) -> Rule:
        """The rule that speaks."""
        entra = self.seen.gate.statement.name == "validate-azure-ad-token"
        clients = self.problem.flaw is Flaw.NO_AUDIENCE and entra and self.problem.weight is Weight.FAIL
        return Rule.TOKEN_CLIENTS if clients else _FLAWS[self.problem.flaw][0]

    @property
    def says(self) -> str:
        """What is so."""
        if self.rule is Rule.TOKEN_CLIENTS and self.problem.flaw is Flaw.NO_AUDIENCE:
            return (
                f"neither audience nor client is asked for: every token of the tenant is accepted{self.doubt}"
            )
        return f"{_FLAWS[self.problem.flaw][1]}{self.doubt}"


def tokens_sound(api: Subject) -> Verdict:
    """What the statements demand of a token that callers of an API are served with.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    prover, ways = ways_in(api)
    seen = _seen(prover, ways)
    flawed = sorted(
        (_weighed(each, problem) for each in seen.values() for problem in each.gate.problems),
        key=lambda each: _ORDER.index(each.weight),
    )
    for weight, severity in ((Weight.FAIL, Severity.HIGH), (Weight.WEAK, Severity.MEDIUM)):
        if wrong := [each for each in flawed if each.weight is weight]:
            _cite(api, wrong)
            message = f"The token of the API {api.name} is not checked soundly: {_sentence(api, wrong)}."
            return Fail(f"{message} {_FIXES[wrong[0].rule]}", _details(api, flawed), severity)
    notes = [note for way in ways for note in way.arriving.effective.notes if note.told in NOT_READ]
    if notes or prover.composer.policies.products is None:
        return not_all_read(f"every statement that validates a token for the API {api.name}")
    if open_ := [each for each in flawed if each.weight is Weight.UNKNOWN]:
        _cite(api, open_)
        gap = Gap(
            Reason.UNREAD_POLICY,
            f"what {_place(api, open_[0].seen)} uses, or whether callers come to it",
            "add the named values, products and subscriptions to the input, or read how the policy sets it",
        )
        return Unknown(f"Not known is whether {_sentence(api, open_)}.", _details(api, flawed), (gap,))
    if doubtful := [each for each in flawed if each.weight is Weight.REVIEW]:
        _cite(api, doubtful)
        return Manual(f"A person has to look: {_sentence(api, doubtful)}.", _details(api, flawed))
    if not seen:
        return NotApplicable("No policy validates a token.")
    if not any(each.reached for each in seen.values()):
        return not_all_read(
            f"whether callers of the API {api.name} come to a statement that validates a token"
        )
    text = "Each token is checked for its issuer, audience, signature and lifetime."
    return Pass(text, _details(api, flawed) if flawed else None)


def _seen(prover: Prover, ways: Iterable[Way]) -> dict[Origin, _Seen]:
    """The token statements that requests come to, by where they stand."""
    found: dict[Origin, _Seen] = {}
    done: dict[tuple[Any, ...], list[_Seen]] = {}
    for way in ways:
        effective, read, certain = way.arriving.effective, way.arriving.bindings, way.arriving.context.certain
        key: tuple[Any, ...] = (id(effective), certain)
        if read:
            key = (*key, *(id(prover.walks.of(each.inbound, read)) for each in effective.readings))
        if key not in done:
            walked = [prover.walks.of(each.inbound, read) for each in effective.readings]
            done[key] = list(_met(found, walked, certain))
        for each in done[key]:
            each.operations[str(way)] = None
    return found


def _met(found: dict[Origin, _Seen], walked: list[Walked], certain: bool) -> Iterator[_Seen]:
    """The statements of one way to arrive, noted with what the way says of them."""
    readings = [{gate.statement.origin: gate for gate in each.tokens.values()} for each in walked]
    for origin in dict.fromkeys(origin for each in readings for origin in each):
        gate = next(each[origin] for each in readings if origin in each)
        seen = found.setdefault(origin, _Seen(gate))
        comes = max((_comes(each.get(origin), one) for each, one in zip(readings, walked, strict=True)))
        seen.reached |= comes is not _Comes.PERHAPS
        comes = comes if certain else _Comes.PERHAPS
        seen.met.add(comes)
        if any(
            origin in gates and _needed(gates[origin], one)
            for gates, one in zip(readings, walked, strict=True)
        ):
            seen.needed.add(comes)
        yield seen


def _comes(gate: TokenGate | None, walked: Walked) -> _Comes:
    """How surely requests come to a statement under one reading of the documentation."""
    if gate is None:
        return _Comes.ASSUMED
    refused = [
        [each for each in outcome.arrivals if each.by is gate.statement]
        for outcome in walked.outcomes.values()
    ]
    for kinds, comes in (
        (_NOT_KNOWN, _Comes.PERHAPS),
        (_NOT_KNOWN | {By.UNDOCUMENTED, By.OPAQUE}, _Comes.ASSUMED),
    ):
        if not any(always(each.condition(kinds) for each in arrivals) for arrivals in refused):
            return comes
    return _Comes.SURELY


def _needed(gate: TokenGate, walked: Walked) -> bool:
    """Whether somebody is served past a statement without passing a sound one as well."""
    own = id(gate.statement)
    sound = {key for key, each in walked.tokens.items() if each.sound and key != own}
    for outcome in walked.outcomes.values():
        if not outcome.complete:
            return True
        for arrival in outcome.entering:
            if (own in arrival.gates or gate.proves is not True) and not arrival.gates & sound:
                return True
    return False


def _weighed(seen: _Seen, problem: Problem) -> _Flawed:
    """A flaw weighs less where another statement makes it good, and decides nothing where nobody may come."""
    if problem.weight is Weight.NOTE:
        return _Flawed(seen, problem, Weight.NOTE)
    ways = seen.met if problem.flaw in _STAYS else seen.needed
    if not ways:
        doubt = ", which another statement on the same way makes good"
        return _Flawed(seen, problem, Weight.NOTE, doubt)
    if _Comes.SURELY in ways:
        return _Flawed(seen, problem, problem.weight)
    if _Comes.ASSUMED in ways:
        doubt = ", if the policy runs as one of several readings of the documentation has it"
        return _Flawed(seen, problem, Weight.REVIEW, doubt)
    doubt = "" if problem.weight is Weight.UNKNOWN else ", if callers come to the statement"
    return _Flawed(seen, problem, Weight.UNKNOWN, doubt)


def _sentence(api: Subject, flawed: list[_Flawed]) -> str:
    """What is said of the first flaws, and how many more there are."""
    texts = list(dict.fromkeys(f"{each.says} ({_place(api, each.seen)})" for each in flawed))
    rest = f"; and {len(texts) - MOST_TOLD} more" if len(texts) > MOST_TOLD else ""
    return "; ".join(texts[:MOST_TOLD]) + rest


def _place(api: Subject, seen: _Seen) -> str:
    statement = seen.gate.statement
    return f"{statement.name}, {policy_words(api, statement)}, line {statement.origin.line}"


def _details(api: Subject, flawed: list[_Flawed]) -> dict[str, Any]:
    """The stored form, ``kind`` ``policy-statements``: the worst first."""
    rows = [
        told(api, each.rule, each.weight, each.says, each.seen.gate.statement, each.seen.operations)
        for each in flawed[:_MOST_LISTED]
    ]
    more = {"more": len(flawed) - _MOST_LISTED} if len(flawed) > _MOST_LISTED else {}
    return {"kind": "policy-statements", "statements": rows, **more}


def _cite(api: Subject, flawed: Iterable[_Flawed]) -> None:
    """Log the named values that the statements use."""
    from auditor.apim.written import read_named_values

    for each in flawed:
        read_named_values(api, frozenset(named_values_of(each.seen.gate.statement.element)))
