"""JSON as people have it: encodings, comments, trailing commas, raw line breaks; and where things stand.

Values are parsed by the standard library's parser in one go. Places are found lazily: the first time a
pointer is asked for, the members of each container on the way are indexed with the same parser's scanner,
so that asking for one place costs reading the containers that lead to it, once.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined] # the C scanner; stable since Python 3.1
from math import isfinite
from typing import Any, TypeAlias

from auditor.errors import UnreadableError
from auditor.model.values import Unresolved, member, unescape


def _constant(name: str) -> Unresolved:
    """What ``NaN`` and ``Infinity``, which some tools write, are to a check: a value that is not known."""
    return Unresolved(name, "JSON has no such number")


def _number(text: str) -> float | Unresolved:
    number = float(text)
    return number if isfinite(number) else Unresolved(text[:20], "the number is too large")


_DECODER: Any = json.JSONDecoder(strict=False, parse_constant=_constant, parse_float=_number)
_SPACE = re.compile(r"[ \t\r\n]*+")
_TOKEN = re.compile(
    # What is not closed reaches to the end, so that no attempt is made twice; the parser says where it began.
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'  # a string, kept
    r"|//[^\n]*+|/\*.*?(?:\*/|\Z)"  # a comment, blanked
    r"|,(?=(?:[ \t\r\n]|//[^\n]*+|/\*.*?(?:\*/|\Z))*+[}\]])",  # a trailing comma, blanked
    re.DOTALL,
)
_MOST_TABLES = 5_000
_Table: TypeAlias = "dict[str, int] | list[int]"
"""Where the members of an object, or the elements of an array, begin."""
_NOT_SPACE = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text, both counted from 1."""

    line: int
    column: int


class JsonDocument:
    """A JSON text that was read: its value, and the place of each JSON pointer."""

    def __init__(self, path: str, text: str) -> None:
        """Parse a text.

        Args:
            path: As shown to the reader.
            text: JSON, possibly with comments, trailing commas and raw line breaks in strings.

        Raises:
            UnreadableError: It is not JSON; with the place where that shows.
        """
        self.path = path
        self._text = text
        self._tables: dict[int, _Table] = {}
        self._deeper: dict[int, _Table] = {}
        """Those of containers below the second level, of which an estate has too many to keep."""
        self._lines: list[int] | None = None
        self.value: Any = self._parse()

    def _parse(self) -> Any:
        try:
            return _DECODER.decode(self._text)
        except (ValueError, RecursionError):
            pass
        try:
            # Blanking keeps every offset, so places in the cleaned text are places in the file.
            self._text = _TOKEN.sub(_blank, self._text)
            return _DECODER.decode(self._text)
        except (ValueError, RecursionError) as error:
            raise not_json(self.path, error) from None

    def locate(self, pointer: str) -> Place | None:
        """The place of the value at ``pointer``, or of the nearest ancestor there is.

        Member names are matched without case, since the model's pointers may come from another spelling.
        """
        offset = _SPACE.match(self._text, 0).end()  # type: ignore[union-attr] # it matches nothing, too
        for depth, token in enumerate(pointer.split("/")[1:]):
            found = self._below(offset, unescape(token), self._tables if depth < 2 else self._deeper)
            if found is None:
                break
            offset = found
        return self._place(offset)

    def written(self, pointer: str) -> Any:
        """The value at ``pointer`` as the file has it; None where there is none."""
        value = self.value
        for token in pointer.split("/")[1:]:
            name = unescape(token)
            if isinstance(value, dict):
                found = member(value, name)
                value = found[1] if found else None
            elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
            else:
                return None
        return value

    def _below(self, offset: int, name: str, tables: dict[int, _Table]) -> int | None:
        table = tables.get(offset)
        if table is None:
            opening = self._text[offset : offset + 1]
            if opening == "{":
                table = self._members(offset)
            elif opening == "[":
                table = self._elements(offset)
            else:
                return None
            if len(tables) >= _MOST_TABLES and tables is self._deeper:
                tables.clear()
            tables[offset] = table
        if isinstance(table, list):
            return table[int(name)] if name.isdigit() and int(name) < len(table) else None
        return table.get(name, table.get(name.casefold()))

    def _members(self, offset: int) -> dict[str, int]:
        """Offsets of an object's values, by name and by folded name; of equal names the last counts."""
        text, table = self._text, {}
        at = _skip(text, offset + 1)
        while text[at] == '"':
            name, at = scanstring(text, at + 1, False)
            at = _skip(text, _skip(text, at) + 1)
            table[name] = at
            table.setdefault(name.casefold(), at)
            at = _skip(text, _DECODER.scan_once(text, at)[1])
            if text[at] != ",":
                break
            at = _skip(text, at + 1)
        return table

    def _elements(self, offset: int) -> list[int]:
        """Offsets of an array's elements."""
        text, table = self._text, []
        at = _skip(text, offset + 1)
        while text[at] != "]":
            table.append(at)
            at = _skip(text, _DECODER.scan_once(text, at)[1])
            if text[at] != ",":
                break
            at = _skip(text, at + 1)
        return table

    def _place(self, offset: int) -> Place:
        if self._lines is None:
            self._lines = [0, *(found.end() for found in re.finditer("\n", self._text))]
        line = bisect_right(self._lines, offset)
        return Place(line, offset - self._lines[line - 1] + 1)


def not_json(path: str, error: ValueError | RecursionError) -> UnreadableError:
    """What the parser of the standard library met, with the place where it shows."""
    if isinstance(error, json.JSONDecodeError):
        message = f"not valid JSON: {error.msg[0].lower()}{error.msg[1:]}"
        return UnreadableError(path, message, error.lineno, error.colno)
    if isinstance(error, RecursionError):
        return UnreadableError(path, "not valid JSON: nested too deeply")
    return UnreadableError(path, "not valid JSON: a number has too many digits")


def _skip(text: str, at: int) -> int:
    if text[at : at + 1] > " ":
        return at  # nothing to skip, as before most values
    return _SPACE.match(text, at).end()  # type: ignore[union-attr] # it matches nothing, too


def _blank(found: re.Match[str]) -> str:
    token = found.group()
    kept = token[0] == '"' or (token.startswith("/*") and not token.endswith("*/"))
    return token if kept else _NOT_SPACE.sub(" ", token)


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(path: str, data: bytes) -> str:
    """Bytes as text: UTF-8, or UTF-16 and UTF-32 by their mark or by the shape of the first characters.

    Raises:
        UnreadableError: They are none of these.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(path, data[len(mark) :], encoding)
    # JSON starts with an ASCII character: where a zero byte stands beside it tells UTF-16 without a mark.
    if data[1:2] == b"\0" and data[:1] != b"\0":
        return _decoded(path, data, "utf-16-le")
    if data[:1] == b"\0":
        return _decoded(path, data, "utf-16-be")
    return _decoded(path, data, "utf-8")


def _decoded(path: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not {encoding.upper()} text: byte {error.start} does not decode; save it as UTF-8"
        raise UnreadableError(path, message, line, 1) from None
