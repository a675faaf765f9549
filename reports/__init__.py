"""The outputs. Every report is made from the stored result (``auditor.model.results``) alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.model.comparison import DiffJson
    from auditor.model.results import Results

DISTRIBUTION = "azure-baseline-auditor"

FORMATS = ("html", "md", "json", "sarif", "junit", "csv", "oscal")
"""The formats ``--report`` takes, by name."""


SMALLEST = 3_000
"""Fewer bytes are no limit for Markdown: the decision and its numbers take so many."""


def render(name: str, results: Results, longest: int | None = None) -> str:
    """A stored result in one of :data:`FORMATS`.

    Args:
        name: The format.
        results: The stored result.
        longest: The most bytes that Markdown may take, where it is not as many as a comment does; other
            formats have limits of their own.

    Raises:
        ValueError: No such format.
    """
    return "".join(pieces(name, results, longest))


def pieces(name: str, results: Results, longest: int | None = None) -> Iterator[str]:
    """The same in pieces, in order: of a large estate the whole text need never be held.

    Args:
        name: The format.
        results: The stored result.
        longest: As for :func:`render`.

    Raises:
        ValueError: No such format.
    """
    match name:
        case "json":
            from reports.stored import json_pieces

            yield from json_pieces(results)
        case "csv":
            from reports.table import csv_pieces

            yield from csv_pieces(results)
        case "oscal":
            from reports.oscal import oscal_pieces

            yield from oscal_pieces(results)
        case _:
            # These look at services again and again, and know them by identity.
            yield _whole(name, {**results, "services": list(results["services"])}, longest)


def _whole(name: str, results: Results, longest: int | None) -> str:
    match name:
        case "html":
            from reports.html import render_html

            return render_html(results)
        case "md":
            from reports.markdown import MOST_BYTES, render_markdown

            return render_markdown(results, longest or MOST_BYTES)
        case "sarif":
            from reports.sarif import render_sarif

            return render_sarif(results)
        case "junit":
            from reports.junit import render_junit

            return render_junit(results)
        case _:
            raise ValueError(f"no such format: {name}")


DIFF_FORMATS = ("text", "md", "html", "json")
"""The formats of ``auditor diff``, by name."""


def render_difference(name: str, diff: DiffJson) -> str:
    """A comparison of two stored results in one of :data:`DIFF_FORMATS`.

    Raises:
        ValueError: No such format.
    """
    match name:
        case "text":
            from reports.diffterminal import render_text

            return render_text(diff)
        case "md":
            from reports.diffmarkdown import render_markdown

            return render_markdown(diff)
        case "html":
            from reports.diffhtml import render_html

            return render_html(diff)
        case "json":
            from reports.diffjson import render_json

            return render_json(diff)
        case _:
            raise ValueError(f"no such format: {name}")
