"""Custom rules of a firewall policy: which of them let everything past the managed rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controls import catalogue
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of

BASE = FIXTURES / "controls" / "ns-6" / "waf-in-front" / "fail--custom-rule-allows-everything.json"


def changed(tmp_path: Path, **members: Any) -> str:
    """The verdict with other members in every custom rule; None takes one away."""
    documents = json.loads(BASE.read_text())
    for document in documents:
        for rule in document.get("properties", {}).get("customRules", []):
            for name, value in members.items():
                rule[name] = value
                if value is None:
                    del rule[name]
    path = tmp_path / "input.json"
    path.write_text(json.dumps(documents))
    (found,) = [one for one in findings(inventory_of(path)) if one.check.id == "apim.ns-6.waf-in-front"]
    return found.status.value


def condition(**members: Any) -> list[dict[str, Any]]:
    return [{"matchVariables": [{"variableName": "RemoteAddr"}], "operator": "Any", **members}]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "fail"),
        ({"state": None}, "fail"),
        ({"action": "aLLow"}, "fail"),
        ({"state": "Disabled"}, "pass"),
        ({"action": "Block"}, "pass"),
        ({"action": "Log"}, "pass"),
        ({"ruleType": "RateLimitRule"}, "pass"),
        ({"matchConditions": condition(negationConditon=True)}, "pass"),
        ({"matchConditions": condition(operator="IPMatch", matchValues=["203.0.113.0/24"])}, "pass"),
        ({"matchConditions": condition(operator="IPMatch", matchValues=["0.0.0.0/0"])}, "fail"),
        ({"matchConditions": condition(operator="IPMatch", matchValues=["128.0.0.0/1", "::/0"])}, "pass"),
        (
            {"matchConditions": condition(operator="ipMatch", matchValues=["0.0.0.0/1", "128.0.0.0/1"])},
            "fail",
        ),
        (
            {
                "matchConditions": condition(
                    operator="IPMatch", matchValues=["0.0.0.0/0"], negationConditon=True
                )
            },
            "pass",
        ),
        ({"matchConditions": condition(operator="IPMatch")}, "unknown"),
        ({"matchConditions": []}, "pass"),
        ({"matchConditions": condition() + condition(operator="GeoMatch", matchValues=["SE"])}, "pass"),
        ({"action": None}, "unknown"),
        ({"ruleType": None}, "unknown"),
        ({"matchConditions": None}, "unknown"),
        ({"matchConditions": condition(operator=None)}, "unknown"),
    ],
)
def test_what_a_custom_rule_makes_of_a_firewall(
    tmp_path: Path, members: dict[str, Any], expected: str
) -> None:
    assert changed(tmp_path, **members) == expected


@pytest.mark.parametrize(
    ("value", "told"), [(False, True), ("false", True), ("Disabled", True), (True, False)]
)
def test_a_firewall_that_skips_bodies_says_so(tmp_path: Path, value: Any, told: bool) -> None:
    documents = json.loads(BASE.read_text())
    for document in documents:
        properties = document.get("properties", {})
        if "policySettings" in properties:
            properties["policySettings"]["requestBodyCheck"] = value
            properties["customRules"] = []
    path = tmp_path / "input.json"
    path.write_text(json.dumps(documents))
    check = next(each for each in catalogue().checks if each.id == "apim.ns-6.waf-in-front")
    (found,) = findings(inventory_of(path), [check])
    assert found.details is not None
    assert ("request bodies are not looked at" in str(found.details)) is told
