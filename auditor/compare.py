"""Two stored results side by side: what became of each check on each subject. Pure; knows the model only.

A subject is known by the check's id, the resource below its service and the item in it: what fingerprints
are made of, but for the service, which is matched first. So a template, whose ids know no subscription, can
be compared with a snapshot.

Entries that stand for several subjects are taken apart. That something was decided and is not there any more
is never a fix: the file that showed it may be gone, or the permission to list it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.matching import Pair, match
from auditor.model.comparison import Change, Missing
from auditor.model.results import CatalogueJson, FindingJson, ServiceJson, SubjectJson
from auditor.model.verdict import FOLD_ORDER, Severity, Status

_OPEN = frozenset({Status.UNKNOWN, Status.ERROR, Status.MANUAL})
_OUT = frozenset({Status.NOT_APPLICABLE, Status.INHERITED})
_NOT_LISTED = "(not listed)"
"""Item of the finding that stands for what could not be listed (``auditor.engine``)."""
_THERE_WAS_NONE = frozenset({Missing.SERVICE, Missing.NOT_APPLICABLE, Missing.ABSENT})
"""Reasons that say that there was nothing to fail, rather than that nobody looked."""
_RANK = {status: rank for rank, status in enumerate(FOLD_ORDER)}
_PLACES = re.compile(r"\b(line|column) \d+\b| The same holds for \d+ more\.$")
"""Parts of messages that move when nothing is said differently."""
Key = tuple[str, str, str]
"""Check, resource below its service, item; in lower case but for the check."""


@dataclass(slots=True, eq=False)
class Entry:
    """One check's verdict on one subject."""

    finding: FindingJson
    subject: SubjectJson
    status: Status

    @property
    def severity(self) -> Severity:
        """Of the finding."""
        return Severity(self.finding["severity"])

    @property
    def evidenced(self) -> bool:
        """Whether the finding's evidence is about this subject: of several it is that of the first."""
        return self.finding["subjects"][0] is self.subject


@dataclass(slots=True, eq=False)
class Difference:
    """What became of one check on one subject."""

    change: Change
    check: str
    pair: Pair
    old: Entry | None
    new: Entry | None
    missing: Missing | None = None
    """Why one side has no entry."""

    @property
    def entry(self) -> Entry:
        """What there is: the newer one if both are."""
        entry = self.new or self.old
        assert entry is not None  # noqa: S101 - a difference is of at least one
        return entry

    @property
    def fails_anew(self) -> bool:
        """It fails now, and did not before as far as is known, or not as badly."""
        if self.new is None or self.new.status is not Status.FAIL:
            return False
        if self.change in (Change.NEW, Change.NEWLY_ASSESSED):
            return True
        return self.old is not None and self.new.severity.rank < self.old.severity.rank

    @property
    def open_anew(self) -> bool:
        """It is unknown or broken now, and was not before as far as is known."""
        undecided = (Status.UNKNOWN, Status.ERROR)
        if self.new is None or self.new.status not in undecided:
            return False
        return self.old.status not in undecided if self.old else self.missing is not Missing.NOT_LISTED

    @property
    def removed(self) -> bool:
        """Its subject is gone from a list that is complete, rather than from sight."""
        return self.new is None and self.missing in (Missing.ABSENT, Missing.NOT_APPLICABLE)

    @property
    def severity(self) -> Severity:
        """The worse of the two."""
        found = [entry.severity for entry in (self.old, self.new) if entry is not None]
        return min(found, key=lambda one: one.rank)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two results, as far as a comparison looks at it."""

    services: list[ServiceJson]
    controls: Mapping[str, str]
    """The control of each check of its catalogue, by the check's present id."""
    renamed: Mapping[str, str]

    @classmethod
    def of(
        cls, services: Sequence[ServiceJson], catalogue: CatalogueJson, renamed: Mapping[str, str]
    ) -> Side:
        """The services and catalogue of a stored result; ``renamed`` gives old check ids their new ones."""
        controls = {renamed.get(one["id"], one["id"]): one["control"] for one in catalogue["checks"]}
        # They are known by identity here: those that are unpacked on access are unpacked once.
        return cls(services if isinstance(services, list) else [*services], controls, renamed)


