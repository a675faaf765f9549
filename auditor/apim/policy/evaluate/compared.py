"""What the code of one document compares callers' certificates with, statement by statement.

Each value is evaluated by itself, for every kind of caller, with the variables that the same document wrote
before. What another document wrote is not known here: the effective policy is followed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.evaluate.expressions import OutOfFuel
from auditor.apim.policy.evaluate.frame import Frame, Remark, Remarks
from auditor.apim.policy.evaluate.path import Path, TooManyPaths, explore
from auditor.apim.policy.evaluate.patterns import Pattern
from auditor.apim.policy.scopes import Library
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.states import STATES, State
from auditor.apim.policy.tree import Literal
from auditor.apim.policy.tree import Value as Written
from auditor.apim.policy.values import Property, Thrown, Value

_MARK: Final = "ertificate"
"""What code that looks at a certificate does not do without: ``Certificate``, ``X509Certificate2``."""
_MOST_VALUES: Final = 6
"""Values of one variable that are told apart."""
_MOST_MIXES: Final = 16
"""Mixtures of variables' values that one piece of code is evaluated with."""
_HOLDERS: Final = tuple(state for state in STATES if state.presented)


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What one statement compares certificates with."""

    spot: Spot
    found: tuple[tuple[Property, Pattern], ...]
    opaque: bool
    """A part of its code looks at a certificate and was not followed."""


def comparisons(sheet: Sheet) -> Iterator[Comparisons]:
    """Every statement that compares certificates, or may: in the order of the document."""
    if any(_mentions(value, sheet.library) for spot in sheet.spots for value in _values(spot)):
        yield from _Reader(sheet).all()


def _values(spot: Spot) -> Iterator[Written]:
    yield from (attribute.value for attribute in spot.element.attributes)
    if spot.element.value is not None:
        yield spot.element.value


def _mentions(value: Written, library: Library) -> bool:
    text = value.text
    return _MARK in text or ("{{" in text and _MARK in compiled(value, library).source)


@dataclass(slots=True)
class _Reader:
    """Reads a document from top to bottom; remembers what its variables can hold."""

    sheet: Sheet
    variables: dict[str, dict[Value, None]] = field(default_factory=dict)

    def all(self) -> Iterator[Comparisons]:
        for spot in self.sheet.spots:
            remarks = Remarks()
            opaque = False
            for value in _values(spot):
                opaque |= self._read(spot, value, remarks)
            if remarks.compared or opaque:
                yield Comparisons(spot, tuple(remarks.compared), opaque)

    def _read(self, spot: Spot, value: Written, remarks: Remarks) -> bool:
        """Evaluates one value; whether something of it that concerns certificates was not followed."""
        code = compiled(value, self.sheet.library)
        written = self._variable(spot, value)
        if code.tree is None and written is None:
            # Text is not compared with anything; text mixed with code, and code that does not parse, may be.
            return not isinstance(value, Literal) and _MARK in code.source
        used = [name for name in self.variables if name in code.source]
        if _MARK not in code.source and not used and written is None:
            return False
        seen = Remarks()
        whole = self._evaluate(code, used, seen, written)
        for one, pattern in seen.compared:
            remarks.compare(one, pattern)
        understood = all(kind is not Remark.NOT_UNDERSTOOD for kind, _ in seen.found)
        return _MARK in code.source and not (whole and understood)

    def _variable(self, spot: Spot, value: Written) -> str | None:
        """Name of the variable that a value is written into."""
        if spot.name != "set-variable" or value is not spot.element.get("value"):
            return None
        return spot.element.word("name")

    def _evaluate(self, code: Code, used: list[str], remarks: Remarks, written: str | None) -> bool:
        """Evaluates code for every caller; whether all of it could be followed."""
        choices = [[(name, value) for value in self.variables[name]] for name in used]
        results: dict[Value, None] = {}
        whole = True
        for index, mix in enumerate(product(*choices)):
            if index >= _MOST_MIXES:
                whole = False
                break
            for state in _HOLDERS:
                whole &= self._once(code, dict(mix), state, remarks, results)
        if written is not None:
            known = self.variables.setdefault(written, {})
            for value in list(results)[:_MOST_VALUES]:
                known.setdefault(value)
        return whole

    def _once(
        self,
        code: Code,
        variables: dict[str, Value],
        state: State,
        remarks: Remarks,
        results: dict[Value, None],
    ) -> bool:
        def run(path: Path) -> None:
            frame = Frame(state, path, {}, variables, False, remarks)
            try:
                results.setdefault(code.evaluate(frame))
            except (Thrown, RecursionError):
                return

        try:
            explore(run, {})
        except (TooManyPaths, OutOfFuel):
            return False
        return True
