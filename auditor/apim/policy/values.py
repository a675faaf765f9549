"""Abstract values: what an expression of a policy can be worth while somebody calls.

Values are what is known (text, numbers, null), parts of the caller's certificate, or symbols: text that is
not known, with who decides it. A symbol's ``text`` is its canonical source, so that the same question asked
twice gets the same answer on one path.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import TypeAlias

from auditor.apim.policy.csharp.nodes import Lambda
from auditor.apim.policy.csharp.printer import show as printed
from auditor.apim.policy.states import Prop


class By(IntEnum):
    """Who decides what is not known; the greater one wins where two meet."""

    CALLER = 0
    """Request data: an attacker's choice."""
    CONFIG = 1
    """A constant of the configuration that is not known here; callers cannot choose it."""
    SECRET = 2
    """A comparison of request data with such a constant: true only for who knows it."""
    OUTSIDE = 3
    """The answer of another service, a cache, the clock."""
    UNDOCUMENTED = 4
    """What the gateway does here is not documented."""
    OPAQUE = 5
    """Code this program does not understand."""
    UNREAD = 6
    """A document or fragment that was not read."""


class Case(StrEnum):
    """What was done to the letters of a text from a certificate."""

    AS_IS = "as is"
    UPPER = "upper"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Null:
    """``null``."""


@dataclass(frozen=True, slots=True)
class Bool:
    """A known truth."""

    value: bool


@dataclass(frozen=True, slots=True)
class Text:
    """Known text."""

    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A known number."""

    value: float


@dataclass(frozen=True, slots=True)
class Atom:
    """A question that can be answered either way."""

    operator: str
    left: str
    right: str = ""
    literal: bool = False
    """The right side is known text, so that two of them exclude each other."""
    caller: str = ""
    """Set where the answer may differ from caller to caller."""

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}".strip()


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something not known."""

    by: By
    text: str
    certificate: bool = False
    """It depends on the caller's certificate, so that it may differ from caller to caller."""
    header: bool = False
    """It comes from a request header that carries a certificate."""
    negated: bool = False
    atom: Atom | None = None
    """Set where it is the answer to a question."""
    credential: bool = False
    """User name or password of basic authentication."""
    string: bool = False
    """It is a string of which a part is not known: never null."""

    def opposite(self) -> Symbol:
        """Its negation."""
        return replace(self, negated=not self.negated)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of the TLS connection; ``header`` where it was made from request data instead."""

    header: bool = False
    text: str = "context.Request.Certificate"


@dataclass(frozen=True, slots=True)
class Property:
    """Text out of the caller's certificate."""

    prop: Prop
    case: Case = Case.AS_IS
    part: bool = False
    """A part of it only: cut out, split, matched."""


@dataclass(frozen=True, slots=True)
class Moment:
    """``NotBefore`` or ``NotAfter`` of the caller's certificate."""

    end: bool


@dataclass(frozen=True, slots=True)
class Now:
    """The present moment."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A certificate uploaded to the service: the caller's own one, or any other."""

    own: bool


@dataclass(frozen=True, slots=True)
class UploadedProperty:
    """Text out of an uploaded certificate."""

    own: bool
    prop: Prop
    case: Case = Case.AS_IS


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a dictionary."""

    key: Value
    value: Value


@dataclass(frozen=True, slots=True)
class Sequence:
    """An array, a list, or a dictionary of entries."""

    items: tuple[Value, ...]
    uploaded: bool = False
    """It is ``context.Deployment.Certificates`` or made of it: it can hold more of the same kind."""


@dataclass(frozen=True, slots=True)
class Function:
    """A lambda with the locals it sees."""

    code: Lambda
    locals: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """``context`` and what hangs on it, by its path."""

    path: str


@dataclass(frozen=True, slots=True)
class TypeName:
    """A name that is no variable: a type."""

    name: str


Value: TypeAlias = (
    Null | Bool | Text | Number | Symbol | Certificate | Property | Moment | Now | Uploaded | UploadedProperty
    | Entry | Sequence | Function | Thing | TypeName
)  # fmt: skip

NULL = Null()
TRUE = Bool(True)
FALSE = Bool(False)


class Thrown(Exception):  # noqa: N818 - it is the C# exception, not an error of this program
    """The expression throws: the gateway goes to ``on-error`` and forwards nothing."""


def show(value: Value) -> str:  # noqa: C901 - one arm for each kind of value
    """A value's canonical text, for symbols made of it and for people."""
    match value:
        case Null():
            return "null"
        case Bool(known):
            return "true" if known else "false"
        case Text(text):
            return f'"{text}"'
        case Number(number):
            return f"{number:g}"
        case Symbol(text=text, negated=negated):
            return f"!({text})" if negated else text
        case Certificate(text=text):
            return text
        case Property(prop=prop, case=case):
            return f"the certificate's {prop}" + ("" if case is Case.AS_IS else f" in {case} case")
        case Moment(end=end):
            return "the certificate's " + ("NotAfter" if end else "NotBefore")
        case Now():
            return "the present moment"
        case Thing(path):
            return path
        case TypeName(name):
            return name
        case Sequence(items):
            return "[" + ", ".join(map(show, items)) + "]"
        case Entry(key, inner):
            return f"{show(key)}: {show(inner)}"
        case Uploaded() | UploadedProperty():
            return "an uploaded certificate"
        case Function(code):
            return printed(code)


def _each(value: Value) -> tuple[Value, ...]:
    if isinstance(value, Sequence):
        return tuple(inner for item in value.items for inner in _each(item))
    if isinstance(value, Entry):
        return (*_each(value.key), *_each(value.value))
    return (value,)


def depends(value: Value) -> bool:
    """Whether a value comes from the caller's certificate."""
    return any(_one_depends(each) for each in _each(value))


def _one_depends(value: Value) -> bool:
    if isinstance(value, Function):
        source = printed(value.code)
        return "ertificate" in source or any(name in source and depends(each) for name, each in value.locals)
    if isinstance(value, Symbol):
        return value.certificate
    return isinstance(value, Certificate | Property | Moment | Uploaded | UploadedProperty)


def mixed(text: str, *values: Value, at_least: By = By.CALLER) -> Symbol:
    """A symbol for something made of values in a way that is not looked into.

    Known values alone make a constant; request data with a constant of the configuration make something an
    attacker can neither choose nor know.
    """
    symbols = [each for value in values for each in _each(value) if isinstance(each, Symbol)]
    kinds = {symbol.by for symbol in symbols}
    by = max(kinds | {at_least}) if kinds else max(By.CONFIG, at_least)
    if By.CALLER in kinds and by is By.CONFIG:
        by = By.SECRET
    certificate = any(map(depends, values))
    if certificate:
        by = max(by, By.OPAQUE)
    header = any(symbol.header for symbol in symbols) or any(
        isinstance(each, Certificate) and each.header for value in values for each in _each(value)
    )
    if header:
        by = By.CALLER if not kinds else by
    return Symbol(by, text, certificate, header, credential=any(symbol.credential for symbol in symbols))
