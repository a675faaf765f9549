"""LT-4: enable logging for security investigation. Words in lt_4.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
