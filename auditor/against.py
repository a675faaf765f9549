"""What stood before: the findings of a run, looked up in an earlier result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.caveats import Stored, caveats, matching_caveats, renamed_caveats
from auditor.compare import Side, compare
from auditor.model.comparison import Change
from auditor.model.results import CatalogueJson, FindingJson, RunJson, ServiceJson


@dataclass(frozen=True, slots=True)
class Standing:
    """Which findings of a run an earlier result did not have."""

    path: str
    """The earlier result, as it was named."""
    as_of: str
    known: frozenset[int]
    """Identities of the findings that neither fail anew nor are undecided anew, for no subject of theirs."""
    gone: int
    """How many subjects the earlier result had decided and this run does not know."""
    notes: tuple[str, ...]
    """What limits the comparison."""

    def stood(self, finding: FindingJson) -> bool:
        """Whether the earlier result had it, and no better."""
        return id(finding) in self.known


def standing(
    earlier: Stored,
    services: Sequence[ServiceJson],
    catalogue: CatalogueJson,
    run: RunJson,
    renamed: Mapping[str, str],
) -> Standing:
    """Compare the services of a run with an earlier result.

    A finding stood if every subject it is about did. A failure that got worse did not.

    Args:
        earlier: The earlier result.
        services: What was judged.
        catalogue: The texts of the run's catalogue.
        run: The run's manifest.
        renamed: Present ids of checks by the ids they had.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: The earlier result is not what a scan writes.
    """
    was = earlier.results
    old = Side.of(was["services"], was["catalogue"], renamed)
    found = compare(old, Side.of(services, catalogue, renamed))
    seen = {id(one.new.finding) for one in found.differences if one.new is not None}
    anew = {id(one.entry.finding) for one in found.differences if one.fails_anew or one.open_anew}
    lost = (one for one in found.differences if one.change is Change.NO_LONGER_ASSESSED)
    return Standing(
        path=earlier.path,
        as_of=was["run"]["as_of"],
        known=frozenset(seen - anew),
        gone=sum(one.new is None for one in lost),
        notes=(*caveats(was["run"], run), *matching_caveats(found), *renamed_caveats(was, renamed)),
    )
