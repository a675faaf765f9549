"""DP-1: discover, classify, and label sensitive data. Words in dp_1.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
