"""NS-6: deploy web application firewall. Words in ns_6.md."""

from __future__ import annotations

from auditor.model.check import Check

CHECKS: tuple[Check, ...] = ()
