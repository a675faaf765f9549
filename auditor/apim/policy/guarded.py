"""Whether something compares what a caller says with what is allowed, before it is used.

That it does says nothing of how well: a person has to look. A question whether there is a value at all (null,
empty, ``ContainsKey``) is no such comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.urls import chain

_COMPARES: Final = frozenset(
    {"All", "Any", "Contains", "ContainsKey", "EndsWith", "Equals", "Exists", "IndexOf", "IsMatch"}
    | {"Match", "StartsWith", "TryGetValue"}
)
Source = tuple[str, str]
"""Where a value comes from: ``context.Request.Headers`` and the key, or ``context.Variables`` and a name."""


def guarded(spot: Spot, code: Code, sheet: Sheet) -> bool:
    """Whether a condition of the document, or of the code itself, compares what the value is made of."""
    sources, writers = _followed(code, sheet)
    if not sources:
        return False
    if _headers_checked(sources, sheet):
        return True
    tests = [*_own_tests(code)]
    for used in (spot, *writers):
        tests += [test for choose in _chooses(used) for test in _conditions(used, choose)]
    tests += _refusing(spot, sheet)
    return any(_compares(test, sources) for test in tests)


def sources_in(node: cs.Node) -> Iterator[Source]:
    """Every header, parameter, part of a body and variable that code reads."""
    for each in cs.walk(node):
        match each:
            case cs.Index(target=target, arguments=arguments) if arguments:
                yield from _source(target, arguments[0].value)
            case cs.Call(function=cs.Member(target=target, name=name), arguments=arguments) if arguments:
                if name in {"GetValueOrDefault", "TryGetValue"}:
                    yield from _source(target, arguments[0].value)
            case cs.Member(target=target, name=name) if chain(target) == ("context", "Request"):
                if name not in {"Headers", "MatchedParameters"}:
                    yield (f"context.Request.{name}", "")


def _source(target: cs.Expr, key: cs.Expr) -> Iterator[Source]:
    where = ".".join(chain(target))
    if where.startswith(("context.Request.", "context.Variables")) and isinstance(key, cs.String):
        yield (where, key.text.casefold())


def _followed(code: Code, sheet: Sheet) -> tuple[frozenset[Source], list[Spot]]:
    """What a value is made of, variables of this document followed, and the statements that write those."""
    found: set[Source] = set()
    writers: list[Spot] = []
    waiting = [code]
    while waiting:
        tree = waiting.pop().tree
        for source in sources_in(tree) if tree is not None else ():
            if source in found:
                continue
            found.add(source)
            if source[0] == "context.Variables":
                for name, spots in sheet.writers.items():
                    if name.casefold() == source[1]:
                        writers += spots
                        waiting += [value for spot in spots if (value := spot.code("value")) is not None]
    return frozenset(found), writers


def _own_tests(code: Code) -> Iterator[cs.Expr]:
    if code.tree is None:
        return
    for node in cs.walk(code.tree):
        if isinstance(node, cs.If | cs.Conditional):
            yield node.test
        elif isinstance(node, cs.Opaque):
            yield from node.expressions


def _chooses(spot: Spot) -> Iterator[Spot]:
    """Every ``choose`` a statement stands in."""
    for depth, parent in enumerate(spot.parents):
        if parent.name == "choose":
            yield Spot(parent, spot.section, spot.parents[:depth], spot.library)


def _conditions(_: Spot, choose: Spot) -> Iterator[cs.Expr]:
    for when in choose.element.find_all("when"):
        code = choose.below(when).code("condition")
        if code is not None and code.tree is not None and not isinstance(code.tree, cs.Block):
            yield code.tree
        elif code is not None and code.tree is not None:
            yield from (node for node in cs.walk(code.tree) if isinstance(node, cs.Binary | cs.Call))


def _refusing(spot: Spot, sheet: Sheet) -> list[cs.Expr]:
    """Conditions of a ``choose`` further up that answers instead of going on."""
    found: list[cs.Expr] = []
    for choose in sheet.named("choose"):
        if choose.element.start < spot.element.start and any(
            each.name == "return-response" for each in choose.element.walk()
        ):
            found += _conditions(spot, choose)
    return found


def _headers_checked(sources: frozenset[Source], sheet: Sheet) -> bool:
    """Whether ``check-header`` names the values that a header may have."""
    return any(
        ("context.Request.Headers", (check.element.word("name") or "").casefold()) in sources
        and check.element.find("value") is not None
        for check in sheet.named("check-header")
    )


def _compares(test: cs.Node, sources: frozenset[Source]) -> bool:
    for node in cs.walk(test):
        match node:
            case cs.Binary(operator="==" | "!=", left=left, right=right):
                if any(
                    _mentions(one, sources) and not _nothing(other)
                    for one, other in ((left, right), (right, left))
                ):
                    return True
            case cs.Call(function=cs.Member(target=target, name=name), arguments=arguments):
                asked = [argument.value for argument in arguments]
                if (
                    name in _COMPARES
                    and not _presence(target, name)
                    and any(_mentions(each, sources) for each in (target, *asked))
                ):
                    return True
            case _:
                pass
    return False


def _mentions(node: cs.Node, sources: frozenset[Source]) -> bool:
    return any(source in sources for source in sources_in(node))


def _presence(target: cs.Expr, name: str) -> bool:
    """``Headers.ContainsKey``, ``Variables.TryGetValue``: whether there is a value at all."""
    where = ".".join(chain(target))
    return name in {"ContainsKey", "TryGetValue"} and where.startswith(
        ("context.Request", "context.Variables")
    )


def _nothing(node: cs.Expr) -> bool:
    """Null, an empty text, or a length."""
    match node:
        case cs.Null() | cs.Boolean() | cs.Number():
            return True
        case cs.String(parts=parts):
            return not any(parts)
        case cs.Member(target=cs.Name(name="string" | "String"), name="Empty"):
            return True
        case _:
            return False
