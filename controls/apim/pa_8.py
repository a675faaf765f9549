"""PA-8: determine access process for cloud provider support. Words in pa_8.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
