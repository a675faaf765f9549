"""Whether an identity may read a secret: by role assignments or by access policies, as the vault has it."""

from __future__ import annotations

from functools import partial

from auditor.keyvault.grants import by_roles
from auditor.keyvault.names import Reference
from auditor.keyvault.policies import by_policies
from auditor.keyvault.principals import Principal
from auditor.keyvault.tally import Grant
from auditor.model.evidence import Log, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject


def may_read(vault: Subject, reference: Reference, principal: Principal) -> Grant:
    """Whether an identity may read a secret, and by what.

    The gateway fetches certificates through the endpoint of secrets, so that both take the same right ("Use
    managed identities in Azure API Management").

    Raises:
        Undetermined: The permission model, or what decides under it, was not read.
    """
    if vault.flag("/properties/enableRbacAuthorization"):
        return by_roles(vault, reference, principal)
    return _by_policies(vault, principal)


def _by_policies(vault: Subject, principal: Principal) -> Grant:
    """The same for every secret of a vault, of which there may be hundreds: worked out once."""
    address = ("auditor.keyvault.access", vault.key, principal.key)
    known = vault.audit.memo.get(address)
    if known is None:
        log = Log()
        outcome = settled(partial(by_policies, vault.with_log(log), principal))
        known = vault.audit.memo[address] = (outcome, tuple(log.entries))
    outcome, evidence = known
    vault.log.extend(evidence)
    if isinstance(outcome, Undetermined):
        raise Undetermined(*outcome.gaps)
    grant: Grant = outcome
    return grant
