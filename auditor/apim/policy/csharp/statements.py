"""Statements. Loops, ``try``, ``switch``, ``using`` and the like are read whole but kept opaque.

Source: the C# language specification, "Statements".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.apim.policy.csharp import nodes as n
from auditor.apim.policy.csharp.expressions import ExpressionParser
from auditor.apim.policy.csharp.lexer import Sort


@dataclass(slots=True)
class _Inside:
    """What is found within an opaque statement."""

    expressions: list[n.Expr] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    statements: list[n.Statement] = field(default_factory=list)


class StatementParser(ExpressionParser):
    """The whole of the language that is read."""

    def block(self) -> n.Block:
        """Statements in braces."""
        at = self.expect("{").at
        found: list[n.Statement] = []
        while not self.take("}"):
            if self.token.sort is Sort.END:
                raise self.fault("'}' expected")
            found.append(self.statement())
        return n.Block(tuple(found), at=at)

    def statements(self) -> n.Block:
        """Statements up to the end of the source."""
        at = self.token.at
        found: list[n.Statement] = []
        while self.token.sort is not Sort.END:
            found.append(self.statement())
        return n.Block(tuple(found), at=at)

    def statement(self) -> n.Statement:
        """One statement."""
        self.enter()
        found = self._statement()
        self.leave()
        return found

    def _statement(self) -> n.Statement:
        token = self.token
        at = token.at
        if self.is_mark("{"):
            return self.block()
        if self.take(";"):
            return n.Empty(at=at)
        if token.sort is Sort.NAME:
            opaque = _OPAQUE.get(token.text)
            if opaque and not (token.text in {"checked", "unchecked"} and self.is_mark("(", ahead=1)):
                return self._opaque(token.text, opaque)
            match token.text:
                case "if":
                    return self._if()
                case "return" | "throw":
                    self.next()
                    value = None if self.is_mark(";") else self.expression()
                    self.expect(";")
                    return n.Return(value, at=at) if token.text == "return" else n.Throw(value, at=at)
                case "break" | "continue":
                    self.next()
                    self.expect(";")
                    return n.Jump(token.text, at=at)
                case _:
                    pass
        return self._declaration() or self._expression_statement()

    def _if(self) -> n.Statement:
        at = self.next().at
        self.expect("(")
        test = self.expression()
        self.expect(")")
        then = self.statement()
        otherwise = self.statement() if self.take("else") else None
        return n.If(test, then, otherwise, at=at)

    def _expression_statement(self) -> n.Statement:
        at = self.token.at
        value = self.expression()
        self.expect(";")
        return n.ExpressionStatement(value, at=at)

    def _declaration(self) -> n.Statement | None:
        """A local variable or function, if that is what begins here."""
        start, at = self.index, self.token.at
        constant = self.take("const")
        if self.is_word("static", "async") and self.is_name(1):
            self.next()
        kind = self.try_type() if not self.is_word("await") else None
        if kind is not None and self.is_name():
            if self.is_mark("=", ";", ",", ahead=1):
                found = n.Local(kind, self._variables(), constant, at=at)
                self.expect(";")
                return found
            if self.is_mark("(", "<", ahead=1):
                self.index = start
                return self._opaque("function", StatementParser.read_function)
        self.index = start
        return None

    def _variables(self) -> tuple[tuple[str, n.Expr | None], ...]:
        found: list[tuple[str, n.Expr | None]] = []
        while True:
            name = self.name()
            value: n.Expr | None = None
            if self.take("="):
                value = self.initializer() if self.is_mark("{") else self.expression()
            found.append((name, value))
            if not self.take(","):
                return tuple(found)

    # -- opaque ones -------------------------------------------------------------------------------------

    def _opaque(self, word: str, read: Callable[[StatementParser, _Inside], None]) -> n.Statement:
        at = self.token.at
        inside = _Inside()
        read(self, inside)
        source = self.source[at : self.tokens[self.index - 1].end]
        return n.Opaque(
            word, source, tuple(inside.expressions), tuple(inside.declared), tuple(inside.statements), at=at
        )

    def read_for(self, inside: _Inside) -> None:
        """``for (first; test; step) statement``."""
        self.next()
        self.expect("(")
        first = self._declaration()
        if first is not None:
            inside.statements.append(first)
        else:
            self._list(inside, ";")
        if not self.is_mark(";"):
            inside.expressions.append(self.expression())
        self.expect(";")
        self._list(inside, ")")
        inside.statements.append(self.statement())

    def _list(self, inside: _Inside, closing: str) -> None:
        while not self.take(closing):
            inside.expressions.append(self.expression())
            if not self.is_mark(closing):
                self.expect(",")

    def read_foreach(self, inside: _Inside) -> None:
        """``foreach (T name in values) statement``."""
        self.next()
        self.expect("(")
        if self.is_word("var") and self.is_mark("(", ahead=1):
            self.next()
            inside.declared += [parameter.name for parameter in self.parameters()]
        else:
            self.type()
            inside.declared.append(self.name())
        self.expect("in")
        inside.expressions.append(self.expression())
        self.expect(")")
        inside.statements.append(self.statement())

    def read_headed(self, inside: _Inside) -> None:
        """``while``, ``lock``: one expression, one statement."""
        self.next()
        self.expect("(")
        inside.expressions.append(self.expression())
        self.expect(")")
        inside.statements.append(self.statement())

    def read_do(self, inside: _Inside) -> None:
        """``do statement while (test);``."""
        self.next()
        inside.statements.append(self.statement())
        self.expect("while")
        self.expect("(")
        inside.expressions.append(self.expression())
        self.expect(")")
        self.expect(";")

    def read_try(self, inside: _Inside) -> None:
        """``try``, ``catch`` with its filter, ``finally``."""
        self.next()
        inside.statements.append(self.block())
        while self.take("catch"):
            if self.take("("):
                self.type()
                if self.is_name():
                    inside.declared.append(self.name())
                self.expect(")")
            if self.take("when"):
                self.expect("(")
                inside.expressions.append(self.expression())
                self.expect(")")
            inside.statements.append(self.block())
        if self.take("finally"):
            inside.statements.append(self.block())

    def read_using(self, inside: _Inside) -> None:
        """``using (…) statement`` and ``using var x = …;``."""
        self.next()
        if not self.take("("):  # using var x = …;
            found = self._declaration()
            if found is None:
                raise self.fault("'(' expected")
            inside.statements.append(found)
            return
        start = self.index
        kind = self.try_type()
        if kind is not None and self.is_name() and self.is_mark("=", ahead=1):
            inside.statements.append(n.Local(kind, self._variables(), at=kind.at))
        else:
            self.index = start
            inside.expressions.append(self.expression())
        self.expect(")")
        inside.statements.append(self.statement())

    def read_switch(self, inside: _Inside) -> None:
        """``switch (value) { case …: … }``, patterns by type included."""
        self.next()
        self.expect("(")
        inside.expressions.append(self.expression())
        self.expect(")")
        self.expect("{")
        while not self.take("}"):
            if self.take("default"):
                self.expect(":")
            elif self.take("case"):
                self._case(inside)
            else:
                inside.statements.append(self.statement())

    def _case(self, inside: _Inside) -> None:
        start = self.index
        kind = self.try_type(operand=True)
        if kind is not None and self.is_name() and not self.is_word("when"):
            inside.declared.append(self.name())
        elif kind is None or not (self.is_mark(":") or self.is_word("when")):
            self.index = start
            inside.expressions.append(self.expression())
        if self.take("when"):
            inside.expressions.append(self.expression())
        self.expect(":")

    def read_bare(self, inside: _Inside) -> None:
        """``checked { … }``."""
        self.next()
        inside.statements.append(self.block())

    def read_function(self, inside: _Inside) -> None:
        """A local function, with braces or ``=>``."""
        while self.is_word("static", "async"):
            self.next()
        self.type()
        inside.declared.append(self.name())
        self.try_type_arguments()
        inside.declared += [parameter.name for parameter in self.parameters()]
        if self.take("=>"):
            inside.expressions.append(self.expression())
            self.expect(";")
        else:
            inside.statements.append(self.block())


_OPAQUE: dict[str, Callable[[StatementParser, _Inside], None]] = {
    "for": StatementParser.read_for,
    "foreach": StatementParser.read_foreach,
    "while": StatementParser.read_headed,
    "do": StatementParser.read_do,
    "try": StatementParser.read_try,
    "switch": StatementParser.read_switch,
    "using": StatementParser.read_using,
    "lock": StatementParser.read_headed,
    "checked": StatementParser.read_bare,
    "unchecked": StatementParser.read_bare,
}
