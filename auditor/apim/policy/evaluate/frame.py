"""What an expression sees while it is evaluated: the caller, the path, the request, the variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from auditor.apim.policy.evaluate.path import Path
from auditor.apim.policy.evaluate.patterns import Pattern
from auditor.apim.policy.states import State
from auditor.apim.policy.values import NULL, Bool, Property, Symbol, Text, Thing, Thrown, Value

HEADER: Final = "header:"
"""Before the name of a request header among the variables: one that a policy set."""


class Remark(StrEnum):
    """What is worth saying about a comparison, whatever the verdict."""

    PLACEHOLDER = "placeholder"
    NEVER_EQUAL = "never-equal"
    NULL_DEREFERENCE = "null-dereference"
    SUBSTRING = "substring"
    HEADER_CERTIFICATE = "header-certificate"
    NOT_UNDERSTOOD = "not-understood"
    DEAD_VARIABLE = "dead-variable"
    PARSED_ONLY = "token-parsed-only"
    """Claims are read from a token that nothing validated."""


Bindings = Mapping[str, Value]
"""What is fixed for an operation and a way to arrive, by the path on ``context``."""


@dataclass(slots=True)
class Remarks:
    """Remarks gathered over all runs."""

    found: dict[tuple[Remark, str], None] = field(default_factory=dict)
    compared: dict[tuple[Property, Pattern], None] = field(default_factory=dict)
    """What properties of the caller's certificate are compared with."""

    def add(self, remark: Remark, text: str) -> None:
        """Keep one; the same one is kept once."""
        self.found.setdefault((remark, text), None)

    def compare(self, one: Property, pattern: Pattern) -> None:
        """Keep that a property is compared with a text."""
        self.compared.setdefault((one, pattern), None)


@dataclass(slots=True)
class Frame:
    """What one evaluation sees and can ask."""

    state: State
    path: Path
    bindings: Bindings
    variables: Mapping[str, Value]
    closed: bool
    """No document or fragment is missing: a variable that nothing writes is not there."""
    remarks: Remarks
    written: frozenset[str] = frozenset()
    """Names of all variables that some statement writes."""
    locals: dict[str, Value] = field(default_factory=dict)
    fuel: int = 20_000
    """Steps one evaluation may take."""

    def truth(self, value: Value) -> bool:
        """The truth of a condition on this path.

        Raises:
            Thrown: It is no truth value: null, say.
        """
        if isinstance(value, Bool):
            return value.value
        if isinstance(value, Symbol):
            return self.path.decide(value, self.state.caller)
        if isinstance(value, Text) and value.value.strip().casefold() in {"true", "false"}:
            return value.value.strip().casefold() == "true"
        raise Thrown

    def bound(self, path: str) -> Value | None:
        """What is fixed for this operation: ``context.Api.Id`` and the like."""
        return self.bindings.get(path)


def known_bindings(**values: str | bool | None) -> dict[str, Value]:
    """Bindings out of plain values: ``Api_Id="orders"``; None is null, "" the thing itself."""
    result: dict[str, Value] = {}
    for name, value in values.items():
        path = "context." + name.replace("_", ".")
        if value is None:
            result[path] = NULL
        elif isinstance(value, bool):
            result[path] = Bool(value)
        else:
            result[path] = Text(value) if value else Thing(path)
    return result
