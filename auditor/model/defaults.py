"""Rows of the tables of documented defaults: what holds when a member is absent.

Which table holds what: ``auditor.apim.defaults`` for API Management and whatever has no room of its own, and
``defaults`` of the rooms ``network``, ``fronts`` and ``keyvault``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.model.subject import Subject
from auditor.model.values import Json


@dataclass(frozen=True, slots=True)
class Row:
    """One default."""

    value: Json | Callable[[Subject], Json]
    """What holds, or how it follows from other members."""
    source: str
    """Title of the document that says so."""
    since: str = ""
    """The api-version from which on it holds."""
    observed_only: bool = False
    """It holds for what Azure reported; a template does not carry the member at all."""
    declared_only: bool = False
    """It holds for what a template leaves out; Azure always reports the member, so that a body without it is
    a part of one."""
