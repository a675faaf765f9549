"""Who may read secrets by the access policies of a vault.

An entry may be for a group, and does not say so: one for another object id is none of the identity's only
where that id is known to be a single user or application.

Sources: "Assign a Key Vault access policy"; "Microsoft.KeyVault vaults/accessPolicies" (a template adds,
replaces or removes entries of a vault with a child resource of that name). Permissions are written in any
case; ``all`` stands for every one.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.keyvault.names import VAULTS, spelled_name
from auditor.keyvault.principals import Principal, check_single, is_principal
from auditor.keyvault.tally import Grant, Tally
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION
from auditor.model.logic import together
from auditor.model.subject import Subject

_ENTRIES = "/properties/accessPolicies"
_CHILD = f"{VAULTS}/accesspolicies"
_NEEDED = frozenset({"get", "list"})


def by_policies(vault: Subject, principal: Principal) -> Grant:
    """Whether the access policies let an identity get and list secrets.

    Raises:
        Undetermined: An entry that could not be read may let it.
    """
    tally = Tally()
    changes = _changes(vault, principal)
    removed = [each for each in changes if each.name.casefold() == "remove"]
    replaced = [each for each in changes if each.name.casefold() == "replace"]
    added = [each for each in changes if each.name.casefold() == "add"]
    tally.add(removed, lambda child: _taken(child, principal))
    if replaced and len(changes) > 1:
        needed = f"in what order the access policies of {vault.name} are replaced and added"
        tally.doubts.append(Gap(Reason.UNRESOLVED, needed, "declare them in one place"))
    lists = [_entries(child) for child in (*replaced, *added)]
    entries = together(*lists) if replaced else together(_entries(vault), *lists)
    if tally.doubts:
        # What is taken away may be what another entry gives.
        tally.settle(vault)
    tally.add(entries, lambda entry: _given(entry, principal))
    granted = _NEEDED & tally.granted.keys()
    if granted != _NEEDED:
        tally.settle(vault)
    vault.log.extend(tally.deciding)
    if granted == _NEEDED:
        return Grant(True, f"an access policy of {vault.name} lets {principal.words} get and list secrets")
    if granted:
        lacking = " and ".join(sorted(_NEEDED - granted))
        has = " and ".join(sorted(granted))
        return Grant(
            False,
            f"the access policy of {vault.name} for {principal.words} lets it {has} "
            f"secrets, and not {lacking}: add {lacking} to permissions.secrets",
        )
    return Grant(
        False,
        f"no access policy of {vault.name} lets {principal.words} get and list secrets: add one",
    )


def _entries(holder: Subject) -> Iterator[Subject]:
    return holder.items(_ENTRIES, key="/objectId")


def _given(entry: Subject, principal: Principal) -> tuple[frozenset[str], str]:
    """What of the needed permissions an entry gives to the identity."""
    written = entry.items("/permissions/secrets")
    permissions = frozenset(each.text("").value().strip().casefold() for each in written)
    given = _NEEDED if "all" in permissions else _NEEDED & permissions
    if not given or entry.has("/applicationId"):
        # One with an application is for that application on behalf of the identity.
        return frozenset(), ""
    if is_principal(entry, "/objectId", principal):
        return given, "policy"
    if not entry.formula("/objectId"):
        check_single(entry, "/objectId", principal)
    return frozenset(), ""


def _taken(child: Subject, principal: Principal) -> tuple[frozenset[str], str]:
    """A removal has to be known not to concern the identity."""
    for entry in _entries(child):
        if is_principal(entry, "/objectId", principal):
            needed = f"whether the removal of access policies leaves any to {principal.words}"
            raise Undetermined(Gap(Reason.UNRESOLVED, needed, "audit the deployed vault"))
    return frozenset(), ""


def _changes(vault: Subject, principal: Principal) -> list[Subject]:
    """The child resources that change the entries, in templates: of this vault by its name.

    What a template will set says nothing of what a deployed service may read today.
    """
    found = []
    for resource in vault.audit.inventory.of_type(_CHILD):
        parent = resource.id.rpartition("/")[0].rpartition("/")[0]
        name = parent.rpartition("/")[2].replace(IN_EXPRESSION, "/")
        same = name.casefold() == spelled_name(vault.resource).casefold()
        if same and resource.input.declared and resource.input.path == principal.source.path:
            found.append(vault.of(resource))
    return found
