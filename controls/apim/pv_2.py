"""PV-2: audit and enforce secure configurations. Words in pv_2.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
