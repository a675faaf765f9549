"""IM-4: authenticate server and services. Words in im_4.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
