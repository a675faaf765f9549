"""Functions that take a lambda.

Source: "ARM template functions – lambda". What a lambda stands for in a canonical text is its body's value
with unknown lambda variables: so what the body takes from around it is part of the text.
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import Final

from auditor.arm.canonical import derived, shorten, unknown_of
from auditor.arm.functions_logic import truth
from auditor.arm.scope import Context, Evaluator, Lazy, Undecided, literal
from auditor.arm.syntax import Call, Node
from auditor.model.values import Json, PartialList, PartialObject, Unresolved


class _Unclear(Exception):  # noqa: N818 - a comparison that cannot be decided
    def __init__(self, value: Json) -> None:
        super().__init__()
        self.value = value


class _Lambda:
    """The lambda among a call's arguments."""

    def __init__(self, evaluator: Evaluator, node: Node, context: Context) -> None:
        if not isinstance(node, Call) or node.name.casefold() != "lambda" or not node.arguments:
            raise Undecided("it needs a lambda")
        *names, self.body = node.arguments
        self.names = [literal(name).casefold() for name in names]
        self.evaluator = evaluator
        self.context = context

    def __call__(self, *values: Json) -> Json:
        names = dict(zip(self.names, values, strict=False))
        return self.evaluator.node(self.body, self.context.binding(names))

    def text(self) -> str:
        """The lambda in canonical form."""
        unknown = [
            Unresolved(f"lambdaVariables('{name}')", "it stands for each element") for name in self.names
        ]
        names = [f"'{name}'" for name in self.names]
        return f"lambda({', '.join([*names, self.context.scope.run.printer.show(self(*unknown))])})"


def _whole(
    name: str, values: list[Json], lambdas: list[_Lambda], context: Context, reason: str = ""
) -> Unresolved:
    shown = [context.scope.run.printer.show(value) for value in values]
    unknown = next((found for value in values if (found := unknown_of(value))), None)
    text = shorten(f"{name}({', '.join([*shown, *(item.text() for item in lambdas)])})")
    return derived(text, reason or (unknown.reason if unknown else "it depends on values that are not known"))


def _map(evaluator: Evaluator, call: Call, context: Context) -> Json:
    items = evaluator.node(call.arguments[0], context)
    change = _Lambda(evaluator, call.arguments[1], context)
    if not isinstance(items, list):
        return _whole("map", [items], [change], context)
    result = [change(item, index) for index, item in enumerate(items)]
    if isinstance(items, PartialList):
        return PartialList(result, _whole("map", [items], [change], context))
    return result


def _filter(evaluator: Evaluator, call: Call, context: Context) -> Json:
    items = evaluator.node(call.arguments[0], context)
    keep = _Lambda(evaluator, call.arguments[1], context)
    if not isinstance(items, list):
        return _whole("filter", [items], [keep], context)
    results = [keep(item, index) for index, item in enumerate(items)]
    decided = [truth(result) for result in results]
    kept = [item for item, wanted in zip(items, decided, strict=True) if wanted]
    if None not in decided and not isinstance(items, PartialList):
        return kept
    unclear = next((found for result in results if (found := unknown_of(result))), None)
    return PartialList(kept, _whole("filter", [items], [keep], context, unclear.reason if unclear else ""))


def _reduce(evaluator: Evaluator, call: Call, context: Context) -> Json:
    items = evaluator.node(call.arguments[0], context)
    value = evaluator.node(call.arguments[1], context)
    fold = _Lambda(evaluator, call.arguments[2], context)
    if not isinstance(items, list) or isinstance(items, PartialList):
        return _whole("reduce", [items, value], [fold], context)
    for index, item in enumerate(items):
        value = fold(value, item, index)
    return value


def _sort(evaluator: Evaluator, call: Call, context: Context) -> Json:
    items = evaluator.node(call.arguments[0], context)
    before = _Lambda(evaluator, call.arguments[1], context)
    if not isinstance(items, list) or isinstance(items, PartialList):
        return _whole("sort", [items], [before], context)

    def compare(left: Json, right: Json) -> int:
        if truth(result := before(left, right)):
            return -1
        if truth(result) is None:
            raise _Unclear(result)
        return 1 if truth(before(right, left)) else 0

    try:
        return sorted(items, key=cmp_to_key(compare))
    except _Unclear as unclear:
        unknown = unknown_of(unclear.value)
        return _whole("sort", [items], [before], context, unknown.reason if unknown else "")


def _to_object(evaluator: Evaluator, call: Call, context: Context) -> Json:
    items = evaluator.node(call.arguments[0], context)
    lambdas = [_Lambda(evaluator, node, context) for node in call.arguments[1:]]
    if not isinstance(items, list):
        return _whole("toObject", [items], lambdas, context)
    result: dict[str, Json] = {}
    why = _whole("toObject", [items], lambdas, context) if isinstance(items, PartialList) else None
    for item in items:
        key = lambdas[0](item)
        if not isinstance(key, str):
            why = unknown_of(key) or Unresolved("(key)", "a key must be a text")
        result[str(key)] = lambdas[1](item) if len(lambdas) > 1 else item
    return result if why is None else PartialObject(result, why)


def _map_values(evaluator: Evaluator, call: Call, context: Context) -> Json:
    value = evaluator.node(call.arguments[0], context)
    change = _Lambda(evaluator, call.arguments[1], context)
    if not isinstance(value, dict):
        return _whole("mapValues", [value], [change], context)
    result = {key: change(item) for key, item in value.items()}
    return PartialObject(result, value.why) if isinstance(value, PartialObject) else result


def _group_by(evaluator: Evaluator, call: Call, context: Context) -> Json:
    items = evaluator.node(call.arguments[0], context)
    choose = _Lambda(evaluator, call.arguments[1], context)
    keys = [choose(item) for item in items] if isinstance(items, list) else [None]
    if isinstance(items, PartialList) or not all(isinstance(key, str) for key in keys):
        return _whole("groupBy", [items], [choose], context)
    result: dict[str, Json] = {}
    for key, item in zip(keys, items, strict=True):
        result.setdefault(str(key), []).append(item)
    return result


def _variable(evaluator: Evaluator, call: Call, context: Context) -> Json:  # noqa: ARG001
    name = literal(call.arguments[0])
    if name.casefold() in context.names:
        return context.names[name.casefold()]
    raise Undecided(f"there is no lambda variable '{name}' here")


LAZY: Final[dict[str, Lazy]] = {
    "map": _map,
    "filter": _filter,
    "reduce": _reduce,
    "sort": _sort,
    "toObject": _to_object,
    "mapValues": _map_values,
    "groupBy": _group_by,
    "lambdaVariables": _variable,
}
