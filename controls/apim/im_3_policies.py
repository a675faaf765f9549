"""IM-3: what policies do with the managed identity. Words in im_3.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import judged


@check(
    "apim.im-3.token-destination",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
    filed=("IM-8",),
)
def token_destination(scope: Subject) -> Verdict:
    """Tokens of the managed identity go to what they were made for, and nowhere else."""
    return judged(
        scope,
        {Rule.TOKEN_TO_STRANGER},
        passed="No token of the managed identity is seen to go to a host that it was not made for.",
        nothing="No policy asks for a token of the managed identity.",
        fix="Send the token only to the service that its resource names, and fail where there is none.",
    )


def uses_identity(holder: Subject) -> bool:
    """Whether the policy of a scope signs in with the managed identity, by itself or in a fragment.

    Raises:
        Undetermined: It does not as far as it was read, and not all of it was.
    """
    # Reading policies takes a tenth of a second to import: only inputs that hold some pay for it.
    from auditor.apim.policy.identity import signs_in
    from auditor.apim.written import document_and_library

    document, library = document_and_library(holder)
    if document is None:
        return False
    # Many operations share one text.
    address = ("controls.apim.im_3_policies", f"{id(document)}", f"{id(library)}")
    if address not in holder.audit.memo:
        holder.audit.memo[address] = signs_in(document, library)
    answer: bool | None = holder.audit.memo[address]
    if answer is None:
        needed = f"whether the policy of {holder.name} uses the managed identity: not all of it was read"
        remedy = "put the policy itself and the fragments it includes into the input, in the format rawxml"
        raise Undetermined(Gap(Reason.UNREAD_POLICY, needed, remedy))
    return answer


CHECKS = (token_destination,)
