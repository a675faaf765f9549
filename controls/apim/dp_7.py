"""DP-7: use a secure certificate management process. Words in dp_7.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
