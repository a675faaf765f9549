"""What Azure Policy says beside a verdict: from states in the input to every report, escaped."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.model.results import FindingJson, Results
from controls.azure_policy import CHECKS_OF
from controls.beside import REASONS
from reports.html import render_html
from reports.markdown import render_markdown
from tests.auditing import ID, audited, observed

VNET = "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b"
PLATFORM = "1dc2fc00-2245-4143-99f4-874c937f13ef"
HTTPS = "ee7495e7-3ba7-40b6-bfee-c29e22cc75d4"
SCHEMA = json.loads((files("reports") / "results.schema.json").read_text("utf-8"))


def state(definition: str, compliance: str, about: str = ID, **more: Any) -> dict[str, Any]:
    return {
        "resourceId": about,
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
        "policyAssignmentId": "/subscriptions/0/providers/Microsoft.Authorization/policyAssignments/a",
        "complianceState": compliance,
        "timestamp": "2026-11-20T00:00:00Z",
        **more,
    }


def of(results: Results, check: str) -> list[FindingJson]:
    return [
        finding
        for service in results["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"] == check
    ]


@pytest.mark.parametrize(
    ("compliance", "agrees", "reason"),
    [
        ("Compliant", True, ""),
        ("compliant", True, ""),
        ("NonCompliant", False, "not-explained"),
        ("Exempt", None, "no-plain-answer"),
    ],
)
def test_a_pass_beside_each_answer(tmp_path: Path, compliance: str, agrees: object, reason: str) -> None:
    results = audited(tmp_path, observed(), {"value": [state(PLATFORM, compliance)]})
    (finding,) = of(results, "apim.pv-2.platform-version")
    assert finding["status"] == "pass"
    (said,) = finding["azure_policy"]
    assert (said["agrees"], said.get("reason", "")) == (agrees, reason)
    assert said["note"] == (REASONS[reason] if reason else "")
    jsonschema.Draft202012Validator(SCHEMA).validate(results)


def test_without_a_state_nothing_is_said(tmp_path: Path) -> None:
    results = audited(tmp_path, observed(), {"value": [state(PLATFORM, "Compliant", f"{ID}2")]})
    own = [one for one in results["services"] if one["id"] == ID]
    assert "azure_policy" not in json.dumps(own)


def test_an_old_answer_is_told_apart(tmp_path: Path) -> None:
    old = state(PLATFORM, "NonCompliant", timestamp="2026-11-01T00:00:00Z")
    (finding,) = of(audited(tmp_path, observed(), {"value": [old]}), "apim.pv-2.platform-version")
    assert finding["azure_policy"][0]["reason"] == "old"


def test_the_answer_changes_no_verdict(tmp_path: Path) -> None:
    one = audited(tmp_path, observed(), {"value": [state(VNET, "Compliant"), state(PLATFORM, "Exempt")]})
    other = audited(tmp_path, observed(), {"value": [state(VNET, "NonCompliant"), state(PLATFORM, "Exempt")]})
    for results in (one, other):
        (finding,) = of(results, "apim.ns-1.virtual-network")
        assert finding["status"] == "fail"
    assert one["summary"]["totals"] == other["summary"]["totals"]


@pytest.mark.parametrize(("sku", "reason"), [("Premium", "not-explained"), ("PremiumV2", "asks-less")])
def test_a_reason_is_given_where_it_holds(tmp_path: Path, sku: str, reason: str) -> None:
    """The definition does not look at v2 tiers; at Premium it does, so that explains nothing there."""
    results = audited(tmp_path, observed(sku), {"value": [state(VNET, "Compliant")]})
    (finding,) = of(results, "apim.ns-1.virtual-network")
    assert finding["status"] == "fail"
    assert finding["azure_policy"][0].get("reason") == reason


def test_passes_are_told_apart_by_the_answer(tmp_path: Path) -> None:
    """Equal passes are one entry, unless Azure Policy differs on one of them."""
    apis = [
        {
            "id": f"{ID}/apis/{name}",
            "type": "Microsoft.ApiManagement/service/apis",
            "properties": {"protocols": ["https"], "path": name},
        }
        for name in ("a", "b", "c")
    ]
    states = [
        state(HTTPS, "NonCompliant" if name == "b" else "Compliant", f"{ID}/apis/{name}") for name in "abc"
    ]
    results = audited(tmp_path, observed(), {"value": apis, "count": 3}, {"value": states})
    rows = of(results, "apim.dp-3.api-encrypted-protocols")
    passed = [row for row in rows if row["status"] == "pass"]
    assert sorted(len(row["subjects"]) for row in passed) == [1, 2]
    (differing,) = [row for row in passed if row["azure_policy"][0]["agrees"] is False]
    assert differing["subjects"][0]["name"] == "b"


def test_reports_show_and_escape_it(tmp_path: Path) -> None:
    hostile = "NonCompliant"
    results = audited(tmp_path, observed(), {"value": [state(PLATFORM, hostile), state(VNET, "Compliant")]})
    (finding,) = of(results, "apim.pv-2.platform-version")
    said: Any = finding["azure_policy"][0]
    said.update(name="<script>alert(1)</script>", note="| `x` <img src=x>", state="<b>", definition="a`b|c")
    page, text = render_html(results), render_markdown(results)
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "It differs." in page
    assert "### Where Azure Policy differs" in text
    assert "<img src=x>" not in text


def test_reports_without_it_say_nothing(tmp_path: Path) -> None:
    results = audited(tmp_path, observed())
    assert "Azure Policy</b> says" not in render_html(results)
    assert "Where Azure Policy differs" not in render_markdown(results)


def test_the_table_names_checks_and_reasons_are_closed() -> None:
    from controls import catalogue

    known = {check.id for check in catalogue().checks}
    assert {check for checks in CHECKS_OF.values() for check in checks} <= known
    assert set(SCHEMA["$defs"]["azurePolicy"]["properties"]["reason"]["enum"]) == set(REASONS)
