"""Reports as they were when somebody last looked at them.

To write them anew: ``AUDITOR_GOLDEN=1 python -m pytest tests/reports``. Then read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, text: str, folder: Path = GOLDEN) -> None:
    """Compare a report with the golden file of this name."""
    path = folder / name
    if os.environ.get("AUDITOR_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text("utf-8")


def words(text: str) -> frozenset[str]:
    """The words of a text: a long list that stays readable."""
    return frozenset(text.split())
