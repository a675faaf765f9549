"""An effective policy as plain data to be shown: statements in order, each with where it is written.

Values are masked as :mod:`auditor.apim.policy.masking` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor.apim.policy.masking import shown
from auditor.apim.policy.scopes import Place
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.tree import Element


def _plainly(place: Place) -> dict[str, str]:
    return {"scope": str(place.scope), "resource": place.id, "name": place.id}


def statement_shown(
    statement: Statement, naming: Callable[[Place], dict[str, str]] = _plainly
) -> dict[str, Any]:
    """One statement with all below it.

    Args:
        statement: Of an effective section.
        naming: What a scope is called: ``scope``, ``resource`` and ``name``.

    Returns:
        ``statement``, ``attributes`` (name to text), ``text`` and ``children`` as far as there are any, and
        ``origin``: ``scope``, ``resource``, ``name``, ``fragment``, ``line``, ``column``. Of a statement that
        stands for what was not read, ``unread`` says why.
    """
    origin = statement.origin
    place = {
        **naming(origin.place),
        "fragment": origin.fragment,
        "line": origin.line,
        "column": origin.column,
    }
    if statement.name == UNKNOWN:
        return {"statement": UNKNOWN, "unread": statement.reason, "origin": place}
    made = _element(statement.element, None)
    if statement.children:
        made["children"] = [statement_shown(child, naming) for child in statement.children]
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
