"""Finding the vault that a reference means, in whatever file or subscription it was read."""

from __future__ import annotations

from functools import partial

from auditor.keyvault.names import VAULTS, Reference, spelled_name
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import Resource
from auditor.model.logic import conditional_gap, may_not_be_deployed, settled
from auditor.model.subject import Subject

_URI = "/properties/vaultUri"
_KEPT = "auditor.keyvault.find"


def vault_of(user: Subject, reference: Reference) -> Subject:
    """The vault of a reference.

    The ``vaultUri`` that Azure reports decides; where none was reported, the name does, which is unique in
    a cloud. A name with an unknown piece means something in its own template only. A template is joined with
    its own vault before one that was read from Azure.

    Raises:
        Undetermined: It is not in the input, several could be meant, or it may not be deployed.
    """
    address = ("auditor.keyvault.find", user.source.path, f"{reference.vault}|{reference.host}")
    found = user.audit.memo.get(address)
    if found is None:
        found = user.audit.memo[address] = settled(partial(_found, user, reference))
    if isinstance(found, Undetermined):
        raise Undetermined(*found.gaps)
    vault = user.of(found)
    if not vault.source.declared:
        settled(partial(_host_of, vault))
    return vault


def _found(user: Subject, reference: Reference) -> Resource:
    found = [
        vault
        for resource in _candidates(user, reference)
        if _is_it(vault := user.of(resource), reference, user)
    ]
    if user.source.declared:
        found = [vault for vault in found if vault.source.path == user.source.path] or found
        found = [vault for vault in found if vault.source.declared] or found
    if not found:
        needed = f"the vault {reference.title}, which is not in the input"
        raise Undetermined(Gap(Reason.ABSENT, needed, reference.command))
    if len(found) > 1:
        ids = ", ".join(f"{vault.resource.id} ({vault.source.path})" for vault in found[:3])
        needed = f"which vault {reference.title} means: {len(found)} were read, {ids}"
        raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "audit one of them at a time"))
    if may_not_be_deployed(found[0]):
        raise Undetermined(conditional_gap(found[0]))
    return found[0].resource


def _candidates(user: Subject, reference: Reference) -> list[Resource]:
    """The vaults with the name or the host of a reference, of the thousand that an estate may have."""
    every = user.audit.inventory.of_type(VAULTS)
    kept = user.audit.kept
    if _KEPT not in kept:
        index: dict[str, list[int]] = {}
        for place, resource in enumerate(every):
            host = settled(partial(_host_of, Subject(user.audit, resource, Log())))
            names = [spelled_name(resource).casefold(), *([f"//{host}"] if isinstance(host, str) else [])]
            for name in names:
                index.setdefault(name, []).append(place)
        kept[_KEPT] = index
    index = kept[_KEPT]
    places = {*index.get(reference.vault.casefold(), ()), *index.get(f"//{reference.host}", ())}
    return [every[place] for place in sorted(places)]


def _is_it(vault: Subject, reference: Reference, user: Subject) -> bool:
    if vault.source.declared and not user.source.declared:
        # What a template will set says nothing of what a deployed service uses today.
        return False
    name = spelled_name(vault.resource).casefold()
    if "[" in name or "[" in reference.vault:
        return name == reference.vault.casefold() and vault.source.path == user.source.path
    host = settled(partial(_host_of, vault.with_log(Log())))
    if isinstance(host, str) and reference.host:
        return host == reference.host
    return name == reference.vault.casefold()


def _host_of(vault: Subject) -> str:
    """The host that Azure reported; what a template writes there, no deployment takes over."""
    if vault.source.declared:
        raise Undetermined(Gap(Reason.INPUT, f"vaultUri of {vault.name}"))
    uri = vault.text(_URI).value().casefold().strip()
    return uri.removeprefix("https://").partition("/")[0].partition(":")[0]
