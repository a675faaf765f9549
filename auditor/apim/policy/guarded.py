"""Whether something compares what a caller says with what is allowed, before it is used.

That it does says nothing of how well: a person has to look. A question whether there is a value at all (null,
empty, ``ContainsKey``) is no such comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import Element
from auditor.apim.policy.urls import chain

_COMPARES: Final = frozenset(
    {"All", "Any", "Contains", "ContainsKey", "EndsWith", "Equals", "Exists", "IndexOf", "IsMatch"}
    | {"Match", "StartsWith", "TryGetValue"}
)
Source = tuple[str, str]
"""Where a value comes from: ``context.Request.Headers`` and the key, ``context.Variables`` and a name.

Both are in lower case, the key; a local variable of code has no first part.
"""


@dataclass(frozen=True, eq=False)
class Guards:
    """What the conditions of one document compare; gone through once."""

    sheet: Sheet
    _around: dict[Element, frozenset[Source]] = field(default_factory=dict)

    def cover(self, word: cs.Expr, spot: Spot, code: Code) -> bool:
        """Whether a condition of the document, or of the code itself, compares what the caller says.

        Args:
            word: What the caller says, as it stands in the code or in the code of a variable.
            spot: The statement that uses it.
            code: The value of that statement.
        """
        sources, writers = self._followed(frozenset(sources_in(word)), code)
        if sources & self._headers:
            return True
        if any(self._refused.get(source, spot.element.start) < spot.element.start for source in sources):
            return True
        return any(
            _own(value, sources) or sources & self._chosen(used) for used, value in ((spot, code), *writers)
        )

    def _followed(
        self, word: frozenset[Source], code: Code
    ) -> tuple[frozenset[Source], list[tuple[Spot, Code]]]:
        """A source with the variables that carry it to a value, and the statements that write those."""
        carries: dict[Source, list[tuple[Source, Spot, Code]]] = {}
        seen: set[Source] = set()
        waiting = [code]
        while waiting:
            for variable in _variables(waiting.pop()) - seen:
                seen.add(variable)
                for spot, value in self._writers.get(variable[1], ()):
                    waiting.append(value)
                    for source in sources_in(value.tree) if value.tree is not None else ():
                        carries.setdefault(source, []).append((variable, spot, value))
        sources: set[Source] = set()
        writers: list[tuple[Spot, Code]] = []
        reached = list(word)
        while reached:
            source = reached.pop()
            if source not in sources:
                sources.add(source)
                for variable, spot, value in carries.get(source, ()):
                    writers.append((spot, value))
                    reached.append(variable)
        return frozenset(sources), writers

    def _chosen(self, spot: Spot) -> frozenset[Source]:
        """What the conditions of every ``choose`` around a statement compare."""
        found: frozenset[Source] = frozenset()
        for depth, parent in enumerate(spot.parents):
            if parent.name == "choose":
                if parent not in self._around:
                    choose = Spot(parent, spot.section, spot.parents[:depth], spot.library)
                    self._around[parent] = _conditions(choose)
                found |= self._around[parent]
        return found

    @cached_property
    def _writers(self) -> dict[str, list[tuple[Spot, Code]]]:
        """Statements that write a variable with the value they give it, by its name in lower case."""
        found: dict[str, list[tuple[Spot, Code]]] = {}
        for name, spots in self.sheet.writers.items():
            for spot in spots:
                value = spot.code("value")
                if value is not None:
                    found.setdefault(name.casefold(), []).append((spot, value))
        return found

    @cached_property
    def _refused(self) -> dict[Source, int]:
        """What a ``choose`` compares that answers instead of going on, with where the first one stands."""
        found: dict[Source, int] = {}
        for answer in self.sheet.named("return-response"):
            for source in self._chosen(answer):
                found.setdefault(source, answer.element.start)
        return found

    @cached_property
    def _headers(self) -> frozenset[Source]:
        """Headers whose values ``check-header`` names."""
        return frozenset(
            ("context.Request.Headers", (check.element.word("name") or "").casefold())
            for check in self.sheet.named("check-header")
            if check.element.find("value") is not None
        )


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


def _variables(code: Code) -> set[Source]:
    found = sources_in(code.tree) if code.tree is not None else ()
    return {source for source in found if source[0] == "context.Variables"}


def _conditions(choose: Spot) -> frozenset[Source]:
    codes = (choose.below(when).code("condition") for when in choose.element.find_all("when"))
    return frozenset(
        source
        for code in codes
        if code is not None and code.tree is not None
        for source in _compared(code.tree)
    )


def _own(code: Code, sources: frozenset[Source]) -> bool:
    """Whether a condition within code compares a source, or a local variable that holds it."""
    if code.tree is None:
        return False
    known = sources | _locals(code.tree, sources)
    for node in cs.walk(code.tree):
        tests: tuple[cs.Node, ...] = ()
        if isinstance(node, cs.If | cs.Conditional):
            tests = (node.test,)
        elif isinstance(node, cs.Opaque):
            tests = node.expressions
        if any(not known.isdisjoint(_compared(test)) for test in tests):
            return True
    return False


def _locals(tree: cs.Node, sources: frozenset[Source]) -> frozenset[Source]:
    """Local variables of code that hold what is followed."""
    holders: dict[Source, list[Source]] = {}
    for node in cs.walk(tree):
        for name, value in _given(node):
            for source in _mentioned(value) if value is not None else ():
                holders.setdefault(source, []).append(("", name))
    found: set[Source] = set()
    reached = [holder for source in sources for holder in holders.get(source, ())]
    while reached:
        local = reached.pop()
        if local not in found:
            found.add(local)
            reached += holders.get(local, ())
    return frozenset(found)


def _given(node: cs.Node) -> Iterator[tuple[str, cs.Expr | None]]:
    if isinstance(node, cs.Local):
        yield from node.variables
    elif isinstance(node, cs.Assignment) and isinstance(node.target, cs.Name):
        yield node.target.name, node.value
    elif isinstance(node, cs.Call):
        for argument in node.arguments:
            if argument.modifier == "out" and isinstance(argument.value, cs.Declared | cs.Name):
                yield argument.value.name, node


def _mentioned(node: cs.Node) -> Iterator[Source]:
    yield from sources_in(node)
    yield from (("", each.name) for each in cs.walk(node) if isinstance(each, cs.Name))


def _compared(test: cs.Node) -> Iterator[Source]:
    """What a condition holds against something."""
    for node in cs.walk(test):
        match node:
            case cs.Binary(operator="==" | "!=", left=left, right=right):
                for one, other in ((left, right), (right, left)):
                    if not _nothing(other):
                        yield from _mentioned(one)
            case cs.Call(function=cs.Member(target=target, name=name), arguments=arguments):
                if name in _COMPARES and not _presence(target, name):
                    for each in (target, *(argument.value for argument in arguments)):
                        yield from _mentioned(each)
            case _:
                pass


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
