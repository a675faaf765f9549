"""Text from the input made harmless to show: names can hold anything."""

from __future__ import annotations

import re
from typing import Any

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, invisible ones, and marks that reverse the direction of what follows."""


def plain(value: Any, longest: int = 2000) -> str:
    """A value as one piece of visible text: control, invisible and direction marks are written out.

    Args:
        value: Anything the stored result holds.
        longest: More characters than this are cut, and said to be.
    """
    text = value if isinstance(value, str) else _spelled(value)
    # Nothing that is written out is printable, and asking for that is much cheaper than searching.
    if not text.isprintable():
        text = _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text)} characters)"


def line(value: Any, longest: int = 300) -> str:
    """The same on a single line."""
    return " ".join(plain(value, longest).split())


def _spelled(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_spelled(item) for item in value) + "]"
    return str(value)
