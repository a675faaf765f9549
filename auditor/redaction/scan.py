"""Finds credentials of the known formats in text, and cuts them out.

Every format names the substrings without which it cannot occur. They are looked for first, in all texts of
a resource at once, so that text without credentials costs next to nothing.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from auditor.redaction.formats import FORMATS
from auditor.redaction.literals import REDACTED_PREFIX

SHORTEST: Final = 16
"""No format is shorter; shorter strings are not looked at."""


class Span(NamedTuple):
    """Where a credential stands in a text, and what it is."""

    start: int
    end: int
    kind: str


_COMMON: Final = "etaoinsrlcdpumhgfvybwkxqjz" + string.ascii_uppercase
"""Letters from the most common to the rarest. Other characters that markers hold are rarer still."""


def _hint() -> re.Pattern[str]:
    """One expression that finds every marker of every format.

    The engine skips quickly to the next character that some alternative begins with. So each marker is
    entered at its rarest character, and what stands before that is looked back at.
    """
    entered: dict[str, list[str]] = {}
    for marker in sorted({marker for each in FORMATS for marker in each.markers}):
        exact = marker != marker.lower()
        at = max(range(len(marker)), key=lambda index: _rarity(marker[index]))
        before, after = re.escape(marker[:at]), re.escape(marker[at + 1 :])
        flag = "" if exact else "i"
        for character in {marker[at]} if exact else {marker[at], marker[at].upper()}:
            back = f"(?<=(?{flag}:{before}){re.escape(character)})" if before else ""
            entered.setdefault(character, []).append(f"{back}(?{flag}:{after})")
    return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in entered.items()))


def _rarity(character: str) -> int:
    if character in " -_./\t":
        return 0
    place = _COMMON.find(character)
    return len(_COMMON) if place < 0 else place


_HINT: Final = _hint()
_SETTING: Final = re.compile(r"\s*[\w .-]{1,64}=", re.ASCII)


def suspects(texts: Sequence[str]) -> set[str]:
    """Those of many texts that hold a marker of some format, found in one pass over all of them."""
    joined = "\n".join(texts)
    found: set[str] = set()
    ends: list[int] = []
    hint = _HINT.search(joined)
    while hint:
        ends = ends or list(accumulate(len(text) + 1 for text in texts))
        index = bisect_right(ends, hint.start())
        found.add(texts[index])
        hint = _HINT.search(joined, ends[index])
    return found


def spans(text: str) -> list[Span]:
    """The credentials in a text, in order and not overlapping."""
    if len(text) < SHORTEST or not _HINT.search(text):
        return []
    lowered = text.lower()
    found: list[Span] = []
    for each in FORMATS:
        if any(marker in text or marker in lowered for marker in each.markers):
            group = "secret" if "secret" in each.pattern.groupindex else 0
            found += (
                Span(*match.span(group), each.name)
                for match in each.pattern.finditer(text)
                if each.accept(match[group])
            )
    if len(found) < 2:
        return found
    return _merged(sorted(found, key=lambda span: (span.start, -span.end)))


def _merged(ordered: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in ordered:
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = last._replace(end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def whole(text: str, found: Sequence[Span]) -> str | None:
    """What a text is when it is nothing but credentials: one value, or a connection string."""
    if not found:
        return None
    bare = text.strip().strip("\"'")
    if sum(span.end - span.start for span in found) >= len(bare):
        return found[0].kind
    settings = [part for part in bare.split(";") if part.strip()]
    if all(map(_SETTING.match, settings)):
        return "connection string" if len(settings) > 1 else found[0].kind
    return None


def replaced(text: str, *, code: bool = False) -> str:
    """A text with every credential in it replaced by ``(redacted <kind>)``.

    Args:
        text: Any text.
        code: It is a policy: what an expression computes, or assigns to a variable named ``password``, is
            no credential, and cutting it out would leave a document that cannot be read.
    """
    # A replacement may uncover a format that the characters before it had hidden; a few rounds settle it.
    for _ in range(8):
        found = [span for span in spans(text) if not (code and _is_code(text, span))]
        if not found:
            break
        parts: list[str] = []
        at = 0
        for span in found:
            parts += (text[at : span.start], f"{REDACTED_PREFIX}{span.kind})")
            at = span.end
        text = "".join(parts) + text[at:]
    return text


def _is_code(text: str, span: Span) -> bool:
    """Whether what follows ``password=`` is C# and no literal."""
    if span.kind != "password":
        return False
    value, before = text[span.start : span.end], text[span.start - 1]
    if value.lstrip().startswith(("@(", "@{")):
        return True
    return before not in "\"'" and (before.isspace() or any(character in "()[]" for character in value))
