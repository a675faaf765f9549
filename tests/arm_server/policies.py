"""Policy documents in the two forms that API Management hands out.

"Policy - Get", parameter ``format``: ``xml`` is a well-formed document, the code of expressions escaped;
``rawxml`` is what an author typed, the code of expressions as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape

_PAIRS = {"(": ")", "{": "}"}


def converted(value: str, held: str, wanted: str) -> str:
    """A document's text in another form; the same text where it is in that form already."""
    if held == wanted:
        return value
    return _each_expression(value, _escaped if wanted == "xml" else unescape)


def _escaped(code: str) -> str:
    return code.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _each_expression(text: str, change: Callable[[str], str]) -> str:
    out: list[str] = []
    done = 0
    for start, end in _expressions(text):
        out += [text[done:start], change(text[start:end])]
        done = end
    return "".join((*out, text[done:]))


def _expressions(text: str) -> Iterator[tuple[int, int]]:
    """Where the code between ``@(`` and its ``)``, or ``@{`` and its ``}``, begins and ends."""
    at = 0
    while True:
        at = text.find("@", at)
        if at < 0 or at + 1 >= len(text):
            return
        if text[at + 1] not in _PAIRS:
            at += 1
            continue
        end = _closing(text, at + 1)
        if end is None:
            return
        yield at + 2, end
        at = end


def _closing(text: str, start: int) -> int | None:
    """The bracket that closes the one at ``start``, strings and characters of the code left out."""
    opening, closing = text[start], _PAIRS[text[start]]
    depth = 0
    at = start
    while at < len(text):
        char = text[at]
        quote = (
            '"'
            if char == '"'
            else "&quot;"
            if text.startswith("&quot;", at)
            else "'"
            if char == "'"
            else None
        )
        if quote is not None:
            at = _after_string(text, at + len(quote), quote)
            continue
        if char == opening:
            depth += 1
        elif char == closing:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return None


def _after_string(text: str, at: int, quote: str) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(quote, at):
            return at + len(quote)
        else:
            at += 1
    return at
