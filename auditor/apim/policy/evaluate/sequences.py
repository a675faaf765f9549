"""Lists and dictionaries: the methods of ``Enumerable`` on items that are known one by one.

The certificates uploaded to the service are a list of two: the caller's own, if it is uploaded, and any
other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.compare import member
from auditor.apim.policy.evaluate.context import KEYED, index
from auditor.apim.policy.values import (
    FALSE,
    NULL,
    TRUE,
    Bool,
    By,
    Entry,
    Function,
    Number,
    Property,
    Sequence,
    Text,
    Thrown,
    TypeName,
    Value,
    mixed,
    show,
)

if TYPE_CHECKING:
    from auditor.apim.policy.evaluate.expressions import Evaluator

_SAME: Final = frozenset(
    {"ToList", "ToArray", "ToHashSet", "AsEnumerable", "Distinct", "OrderBy", "Cast", "OfType", "Reverse"}
)
_ASK: Final = frozenset({"Any", "All", "Exists", "TrueForAll", "Where", "Count", "First", "FirstOrDefault"})
_FIRST: Final = frozenset(
    {"First", "Single", "Last", "FirstOrDefault", "SingleOrDefault", "LastOrDefault", "Find"}
)


def invoke(evaluator: Evaluator, of: Sequence, text: str, nodes: list[cs.Expr]) -> Value:
    """``of.text(nodes)``.

    Raises:
        Thrown: There is no such item.
    """
    values = [evaluator.value(each) for each in nodes if not isinstance(each, cs.Declared)]
    predicate = values[0] if values and isinstance(values[0], Function) else None
    if values and predicate is None and text in _ASK:
        # A method given by its name instead of a lambda.
        return mixed(f"{show(of)}.{text}({show(values[0])})", *of.items, *values, at_least=By.OPAQUE)
    if text in _SAME:
        return of
    if text in {"Where", "FindAll"} and predicate is not None:
        return Sequence(_kept(evaluator, of, predicate), of.uploaded)
    if text in {"Select", "ConvertAll"} and predicate is not None:
        return Sequence(tuple(evaluator.apply(predicate, [item]) for item in of.items), of.uploaded)
    if text in {"Any", "Exists", "All", "TrueForAll"}:
        return _quantified(evaluator, of, text, predicate)
    if text in _FIRST:
        return _first(evaluator, of, text, predicate)
    if text == "Count":
        return Number(len(_kept(evaluator, of, predicate) if predicate is not None else of.items))
    if text == "Contains" and values:
        return member(evaluator.frame, of.items, values[0], _ignores_case(values[1:]))
    if text == "IndexOf" and values:
        return Number(0 if evaluator.frame.truth(member(evaluator.frame, of.items, values[0])) else -1)
    if text in {"ContainsKey", "TryGetValue", "GetValueOrDefault"} and values:
        return _keyed(evaluator, of, text, values, nodes)
    return mixed(f"{show(of)}.{text}({', '.join(map(show, values))})", *of.items, *values)


def _ignores_case(values: list[Value]) -> bool:
    return any(isinstance(each, TypeName) and each.name.endswith("IgnoreCase") for each in values)


def _kept(evaluator: Evaluator, of: Sequence, predicate: Value) -> tuple[Value, ...]:
    return tuple(item for item in of.items if evaluator.frame.truth(evaluator.apply(predicate, [item])))


def _quantified(evaluator: Evaluator, of: Sequence, text: str, predicate: Value | None) -> Value:
    if predicate is None:
        return Bool(bool(of.items))
    wanted = text in {"Any", "Exists"}
    answers = [evaluator.apply(predicate, [item]) for item in of.items]
    if len(answers) == 1:
        return answers[0]
    found = any(evaluator.frame.truth(each) is wanted for each in answers)
    return Bool(found is wanted)


def _first(evaluator: Evaluator, of: Sequence, text: str, predicate: Value | None) -> Value:
    items = _kept(evaluator, of, predicate) if predicate is not None else of.items
    if items:
        return items[-1 if text.startswith("Last") else 0]
    if text.endswith("OrDefault") or text == "Find":
        return NULL
    raise Thrown


def _keyed(evaluator: Evaluator, of: Sequence, text: str, values: list[Value], nodes: list[cs.Expr]) -> Value:
    """Dictionaries: by key."""
    frame = evaluator.frame
    keys = tuple(item.key for item in of.items if isinstance(item, Entry))
    keyed = not of.uploaded or isinstance(values[0], Text) or frame.truth(KEYED)
    there = keyed and frame.truth(member(frame, keys, values[0]))
    found: Value = NULL
    if there:
        entries = [item for item in of.items if isinstance(item, Entry)]
        found = entries[0].value if isinstance(values[0], Property) else index(frame, of, [values[0]])
    for each in nodes:
        if isinstance(each, cs.Declared):
            frame.locals[each.name] = found
    if text == "GetValueOrDefault":
        return found if there else values[1] if len(values) > 1 else NULL
    return TRUE if there else FALSE
