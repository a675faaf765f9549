"""The syntax tree of a policy expression.

Nodes compare by content, without their position. ``Node.at`` is an offset in the parsed source;
``Expression.place`` of the policy tree turns it into a line and a column of the document. Brackets leave no
node of their own (but see ``Grouped``). Trees nest at most ``MAX_NESTING`` levels, so recursion is safe.

Source: the C# language specification, chapters "Expressions" and "Statements".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from auditor.apim.policy.csharp.leaves import (
    Boolean,
    Character,
    Filled,
    Name,
    Named,
    Node,
    Null,
    Number,
    QuotedText,
    String,
    Type,
    children,
    walk,
)
from auditor.apim.policy.tree import Part

__all__ = [
    "MAX_NESTING", "Anonymous", "Argument", "As", "Assignment", "Binary", "Block", "Boolean", "Call",
    "Cast", "Character", "Checked", "Coalesce", "Conditional", "Declared", "Empty", "Expr",
    "ExpressionStatement", "Filled", "Grouped", "Hole", "If", "Index", "Initializer", "Interpolated",
    "Is", "Jump", "Lambda", "Local", "Member", "Name", "Named", "New", "NewArray", "Node", "Null",
    "Number", "OfType", "Opaque", "Parameter", "Part", "Postfix", "QuotedText", "Return", "Statement",
    "String", "Throw", "ThrowExpr", "Tuple", "Type", "Unary", "children", "walk",
]  # fmt: skip

MAX_NESTING: Final = 120
"""Levels of one syntax tree; deeper code is refused with a diagnostic."""


@dataclass(frozen=True, slots=True)
class Hole(Node):
    """``{value,alignment:format}`` in an interpolated string."""

    value: Expr
    alignment: Expr | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Interpolated(Node):
    """``$"…{x}…"``: text, named values and holes in order."""

    parts: tuple[Part | Hole, ...]


# -- accesses ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member(Node):
    """``target.name`` or ``target?.name``.

    A conditional access that meets null makes null of the whole chain that follows it: in
    ``Member(Member(a, b, conditional=True), c)`` nothing is thrown when ``a`` is null.
    """

    target: Expr
    name: str
    arguments: tuple[Type, ...] = ()
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``target[…]`` or ``target?[…]``."""

    target: Expr
    arguments: tuple[Argument, ...]
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument; ``modifier`` is empty, ``out``, ``ref`` or ``in``; ``out var x`` has a ``Declared``."""

    value: Expr
    name: str | None = None
    modifier: str = ""


@dataclass(frozen=True, slots=True)
class Declared(Node):
    """``var x`` or ``T x`` as an ``out`` argument."""

    type: Type
    name: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(…)``: the function is a ``Name`` or ``Member`` (which hold type arguments), or any value."""

    function: Expr
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouped(Node):
    """Brackets that end a conditional chain: ``(a?.b).c`` throws when ``a`` is null. No other brackets."""

    inner: Expr


# -- making things -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Initializer(Node):
    """``{ a, b }``, ``{ {k, v}, … }``, ``{ A = x, ["k"] = v }``: items, initializers and assignments.

    The target of ``["k"] = v`` is an ``Index`` whose target is ``Name("this")``; a value in braces is an
    ``Initializer``.
    """

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class New(Node):
    """``new T(…) { … }``."""

    type: Type
    arguments: tuple[Argument, ...] = ()
    initializer: Initializer | None = None


@dataclass(frozen=True, slots=True)
class NewArray(Node):
    """``new T[n]``, ``new T[] { … }``, ``new[] { … }`` (no type then).

    ``type`` is that of the elements, further ranks in its suffix.
    """

    type: Type | None
    sizes: tuple[Expr, ...] = ()
    items: Initializer | None = None
    rank: int = 1


@dataclass(frozen=True, slots=True)
class Anonymous(Node):
    """``new { A = x, y.B }``: names (given or taken from the member) with values."""

    members: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Tuple(Node):
    """``(a, b)``: two or more items."""

    items: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A lambda's parameter; its type if written."""

    name: str
    type: Type | None = None
    modifier: str = ""


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """``x => …``: ``result`` is an expression or a ``Block``. ``delegate (…) {…}`` is read as one too."""

    parameters: tuple[Parameter, ...]
    result: Expr | Block


# -- operators -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cast(Node):
    """``(T)operand``."""

    type: Type
    operand: Expr


@dataclass(frozen=True, slots=True)
class As(Node):
    """``operand as T``."""

    operand: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class Is(Node):
    """``operand is T``, ``is T name``, ``is constant``, with ``not``: exactly one of type and constant.

    A bare name after ``is`` is read as a type.
    """

    operand: Expr
    type: Type | None = None
    name: str | None = None
    constant: Expr | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``!``, ``-``, ``+``, ``~``, ``++``, ``--``, ``await`` before its operand."""

    operator: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Postfix(Node):
    """``++``, ``--`` or ``!`` behind its operand."""

    operator: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """``|| && | ^ & == != < > <= >= << >> + - * / %``."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Coalesce(Node):
    """``left ?? right``."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """``test ? then : otherwise``."""

    test: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    """``target = value`` and ``+=``, ``??=`` …; the operator with its ``=``."""

    operator: str
    target: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class ThrowExpr(Node):
    """``x ?? throw new …``."""

    value: Expr


@dataclass(frozen=True, slots=True)
class OfType(Node):
    """``typeof(T)``, ``default(T)``, ``sizeof(T)``; a bare ``default`` has no type."""

    word: str
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class Checked(Node):
    """``checked(x)``, ``unchecked(x)``."""

    word: str
    operand: Expr


Expr: TypeAlias = (
    Null | Boolean | Number | Character | String | QuotedText | Interpolated | Named | Filled | Name | Member
    | Index | Call | Declared | Grouped | Initializer | New | NewArray | Anonymous | Tuple | Lambda | Cast
    | As | Is | Unary | Postfix | Binary | Coalesce | Conditional | Assignment | ThrowExpr | OfType | Checked
)  # fmt: skip


# -- statements ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block(Node):
    """``{ … }``; the whole of ``@{ … }`` too."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if (test) then else otherwise``."""

    test: Expr
    then: Statement
    otherwise: Statement | None = None


@dataclass(frozen=True, slots=True)
class Local(Node):
    """``var x = …, y = …;``: names with their values (None where not given)."""

    type: Type
    variables: tuple[tuple[str, Expr | None], ...]
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Return(Node):
    """``return value;``."""

    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Throw(Node):
    """``throw value;`` or, in a catch, ``throw;``."""

    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class ExpressionStatement(Node):
    """``expression;``: a call, an assignment, an increment."""

    expression: Expr


@dataclass(frozen=True, slots=True)
class Jump(Node):
    """``break;`` or ``continue;``."""

    word: str


@dataclass(frozen=True, slots=True)
class Empty(Node):
    """``;``."""


@dataclass(frozen=True, slots=True)
class Opaque(Node):
    """A loop, try, switch, using, lock, (un)checked block or local function: parsed, not understood.

    What runs how often is not said; ``expressions``, ``declared`` and ``statements`` are all it contains, in
    order, so that assignments and returns below it can be found with ``walk``.
    """

    word: str
    """``for``, ``foreach``, ``while``, ``do``, ``try``, ``switch``, ``using``, ``lock``, ``checked``,
    ``unchecked`` or ``function``."""
    source: str
    """As written, from the word to the end."""
    expressions: tuple[Expr, ...] = ()
    declared: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()


Statement: TypeAlias = Block | If | Local | Return | Throw | ExpressionStatement | Jump | Empty | Opaque
