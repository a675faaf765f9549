"""Stored results whose texts are written by an attacker."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from auditor.model.evidence import Reason
from auditor.model.results import Results
from auditor.model.verdict import Severity, Source, Status
from auditor.register import State

TEXTS = {
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "attribute": "' onmouseover='alert(1)' x='",
    "formula": "=cmd|' /C calc'!A0",
    "formulas": ' \t"=1+1;@SUM(A1)\r;-2+3',
    "wide formula": "\uff1d1\uff0b1",
    "controls": "a\x00b\x08c\x1bd\x7fe\x85f\ufffeg\uffffh",
    "newlines": "a\n\n# heading\r\n- item\n```\n|x|\n---",
    "right-to-left": "ab\u202egnp.exe\u2066\u200b\x1b[31m\x07",
    "long": "A" * 10_240,
    "link": "](javascript:alert(1))",
    "whole link": "[x](https://evil.example) <https://evil.example> ![i](https://evil.example/i.png)",
    "template": "{{7*7}}{% for x in y %}${7*7}",
    "backticks": "`` ` ``` x`",
    "mention": "@everyone (@octocat) #12 o/r#34 https://evil.example www.evil.example a@evil.example GH-7",
    "table": "a | b || c \\| d \\",
    "emphasis": "**b** _i_ ~~s~~ *",
    "entity": "&lt;script&gt;&#x3c;b&#x3e;",
    "details": "</details></summary></td></style><style>*{color:red}</style>",
    "comment": "--><!-- <!DOCTYPE html>",
    "surrogate": "\ud800x",
    "definition": "[a]: javascript:alert(1)",
    "digits": "1. first",
    "empty": "",
    "blank": " \t ",
}

_CLOSED = frozenset(
    {
        *Status,
        *Severity,
        *Source,
        *Reason,
        *State,
        "none",
        "yes",
        "no",
        "customer",
        "microsoft",
        "shared",
        "caller-states",
    }
)
_OPEN_KEYS = frozenset({"mappings", "scope", "details", "waiver", "states", "selector", "settings"})
"""Objects whose member names come from outside as well."""


def poisoned(results: Results, change: Callable[[str], str]) -> Results:
    """A copy in which every text that is not of a closed list is changed, names of open objects too."""
    return _walk(copy.deepcopy(results), change, "")  # type: ignore[no-any-return]


def stored(results: Results, change: Callable[[str], str]) -> Results:
    """The same, with the moments that the schema of a stored result demands."""
    changed = poisoned(results, change)
    for name in ("started", "finished", "as_of"):
        changed["run"][name] = results["run"][name]
    return changed


def _walk(node: Any, change: Callable[[str], str], key: str) -> Any:
    if isinstance(node, Mapping):
        return {
            (change(name) if key in _OPEN_KEYS and name not in ("kind", "states") else name): _walk(
                value, change, name
            )
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_walk(item, change, key) for item in node]
    if isinstance(node, str) and node not in _CLOSED:
        return change(node)
    return node
