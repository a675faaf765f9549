"""Logging, threat detection and platform: the change that a failure asks for turns it; severities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Finding
from auditor.model.inventory import Inventory
from auditor.model.verdict import Severity, Status
from controls import catalogue
from tests.auditing import audited, child, declared, template
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of, status_of, with_body, without

BY_ID = {check.id: check for check in catalogue().checks}
LOGS = "apim.lt-4.resource-logs"
LEAK = "apim.lt-4.diagnostics-leak"
WORKSPACE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
    "/providers/Microsoft.OperationalInsights/workspaces/contoso-logs"
)
ALL_LOGS = [{"categoryGroup": "allLogs", "enabled": True}]
OF_SERVICE = "/contoso-apim/diagnostics/applicationinsights"


def judged(check_id: str, name: str) -> list[Finding]:
    return findings(fixture(check_id, name), [BY_ID[check_id]])


def fixture(check_id: str, name: str) -> Inventory:
    _, control, slug = check_id.split(".")
    return inventory_of(FIXTURES / "controls" / control / slug / f"{name}.json")


def changed(inventory: Inventory, tail: str, changes: dict[str, Any]) -> Inventory:
    """The same inventory with values put into the one resource whose id ends so."""
    resource = next(r for r in inventory.by_key.values() if r.key.endswith(tail))
    body: Any = resource.body
    for pointer, value in changes.items():
        body = without(body, pointer, value)
    return with_body(inventory, resource, body)


REMEDIES: list[tuple[str, str, str, dict[str, Any]]] = [
    (LOGS, "fail--audit-group-only", "/logs", {"/properties/logs": ALL_LOGS}),
    (LOGS, "fail--gateway-logs-only", "/logs", {"/properties/logs": ALL_LOGS}),
    (LOGS, "fail--metrics-only", "/logs", {"/properties/logs": ALL_LOGS}),
    (LOGS, "fail--no-destination", "/logs", {"/properties/workspaceId": WORKSPACE}),
    (
        LOGS,
        "fail--switched-off",
        "/logs",
        {"/properties/logs/0/enabled": True, "/properties/logs/1/enabled": "true"},
    ),
    (LEAK, "fail--bodies", OF_SERVICE, {"/properties/frontend/request/body/bytes": 0}),
    (LEAK, "fail--authorization-in-clear", OF_SERVICE, {"/properties/backend/request/headers": ["Accept"]}),
    (
        LEAK,
        "fail--another-header-masked",
        OF_SERVICE,
        {
            "/properties/frontend/request/dataMasking/headers": [
                {"value": "Ocp-Apim-Subscription-Key", "mode": "Mask"}
            ]
        },
    ),
    ("apim.pv-2.platform-version", "fail--stv1", "/contoso-apim", {"/properties/platformVersion": "stv2"}),
]


@pytest.mark.parametrize(("check_id", "name", "tail", "changes"), REMEDIES)
def test_the_fix_turns_the_failure(check_id: str, name: str, tail: str, changes: dict[str, Any]) -> None:
    inventory = fixture(check_id, name)
    check = BY_ID[check_id]
    assert status_of(findings(inventory, [check])) is Status.FAIL
    assert status_of(findings(changed(inventory, tail, changes), [check])) is Status.PASS


def test_turning_the_plan_on_leaves_the_onboarding_to_show() -> None:
    check_id = "apim.lt-1.defender-for-apis"
    inventory = fixture(check_id, "fail--plan-off")
    after = changed(inventory, "/pricings/api", {"/properties/pricingTier": "Standard"})
    assert status_of(findings(after, [BY_ID[check_id]])) is Status.UNKNOWN


@pytest.mark.parametrize(
    ("name", "severity"),
    [("fail--gateway-logs-only", Severity.HIGH), ("fail--audit-group-only", Severity.HIGH)],
)
def test_each_category_that_the_baseline_names_weighs_the_same(name: str, severity: Severity) -> None:
    (finding,) = judged(LOGS, name)
    assert finding.severity is severity


def test_both_missing_categories_are_told() -> None:
    (finding,) = judged(LOGS, "fail--switched-off")
    assert "GatewayLogs" in finding.message
    assert "WebSocketConnectionLogs" in finding.message


def test_an_export_says_which_command_shows_the_settings() -> None:
    (finding,) = judged(LOGS, "unknown--not-read")
    assert "diagnosticSettings?api-version=2021-05-01-preview" in finding.gaps[0].remedy


def test_one_leak_is_told_beside_what_could_not_be_read() -> None:
    found = judged(LEAK, "fail--though-headers-are-unresolved")
    (failed,) = [finding for finding in found if finding.status is Status.FAIL]
    assert "frontend/response" in failed.message


def test_not_supported_rows_cite_the_baseline() -> None:
    for check_id in ("apim.lt-1.not-supported", "apim.br-1.azure-backup"):
        (finding,) = judged(check_id, next(iter(names(check_id))))
        assert [entry.pointer for entry in finding.evidence] == ["#baseline"]
        assert not finding.check.observation


def names(check_id: str) -> list[str]:
    _, control, slug = check_id.split(".")
    return [path.stem for path in (FIXTURES / "controls" / control / slug).glob("*.json")]


def test_open_loop_asks_for_its_parameters(tmp_path: Path) -> None:
    """``--complete`` does not close a loop of unknown length, so the remedy does not offer it."""
    loop = {"name": "each", "count": "[length(parameters('urls'))]"}
    backend = {**child("backends", "[copyIndex('each')]", url="https://orders.example"), "copy": loop}
    document = template(declared("Standard"), backend, parameters={"urls": {"type": "array"}})
    (remedy,) = {
        gap["remedy"]
        for service in audited(tmp_path, document)["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"] == "apim.dp-3.backend-certificate-validation"
        for gap in finding["gaps"]
        if gap["reason"] == "truncated"
    }
    assert remedy.startswith("give the parameters")
    assert "--complete" not in remedy
