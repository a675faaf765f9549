"""A comparison as readers want it: sections, the worst first, each grouped by what there is to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.model.comparison import Change, ChangeJson, DiffEvidenceJson, DiffJson, Missing
from auditor.model.verdict import FOLD_ORDER, Severity, Status
from reports.safe import line
from reports.summary import REPORTED, STATUS_WORDS, fact, only_reports, place, short_name

CHANGE_WORDS = {
    "new": "newly failing",
    "no_longer_assessed": "no longer assessed",
    "newly_assessed": "newly assessed",
    "changed": "changed",
    "fixed": "fixed",
    "still": "unchanged",
    "appeared": "appeared",
    "disappeared": "disappeared",
}
"""The classes, in words for readers."""

MISSING_WORDS = {
    "service": "the service is not in it",
    "check": "it did not judge the check",
    "not-asked": "the control was not asked for",
    "not-listed": "not everything could be listed",
    "not-applicable": "the check did not apply",
    "absent": "not among what was listed",
}
"""Why one of the results says nothing, in words for readers."""

DECISION_WORDS = {0: "PASSED", 1: "FAILED", 3: "NO LONGER ASSESSED", 4: "NOTHING COMPARED"}


@dataclass(slots=True)
class Group:
    """Changes that belong together: of one check, or of a service that is gone as a whole."""

    check: str
    """Id of the check; empty where a service is what they have in common."""
    title: str
    severity: str
    members: list[ChangeJson] = field(default_factory=list)


@dataclass(slots=True)
class Section:
    """One answer to what became of things."""

    name: str
    title: str
    explained: str
    face: str
    """The status whose colour and symbol it has."""
    groups: list[Group] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many changes it holds."""
        return sum(len(group.members) for group in self.groups)


def sections(diff: DiffJson) -> list[Section]:
    """All sections that hold something."""
    found = [
        Section("anew", "Failing anew", "Passed before, milder before, not there or not assessed.", "fail"),
        Section("lost", "No longer assessed", "Decided before and not now: this is not a fix.", "unknown"),
        Section("changed", "Changed", "Says something else, and is neither new nor fixed.", "manual"),
        Section("fixed", "Fixed", "Failed before, and passes now.", "pass"),
        Section("assessed", "Newly assessed", "Not decided before, and decided now.", "inherited"),
        Section("known", "Failing as before", "Known from the old result.", "waived"),
    ]
    by_name = {section.name: section for section in found}
    groups: dict[tuple[str, str], Group] = {}
    for change in diff["changes"]:
        name = _section(change)
        if not name:
            continue
        key, title = _head(change, diff)
        group = groups.get((name, key or title))
        if group is None:
            group = groups[name, key or title] = Group(key, title, change["severity"])
            by_name[name].groups.append(group)
        group.members.append(change)
        group.severity = min(group.severity, change["severity"], key=lambda one: Severity(one).rank)
    for section in found:
        section.groups.sort(key=lambda group: (Severity(group.severity).rank, group.check, group.title))
    return [section for section in found if section.groups]


def _section(change: ChangeJson) -> str:
    if change["fails_anew"]:
        return "anew"
    return {
        Change.NO_LONGER_ASSESSED: "lost",
        Change.CHANGED: "changed",
        Change.FIXED: "fixed",
        Change.NEWLY_ASSESSED: "assessed",
        Change.STILL: "known",
    }.get(Change(change["change"]), "")


def _head(change: ChangeJson, diff: DiffJson) -> tuple[str, str]:
    """What a change is grouped by: its check, or the service that is not in the new result at all."""
    if change["new"] is None and change.get("missing") == Missing.SERVICE:
        return "", diff["services"][change["service"]]["name"]
    text = diff["checks"].get(change["check"])
    return change["check"], text["title"] if text else ""


def lost(group: Group) -> str:
    """How much a service that is gone takes with it."""
    checks = len({one["check"] for one in group.members})
    return f"{plural(len(group.members), 'verdict')} of {plural(checks, 'check')}"


