"""Attestations: what a person found out where no configuration tells.

An attestation answers ``manual`` and nothing else. What is ``unknown`` lacks a fact that can be read, and a
statement is no substitute for reading it; what failed was read, and a waiver is the way to accept it.
"""

from __future__ import annotations

from pathlib import Path

from auditor.model.results import AttestationJson, EvidenceJson, FindingJson
from auditor.model.verdict import Status
from auditor.register import Cleaner, Entry, Register, Standing, State, as_is, text_of
from auditor.selectors import Place, Selector
from auditor.userfiles import UserFile, day, read_user_file


def read_attestations(path: Path | str, clean: Cleaner = as_is) -> tuple[UserFile, list[Standing]]:
    """The attestations of a file.

    Args:
        path: A YAML or TOML file.
        clean: Takes credentials out of texts that reports show.

    Raises:
        FileError: It is not what the schema ``attestations`` asks for, or ends before it begins.
    """
    file = read_user_file(path, "attestations")
    found = []
    for index, entry in enumerate(file.value["attestations"]):
        steps = ("attestations", index)
        made, expires = day(file, *steps, "date"), day(file, *steps, "expires")
        if expires < made:
            raise file.mistake("'expires' is before 'date'", *steps, "expires")
        found.append(
            Standing(
                selector=Selector(**{name: entry[name] for name in Selector.__slots__ if name in entry}),
                decision=entry["verdict"],
                text=text_of(file, clean, *steps, "statement"),
                who=text_of(file, clean, *steps, "by"),
                starts=made,
                expires=expires,
                place=file.place(*steps),
                links=tuple(entry.get("links", ())),
            )
        )
    return file, found


class Attestations(Register):
    """The attestations of a run, and what came of each."""

    word = "attestation"

    def apply(self, service: Place, finding: FindingJson) -> None:
        """Answer a finding that is for a person to answer."""
        holding, late = [], []
        for entry in self.matching(service, finding):
            if finding["status"] != Status.MANUAL.value:
                entry.beside(finding["status"])
            elif entry.state is not State.HOLDS:
                late.append(entry)
            else:
                entry.applied += 1
                holding.append(entry.entry)
        if holding:
            # Where people disagree, what they found wanting counts; then the newest.
            _answer(finding, max(holding, key=lambda one: (one.decision == Status.FAIL.value, one.starts)))
            return
        for entry in late:
            entry.missed += 1

    def outcome(self, entry: Entry) -> tuple[State, str]:
        """What came of an attestation whose check was judged and whose time it is."""
        if entry.applied:
            count = f"{entry.applied:,} finding{'s' if entry.applied > 1 else ''}"
            return State.HOLDS, f"answers {count}"
        if entry.statuses:
            found = " or ".join(sorted(entry.statuses))
            return State.NOT_NEEDED, f"what it is for is {found}, and only manual can be answered"
        return State.UNMATCHED, "no finding is what it names"


def _answer(finding: FindingJson, one: Standing) -> None:
    finding["attestation"] = AttestationJson(
        verdict=one.decision,
        statement=one.text,
        by=one.who,
        date=one.starts.isoformat(),
        expires=one.expires.isoformat(),
        place=one.place,
        question=finding["message"],
    )
    if one.links:
        finding["attestation"]["links"] = list(one.links)
    evidence = EvidenceJson(
        resource=finding["subjects"][0]["id"],
        pointer="#attestation",
        value=one.decision,
        origin={"attestation": one.place},
    )
    finding["evidence"] = [evidence, *finding["evidence"]]
    finding["message"] = f"Attested by {one.who} on {one.starts.isoformat()}: {one.text}"
    finding["status"] = one.decision
