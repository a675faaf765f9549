"""The grammar of template expressions: reading one, printing one.

Source: "ARM template syntax and expressions" (escape characters, the ``[ ]`` delimiters) and "Access
properties and array elements" in the documentation of Azure Resource Manager. The safe accesses ``.?x`` and
``[?x]`` are read too, in either order of their marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

MAX_DEPTH: Final = 60
"""Calls within calls; Azure's own limit is on the length of the text (24,576 characters)."""
MAX_ACCESSES: Final = 100
_MAX_DIGITS: Final = 19

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<string>'[^']*(?:''[^']*)*')
    | (?P<number>-?[0-9]+)
    | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<mark>\.\?|\?\.|\[\?|[()\[\],.])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a whole number written in an expression."""

    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; a user-defined one carries its namespace: ``contoso.name``."""

    name: str
    arguments: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Property:
    """A member taken by name: ``target.name``; a safe one gives null where there is none."""

    target: Node
    name: str
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """A member or element taken by a computed key: ``target[index]``."""

    target: Node
    index: Node
    safe: bool = False


Node: TypeAlias = Literal | Call | Property | Index


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a text is not an expression, and where in it that shows."""

    problem: str
    position: int


class _SyntaxProblem(Exception):  # noqa: N818 - a finding about a text
    def __init__(self, problem: str, position: int) -> None:
        super().__init__(problem)
        self.found = Malformed(problem, position)


def expression_in(text: str) -> str | None:
    """The expression a template's text stands for, without its brackets; None when the text is literal."""
    if len(text) > 1 and text[0] == "[" and text[-1] == "]" and text[1] != "[":
        return text[1:-1]
    return None


def literal_text(text: str) -> str:
    """What a text that is not an expression means: a doubled opening bracket stands for one."""
    return text[1:] if text.startswith("[[") else text


@lru_cache(maxsize=8192)
def parse(text: str) -> Node | Malformed:
    """Read an expression (without its surrounding brackets). Never raises."""
    try:
        return _Parser(text).whole()
    except _SyntaxProblem as problem:
        return problem.found


def quote(text: str) -> str:
    """A text as a literal of the language."""
    return "'" + text.replace("'", "''") + "'"


def access(name: str, safe: bool = False) -> str:
    """How taking the member ``name`` is written."""
    if _IDENTIFIER.match(name):
        return f".?{name}" if safe else f".{name}"
    return f"[?{quote(name)}]" if safe else f"[{quote(name)}]"


def show(node: Node) -> str:
    """Print an expression so that reading it again gives the same tree."""
    tail: list[str] = []
    while isinstance(node, Property | Index):
        if isinstance(node, Property):
            tail.append((".?" if node.safe else ".") + node.name)
        else:
            tail.append(("[?" if node.safe else "[") + show(node.index) + "]")
        node = node.target
    if isinstance(node, Call):
        head = f"{node.name}({', '.join(show(argument) for argument in node.arguments)})"
    else:
        head = quote(node.value) if isinstance(node.value, str) else str(node.value)
    return head + "".join(reversed(tail))


class _Parser:
    """Recursive descent over one text; ``kind`` and ``text`` are of the token not yet consumed."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.start = 0
        self.kind = ""
        self.text = ""
        self.advance()

    def advance(self) -> None:
        found = _TOKEN.match(self.source, self.position)
        if found is None or found.lastgroup is None:
            raise _SyntaxProblem("there is a character that no expression has", self.position)
        self.kind = found.lastgroup
        self.text = found[self.kind]
        self.start = found.start(self.kind)
        self.position = found.end()

    def fail(self, problem: str) -> _SyntaxProblem:
        return _SyntaxProblem(problem, self.start)

    def accept(self, mark: str) -> bool:
        if self.kind == "mark" and self.text == mark:
            self.advance()
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            raise self.fail(f"'{mark}' is missing")

    def whole(self) -> Node:
        node = self.expression(0)
        if self.kind != "end":
            raise self.fail("there is more after the end of the expression")
        return node

    def expression(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.fail(f"it is nested more than {MAX_DEPTH} levels deep")
        node = self.primary(depth)
        for _ in range(MAX_ACCESSES):
            if self.kind != "mark" or self.text not in (".", ".?", "?.", "[", "[?"):
                return node
            mark = self.text
            self.advance()
            if mark in ("[", "[?"):
                node = Index(node, self.expression(depth + 1), mark == "[?")
                self.expect("]")
            else:
                node = Property(node, self.name("the name of a member is missing"), mark != ".")
        raise self.fail(f"there are more than {MAX_ACCESSES} accesses in a row")

    def name(self, problem: str) -> str:
        if self.kind != "name":
            raise self.fail(problem)
        text = self.text
        self.advance()
        return text

    def primary(self, depth: int) -> Node:
        text = self.text
        if self.kind == "string":
            self.advance()
            return Literal(text[1:-1].replace("''", "'"))
        if self.kind == "number":
            if len(text) > _MAX_DIGITS:
                raise self.fail("a number is too long")
            self.advance()
            return Literal(int(text))
        name = self.name("a function, a text or a number is missing")
        while self.accept("."):
            name += "." + self.name("the name of a function is missing")
        self.expect("(")
        arguments: list[Node] = []
        if not self.accept(")"):
            arguments.append(self.expression(depth + 1))
            while self.accept(","):
                arguments.append(self.expression(depth + 1))
            self.expect(")")
        return Call(name, tuple(arguments))
