"""Where an expression ends: brackets counted as a C# compiler sees them, not as characters.

A bracket, quote or tag inside a string, a character literal or a comment counts for nothing, and an
interpolated string has code of its own in its holes. Regular expressions here are possessive (``*+``): they
never go back, so a scan is linear in what it passes.

Sources: the C# language specification, "Lexical structure"; "API Management policy expressions".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from auditor.apim.policy.entities import ENTITY, Decoded

MAX_BRACKETS: Final = 500
"""Brackets within brackets; nobody writes so many, and counting on would take time."""
CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}

_CODE: Final = re.compile(
    r"""
      (?P<skip> //[^\r\n]*+
        | /\*.*?\*/
        | '(?:\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{1,4}|.)|[^'\\\n])'   # a character
        | '[^'\n]*+'                                                 # no C#, but found: see the module lexer
        | @"(?:[^"]|"")*+"
        | "(?:[^"\\]|\\.)*+"
        | \{\{[A-Za-z0-9._-]++\}\}
      )
    | (?P<hole> \$@"|@\$"|\$" )
    | (?P<bad> /\* | @?" )            # a comment or string that never ends
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_TEXT: Final = re.compile(r'\{\{[A-Za-z0-9._-]++\}\}|\{\{|\}\}|\\.|(?P<open>\{)|(?P<end>")', re.DOTALL)
_VERBATIM_TEXT: Final = re.compile(
    r'\{\{[A-Za-z0-9._-]++\}\}|\{\{|\}\}|""|(?P<open>\{)|(?P<end>")', re.DOTALL
)
_TEXTS: Final = {'$"': _PLAIN_TEXT, '$@"': _VERBATIM_TEXT, '@$"': _VERBATIM_TEXT}


def balanced(text: str, start: int, closer: str) -> tuple[int, int]:
    """Find the bracket that closes what was opened just before ``start``.

    Returns:
        Its offset, or -1 where brackets do not match or the text ends before; and how far was looked.
    """
    waiting: list[str] = [closer]
    pattern = _CODE
    at = start
    while found := pattern.search(text, at):
        at = found.end()
        kind = found.lastgroup
        if kind == "close":
            if found.group() != waiting[-1]:
                return -1, at
            waiting.pop()
            if not waiting:
                return at - 1, at
            pattern = _TEXTS.get(waiting[-1], _CODE)
        elif kind == "open":
            waiting.append(CLOSERS[found.group()])
            if len(waiting) > MAX_BRACKETS:
                return -1, at
            pattern = _CODE
        elif kind == "hole":
            waiting.append(found.group())
            pattern = _TEXTS[found.group()]
        elif kind == "end":
            waiting.pop()
            pattern = _TEXTS.get(waiting[-1], _CODE)
        elif kind == "bad":
            break
    return -1, len(text)


@dataclass(frozen=True, slots=True)
class Span:
    """An expression found in a document: the offsets of its code, and the code itself."""

    start: int
    """Behind the opening bracket."""
    end: int
    """Of the closing bracket."""
    source: str
    """Entities decoded, or as written where that is how it balances."""


class Scanner:
    """Finds expressions in one text, within a budget: an adversary cannot make it look again and again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoded = Decoded(text) if "&" in text and ENTITY.search(text) else None
        self._left = max(4 * len(text), 400_000)
        self._seen: dict[tuple[int, bool], Span | None] = {}

    def scan(
        self, at: int, terminator: re.Pattern[str], *, entities: bool = True
    ) -> tuple[Span | None, bool]:
        """Read the expression whose ``@`` stands at an offset.

        The code is read twice where that makes a difference, with entities decoded and as written: one
        document may use both styles. The reading that ends where a value ends wins.

        Args:
            at: Offset of the ``@``, which is followed by ``(`` or ``{``.
            terminator: What must match behind the closing bracket.
            entities: Whether character references count (they do not in a CDATA section).

        Returns:
            The expression if there is one, and whether the terminator follows it.
        """
        first: Span | None = None
        for decode in (True, False) if entities and self._decoded else (False,):
            span = self._scan(at, decode)
            if span is not None and terminator.match(self._text, span.end + 1):
                return span, True
            first = first or span
        return first, False

    def _scan(self, at: int, decode: bool) -> Span | None:
        key = at, decode
        if key not in self._seen:
            self._seen[key] = self._look(at, decode)
        return self._seen[key]

    def _look(self, at: int, decode: bool) -> Span | None:
        if self._left <= 0:
            return None
        text, start = self._text, at + 2
        decoded = self._decoded if decode else None
        if decoded is not None:
            text, start = decoded.text, decoded.from_original(start)
        end, looked = balanced(text, start, CLOSERS[self._text[at + 1]])
        self._left -= looked - start
        if end < 0:
            return None
        source = text[start:end]
        if decoded is not None:
            end = decoded.to_original(end)
            if self._text[end] not in ")}":  # the bracket itself is a reference: &#41;
                return None
        return Span(at + 2, end, source)
