"""IM-1: whose tokens policies take, whether they are validated, and who else is asked. Words in im_1.md."""

from __future__ import annotations

from auditor.apim.kinds import API, POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.composed import concluded
from controls.declare import check
from controls.policies import judged


@check(
    "apim.im-1.unvalidated-claims",
    feature=BEYOND,
    on=API,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
)
def unvalidated_claims(api: Subject) -> Verdict:
    """Claims of a token are believed only once the token was validated."""
    api.listed("operations")
    # Reading policies takes a tenth of a second to import: only inputs that hold operations pay for it.
    from auditor.apim.composed import effects
    from auditor.apim.policy.claims import claims

    return concluded(
        api,
        effects(api, "claims", claims),
        passed="Claims are used of validated tokens, or only written down.",
        nothing="No policy takes a token apart by itself.",
        needed=f"every policy that may take tokens apart for the API {api.name}",
        severities={},
        fix={
            Rule.TOKEN_PARSED_ONLY: "Validate the token first, and read the claims from its "
            "output-token-variable-name."
        },
    )


@check(
    "apim.im-1.token-issuer",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.INFO,
    outcomes="pass fail unknown not_applicable",
)
def token_issuer(scope: Subject) -> Verdict:
    """Tokens come from Microsoft Entra, the directory that IM-1 wants everybody to be in."""
    return judged(
        scope,
        {Rule.TOKEN_ISSUER},
        passed="Tokens come from Microsoft Entra, or from a directory of it for customers.",
        nothing="No policy validates a token.",
    )


@check(
    "apim.im-1.external-authoriser",
    feature=BEYOND,
    on=API,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
)
def external_authoriser(api: Subject) -> Verdict:
    """Nobody gets in while a service that has to say who may does not answer."""
    api.listed("operations")
    from auditor.apim.composed import effects
    from auditor.apim.policy.authorisers import authorisers

    return concluded(
        api,
        effects(api, "authorisers", authorisers),
        passed="Callers are refused unless the other service consents.",
        nothing="No policy asks another service who may call.",
        needed=f"every policy that may ask another service who may call the API {api.name}",
        severities={},
        weak=Severity.MEDIUM,
        fix={Rule.AUTHORISER_FAILS_OPEN: "Refuse unless there is an answer and it is the one that consents."},
    )


CHECKS = (unvalidated_claims, token_issuer, external_authoriser)
