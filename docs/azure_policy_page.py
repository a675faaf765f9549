"""The page on Microsoft's built-in Azure Policy definitions, for ``generate.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from controls import azure_policy
from controls.azure_policy_differences import DIFFERENCES

TITLE = "Beside Azure Policy"
SOURCE = "controls/azure_policy.py and azure_policy_differences.py"
_KEY = (
    "Compliant beside `pass`, non-compliant beside `fail`, and not applicable on both sides count as alike; "
    "whatever else stands side by side has one of the reasons at the end. Parameters are at their defaults."
)
_DECISIONS = Path(__file__).parent / "decisions"
_Table = Callable[[Iterable[str], Iterable[Iterable[str]]], list[str]]


def lines(table: _Table, prose: Callable[[str | None], list[str]]) -> list[str]:
    """The page below its title.

    Args:
        table: Makes a Markdown table of a header and rows.
        prose: Makes Markdown paragraphs of a docstring.
    """
    definitions = (*azure_policy.BUILT_INS, *azure_policy.NEIGHBOURS)
    overview = ([_shown(each.name), _checks(each), _reasons(each)] for each in definitions)
    found = [*prose(azure_policy.__doc__), f"Reviewed {azure_policy.REVIEWED}. {_KEY}", ""]
    found += table(["definition", "our checks", "they differ because"], overview)
    for each in definitions:
        facts = [
            ["id", f"`{each.id}`"],
            ["version", each.version],
            ["non-compliant there", _shown(each.asks)],
            ["the benchmark files it under", ", ".join(each.benchmark) or "-"],
            ["our checks", _checks(each)],
            ["they differ because", _reasons(each)],
        ]
        found += [f"## {_shown(each.name)}", "", *table(["", ""], facts)]
        found += [_shown(each.note), ""] if each.note else []
    found += ["## Why they differ", ""]
    for reason in DIFFERENCES.values():
        found += [f"### {reason.id}", "", f"{_shown(reason.says)} Source: {_source(reason.source)}.", ""]
    return found


def _shown(text: str) -> str:
    """Text in which ``<base/>`` is no HTML."""
    return text.replace("<", "&lt;")


def _checks(each: azure_policy.BuiltIn) -> str:
    pages = ((id_, f"{id_.split('.')[1].upper()}.md#{id_.rpartition('.')[2]}") for id_ in each.checks)
    return ", ".join(f"[`{id_}`](controls/{page})" for id_, page in pages) or "none"


def _reasons(each: azure_policy.BuiltIn) -> str:
    return ", ".join(f"[{id_}](#{id_})" for id_ in each.differs) or "-"


def _source(text: str) -> str:
    """The source, with a link where it is a decision record of ours."""
    kind, _, number = text.partition(" ")
    record = next(_DECISIONS.glob(f"{number}-*.md"), None) if kind == "decision" else None
    return text if record is None else f"[{text}](decisions/{record.name})"
