"""The attributes of a start tag: where each value ends, and what it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from auditor.apim.policy.pieces import Piece, combine, expression, literal, text_of
from auditor.apim.policy.scan import Scanner
from auditor.apim.policy.tree import Attribute, Code, Mixed, Value

_SPACE: Final = re.compile(r"\s*+")
_CLOSE: Final = re.compile(r"/\s*+>|>")
_ATTRIBUTE: Final = re.compile(r"""([^\s=<>"'/@{(]++)\s*+=\s*+(["'])""")
_RUBBISH: Final = re.compile(r"(?:[^\s<>/]|/(?!\s*+>))++")
_GOES_ON: Final = r"""(?=\s*+(?:/?>|\?>|[\w:.\-]++\s*+=\s*+["']))"""
"""What stands behind the last quote of a value: the end of the tag, or the next attribute."""
_ENDED: Final = {quote: re.compile(rf"\s*+{quote}{_GOES_ON}") for quote in "\"'"}
_PLAIN: Final = {quote: re.compile(rf"(?P<end>{quote}{_GOES_ON})|@[({{]|{quote}|<") for quote in "\"'"}


@dataclass(frozen=True, slots=True)
class Tag:
    """The rest of a start tag behind its name."""

    attributes: tuple[Attribute, ...]
    end: int
    """Offset behind its ``>``."""
    empty: bool
    """Whether it is ``<name/>``."""


class AttributeReader:
    """Reads the attributes of one text's tags."""

    def __init__(
        self,
        text: str,
        scanner: Scanner,
        place: Callable[[int], tuple[int, int]],
        note: Callable[[Code, str, int], None],
    ) -> None:
        self._text = text
        self._scanner = scanner
        self._place = place
        self._note = note
        self._no_end = dict.fromkeys("\"'", (0, 0))
        """For each quote, a range in which none ends a value: looked through once, not for each value."""

    def read(self, at: int) -> Tag:
        """Read from behind a tag's name to behind its end."""
        attributes: list[Attribute] = []
        names: set[str] = set()
        text = self._text
        while True:
            at = _space(text, at)
            if close := _CLOSE.match(text, at):
                return Tag(tuple(attributes), close.end(), close.group() != ">")
            if at >= len(text) or text[at] == "<":
                self._note(Code.UNFINISHED, "a tag never ends", at)
                return Tag(tuple(attributes), at, empty=False)
            found = _ATTRIBUTE.match(text, at)
            if found is None:
                self._note(Code.BAD_ATTRIBUTE, 'not of the form name="value"', at)
                rubbish = _RUBBISH.match(text, at)
                at = rubbish.end() if rubbish else at + 1
                continue
            if found[1] in names:
                self._note(Code.DUPLICATE_ATTRIBUTE, f"{found[1]} is given twice", at)
            names.add(found[1])
            value, end = self._value(found.end(), found[2])
            attributes.append(Attribute(found[1], value, *self._place(at)))
            at = end

    def _value(self, start: int, quote: str) -> tuple[Value, int]:
        """One value from behind its opening quote, and the offset behind the closing one."""
        text = self._text
        at = _space(text, start)
        if text[at : at + 2] in {"@(", "@{"}:
            span, ended = self._scanner.scan(at, _ENDED[quote])
            if span is not None and ended:
                return expression(text, span, self._place(at)), text.index(quote, span.end) + 1
            if span is None:
                self._note(Code.UNBALANCED, "the end of this expression cannot be found", at)
        return self._plain(start, quote)

    def _plain(self, start: int, quote: str) -> tuple[Value, int]:
        text = self._text
        pieces: list[Piece] = []
        last = at = start
        first = -1
        place = self._place(start)
        low, high = self._no_end[quote]
        while not low <= at < high:
            found = _PLAIN[quote].search(text, at)
            if found is None:
                self._no_end[quote] = (start, len(text))
                break
            at = found.end()
            if found["end"]:
                pieces.append(text_of(text, last, found.start()))
                self._check(start, found.start(), first)
                return self._made(pieces, place, start), at
            if found.group() == quote:
                first = first if first >= 0 else found.start()
            elif found.group() != "<":
                span, _ = self._scanner.scan(found.start(), _ENDED[quote])
                if span is not None:
                    pieces += [
                        text_of(text, last, found.start()),
                        expression(text, span, self._place(found.start())),
                    ]
                    last = at = span.end + 1
            elif first >= 0:  # the next tag: the value has ended before, at its first quote
                self._no_end[quote] = (start, found.start())
                break
        return self._broken(start, quote, place)

    def _broken(self, start: int, quote: str, place: tuple[int, int]) -> tuple[Value, int]:
        """A value behind which no tag goes on: it ends at its first quote."""
        text = self._text
        end = text.find(quote, start)
        if end < 0:
            self._note(Code.UNFINISHED, "the value of an attribute never ends", start)
            end = len(text)
        else:
            self._note(Code.BAD_ATTRIBUTE, "no attribute or end of the tag behind this value", end)
        return literal(text_of(self._text, start, end), *place), min(end + 1, len(text))

    def _check(self, start: int, end: int, first: int) -> None:
        """Quotes within a value are taken for part of it, but hardly so where a tag begins within it too."""
        if first >= 0 and self._text.find("<", start, end) >= 0:
            self._note(Code.BAD_ATTRIBUTE, "the value holds quotes and a tag: its end is a guess", start)

    def _made(self, pieces: list[Piece], place: tuple[int, int], start: int) -> Value:
        value = combine(pieces, *place)
        if isinstance(value, Mixed):
            self._note(Code.MIXED, "text and expression in one value", start)
        return value if value is not None else literal("".join(map(str, pieces)), *place)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
