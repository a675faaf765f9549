"""The outputs. Every report is made from the stored result (``auditor.model.results``) alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.model.comparison import DiffJson
    from auditor.model.results import Results

DISTRIBUTION = "azure-baseline-auditor"

FORMATS = ("html", "md", "json")
"""The formats ``--report`` takes, by name."""


def render(name: str, results: Results) -> str:
    """A stored result in one of :data:`FORMATS`.

    Raises:
        ValueError: No such format.
    """
    match name:
        case "html":
            from reports.html import render_html

            return render_html(results)
        case "md":
            from reports.markdown import render_markdown

            return render_markdown(results)
        case "json":
            from reports.stored import render_json

            return render_json(results)
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
