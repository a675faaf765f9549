"""Placeholder until the renderer lands."""

from __future__ import annotations

from auditor.model.results import Results


def render_html(results: Results) -> str:
    """Render."""
    raise NotImplementedError
