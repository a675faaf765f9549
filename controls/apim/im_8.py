"""IM-8: restrict the exposure of credential and secrets. Words in im_8.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
