"""Text functions. Of a partly known text, the known parts are kept wherever the result lets one tell them.

Source: "ARM template functions – string". ``indexOf``, ``startsWith`` and ``endsWith`` ignore case there;
``contains``, ``replace`` and ``split`` do not. A boolean becomes ``True`` or ``False``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final
from urllib.parse import quote, unquote

from auditor.arm.canonical import derived, slash_segments
from auditor.arm.functions_numbers import whole
from auditor.arm.scope import MAX_WEIGHT, Eager, Text, TooMuch, Undecided, known
from auditor.arm.syntax import quote as quoted
from auditor.model.values import Json, Partial, Unresolved, join

_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([0-9]{1,3})(?::([^{}]*))?\}")
_NEVER_SLASHED: Final = ("subscription().subscriptionId", "resourceGroup().name", "uniqueString(", "guid(")
"""How unknown texts begin that cannot hold a slash: identifiers, names of resource groups, hashes."""


def text_of(value: Json) -> Text:
    """A value as it reads inside a text."""
    if isinstance(value, str | Unresolved | Partial):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(value)
    known(value)
    raise Undecided("it needs texts")


def joined(pieces: Iterable[Text]) -> Text:
    """Pieces as one text, unless it gets too long."""
    parts = list(pieces)
    if sum(len(part) for part in parts if isinstance(part, str)) > MAX_WEIGHT:
        raise TooMuch("the text is too long to evaluate")
    return join(parts)


def concat_text(arguments: list[Json]) -> Json:
    """``concat`` of texts. With nothing but unknown arguments it may as well join arrays."""
    if all(isinstance(value, Unresolved) for value in arguments):
        if len(arguments) == 1:
            return arguments[0]
        raise Undecided
    return joined(text_of(value) for value in arguments)


def _known_text(value: Json) -> str:
    if isinstance(value, str):
        return value
    known(value)
    raise Undecided("it needs a text")


def _format(arguments: list[Json]) -> Json:
    template = _known_text(arguments[0])
    pieces: list[Text] = []
    position = 0
    for found in _PLACEHOLDER.finditer(template):
        pieces.append(template[position : found.start()])
        position = found.end()
        if found[1] is None:
            pieces.append(found[0][0])
        else:
            pieces.append(_formatted(arguments[1 + int(found[1])], found[2]))
    rest = template[position:]
    if any(isinstance(piece, str) and ("{" in piece or "}" in piece) for piece in (*pieces[::2], rest)):
        raise Undecided("the format is not understood")
    return joined([*pieces, rest])


def _formatted(value: Json, form: str | None) -> Text:
    if not form:
        return text_of(value)
    number = whole(value)
    found = re.fullmatch(r"([DdXx])([0-9]{0,2})", form)
    if found is None:
        raise Undecided("the number format is not understood")
    width = int(found[2] or 0)
    if found[1] in "Dd":
        return ("-" if number < 0 else "") + str(abs(number)).zfill(width)
    if number < 0:
        raise Undecided("the number format is not understood")
    return format(number, found[1]).zfill(width)


def _each_piece(name: str, change: Callable[[str], str]) -> Eager:
    """A function that changes every character alone, so each known piece can be changed by itself."""

    def run(arguments: list[Json]) -> Json:
        (value,) = arguments
        if isinstance(value, Partial):
            return join(
                change(piece)
                if isinstance(piece, str)
                else derived(f"{name}({piece.expression})", piece.reason)
                for piece in value.pieces
            )
        return change(_known_text(value))

    return run


def _replace(arguments: list[Json]) -> Json:
    value, old, new = arguments
    old, new = _known_text(old), text_of(new)
    if not old:
        raise Undecided("there is nothing to replace")
    if isinstance(value, Partial):
        if not _stays_within(value.pieces, old):
            raise Undecided
        if not isinstance(new, str):
            raise Undecided
        return joined(
            piece.replace(old, new)
            if isinstance(piece, str)
            else derived(f"replace({piece.expression}, {quoted(old)}, {quoted(new)})", piece.reason)
            for piece in value.pieces
        )
    text = _known_text(value)
    if isinstance(new, str):
        if len(text) + text.count(old) * len(new) > MAX_WEIGHT:
            raise TooMuch("the text is too long to evaluate")
        return text.replace(old, new)
    pieces: list[Text] = []
    for piece in text.split(old):
        pieces += [new, piece] if pieces else [piece]
    return joined(pieces)


def _stays_within(pieces: tuple[str | Unresolved, ...], sought: str) -> bool:
    """Whether no occurrence of a text can lie partly in a known and partly in an unknown piece."""
    for left, right in pairwise(pieces):
        if isinstance(left, Unresolved) and isinstance(right, Unresolved):
            return len(sought) == 1
        for length in range(1, len(sought)):
            if isinstance(left, str) and left.endswith(sought[:length]):
                return False
            if isinstance(right, str) and right.startswith(sought[-length:]):
                return False
    return True


def _split(arguments: list[Json]) -> Json:
    value, delimiter = arguments
    marks = delimiter if isinstance(delimiter, list) else [delimiter]
    marks = sorted({_known_text(mark) for mark in known(marks)} - {""}, key=len, reverse=True)
    if isinstance(value, Partial) and marks == ["/"] and _never_slashed(value):
        return slash_segments(value)
    text = _known_text(value)
    return re.split("|".join(re.escape(mark) for mark in marks), text) if marks else [text]


def _never_slashed(value: Partial) -> bool:
    return all(
        isinstance(piece, str) or piece.expression.startswith(_NEVER_SLASHED) for piece in value.pieces
    )


def _join(arguments: list[Json]) -> Json:
    items, delimiter = arguments
    if not isinstance(items, list):
        known(items)
        raise Undecided("it needs an array")
    pieces: list[Text] = []
    for item in known(items):
        pieces += [text_of(delimiter)] if pieces else []
        pieces.append(text_of(item))
    return joined(pieces)


def take_text(value: Json, number: int) -> str:
    """The first characters, when they are known."""
    if isinstance(value, Partial) and isinstance(value.pieces[0], str) and number <= len(value.pieces[0]):
        return value.pieces[0][: max(number, 0)]
    return _known_text(value)[: max(number, 0)]


def skip_text(value: Json, number: int) -> Text:
    """All but the first characters, when those are known."""
    number = max(number, 0)
    if isinstance(value, Partial) and isinstance(value.pieces[0], str) and number <= len(value.pieces[0]):
        return join([value.pieces[0][number:], *value.pieces[1:]])
    return _known_text(value)[number:]


def _substring(arguments: list[Json]) -> Json:
    value, start = arguments[0], whole(arguments[1])
    rest = skip_text(value, start)
    if start < 0 or (isinstance(value, str) and start > len(value)):
        raise Undecided("the text is shorter than that")
    if len(arguments) < 3:
        return rest
    length = whole(arguments[2])
    if length < 0 or (isinstance(rest, str) and length > len(rest)):
        raise Undecided("the text is shorter than that")
    return take_text(rest, length)


def _starts(arguments: list[Json]) -> Json:
    value, prefix = arguments[0], _known_text(arguments[1]).casefold()
    if isinstance(value, Partial) and isinstance(value.pieces[0], str):
        first = value.pieces[0].casefold()
        if first.startswith(prefix) or not prefix.startswith(first):
            return first.startswith(prefix)
    return _known_text(value).casefold().startswith(prefix)


def _ends(arguments: list[Json]) -> Json:
    value, suffix = arguments[0], _known_text(arguments[1]).casefold()
    if isinstance(value, Partial) and isinstance(value.pieces[-1], str):
        last = value.pieces[-1].casefold()
        if last.endswith(suffix) or not suffix.endswith(last):
            return last.endswith(suffix)
    return _known_text(value).casefold().endswith(suffix)


def index_in_text(text: str, part: Json, *, last: bool) -> int:
    """Where a part stands in a text, case ignored; -1 when nowhere."""
    sought = _known_text(part).casefold()
    return text.casefold().rfind(sought) if last else text.casefold().find(sought)


def _pad_left(arguments: list[Json]) -> Json:
    text = text_of(arguments[0])
    width = whole(arguments[1])
    fill = _known_text(arguments[2]) if len(arguments) > 2 else " "
    if len(fill) != 1 or width > MAX_WEIGHT:
        raise Undecided("it pads with one character")
    return _known_text(text).rjust(width, fill)


def _trim(arguments: list[Json]) -> Json:
    (value,) = arguments
    return _known_text(value).strip()


def _string(arguments: list[Json]) -> Json:
    (value,) = arguments
    if isinstance(value, dict | list):
        return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, float) or value is None:
        raise Undecided("how the value reads as a text is not known")
    return text_of(value)


def _plain(value: Json) -> Json:
    """The same JSON, all of it known."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in known(value).items()}
    if isinstance(value, list):
        return [_plain(item) for item in known(value)]
    return known(value)


