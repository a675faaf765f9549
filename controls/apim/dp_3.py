"""DP-3: encrypt sensitive data in transit. Words in dp_3.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
