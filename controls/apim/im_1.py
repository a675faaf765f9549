"""IM-1: use centralized identity and authentication system. Words in im_1.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
