"""Who may read a secret by role assignments: at the secret, its vault, or anywhere above.

Sources: "Provide access to Key Vault with Azure role-based access control", "Understand scope for Azure
RBAC", "List Azure deny assignments" (read on 2026-11-22). Conditions of assignments are not evaluated, groups
are not opened. A deny assignment that may name what is needed leaves it open, and so does a snapshot that
does not tell all of them. Other inputs hardly hold any: of those, what is in them counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from auditor.keyvault.names import VAULTS, Reference, spelled_name
from auditor.keyvault.principals import Principal, is_principal
from auditor.keyvault.roles import BUILT_IN, GET, LIST, NEEDED, allows
from auditor.keyvault.tally import Grant, Tally
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION, InputKind, Resource
from auditor.model.logic import settled
from auditor.model.subject import Subject

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
DENIALS = "Microsoft.Authorization/denyAssignments"
_AT = f"/providers/{ASSIGNMENTS}/".lower()
_GROUPS = "/providers/microsoft.management/managementgroups/"
_ABOVE = ("/providers/subscriptions", "/providers/microsoft.resources/", _GROUPS)
"""How the scope of a declared assignment begins that stands above resources."""
_TYPES = ("User", "Group", "ServicePrincipal", "ForeignGroup", "Device")
_OF_MANY = frozenset({"Group", "ForeignGroup"})


def by_roles(vault: Subject, reference: Reference, principal: Principal) -> Grant:
    """Whether role assignments let an identity read a secret.

    Raises:
        Undetermined: The assignments were not all read, and none that was lets it; or one that would depends
            on a group, a condition or a role that was not read.
    """
    known, of_secrets = _at_vault(vault, principal)
    tally, idle = known.copy(), list(of_secrets.idle)
    secret = f"/secrets/{reference.secret.casefold()}"
    tally.add(of_secrets.at(secret), lambda one: _given(one, vault, principal, idle))
    if all(action.casefold() in tally.granted for action in NEEDED):
        _check_denials(vault, principal)
        vault.log.extend(tally.deciding)
        return Grant(True, f"{principal.words} holds {tally.granted[GET.casefold()]}")
    tally.settle(vault)
    if GET.casefold() in tally.granted:
        needed = (
            f"whether {principal.words} can do without listing secrets in {vault.name}: "
            f"{tally.granted[GET.casefold()]} grants {GET} and not {LIST}"
        )
        raise Undetermined(Gap(Reason.EXTERNAL, needed, "assign Key Vault Secrets User instead"))
    held = f" ({', '.join(dict.fromkeys(idle))} does not)" if idle else ""
    return Grant(
        False,
        f"no role at {vault.name} or above lets {principal.words} read secrets{held}: assign Key Vault "
        "Secrets User, or Key Vault Certificate User for certificates",
    )


def _check_denials(vault: Subject, principal: Principal) -> None:
    """Raise where a deny assignment at a vault or above may take the role away: it wins over every role.

    Raises:
        Undetermined: There is one that denies what is needed, or a snapshot does not hold the whole list.
    """
    if vault.source.kind is InputKind.SNAPSHOT:
        denials = vault.around(DENIALS)
    else:
        denials = (vault.of(found) for found in vault.audit.inventory.of_type(DENIALS.lower()))
    own = vault.resource.id.lower()
    for denial in denials:
        scope = denial.resource.id.lower().rpartition(f"/providers/{DENIALS.lower()}/")[0]
        above = f"{own}/".startswith(f"{scope}/") or scope.startswith(_GROUPS)
        if (above or scope.startswith(f"{own}/")) and _takes_away(denial, at=scope == own, above=above):
            needed = f"whether the deny assignment {denial.name} keeps {principal.words} from {vault.name}"
            raise Undetermined(Gap(Reason.EXTERNAL, needed, "read its principals and dataActions"))


def _takes_away(denial: Subject, *, at: bool, above: bool) -> bool:
    """Whether a deny assignment names what is needed, for the vault it stands at or above.

    Args:
        denial: The deny assignment.
        at: It stands at the vault itself.
        above: It stands at the vault or above it.
    """
    only_there = "/properties/doNotApplyToChildScopes"
    if above and not at and denial.mentions(only_there) and denial.flag(only_there):
        return False
    denied: set[str] = set()
    for block in denial.items("/properties/permissions"):
        denied |= _granted(_actions(block, "/dataActions"), _actions(block, "/notDataActions"))
    return bool(denied)


def scope_of(assignment: Resource) -> str:
    """The scope an assignment stands at, lower case; empty for the root, or a template's own group."""
    return assignment.id.lower().rpartition(_AT)[0]


