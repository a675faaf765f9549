"""``results.json``: the stored result itself."""

from __future__ import annotations

import json

from auditor.model.results import Results


def render_json(results: Results) -> str:
    """The stored result as JSON: members in the schema's order, one space of indent."""
    return json.dumps(results, ensure_ascii=False, indent=1) + "\n"
