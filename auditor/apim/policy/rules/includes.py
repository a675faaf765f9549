"""Fragments: whether those that are included are there, and hold what a fragment can.

A fragment is put in the place of its include as it is. It can hold neither sections nor ``<base/>``, and
no other fragment: what runs where one does is not documented.

Sources: "Reuse policy configurations in your API Management policy definitions" (limitations), "Include
fragment" policy.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.scopes import Library, Unreadable
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import SECTIONS, Document, Kind
from auditor.apim.policy.values import Text

_INCLUDE = "include-fragment"


def issues(sheet: Sheet) -> Iterator[Issue]:
    """What is wrong with the fragments a document includes, or with the fragment that it is."""
    inside = sheet.document.kind is Kind.FRAGMENT
    for spot in sheet.named(_INCLUDE):
        yield from _include(spot, sheet, inside)
    if inside:
        yield from _fragment(sheet)


def _include(spot: Spot, sheet: Sheet, inside: bool) -> Iterator[Issue]:
    if inside:
        yield spot.issue(
            Rule.FRAGMENT,
            Weight.WEAK,
            "a fragment includes another one, which API Management does not support",
        )
    code = spot.code("fragment-id")
    name = code.fixed.value.strip() if code is not None and isinstance(code.fixed, Text) else ""
    if code is None or (isinstance(code.fixed, Text) and not name):
        yield spot.issue(Rule.FRAGMENT, Weight.FAIL, "names no fragment")
    elif not name:
        yield spot.issue(Rule.FRAGMENT, Weight.UNKNOWN, "which fragment it includes is not known here")
    else:
        yield from _named(spot, name, sheet.library)


def _named(spot: Spot, name: str, library: Library) -> Iterator[Issue]:
    read = library.fragment(name)
    if read is None and library.whole:
        yield spot.issue(Rule.FRAGMENT, Weight.FAIL, "includes a fragment that is not there")
    elif read is None or isinstance(read, Unreadable):
        what = "includes a fragment that was not read"
        yield spot.issue(Rule.FRAGMENT, Weight.UNKNOWN, what)
    elif read.kind in {Kind.POLICIES, Kind.RESOLVER}:
        yield spot.issue(Rule.FRAGMENT, Weight.FAIL, "includes a fragment that holds a whole policy document")
    elif read.kind is Kind.NONE:
        yield spot.issue(Rule.FRAGMENT, Weight.WEAK, "includes a fragment that holds nothing")
    else:
        weight, text = {
            True: (Weight.FAIL, "includes fragments that include each other in a circle"),
            None: (Weight.UNKNOWN, "includes a fragment with fragments in it that were not read"),
            False: (Weight.FINE, "the fragment is there"),
        }[_circles(name, library)]
        yield spot.issue(Rule.FRAGMENT, weight, text)


def _fragment(sheet: Sheet) -> Iterator[Issue]:
    """What a fragment itself cannot hold."""
    wrong = False
    for spot in sheet.named("base", *SECTIONS):
        # <backend> within a data source is a part of it, no section.
        if spot.in_pipeline:
            wrong = True
            yield spot.issue(
                Rule.FRAGMENT,
                Weight.FAIL,
                "stands in a fragment, which can hold neither sections nor <base/>",
            )
    if not wrong and sheet.spots:
        yield sheet.spots[0].issue(Rule.FRAGMENT, Weight.FINE, "the fragment holds statements only")


def _circles(name: str, library: Library) -> bool | None:
    """Whether a fragment leads into a circle of includes; None where some on the way were not read.

    Each fragment is looked at once.
    """
    waiting: list[tuple[str, bool]] = [(name.casefold(), False)]
    open_: set[str] = set()
    done: set[str] = set()
    unread = False
    while waiting:
        current, left = waiting.pop()
        if left:
            open_.discard(current)
            done.add(current)
        elif current in open_:
            return True
        elif current not in done:
            open_.add(current)
            waiting.append((current, True))
            read = library.fragment(current)
            unread |= isinstance(read, Unreadable) or (read is None and not library.whole)
            waiting.extend((below, False) for below in _included(read))
    return None if unread else False


def _included(read: object) -> list[str]:
    """Ids of the fragments that a fragment includes, as far as they stand there as text."""
    if not isinstance(read, Document):
        return []
    words = [each.word("fragment-id") for each in read.walk() if each.name == _INCLUDE]
    return [word.casefold() for word in words if word]