@dataclass(frozen=True, slots=True)
class _Below:
    """What the assignments at a vault and above leave to be asked for each secret."""

    secrets: tuple[tuple[Subject, str], ...]
    """The assignments below the vault, each with the part of its scope below it."""
    idle: tuple[str, ...]
    """Roles that the identity holds and that read no secret."""

    def at(self, secret: str) -> Iterator[Subject]:
        """Those at a secret."""
        return (assignment for assignment, below in self.secrets if below == secret)


def _at_vault(vault: Subject, principal: Principal) -> tuple[Tally, _Below]:
    """What the assignments at a vault and above it grant to an identity.

    Worked out once for both: there may be thousands of assignments and hundreds of secrets.
    """
    address = ("auditor.keyvault.grants", vault.key, principal.key)
    known = vault.audit.memo.get(address)
    if known is None:
        own = vault.with_log(Log())
        near = [
            (own.of(resource), below)
            for resource in vault.audit.inventory.of_type(ASSIGNMENTS.lower())
            if (below := _below(resource, vault.resource)) is not None
        ]
        tally, idle = Tally(), list[str]()
        covering = (one for one, below in near if not below)
        tally.add(covering, lambda one: _given(one, own, principal, idle))
        # What grants nothing is told by the listing; the roles held in vain stand in the message.
        tally.looked_at.clear()
        listed = settled(partial(_listed, own))
        if isinstance(listed, Undetermined):
            tally.doubts.extend(listed.gaps)
        tally.looked_at.extend(own.log.entries)
        below_it = tuple((one, below) for one, below in near if below)
        known = vault.audit.memo[address] = (tally, _Below(below_it, tuple(idle)))
    found: tuple[Tally, _Below] = known
    return found


def _listed(vault: Subject) -> None:
    """Raise unless the assignments of the vault's subscription were listed to their end."""
    for _ in vault.around(ASSIGNMENTS):
        pass


def _below(assignment: Resource, vault: Resource) -> str | None:
    """Where below a vault the scope of an assignment stands: empty at it or above, None elsewhere."""
    scope, own = scope_of(assignment), vault.id.lower()
    named = f"/providers/{VAULTS}/{spelled_name(vault).casefold()}"
    at = scope.replace(IN_EXPRESSION, "/").rfind(named)
    if at >= 0:
        # The name of a vault is unique: whatever group a template leaves open, it is this one.
        below = scope.replace(IN_EXPRESSION, "/")[at + len(named) :]
        same = "[" not in named or assignment.input.path == vault.input.path
        return below if same and (not below or below.startswith("/")) else None
    if f"/providers/{VAULTS}/" in scope:
        return None
    if assignment.input.declared:
        # One without a scope stands at what its template is deployed to: whether it covers is asked later.
        return "" if not scope or "[" in scope or scope.startswith(_ABOVE) else None
    if scope.startswith(_GROUPS) or not scope:
        return ""
    return "" if own.startswith(f"{scope}/") else None


def _part(resource: Resource) -> tuple[str, str]:
    """The file and the nested deployment in it that a resource stands in."""
    return resource.input.path, resource.origin.pointer.rpartition("/properties/template/")[0]


def _given(
    assignment: Subject, vault: Subject, principal: Principal, idle: list[str]
) -> tuple[frozenset[str], str]:
    """What of the needed actions an assignment gives to the identity, and what it is called.

    ``idle`` gets the names of the roles that the identity holds and that read no secret.
    """
    nothing: tuple[frozenset[str], str] = (frozenset(), "")
    if assignment.source.declared and assignment.source.path != principal.source.path:
        # What a template will assign says nothing of what a deployed service may do today.
        return nothing
    definition = assignment.text("/properties/roleDefinitionId")
    role = definition.tail.rstrip("/").rpartition("/")[2].casefold() if definition.tail else ""
    if not role:
        raise definition.undecided()
    known = BUILT_IN.get(role)
    if known is not None and not _granted(known.data_actions, ()) & {GET.casefold()}:
        if settled(partial(is_principal, assignment, "/properties/principalId", principal)) is True:
            idle.append(known.name)
        return nothing
    if not _held(assignment, principal):
        return nothing
    name, actions = (known.name, _granted(known.data_actions, ())) if known else _custom(assignment, role)
    if not actions:
        return nothing
    if assignment.has("/properties/condition"):
        needed = f"whether the condition of the role assignment {assignment.name} admits {principal.words}"
        raise Undetermined(Gap(Reason.EXTERNAL, needed, "read properties.condition of the assignment"))
    _check_scope(assignment, vault)
    return actions, f"the role {name}, assigned {_where(assignment.resource, vault.resource)}"


