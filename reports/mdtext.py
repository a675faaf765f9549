"""Text of the input in GitHub-flavoured Markdown: it can neither format, link, mention nor hold HTML."""

from __future__ import annotations

import re
from typing import Any

from reports.safe import line

_MEANT = re.compile(r"[\\`*_\[\]~#$]")
"""Characters that format; a backslash before them shows them."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
"""Characters of HTML, and the one that ends a cell of a table, where backslashes are read differently."""
_RISKY_PART = re.compile(r"@|://|www\.|#\d|\bGH-\d", re.IGNORECASE)
_RISKY = re.compile(rf"\S*(?:{_RISKY_PART.pattern})\S*", re.IGNORECASE)
"""What a site makes links or mentions of after reading the Markdown: only code keeps it as it is."""
_LEADING = re.compile(r"^(?:([-+])|(\d{1,9})([.)]))(?=\s|$)")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ]")


def text(value: Any, longest: int = 600) -> str:
    """A sentence that holds names from the input, on one line."""
    words: list[str] = []
    at = 0
    source = line(value, longest)
    # Looking for the whole word takes long; most sentences have none.
    for found in _RISKY.finditer(source) if _RISKY_PART.search(source) else ():
        words += (_escaped(source[at : found.start()]), code(found.group()))
        at = found.end()
    words.append(_escaped(source[at:]))
    return _LEADING.sub(
        lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", "".join(words)
    )


def code(value: Any, longest: int = 200) -> str:
    """A name or a value as a code span, also in a table."""
    source = line(value, longest)
    if not source:
        return "(empty)"
    if "|" in source:
        # In a table a bar ends the cell even in a code span, and what escapes it depends on who reads it.
        return f"<code>{_NOT_PLAIN.sub(lambda found: f'&#{ord(found.group())};', source)}</code>"
    fence = "`" * (max((len(run) for run in re.findall("`+", source)), default=0) + 1)
    # A blank on each side is taken off again; it keeps backticks at the ends apart from the fence.
    padding = " " if source.startswith("`") or source.endswith("`") else ""
    return f"{fence}{padding}{source}{padding}{fence}"


def html(value: Any, longest: int = 120) -> str:
    """A name inside a line of HTML, where Markdown is not read."""
    source = line(value, longest)
    return f"<code>{_NOT_PLAIN.sub(lambda found: f'&#{ord(found.group())};', source)}</code>"


def _escaped(source: str) -> str:
    shown = _MEANT.sub(lambda found: f"\\{found.group()}", source)
    return re.sub(r"[&<>|]", lambda found: _ENTITIES[found.group()], shown)
