"""What a token statement asks of a token's content, as far as it is a demand: a caller cannot choose it.

Sources: "Validate JWT" and "Validate Microsoft Entra token" (``required-claims``: every claim has to be
there, ``match`` is about the values of one claim; a claim without values only has to be present).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.tree import Element
from auditor.apim.policy.values import Text

_CHOICE: Final = re.compile(r"\?|\b(if|switch|new|Contains\w*|Is[A-Z]\w*|Match(es)?|Equals)\b|[!=]=")
"""Code that may only choose by request data among values of its own."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A required claim that has to hold a value."""

    values: int
    any: bool
    """One of the values is enough."""


def code_of(statement: Statement, element: Element, attribute: str) -> Code | None:
    """The code of an attribute; "" is the element's text."""
    value = element.get(attribute) if attribute else element.value
    return compiled(value, statement.library) if value is not None else None


def taken_from_request(code: Code) -> bool:
    """Whether a value is what a caller sends, not only chosen by it."""
    if code.tree is None and code.fixed is not None:
        return False
    return "context.Request" in code.source and not _CHOICE.search(code.source)


def texts(statement: Statement, group: str, name: str) -> Iterator[Code | None]:
    """The values of a list such as ``audiences``; None for one without text."""
    found = statement.element.find(group)
    for each in found.find_all(name) if found is not None else ():
        yield code_of(statement, each, "")


def asked(statement: Statement, group: str, name: str) -> list[Code]:
    """The values of a list that callers do not choose; with one that they choose, none."""
    found = [each for each in texts(statement, group, name) if each is not None]
    if any(map(taken_from_request, found)):
        return []
    return [each for each in found if not isinstance(each.fixed, Text) or each.fixed.value.strip()]


def wanted(statement: Statement) -> dict[str, Wanted]:
    """The required claims that have to hold a value, by name."""
    required = statement.element.find("required-claims")
    found = {}
    for claim in required.find_all("claim") if required is not None else ():
        values = [code_of(statement, each, "") for each in claim.find_all("value")]
        known = [
            each for each in values if each and not (isinstance(each.fixed, Text) and not each.source.strip())
        ]
        if known and not any(map(taken_from_request, known)):
            match = claim.word("match") or "all"
            found[claim.word("name") or ""] = Wanted(len(known), match.casefold() == "any")
    return found
