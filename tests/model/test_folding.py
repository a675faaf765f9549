"""Folds, verdicts and the gate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import Exit
from auditor.model.results import (
    ControlResultJson,
    FeatureResultJson,
    FindingJson,
    GapJson,
    ServiceJson,
)
from auditor.model.verdict import FOLD_ORDER, Pass, Status, fold
from tests.judging import decide

STATUSES = st.sampled_from(list(Status))


def test_every_status_has_its_place() -> None:
    assert set(FOLD_ORDER) == set(Status)


@given(st.lists(STATUSES, min_size=1))
def test_a_fold_is_the_worst_of_its_parts(statuses: list[Status]) -> None:
    assert fold(statuses) == min(statuses, key=FOLD_ORDER.index)


def test_of_nothing_nothing_is_known() -> None:
    assert fold([]) is Status.UNKNOWN


def test_a_verdict_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(Pass("x"))


def finding(
    status: str, severity: str = "high", reason: str = "absent", check: str = "apim.ns-2.x"
) -> FindingJson:
    gaps: list[GapJson] = []
    if status == "unknown":
        gaps.append({"reason": reason, "needed": "n", "remedy": ""})
    return {
        "check": check,
        "source": "baseline",
        "subjects": [],
        "status": status,
        "severity": severity,
        "message": "m",
        "evidence": [],
        "gaps": gaps,
    }


def service(*findings: FindingJson) -> list[ServiceJson]:
    feature: FeatureResultJson = {
        "title": "f",
        "responsibility": "",
        "status": "",
        "findings": list(findings),
        "see": [],
    }
    control: ControlResultJson = {
        "id": "NS-2",
        "title": "",
        "domain": "",
        "status": "",
        "features": [feature],
    }
    return [
        {"id": "s", "name": "s", "tier": "", "location": "", "status": "", "input": "", "controls": [control]}
    ]


GOOD = finding("pass", check="apim.ns-2.good")


@pytest.mark.parametrize(
    ("findings", "fail_on", "allowed", "expected"),
    [
        ([GOOD], "low", set(), Exit.OK),
        ([GOOD, finding("fail")], "low", set(), Exit.FAILED),
        ([GOOD, finding("fail", "medium")], "high", set(), Exit.OK),
        ([GOOD, finding("fail")], "none", set(), Exit.OK),
        ([GOOD, finding("unknown")], "low", set(), Exit.INCOMPLETE),
        ([GOOD, finding("unknown")], "low", {"all"}, Exit.OK),
        ([GOOD, finding("unknown")], "low", {"NS-2"}, Exit.OK),
        ([GOOD, finding("unknown")], "low", {"apim.ns-2.x"}, Exit.OK),
        ([GOOD, finding("unknown")], "low", {"input"}, Exit.INCOMPLETE),
        ([GOOD, finding("unknown", reason="input")], "low", {"input"}, Exit.OK),
        ([GOOD, finding("unknown", "medium")], "high", set(), Exit.OK),
        ([GOOD, finding("error")], "low", {"all"}, Exit.INCOMPLETE),
        ([GOOD, finding("unknown"), finding("fail")], "low", set(), Exit.FAILED),
        ([finding("unknown")], "low", {"all"}, Exit.INCOMPLETE),
        ([finding("manual")], "low", {"all"}, Exit.INCOMPLETE),
        ([GOOD, finding("manual")], "low", set(), Exit.OK),
    ],
)
def test_the_gate(findings: list[FindingJson], fail_on: str, allowed: set[str], expected: Exit) -> None:
    assert decide(service(*findings), fail_on, frozenset(allowed))["exit_code"] == expected


def test_nothing_in_the_scope_is_no_success() -> None:
    assert decide([], "low", frozenset())["exit_code"] == Exit.NO_INPUT
    assert decide([], "low", frozenset(), allow_empty=True)["exit_code"] == Exit.OK
    assert decide([], "low", frozenset(), unreadable=1, allow_empty=True)["exit_code"] == Exit.INCOMPLETE


def test_nothing_readable_is_no_success_even_if_empty_is_fine() -> None:
    assert (
        decide([], "low", frozenset(), unreadable=1, allow_empty=True, read=0)["exit_code"] == Exit.NO_INPUT
    )


def test_an_unreadable_file_is_no_success() -> None:
    assert decide(service(GOOD), "low", frozenset(), unreadable=1)["exit_code"] == Exit.INCOMPLETE
