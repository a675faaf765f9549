"""Files of what stands around services: told by content, given one id each, without anybody's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.inventory import InputKind, Inventory, Origin, Resource
from auditor.model.values import walk
from auditor.sources import rows
from auditor.sources.jsontext import JsonDocument
from auditor.sources.observed import shape
from tests.sources.test_shapes import ID, SERVICE, reading

ENTRY: dict[str, Any] = {
    "authorization": {"action": "x", "scope": ID},
    "caller": "operator@contoso.example",
    "claims": {"ipaddr": "203.0.113.7", "name": "Operator"},
    "eventDataId": "44444444-4444-4444-8444-444444444444",
    "eventTimestamp": "2026-11-20T03:00:00Z",
    "httpRequest": {"clientIpAddress": "203.0.113.7"},
    "id": f"{ID}/events/44444444-4444-4444-8444-444444444444/ticks/638986752000000000",
    "operationName": {"value": "Microsoft.ApiManagement/service/backup/action", "localizedValue": "Backup"},
    "resourceId": ID,
    "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
}
STATE: dict[str, Any] = {
    "@odata.id": None,
    "complianceState": "NonCompliant",
    "policyAssignmentId": "/subscriptions/0/providers/microsoft.authorization/policyassignments/a",
    "policyAssignmentOwner": "someone@contoso.example",
    "policyDefinitionId": "/providers/microsoft.authorization/policydefinitions/d",
    "resourceId": ID,
    "timestamp": "2026-11-20T00:00:00Z",
}
CERTIFICATE: dict[str, Any] = {
    "id": "https://contoso-kv.vault.azure.net/certificates/client/0123456789abcdef0123456789abcdef",
    "cer": "MIIB",
    "attributes": {"enabled": True, "exp": 1798761600, "nbf": 1767225600},
    "policy": {
        "id": "https://contoso-kv.vault.azure.net/certificates/client/policy",
        "key_props": {"kty": "RSA", "key_size": 2048},
        "x509_props": {"subject": "CN=Some One", "sans": {"emails": ["s@contoso.example"]},
                       "validity_months": 12},
    },
}  # fmt: skip


def only(inventory: Inventory, type_: str) -> Resource:
    (found,) = inventory.of_type(type_)
    return found


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ([ENTRY], InputKind.REST),
        ({"value": [ENTRY], "nextLink": "https://management.azure.com/next"}, InputKind.REST),
        ([SERVICE, ENTRY], InputKind.REST),
    ],
)
def test_the_activity_log(tmp_path: Path, document: Any, kind: InputKind) -> None:
    """az prints an array; the management API pages: the same entries either way."""
    inventory = reading(tmp_path, document).inventory
    assert inventory.inputs[0].kind is kind
    entry = only(inventory, rows.EVENTS)
    assert entry.id == f"/subscriptions/0/providers/{rows.EVENTS}/{ENTRY['eventDataId']}"
    assert dict(entry.body) == {
        "eventDataId": ENTRY["eventDataId"],
        "eventTimestamp": ENTRY["eventTimestamp"],
        "operationName": "Microsoft.ApiManagement/service/backup/action",
        "resourceId": ID,
        "status": "Succeeded",
    }


def test_entries_that_are_not_judged_are_left_out_and_not_lost(tmp_path: Path) -> None:
    other = {**ENTRY, "operationName": {"value": "Microsoft.ApiManagement/service/write"}}
    inventory = reading(tmp_path, [other, other]).inventory
    assert inventory.of_type(rows.EVENTS) == []
    assert inventory.inputs[0].lost == 0


def test_one_entry_in_two_files_is_one(tmp_path: Path) -> None:
    inventory = reading(tmp_path, [ENTRY], {"value": [ENTRY]}).inventory
    assert only(inventory, rows.EVENTS).body["status"] == "Succeeded"


@pytest.mark.parametrize("wrapped", [True, False])
def test_states_of_azure_policy(tmp_path: Path, wrapped: bool) -> None:
    document = {"@odata.context": "x", "@odata.count": 1, "value": [STATE]} if wrapped else [STATE]
    state = only(reading(tmp_path, document).inventory, rows.STATES.lower())
    assert state.id.startswith(f"{ID}/providers/Microsoft.PolicyInsights/policyStates/")
    assert state.body["properties"]["complianceState"] == "NonCompliant"
    assert "policyAssignmentOwner" not in state.body["properties"]


def test_states_of_two_moments_are_two(tmp_path: Path) -> None:
    document = [STATE, {**STATE, "timestamp": "2026-11-21T00:00:00Z", "complianceState": "Compliant"}]
    assert len(reading(tmp_path, document).inventory.of_type(rows.STATES.lower())) == 2


def test_what_is_about_a_service_adds_none(tmp_path: Path) -> None:
    """Roles and states are listed for a subscription: of services that nobody asked for as well."""
    role = {
        "id": f"{ID}2/providers/Microsoft.Authorization/roleAssignments/r",
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {"principalType": "User"},
    }
    found = reading(tmp_path, [SERVICE, role], [{**STATE, "resourceId": f"{ID}2"}]).inventory
    assert [service.id for service in found.services] == [ID]


def test_no_states_say_nothing(tmp_path: Path) -> None:
    found = reading(tmp_path, SERVICE, {"@odata.context": "x", "@odata.count": 0, "value": []})
    assert found.problems == []


@pytest.mark.parametrize(
    ("type_", "members", "expected"),
    [
        (
            "Microsoft.Authorization/roleDefinitions",
            {"roleName": "ours", "roleType": "CustomRole", "permissions": []},
            {"roleName": "ours", "type": "CustomRole", "permissions": []},
        ),
        (
            "Microsoft.Authorization/policyAssignments",
            {"policyDefinitionId": "x", "notScopes": None, "scope": "/subscriptions/0"},
            {"policyDefinitionId": "x", "notScopes": None, "scope": "/subscriptions/0"},
        ),
        ("Microsoft.Security/pricings", {"pricingTier": "Free"}, {"pricingTier": "Free"}),
    ],
)
def test_what_az_prints_without_properties(
    tmp_path: Path, type_: str, members: dict[str, Any], expected: dict[str, Any]
) -> None:
    item = {"id": f"/subscriptions/0/providers/{type_}/one", "name": "one", "type": type_, **members}
    for document in ([item], {"value": [item]}, item):
        inventory = reading(tmp_path, document).inventory
        assert inventory.inputs[0].kind is InputKind.AZ_LIST
        assert only(inventory, type_.lower()).body["properties"] == expected
        assert (
            inventory.surveyed(Resource(ID, "t", {}, Origin(""), inventory.inputs[0]), type_.lower()) is None
        )


def test_wire_form_is_taken_as_it_is(tmp_path: Path) -> None:
    type_ = "Microsoft.Authorization/roleAssignments"
    item = {"id": f"{ID}/providers/{type_}/one", "type": type_, "properties": {"principalType": "User"}}
    inventory = reading(
        tmp_path, {"value": [item]}, {"count": 1, "data": [item], "skip_token": None}
    ).inventory
    assert only(inventory, type_.lower()).body["properties"] == {"principalType": "User"}
    assert [one.kind for one in inventory.inputs] == [InputKind.REST, InputKind.GRAPH]


def test_certificates_of_a_vault(tmp_path: Path) -> None:
    inventory = reading(tmp_path, CERTIFICATE).inventory
    assert inventory.inputs[0].kind is InputKind.KEY_VAULT
    found = only(inventory, rows.CERTIFICATES)
    assert found.key == "https://contoso-kv.vault.azure.net/certificates/client"
    assert found.body["properties"]["policy"]["x509_props"] == {"validity_months": 12}
    assert "cer" not in found.body["properties"]


def test_two_versions_that_disagree_settle_nothing(tmp_path: Path) -> None:
    newer = json.loads(json.dumps(CERTIFICATE).replace("0123456789abcdef0", "f123456789abcdef0"))
    newer["attributes"]["exp"] += 86_400
    found = only(reading(tmp_path, CERTIFICATE, newer).inventory, rows.CERTIFICATES)
    assert not isinstance(found.body["properties"]["attributes"]["exp"], int)


@pytest.mark.parametrize(
    "item",
    [
        {"id": "https://contoso.example/certificates/client"},
        {"id": "https://contoso-kv.vault.azure.net/secrets/client", "policy": {}},
        {"complianceState": "Compliant"},
        {"complianceState": "Compliant", "resourceId": ID},
        {"complianceState": 1, "resourceId": ID, "policyDefinitionId": "x"},
        {"eventDataId": "x"},
        {"id": "NA(classic admins)"},
        {"id": "https://"},
        {"id": "https:///certificates/c", "policy": {}},
    ],
)
def test_what_only_looks_like_one_is_none(item: dict[str, Any]) -> None:
    assert rows.row(item, Origin("")) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(st.sampled_from([ENTRY, STATE, CERTIFICATE]), st.data())
def test_odd_members_break_nothing(whole: dict[str, Any], data: st.DataObject) -> None:
    """Any member may be anything; what comes out is a resource with an id, or nothing."""
    name = data.draw(st.sampled_from(sorted(whole)))
    item = {**whole, name: data.draw(VALUES)}
    shaped = shape(JsonDocument("x.json", json.dumps([item])))
    for found in shaped.resources if shaped else ():
        assert found.id
        assert found.type
        assert not any(
            "contoso.example" in str(value) for _, value in walk(found.body) if isinstance(value, str)
        )
