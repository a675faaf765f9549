"""Waivers: what they change, what they never do, and that nothing about them is silent."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.audit import Options, Span, audit
from auditor.model.results import FindingJson, Results
from auditor.model.verdict import Status
from auditor.register import Standing, State
from auditor.said import Said
from auditor.selectors import Place, Selector, matches
from auditor.sources import read_paths
from auditor.waivers import Waivers
from controls import catalogue
from tests.auditing import ID, child, declared, template
from tests.conftest import FIXTURES, NOW

INPUTS = sorted(next(iter(sorted(folder.rglob("*.json")))) for folder in (FIXTURES / "controls").iterdir())
CLOSED = "apim.ns-2.gateway-not-public"
PRODUCT = "apim.im-1.product-subscription"
TEMPLATE = template(
    declared(virtualNetworkType="None", publicNetworkAccess="Enabled"),
    child("products", "open", state="published", subscriptionRequired=False),
    child("products", "free", state="published", subscriptionRequired=False),
    child("namedValues", "key", displayName="key", secret=True, value="s"),
)


def waiver(**more: Any) -> Standing:
    selector = Selector(
        **{name: more.pop(name) for name in Selector.__slots__ if name in more}
        or {"check": CLOSED, "service": "contoso"}
    )
    plain = Standing(selector, "risk-accepted", "why", "team", date(2027, 3, 31), "w.yaml:2")
    return replace(plain, **more)


def scanned(folder: Path, *waivers: Standing, document: Any = TEMPLATE, **options: Any) -> Results:
    path = folder / "0.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    reading = read_paths([str(path)])
    now = options.pop("now", NOW)
    said = Said(waivers=Waivers((), waivers, now, 30))
    return audit(reading.inventory, catalogue(), Options(now, said=said, **options), Span(now, now))


def findings(results: Results) -> Iterator[FindingJson]:
    for service in results["services"]:
        for control in service["controls"]:
            for feature in control["features"]:
                yield from feature["findings"]


def of(results: Results, check: str) -> list[FindingJson]:
    return [finding for finding in findings(results) if finding["check"] == check]


def states(results: Results) -> list[str]:
    return [entry["state"] for entry in results["run"]["waivers"]["entries"]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return scanned(tmp_path_factory.mktemp("plain"))


# -- what a waiver does ------------------------------------------------------------------------------


def test_a_waived_finding_keeps_everything_and_says_what_it_was(tmp_path: Path) -> None:
    [before] = of(scanned(tmp_path), CLOSED)
    results = scanned(tmp_path, waiver())
    [after] = of(results, CLOSED)
    assert (before["status"], after["status"]) == ("fail", "waived")
    told = after.pop("waiver")
    assert told == {
        "status": "fail",
        "kind": "risk-accepted",
        "reason": "why",
        "owner": "team",
        "expires": "2027-03-31",
        "place": "w.yaml:2",
    }
    assert {**after, "status": "fail"} == before
    assert states(results) == ["holds"]


def test_it_is_counted_as_decided_and_does_not_fail_the_run(tmp_path: Path, plain: Results) -> None:
    results = scanned(tmp_path, waiver())
    old, new = plain["summary"]["totals"]["all"], results["summary"]["totals"]["all"]
    assert (new["failed"], new["waived"]) == (old["failed"] - 1, 1)
    assert new["coverage"] == old["coverage"]
    assert new["passed"] == old["passed"]


def test_it_folds_to_waived_and_hides_no_other_failure(tmp_path: Path) -> None:
    results = scanned(tmp_path, waiver(check=PRODUCT, service="contoso", resource="products/open"))
    found = {f["subjects"][0]["name"]: f["status"] for f in of(results, PRODUCT)}
    assert found == {"open": "waived", "free": "fail"}
    assert [f["status"] for f in of(results, PRODUCT)] == ["fail", "waived"]
    [feature] = [
        feature
        for service in results["services"]
        for control in service["controls"]
        for feature in control["features"]
        if any(f["check"] == PRODUCT for f in feature["findings"])
    ]
    assert feature["status"] == "fail"


def test_the_gate_says_how_many_are_waived(tmp_path: Path) -> None:
    every = [waiver(check=check.id, service="*") for check in catalogue().checks]
    results = scanned(tmp_path, *every, allow_unknown=frozenset({"all"}))
    gate = results["summary"]["gate"]
    assert gate["exit_code"] == 0
    assert "waived" in gate["reason"]


# -- what a waiver never does --------------------------------------------------------------------------

TEXTS = st.sampled_from(["*", "contoso", "CONTOSO", "con*", "other", "*o", ID, "products/*", "products/open"])
SELECTORS = st.builds(
    Selector,
    check=st.sampled_from([check.id for check in catalogue().checks]),
    service=TEXTS,
    resource=st.one_of(st.just(""), TEXTS),
    item=st.one_of(st.just(""), st.just("*")),
)
ENTRIES = st.builds(
    lambda selector, days: replace(waiver(), selector=selector, expires=NOW.date() + timedelta(days=days)),
    SELECTORS,
    st.integers(-2, 40),
)


def rows(results: Results) -> list[FindingJson]:
    return [copy.deepcopy(finding) for finding in findings(results)]


@settings(max_examples=60, deadline=None)
@given(st.lists(ENTRIES, max_size=12), st.data())
def test_whatever_is_waived_only_fail_and_manual_change_and_only_to_waived(
    plain: Results, entries: list[Standing], data: st.DataObject
) -> None:
    register = Waivers((), entries, NOW, 30)
    for before in rows(plain):
        before["status"] = data.draw(
            st.sampled_from([status.value for status in Status if status != "waived"])
        )
        after = copy.deepcopy(before)
        register.apply(Place(ID, "contoso"), after)
        if after != before:
            assert before["status"] in ("fail", "manual")
            assert after["status"] == "waived"
            assert after["waiver"]["status"] == before["status"]
            assert {**after, "status": before["status"], "waiver": None} == {**before, "waiver": None}


@settings(max_examples=25, deadline=None)
@given(SELECTORS.filter(lambda one: "*" not in one.service))
def test_a_file_for_another_service_changes_nothing(plain: Results, selector: Selector) -> None:
    register = Waivers((), [replace(waiver(), selector=selector)], NOW, 30)
    for finding in rows(plain):
        before = copy.deepcopy(finding)
        register.apply(Place("/subscriptions/1/x/fabrikam", "fabrikam"), finding)
        assert finding == before


def test_unknown_is_never_hidden(tmp_path: Path, plain: Results) -> None:
    everything = [waiver(check=check.id, service="*") for check in catalogue().checks]
    results = scanned(tmp_path, *everything)

    def undecided(one: Results) -> list[tuple[str, str]]:
        return [(f["check"], f["message"]) for f in findings(one) if f["status"] in ("unknown", "error")]

    assert undecided(plain)
    assert undecided(results) == undecided(plain)
    assert results["summary"]["counts"]["unknown"] == plain["summary"]["counts"]["unknown"]
    assert not [f for f in findings(results) if f["status"] in ("fail", "manual")]
    passes = [f["check"] for f in findings(results) if f["status"] == "pass"]
    assert passes == [f["check"] for f in findings(plain) if f["status"] == "pass"]


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_on_every_kind_of_input(path: Path) -> None:
    """Everything waived: what passed, what is unknown and what does not apply are as they were."""
    everything = [waiver(check=check.id, service="*") for check in catalogue().checks]
    inventory = read_paths([str(path)]).inventory

    def judged(*entries: Standing) -> list[FindingJson]:
        options = Options(NOW, said=Said(waivers=Waivers((), entries, NOW, 30)))
        found = findings(audit(inventory, catalogue(), options, Span(NOW, NOW)))
        return sorted(found, key=lambda f: (f["check"], f["subjects"][0]["fingerprint"], f["message"]))

    before, after = judged(), judged(*everything)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        accepted = old["status"] in ("fail", "manual")
        assert new["status"] == ("waived" if accepted else old["status"])
        assert (new.get("waiver") or {"status": old["status"]})["status"] == old["status"]
        assert new["evidence"] == old["evidence"]


# -- the last day -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        ("2027-03-30T12:00:00+00:00", True),
        ("2027-03-31T00:00:00+00:00", True),
        ("2027-03-31T23:59:59+00:00", True),
        ("2027-04-01T00:00:00+00:00", False),
        # Half past one in Berlin is still the day before in UTC; ten at night in New York is the day after.
        ("2027-04-01T01:30:00+02:00", True),
        ("2027-03-31T22:00:00-04:00", False),
    ],
)
def test_the_last_day_is_the_whole_day_in_utc(tmp_path: Path, now: str, holds: bool) -> None:
    results = scanned(tmp_path, waiver(), now=datetime.fromisoformat(now))
    [finding] = of(results, CLOSED)
    assert finding["status"] == ("waived" if holds else "fail")
    assert states(results) == ["expires-soon" if holds else "expired"]
    if not holds:
        assert "1 finding it was for counts again" in results["run"]["waivers"]["entries"][0]["says"]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.dates(date(2026, 1, 1), date(2028, 1, 1)),
)
def test_expiry_is_judged_by_the_day_in_utc_alone(moment: datetime, offset: int, last: date) -> None:
    here = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    [entry] = Waivers((), [waiver(expires=last)], here, 30).entries
    assert (entry.state is State.EXPIRED) == (here.astimezone(UTC).date() > last)


@pytest.mark.parametrize(("days", "state"), [(0, "expires-soon"), (30, "expires-soon"), (31, "holds")])
def test_the_end_is_announced(tmp_path: Path, days: int, state: str) -> None:
    results = scanned(tmp_path, waiver(expires=NOW.date() + timedelta(days=days)))
    assert states(results) == [state]


# -- what it is for -----------------------------------------------------------------------------------


@given(st.text("ab[]('.)/", max_size=8), st.text("ab[]('.)/", max_size=8), st.text("ab[]('.)/", max_size=8))
def test_patterns_are_texts_with_stars(first: str, middle: str, last: str) -> None:
    whole = first + middle + last
    assert matches(whole.upper(), whole)
    assert matches(f"{first}*{last}", whole)
    assert matches(f"*{middle}*", whole)
    assert matches("*", whole)
    assert not matches(f"{whole}c*", whole)
    assert matches(first, whole) == (first.casefold() == whole.casefold())


def test_a_pattern_does_not_use_a_letter_twice() -> None:
    assert not matches("aba*ba", "aba")
    assert not matches("*ab*ba*", "aba")
    assert matches("*ab*ba*", "abba")


def test_many_stars_cost_little() -> None:
    assert not matches("a*" * 1000 + "b", "a" * 5000)


@pytest.mark.parametrize(
    ("selector", "waived"),
    [
        ({"check": PRODUCT, "service": "CONTOSO"}, {"open", "free"}),
        ({"check": PRODUCT.upper(), "service": "contoso"}, {"open", "free"}),
        ({"check": PRODUCT, "service": "contos"}, set()),
        ({"check": PRODUCT, "service": "contoso", "resource": "products/OPEN"}, {"open"}),
        ({"check": PRODUCT, "service": "contoso", "resource": "products/*"}, {"open", "free"}),
        # A name alone is not taken: an API and a product may share it.
        ({"check": PRODUCT, "service": "contoso", "resource": "open"}, set()),
        ({"check": PRODUCT, "service": "contoso", "resource": "*/contoso/products/open"}, {"open"}),
        ({"check": PRODUCT, "service": "contoso", "item": "nothing"}, set()),
    ],
)
def test_selectors(tmp_path: Path, selector: dict[str, str], waived: set[str]) -> None:
    results = scanned(tmp_path, waiver(**selector))
    found = of(results, PRODUCT)
    assert {f["subjects"][0]["name"] for f in found if f["status"] == "waived"} == waived
    assert states(results) == (["holds"] if waived else ["unmatched"])


def test_a_fingerprint_names_one_finding(tmp_path: Path, plain: Results) -> None:
    wanted = of(plain, PRODUCT)[0]["subjects"][0]
    results = scanned(tmp_path, waiver(fingerprint=wanted["fingerprint"]))
    assert [f["subjects"][0]["name"] for f in findings(results) if f["status"] == "waived"] == [
        wanted["name"]
    ]


def test_a_fingerprint_of_another_check_matches_nothing(tmp_path: Path, plain: Results) -> None:
    wanted = of(plain, PRODUCT)[0]["subjects"][0]["fingerprint"]
    results = scanned(tmp_path, waiver(fingerprint=wanted, check=CLOSED))
    assert states(results) == ["unmatched"]


def test_of_several_the_longest_counts(tmp_path: Path) -> None:
    short, long = waiver(expires=date(2026, 12, 1)), waiver(expires=date(2027, 12, 1), place="w.yaml:9")
    results = scanned(tmp_path, short, long)
    assert of(results, CLOSED)[0]["waiver"]["place"] == "w.yaml:9"
    assert states(results) == ["expires-soon", "holds"]


def test_an_expired_one_that_was_renewed_leaves_nothing_open(tmp_path: Path) -> None:
    results = scanned(tmp_path, waiver(expires=date(2026, 11, 1)), waiver())
    assert [entry["says"] for entry in results["run"]["waivers"]["entries"]] == [
        "it ended on 2026-11-01",
        "1 finding waived",
    ]


def test_what_came_of_it_is_told(tmp_path: Path, plain: Results) -> None:
    unknown = next(f["check"] for f in findings(plain) if f["status"] == "unknown")
    results = scanned(
        tmp_path,
        waiver(check=unknown, service="contoso"),
        waiver(check="apim.ns-2.gateway-not-publik", service="contoso"),
        waiver(check="apim.br-1.native-backup", service="contoso"),
        controls=frozenset({unknown.split(".")[1].upper(), "NS-2"}),
    )
    told = results["run"]["waivers"]["entries"]
    assert [entry["state"] for entry in told] == ["not-needed", "unmatched", "not-asked"]
    assert "unknown" in told[0]["says"]
    assert "no check of that id" in told[1]["says"]
