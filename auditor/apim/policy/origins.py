"""Where the pieces of a value come from: written in the policy, configured, or brought by the caller.

A value is taken apart along concatenation, so that of ``"https://host/" + id`` it can be told that the caller
fills in a path and not a host. Where code chooses between values, each choice is a form of its own. What is
not followed is :attr:`From.UNKNOWN`, never left out.

Source: "API Management policy expressions" (the context variable).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, TypeAlias

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.csharp.shapes import entries, root
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.pieces import parts
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.values import By, Symbol, Text

MAX_FORMS: Final = 24
"""Forms of one value that are told apart; with more, nothing is said of it."""
_DEEPEST: Final = 24
"""Variables of variables that are followed."""


class From(IntEnum):
    """Who a piece of text comes from; where several have a hand in it, the greatest counts."""

    CONFIG = 0
    """The configuration: a named value that is not known here, the names of API, product or deployment."""
    OUTSIDE = 1
    """Another service's answer, a cache, the backend."""
    UNKNOWN = 2
    """It could not be followed: a variable that this document does not write, code that does not parse."""
    CALLER = 3
    """The request: an attacker's choice."""


Piece: TypeAlias = str | From
"""Known text, or who brings what is not known."""
Form: TypeAlias = tuple[Piece, ...]
"""One value a piece of code can have, as pieces in order; neighbouring text is merged."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A piece that is not known text, with the code that brings it."""

    who: From
    node: cs.Expr | None = None
    """None where a named value or a tool fills it in, or where nothing is said of it."""


Trace: TypeAlias = tuple[str | Brought, ...]
"""A form whose pieces say which code brings them."""

_CONFIGURED: Final = frozenset(
    {"Api", "Operation", "Product", "Subscription", "User", "Deployment", "Workspace", "RequestId"}
    | {"Timestamp", "Elapsed", "Tracing", "GraphQL"}
)
_SAME: Final = frozenset({"ToString", "AsFormUrlEncodedContent", "Trim", "TrimEnd", "TrimStart", "First"})
"""Calls that give what they are called on, as far as its origin and beginning go."""


def forms(code: Code | None, sheet: Sheet) -> tuple[Form, ...]:
    """Every form a value can have; one form of :attr:`From.UNKNOWN` where there are too many.

    Args:
        code: The value; None is taken for empty text.
        sheet: The document it stands in, whose statements write the variables it reads.
    """
    return tuple(dict.fromkeys(tuple(map(_plain, form)) for form in traces(code, sheet)))


def traces(code: Code | None, sheet: Sheet) -> tuple[Trace, ...]:
    """The same forms with the code that brings each piece."""
    if code is None:
        return (("",),)
    return _few(_merged(each) for each in _Forms(sheet).of(code))


def brought_by(form: Form) -> From | None:
    """The greatest of those who have a hand in a form; None for known text."""
    return max((piece for piece in form if isinstance(piece, From)), default=None)


def head(form: Form) -> str:
    """The known text a form begins with; empty where it begins with something not known."""
    return form[0] if form and isinstance(form[0], str) else ""


def reads(code: Code | None, sheet: Sheet) -> frozenset[From]:
    """Everybody who has a hand in a value, in whatever form."""
    return frozenset(piece for form in forms(code, sheet) for piece in form if isinstance(piece, From))


def _plain(piece: str | Brought) -> Piece:
    return piece if isinstance(piece, str) else piece.who


def _few(found: Iterable[Trace]) -> tuple[Trace, ...]:
    """At most so many forms as are told apart: first by their code, then by who brings them."""
    forms = tuple(dict.fromkeys(found))
    if len(forms) > MAX_FORMS:
        forms = tuple(dict.fromkeys(tuple(map(_unnamed, form)) for form in forms))
    return forms if 0 < len(forms) <= MAX_FORMS else (_UNKNOWN,)


