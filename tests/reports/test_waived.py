"""What OSCAL and SARIF say of a waiver: when it ends, and what it replaced."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.model.results import Results
from reports import render
from tests.reports.sample import sample


def waived(**more: Any) -> Results:
    results = sample(1)
    finding = results["services"][0]["controls"][1]["features"][0]["findings"][0]
    assert finding["status"] == "waived"
    finding["waiver"] = {"kind": "risk-accepted", "reason": "moved", "owner": "platform", **more}  # type: ignore[typeddict-item]
    return results


def oscal(results: Results) -> Any:
    return json.loads(render("oscal", results))["assessment-results"]["results"][0]


def props(row: Any) -> dict[str, str]:
    return {one["name"]: one["value"] for one in row["props"]}


def accepted(results: Results) -> Any:
    [risk] = [one for one in oscal(results)["risks"] if one["status"] == "deviation-approved"]
    return risk


@pytest.mark.parametrize(
    ("expires", "deadline"),
    [
        ("2027-03-31", "2027-03-31T23:59:59Z"),
        ("2028-02-29", "2028-02-29T23:59:59Z"),
        ("9999-12-31", "9999-12-31T23:59:59Z"),
        ("2027-03-31T12:00:00+00:00", "2027-03-31T12:00:00Z"),
        ("2027-02-30", None),
        ("soon", None),
    ],
)
def test_the_last_day_of_a_waiver_belongs_to_it(expires: str, deadline: str | None) -> None:
    assert accepted(waived(expires=expires)).get("deadline") == deadline


@pytest.mark.parametrize("status", ["fail", "manual"])
def test_what_a_waiver_replaced_is_said(status: str) -> None:
    results = waived(status=status, expires="2027-03-31")
    assert props(accepted(results))["waived-status"] == status
    told = [props(one) for one in oscal(results)["observations"] if props(one).get("status") == "waived"]
    assert [one["waived-status"] for one in told] == [status]
    [found] = [
        one
        for one in json.loads(render("sarif", results))["runs"][0]["results"]
        if one["properties"]["status"] == "waived"
    ]
    assert found["properties"]["waivedStatus"] == status


def test_what_is_not_stored_is_not_said() -> None:
    results = waived(expires="2027-03-31")
    assert "waived-status" not in props(accepted(results))
    assert "waivedStatus" not in render("sarif", results)
