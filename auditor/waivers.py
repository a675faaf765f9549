"""Waivers: findings that are accepted for a time, by somebody, for a reason.

A waiver hides nothing. The finding stays where it is with all its evidence; its status becomes ``waived``,
and it says what it was, who accepted it, why and until when. Only ``fail`` and ``manual`` can be waived: what
is unknown or broken has not been judged, so there is nothing yet to accept. The kinds follow the exemption
categories of Azure Policy (*Waiver*, *Mitigated*; "Azure Policy exemption structure"), and the false
positive beside them.
"""

from __future__ import annotations

from pathlib import Path

from auditor.model.results import FindingJson, WaiverJson
from auditor.model.verdict import Status
from auditor.register import Cleaner, Entry, Register, Standing, State, as_is, text_of
from auditor.selectors import Place, Selector
from auditor.userfiles import UserFile, day, read_user_file

WAIVABLE = frozenset({Status.FAIL.value, Status.MANUAL.value})
"""The only statuses that a waiver changes."""


def read_waivers(path: Path | str, clean: Cleaner = as_is) -> tuple[UserFile, list[Standing]]:
    """The waivers of a file.

    Args:
        path: A YAML or TOML file.
        clean: Takes credentials out of texts that reports show.

    Raises:
        FileError: It is not what the schema ``waivers`` asks for.
    """
    file = read_user_file(path, "waivers")
    found = []
    for index, entry in enumerate(file.value["waivers"]):
        found.append(
            Standing(
                selector=Selector(**{name: entry[name] for name in Selector.__slots__ if name in entry}),
                decision=entry["kind"],
                text=text_of(file, clean, "waivers", index, "reason"),
                who=text_of(file, clean, "waivers", index, "owner"),
                expires=day(file, "waivers", index, "expires"),
                place=file.place("waivers", index),
                evidence=entry.get("evidence", ""),
                links=tuple(entry.get("links", ())),
            )
        )
    return file, found


class Waivers(Register):
    """The waivers of a run, and what came of each."""

    word = "waiver"

    def apply(self, service: Place, finding: FindingJson) -> None:
        """Waive a finding if a waiver that holds is for it."""
        holding, late = [], []
        for entry in self.matching(service, finding):
            waiver = entry.entry
            if finding["status"] not in WAIVABLE:
                entry.beside(finding["status"])
            elif entry.state is not State.HOLDS:
                late.append(entry)
            elif waiver.evidence and waiver.evidence != finding.get("evidence_digest"):
                entry.changed += 1
            else:
                entry.applied += 1
                holding.append(waiver)
        if holding:
            # Of several, the one that holds longest; the first of those.
            best = max(holding, key=lambda waiver: waiver.expires)
            finding["waiver"] = _waiver(best, finding["status"])
            finding["status"] = Status.WAIVED.value
            return
        for entry in late:
            entry.missed += 1

    def outcome(self, entry: Entry) -> tuple[State, str]:
        """What came of a waiver whose check was judged and whose time it is."""
        if entry.applied:
            others = f"; {entry.changed:,} more that it names rest on other evidence" if entry.changed else ""
            return State.HOLDS, f"{_count(entry.applied, 'finding')} waived{others}"
        if entry.changed:
            rests = f"{_count(entry.changed, 'finding')} rest{'s' if entry.changed == 1 else ''}"
            return State.LAPSED, f"what {rests} on is not the evidence it was given for: look again"
        if entry.statuses:
            found = " or ".join(sorted(entry.statuses))
            return State.NOT_NEEDED, f"what it is for is {found}, and only fail and manual can be waived"
        return State.UNMATCHED, "no finding is what it names"


def _waiver(waiver: Standing, status: str) -> WaiverJson:
    row = WaiverJson(
        status=status,
        kind=waiver.decision,
        reason=waiver.text,
        owner=waiver.who,
        expires=waiver.expires.isoformat(),
        place=waiver.place,
    )
    if waiver.evidence:
        row["evidence"] = waiver.evidence
    if waiver.links:
        row["links"] = list(waiver.links)
    return row


def _count(number: int, word: str) -> str:
    return f"{number:,} {word if number == 1 else word + 's'}"
