"""The template functions that rules of Azure Policy hold: ``[if(equals(parameters('x'), 'y'), 'a', 'b')]``.

Source: "Azure Policy definition structure policy rule", section "Policy functions". Written apart from the
evaluator of ARM templates, so that a mistake in the one is not a mistake in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>-?\d+)|'(?P<text>(?:[^']|'')*)'|(?P<mark>.))"
)


class UnsupportedError(Exception):
    """The rule uses something that this evaluator does not know."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the input leaves open."""

    present: bool = False
    """There is one, whatever it is: a secret that was removed when the data came in."""


UNKNOWN: Final = Unknown()
HIDDEN: Final = Unknown(present=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of what another expression gives."""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: str | int


Node: TypeAlias = Call | Member | Constant
Lookup: TypeAlias = Callable[[str], Any]


def is_expression(value: object) -> bool:
    """Whether a string of a rule is to be evaluated; ``[[`` begins a literal bracket."""
    return isinstance(value, str) and value.startswith("[") and value.endswith("]") and value[1:2] != "["


def parse(text: str) -> Node:
    """The tree of an expression, given with its brackets.

    Raises:
        UnsupportedError: It is not an expression of the grammar.
    """
    tokens = list(_TOKEN.finditer(text[1:-1].rstrip()))
    node, rest = _node(tokens, 0)
    if rest != len(tokens):
        raise UnsupportedError(text)
    return node


def _mark(tokens: list[re.Match[str]], at: int) -> str:
    return (tokens[at]["mark"] or "") if at < len(tokens) else ""


def _node(tokens: list[re.Match[str]], at: int) -> tuple[Node, int]:
    if at >= len(tokens):
        raise UnsupportedError("the expression ends early")
    token, at = tokens[at], at + 1
    node: Node
    if token["text"] is not None:
        node = Constant(token["text"].replace("''", "'"))
    elif token["number"] is not None:
        node = Constant(int(token["number"]))
    elif token["name"] is not None and _mark(tokens, at) == "(":
        arguments, at = _arguments(tokens, at + 1)
        node = Call(token["name"].casefold(), arguments)
    else:
        raise UnsupportedError(token[0])
    while _mark(tokens, at) == ".":
        node, at = Member(node, tokens[at + 1]["name"]), at + 2
    return node, at


def _arguments(tokens: list[re.Match[str]], at: int) -> tuple[tuple[Node, ...], int]:
    found: list[Node] = []
    while _mark(tokens, at) != ")":
        node, at = _node(tokens, at)
        found.append(node)
        if _mark(tokens, at) == ",":
            at += 1
        elif _mark(tokens, at) != ")":
            raise UnsupportedError("a comma or a bracket is missing")
    return tuple(found), at + 1


def evaluate(node: Node, lookups: Mapping[str, Lookup]) -> Any:
    """The value of an expression.

    Args:
        node: From :func:`parse`.
        lookups: ``parameters``, ``field`` and ``current``: what each gives for a name.

    Raises:
        UnsupportedError: It calls a function that is not among those here.
    """
    match node:
        case Constant(value):
            return value
        case Member(of, name):
            whole = evaluate(of, lookups)
            if isinstance(whole, Mapping):
                return next((item for key, item in whole.items() if key.casefold() == name.casefold()), None)
            return UNKNOWN
        case Call("if", (asked, then, otherwise)):
            condition = evaluate(asked, lookups)
            return (
                UNKNOWN
                if isinstance(condition, Unknown)
                else evaluate(then if condition else otherwise, lookups)
            )
        case Call("requestcontext", ()):
            return {"apiVersion": UNKNOWN}
        case Call(name, (Constant(str(of)),)) if name in lookups:
            return lookups[name](of)
        case Call(name, arguments):
            values = [evaluate(argument, lookups) for argument in arguments]
            if name not in _FUNCTIONS:
                raise UnsupportedError(f"{name}()")
            hidden = any(isinstance(value, Unknown) for value in values)
            return UNKNOWN if hidden else _FUNCTIONS[name](*values)


def _same(one: Any, other: Any) -> bool:
    """``equals()`` of templates: strings by case, unlike the condition of the same name."""
    return type(one) is type(other) and one == other


def _contains(whole: Any, part: Any) -> bool:
    return part.casefold() in (key.casefold() for key in whole) if isinstance(whole, dict) else part in whole


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "and": lambda *given: all(given),
    "concat": lambda *given: list(chain(*given)) if isinstance(given[0], list) else "".join(map(str, given)),
    "contains": _contains,
    "empty": lambda given: len(given) == 0,
    "equals": _same,
    "first": lambda given: given[0] if len(given) else None,
    "greater": lambda one, other: one > other,
    "length": len,
    "less": lambda one, other: one < other,
    "not": lambda given: not given,
    "or": lambda *given: any(given),
    "replace": lambda text, old, new: text.replace(old, new),
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
}
