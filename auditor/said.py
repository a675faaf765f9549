"""What the user says about findings: severities, attestations, waivers; after judging, before folding.

The order matters. Attestations answer what is manual; then waivers accept what failed, an attested
failure too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from auditor.attestations import Attestations
from auditor.model.check import Check
from auditor.model.inventory import Resource
from auditor.model.results import ConfigurationJson, FindingJson, RegisterJson
from auditor.rows import order
from auditor.selectors import Place
from auditor.waivers import Waivers


class Manifest(TypedDict, total=False):
    """What the run's manifest tells of it."""

    configuration: ConfigurationJson
    waivers: RegisterJson
    attestations: RegisterJson


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says; by default nothing."""

    severities: Mapping[str, str] = field(default_factory=dict)
    """Severity of all findings of a check, by its id."""
    attestations: Attestations | None = None
    waivers: Waivers | None = None
    configuration: ConfigurationJson | None = None

    def treat(self, service: Resource, rows: list[FindingJson]) -> None:
        """Change the findings of one check on one service."""
        if not self.severities and self.attestations is None and self.waivers is None:
            return
        place = Place(service.id, service.name)
        for row in rows:
            if row["check"] in self.severities:
                row["severity"] = self.severities[row["check"]]
            if self.attestations is not None:
                self.attestations.apply(place, row)
            if self.waivers is not None:
                self.waivers.apply(place, row)
        order(rows)

    def stored(self, judged: Iterable[Check], catalogue: Iterable[Check]) -> Manifest:
        """What came of it, for the manifest.

        Args:
            judged: The checks that were to be judged.
            catalogue: All that there are.
        """
        found = Manifest()
        known, asked = [check.id for check in catalogue], [check.id for check in judged]
        if self.configuration is not None:
            found["configuration"] = self.configuration
        if self.waivers is not None:
            found["waivers"] = self.waivers.stored(known, asked)
        if self.attestations is not None:
            found["attestations"] = self.attestations.stored(known, asked)
        return found
