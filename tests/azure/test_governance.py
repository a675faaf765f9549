"""Access and governance, judged of what was read live: from the server to the stored result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.azure import client
from auditor.model.results import FindingJson
from tests.arm_server.estates import Estate
from tests.arm_server.fixtures import StartArm, use

CHECKS = {
    "apim.pa-7.role-assignments",
    "apim.am-2.policy-assigned",
    "apim.ns-2.azure-policy-states",
    "apim.br-1.native-backup",
    "apim.im-1.subscription-key-rotation",
    "apim.pa-8.lockbox",
    "apim.lt-1.defender-for-apis",
    "apim.ns-1.virtual-network",
}
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


@pytest.fixture
def live(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Any) -> Any:
    """Scans an estate live; gives the findings of the checks of this file, by service and check."""
    estate = Estate(6, 2, 1, per_subscription=3)
    server = start_arm(estate=estate)
    monkeypatch.setattr(client, "RETRIES", 1)
    use(server, monkeypatch)
    scope = [part for one in estate.subscriptions() for part in ("--subscription", one)]

    def call() -> dict[str, dict[str, list[FindingJson]]]:
        path = tmp_path / "results.json"
        ran = run(
            *("scan", "--cloud", server.url, "--auth", "env", *scope, "-q", "--fail-on", "none"),
            *("--as-of", "2026-11-21", "--report", f"json={path}"),
        )
        assert ran.code in (0, 3), ran.err
        found: dict[str, dict[str, list[FindingJson]]] = {}
        for service in json.loads(path.read_text())["services"]:
            mine = found.setdefault(service["id"], {})
            for control in service["controls"]:
                for feature in control["features"]:
                    for finding in feature["findings"]:
                        if finding["check"] in CHECKS:
                            mine.setdefault(finding["check"], []).append(finding)
        assert server.writes == []
        return found

    call.server, call.estate = server, estate  # type: ignore[attr-defined]
    return call


def said(found: dict[str, dict[str, list[FindingJson]]], check: str) -> list[str]:
    return [finding["status"] for service in found.values() for finding in service[check]]


def role(on: str, name: str = "11111111-0000-4000-8000-000000000001") -> dict[str, Any]:
    kind = "Microsoft.Authorization/roleAssignments"
    return {
        "id": f"{on}/providers/{kind}/{name}",
        "name": name,
        "type": kind,
        "properties": {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}",
            "principalId": "22222222-0000-4000-8000-000000000001",
            "principalType": "User",
            "scope": on,
        },
    }


def test_a_run_judges_access_and_governance(live: Any) -> None:
    found = live()
    assert set(said(found, "apim.pa-7.role-assignments")) == {"pass"}
    assert set(said(found, "apim.am-2.policy-assigned")) == {"pass"}
    assert set(said(found, "apim.pa-8.lockbox")) <= {"pass", "fail", "manual"}
    backups = said(found, "apim.br-1.native-backup")
    assert {"pass", "not_applicable"} <= set(backups)
    assert "manual" not in backups
    assert "unknown" not in backups
    for service in found.values():
        (finding,) = service["apim.am-2.policy-assigned"]
        assert any(
            entry["resource"].endswith("/policyAssignments/benchmark") for entry in finding["evidence"]
        )
        assert finding["details"]["assigned"][0]["name"] == "Microsoft cloud security benchmark"


def test_what_azure_policy_says_stands_beside_the_verdict(live: Any) -> None:
    found = live()
    beside = [
        (finding["status"], entry)
        for service in found.values()
        for finding in service["apim.ns-1.virtual-network"]
        for entry in finding.get("azure_policy", ())
    ]
    assert len(beside) >= len(found)
    for status, entry in beside:
        assert entry["definition"] == "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b"
        if status in ("pass", "fail"):
            assert entry["agrees"] is ((status == "pass") == (entry["state"] == "Compliant"))
            assert bool(entry["note"]) is not entry["agrees"]
        else:
            assert entry["agrees"] is None


def test_one_owner_on_one_service_fails_that_one_alone(live: Any) -> None:
    chosen = live.estate.service(1).id
    live.server.state.put(role(f"{chosen}/apis/orders"))
    found = live()
    for service, checks in found.items():
        expected = ["fail"] if service.lower() == chosen.lower() else ["pass"]
        assert [finding["status"] for finding in checks["apim.pa-7.role-assignments"]] == expected


def test_an_owner_of_the_subscription_is_information(live: Any) -> None:
    subscription = live.estate.subscriptions()[0]
    live.server.state.put(role(f"/subscriptions/{subscription}"))
    found = live()
    assert set(said(found, "apim.pa-7.role-assignments")) == {"pass"}
    inherited = [
        row
        for service, checks in found.items()
        if f"/{subscription}/" in service
        for row in checks["apim.pa-7.role-assignments"][0]["details"]["inherited"]
    ]
    assert [row["role"] for row in inherited] == ["Owner"] * 3


@pytest.mark.parametrize(
    ("action", "check"),
    [
        ("Microsoft.Authorization/roleAssignments/read", "apim.pa-7.role-assignments"),
        ("Microsoft.Authorization/policyAssignments/read", "apim.am-2.policy-assigned"),
        ("Microsoft.Insights/eventtypes/values/read", "apim.br-1.native-backup"),
        ("Microsoft.Security/pricings/read", "apim.lt-1.defender-for-apis"),
    ],
)
def test_what_may_not_be_read_is_unknown_and_names_the_permission(live: Any, action: str, check: str) -> None:
    live.server.forbid(action, "/")
    found = live()
    assert set(said(found, check)) <= {"unknown", "not_applicable"}
    gaps = [gap for service in found.values() for finding in service[check] for gap in finding["gaps"]]
    # What Defender for APIs covers on the v2 tiers is not known, whatever may be read.
    told = [gap for gap in gaps if gap["reason"] != "external"]
    assert told
    for gap in told:
        assert gap["reason"] == "forbidden"
        assert action in gap["needed"] + gap["remedy"]


def test_a_plan_that_is_off_fails_in_its_own_subscription(live: Any) -> None:
    first, second = live.estate.subscriptions()
    kind = "Microsoft.Security/pricings"
    plan = {"id": f"/subscriptions/{first}/providers/{kind}/Api", "name": "Api", "type": kind}
    live.server.state.put({**plan, "properties": {"pricingTier": "Free"}})
    found = live()
    for service, checks in found.items():
        off = [one for one in checks["apim.lt-1.defender-for-apis"] if "is Free" in one["message"]]
        assert not (off and f"/{second}/" in service)
    assert any(
        "is Free" in finding["message"] and finding["status"] == "fail"
        for service, checks in found.items()
        if f"/{first}/" in service
        for finding in checks["apim.lt-1.defender-for-apis"]
    )


def test_a_bad_one_fails_though_the_rest_may_not_be_read(live: Any) -> None:
    """Custom roles that may not be read do not hide an owner."""
    chosen = live.estate.service(0).id
    live.server.state.put(role(chosen))
    live.server.forbid("Microsoft.Authorization/roleDefinitions/read", "/")
    found = live()
    statuses = {
        service.lower(): checks["apim.pa-7.role-assignments"][0]["status"]
        for service, checks in found.items()
    }
    assert statuses.pop(chosen.lower()) == "fail"
    assert set(statuses.values()) == {"pass"}


def test_the_tenants_answer_decides_the_lockbox(live: Any) -> None:
    asked = f"/providers/Microsoft.CustomerLockbox/tenantOptedIn/{live.server.tenant_id}"
    live.server.state.put_body(asked, {"isOptedIn": False})
    assert set(said(live(), "apim.pa-8.lockbox")) == {"fail"}
    live.server.state.put_body(asked, {"isOptedIn": True})
    assert set(said(live(), "apim.pa-8.lockbox")) == {"pass"}
