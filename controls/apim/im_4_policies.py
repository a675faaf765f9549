"""What the policies of an API prove about its callers, as a verdict of IM-4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auditor.apim.documents import Way, ways_in
from auditor.apim.hosts import certificates_arrive, demanded_of
from auditor.apim.policy.issues import Rule
from auditor.apim.policy.prove import Cause, CertificateVerdict
from auditor.apim.policy.prove import Verdict as Proved
from auditor.apim.policy.states import Caller
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict

_WORST = (Proved.FAIL, Proved.NONE, Proved.MANUAL, Proved.WEAK, Proved.PASS)
_NOT_READ = frozenset({Cause.UNREAD, Cause.UNSOUND, Cause.OPAQUE, Cause.TOO_MUCH})
"""Why a person has to look where it is the input, or this tool, that does not tell."""
_REFUSED = frozenset({"deny", "error"})
_OPEN = "undecided"
"""Marks of a caller (``Outcome.marks``) who is never served, and of one of whom it cannot be told."""
_MOST_OPERATIONS = 50
_WORDS = {
    Caller.NO_CERT: "without a certificate",
    Caller.SELF_SIGNED: "with one they made themselves",
    Caller.OTHER_CA: "with one of another authority",
    Caller.SAME_CA_OTHER_SUBJECT: "with another customer's",
    Caller.REVOKED: "with a revoked one",
    Caller.EXPIRED: "with an expired one",
    Caller.NOT_YET: "with one that is not valid yet",
    Caller.VALID: "with the right one",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """One way in, and what was proved of it."""

    way: Way
    proved: CertificateVerdict

    def __str__(self) -> str:
        return str(self.way)

    @property
    def certain(self) -> bool:
        """Requests do arrive like this."""
        return self.way.arriving.context.certain


def validated(api: Subject) -> Verdict:
    """Who gets in to an API past the certificate checks of its policies, over every way to arrive.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    prover, ways = ways_in(api)
    cases = [_Case(way, prover.certificate(way.arriving)) for way in ways]
    tested = [case for case in cases if case.proved.tested or Cause.HEADER in case.proved.causes]
    unread = any(_unread(case) for case in cases)
    if not tested and not unread:
        served = [case for case in cases if case.proved.states[Caller.NO_CERT] not in _REFUSED]
        if served and demanded_of(_service_of(api)):
            return _unprotected(api, served, cases)
        return NotApplicable("No policy looks at a client certificate.")
    if not tested:
        return _unknown(api, cases[0], "whether a policy looks at a client certificate")
    certain = [case for case in cases if case.certain]
    decided = min(certain or cases, key=lambda case: _WORST.index(case.proved.verdict))
    if not certain:
        return _unknown(api, decided, "whether anything opens the API", _details(decided, cases))
    doubtful = any(_doubtful(case) for case in cases) or prover.composer.policies.products is None
    return _with_transport(api, _verdict(api, decided, cases, doubtful))


def _unprotected(api: Subject, served: list[_Case], cases: list[_Case]) -> Verdict:
    """No policy looks at a certificate, though the user's configuration demands one.

    A token or another secret may be asked for; a certificate is not, whoever is served.
    """
    certain = [case for case in served if case.certain and case.proved.states[Caller.NO_CERT] != _OPEN]
    if not certain:
        needed = "whether anything opens the API, and whom its policies serve"
        return _unknown(api, served[0], needed, _details(served[0], cases))
    return _with_transport(
        api,
        _fail(
            f"Your configuration demands client certificates, and no policy looks at one ({certain[0]}): "
            "validate it in the global policy.",
            _details(certain[0], cases),
        ),
    )


def _service_of(api: Subject) -> Subject:
    """The service of an API, on the same log."""
    head, _, tail = api.key.partition("/service/")
    return api.of(api.audit.inventory.by_key[f"{head}/service/{tail.split('/')[0]}"])


def _unread(case: _Case) -> bool:
    return bool(_NOT_READ & set(case.proved.causes))


def _doubtful(case: _Case) -> bool:
    """Whether a case that may not arise is worse than a pass."""
    return not case.certain and case.proved.verdict is not Proved.PASS


