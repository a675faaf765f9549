"""IM-4: who may read what comes from Key Vault, and through which firewall. Words in im_4.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from auditor.apim.vault_chain import chain
from auditor.apim.vault_links import firewall, last_refresh, no_identity, permission
from auditor.apim.vault_use import VAULT, pointer_of, uses_in
from auditor.apim.vaults import VAULT_USER, in_vault
from auditor.keyvault.find import vault_of
from auditor.keyvault.names import Reference, reference_at
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import every, gap_sentence, settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Source, Unknown, Verdict
from controls.declare import check

_FEATURE = "Client certificate authentication"
_SOURCE = Source.CLIENT_CERTIFICATES


@check(
    "apim.im-4.key-vault-identity",
    feature=_FEATURE,
    on=VAULT_USER,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
)
def key_vault_identity(user: Subject) -> Verdict:
    """What comes from Key Vault has an identity that may read it."""
    if not in_vault(user):
        return NotApplicable("It does not come from Key Vault.")
    wrong = no_identity(user)
    if wrong is not None:
        return _told(user, wrong, "identity")
    refresh = last_refresh(user)
    if refresh is not None and refresh.succeeded:
        return Pass(
            f"The last refresh from Key Vault succeeded{refresh.when}: the identity exists and may read."
        )
    reference = reference_at(user, pointer_of(user))
    verdict = _linked(user, reference, "permission", permission)
    if isinstance(verdict, Pass) and refresh is not None:
        return _contradicted(user, reference, "permission", refresh.code + refresh.when)
    return verdict


@check(
    "apim.im-4.key-vault-firewall",
    feature=_FEATURE,
    on=VAULT,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    filed=("DP-8", "NS-2"),
)
def key_vault_firewall(vault: Subject) -> Verdict:
    """The vault's firewall lets the service in, for everything that comes from it."""
    uses = {(use.user.key, use.user.base): use for use in uses_in(vault)}
    told: list[str] = []

    def judge(user: Subject) -> Verdict:
        reference = uses[user.key, user.base].reference
        verdict = _let_in(user, reference)
        if isinstance(verdict, Pass):
            told.append(verdict.message)
        return verdict

    def passed(count: int) -> str:
        same = len(set(told)) == 1
        return told[0] if same else f"The firewall lets the service in for all {count} that come from it."

    return every((use.user.with_log(vault.log) for use in uses.values()), judge, passed)


def _let_in(user: Subject, reference: Reference) -> Verdict:
    refresh = last_refresh(user)
    if refresh is not None and refresh.succeeded:
        return Pass(f"The last refresh succeeded{refresh.when}: the firewall lets the service in.")
    verdict = _linked(user, reference, "firewall", firewall)
    if isinstance(verdict, Pass) and refresh is not None:
        return _contradicted(user, reference, "firewall", refresh.code + refresh.when)
    return verdict


def _linked(
    user: Subject, reference: Reference, link: str, judge: Callable[[Subject, Reference], Verdict]
) -> Verdict:
    """The verdict on a link, with the whole chain where it does not hold and its vault was read."""
    verdict = settled(partial(judge, user, reference))
    if isinstance(verdict, Fail):
        return _told(user, verdict, link)
    if isinstance(verdict, Undetermined):
        if isinstance(settled(partial(vault_of, user.with_log(Log()), reference)), Undetermined):
            raise verdict
        return Unknown(gap_sentence(verdict.gaps), chain(user, reference, link), verdict.gaps)
    return verdict


def _told(user: Subject, verdict: Fail, link: str) -> Verdict:
    reference = settled(partial(reference_at, user.with_log(Log()), pointer_of(user)))
    if isinstance(reference, Undetermined):
        return verdict
    return Fail(verdict.message, chain(user, reference, link), verdict.severity)


def _contradicted(user: Subject, reference: Reference, link: str, ended: str) -> Verdict:
    """The configuration is right, and the refresh says otherwise."""
    name = user.item if user.base else user.name
    needed = (
        f"why the last refresh of {name} ended with {ended[:120]}, though the {link} that was read would let "
        "it succeed"
    )
    gap = Gap(Reason.EXTERNAL, needed, "refresh it, and read keyVault.lastStatus with its message")
    return Unknown(gap_sentence((gap,)), chain(user, reference, link), (gap,))


CHECKS = (key_vault_identity, key_vault_firewall)
