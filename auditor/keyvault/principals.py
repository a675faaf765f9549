"""The identity that asks a vault, and whether an entry means it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from auditor.keyvault.names import Named, named_in
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import Input
from auditor.model.logic import settled
from auditor.model.subject import Subject


@dataclass(frozen=True, slots=True)
class Principal:
    """A managed identity."""

    words: str
    """For readers: ``the system-assigned identity of contoso``."""
    system: bool
    """It is the service's own; a trusted service can be no other."""
    source: Input
    """Where it was read."""
    id: str = ""
    """Object id; empty where it is not known."""
    named: Named | None = None
    """What an expression of the same template names to mean it."""
    gap: Gap | None = None
    """Why the object id is not known."""

    @property
    def key(self) -> str:
        """What tells it apart from others, for outcomes that are kept."""
        return f"{self.id}|{self.named}|{self.source.path}"


def is_principal(entry: Subject, pointer: str, principal: Principal) -> bool:
    """Whether the object id at a pointer is the one of a principal.

    Raises:
        Undetermined: One of the two is not known, and the expression does not tell.
    """
    formula = entry.formula(pointer)
    if not formula:
        literal = entry.text(pointer).value().strip().casefold()
        if principal.id:
            return literal == principal.id.casefold()
        raise Undetermined(principal.gap or _unsettled(entry, pointer, literal, principal))
    named = named_in(formula)
    if named is None or principal.named is None or entry.source.path != principal.source.path:
        raise Undetermined(_unsettled(entry, pointer, f"[{formula}]", principal))
    if named == principal.named:
        return True
    if named.type != principal.named.type or (
        named.literal and principal.named.literal and named.names != principal.named.names
    ):
        return False
    raise Undetermined(_unsettled(entry, pointer, f"[{formula}]", principal))


def check_single(entry: Subject, pointer: str, principal: Principal) -> None:
    """Raise where an object id that is not the one of a principal may be a group that holds it.

    Role assignments say what their holders are, and the object ids of identities are known.
    """
    literal = entry.text(pointer).value().strip()
    if literal.casefold() in _singles(entry):
        return
    needed = (
        f"whether {literal[:80]}, to which {entry.name} grants access, is a group that {principal.words} is "
        "a member of"
    )
    member = principal.id or "PRINCIPAL-ID"
    command = f"az ad group member check --group {literal[:80]} --member-id {member}"
    raise Undetermined(Gap(Reason.EXTERNAL, needed, command))


def _singles(subject: Subject) -> frozenset[str]:
    """The object ids that are known to be of a single user, application or identity."""
    address = ("auditor.keyvault.principals", "", "")
    known = subject.audit.memo.get(address)
    if known is None:
        quiet = subject.with_log(Log())
        found: set[str] = set()
        for type_, kind, where in _TELLING:
            for resource in quiet.audit.inventory.of_type(type_):
                one = quiet.of(resource)
                single = not kind or settled(partial(_word, one, kind)) in _SINGLE
                value = settled(partial(_word, one, where)) if single else None
                if isinstance(value, str) and value:
                    found.add(value)
        known = subject.audit.memo[address] = frozenset(found)
    singles: frozenset[str] = known
    return singles


_SINGLE = ("user", "serviceprincipal")
_TELLING = (
    ("microsoft.authorization/roleassignments", "/properties/principalType", "/properties/principalId"),
    ("microsoft.managedidentity/userassignedidentities", "", "/properties/principalId"),
    ("microsoft.apimanagement/service", "", "/identity/principalId"),
)
"""What tells of single holders: type, where it says what the holder is, where the object id stands."""


def _word(subject: Subject, pointer: str) -> str:
    return subject.text(pointer).value().strip().casefold()


def _unsettled(entry: Subject, pointer: str, value: str, principal: Principal) -> Gap:
    return Gap(
        Reason.UNRESOLVED,
        f"whether {pointer.rpartition('/')[2]} of {entry.name}, {value[:160]}, is {principal.words}",
        "audit the deployed service with its vault, where object ids are known",
    )
