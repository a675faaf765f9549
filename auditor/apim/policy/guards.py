"""Statements that authenticate and do not keep callers out: the branch they stand in, and who decides it.

Sources: "Control flow" (the first ``when`` that holds runs, else ``otherwise``), "Use named values in Azure
API Management policies" (replaced before anything runs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditor.apim.policy.arriving import TOKENS
from auditor.apim.policy.authentication import AuthenticationVerdict, Proof
from auditor.apim.policy.evaluate.code import names_in
from auditor.apim.policy.outcomes import End
from auditor.apim.policy.slices import writes
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.tree import Value
from auditor.apim.policy.values import By
from auditor.apim.policy.walks import Walked

GUARDS: Final = TOKENS | {"validate-client-certificate"}
_QUOTED: Final = re.compile(r'"([^"\\]+)"')


class Why(StrEnum):
    """Why a statement that authenticates does not decide, or does."""

    AVOIDABLE = "avoidable"
    """Callers choose a request for which its branch is not taken."""
    DEAD = "dead"
    """Its branch is never taken."""
    OFF = "off"
    """The present text of a named value keeps its branch from being taken."""
    OPEN = "open"
    """A value of the configuration that is not known decides its branch."""
    ON = "on"
    """It runs, and the present text of a named value is why."""


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """A statement that authenticates, in a branch or on the way of every request."""

    statement: Statement
    conditions: tuple[Statement, ...]
    """The ``when`` elements that decide whether it is come to."""
    names: frozenset[str]
    """Display names of the named values that those conditions rest on, also by way of variables."""

    @property
    def conditional(self) -> bool:
        """Whether it stands in a branch."""
        return bool(self.conditions)


def guards(inbound: tuple[Statement, ...]) -> tuple[Guard, ...]:
    """The statements of a section that demand a token or a certificate."""
    found = list(_guards(inbound, ()))
    if not any(conditions for _, conditions in found):
        return tuple(Guard(statement, (), frozenset()) for statement, _ in found)
    written = _variables(inbound)
    return tuple(
        Guard(statement, conditions, frozenset(_names(conditions, written)))
        for statement, conditions in found
    )


def _guards(
    statements: tuple[Statement, ...], around: tuple[Statement, ...]
) -> Iterator[tuple[Statement, tuple[Statement, ...]]]:
    for statement in statements:
        if statement.name in GUARDS:
            yield statement, around
        elif statement.name == "choose":
            before: tuple[Statement, ...] = ()
            for branch in statement.children:
                if branch.name == "when":
                    # Earlier branches decide too: the first that holds is the only one that runs.
                    before = (*before, branch)
                yield from _guards(branch.children, (*around, *before))
        else:
            yield from _guards(statement.children, around)


def _variables(inbound: tuple[Statement, ...]) -> dict[str, list[Value]]:
    """What is written to variables, by their names."""
    written: dict[str, list[Value]] = {}
    for statement in (each for top in inbound for each in top.walk()):
        value = statement.element.get("value") if statement.name == "set-variable" else None
        if value is not None:
            for name in writes(statement):
                written.setdefault(name, []).append(value)
    return written


def _names(conditions: tuple[Statement, ...], written: dict[str, list[Value]]) -> Iterator[str]:
    values = [each.element.get("condition") for each in conditions]
    waiting = [value.text for value in values if value is not None]
    seen: set[str] = set()
    while waiting:
        text = waiting.pop()
        yield from names_in(text)
        for name in _QUOTED.findall(text):
            if name not in seen and name in written:
                seen.add(name)
                waiting += [value.text for value in written[name]]


def why(guard: Guard, walked: Walked, unbound: Walked, verdict: AuthenticationVerdict) -> Why | None:
    """What there is to say of a statement on one way to arrive; None where its branch is not the reason.

    Args:
        guard: The statement.
        walked: How callers fare on this way to arrive.
        unbound: How they fare where nothing is fixed: a branch for another operation is not a dead one.
        verdict: Who is served on this way to arrive.
    """
    if not guard.conditional:
        return None
    gate = walked.tokens.get(id(guard.statement))
    if gate is not None and gate.proves is False:
        return None
    if id(guard.statement) not in walked.met:
        return _never(guard, unbound, verdict)
    weak = [each for each in verdict.entrances if each.proof < Proof.CERTIFICATE]
    if any(each.sure and each.end is End.FORWARDED for each in weak):
        return Why.AVOIDABLE
    if any(By.CONFIG in each.doubts for each in weak):
        return Why.OPEN
    return Why.ON if guard.names and not weak else None


def _never(guard: Guard, unbound: Walked, verdict: AuthenticationVerdict) -> Why | None:
    served = verdict.possible is not None and verdict.possible < Proof.CERTIFICATE
    if not served or id(guard.statement) in unbound.met:
        return None
    return Why.OFF if guard.names else Why.DEAD
