"""The vaults a service takes something from, each with what comes from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from auditor.apim.vaults import candidates, in_vault
from auditor.keyvault.names import Reference, reference_at
from auditor.model.check import Kind
from auditor.model.evidence import Gap, Log, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

_ITEM = "vault "
"""How items of the kind begin: a service may have a host name that is called like a vault."""


@dataclass(frozen=True, slots=True)
class Use:
    """One certificate, named value or host name that comes from Key Vault."""

    user: Subject
    """On a log of its own, with the evidence of its reference."""
    reference: Reference


@dataclass(frozen=True, slots=True)
class Uses:
    """Everything that comes from Key Vault, as far as it was read."""

    found: tuple[Use, ...]
    seen: Log
    """Evidence of what was looked at and does not come from Key Vault, and of the listings."""
    gaps: tuple[Gap, ...]


def pointer_of(user: Subject) -> str:
    """Where the reference of a certificate, named value or host name stands."""
    return "/keyVaultId" if user.base else "/properties/keyVault/secretIdentifier"


def uses_of(service: Subject) -> Uses:
    """What of a service comes from Key Vault; worked out once for all checks that ask."""
    address = ("auditor.apim.vault_use.uses_of", service.key, "")
    known = service.audit.memo.get(address)
    if not isinstance(known, Uses):
        known = service.audit.memo[address] = _uses(service.with_log(Log()))
    return known


def _uses(service: Subject) -> Uses:
    users: list[Subject] = []
    gaps: list[Gap] = []
    found: list[Use] = []
    listed = settled(partial(users.extend, candidates(service)))
    for user in (each.with_log(Log()) for each in users):
        comes = settled(partial(in_vault, user))
        if isinstance(comes, Undetermined):
            gaps.extend(comes.gaps)
        elif comes:
            reference = settled(partial(reference_at, user, pointer_of(user)))
            if isinstance(reference, Undetermined):
                gaps.extend(reference.gaps)
            else:
                found.append(Use(user, reference))
        else:
            service.log.extend(user.log.entries)
    if isinstance(listed, Undetermined):
        gaps.extend(listed.gaps)
    return Uses(tuple(found), service.log, tuple(dict.fromkeys(gaps)))


def _vaults(service: Subject) -> Iterator[Subject]:
    """One item of the service for each vault: whether a vault was read changes no fingerprint."""
    uses = uses_of(service)
    for title in dict.fromkeys(use.reference.title.casefold() for use in uses.found):
        yield Subject(service.audit, service.resource, service.log, item=f"{_ITEM}{title}")
    if uses.gaps:
        raise Undetermined(*uses.gaps)
    service.log.extend(uses.seen.entries)


VAULT = Kind("vault in use", _vaults)


def uses_in(vault: Subject) -> list[Use]:
    """What comes from the vault that a subject of the kind :data:`VAULT` stands for."""
    title = vault.item.removeprefix(_ITEM)
    service = vault.of(vault.resource)
    return [use for use in uses_of(service).found if use.reference.title.casefold() == title]
