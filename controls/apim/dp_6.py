"""DP-6: use a secure key management process. Words in dp_6.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
