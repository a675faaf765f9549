"""Values of a document as code: named values put in, then parsed; remembered by their text.

A named value replaces its ``{{name}}`` before anything is compiled, so its text may be code, a part of a
string, or a whole expression. Source: "Use named values in Azure API Management policies".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from auditor.apim.policy.csharp.nodes import Block, Expr
from auditor.apim.policy.csharp.parser import parse_block, parse_expression
from auditor.apim.policy.evaluate.expressions import Evaluator
from auditor.apim.policy.evaluate.frame import Frame, Remark
from auditor.apim.policy.scopes import Library
from auditor.apim.policy.tree import Diagnostic, Expression, Literal, Mixed, NamedValue
from auditor.apim.policy.tree import Value as Written
from auditor.apim.policy.values import By, Symbol, Text, Value

_NAMED: Final = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")
_WHOLE: Final = re.compile(r"\s*@(?:\((?P<expr>.*)\)|\{(?P<block>.*)\})\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Code:
    """What a value holds: a known value, or a syntax tree; ``source`` is its text after named values."""

    source: str
    fixed: Value | None = None
    tree: Expr | Block | None = None

    def evaluate(self, frame: Frame) -> Value:
        """What it is worth in a frame."""
        if self.tree is None:
            if self.fixed is None:
                frame.remarks.add(Remark.NOT_UNDERSTOOD, self.source[:120])
                return _unparsed(self.source)
            return self.fixed
        evaluator = Evaluator(frame)
        return evaluator.run(self.tree) if isinstance(self.tree, Block) else evaluator.value(self.tree)


def compiled(value: Written, library: Library) -> Code:
    """A written value as code."""
    match value:
        case Expression(kind=kind):
            return _parsed(kind, _filled(value.source, library))
        case Literal():
            return _literal(value, library)
        case Mixed():
            text = value.text
            fixed = Symbol(By.UNDOCUMENTED, f"text mixed with code: {text[:60]}", "ertificate" in text)
            return Code(text, fixed)


def names_in(source: str) -> list[str]:
    """Display names of the named values that code uses."""
    return _NAMED.findall(source) if "{{" in source else []


def _filled(source: str, library: Library) -> str:
    """Code with the named values put in that are known."""

    def put(found: re.Match[str]) -> str:
        text = library.named_value(found[1])
        return text if isinstance(text, str) else found[0]

    return _NAMED.sub(put, source) if "{{" in source else source


def _literal(value: Literal, library: Library) -> Code:
    if (known := value.known) is not None:
        return Code(known, Text(known))
    parts: list[str] = []
    unknown = False
    for part in value.parts:
        text = library.named_value(part.name) if isinstance(part, NamedValue) else part
        unknown |= not isinstance(text, str)
        parts.append(text if isinstance(text, str) else str(part))
    source = "".join(parts)
    if unknown:
        return Code(source, Symbol(By.CONFIG, source.strip()))
    found = _WHOLE.fullmatch(source)
    if found is not None:
        kind = "expr" if found["expr"] is not None else "block"
        return _parsed(kind, found[kind])
    return Code(source, Text(source))


@lru_cache(maxsize=4096)
def _parsed(kind: str, source: str) -> Code:
    tree = parse_expression(source) if kind == "expr" else parse_block(source)
    return Code(source) if isinstance(tree, Diagnostic) else Code(source, tree=tree)


def _unparsed(source: str) -> Symbol:
    return Symbol(By.OPAQUE, f"code that is not understood: {source[:60]}", "ertificate" in source)
