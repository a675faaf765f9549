"""What came of waivers and attestations, for every report in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model.results import EntryJson, RegisterJson, Results

_IN_FORCE = ("holds", "expires-soon")
_ATTENTION = ("expired", "lapsed", "unmatched", "not-needed", "not-yet", "expires-soon")
"""States that somebody has to do something about, the most pressing first."""

STATE_WORDS = {
    "holds": "in force",
    "expires-soon": "in force, ends soon",
    "expired": "expired",
    "not-yet": "not yet in force",
    "lapsed": "lapsed: the evidence changed",
    "unmatched": "matches nothing",
    "not-needed": "not needed",
    "not-asked": "not asked",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry with the word for what it is."""

    word: str
    entry: EntryJson

    @property
    def state(self) -> str:
        """What came of it, in words."""
        return STATE_WORDS[self.entry["state"]]

    @property
    def names(self) -> str:
        """What it is for."""
        return ", ".join(self.entry["selector"].values())

    @property
    def pressing(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.entry["state"] in _ATTENTION


def registers(results: Results) -> Iterator[tuple[str, RegisterJson]]:
    """Waivers and attestations, where files with any were given."""
    run = results["run"]
    for word, found in (("waiver", run.get("waivers")), ("attestation", run.get("attestations"))):
        if found is not None:
            yield word, found


def entries(results: Results) -> list[Listed]:
    """All entries: what is pressing first, then what is in force, each in the order it was written."""
    found = [Listed(word, entry) for word, register in registers(results) for entry in register["entries"]]
    order = [*_ATTENTION, "holds", "not-asked"]
    return sorted(found, key=lambda one: order.index(one.entry["state"]))


def tally(results: Results) -> list[str]:
    """A line for each kind: ``2 waivers in force, 1 expired, 1 matches nothing``."""
    lines = []
    for word, register in registers(results):
        states = [entry["state"] for entry in register["entries"]]
        count = sum(states.count(state) for state in _IN_FORCE)
        parts = [f"{count:,} {word if count == 1 else word + 's'} in force"]
        soon = states.count("expires-soon")
        if soon:
            parts.append(f"{soon:,} of them within {register['soon_days']} days of the end")
        parts += [f"{states.count(state):,} {_SHORT[state]}" for state in _SHORT if states.count(state)]
        lines.append(", ".join(parts))
    return lines


_SHORT = {
    "expired": "expired",
    "lapsed": "lapsed",
    "unmatched": "without a finding",
    "not-needed": "not needed",
    "not-yet": "not yet in force",
    "not-asked": "not asked",
}
