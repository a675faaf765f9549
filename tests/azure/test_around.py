"""What stands around services, read for each subscription."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.collections import ACTIVITY, SURROUNDINGS
from auditor.azure import client
from auditor.model.evidence import Log, Reason, Undetermined
from auditor.model.inventory import Inventory
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.sources import read_paths
from controls import catalogue
from tests.arm_server.estates import Estate
from tests.arm_server.fixtures import StartArm, use
from tests.conftest import NOW, Ran

ROLES = "microsoft.authorization/roleassignments"


@pytest.fixture
def read(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Any) -> Any:
    """Collects from an estate of two subscriptions; gives the inventory, the server and the file."""
    made = Estate(4, 2, 1, per_subscription=2)
    server = start_arm(estate=made)
    monkeypatch.setattr(client, "RETRIES", 1)
    use(server, monkeypatch)
    path = tmp_path / "s.json.gz"
    scope = [part for one in made.subscriptions() for part in ("--subscription", one)]

    def call(*more: str) -> tuple[Inventory, Any, Path, Ran]:
        ran = run("collect", "--cloud", server.url, "--auth", "env", *scope, "-o", str(path), "-q", *more)
        return read_paths([str(path)]).inventory, server, path, ran

    call.server = server  # type: ignore[attr-defined]
    return call


def service_of(inventory: Inventory) -> Subject:
    return Subject(Audit(inventory, catalogue().knowledge, NOW), inventory.services[0], Log())


def test_several_subscriptions_are_read_whole(read: Any) -> None:
    inventory, server, _, ran = read()
    assert ran.code == 0, ran.err
    assert len(inventory.services) == 4
    for service in inventory.services:
        for type_ in SURROUNDINGS:
            listing = inventory.surveyed(service, type_)
            assert listing is not None, type_
            assert listing.complete, type_
    assert len(list(service_of(inventory).around("Microsoft.Security/pricings"))) == 2
    assert inventory.of_type(ROLES)
    assert inventory.of_type("microsoft.authorization/policyassignments")
    assert inventory.of_type("microsoft.policyinsights/policystates")
    assert server.writes == []


def test_of_the_activity_log_only_what_is_judged_is_kept(read: Any) -> None:
    inventory, _, path, _ = read()
    entries = inventory.of_type(ACTIVITY.lower())
    assert entries
    assert {str(each.body["operationName"]) for each in entries} == {
        "Microsoft.ApiManagement/service/backup/action"
    }
    assert all(each.body["status"] == "Succeeded" and each.body["eventTimestamp"] for each in entries)
    text = gzip.decompress(path.read_bytes()).decode()
    assert "operator@contoso.example" not in text
    assert "203.0.113.7" not in text


def test_what_may_not_be_listed_is_unknown_not_none(read: Any) -> None:
    read.server.forbid("Microsoft.Authorization/roleAssignments/read", "/")
    inventory, _, _, ran = read()
    assert ran.code == 0
    service = service_of(inventory)
    with pytest.raises(Undetermined) as raised:
        list(service.around("Microsoft.Authorization/roleAssignments"))
    (gap,) = raised.value.gaps
    assert gap.reason is Reason.FORBIDDEN
    assert "Microsoft.Authorization/roleAssignments/read" in gap.needed
    withheld = service.audit.knowledge.withheld(service)
    assert any(row.collection == "Microsoft.Authorization/roleAssignments" for row in withheld)


def test_a_query_that_fails_is_said(read: Any) -> None:
    read.server.fault("failing", "/providers/Microsoft.ResourceGraph/*")
    inventory, _, _, _ = read()
    notes = " ".join(inventory.inputs[0].notes)
    assert "Resource Graph" in notes
    assert inventory.inputs[0].lost


def test_resuming_keeps_what_stands_at_other_scopes(read: Any) -> None:
    first, server, _, _ = read()
    server.log.clear()
    again, _, _, ran = read("--resume")
    assert ran.code == 0
    for type_ in (ROLES, ACTIVITY.lower(), "microsoft.authorization/policyassignments"):
        assert [each.key for each in again.of_type(type_)] == [each.key for each in first.of_type(type_)]
    assert server.log.count("*/roleAssignments") == 0
    assert server.log.count("*/eventtypes/*") == 0


def test_the_tenants_lockbox_is_asked_for(read: Any) -> None:
    tenant = read.server.tenant_id
    asked = f"/providers/Microsoft.CustomerLockbox/tenantOptedIn/{tenant}"
    read.server.state.put_body(asked, {"isOptedIn": True})
    inventory, _, _, _ = read()
    (found,) = inventory.of_type("microsoft.customerlockbox/tenantoptedin")
    assert found.body["isOptedIn"] is True
    assert found.name == tenant


def test_a_snapshot_of_around_names_no_page(read: Any) -> None:
    _, _, path, _ = read()
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    assert all("skiptoken" not in json.dumps(line).casefold() for line in lines)


DENIALS = "Microsoft.Authorization/denyAssignments"
LOCKED = "11111111-0000-4000-8000-000000000001"


def test_deny_assignments_are_listed_for_each_subscription(read: Any) -> None:
    at = f"/subscriptions/{read.server.subscriptions_seen()[0]}/providers/{DENIALS}"
    nothing: list[str] = []
    block = {"actions": nothing, "notActions": nothing, "dataActions": ["*"], "notDataActions": nothing}
    user = {"id": "22222222-0000-4000-8000-000000000001", "type": "User", "email": "al@contoso.example"}
    properties = {
        "denyAssignmentName": "locked",
        "description": "asked for by alice@contoso.example",
        "permissions": [block],
        "principals": [user],
    }
    item = {"id": f"{at}/{LOCKED}", "name": LOCKED, "type": DENIALS, "properties": properties}
    read.server.state.put_body(at, {"value": [item]})
    inventory, server, path, _ = read()
    assert server.log.count("*/denyAssignments") == 2
    assert [each.name for each in inventory.of_type(DENIALS.lower())] == [LOCKED]
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert not any("contoso.example" in line for line in lines if LOCKED in line)


def test_a_role_that_is_assigned_is_read_once_and_custom_ones_are_listed(read: Any) -> None:
    """Two subscriptions use the same built-in role; the lists leave out what is built in."""
    inventory, server, _, _ = read()
    definitions = inventory.of_type("microsoft.authorization/roledefinitions")
    assert [one.body["properties"]["roleName"] for one in definitions] == ["Key Vault Secrets User"]
    assert server.log.count("*/roleDefinitions/*") == 1
    read("--resume")
    assert server.log.count("*/roleDefinitions/*") == 1


def test_a_role_that_may_not_be_read_leaves_open_what_it_allows(read: Any) -> None:
    read.server.fault("failing", "*/roleDefinitions/*")
    inventory, _, _, _ = read()
    assert not inventory.of_type("microsoft.authorization/roledefinitions")
    assert inventory.of_type(ROLES)
