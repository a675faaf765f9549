"""The canonical source of a syntax tree: parsing it gives an equal tree.

Brackets stand where they are needed or may be, and strings are plain ones with C# escapes, so that two
expressions that differ only in layout, comments, brackets or the kind of their strings print alike.
"""

from __future__ import annotations

import re
from typing import Final

from auditor.apim.policy.csharp import nodes as n
from auditor.apim.policy.csharp.cursor import type_text
from auditor.apim.policy.csharp.expressions import PRECEDENCE
from auditor.apim.policy.tree import Part

_SIMPLE: Final = (
    n.Null | n.Boolean | n.Number | n.Character | n.String | n.QuotedText | n.Interpolated | n.Named
    | n.Filled | n.Name | n.Member | n.Index | n.Call | n.Grouped | n.New | n.Anonymous | n.Tuple | n.OfType
    | n.Checked
)  # fmt: skip
"""What an access may follow and an operator may join without brackets. An array is none: ``new T[1][0]``."""
_COMPARING: Final = {PRECEDENCE["<"], PRECEDENCE["<<"]}
_NAMED_LIKE: Final = re.compile(r"\{[A-Za-z0-9._-]+\}")
_ESCAPES: Final = {"\\": "\\\\", "\0": "\\0", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
                   "\t": "\\t", "\v": "\\v"}  # fmt: skip


def show(node: n.Node) -> str:
    """Canonical source of an expression, a statement, or any part of them."""
    if isinstance(node, n.Block | n.If | n.Local | n.Return | n.Throw | n.ExpressionStatement | n.Jump):
        return _statement(node)
    match node:
        case n.Empty():
            return ";"
        case n.Opaque(source=source):
            return source
        case n.Type():
            return type_text(node)
        case n.Argument(value=value, name=name, modifier=modifier):
            return (f"{name}: " if name else "") + (f"{modifier} " if modifier else "") + show(value)
        case n.Parameter(name=name, type=kind, modifier=modifier):
            words = (modifier, type_text(kind) if kind else "", name)
            return " ".join(word for word in words if word)
        case n.Hole():
            return _hole(node)
        case _:
            return _leaf(node) or _access(node) or _operator(node)


def show_block(block: n.Block) -> str:
    """The statements of a block without its braces: what stands in ``@{…}``."""
    return "\n".join(map(show, block.statements))


def _statement(node: n.Node) -> str:
    match node:
        case n.Block():
            return "{\n" + show_block(node) + "\n}"
        case n.If(test=test, then=then, otherwise=otherwise):
            # an else belongs to the nearest if: braces would be another tree, and are not needed
            found = f"if ({show(test)}) {show(then)}"
            return found if otherwise is None else f"{found} else {show(otherwise)}"
        case n.Local(type=kind, variables=variables, constant=constant):
            listed = ", ".join(
                name if value is None else f"{name} = {show(value)}" for name, value in variables
            )
            return f"{'const ' if constant else ''}{type_text(kind)} {listed};"
        case n.Return(value=value):
            return "return;" if value is None else f"return {show(value)};"
        case n.Throw(value=value):
            return "throw;" if value is None else f"throw {show(value)};"
        case n.ExpressionStatement(expression=value):
            return f"{show(value)};"
        case n.Jump(word=word):
            return f"{word};"
        case _:
            raise TypeError(type(node).__name__)


def _leaf(node: n.Node) -> str:
    match node:
        case n.Null():
            return "null"
        case n.Boolean(value=value):
            return "true" if value else "false"
        case n.Number(text=text):
            return text
        case n.Character(value=value):
            return "'" + ("\\'" if value == "'" else _escaped(value, "'")) + "'"
        case n.String(parts=parts):
            return '"' + _texts(parts, '"') + '"'
        case n.QuotedText(parts=parts):
            return "'" + _texts(parts, "'") + "'"
        case n.Interpolated(parts=items):
            pieces = [_hole(p) if isinstance(p, n.Hole) else _text(p, '"', braces=True) for p in items]
            return '$"' + "".join(pieces) + '"'
        case n.Named(value=hole) | n.Filled(value=hole):
            return str(hole)
        case n.Name(name=name, arguments=arguments):
            return name + _types(arguments)
        case n.OfType(word=word, type=kind):
            return word if kind is None else f"{word}({type_text(kind)})"
        case _:
            return ""


def _access(node: n.Node) -> str:
    match node:
        case n.Member(target=target, name=name, arguments=arguments, conditional=conditional):
            return f"{_operand(target)}{'?.' if conditional else '.'}{name}{_types(arguments)}"
        case n.Index(target=target, arguments=given, conditional=conditional):
            return f"{_operand(target)}{'?[' if conditional else '['}{_list(given)}]"
        case n.Call(function=function, arguments=given):
            return f"{_operand(function)}({_list(given)})"
        case n.Declared(type=kind, name=name):
            return f"{type_text(kind)} {name}"
        case n.Grouped(inner=inner):
            return f"({show(inner)})"
        case n.Initializer(items=items):
            return "{ " + ", ".join(map(_item, items)) + " }"
        case n.New(type=kind, arguments=given, initializer=initializer):
            return f"new {type_text(kind)}({_list(given)})" + (f" {show(initializer)}" if initializer else "")
        case n.NewArray():
            return _array(node)
        case n.Anonymous(members=members):
            return "new { " + ", ".join(_member(name, value) for name, value in members) + " }"
        case n.Tuple(items=given):
            return f"({_list(given)})"
        case n.Checked(word=word, operand=operand):
            return f"{word}({show(operand)})"
        case _:
            return ""


