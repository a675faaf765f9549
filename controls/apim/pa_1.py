"""PA-1: separate and limit highly privileged/administrative users. Words in pa_1.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
