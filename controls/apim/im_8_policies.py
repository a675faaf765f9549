"""IM-8: credentials in policies, and where callers' keys go on to. Words in im_8.md."""

from __future__ import annotations

from auditor.apim.kinds import API, POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.declare import check
from controls.policies import judged


def written_out(scope: Subject) -> Verdict:
    """Whether the policies of a scope hold a credential; a part of ``apim.im-8.inline-secrets``."""
    return judged(
        scope,
        {Rule.INLINE_SECRET, Rule.TOKEN_LITERAL_KEY},
        passed="No credential is written out in a policy.",
        nothing="No policy has a place for a credential.",
        fix="Renew it, keep it in Key Vault and write a named value here.",
    )


@check(
    "apim.im-8.credential-named-values",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
)
def credential_named_values(scope: Subject) -> Verdict:
    """Named values that policies use as credentials come from Key Vault."""
    return judged(
        scope,
        {Rule.CREDENTIAL_NAMED_VALUE},
        passed="Named values that policies use as credentials come from Key Vault.",
        nothing="No policy uses a named value as a credential.",
        fix="Let the named value refer to Key Vault.",
    )


@check(
    "apim.im-8.named-values-resolve",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
)
def named_values_resolve(scope: Subject) -> Verdict:
    """Every named value that a policy uses exists and holds plain text."""
    return judged(
        scope,
        {Rule.NAMED_VALUE_MISSING},
        passed="Every named value that policies use exists.",
        nothing="No policy uses a named value.",
        fix="Create it, or correct its name in the policy.",
    )


@check(
    "apim.im-8.credentials-forwarded",
    feature=BEYOND,
    on=API,
    severity=Severity.LOW,
    outcomes="pass fail manual unknown not_applicable",
)
def credentials_forwarded(api: Subject) -> Verdict:
    """The subscription keys of callers go no further than the gateway."""
    # Reading policies takes a tenth of a second to import: only inputs that hold some pay for it.
    from auditor.apim.forwarded_keys import Taken, forwarded

    found = forwarded(api)
    if found.required is False:
        return NotApplicable(f"The API {api.name} asks for no subscription key.")
    if not found.taken and found.complete:
        # That none comes rests on what the API asks for, too.
        api.flag("/properties/subscriptionRequired")
        return NotApplicable("No request that comes with a key is forwarded to a backend.")
    words = {"header": "header", "query": "query parameter"}
    worst = min(found.taken.values(), default=Taken.UNREAD)
    left = " and ".join(words[part] for part, taken in found.taken.items() if taken is worst)
    if worst is Taken.NO:
        return Fail(
            f"The API {api.name} sends callers' subscription keys on to the backend in the {left} they came "
            f"in ({found.way}). Delete both in inbound."
        )
    if worst is Taken.UNREAD or not found.complete:
        gap = Gap(
            Reason.UNREAD_POLICY,
            f"whether the subscription key is taken out of requests for the API {api.name} on every way in",
            "add the policies of every scope, the fragments, products and subscriptions to the input",
        )
        return Unknown(f"Not known: {gap.needed}.", None, (gap,))
    if worst is Taken.SOMETIMES:
        return Manual(
            f"A person has to look: the subscription key in the {left} is taken out of requests for the API "
            f"{api.name} in some cases ({found.way})."
        )
    return Pass("Subscription keys are taken out of a request before it is forwarded.")


CHECKS = (credential_named_values, named_values_resolve, credentials_forwarded)
