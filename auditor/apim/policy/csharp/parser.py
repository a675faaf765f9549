"""Parses the C# of policy expressions; what it does not read it says, and never raises.

Source: "API Management policy expressions" in the documentation of Azure API Management.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auditor.apim.policy.csharp.lexer import Fault, Sort, tokens
from auditor.apim.policy.csharp.nodes import MAX_NESTING, Block, Expr, Node, children
from auditor.apim.policy.csharp.statements import StatementParser
from auditor.apim.policy.tree import Code, Diagnostic, Expression

T = TypeVar("T", bound=Node)


def parse(value: Expression) -> Expr | Block | Diagnostic:
    """Parse an expression of a document; a diagnostic has its place in the document.

    Returns:
        A node for ``@(…)``, a ``Block`` for ``@{…}``, or what is wrong with the code.
    """
    read = StatementParser.expression if value.kind == "expr" else StatementParser.statements
    return _parse(value.source, read, value.place)


def parse_expression(source: str) -> Expr | Diagnostic:
    """Parse what stands in ``@(…)``; a diagnostic counts lines and columns in the source."""
    return _parse(source, StatementParser.expression, None)


def parse_block(source: str) -> Block | Diagnostic:
    """Parse what stands in ``@{…}``; a diagnostic counts lines and columns in the source."""
    return _parse(source, StatementParser.statements, None)


def _parse(
    source: str, read: Callable[[StatementParser], T], place: Callable[[int], tuple[int, int]] | None
) -> T | Diagnostic:
    try:
        parser = StatementParser(source, tokens(source))
        found = read(parser)
        if parser.token.sort is not Sort.END:
            raise parser.fault("the end of the expression expected")
        _check_depth(found)
    except Fault as fault:
        line, column = place(fault.at) if place else position(source, fault.at)
        return Diagnostic(Code.SYNTAX, fault.message, line, column)
    return found


def position(source: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    return source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)


def _check_depth(root: Node) -> None:
    """Refuse what others could not walk recursively: long chains nest as deeply as brackets."""
    level: list[Node] = [root]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in children(node)]
        if not level:
            return
    raise Fault("nested too deeply", level[0].at)
