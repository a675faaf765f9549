"""An effective policy as plain data to be shown: statements in order, each with where it is written.

Values are masked as :mod:`auditor.apim.policy.masking` says.
"""

from __future__ import annotations

from typing import Any

from auditor.apim.policy.masking import shown
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.tree import Element


def statement_shown(statement: Statement) -> dict[str, Any]:
    """One statement with all below it.

    Returns:
        ``statement``, ``attributes`` (name to text), ``text`` and ``children`` as far as there are any, and
        ``origin``: ``scope``, ``resource``, ``fragment``, ``line``, ``column``. Of a statement that stands for
        what was not read, ``unread`` says why.
    """
    origin = statement.origin
    place = {
        "scope": str(origin.place.scope),
        "resource": origin.place.id,
        "fragment": origin.fragment,
        "line": origin.line,
        "column": origin.column,
    }
    if statement.name == UNKNOWN:
        return {"statement": UNKNOWN, "unread": statement.reason, "origin": place}
    made = _element(statement.element, None)
    if statement.children:
        made["children"] = [statement_shown(child) for child in statement.children]
    return {**made, "origin": place}


def _element(element: Element, parent: Element | None) -> dict[str, Any]:
    made: dict[str, Any] = {"statement": element.name}
    if element.attributes:
        made["attributes"] = {a.name: shown(a.value, element, a.name) for a in element.attributes}
    if element.value is not None:
        made["text"] = shown(element.value, element, parent=parent)
    if element.elements:
        made["children"] = [_element(child, element) for child in element.elements]
    return made
