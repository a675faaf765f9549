"""IM-7: restrict resource access based on conditions. Words in im_7.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
