"""A Markdown page of sections that stays within a size: comments and job summaries take no more."""

from __future__ import annotations

from collections.abc import Iterable

_LINE_LEFT = 160
"""Bytes kept for the line that says how much a section leaves out."""


class Page:
    """Sections of blocks, as many as fit."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._parts: list[str] = []

    def section(self, title: str, blocks: Iterable[str], share: float, things: str) -> None:
        """Add the blocks that fit into a share of what is free, under a title; count the others."""
        budget = int(self._free * share) - _size(title) - _LINE_LEFT
        shown, left = [], 0
        for block in blocks:
            size = _size(block)
            # Nothing after the first that does not fit: what is milder must not stand where worse is missing.
            if left or size > budget:
                left += 1
                continue
            budget -= size
            shown.append(block)
        if not shown and not left:
            return
        if left:
            shown.append(
                f"*{left:,} {'more ' if shown else ''}{things} left out here: see the HTML or JSON report.*\n"
            )
        part = "\n".join([title, "", *shown] if title else shown)
        self._free -= _size(part)
        self._parts.append(part)

    def text(self) -> str:
        """The whole page."""
        return "\n".join(self._parts)


def _size(part: str) -> int:
    # One more for the line break that joins it to the next.
    return len(part.encode("utf-8", "backslashreplace")) + 1