@dataclass(slots=True)
class Comparison:
    """All differences, service by service, and how the services were matched."""

    pairs: list[Pair]
    differences: list[Difference]
    ambiguous: list[str]
    """Names of services that could not be matched because several share an id or a name."""


def compare(old: Side, new: Side) -> Comparison:
    """What became of each check on each subject; observations are left out, as from totals and gate.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: A side is not what a scan writes.
    """
    pairs, ambiguous = match(old.services, new.services)
    differences = [one for pair in pairs for one in _differences(pair, old, new)]
    return Comparison(pairs, differences, ambiguous)


def inspect(side: Side) -> None:
    """Look at all that a comparison looks at, so that what is wrong with a side is known to be its own.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, IndexError: It is not what a scan writes.
    """
    for service in side.services:
        _found(service, side, by_name=False)
    match(side.services, side.services)


# -- subjects ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """The findings of one service, one by one."""

    entries: dict[Key, list[Entry]] = field(default_factory=dict)
    whole: dict[str, Status] = field(default_factory=dict)
    """By check: the worst that is said of the service as a whole, or of what could not be listed."""
    checks: set[str] = field(default_factory=set)
    not_asked: set[str] = field(default_factory=set)
    """Controls that were left out."""
    below: dict[str, str] = field(default_factory=dict)
    """By resource id: a service's checks are about the same resources again and again."""


def _found(service: ServiceJson | None, side: Side, by_name: bool) -> _Found:
    found = _Found()
    if service is None:
        return found
    for control in service["controls"]:
        if not control.get("asked", True):
            found.not_asked.add(control["id"])
        for feature in control["features"]:
            for finding in feature["findings"]:
                if not finding.get("observation"):
                    _take(found, finding, service, side.renamed, by_name)
    return found


def _take(
    found: _Found, finding: FindingJson, service: ServiceJson, renamed: Mapping[str, str], by_name: bool
) -> None:
    check, status = renamed.get(finding["check"], finding["check"]), Status(finding["status"])
    found.checks.add(check)
    for subject in finding["subjects"]:
        item = subject.get("item", "").lower()
        resource = subject["id"]
        below = found.below.get(resource)
        if below is None:
            below = found.below[resource] = relative(resource, service, by_name)
        found.entries.setdefault((check, below, item), []).append(Entry(finding, subject, status))
        if not below and item in ("", _NOT_LISTED):
            found.whole[check] = min(found.whole.get(check, status), status, key=_RANK.__getitem__)


def relative(resource: str, service: ServiceJson, by_name: bool) -> str:
    """The id of a resource in lower case; below its service, without the service's own id.

    Args:
        resource: A resource id.
        service: The service whose findings are compared.
        by_name: Its id differs between the results: a template knows the subscription of neighbours no
            better than its own, so they are known from their provider on.
    """
    lowered, root = resource.lower(), service["id"].lower()
    if lowered == root:
        return ""
    if lowered.startswith(f"{root}/"):
        return lowered[len(root) :]
    _, separator, tail = lowered.partition("/providers/")
    return f"{separator}{tail}" if separator and by_name else lowered


def _differences(pair: Pair, old: Side, new: Side) -> Iterator[Difference]:
    before, after = _found(pair.old, old, pair.by_name), _found(pair.new, new, pair.by_name)
    nothing: list[Entry] = []
    changes: dict[tuple[int, int], Change] = {}
    """By both findings: what became of one subject of theirs became of all."""
    for key in before.entries | after.entries:
        check, olds, news = key[0], before.entries.get(key, nothing), after.entries.get(key, nothing)
        if len(olds) == len(news) == 1:
            rows = id(olds[0].finding), id(news[0].finding)
            change = changes.get(rows)
            if change is None:
                change = changes[rows] = _change(olds[0], news[0], None)
            yield Difference(change, check, pair, olds[0], news[0])
            continue
        for one, other in _paired(olds, news):
            missing = None
            if one is None:
                missing = _why_missing(check, pair.old, before, old)
            elif other is None:
                missing = _why_missing(check, pair.new, after, new)
            yield Difference(_change(one, other, missing), check, pair, one, other, missing)


