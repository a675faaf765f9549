"""A comparison as JSON: one change to a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from auditor.model.comparison import DiffJson


def render_json(diff: DiffJson) -> str:
    """A comparison as JSON, members in the schema's order."""
    head = {name: part for name, part in diff.items() if name not in ("services", "changes")}
    text = json.dumps(head, ensure_ascii=False, indent=1)
    return "".join(
        (text[:-2], *_rows("services", diff["services"]), *_rows("changes", diff["changes"]), "\n}\n")
    )


def _rows(name: str, rows: object) -> Iterator[str]:
    assert isinstance(rows, list)  # noqa: S101 - both are
    lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
    yield f',\n "{name}": [\n{lines}\n ]' if lines else f',\n "{name}": []'
