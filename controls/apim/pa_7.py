"""PA-7: follow just enough administration (least privilege) principle. Words in pa_7.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
