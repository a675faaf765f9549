"""An effective section as rules look at it: values followed through the variables of all its documents.

Source: "Policies in Azure API Management" (variables live for the whole request, whichever policy sets them).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.evaluate.expressions import OutOfFuel
from auditor.apim.policy.evaluate.frame import Bindings, Frame, Remarks
from auditor.apim.policy.evaluate.path import Path, TooManyPaths, explore
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.slices import writes
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.states import STATES
from auditor.apim.policy.tree import Document
from auditor.apim.policy.values import Thrown


@dataclass(frozen=True, eq=False)
class Running(Sheet):
    """Statements of an effective policy, to follow values in."""

    statements: tuple[Statement, ...] = ()

    @cached_property
    def writers(self) -> dict[str, list[Spot]]:
        """Statements that write a variable, over all documents."""
        found: dict[str, list[Spot]] = {}
        for top in self.statements:
            for statement in top.walk():
                for name in writes(statement):
                    found.setdefault(name, []).append(spot_of(statement))
        return found


def running(*sections: Iterable[Statement]) -> Running:
    """Sections of one effective policy, together."""
    return Running(Document(()), statements=tuple(each for section in sections for each in section))


def spot_of(statement: Statement) -> Spot:
    """A statement as the rules on single documents look at it."""
    return Spot(statement.element, statement.origin.section, (), statement.library)


def decided(code: Code | None, bindings: Bindings) -> bool | None:
    """The truth of a condition where the operation and the way to arrive fix it; None where they do not."""
    if code is None:
        return None

    def once(path: Path) -> tuple[bool | None, bool]:
        frame = Frame(STATES[0], path, bindings, {}, False, Remarks())
        try:
            return frame.truth(code.evaluate(frame)), bool(path.answers)
        except (Thrown, RecursionError):
            return None, True

    try:
        results = [result for result, _ in explore(once, {})]
    except (TooManyPaths, OutOfFuel):
        return None
    truths = {truth for truth, _ in results}
    return truths.pop() if len(truths) == 1 and not any(asked for _, asked in results) else None