def _verdict(api: Subject, worst: _Case, cases: list[_Case], doubtful: bool) -> Verdict:
    proved, details = worst.proved, _details(worst, cases)
    match proved.verdict:
        case Proved.FAIL | Proved.NONE:
            who = "; ".join(_WORDS[caller] for caller in proved.enters if caller is not Caller.VALID)
            if not who:
                return _fail(f"Even the right certificate is refused ({worst}): {proved.reason}.", details)
            return _fail(f"Callers get in {who} ({worst}).", details)
        case Proved.WEAK:
            only = set(proved.enters) - {Caller.VALID} == {Caller.REVOKED}
            who = "; ".join(_WORDS[caller] for caller in proved.enters if caller is not Caller.VALID)
            severity = Severity.LOW if only else Severity.MEDIUM
            message = f"The certificate is checked, but callers get in {who} ({worst})."
            return _fail(message, details, severity)
        case Proved.MANUAL if _unread(worst):
            return _unknown(api, worst, proved.reason, details)
        case Proved.MANUAL:
            return Manual(f"A person has to look ({worst}): {proved.reason}.", details)
        case Proved.PASS if doubtful:
            return _unknown(
                api, worst, "which product's policy applies, and whether it lets others in", details
            )
        case Proved.PASS:
            return Pass("Nobody but the holder of the right certificate gets in.", details)


def _fail(message: str, details: dict[str, Any], severity: Severity | None = None) -> Fail:
    """A failure with the rule it falls under: a milder one where some check is made."""
    rule = Rule.CERTIFICATE_NOT_VALIDATED if severity is None else Rule.CERTIFICATE_WEAKLY_VALIDATED
    return Fail(message, {**details, "rules": [str(rule)]}, severity)


def _with_transport(api: Subject, verdict: Verdict) -> Verdict:
    """The verdict with what the way to the policy does to certificates; it changes no status.

    Over http no certificate arrives, and under no host name does one where the gateway asks for none: both
    are callers without a certificate, whom the proof has followed.
    """
    notes = [words for words in (_clear_text(api), _never_asked(api)) if words]
    if not notes or isinstance(verdict, Unknown | NotApplicable):
        return verdict
    details = {**(verdict.details or {}), "transport": notes}
    told = f"{verdict.message} {' '.join(notes)}"
    if isinstance(verdict, Fail):
        return Fail(told, details, verdict.severity)
    return type(verdict)(told, details)


def _clear_text(api: Subject) -> str:
    log = Log()
    protocols = settled(lambda: [str(each) for each in api.with_log(log).read("/properties/protocols")])
    if isinstance(protocols, Undetermined) or "http" not in (each.casefold() for each in protocols):
        return ""
    api.log.extend(log.entries)
    return "The API answers over http as well, where no certificate arrives."


def _never_asked(api: Subject) -> str:
    log = Log()
    service = _service_of(api)
    if settled(lambda: certificates_arrive(service.with_log(log))) is not False:
        return ""
    api.log.extend(log.entries)
    return "The gateway asks for no certificate under any host name, so the right one never arrives either."


def _unknown(api: Subject, case: _Case, needed: str, details: dict[str, Any] | None = None) -> Verdict:
    gap = Gap(
        Reason.UNREAD_POLICY,
        f"{needed} (API {api.name}, {case})",
        "add the policies of every scope, the fragments, products and subscriptions to the input",
    )
    return Unknown(f"Not known: {gap.needed}.", details, (gap,))


def _details(worst: _Case, cases: list[_Case]) -> dict[str, Any]:
    """The truth table of the worst case, and the operations that differ from it.

    Neither conditions nor operands are quoted: they may compare with a secret.
    """
    details = worst.proved.details()
    details["decided_by"] = [_decided(decider) for decider in details["decided_by"]]
    details["notes"] = sorted({note["kind"] for note in details["notes"]})
    del details["operands"]
    details["operations"] = [
        {
            "operation": case.way.operation.name if case.way.operation else "",
            "context": str(case.way.arriving.context),
            "verdict": str(case.proved.verdict),
        }
        for case in cases
        if case.proved.verdict is not worst.proved.verdict
    ][:_MOST_OPERATIONS]
    return details


def _decided(decider: dict[str, Any]) -> str:
    """A statement that ends a request, in words: where it stands and for whom."""
    fragment = f" fragment {decider['fragment']}" if decider["fragment"] else ""
    place = f"{decider['scope']} policy{fragment}, line {decider['line']}, column {decider['column']}"
    return f"{place}: {decider['statement']} ends it ({decider['end']}) for {', '.join(decider['callers'])}"
