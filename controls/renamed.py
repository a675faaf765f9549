"""Checks that have another id than they once had: stored results and users' files may use the old one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RENAMED: Mapping[str, str] = MappingProxyType({})
"""The present id by each former one. A row stays for good; none leads to another."""
