"""What became of one check on one subject: the whole table, and nothing decided is lost or called fixed."""

from __future__ import annotations

from itertools import product

import pytest

from auditor.compare import Difference
from auditor.model.comparison import Change, Missing
from auditor.model.results import ServiceJson
from tests.compare.making import CHECKS, DECLARED, LIVE, Saying, compared, only, service, stored

CHECK = CHECKS[0]
API = (CHECK, "/apis/orders", "")
WHOLE = (CHECK, "", "")
REST = (CHECK, "", "(not listed)")
OPEN = {"unknown", "error", "manual"}
OUT = {"not_applicable", "inherited"}
STATUSES = ("pass", "fail", "waived", *sorted(OPEN), *sorted(OUT))


def one(status: str, severity: str = "high", message: str = "It is so.") -> Saying:
    return {API: (status, severity, message)}


def of(saying: Saying) -> ServiceJson:
    return service("contoso", saying)


def expected(old: str, new: str) -> Change:
    """The table, written another way than the program has it."""
    if old == new:
        return Change.STILL
    if old in OPEN and new in OPEN:
        return Change.CHANGED
    if old in OPEN or new in OPEN:
        return Change.NO_LONGER_ASSESSED if new in OPEN else Change.NEWLY_ASSESSED
    if new == "fail":
        return Change.NEW
    return Change.FIXED if (old, new) == ("fail", "pass") else Change.CHANGED


@pytest.mark.parametrize(("old", "new"), list(product(STATUSES, STATUSES)))
def test_both_say_something(old: str, new: str) -> None:
    found = only(stored(of(one(old))), stored(of(one(new))))
    assert found.change is expected(old, new)
    assert found.fails_anew is (new == "fail" and old != "fail")
    assert found.open_anew is (new in ("unknown", "error") and old not in ("unknown", "error"))


@pytest.mark.parametrize("status", STATUSES)
def test_gone_is_never_fixed(status: str) -> None:
    other = {(CHECK, "/apis/other", ""): ("pass", "high", "It is so.")}
    without = {
        Missing.SERVICE: stored(),
        Missing.CHECK: stored(of({}), checks=CHECKS[1:]),
        Missing.NOT_ASKED: stored(service("contoso", {}, not_asked=("NS-2",))),
        Missing.NOT_LISTED: stored(of({REST: ("unknown", "high", "?")})),
        Missing.NOT_APPLICABLE: stored(of({WHOLE: ("not_applicable", "high", "There is no API.")})),
        Missing.ABSENT: stored(of(other)),
    }
    for reason, new in without.items():
        found = subject_of(compared(stored(of(one(status))), new).differences)
        decided = status in ("pass", "fail", "waived")
        assert found.change is (Change.NO_LONGER_ASSESSED if decided else Change.DISAPPEARED)
        assert found.missing is reason
        assert found.removed is (reason in (Missing.ABSENT, Missing.NOT_APPLICABLE))
        came = subject_of(compared(new, stored(of(one(status)))).differences)
        assert came.missing is reason
        looked = reason in (Missing.SERVICE, Missing.NOT_APPLICABLE, Missing.ABSENT)
        if status == "fail":
            assert came.change is (Change.NEW if looked else Change.NEWLY_ASSESSED)
            assert came.fails_anew
        else:
            assert came.change is (Change.NEWLY_ASSESSED if decided else Change.APPEARED)
        known_open = reason is Missing.NOT_LISTED
        assert came.open_anew is (status in ("unknown", "error") and not known_open)


def subject_of(differences: list[Difference]) -> Difference:
    (found,) = (each for each in differences if each.entry.subject["name"] == "orders")
    return found


def test_a_failure_that_gets_worse_fails_anew() -> None:
    worse = only(stored(of(one("fail", "low"))), stored(of(one("fail", "high"))))
    assert worse.change is Change.CHANGED
    assert worse.fails_anew
    better = only(stored(of(one("fail", "high"))), stored(of(one("fail", "low"))))
    assert better.change is Change.CHANGED
    assert not better.fails_anew


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("a.xml, line 12, says so.", "a.xml, line 15, says so.", False),
        ("The value is 1.", "The value is 2.", True),
        ("online 5", "online 6", True),
    ],
)
def test_messages_differ_in_what_they_say(old: str, new: str, changed: bool) -> None:
    found = only(stored(of(one("fail", message=old))), stored(of(one("fail", message=new))))
    assert found.change is (Change.CHANGED if changed else Change.STILL)


def test_a_pass_for_another_reason_is_still_a_pass() -> None:
    found = only(stored(of(one("pass", message="It is a."))), stored(of(one("pass", message="It is b."))))
    assert found.change is Change.STILL


def test_an_unknown_for_several_is_compared_by_its_reasons() -> None:
    """Its sentence is about the first: another first is no change."""
    two = {API: ("unknown", "high", "?"), (CHECK, "/apis/a", ""): ("unknown", "high", "?")}
    old, new = stored(of(two)), stored(of(one("unknown", message="Another sentence.")))
    assert subject_of(compared(old, new).differences).change is Change.STILL
    row = new["services"][0]["controls"][0]["features"][0]["findings"][0]
    row["gaps"][0]["reason"] = "forbidden"
    assert subject_of(compared(old, new).differences).change is Change.CHANGED