def _unnamed(piece: str | Brought) -> str | Brought:
    return piece if isinstance(piece, str) else Brought(piece.who)


_UNKNOWN: Final[Trace] = (Brought(From.UNKNOWN),)


def _merged(form: Trace) -> Trace:
    result: list[str | Brought] = []
    for piece in form:
        if isinstance(piece, str) and result and isinstance(result[-1], str):
            result[-1] += piece
        elif piece != "":
            result.append(piece)
    return tuple(result) or ("",)


@dataclass(slots=True)
class _Forms:
    """Takes one value apart; remembers which variables it is in the middle of."""

    sheet: Sheet
    following: set[str] = field(default_factory=set)

    def of(self, code: Code) -> tuple[Trace, ...]:
        if code.tree is not None:
            return self._tree(code.tree, {})
        match code.fixed:
            case Text(value):
                return ((value,),)
            case Symbol(by=By.CONFIG):
                return (tuple(_parts(code.source)),)
            case _:  # code that does not parse, or text mixed with code
                return (_UNKNOWN,)

    def _tree(self, tree: cs.Expr | cs.Block, names: dict[str, list[cs.Expr]]) -> tuple[Trace, ...]:
        if not isinstance(tree, cs.Block):
            return self.value(tree, names)
        names = {**names, **_locals(tree)}
        returned = [node.value for node in cs.walk(tree) if isinstance(node, cs.Return) and node.value]
        return self._any(returned, names)

    def _any(self, values: Iterable[cs.Expr], names: dict[str, list[cs.Expr]]) -> tuple[Trace, ...]:
        return _few(form for value in values for form in self.value(value, names))

    def value(self, node: cs.Expr, names: dict[str, list[cs.Expr]]) -> tuple[Trace, ...]:
        """The forms of an expression."""
        match node:
            case cs.String(parts=parts) | cs.QuotedText(parts=parts):
                return (tuple(_piece(part) for part in parts) or ("",),)
            case cs.Character() | cs.Number() | cs.Boolean() | cs.Null():
                return ((_constant(node),),)
            case cs.Named() | cs.Filled():
                return ((Brought(From.CONFIG),),)
            case cs.Interpolated(parts=parts):
                return self._joined(
                    [self.value(p.value, names) if isinstance(p, cs.Hole) else ((_piece(p),),) for p in parts]
                )
            case cs.Binary(operator="+", left=left, right=right):
                return self._joined([self.value(left, names), self.value(right, names)])
            case cs.Conditional(then=then, otherwise=otherwise):
                return self._any((then, otherwise), names)
            case cs.Coalesce(left=left, right=right):
                return self._any((left, right), names)
            case (
                cs.Cast(operand=inner)
                | cs.As(operand=inner)
                | cs.Grouped(inner=inner)
                | cs.Checked(operand=inner)
                | cs.Postfix(operand=inner)
            ):
                return self.value(inner, names)
            case cs.Name(name=name) if name in names:
                return self._local(name, names)
            case cs.Index(target=target) if _path(target) == "context.Variables":
                return self._variable(node.arguments)
            case cs.Call():
                return self._call(node, names)
            case cs.Index(target=target) if (listed := entries(target, names)) is not None:
                # Who asks for an entry chooses among what is listed.
                return self._any(listed, names)
            case cs.New(arguments=arguments, initializer=None) if len(arguments) == 1:
                # new Uri(text), new JValue(text): the text itself.
                return self.value(arguments[0].value, names)
            case _:
                return ((Brought(self._from(node, names), node),),)

    def _call(self, node: cs.Call, names: dict[str, list[cs.Expr]]) -> tuple[Trace, ...]:
        function = node.function
        if not isinstance(function, cs.Member):
            return ((Brought(self._from(node, names), node),),)
        path = _path(function.target)
        values = [argument.value for argument in node.arguments]
        if path == "context.Variables" and function.name == "GetValueOrDefault":
            rest = self._any(values[1:], names) if len(values) > 1 else (("",),)
            return tuple(dict.fromkeys((*self._variable(node.arguments[:1]), *rest)))
        if path in {"string", "String"} and function.name == "Concat":
            return self._joined([self.value(each, names) for each in values])
        if path in {"string", "String"} and function.name == "Format" and values:
            return self._format(values, names)
        if path in {"string", "String"} and function.name == "Join" and len(values) > 2:
            between = [each for value in values[1:] for each in (values[0], value)][1:]
            return self._joined([self.value(each, names) for each in between])
        if function.name == "Replace" and len(values) == 2:
            return self._replaced(node, self.value(function.target, names), values, names)
        if function.name in _SAME:
            return tuple(_trimmed(form, function.name, values) for form in self.value(function.target, names))
        return ((Brought(self._from(node, names), node),),)

    def _replaced(
        self,
        node: cs.Call,
        forms: tuple[Trace, ...],
        values: list[cs.Expr],
        names: dict[str, list[cs.Expr]],
    ) -> tuple[Trace, ...]:
        """``text.Replace(old, new)``: taken apart where both the text and what is replaced are known."""
        old = _known(values[0])
        found: list[Trace] = []
        for form in forms:
            text = form[0] if len(form) == 1 else None
            if not old or not isinstance(text, str):
                found.append((Brought(self._from(node, names), node),))
                continue
            first, *rest = text.split(old)
            found.extend(
                (first, *(piece for part in rest for piece in (*new, part)))
                for new in self.value(values[1], names)
            )
        return _few(found)

    def _format(self, values: list[cs.Expr], names: dict[str, list[cs.Expr]]) -> tuple[Trace, ...]:
        """``string.Format``: the text before the first hole is known, behind it the order is not followed."""
        first, *rest = values
        text = first.parts[0] if isinstance(first, cs.String) and first.parts else None
        start = text.partition("{")[0] if isinstance(text, str) else ""
        hands = [self._from(each, names) for each in rest]
        return ((start, Brought(max(hands, default=From.CONFIG))),)

    def _joined(self, parts: list[tuple[Trace, ...]]) -> tuple[Trace, ...]:
        result: tuple[Trace, ...] = ((),)
        for part in parts:
            result = tuple((*before, *after) for before in result for after in part)
            if len(result) > MAX_FORMS and (result := _few(result)) == (_UNKNOWN,):
                return result
        return result

    def _local(self, name: str, names: dict[str, list[cs.Expr]]) -> tuple[Trace, ...]:
        key = f"local {name}"
        if key in self.following or len(self.following) > _DEEPEST:
            return ()
        self.following.add(key)
        try:
            return self._any(names[name], names)
        finally:
            self.following.discard(key)

    def _variable(self, arguments: tuple[cs.Argument, ...]) -> tuple[Trace, ...]:
        """What the statements of this document write into a variable."""
        name = _known(arguments[0].value) if arguments else None
        if name is None or name not in self.sheet.writers or len(self.following) > _DEEPEST:
            return (_UNKNOWN,)
        if name in self.following:
            return ()
        self.following.add(name)
        try:
            written = [form for spot in self.sheet.writers[name] for form in self._written(spot)]
            return tuple(dict.fromkeys(written)) or (_UNKNOWN,)
        finally:
            self.following.discard(name)

    def _written(self, spot: Spot) -> tuple[Trace, ...]:
        if spot.name != "set-variable":
            return ((Brought(From.OUTSIDE),),)
        code = spot.code("value")
        return self.of(code) if code is not None else (("",),)

    def _from(self, node: cs.Node, names: dict[str, list[cs.Expr]]) -> From:
        """Everybody who has a hand in an expression that is not taken apart."""
        return max(self._hands(node, names), default=From.CONFIG)

    def _hands(self, node: cs.Node, names: dict[str, list[cs.Expr]]) -> Iterator[From]:
        for each in cs.walk(node):
            match each:
                case cs.Name(name=name) if name in names:
                    for form in self._local(name, names):
                        yield from (piece.who for piece in form if isinstance(piece, Brought))
                case cs.Member(target=cs.Name(name="context"), name=name):
                    if name == "Request":
                        yield From.CALLER
                    elif name in {"Response", "LastError"}:
                        yield From.OUTSIDE
                    elif name not in _CONFIGURED | {"Variables"}:
                        yield From.UNKNOWN
                case (
                    cs.Call(function=cs.Member(target=target), arguments=arguments)
                    | cs.Index(target=target, arguments=arguments)
                ) if _path(target) == "context.Variables":
                    for form in self._variable(arguments[:1]):
                        yield from (piece.who for piece in form if isinstance(piece, Brought))
                case cs.Named() | cs.Filled():
                    yield From.CONFIG
                case cs.Opaque():
                    yield From.UNKNOWN
                case _:
                    pass


