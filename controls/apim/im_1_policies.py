"""What the policies of an API demand of its callers, as a verdict of IM-1."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.apim.documents import ways_in
from auditor.apim.policy.authentication import Proof, combine
from auditor.apim.policy.issues import Weight
from auditor.apim.policy.statements import Told
from auditor.apim.policy.tokens import Flaw, TokenGate
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict

_NOT_READ = frozenset(
    {Told.UNREADABLE, Told.UNSOUND, Told.FRAGMENT_MISSING, Told.FRAGMENT_CYCLIC, Told.FRAGMENT_SECTIONS}
)
_FLAWS = {
    Flaw.UNSIGNED: "tokens without a signature are accepted",
    Flaw.NO_KEYS: "no key is named that a signature is checked with",
    Flaw.NO_EXPIRY: "tokens without an expiry are accepted",
    Flaw.NO_AUDIENCE: "the audience is not asked for, or not clearly",
    Flaw.ANY_CLIENT: "any client application is accepted",
    Flaw.ANY_TENANT: "the tenant is not fixed",
    Flaw.NO_ISSUER: "whoever holds a key can name any issuer",
    Flaw.HTTP_METADATA: "the issuer's metadata is read without TLS",
    Flaw.REQUEST_METADATA: "the caller chooses whose keys are trusted",
    Flaw.REQUEST_AUDIENCE: "the audience is made of request data",
    Flaw.SYMMETRIC: "the key is symmetric, so whoever can check a token can make one",
    Flaw.LITERAL_KEY: "the signing key stands in the policy",
    Flaw.QUERY: "the token is taken from the query string, which ends in logs",
    Flaw.SKEW: "the allowed clock skew lets expired tokens in",
    Flaw.PLACEHOLDER: "a value is still that of a template",
    Flaw.ODD_STATUS: "a refusal is told with a misleading status",
    Flaw.OPEN_METADATA: "keys of any issuer are trusted",
}
"""In words of our own: what stands in a policy is not quoted."""


def authenticated(api: Subject) -> Verdict:
    """With what callers are served, over every operation and way to arrive at it.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    prover, ways = ways_in(api)
    found = combine([prover.entrances(way.arriving) for way in ways])
    if found.weakest is not None and found.weakest < Proof.CERTIFICATE:
        weakest = found.weakest
        way = next(w for w in ways if prover.entrances(w.arriving).weakest is weakest)
        severity = Severity.HIGH if weakest < Proof.KEY else Severity.MEDIUM
        return Fail(
            f"The API {api.name} serves callers with {weakest.word} ({way}). Let a policy validate a token "
            "or a certificate before anything else runs.",
            severity=severity,
        )
    if found.possible is None and found.complete:
        return NotApplicable("No request is served: the policies refuse every caller.")
    doubtful = not found.complete or prover.composer.policies.products is None
    if doubtful or found.possible is None or found.possible < Proof.CERTIFICATE:
        return _not_all_read(f"with what callers of the API {api.name} are served")
    return Pass(f"Every operation demands {found.possible.word}.")


def tokens_sound(api: Subject) -> Verdict:
    """What the statements demand of a token that callers of an API are served with.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    prover, ways = ways_in(api)
    walked = [
        prover.walks.of(reading.inbound, way.arriving.bindings)
        for way in ways
        for reading in way.arriving.effective.readings
    ]
    gates = {gate.statement.origin: gate for each in walked for gate in each.tokens.values()}
    for weight, severity in ((Weight.FAIL, Severity.HIGH), (Weight.WEAK, Severity.MEDIUM)):
        if words := _flaws(gates.values(), weight):
            message = f"The token of the API {api.name} is not checked soundly: {'; '.join(words)}."
            return Fail(message, severity=severity)
    notes = [note for way in ways for note in way.arriving.effective.notes if note.told in _NOT_READ]
    if notes or prover.composer.policies.products is None:
        return _not_all_read(f"every statement that validates a token for the API {api.name}")
    if words := _flaws(gates.values(), Weight.UNKNOWN):
        gap = Gap(
            Reason.UNREAD_POLICY,
            f"a value of {next(iter(words.values()))}",
            "add the named values it uses to the input, or read how the policy sets it",
        )
        return Unknown(f"Not known is whether {'; '.join(words)}.", None, (gap,))
    for gate in gates.values():
        for problem in gate.problems:
            if problem.weight is Weight.REVIEW:
                return Manual(f"A person has to look at {_place(gate)}: {_FLAWS[problem.flaw]}.")
    if not gates:
        return NotApplicable("No policy validates a token.")
    return Pass("Each token is checked for its issuer, audience, signature and lifetime.")


def _not_all_read(needed: str) -> Unknown:
    remedy = "add the policies of every scope, the fragments, products and subscriptions to the input"
    return Unknown(f"Not known: {needed}.", None, (Gap(Reason.UNREAD_POLICY, needed, remedy),))


def _flaws(gates: Iterable[TokenGate], weight: Weight) -> dict[str, str]:
    """What is said of each flaw of one weight, in order, with the place of its statement."""
    return {
        f"{_FLAWS[problem.flaw]} ({_place(gate)})": _place(gate)
        for gate in gates
        for problem in gate.problems
        if problem.weight is weight
    }


def _place(gate: TokenGate) -> str:
    origin = gate.statement.origin
    return f"{gate.statement.name}, {origin.place.scope} policy, line {origin.line}"
