"""IM-5: use single sign-on (SSO) for application access. Words in im_5.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