def test_observations_are_left_out() -> None:
    old, new = stored(of(one("pass"))), stored(of(one("fail")))
    for results in (old, new):
        results["services"][0]["controls"][0]["features"][0]["findings"][0]["observation"] = True
    assert compared(old, new).differences == []


def test_folded_passes_are_taken_apart() -> None:
    names = [(CHECK, f"/apis/{name}", "") for name in "abc"]
    old = stored(of(dict.fromkeys(names, ("pass", "high", "Fine."))))
    assert len(old["services"][0]["controls"][0]["features"][0]["findings"]) == 1
    new = stored(of({names[0]: ("pass", "high", "Fine."), names[1]: ("fail", "high", "Not fine.")}))
    found = {each.entry.subject["name"]: each.change for each in compared(old, new).differences}
    assert found == {"a": Change.STILL, "b": Change.NEW, "c": Change.NO_LONGER_ASSESSED}


# -- services ------------------------------------------------------------------------------------------


def test_a_template_is_compared_with_a_snapshot() -> None:
    old = stored(service("Contoso", one("fail"), DECLARED))
    new = stored(service("contoso", one("pass")))
    comparison = compared(old, new)
    assert [each.change for each in comparison.differences] == [Change.FIXED]
    assert [pair.by_name for pair in comparison.pairs] == [True]


def test_ids_match_in_any_case() -> None:
    new = stored(of(one("fail")))
    new["services"][0]["id"] = new["services"][0]["id"].upper()
    row = new["services"][0]["controls"][0]["features"][0]["findings"][0]["subjects"][0]
    row["id"] = row["id"].upper()
    comparison = compared(stored(of(one("fail"))), new)
    assert [each.change for each in comparison.differences] == [Change.STILL]
    assert not comparison.pairs[0].by_name


@pytest.mark.parametrize("name", ["contoso", "[parameters('name')]"])
def test_an_ambiguous_name_matches_nothing(name: str) -> None:
    """Two services of that name, or a name that says nothing outside its file."""
    olds = [service(name, one("fail"), DECLARED)]
    if "[" not in name:
        olds.append(service(name, one("fail"), LIVE.replace("rg", "other")))
    comparison = compared(stored(*olds), stored(service(name, one("pass"))))
    assert {each.change for each in comparison.differences} == {
        Change.NO_LONGER_ASSESSED,
        Change.NEWLY_ASSESSED,
    }
    assert comparison.ambiguous == [name]


def test_one_id_in_several_files_is_told_apart_by_the_file() -> None:
    files = {"a.json": "fail", "b.json": "pass"}
    old = stored(*(service("x", one(said), DECLARED, file=name) for name, said in files.items()))
    new = stored(*(service("x", one(said), DECLARED, file=name) for name, said in reversed(files.items())))
    assert {each.change for each in compared(old, new).differences} == {Change.STILL}
    moved = stored(*(service("x", one("pass"), DECLARED, file=f"new/{name}") for name in files))
    assert Change.FIXED not in {each.change for each in compared(old, moved).differences}
    assert compared(old, moved).ambiguous == ["x"]


def test_neighbours_are_known_in_full_where_the_service_is() -> None:
    """Two networks of one name in two resource groups are two."""

    def network(group: str, status: str) -> ServiceJson:
        below = f"/subscriptions/0000/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/v"
        return of({(CHECK, below, ""): (status, "high", "It is so.")})

    found = compared(stored(network("a", "fail")), stored(network("b", "pass"))).differences
    assert {each.change for each in found} == {Change.NO_LONGER_ASSESSED, Change.NEWLY_ASSESSED}


def test_a_name_that_begins_alike_is_another_service() -> None:
    old, new = stored(service("contoso", one("fail"))), stored(service("contoso2", one("pass")))
    assert Change.FIXED not in {each.change for each in compared(old, new).differences}


def test_a_renamed_check_is_followed() -> None:
    was = "apim.ns-2.former"
    old = stored(of({(was, "/apis/orders", ""): ("fail", "high", "x")}), checks=(was,))
    new = stored(of(one("pass")))
    assert [each.change for each in compared(old, new, {was: CHECK}).differences] == [Change.FIXED]
    assert Change.FIXED not in {each.change for each in compared(old, new).differences}


def test_an_id_given_twice_keeps_its_failures() -> None:
    row = stored(of(one("fail")))
    twice = stored(of(one("pass")))
    findings = twice["services"][0]["controls"][0]["features"][0]["findings"]
    findings += row["services"][0]["controls"][0]["features"][0]["findings"]
    alone = stored(of(one("pass")))
    found = [each.change for each in compared(twice, alone).differences]
    assert sorted(found) == [Change.NO_LONGER_ASSESSED, Change.STILL]
    again = [each.change for each in compared(alone, twice).differences]
    assert sorted(again) == [Change.NEW, Change.STILL]
