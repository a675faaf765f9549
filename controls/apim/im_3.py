"""IM-3: manage application identities securely and automatically. Words in im_3.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
