"""Tokens of C#: names, numbers, the four kinds of string, operators; comments and blanks are left out.

What is filled in before compilation is a token of its own: ``{{name}}`` by API Management, ``${…}`` by
Terraform. Both also stand within strings.

Sources: the C# language specification, "Lexical structure"; "Use named values in Azure API Management
policies".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from auditor.apim.policy.pieces import parts
from auditor.apim.policy.scan import balanced
from auditor.apim.policy.tree import NamedValue, Part, Template

MAX_STRINGS: Final = 12
"""Interpolated strings within the holes of others."""


class Fault(Exception):  # noqa: N818 -- a fault of the text, not of the program
    """Text that is not the C# read here; never leaves the package."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class Sort(StrEnum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    CHARACTER = "character"
    STRING = "string"
    QUOTED = "quoted text"
    """``'several characters'``, as documents of 2018 have it."""
    INTERPOLATED = "interpolated string"
    NAMED = "named value"
    FILLED = "template"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class RawHole:
    """The inside of ``{…}`` in an interpolated string: tokens of the value, and the format's text."""

    tokens: tuple[Token, ...]
    format: str | None


TokenPart: TypeAlias = Part | RawHole


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its text, or what a string consists of."""

    sort: Sort
    text: str
    at: int
    end: int
    parts: tuple[TokenPart, ...] = ()


_TOKEN: Final = re.compile(
    r"""
      (?P<blank> [\s\u200e\u200f\ufeff]++ | //[^\r\n]*+ | /\*.*?\*/ )
    | (?P<name> @?[^\W\d]\w*+ )
    | (?P<interpolated> \$@"|@\$"|\$" )
    | (?P<verbatim> @"(?:[^"]|"")*+" )
    | (?P<string> "(?:[^"\\]|\\.)*+" )
    | (?P<character> '(?:\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{1,4}|.)|[^'\\\n])' )
    | (?P<quoted> '[^'\n]*+' )
    | (?P<number> 0[xX][0-9a-fA-F_]++[uUlL]*+ | 0[bB][01_]++[uUlL]*+
        | (?:\d[\d_]*+(?:\.\d[\d_]*+)?+|\.\d[\d_]*+)(?:[eE][+-]?\d++)?+[fFdDmMuUlL]*+ )
    | (?P<named> \{\{[A-Za-z0-9._-]++\}\} )
    | (?P<filled> [$%]\{(?!\{)(?:[^{}]|\{[^{}]*+\})*+\} )
    | (?P<mark> \?\?= | <<= | \?\?|=>|==|!=|<=|>=|&&|\|\||\+\+|--|[-+*/%&|^]=|<<|:: | \?\.(?!\d)
        | [-+*/%&|^!~<>=?:;,.()\[\]{}] )
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN: Final = re.compile(
    r"(?P<named>\{\{[A-Za-z0-9._-]++\}\})|(?P<double>\{\{|\}\})|(?P<escape>\\(?:u[0-9a-fA-F]{4}|.))"
    r'|(?P<open>\{)|(?P<end>")|(?P<text>[^{}"\\]++)|(?P<lone>\})',
    re.DOTALL,
)
_VERBATIM: Final = re.compile(
    r'(?P<named>\{\{[A-Za-z0-9._-]++\}\})|(?P<double>\{\{|\}\})|(?P<escape>"")'
    r'|(?P<open>\{)|(?P<end>")|(?P<text>[^{}"]++)|(?P<lone>\})'
)
_ESCAPE: Final = re.compile(
    r"\\(?:u(?P<four>[0-9a-fA-F]{4})|U(?P<eight>00[0-9a-fA-F]{6})|x(?P<some>[0-9a-fA-F]{1,4})|(?P<one>.))",
    re.DOTALL,
)
_ESCAPES: Final = {
    "'": "'", '"': '"', "\\": "\\", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r",
    "t": "\t", "v": "\v",
}  # fmt: skip
_LAST: Final = 0x10FFFF


def unescape(text: str) -> str:
    """The value of a plain string's inside; an escape that C# does not have stays as written."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    digits = found["four"] or found["eight"] or found["some"]
    if digits:
        number = int(digits, 16)
        return chr(number) if number <= _LAST else found.group()
    return _ESCAPES.get(found["one"], found.group())


def _split(text: str, *, verbatim: bool) -> tuple[Part, ...]:
    """The inside of a string: decoded text and what is filled in."""
    return tuple(
        part if not isinstance(part, str) else part.replace('""', '"') if verbatim else unescape(part)
        for part in parts(text)
    )


def tokens(source: str, start: int = 0, end: int | None = None) -> list[Token]:
    """All tokens of a source or of a part of it, an ``END`` last.

    Raises:
        Fault: A character or string that is no C#.
    """
    found, _ = _Lexer(source, 0).run(start, len(source) if end is None else end)
    return found


class _Lexer:
    def __init__(self, source: str, strings: int) -> None:
        self._source = source
        self._strings = strings

    def run(self, at: int, end: int, *, hole: bool = False) -> tuple[list[Token], int]:
        """Tokens up to an end, or, in a hole, up to the colon of its format; and where that was."""
        found: list[Token] = []
        nesting = 0
        while at < end:
            match = _TOKEN.match(self._source, at, end)
            if match is None:
                raise Fault(f"unexpected {self._source[at]!r}", at)
            if match.lastgroup == "blank":
                at = match.end()
                continue
            token = self._token(match, end)
            if hole and token.sort is Sort.MARK:
                if token.text == ":" and nesting == 0:
                    break
                nesting += (token.text in "([{") - (token.text in ")]}")
            found.append(token)
            at = token.end
        found.append(Token(Sort.END, "", at, at))
        return found, at

    def _token(self, match: re.Match[str], end: int) -> Token:
        at, kind, text = match.start(), match.lastgroup or "", match.group()
        if kind == "interpolated":
            return self._interpolated(at, match.end(), end, verbatim="@" in text)
        if kind == "verbatim":
            return Token(Sort.STRING, text, at, match.end(), _split(text[2:-1], verbatim=True))
        if kind in {"string", "quoted"}:
            sort = Sort.STRING if kind == "string" else Sort.QUOTED
            return Token(sort, text, at, match.end(), _split(text[1:-1], verbatim=False))
        if kind == "character":
            return Token(Sort.CHARACTER, unescape(text[1:-1]), at, match.end())
        if kind == "named":
            return Token(Sort.NAMED, text, at, match.end(), (NamedValue(text[2:-2]),))
        if kind == "filled":
            return Token(Sort.FILLED, text, at, match.end(), (Template(text),))
        return Token(Sort(kind), text, at, match.end())

    def _interpolated(self, start: int, at: int, end: int, *, verbatim: bool) -> Token:
        if self._strings >= MAX_STRINGS:
            raise Fault("too many strings within each other", start)
        pattern = _VERBATIM if verbatim else _PLAIN
        found: list[TokenPart] = []
        while match := pattern.match(self._source, at, end):
            at, kind, text = match.end(), match.lastgroup, match.group()
            if kind == "end":
                return Token(Sort.INTERPOLATED, self._source[start:at], start, at, _joined(found))
            if kind == "open":
                hole, at = self._hole(at, end)
                found.append(hole)
            elif kind == "named":
                found.append(NamedValue(text[2:-2]))
            elif kind == "escape":
                found.append('"' if verbatim else unescape(text))
            elif kind == "lone":
                raise Fault("a brace without its partner", match.start())
            else:
                found.append(text[0] if kind == "double" else text)
        raise Fault("a string never ends", start)

    def _hole(self, start: int, end: int) -> tuple[RawHole, int]:
        """What stands behind a ``{``, and the offset behind its ``}``."""
        close, _ = balanced(self._source, start, "}")
        if close < 0 or close >= end:
            raise Fault("a hole of a string never ends", start)
        inner, stopped = _Lexer(self._source, self._strings + 1).run(start, close, hole=True)
        form = self._source[stopped + 1 : close] if stopped < close else None
        return RawHole(tuple(inner), form), close + 1


def _joined(found: list[TokenPart]) -> tuple[TokenPart, ...]:
    """Neighbouring texts made one."""
    joined: list[TokenPart] = []
    for part in found:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)
