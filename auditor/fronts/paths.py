"""Path patterns of routing rules: which requests they catch, and what is left for the rules behind them.

A pattern is an exact path, or ends in ``*`` and catches every path that begins like it; matching is without
case. Rules are tried in their order, the first that fits wins: "URL path-based routing overview".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A set of paths: one, or all that begin alike."""

    start: str
    open: bool
    """Everything that begins with ``start``; only itself otherwise."""

    def covers(self, other: Span) -> bool:
        """Whether every path of another set is in this one."""
        if self.open:
            return other.start.startswith(self.start)
        return not other.open and other.start == self.start

    def common(self, other: Span) -> Span | None:
        """The paths that are in both."""
        if self.covers(other):
            return other
        return self if other.covers(self) else None


def span(pattern: str) -> Span:
    """The paths that a pattern catches."""
    folded = pattern.strip().casefold()
    folded = folded if folded.startswith("/") else f"/{folded}"
    if folded.endswith("*"):
        return Span(folded[:-1], open=True)
    return Span(folded, open=False)


def spans_of_api(path: str) -> tuple[Span, ...]:
    """The paths of an API: its own, and all below it.

    Args:
        path: Of the API, without slashes at its ends; empty for an API at the root.
    """
    base = path.strip("/").casefold()
    if not base:
        return (Span("/", open=True),)
    return (Span(f"/{base}", open=False), Span(f"/{base}/", open=True))


def reaches(patterns: Iterable[str], before: Iterable[str], targets: Iterable[Span]) -> bool:
    """Whether some path of the targets is caught by the patterns and by none of those that come before.

    Sets of paths that begin alike either hold each other or are apart, and no number of smaller ones makes
    up a greater one: it is enough to ask whether one pattern before takes all of what is common.
    """
    earlier = [span(each) for each in before]
    for pattern in map(span, patterns):
        for target in targets:
            common = pattern.common(target)
            if common is not None and not any(each.covers(common) for each in earlier):
                return True
    return False


def covered(pattern: str, by: Iterable[str]) -> bool:
    """Whether one of some patterns catches everything that a pattern catches.

    ``/api/*`` catches ``/api`` as well for a front door: whoever asks for the whole of it means both.
    """
    wanted = span(pattern)
    for each in map(span, by):
        if each.covers(wanted):
            return True
        if each.open and not wanted.open and each.start == f"{wanted.start}/":
            return True
    return False