def _locals(block: cs.Block) -> dict[str, list[cs.Expr]]:
    """Every value that is given to each local variable of a block, wherever."""
    found: dict[str, list[cs.Expr]] = {}
    for node in cs.walk(block):
        if isinstance(node, cs.Local):
            for name, value in node.variables:
                found.setdefault(name, []).extend([value] if value is not None else [])
        elif isinstance(node, cs.Assignment) and isinstance(node.target, cs.Name):
            found.setdefault(node.target.name, []).append(node.value)
        elif isinstance(node, cs.Assignment) and (changed := root(node.target)) is not None:
            # ``local.Member = value``, ``local["key"] = value``: the whole has another hand in it.
            found.setdefault(changed, []).append(node)
        elif isinstance(node, cs.Opaque):
            for name in node.declared:
                # What a loop or a using variable holds: anything its expressions hold.
                found.setdefault(name, []).extend(node.expressions)
        elif isinstance(node, cs.Call):
            for argument in node.arguments:
                if argument.modifier and isinstance(argument.value, cs.Declared | cs.Name):
                    found.setdefault(argument.value.name, []).append(node)
        elif isinstance(node, cs.Is) and node.name is not None:
            found.setdefault(node.name, []).append(node.operand)
    return found


def _trimmed(form: Trace, how: str, values: list[cs.Expr]) -> Trace:
    """A form without the characters that ``Trim``, ``TrimStart`` and ``TrimEnd`` take from its ends."""
    if how not in {"Trim", "TrimStart", "TrimEnd"} or not all(isinstance(v, cs.Character) for v in values):
        return form
    characters = "".join(v.value for v in values if isinstance(v, cs.Character)) or None
    first, last = form[0], form[-1]
    if how != "TrimEnd" and isinstance(first, str):
        form = (first.lstrip(characters), *form[1:])
        last = form[-1]
    if how != "TrimStart" and isinstance(last, str):
        form = (*form[:-1], last.rstrip(characters))
    return form


def _path(node: cs.Node) -> str:
    """``context.Variables`` of a chain of names; empty where it is another expression."""
    if isinstance(node, cs.Name):
        return node.name
    if isinstance(node, cs.Member):
        before = _path(node.target)
        return f"{before}.{node.name}" if before else ""
    return ""


def _known(node: cs.Node) -> str | None:
    if isinstance(node, cs.String) and all(isinstance(part, str) for part in node.parts):
        return "".join(map(str, node.parts))
    return None


def _piece(part: object) -> str | Brought:
    return part if isinstance(part, str) else Brought(From.CONFIG)


def _parts(source: str) -> Iterator[str | Brought]:
    """The text of a literal with what fills its holes."""
    return map(_piece, parts(source))


def _constant(node: cs.Expr) -> str:
    match node:
        case cs.Null():
            return ""
        case cs.Boolean(value=value):
            return str(value).lower()
        case cs.Number(text=text):
            return text
        case _:
            return "?"
