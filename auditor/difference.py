"""A comparison as the form that reports of differences are made from, the decision on it included."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from auditor import DISTRIBUTION, __version__
from auditor.caveats import Stored, caveats, matching_caveats, renamed_caveats
from auditor.compare import Comparison, Difference, Entry, Side, compare, relative
from auditor.gate import decide_difference
from auditor.model.comparison import (
    DIFF_VERSION,
    Change,
    ChangeJson,
    DiffCheckJson,
    DiffEvidenceJson,
    DiffJson,
    DiffServiceJson,
    DiffSideJson,
    DiffVerdictJson,
)
from auditor.model.results import EvidenceJson, FindingJson, Results, ServiceJson
from auditor.model.verdict import Status

_ALIKE = re.compile(r" The same holds for \d+ more\.$")
_QUIET = frozenset({Change.APPEARED, Change.DISAPPEARED})
_ORDER = {change: rank for rank, change in enumerate(Change)}


def difference(
    old: Stored, new: Stored, renamed: Mapping[str, str], fail_on: str, allow_removed: bool
) -> DiffJson:
    """Two stored results, compared and decided on.

    Args:
        old: The earlier one.
        new: The later one.
        renamed: Present ids of checks by the ids they had.
        fail_on: A severity, or ``none``: what is milder does not count.
        allow_removed: A subject that is not in a complete list any more does not count.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: One of them is not what a scan writes.
    """
    sides = [Side.of(one.results["services"], one.results["catalogue"], renamed) for one in (old, new)]
    found = compare(*sides)
    listed = [one for one in found.differences if _listed(one)]
    position = {id(pair): index for index, pair in enumerate(found.pairs)}
    changes = [_change(one, position[id(one.pair)]) for one in sorted(listed, key=_sorting)]
    still = Counter(one.new.status for one in found.differences if one.change is Change.STILL and one.new)
    return DiffJson(
        diff_version=DIFF_VERSION,
        tool={"name": DISTRIBUTION, "version": __version__},
        old=_side(old),
        new=_side(new),
        caveats=[
            *caveats(old.results["run"], new.results["run"]),
            *matching_caveats(found),
            *renamed_caveats(old.results, renamed),
        ],
        counts=_counts(found.differences),
        still={status.value: still[status] for status in Status if still[status]},
        gate=decide_difference(found, fail_on, allow_removed),
        checks=_checks(old.results, new.results, renamed, {one.check for one in listed}),
        services=_services(found),
        changes=changes,
    )


def _listed(one: Difference) -> bool:
    """Whether a difference is listed: all that changed, and failures that did not."""
    return one.change is not Change.STILL or (one.new is not None and one.new.status is Status.FAIL)


def _sorting(one: Difference) -> tuple[int, bool, int, str, str, str, str]:
    """By class, failures and worse ones first, so that a reader may stop anywhere."""
    subject = one.entry.subject
    return (
        _ORDER[one.change],
        not one.fails_anew,
        one.severity.rank,
        one.check,
        one.pair.name.lower(),
        subject["id"].lower(),
        subject.get("item", ""),
    )


def _counts(differences: Iterable[Difference]) -> dict[str, int]:
    counts = Counter(one.change for one in differences)
    return {change.value: counts[change] for change in Change}


def _side(one: Stored) -> DiffSideJson:
    run = one.results["run"]
    return DiffSideJson(
        path=one.path,
        tool=run["tool"]["version"],
        catalogue=run["catalogue"],
        as_of=run["as_of"],
        inputs=list(dict.fromkeys(given["title"] for given in run["inputs"])),
        services=len(one.results["services"]),
    )


def _services(found: Comparison) -> list[DiffServiceJson]:
    by_pair: dict[int, list[Difference]] = {}
    for one in found.differences:
        by_pair.setdefault(id(one.pair), []).append(one)
    return [
        DiffServiceJson(
            name=pair.name,
            old_id=pair.old["id"] if pair.old else None,
            new_id=pair.new["id"] if pair.new else None,
            matched=("name" if pair.by_name else "id") if pair.old and pair.new else None,
            counts=_counts(by_pair.get(id(pair), [])),
        )
        for pair in found.pairs
    ]


def _checks(
    old: Results, new: Results, renamed: Mapping[str, str], wanted: set[str]
) -> dict[str, DiffCheckJson]:
    texts: dict[str, DiffCheckJson] = {}
    for results in (old, new):
        for one in results["catalogue"]["checks"]:
            check = renamed.get(one["id"], one["id"])
            if check in wanted:
                texts[check] = DiffCheckJson(
                    title=one["title"], control=one["control"], feature=one["feature"]
                )
    return dict(sorted(texts.items()))


# -- one change ----------------------------------------------------------------------------------------


def _change(one: Difference, service: int) -> ChangeJson:
    row = ChangeJson(
        change=one.change.value,
        fails_anew=one.fails_anew,
        check=one.check,
        source=one.entry.finding["source"],
        service=service,
        severity=one.severity.value,
        subject=one.entry.subject,
        old=_verdict(one.old),
        new=_verdict(one.new),
        evidence=list(_evidence(one)),
    )
    if one.missing is not None:
        row["missing"] = one.missing.value
    return row


def _verdict(entry: Entry | None) -> DiffVerdictJson | None:
    if entry is None:
        return None
    finding = entry.finding
    message = _ALIKE.sub("", finding["message"])
    if entry.status is Status.UNKNOWN and not entry.evidenced:
        # An entry that stands for several says what the first of them lacks.
        first = finding["subjects"][0]
        message = f"For the same reasons as {first.get('item') or first['name']}: {message}"
    return DiffVerdictJson(
        status=entry.status.value,
        severity=finding["severity"],
        message=message,
        gaps=finding["gaps"],
    )


def _evidence(one: Difference) -> Iterator[DiffEvidenceJson]:
    """What either side read: the values that differ, or all of them where none does.

    Nothing for what nobody has to act on, and nothing of an entry whose evidence is another subject's.
    """
    if one.change in _QUIET or one.change is Change.STILL:
        return
    if one.change is Change.NEWLY_ASSESSED and not one.fails_anew:
        return
    old, new = _read(one.old, one.pair.old, one.pair.by_name), _read(one.new, one.pair.new, one.pair.by_name)
    rows = [_both(old.get(key), new.get(key)) for key in new | old]
    if old and new:
        rows = [row for row in rows if _differs(row)] or rows
    yield from rows


def _read(
    entry: Entry | None, service: ServiceJson | None, by_name: bool
) -> dict[tuple[str, str], EvidenceJson]:
    if entry is None or service is None or not entry.evidenced:
        return {}
    finding: FindingJson = entry.finding
    return {(relative(one["resource"], service, by_name), one["pointer"]): one for one in finding["evidence"]}


def _both(old: EvidenceJson | None, new: EvidenceJson | None) -> DiffEvidenceJson:
    row = DiffEvidenceJson()
    if old is not None:
        row["old"] = old
    if new is not None:
        row["new"] = new
    return row


def _differs(row: DiffEvidenceJson) -> bool:
    if "old" not in row or "new" not in row:
        return True
    old, new = row["old"], row["new"]
    return old["value"] != new["value"] or ("defaulted" in old) is not ("defaulted" in new)
