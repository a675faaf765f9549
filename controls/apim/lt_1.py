"""LT-1: enable threat detection capabilities. Words in lt_1.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
