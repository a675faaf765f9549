"""BR-1: ensure regular automated backups. Words in br_1.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
