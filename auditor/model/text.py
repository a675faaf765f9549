"""A string of which only pieces may be known, and the questions it can still answer."""

from __future__ import annotations

from auditor.model.evidence import Gap, Undetermined
from auditor.model.values import Unresolved


class Text:
    """A string made of known and unknown pieces.

    Every question is answered when the known pieces decide it and raises ``Undetermined`` otherwise;
    matching is without case, since Azure's host names, schemes and identifiers are.
    """

    __slots__ = ("_gap", "_pieces")

    def __init__(self, pieces: tuple[str | Unresolved, ...], gap: Gap) -> None:
        self._pieces = pieces
        self._gap = gap

    def __str__(self) -> str:
        return "".join(str(piece) for piece in self._pieces)

    @property
    def pieces(self) -> tuple[str | Unresolved, ...]:
        """What it is made of, for readers of a grammar of their own."""
        return self._pieces

    @property
    def complete(self) -> bool:
        """Every piece is known."""
        return all(isinstance(piece, str) for piece in self._pieces)

    @property
    def head(self) -> str:
        """What is known from the start."""
        return self._pieces[0] if isinstance(self._pieces[0], str) else ""

    @property
    def tail(self) -> str:
        """What is known up to the end."""
        return self._pieces[-1] if isinstance(self._pieces[-1], str) else ""

    def value(self) -> str:
        """The whole string.

        Raises:
            Undetermined: A piece of it is not known.
        """
        if not self.complete:
            raise Undetermined(self._gap)
        return str(self)

    def starts(self, *prefixes: str) -> bool:
        """Whether it starts with one of the prefixes."""
        head = self.head.casefold()
        undecided = False
        for prefix in (prefix.casefold() for prefix in prefixes):
            if head.startswith(prefix):
                return True
            undecided = undecided or (not self.complete and prefix.startswith(head))
        if undecided:
            raise Undetermined(self._gap)
        return False

    def ends(self, *suffixes: str) -> bool:
        """Whether it ends with one of the suffixes."""
        tail = self.tail.casefold()
        undecided = False
        for suffix in (suffix.casefold() for suffix in suffixes):
            if tail.endswith(suffix):
                return True
            undecided = undecided or (not self.complete and suffix.endswith(tail))
        if undecided:
            raise Undetermined(self._gap)
        return False

    def contains(self, part: str) -> bool:
        """Whether ``part`` stands in it; only a known piece can say yes, only a complete string no."""
        folded = part.casefold()
        if any(folded in piece.casefold() for piece in self._pieces if isinstance(piece, str)):
            return True
        if not self.complete:
            raise Undetermined(self._gap)
        return False

    def undecided(self) -> Undetermined:
        """The exception that says which piece is missing, for questions of the caller's own."""
        return Undetermined(self._gap)
