"""DP-2: monitor anomalies and threats targeting sensitive data. Words in dp_2.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