def _operator(node: n.Node) -> str:
    match node:
        case n.Lambda(parameters=parameters, result=result):
            return f"({_list(parameters)}) => {show(result)}"
        case n.Cast(type=kind, operand=operand):
            return f"({type_text(kind)}){_operand(operand)}"
        case n.As(operand=operand, type=kind):
            return f"{_operand(operand)} as {type_text(kind)}"
        case n.Is():
            return _is(node)
        case n.Unary(operator=operator, operand=operand):
            return operator + (" " if operator == "await" else "") + _operand(operand)
        case n.Postfix(operator=operator, operand=operand):
            return _operand(operand) + operator
        case n.Binary(operator=operator, left=left, right=right):
            strength = PRECEDENCE[operator]
            first = f"({show(left)})" if operator == "<" and _is_name(left) else _side(left, strength)
            return f"{first} {operator} {_side(right, strength + 1)}"
        case n.Coalesce(left=left, right=right):
            return f"{_side(left, PRECEDENCE['??'] + 1)} ?? {_side(right, PRECEDENCE['??'])}"
        case n.Conditional(test=test, then=then, otherwise=otherwise):
            last = show(otherwise) if isinstance(otherwise, n.Conditional) else _side(otherwise, 0)
            return f"{_side(test, 0)} ? {_side(then, 0)} : {last}"
        case n.Assignment(operator=operator, target=target, value=value):
            return f"{_operand(target)} {operator} {show(value)}"
        case n.ThrowExpr(value=value):
            return f"throw {show(value)}"
        case _:
            raise TypeError(type(node).__name__)


def _operand(node: n.Node) -> str:
    """A part of a larger expression; in brackets unless it is simple or may not have any."""
    if isinstance(node, _SIMPLE | n.ThrowExpr):
        return show(node)
    return f"({show(node)})"


def _side(node: n.Node, least: int) -> str:
    """One side of an operator; in brackets unless it binds at least so strongly.

    Comparisons always have them, so that ``a < b > (c)`` is never taken for a call with type arguments.
    """
    if isinstance(node, n.Binary):
        strength = PRECEDENCE[node.operator]
        return show(node) if strength >= least and strength not in _COMPARING else f"({show(node)})"
    if isinstance(node, n.Coalesce):
        return show(node) if PRECEDENCE["??"] >= least else f"({show(node)})"
    return show(node) if isinstance(node, n.Unary | n.Cast) else _operand(node)


def _is_name(node: n.Node) -> bool:
    """Whether a ``<`` behind it could begin type arguments."""
    return isinstance(node, n.Name | n.Member)


def _is(node: n.Is) -> str:
    words = f"{_operand(node.operand)} is " + ("not " if node.negated else "")
    if node.type is not None:
        return words + type_text(node.type) + (f" {node.name}" if node.name else "")
    return words + (_operand(node.constant) if node.constant is not None else "")


def _array(node: n.NewArray) -> str:
    items = f" {show(node.items)}" if node.items else ""
    commas = "," * (node.rank - 1)
    if node.type is None:
        return f"new[{commas}]{items}"
    inside = ", ".join(map(show, node.sizes)) if node.sizes else commas
    suffix = node.type.suffix
    plain = type_text(n.Type(node.type.name, node.type.arguments))
    nullable, further = ("?", suffix[1:]) if suffix.startswith("?") else ("", suffix)
    return f"new {plain}{nullable}[{inside}]{further}{items}"


def _item(node: n.Expr) -> str:
    """One item of an initializer; ``["k"] = v`` has no target."""
    if isinstance(node, n.Assignment) and node.operator == "=":
        target = node.target
        if isinstance(target, n.Index) and target.target == n.Name("this"):
            return f"[{_list(target.arguments)}] = {show(node.value)}"
        if isinstance(target, n.Name):
            return f"{show(target)} = {show(node.value)}"
    return _operand(node) if isinstance(node, n.Assignment) else show(node)


def _member(name: str, value: n.Expr) -> str:
    own = isinstance(value, n.Name | n.Member) and value.name == name
    return show(value) if own or not name else f"{name} = {show(value)}"


def _list(items: tuple[n.Node, ...]) -> str:
    return ", ".join(map(show, items))


def _types(arguments: tuple[n.Type, ...]) -> str:
    return f"<{', '.join(map(type_text, arguments))}>" if arguments else ""


def _hole(node: n.Hole) -> str:
    alignment = f", {show(node.alignment)}" if node.alignment else ""
    form = "" if node.format is None else f":{node.format}"
    return "{" + _operand(node.value) + alignment + form + "}"


def _texts(parts: tuple[Part, ...], quote: str) -> str:
    return "".join(_text(part, quote) for part in parts)


def _text(part: Part, quote: str, *, braces: bool = False) -> str:
    if not isinstance(part, str):
        return str(part)
    text = _escaped(part, quote)
    if braces and not _NAMED_LIKE.search(text):
        return text.replace("{", "{{").replace("}", "}}")
    if braces:
        return text.replace("{", "\\u007b").replace("}", "\\u007d")
    # written text that would be taken for a hole once printed
    return text.replace("{", "\\u007b") if any(mark in text for mark in ("{{", "${", "%{")) else text


def _escaped(text: str, quote: str) -> str:
    pieces = []
    for character in text:
        if character == quote:
            pieces.append("\\" + quote)
        elif character in _ESCAPES:
            pieces.append(_ESCAPES[character])
        elif not character.isprintable():
            pieces.append(
                f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
            )
        else:
            pieces.append(character)
    return "".join(pieces)
