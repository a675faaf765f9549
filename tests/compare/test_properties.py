"""What holds of any two results."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.against import standing
from auditor.caveats import Stored
from auditor.compare import Comparison, Difference
from auditor.difference import difference
from auditor.model.comparison import Change
from auditor.model.results import Results
from auditor.model.verdict import Status
from tests.compare.making import CHECKS, DECLARED, LIVE, compared, service, stored

SAID = st.tuples(
    st.sampled_from([status.value for status in Status]),
    st.sampled_from(["critical", "high", "low"]),
    st.sampled_from(["It is so.", "It is not so.", "It stands on line 3."]),
)
PLACES = st.tuples(
    st.sampled_from(CHECKS),
    st.sampled_from(["", "/apis/a", "/apis/A", "/namedValues/b"]),
    st.sampled_from(["", "(not listed)", "item"]),
)
SAYINGS = st.dictionaries(PLACES, SAID, max_size=8)
SERVICES = st.builds(
    service,
    st.sampled_from(["contoso", "fabrikam", "[parameters('name')]"]),
    SAYINGS,
    st.sampled_from([LIVE, DECLARED]),
    st.sampled_from([(), ("NS-2",)]),
    st.sampled_from(["a.json", "b.json"]),
)


def distinct(results: Results) -> bool:
    keys = [(one["id"], one["input"]) for one in results["services"]]
    return len(set(keys)) == len(keys)


RESULTS = st.lists(SERVICES, max_size=4).map(lambda services: stored(*services)).filter(distinct)


def subjects(results: Results) -> Counter[tuple[int, int]]:
    """Every subject of every finding, once for each time it stands there."""
    return Counter(
        (id(finding), id(subject))
        for one in results["services"]
        for control in one["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        for subject in finding["subjects"]
    )


def entries(found: Comparison, name: str) -> Counter[tuple[int, int]]:
    sides = [getattr(one, name) for one in found.differences]
    return Counter((id(entry.finding), id(entry.subject)) for entry in sides if entry is not None)


def statuses(one: Difference) -> tuple[str | None, str | None]:
    return (one.old.status if one.old else None), (one.new.status if one.new else None)


@given(RESULTS)
def test_nothing_changed_against_itself(results: Results) -> None:
    assert {one.change for one in compared(results, results).differences} <= {Change.STILL}


@given(RESULTS, RESULTS)
def test_every_subject_falls_into_exactly_one_class(old: Results, new: Results) -> None:
    found = compared(old, new)
    assert entries(found, "old") == subjects(old)
    assert entries(found, "new") == subjects(new)
    assert all(one.old or one.new for one in found.differences)


@given(RESULTS, RESULTS)
def test_only_a_decided_pass_is_fixed(old: Results, new: Results) -> None:
    found = compared(old, new).differences
    assert [
        one for one in found if (one.change is Change.FIXED) is not (statuses(one) == ("fail", "pass"))
    ] == []


@given(RESULTS, RESULTS)
def test_the_other_way_round_fixed_and_new_change_places(old: Results, new: Results) -> None:
    there, back = compared(old, new).differences, compared(new, old).differences
    fixed = Counter(statuses(one)[::-1] for one in there if one.change is Change.FIXED)
    undone = Counter(statuses(one) for one in back if one.change is Change.NEW and one.old)
    assert fixed == Counter({pair: count for pair, count in undone.items() if pair == ("pass", "fail")})
    # What is lost one way comes the other way.
    for one in (Change.APPEARED, Change.STILL, Change.CHANGED):
        other = Change.DISAPPEARED if one is Change.APPEARED else one
        if one is not Change.CHANGED:
            assert sum(x.change is one for x in there) == sum(x.change is other for x in back)


@given(RESULTS, RESULTS)
def test_what_was_decided_and_is_not_is_always_said(old: Results, new: Results) -> None:
    decided, settled = {"pass", "fail", "waived"}, {"not_applicable", "inherited"}
    for one in compared(old, new).differences:
        was, now = statuses(one)
        gone = was in decided and (now is None or now not in decided | settled)
        lost = gone or (was in settled and now in ("unknown", "error", "manual"))
        assert (one.change is Change.NO_LONGER_ASSESSED) is lost


@given(RESULTS, RESULTS)
def test_every_failure_is_known_or_anew(old: Results, new: Results) -> None:
    """No failure of the new result is left out of both the gate and the known ones."""
    for one in compared(old, new).differences:
        if one.new is None or one.new.status is not Status.FAIL:
            assert not one.fails_anew
        elif not one.fails_anew:
            assert one.old is not None
            assert one.old.status is Status.FAIL
            assert one.old.severity.rank <= one.new.severity.rank


@settings(deadline=None)
@given(RESULTS, RESULTS)
def test_diff_and_against_count_the_same_failures(old: Results, new: Results) -> None:
    stood = standing(Stored("old.json", old), new["services"], new["catalogue"], new["run"], {})
    failing = [
        finding
        for one in new["services"]
        for control in one["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["status"] == "fail"
    ]
    told = difference(Stored("old.json", old), Stored("new.json", new), {}, "low", allow_removed=False)
    assert sum(not stood.stood(finding) for finding in failing) == sum(
        row["fails_anew"] for row in told["changes"]
    )
    assert sum(told["counts"].values()) == len(compared(old, new).differences)
    if any(row["fails_anew"] for row in told["changes"]):
        assert told["gate"]["exit_code"] == 1
    elif told["counts"]["no_longer_assessed"]:
        assert told["gate"]["exit_code"] == 3
    else:
        assert told["gate"]["exit_code"] == (0 if old["services"] or new["services"] else 4)
