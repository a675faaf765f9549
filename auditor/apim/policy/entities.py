"""Character references of XML: the five named ones and numbers; no others, and nothing is expanded twice.

Source: "Extensible Markup Language (XML) 1.0", sections 2.2 and 4.6. ``html.unescape`` is no use here: it
takes ``&copy`` in a query string for a sign.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

ENTITY: Final = re.compile(r"&(?:quot|amp|lt|gt|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
_NAMED: Final = {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">", "&apos;": "'"}
_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def character(entity: str) -> str:
    """What a reference stands for; a number that is no character stays as written."""
    if not entity.startswith("&#"):
        return _NAMED.get(entity, entity)
    hexadecimal = entity[2] == "x"
    number = int(entity[3:-1], 16) if hexadecimal else int(entity[2:-1])
    return chr(number) if 0 < number <= _LAST and number not in _SURROGATES else entity


def decode(text: str) -> str:
    """A text with its references replaced, once."""
    return ENTITY.sub(lambda found: character(found.group()), text) if "&" in text else text


class Decoded:
    """A text decoded as a whole, with the way back from its offsets to the original's."""

    def __init__(self, original: str) -> None:
        pieces: list[str] = []
        self._original = [0]
        self._decoded = [0]
        last = length = 0
        for found in ENTITY.finditer(original):
            plain, one = original[last : found.start()], character(found.group())
            pieces += (plain, one)
            length += len(plain) + len(one)
            last = found.end()
            self._original.append(last)
            self._decoded.append(length)
        self.text = "".join([*pieces, original[last:]])

    def from_original(self, offset: int) -> int:
        """The decoded offset of an original one that is not within a reference."""
        index = bisect_right(self._original, offset) - 1
        return self._decoded[index] + offset - self._original[index]

    def to_original(self, offset: int) -> int:
        """The original offset of a decoded one; behind a reference where it lies at its end."""
        index = bisect_right(self._decoded, offset) - 1
        return self._original[index] + offset - self._decoded[index]
