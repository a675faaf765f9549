"""What the policies of an API demand of its callers, as a verdict of IM-1."""

from __future__ import annotations

from auditor.apim.documents import ways_in
from auditor.apim.policy.authentication import Proof, combine
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Unknown, Verdict


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
        gap = Gap(
            Reason.UNREAD_POLICY,
            f"with what callers of the API {api.name} are served",
            "add the policies of every scope, the fragments, products and subscriptions to the input",
        )
        return Unknown(f"Not known: {gap.needed}.", None, (gap,))
    return Pass(f"Every operation demands {found.possible.word}.")
