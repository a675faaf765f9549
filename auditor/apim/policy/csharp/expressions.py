"""Expressions, by precedence climbing: each operator takes what binds at least as strongly as it does.

Source: the C# language specification, "Operator precedence and associativity", "Cast expressions" (how
``(x)`` before an operand is told from brackets) and "Grammar ambiguities" (how ``a<b>(c)`` is told from two
comparisons).
"""

from __future__ import annotations

from typing import Final

from auditor.apim.policy.csharp import nodes as n
from auditor.apim.policy.csharp.cursor import BUILT_IN, RESERVED
from auditor.apim.policy.csharp.lexer import Sort
from auditor.apim.policy.csharp.primaries import PrimaryParser

PRECEDENCE: Final = {
    "??": 2, "||": 3, "&&": 4, "|": 5, "^": 6, "&": 7, "==": 8, "!=": 8, "<": 9, ">": 9, "<=": 9, ">=": 9,
    "is": 9, "as": 9, "<<": 10, ">>": 10, "+": 11, "-": 11, "*": 12, "/": 12, "%": 12,
}  # fmt: skip
ASSIGNMENTS: Final = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "??="})
_PREFIXES: Final = frozenset({"!", "-", "+", "~", "++", "--"})
_OPERANDS: Final = frozenset(
    {Sort.NUMBER, Sort.CHARACTER, Sort.STRING, Sort.QUOTED, Sort.INTERPOLATED, Sort.NAMED, Sort.FILLED}
)
_OPERAND_WORDS: Final = frozenset(
    {"null", "true", "false", "new", "typeof", "default", "sizeof", "checked", "unchecked", "delegate"}
)


class ExpressionParser(PrimaryParser):
    """Operators, casts, lambdas and assignments."""

    def expression(self) -> n.Expr:
        """A whole expression, assignments included."""
        self.enter()
        at = self.token.at
        if self.is_lambda():
            found = self.lambda_expression()
        elif self.is_word("throw"):
            self.next()
            found = n.ThrowExpr(self.expression(), at=at)
        else:
            found = self._conditional()
        self.leave()
        return found

    def _conditional(self) -> n.Expr:
        left = self.binary(2)
        at = self.token.at
        if self.take("?"):
            then = self.expression()
            self.expect(":")
            return n.Conditional(left, then, self.expression(), at=at)
        operator = self.token.text
        if self.is_mark(">") and self.is_mark(">=", ahead=1) and self.ahead().at == at + 1:
            self.next()
            operator = ">>="
        elif not self.is_mark(*ASSIGNMENTS):
            return left
        self.next()
        return n.Assignment(operator, left, self.expression(), at=at)

    def _operator(self) -> str:
        """The binary operator at hand; empty where there is none."""
        token = self.token
        if token.sort is Sort.NAME:
            return token.text if token.text in {"is", "as"} else ""
        if token.sort is not Sort.MARK:
            return ""
        if token.text == ">" and self.is_mark(">", ">=", ahead=1) and self.ahead().at == token.end:
            return ">>" if self.is_mark(">", ahead=1) else ""
        return token.text if token.text in PRECEDENCE else ""

    def binary(self, least: int) -> n.Expr:
        """Operands with the operators between them that bind at least so strongly."""
        left = self.unary()
        while (operator := self._operator()) and PRECEDENCE[operator] >= least:
            at = self.token.at
            self.index += 2 if operator == ">>" else 1
            if operator == "is":
                left = self._is(left, at)
            elif operator == "as":
                left = n.As(left, self._operand_type(), at=at)
            elif operator == "??":
                left = n.Coalesce(left, self._right_of_coalesce(), at=at)
            else:
                left = n.Binary(operator, left, self.binary(PRECEDENCE[operator] + 1), at=at)
        return left

    def _right_of_coalesce(self) -> n.Expr:
        self.enter()
        at = self.token.at
        if self.take("throw"):
            found: n.Expr = n.ThrowExpr(self.expression(), at=at)
        else:
            found = self.binary(PRECEDENCE["??"])
        self.leave()
        return found

    def _operand_type(self) -> n.Type:
        found = self.try_type(operand=True)
        if found is None:
            raise self.fault("a type expected")
        return found

    def _is(self, left: n.Expr, at: int) -> n.Expr:
        negated = self.is_word("not") and not self.is_mark(")", ".", "<", ";", ",", "&&", "||", ahead=1)
        if negated:
            self.next()
        found = self.try_type(operand=True)
        if found is None:
            return n.Is(left, constant=self.binary(PRECEDENCE["<<"]), negated=negated, at=at)
        name = None
        if self.is_name() and not self.is_word("and", "or", "when", "not"):
            name = self.name()
        return n.Is(left, found, name, negated=negated, at=at)

    def unary(self) -> n.Expr:
        """An operand with what stands before it: a sign, a cast, ``await``."""
        at = self.token.at
        if self.token.sort is Sort.MARK and self.token.text in _PREFIXES:
            operator = self.next().text
            return n.Unary(operator, self._nested_unary(), at=at)
        if self.is_word("await") and (self.is_name(1) or self.ahead().sort in _OPERANDS):
            self.next()
            return n.Unary("await", self._nested_unary(), at=at)
        if self.is_mark("("):
            start = self.index
            self.next()
            kind = self.try_type()
            if kind is not None and self.take(")") and self._operand_follows(kind):
                return n.Cast(kind, self._nested_unary(), at=at)
            self.index = start
        return self.primary()

    def _nested_unary(self) -> n.Expr:
        self.enter()
        found = self.unary()
        self.leave()
        return found

    def _operand_follows(self, kind: n.Type) -> bool:
        """Whether brackets around what may be a type are a cast."""
        token = self.token
        if token.sort is Sort.NAME:
            return token.text not in RESERVED or token.text in _OPERAND_WORDS
        if token.sort is Sort.MARK:
            if token.text in {"-", "+"}:
                return kind.name in BUILT_IN or kind.suffix != ""
            return token.text in {"(", "!", "~"}
        return token.sort in _OPERANDS
