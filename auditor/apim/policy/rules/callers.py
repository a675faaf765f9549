"""Filters on the caller's address: whom they let in, and whose word they take for it.

Sources: "Restrict caller IPs" policy (``allow`` refuses whatever is not listed, ``forbid`` lets it in; action
and addresses may be expressions), "API Management policy expressions" (``context.Request.IpAddress``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import Form, From, brought_by, forms, head
from auditor.apim.policy.reads import FORWARDED, reads_of
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import Document
from auditor.apim.policy.values import Text

_FILTER: Final = "ip-filter"
_GUARDS: Final = frozenset(
    {
        "return-response",
        "mock-response",
        "check-header",
        "ip-filter",
        "validate-jwt",
        "validate-azure-ad-token",
        "validate-client-certificate",
    }
)
"""Statements that turn callers away, or let them in where others are turned away."""
_ALL: Final = {
    version: (int(network[0]), int(network[-1]))
    for version, network in ((4, ipaddress.ip_network("0.0.0.0/0")), (6, ipaddress.ip_network("2000::/3")))
}
"""First and last address that callers on the internet can have, by version."""
_MOST_VARIABLES: Final = 64
Range = tuple[int, int, int]
"""Version, first and last address."""


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Address filters, then conditions on headers that tell an address."""
    for spot in sheet.named(_FILTER):
        for weight, message in dict.fromkeys(_filter(spot, sheet)):
            yield spot.issue(Rule.ADDRESS_FILTER, weight, message)
    for spot in sheet.named("when"):
        if _forwarded(spot.code("condition"), sheet) and _guards(spot, sheet):
            text = (
                "who gets in rests on a header that tells an address: unless a proxy in front overwrites "
                "it, callers write it themselves"
            )
            yield spot.issue(Rule.ADDRESS_FILTER, Weight.REVIEW, text)
    for spot in sheet.named("check-header"):
        if (spot.element.word("name") or "").casefold() in FORWARDED and spot.element.find_all("value"):
            text = (
                "a header that tells an address is compared: unless a proxy in front overwrites it, callers "
                "write it themselves"
            )
            yield spot.issue(Rule.ADDRESS_FILTER, Weight.REVIEW, text)


# -- ip-filter -------------------------------------------------------------------------------------------


def _filter(spot: Spot, sheet: Sheet) -> Iterator[tuple[Weight, str]]:
    action = spot.code("action")
    word = action.fixed.value.strip().casefold() if action and isinstance(action.fixed, Text) else None
    if word == "forbid":
        yield Weight.NOTE, "a list of forbidden addresses: everybody else gets in"
        return
    if word != "allow":
        known = word is not None or action is None
        text = "what its action is, is not known here" if not known else "its action is not one that exists"
        yield Weight.REVIEW if known else Weight.UNKNOWN, text
        return
    ranges: list[Range] = []
    said: list[tuple[Weight, str]] = []
    for low, high in _listed(spot):
        for first in forms(low, sheet):
            for last in forms(high, sheet) if high is not None else (first,):
                one = _range(first, last)
                if isinstance(one, str):
                    said.append(_not_a_range(first, last, one))
                else:
                    ranges += one
    yield from said
    if not ranges and not said:
        yield Weight.REVIEW, "it lists no address: what it does then is not documented"
    if any(_half(ranges, version) for version in (4, 6)):
        yield Weight.FAIL, "half of all addresses or more are let in: the filter is none"
    elif ranges:
        yield Weight.NOTE, "it sees the last hop: behind a proxy in front, the address of that proxy"


def _listed(spot: Spot) -> Iterator[tuple[Code | None, Code | None]]:
    """First and last address of every entry; no last one for a single address."""
    for element in spot.element.elements:
        at = spot.below(element)
        if element.name == "address":
            yield at.text(), None
        elif element.name == "address-range":
            yield at.code("from"), at.code("to") if element.get("to") is not None else at.code("from")


def _range(first: Form, last: Form) -> list[Range] | str:
    """The addresses from one to another, or why that is not told."""
    if brought_by(first) is not None or brought_by(last) is not None:
        return "an address is not known here"
    low, high = head(first).strip(), head(last).strip()
    if low == "*":
        return [(version, *ends) for version, ends in _ALL.items()]
    try:
        if low == high and "/" in low:
            network = ipaddress.ip_network(low, strict=False)
            return [(network.version, int(network[0]), int(network[-1]))]
        start, end = ipaddress.ip_address(low), ipaddress.ip_address(high)
    except ValueError:
        return "an entry is no address: what the gateway makes of it is not documented"
    if start.version != end.version or int(end) < int(start):
        return "a range ends before it begins: what the gateway makes of it is not documented"
    return [(start.version, int(start), int(end))]


def _not_a_range(first: Form, last: Form, why: str) -> tuple[Weight, str]:
    hands = {brought_by(first), brought_by(last)}
    if From.CALLER in hands:
        return Weight.REVIEW, "request data have a hand in the addresses that are let in"
    return (Weight.REVIEW if hands == {None} else Weight.UNKNOWN), why


def _half(ranges: list[Range], version: int) -> bool:
    """Whether half of all addresses of a version, or more, are covered."""
    first, last = _ALL[version]
    covered, free = 0, first
    for _, low, high in sorted(each for each in ranges if each[0] == version):
        low, high = max(low, free), min(high, last)
        if high >= low:
            covered += high - low + 1
            free = high + 1
    return 2 * covered >= last - first + 1


# -- headers ---------------------------------------------------------------------------------------------


def _forwarded(code: Code | None, sheet: Sheet) -> bool:
    """Whether a value rests on a header that tells an address, through variables of the document too."""
    waiting, seen = [code], set[str]()
    while waiting and len(seen) < _MOST_VARIABLES:
        read = reads_of(waiting.pop())
        if read.forwarded:
            return True
        for name in read.variables - seen:
            seen.add(name)
            writers = sheet.writers.get(name, ())
            waiting += [spot.code("value") for spot in writers if spot.name == "set-variable"]
    return False


def _guards(when: Spot, sheet: Sheet) -> bool:
    """Whether the ``choose`` that a ``when`` is part of decides who gets in."""
    choose = when.parents[-1] if when.parents else when.element
    for element in choose.walk():
        if element.name in _GUARDS:
            return True
        if element.name == "include-fragment":
            found = sheet.library.fragment(element.word("fragment-id") or "")
            if isinstance(found, Document) and any(each.name in _GUARDS for each in found.walk()):
                return True
    return False