def plural(count: int, word: str) -> str:
    """A number with its word."""
    return f"{count:,} {word if count == 1 else word + 's'}"


# -- words ---------------------------------------------------------------------------------------------


def who(change: ChangeJson, diff: DiffJson) -> str:
    """What a change is about, as short as it can be said."""
    service, subject = diff["services"][change["service"]], change["subject"]
    name = short_name(service["name"])
    if subject["id"] not in (service["old_id"], service["new_id"]):
        own_type = subject["type"].rpartition("/")[2]
        name = f"{name} {own_type}/{short_name(subject['name'])}"
    return f"{name}: {subject['item']}" if "item" in subject else name


def turn(change: ChangeJson) -> str:
    """From what to what: ``passed → failed (high)``."""
    return f"{_word(change, 'old')} → {_word(change, 'new')}"


def _word(change: ChangeJson, side: str) -> str:
    verdict = change["old"] if side == "old" else change["new"]
    if verdict is None:
        return f"({MISSING_WORDS[change['missing']]})"
    word = STATUS_WORDS[verdict["status"]]
    other = change["new"] if side == "old" else change["old"]
    worse = other is not None and other["severity"] != verdict["severity"]
    return f"{word} ({verdict['severity']})" if worse and verdict["status"] == Status.FAIL else word


def message(change: ChangeJson) -> str:
    """What the newer result says; what the older said of something it does not have."""
    verdict = change["new"] or change["old"]
    return verdict["message"] if verdict else ""


def before(change: ChangeJson) -> str:
    """What the older result said, where the newer says something else."""
    old, new = change["old"], change["new"]
    return old["message"] if old and new and old["message"] != new["message"] else ""


def value(change: ChangeJson, row: DiffEvidenceJson) -> str:
    """One value as it was and as it is: ``Disabled → Enabled``.

    Where one of the results keeps no evidence of the subject, what the other read stands alone.
    """
    sides = []
    kept = [side for side in ("old", "new") if any(side in one for one in change["evidence"])]
    for one in (row.get("old"), row.get("new")):
        if one is not None:
            text = line(one["value"], 160)
            sides.append(f"{text} (absent: the documented default)" if "defaulted" in one else text)
        else:
            sides.append("(not read)")
    if len(kept) == 1:
        return sides[("old", "new").index(kept[0])]
    return sides[0] if sides[0] == sides[1] else f"{sides[0]} → {sides[1]}"


def pointer(row: DiffEvidenceJson) -> str:
    """Which member it is."""
    one = row.get("new") or row.get("old")
    return fact(one).partition(" = ")[0] if one else ""


def where(row: DiffEvidenceJson) -> str:
    """Where the newer value was read; the older, where there is no newer."""
    one = row.get("new") or row.get("old")
    return place(one) if one else ""


def remedies(change: ChangeJson) -> Iterator[str]:
    """What would decide again what is unknown now, each once."""
    new = change["new"]
    seen: set[str] = set()
    for gap in new["gaps"] if new else []:
        text = gap["remedy"] or gap["needed"]
        if text not in seen:
            seen.add(text)
            yield text


def tally(diff: DiffJson) -> str:
    """All classes with their counts, in a line; nothing that is zero."""
    counts = diff["counts"]
    parts = [f"{counts[one.value]:,} {CHANGE_WORDS[one.value]}" for one in Change if counts[one.value]]
    return ", ".join(parts) or "nothing to compare"


def still(diff: DiffJson) -> str:
    """What did not change, by status."""
    found = diff["still"]
    return ", ".join(f"{found[one]:,} {STATUS_WORDS[one]}" for one in FOLD_ORDER if one in found)


def decision_word(diff: DiffJson) -> str:
    """The decision in a word or three."""
    if only_reports(diff["gate"]):
        return REPORTED
    return DECISION_WORDS.get(diff["gate"]["exit_code"], "ENDED")


def decision(diff: DiffJson) -> str:
    """The last line: the decision and the numbers behind it."""
    gate = diff["gate"]
    return f"{decision_word(diff)} (exit {gate['exit_code']}): {gate['reason']}."
