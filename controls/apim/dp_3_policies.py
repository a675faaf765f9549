"""DP-3: what policies call, keep and rely on. Words in dp_3.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Severity, Verdict
from controls.declare import check
from controls.policies import cite, judged, listed


def addresses_encrypted(scope: Subject) -> Verdict:
    """What policies call, they call over TLS; a part of ``backend-encrypted``."""
    return judged(
        scope,
        {Rule.CLEAR_TEXT_URL},
        passed="What policies call, they call over https.",
        nothing="No policy calls an address of its own.",
        fix="Give what is called a certificate and write https.",
    )


@check(
    "apim.dp-3.response-cache",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
)
def response_cache(scope: Subject) -> Verdict:
    """Caches give an answer that was meant for one caller to nobody else."""
    return judged(
        scope,
        {Rule.CACHED_RESPONSE},
        passed="Caches keep no answer to a request with a token, or tell callers apart.",
        nothing="No policy keeps answers.",
        fix="Let entries vary by the header Authorization, and let no cache on the way share them.",
    )


@check(
    "apim.dp-3.weak-cryptography",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.LOW,
    outcomes="pass fail manual unknown not_applicable",
)
def weak_cryptography(scope: Subject) -> Verdict:
    """Code in policies protects nothing with MD5, SHA-1, old ciphers or predictable numbers."""
    return judged(
        scope,
        {Rule.WEAK_CRYPTOGRAPHY},
        passed="Code in policies relies on no weak algorithm.",
        nothing="No code in policies uses cryptography or random numbers.",
        fix="Use SHA-256 or better, AES, and random numbers of RNGCryptoServiceProvider.",
    )


def by_use(backend: Subject, failure: Fail) -> Fail:
    """What ``backend-certificate-validation`` says, with what uses the backend; unused, it weighs little."""
    from auditor.apim.backend_use import use_of

    use = use_of(backend)
    message = failure.message
    if use.found:
        cite(backend, use.found)
        others = f", and {len(use.found) - 1} more" if len(use.found) > 1 else ""
        return Fail(f"{message} Policies use it ({use.found[0].where}{others}).", listed(use.found))
    if use.whole:
        return Fail(f"{message} No policy uses it: remove it, or set it right first.", None, Severity.LOW)
    return Fail(f"{message} Whether a policy uses it is not known.", failure.details)


CHECKS = (response_cache, weak_cryptography)
