"""The conditions of Azure Policy rules over an input: true, false, or None where the input leaves it open.

Sources: "Azure Policy definition structure policy rule" (conditions, count), "Author policies for array
properties on Azure resources" (a condition on ``[*]`` holds if all selected values meet it, so on none).

Beyond the documents, and as the engine is known to behave: on a missing field ``equals``, ``in``, ``like``,
``match`` and ``contains`` are false and their negations true; ``true`` and ``"True"`` are equal. Comparing a
missing field with the empty string, or by ``less`` and ``greater``, is left open here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from auditor.model.values import Partial
from tests.azure_policy.expressions import UNKNOWN, Unknown, UnsupportedError, evaluate, is_expression, parse
from tests.azure_policy.fields import View

Truth: TypeAlias = bool | None
_NEGATED: Final = re.compile("not(?=[a-z])")
_SUBJECTS: Final = {"field", "value", "count"}
_TYPED: Final = {"type", "name", "kind"}


def negated(truth: Truth) -> Truth:
    """Not true."""
    return None if truth is None else not truth


def every(truths: Iterable[Truth]) -> Truth:
    """All are true: one false decides, an open one leaves it open."""
    seen = set(truths)
    return False if False in seen else None if None in seen else True


def some(truths: Iterable[Truth]) -> Truth:
    """One is true."""
    return negated(every(negated(truth) for truth in truths))


def folded(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a JSON object by lower-case name: rules write ``anyof`` as well as ``anyOf``."""
    return {key.casefold(): value for key, value in rule.items()}


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition under evaluation: the parameters of the assignment and the resource."""

    parameters: Mapping[str, Any]
    view: View

    def holds(self, condition: Mapping[str, Any]) -> Truth:
        """Whether the resource meets a condition or an operator over several.

        Raises:
            UnsupportedError: The rule uses something that this evaluator does not know.
        """
        given = folded(condition)
        if "allof" in given:
            return every([self.holds(each) for each in given["allof"]])
        if "anyof" in given:
            return some([self.holds(each) for each in given["anyof"]])
        if "not" in given:
            return negated(self.holds(given["not"]))
        (operator,) = given.keys() - _SUBJECTS
        wanted = self.value(given[operator])
        if "count" in given:
            return _counted(self._count(folded(given["count"])), operator, wanted)
        if "value" in given:
            return compared(self.value(given["value"]), operator, wanted)
        name = str(self.value(given["field"]))
        found = self.view.select(name)
        if name.casefold() == "location":
            found.values, wanted = [_place(each) for each in found.values], _place(wanted)
        truth = every([compared(each, operator, wanted) for each in found.values])
        return truth if found.complete or truth is False else None

    def applies(self, condition: Mapping[str, Any], *, inverted: bool = False) -> bool:
        """Whether the rule is about the resource: by type, name and kind, other conditions taken to hold.

        Source: "What is applicability in Azure Policy?", for effects that do not end in IfNotExists.
        """
        given = folded(condition)
        if "allof" in given:
            return all(self.applies(each, inverted=inverted) for each in given["allof"])
        if "anyof" in given:
            return any(self.applies(each, inverted=inverted) for each in given["anyof"])
        if "not" in given:
            return not self.applies(given["not"], inverted=not inverted)
        if str(given.get("field", "")).casefold() in _TYPED:
            return self.holds(condition) is not False
        return not inverted

    def value(self, written: Any) -> Any:
        """What stands in a rule, evaluated if it is an expression."""
        if is_expression(written):
            lookups = {"parameters": self._parameter, "field": self._field, "current": self._current}
            return evaluate(parse(written), lookups)
        if isinstance(written, str) and written.startswith("[["):
            return written[1:]
        return written

    def _parameter(self, name: str) -> Any:
        for key, value in self.parameters.items():
            if key.casefold() == name.casefold():
                return value
        raise UnsupportedError(f"the parameter {name} has no value")

    def _field(self, name: str) -> Any:
        found = self.view.select(name)
        if not found.complete or any(isinstance(each, (Unknown, Partial)) for each in found.values):
            return UNKNOWN
        if found.array:
            return found.values
        return "" if found.values[0] is None else found.values[0]

    def _current(self, name: str) -> Any:
        return self.view.select(name).values[0]

    def _count(self, count: Mapping[str, Any]) -> tuple[int, float]:
        """How many elements meet ``where``: at least, and at most."""
        if "field" not in count:
            raise UnsupportedError("a count over values")
        found = self.view.select(count["field"])
        truths: list[Truth] = [True] * len(found.values)
        if "where" in count:
            alone = [self.view.narrowed(count["field"], each) for each in found.values]
            truths = [Rule(self.parameters, view).holds(count["where"]) for view in alone]
        sure = truths.count(True)
        return sure, sure + truths.count(None) if found.complete else float("inf")


def _place(value: Any) -> Any:
    """A location as Azure Policy normalises it: ``East US 2`` is ``eastus2``."""
    return value.replace(" ", "") if isinstance(value, str) else value


def _counted(bounds: tuple[int, float], operator: str, wanted: Any) -> Truth:
    low, high = bounds
    number = int(wanted)
    if low == high:
        return compared(low, operator, number)
    reach = {
        "equals": (False, low <= number <= high),
        "notequals": (not low <= number <= high, True),
        "greater": (low > number, high > number),
        "greaterorequals": (low >= number, high >= number),
        "less": (high < number, low < number),
        "lessorequals": (high <= number, low <= number),
    }
    if operator not in reach:
        raise UnsupportedError(operator)
    surely, maybe = reach[operator]
    return True if surely else None if maybe else False


def compared(value: Any, operator: str, wanted: Any) -> Truth:
    """One condition on one value.

    Raises:
        UnsupportedError: There is no such condition.
    """
    operator = operator.casefold()
    if operator == "exists":
        # An expression is written, and may still come to null.
        open_ = isinstance(value, Unknown) and not value.present
        return None if open_ else (value is not None) == (_text(wanted) == "true")
    plain = _NEGATED.sub("", operator, count=1) if operator.startswith("not") else operator
    if plain not in _OPERATORS:
        raise UnsupportedError(operator)
    truth = None if isinstance(wanted, Unknown) else _OPERATORS[plain](value, wanted)
    return negated(truth) if plain != operator else truth


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value).casefold()


def _equal(value: Any, wanted: Any) -> Truth:
    if isinstance(value, Unknown):
        return None
    if isinstance(value, Partial):
        return None if _may_be(value, str(wanted)) else False
    if value is None:
        return None if wanted == "" else False
    if isinstance(value, (dict, list)):
        return False
    return _text(value) == _text(wanted)


def _may_be(value: Partial, text: str) -> bool:
    pieces = [re.escape(piece) if isinstance(piece, str) else ".*" for piece in value.pieces]
    return re.fullmatch("".join(pieces), text, re.IGNORECASE | re.DOTALL) is not None


def _one_of(value: Any, wanted: Any) -> Truth:
    return some([_equal(value, each) for each in wanted])


def _like(value: Any, wanted: Any) -> Truth:
    """``*`` stands for any text, once."""
    if value is None or isinstance(value, Unknown):
        return False if value is None else None
    head, star, tail = str(wanted).casefold().partition("*")
    if not star:
        return _equal(value, wanted)
    if isinstance(value, Partial):
        first, last = value.pieces[0], value.pieces[-1]
        if head == "" and isinstance(last, str) and len(last) >= len(tail):
            return last.casefold().endswith(tail)
        if tail == "" and isinstance(first, str) and len(first) >= len(head):
            return first.casefold().startswith(head)
        return None
    text = _text(value)
    return len(text) >= len(head) + len(tail) and text.startswith(head) and text.endswith(tail)


def _match(value: Any, wanted: Any) -> Truth:
    """``#`` a digit, ``?`` a letter, ``.`` any character; by case."""
    if value is None or isinstance(value, (Unknown, Partial)):
        return False if value is None else None
    classes = {"#": "[0-9]", "?": "[^\\W\\d_]", ".": "."}
    pattern = "".join(classes.get(each, re.escape(each)) for each in str(wanted))
    return re.fullmatch(pattern, str(value), re.DOTALL) is not None


def _holds_text(value: Any, wanted: Any) -> Truth:
    if value is None or isinstance(value, Unknown):
        return False if value is None else None
    if isinstance(value, Partial):
        known = (piece.casefold() for piece in value.pieces if isinstance(piece, str))
        return True if any(_text(wanted) in piece for piece in known) else None
    return _text(wanted) in _text(value)


def _ordered(order: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Truth]:
    """Numbers by size, texts by letter without case; unlike types are an error by the documents: open."""

    def truth(value: Any, wanted: Any) -> Truth:
        if isinstance(value, str) and isinstance(wanted, str):
            return order(value.casefold(), wanted.casefold())
        if isinstance(value, (int, float)) and isinstance(wanted, (int, float)):
            return order(value, wanted)
        return None

    return truth


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Truth]]] = {
    "equals": _equal,
    "in": _one_of,
    "like": _like,
    "match": _match,
    "contains": _holds_text,
    "greater": _ordered(lambda one, other: one > other),
    "greaterorequals": _ordered(lambda one, other: one >= other),
    "less": _ordered(lambda one, other: one < other),
    "lessorequals": _ordered(lambda one, other: one <= other),
}
