"""Names that somebody may have meant: one place for every "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

_LONGEST = 200
"""Characters of a wrong name that are looked at."""
_ALIKE = 0.75
"""How alike names have to be: the share of characters that they have in common, in order."""
_TIE = 0.05
"""How much less alike than the nearest name another one may be to be named as well."""
_MOST = 3


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a sentence about a name that nothing has.

    Args:
        wrong: As it was written.
        known: Names that there are. Of a check's id, its last part is enough to be found.
        otherwise: What to say where none is near.

    Returns:
        ``; did you mean NS-1, NS-2 or NS-6?``
    """
    near = _nearest(wrong[:_LONGEST], tuple(known))
    if not near:
        return otherwise
    *others, last = near
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"


@lru_cache(maxsize=512)
def _nearest(wrong: str, known: tuple[str, ...]) -> tuple[str, ...]:
    from difflib import SequenceMatcher, get_close_matches

    wanted = wrong.strip().casefold()
    forms: dict[str, str] = {}
    for name in known:
        for form in _forms(name.casefold()):
            forms.setdefault(form, name)
    close = get_close_matches(wanted, forms, _MOST, _ALIKE)
    if close:
        shares = [SequenceMatcher(None, form, wanted).ratio() for form in close]
        pairs = zip(close, shares, strict=True)
        return tuple(dict.fromkeys(forms[form] for form, share in pairs if share >= max(shares) - _TIE))
    if len(wanted) < 4:
        return ()
    return tuple(name for name in known if wanted in name.casefold())[:_MOST]


def _forms(name: str) -> Iterator[str]:
    """How a name may be written: ``apim.ns-2.slug``, ``ns-2.slug``, ``slug``."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield name