def _no_number(name: str) -> Json:
    raise ValueError(name)


def _json(arguments: list[Json]) -> Json:
    text = _known_text(arguments[0])
    try:
        return json.loads(text, strict=False, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise Undecided("the text is not JSON") from problem


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as problem:
        raise Undecided("the text is not base64 of a text") from problem


def _uri(arguments: list[Json]) -> Json:
    base, relative = (_known_text(value) for value in arguments)
    if "://" not in base or "://" in relative:
        raise Undecided("the base is not an absolute address")
    scheme, rest = base.split("://", 1)
    folder = rest[: rest.rindex("/")] if "/" in rest else rest
    return f"{scheme}://{folder}/{relative.removeprefix('/')}"


def _data_uri_text(arguments: list[Json]) -> Json:
    text = _known_text(arguments[0])
    head, comma, body = text.partition(",")
    if not head.startswith("data:") or not comma:
        raise Undecided("the text is no data URI")
    return _decoded(body) if head.endswith(";base64") else unquote(body)


def _on_text(change: Callable[[str], Json]) -> Eager:
    def run(arguments: list[Json]) -> Json:
        (value,) = arguments
        return change(_known_text(value))

    return run


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


EAGER: Final[dict[str, Eager]] = {
    "format": _format,
    "toLower": _each_piece("toLower", str.lower),
    "toUpper": _each_piece("toUpper", str.upper),
    "uriComponent": _each_piece("uriComponent", lambda text: quote(text, safe="-_.~")),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "substring": _substring,
    "startsWith": _starts,
    "endsWith": _ends,
    "padLeft": _pad_left,
    "trim": _trim,
    "string": _string,
    "json": _json,
    "base64": _on_text(_encoded),
    "base64ToString": _on_text(_decoded),
    "base64ToJson": _on_text(lambda text: _json([_decoded(text)])),
    "uri": _uri,
    "uriComponentToString": _on_text(unquote),
    "dataUri": _on_text(lambda text: "data:text/plain;charset=utf8;base64," + _encoded(text)),
    "dataUriToString": _data_uri_text,
}