def _why_missing(check: str, service: ServiceJson | None, found: _Found, side: Side) -> Missing:
    if service is None:
        return Missing.SERVICE
    if check not in found.checks:
        return Missing.NOT_ASKED if side.controls.get(check) in found.not_asked else Missing.CHECK
    whole = found.whole.get(check)
    if whole in _OPEN:
        return Missing.NOT_LISTED
    return Missing.NOT_APPLICABLE if whole in _OUT else Missing.ABSENT


def _paired(old: list[Entry], new: list[Entry]) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Entries of one key: one of each, but where an id is given twice. Then those that agree go together."""
    if len(old) <= 1 and len(new) <= 1:
        yield (old[0] if old else None), (new[0] if new else None)
        return
    old, new = sorted(old, key=_worst), sorted(new, key=_worst)
    for alike in (_same, _same_status, _any):
        for one in list(old):
            other = next((entry for entry in new if alike(one, entry)), None)
            if other is not None:
                old.remove(one)
                new.remove(other)
                yield one, other
    yield from ((one, None) for one in old)
    yield from ((None, other) for other in new)


def _worst(entry: Entry) -> tuple[int, int, str]:
    return _RANK[entry.status], entry.severity.rank, entry.finding["message"]


def _same_status(one: Entry, other: Entry) -> bool:
    return one.status is other.status


def _any(one: Entry, other: Entry) -> bool:  # noqa: ARG001 - one of three ways to be alike
    return True


# -- classes -------------------------------------------------------------------------------------------


def _change(old: Entry | None, new: Entry | None, missing: Missing | None) -> Change:
    if old is None:
        assert new is not None  # noqa: S101 - one of the two is there
        return _came(new.status, missing)
    if new is None:
        quiet = old.status in _OPEN or old.status in _OUT
        return Change.DISAPPEARED if quiet else Change.NO_LONGER_ASSESSED
    if old.status in _OPEN or new.status in _OPEN:
        if old.status not in _OPEN:
            return Change.NO_LONGER_ASSESSED
        if new.status not in _OPEN:
            return Change.NEWLY_ASSESSED
    elif new.status is Status.FAIL and old.status is not Status.FAIL:
        return Change.NEW
    elif old.status is Status.FAIL and new.status is Status.PASS:
        return Change.FIXED
    return Change.STILL if _same(old, new) else Change.CHANGED


def _came(status: Status, missing: Missing | None) -> Change:
    """The class of what only the new result has."""
    if status is Status.FAIL:
        return Change.NEW if missing in _THERE_WAS_NONE else Change.NEWLY_ASSESSED
    return Change.NEWLY_ASSESSED if status in (Status.PASS, Status.WAIVED) else Change.APPEARED


def _same(old: Entry, new: Entry) -> bool:
    """Whether both say the same, in all that a reader would act on.

    Passes may give other reasons. Of an unknown that stands for several the sentence is about the first: then
    the reasons of the gaps are what can be compared.
    """
    if old.status is not new.status:
        return False
    if old.status is Status.PASS or old.status in _OUT:
        return True
    if old.finding["severity"] != new.finding["severity"]:
        return False
    if old.status is Status.UNKNOWN:
        if _reasons(old) != _reasons(new):
            return False
        if len(old.finding["subjects"]) > 1 or len(new.finding["subjects"]) > 1:
            return True
    return _said(old) == _said(new)


def _reasons(entry: Entry) -> set[str]:
    return {gap["reason"] for gap in entry.finding["gaps"]}


def _said(entry: Entry) -> str:
    """The message without what moves when nothing is said differently, such as line numbers."""
    return _PLACES.sub("", entry.finding["message"])