def _granted(actions: tuple[str, ...], withheld: tuple[str, ...]) -> frozenset[str]:
    return frozenset(action.casefold() for action in NEEDED if allows(actions, withheld, action))


def _held(assignment: Subject, principal: Principal) -> bool:
    """Whether an assignment is one of the identity.

    Raises:
        Undetermined: It is one of a group, whose members are not read.
    """
    if is_principal(assignment, "/properties/principalId", principal):
        return True
    if assignment.read("/properties/principalType", one_of=_TYPES) not in _OF_MANY:
        return False
    group = str(assignment.text("/properties/principalId"))
    needed = (
        f"whether {principal.words} is a member of the group {group}, which holds a role by the assignment "
        f"{assignment.name}"
    )
    member = principal.id or "PRINCIPAL-ID"
    command = f"az ad group member check --group {group} --member-id {member}"
    raise Undetermined(Gap(Reason.EXTERNAL, needed, command))


def _custom(assignment: Subject, role: str) -> tuple[str, frozenset[str]]:
    """The name of a custom role, and what of the needed actions it grants.

    Raises:
        Undetermined: Its definition was not read.
    """
    for resource in assignment.audit.inventory.of_type(DEFINITIONS.lower()):
        if resource.name.casefold() == role:
            definition = assignment.of(resource)
            granted: set[str] = set()
            for block in definition.items("/properties/permissions"):
                granted |= _granted(_actions(block, "/dataActions"), _actions(block, "/notDataActions"))
            shown = settled(partial(_name, definition))
            return shown if isinstance(shown, str) else role, frozenset(granted)
    needed = f"what the role {role} lets its holders do, by which {assignment.name} is assigned"
    raise Undetermined(Gap(Reason.ABSENT, needed, f"az role definition list --name {role}"))


def _name(definition: Subject) -> str:
    return definition.text("/properties/roleName").value()


def _actions(block: Subject, pointer: str) -> tuple[str, ...]:
    return tuple(each.text("").value().strip() for each in block.items(pointer))


def _check_scope(assignment: Subject, vault: Subject) -> None:
    """Raise where an assignment stands at a management group, or in a part of a template, not known to fit.

    A subscription lists what stands above it: where only the vault's own was listed, it is above it. Without
    a scope an assignment stands at what its part of a template is deployed to, as a vault of that part does.
    """
    scope = scope_of(assignment.resource)
    if assignment.source.declared and f"/providers/{VAULTS}/" not in scope:
        if not scope and _part(assignment.resource) == _part(vault.resource):
            return
        needed = f"whether the scope of the role assignment {assignment.name} holds {vault.name}"
        raise Undetermined(Gap(Reason.UNRESOLVED, needed, "give it the vault for its scope"))
    if not scope.startswith(_GROUPS):
        return
    type_ = ASSIGNMENTS.lower()
    listed = [key for key, listed_type in vault.audit.inventory.listings if listed_type == type_]
    if listed == [f"/subscriptions/{vault.resource.id.lower().split('/')[2]}"]:
        return
    group = scope.removeprefix(_GROUPS)
    needed = f"whether the management group {group} holds the subscription of {vault.name}"
    raise Undetermined(
        Gap(Reason.EXTERNAL, needed, f"az account management-group show --name {group} --expand --recurse")
    )


def _where(assignment: Resource, vault: Resource) -> str:
    """The scope of an assignment in words."""
    scope = scope_of(assignment)
    if scope.startswith(_GROUPS):
        return f"at the management group {scope.removeprefix(_GROUPS)}"
    if "/secrets/" in scope:
        return "at the secret alone"
    if f"/providers/{VAULTS}/" in scope:
        return f"at {vault.name}"
    if assignment.input.declared:
        return "at the scope of the deployment"
    if "/resourcegroups/" in scope:
        return f"at the resource group {scope.rpartition('/')[2]}"
    return "at the subscription" if scope else "at the root"
