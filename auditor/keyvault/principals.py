"""The identity that asks a vault, and whether an entry means it."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.keyvault.names import Named, named_in
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import Input
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


def _unsettled(entry: Subject, pointer: str, value: str, principal: Principal) -> Gap:
    return Gap(
        Reason.UNRESOLVED,
        f"whether {pointer.rpartition('/')[2]} of {entry.name}, {value[:160]}, is {principal.words}",
        "audit the deployed service with its vault, where object ids are known",
    )
