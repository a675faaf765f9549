"""What waivers and attestations share: entries that hold for a time, and what came of each in a run.

An entry that changes nothing is told, with the reason: one that ended, that matches nothing or whose finding
is another by now would else be taken for one that still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from auditor.model.results import EntryJson, FindingJson, RegisterJson, UserFileJson
from auditor.nearest import did_you_mean
from auditor.selectors import Place, Selector
from auditor.userfiles import Step, UserFile

Cleaner: TypeAlias = Callable[[str], str]


def as_is(text: str) -> str:
    """Leave a text as it is."""
    return text


class State(StrEnum):
    """What came of an entry. A closed list: reports rely on it."""

    HOLDS = "holds"
    """It was applied."""
    EXPIRES_SOON = "expires-soon"
    """It was applied, and ends within days."""
    EXPIRED = "expired"
    """Its last day is over: it changes nothing."""
    NOT_YET = "not-yet"
    """It is of a later day than the audit: it changes nothing."""
    LAPSED = "lapsed"
    """It was given for other evidence: it changes nothing, or not all it is for."""
    UNMATCHED = "unmatched"
    """No finding is what it names."""
    NOT_NEEDED = "not-needed"
    """What it names is in no status that it changes."""
    NOT_ASKED = "not-asked"
    """Its check was not to be judged."""


QUIET = frozenset({State.HOLDS, State.NOT_ASKED})
"""States that nobody has to do anything about."""
STALE = frozenset(State) - QUIET - {State.EXPIRES_SOON}
"""States in which an entry does not do what it was written for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry as it was written."""

    selector: Selector
    decision: str
    """In a word: the kind of a waiver, the verdict of an attestation."""
    text: str
    """Why, or what was found: for people."""
    who: str
    """Who answers for it."""
    expires: date
    """Last day on which it holds."""
    place: str
    """Where it stands: ``waivers.yaml:12``."""
    starts: date = date.min
    """First day on which it holds."""
    evidence: str = ""
    """``evidence_digest`` of the finding it was given for; empty where it holds whatever was read."""
    links: tuple[str, ...] = ()


@dataclass(slots=True)
class Entry:
    """An entry, and what it met."""

    entry: Standing
    state: State
    """Whether it is its time."""
    applied: int = 0
    """Findings that it is for and that it may change."""
    missed: int = 0
    """Those that it would have changed, were it its time, and that no other entry changes."""
    changed: int = 0
    """Those whose evidence is no longer that which it was given for."""
    statuses: set[str] = field(default_factory=set)
    """Statuses of findings that it is for and never changes."""

    def beside(self, status: str) -> None:
        """It is for a finding in a status that it never changes."""
        self.statuses.add(status)


class Register:
    """The entries of a run."""

    word = "entry"

    def __init__(
        self, files: Iterable[UserFile], entries: Iterable[Standing], as_of: datetime, soon_days: int
    ) -> None:
        """Hold entries against a moment.

        Args:
            files: Where they stand.
            entries: All of them.
            as_of: The moment of the audit; its day in UTC decides.
            soon_days: An entry that ends within so many days is said to.
        """
        self.files = tuple(files)
        self.today = as_of.astimezone(UTC).date()
        self.soon_days = soon_days
        self.entries = [Entry(entry, self._time(entry)) for entry in entries]
        self._by_check: dict[tuple[str, str], list[Entry]] = {}
        """By check and service; the service is a star where it is a pattern: an estate has many of both."""
        self._by_fingerprint: dict[str, list[Entry]] = {}
        for one in self.entries:
            selector = one.entry.selector
            if selector.fingerprint:
                self._by_fingerprint.setdefault(selector.fingerprint, []).append(one)
            else:
                service = "*" if "*" in selector.service else selector.service.casefold()
                self._by_check.setdefault((selector.check.casefold(), service), []).append(one)

    def _time(self, entry: Standing) -> State:
        if self.today > entry.expires:
            return State.EXPIRED
        return State.NOT_YET if self.today < entry.starts else State.HOLDS

    def matching(self, service: Place, finding: FindingJson) -> Iterator[Entry]:
        """The entries that are for a finding."""
        check = finding["check"].casefold()
        for called in dict.fromkeys((service.name.casefold(), service.id.casefold(), "*")):
            candidates = self._by_check.get((check, called), ())
            yield from (one for one in candidates if one.entry.selector.covers(service, finding))
        if self._by_fingerprint:
            prints = {subject["fingerprint"] for subject in finding["subjects"]}
            for one in (one for each in sorted(prints) for one in self._by_fingerprint.get(each, ())):
                if one.entry.selector.covers(service, finding):
                    yield one

    def apply(self, service: Place, finding: FindingJson) -> None:
        """Change a finding as its entries say."""
        raise NotImplementedError

    def outcome(self, entry: Entry) -> tuple[State, str]:
        """What came of an entry whose check was judged and whose time it is."""
        raise NotImplementedError

    def told(self, entry: Entry, known: frozenset[str], asked: frozenset[str] | None) -> tuple[State, str]:
        """What came of an entry, in a sentence without its end.

        Args:
            entry: The entry.
            known: Ids of the checks of the catalogue, case-folded.
            asked: Those of them that were to be judged; None where nothing was, and time alone tells.
        """
        written = entry.entry
        check = written.selector.check.casefold()
        if entry.state is State.EXPIRED:
            return State.EXPIRED, f"it ended on {written.expires.isoformat()}{_missed(entry.missed)}"
        if entry.state is State.NOT_YET:
            when = f"it is of {written.starts.isoformat()}, which is after the day of this audit"
            return State.NOT_YET, f"{when}{_missed(entry.missed)}"
        if check and check not in known:
            hint = did_you_mean(check, sorted(known))
            return State.UNMATCHED, f"this version has no check of that id{hint}"
        if asked is None:
            return self._ending(State.HOLDS, "", written)
        if check and check not in asked:
            return State.NOT_ASKED, "its check was not to be judged"
        state, says = self.outcome(entry)
        if state is State.UNMATCHED and not check and asked != known:
            return State.NOT_ASKED, "no finding is what it names, of the checks that were to be judged"
        return self._ending(state, f"{says}; ", written)

    def _ending(self, state: State, says: str, written: Standing) -> tuple[State, str]:
        left = (written.expires - self.today).days
        if state is not State.HOLDS or left > self.soon_days:
            return state, says.removesuffix("; ")
        if not left:
            return State.EXPIRES_SOON, f"{says}today is its last day"
        days = f"{left} day{'s' if left > 1 else ''}"
        return State.EXPIRES_SOON, f"{says}it ends on {written.expires.isoformat()}, in {days}"

    def stored(self, known: Iterable[str], asked: Iterable[str] | None) -> RegisterJson:
        """The entries as the stored result tells of them, in the order they were written.

        Args:
            known: Ids of the checks of the catalogue.
            asked: Those of them that were to be judged; None where nothing was.
        """
        every = frozenset(name.casefold() for name in known)
        judged = None if asked is None else frozenset(name.casefold() for name in asked)
        rows = []
        for one in self.entries:
            state, says = self.told(one, every, judged)
            written = one.entry
            rows.append(
                EntryJson(
                    place=written.place,
                    selector=written.selector.stated(),
                    decision=written.decision,
                    text=written.text,
                    who=written.who,
                    expires=written.expires.isoformat(),
                    state=state.value,
                    says=says,
                    applied=one.applied,
                )
            )
        files = [UserFileJson(path=file.path, sha256=file.sha256) for file in self.files]
        return RegisterJson(files=files, soon_days=self.soon_days, entries=rows)


def _missed(count: int) -> str:
    if not count:
        return ""
    return f"; {count:,} finding{'s' if count > 1 else ''} it was for count{'s' if count == 1 else ''} again"


def text_of(file: UserFile, clean: Cleaner, *steps: Step) -> str:
    """A text that people read: it has to say something, and holds no credential.

    Raises:
        FileError: There is nothing but blanks in it.
    """
    value: Any = file.value
    for step in steps:
        value = value[step]
    text = str(value).strip()
    if not text:
        raise file.mistake(f"{steps[-1]!r} is empty", *steps)
    return clean(text)
