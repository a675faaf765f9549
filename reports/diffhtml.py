"""A comparison as one HTML page, with the style and the promises of the report."""

from __future__ import annotations

from auditor.model.comparison import Change, DiffJson
from reports import diffview
from reports.html import render_page
from reports.summary import decision_face

_MOST_SUBJECTS = 100
_MOST_SERVICES = 200


def render_html(diff: DiffJson) -> str:
    """A comparison as one HTML page.

    Args:
        diff: The comparison.
    """
    changed = [one for one in diff["services"] if _moved(one["counts"]) or one["matched"] != "id"]
    return render_page(
        "diff.html.j2",
        "diff.css",
        diff=diff,
        gate=diff["gate"],
        sections=diffview.sections(diff),
        tally=[(one.value, diffview.CHANGE_WORDS[one.value]) for one in Change if diff["counts"][one.value]],
        services=changed[:_MOST_SERVICES],
        more_services=max(0, len(changed) - _MOST_SERVICES),
        word=diffview.decision_word(diff),
        face=decision_face(diff["gate"]),
        still=diffview.still(diff),
        view=diffview,
        most_subjects=_MOST_SUBJECTS,
    )


def _moved(counts: dict[str, int]) -> int:
    return sum(count for change, count in counts.items() if change != Change.STILL)
