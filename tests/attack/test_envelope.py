"""What damage to the members around a resource must not do: make a check pass, or two resources one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.sources import read_paths
from tests.auditing import ID, audited, child, declared, item, observed, statuses, template

OPEN = {"state": "published", "subscriptionRequired": False}
CLOSED = {"state": "published", "subscriptionRequired": True}
SETTING = {
    "type": "Microsoft.Insights/diagnosticSettings",
    "apiVersion": "2021-05-01-preview",
    "name": "logs",
    "scope": "Microsoft.ApiManagement/service/contoso",
    "properties": {
        "workspaceId": "/subscriptions/0/resourceGroups/g/providers/x/y/z",
        "logs": [{"categoryGroup": "allLogs", "enabled": True}],
    },
}
NESTED = {"type": "Microsoft.Resources/deployments", "apiVersion": "2021-04-01", "name": "more"}


GOOD = {"state": "active", "identities": [{"provider": "Aad"}]}
BAD = {"state": "active", "identities": [{"provider": "Basic"}]}


def of_list(folder: Path, *items: Any, **wrapper: Any) -> str:
    results = audited(folder, observed(), {"value": list(items), **wrapper})
    return statuses(results)["local-users"]


def of_template(folder: Path, *resources: Any, whole: bool = False) -> dict[str, str]:
    return statuses(audited(folder, template(declared(), *resources), whole=whole))


def test_a_whole_list_is_judged(tmp_path: Path) -> None:
    assert of_list(tmp_path, item("users", "a", **GOOD), count=1, nextLink="") == "pass"


@pytest.mark.parametrize(
    "damage",
    [
        {"id": None},
        {"id": 5},
        {"id": ["x"]},
        {"id": "b"},
        {"id": f"{ID}/users/b/x"},
    ],
)
def test_an_item_that_cannot_be_told_leaves_its_list_open(tmp_path: Path, damage: dict[str, Any]) -> None:
    bad = {**item("users", "b", **BAD), **damage}
    assert of_list(tmp_path, item("users", "a", **GOOD), bad) == "unknown"


@pytest.mark.parametrize("bad", [None, "b", 5, [], {}, {"properties": BAD}])
def test_what_is_no_resource_leaves_its_list_open(tmp_path: Path, bad: Any) -> None:
    assert of_list(tmp_path, item("users", "a", **GOOD), bad) == "unknown"


@pytest.mark.parametrize(
    "wrapper",
    [
        {"nextLink": ["x"]},
        {"NextLink": "x"},
        {"@odata.nextLink": "x"},
        {"odata.nextLink": "x"},
        {"$skipToken": "x"},
        {"count": 2},
        {"count": "2"},
        {"count": 2.0},
        {"count": "many"},
        {"count": {}},
        {"Count": 2},
    ],
)
def test_any_sign_that_a_list_goes_on_leaves_it_open(tmp_path: Path, wrapper: dict[str, Any]) -> None:
    assert of_list(tmp_path, item("users", "a", **GOOD), **wrapper) == "unknown"


def test_names_of_the_envelope_count_in_any_case(tmp_path: Path) -> None:
    upper = {key.upper(): value for key, value in item("users", "a", **BAD).items()}
    assert of_list(tmp_path, upper) == "fail"


def test_properties_in_another_case_are_not_a_flattened_body(tmp_path: Path) -> None:
    body = {
        ("Properties" if key == "properties" else key): value
        for key, value in observed(virtualNetworkType="Internal").items()
    }
    found = statuses(audited(tmp_path, {**body, "resourceGroup": "g"}))
    assert found["virtual-network"] == "pass"


@pytest.mark.parametrize(
    "told",
    [
        {"provisioningState": "Succeeded", "createdTime": "2024-01-01T00:00:00Z", "changedTime": None},
        {"subscriptionId": "0", "tenantId": "0"},
        {"virtualNetworkType": "None"},
    ],
)
def test_an_inventory_entry_says_nothing_of_what_it_lacks(tmp_path: Path, told: dict[str, Any]) -> None:
    entry = {key: value for key, value in observed().items() if key != "properties"}
    found = statuses(audited(tmp_path, [{**entry, "resourceGroup": "g", **told}]))
    for slug in ("virtual-network", "gateway-not-public", "client-tls", "hostname-certificate"):
        assert found[slug] == "unknown", slug


@pytest.mark.parametrize("group", ["service", "SERVICE"])
def test_a_resource_group_named_service_hides_no_service(tmp_path: Path, group: str) -> None:
    body = item("products", "a", **OPEN)
    body["id"] = body["id"].replace("resourceGroups/g", f"resourceGroups/{group}")
    assert [one["name"] for one in audited(tmp_path, body)["services"]] == ["contoso"]


def test_a_child_in_capitals_still_has_its_service(tmp_path: Path) -> None:
    body = item("products", "a", **OPEN)
    body["id"] = body["id"].upper()
    assert [one["name"] for one in audited(tmp_path, body)["services"]] == ["CONTOSO"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    audited(tmp_path, template(declared()))
    (tmp_path / "folder").mkdir()
    twice = [str(tmp_path / "0.json"), str(tmp_path / "folder" / ".." / "0.json")]
    assert len(read_paths(twice).inventory.services) == 1


@pytest.mark.parametrize(
    ("envelope", "status"),
    [
        ({}, "pass"),
        ({"condition": True}, "pass"),
        ({"condition": "[parameters('x')]"}, "unknown"),
        ({"condition": ["x"]}, "unknown"),
        ({"condition": {}}, "unknown"),
        ({"condition": False}, "unknown"),
        ({"existing": False}, "pass"),
        ({"existing": True}, "unknown"),
        ({"existing": "true"}, "unknown"),
        ({"existing": "[parameters('x')]"}, "unknown"),
        ({"copy": {"name": "c", "count": 1}}, "pass"),
        ({"copy": {"name": "c", "count": 0}}, "unknown"),
        ({"copy": {"name": "c", "count": -1}}, "unknown"),
        ({"copy": {"name": "c", "count": "[parameters('n')]"}}, "unknown"),
        ({"copy": {"name": "c"}}, "unknown"),
        ({"copy": "x"}, "unknown"),
        ({"copy": []}, "unknown"),
    ],
)
def test_a_setting_that_may_not_be_deployed_passes_nothing(
    tmp_path: Path, envelope: dict[str, Any], status: str
) -> None:
    assert of_template(tmp_path, {**SETTING, **envelope})["resource-logs"] == status


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "hidden",
    [
        {**child("products", "b", **OPEN), "type": ["x"]},
        {**child("products", "b", **OPEN), "type": None},
        {**child("products", "b", **OPEN), "type": "[parameters('t')]"},
        {**child("products", "b", **OPEN), "name": "contoso"},
        {**child("products", "b", **OPEN), "name": None},
        {**child("products", "b", **OPEN), "name": "[concat(parameters('x'), '/b')]"},
        {**child("products", "b", **OPEN), "condition": "[parameters('x')]"},
        {**child("products", "b", **OPEN), "copy": {"name": "c", "count": "[parameters('n')]"}},
        "[parameters('resource')]",
        {**NESTED, "properties": {"template": "[parameters('t')]"}},
        {**NESTED, "properties": {"templateLink": {"uri": "https://contoso.example/more.json"}}},
        {**NESTED, "properties": {"template": {"resources": "[parameters('r')]"}}},
        {**NESTED, "properties": []},
        NESTED,
    ],
)
def test_a_resource_that_cannot_be_told_leaves_collections_open(
    tmp_path: Path, hidden: Any, whole: bool
) -> None:
    found = audited(tmp_path, template(declared(), child("products", "a", **CLOSED), hidden), whole=whole)
    (service,) = (one for one in found["services"] if one["name"] == "contoso")
    assert statuses({**found, "services": [service]})["product-subscription"] == "unknown"


def test_children_of_a_list_that_is_an_expression_are_not_none(tmp_path: Path) -> None:
    service = {**declared(), "resources": "[parameters('children')]"}
    found = statuses(audited(tmp_path, template(service), whole=True))
    assert found["product-subscription"] == "unknown"


def test_a_child_without_a_name_of_its_own_is_not_merged_into_its_service(tmp_path: Path) -> None:
    stray = {
        **child("apis", "x", virtualNetworkType="Internal", publicNetworkAccess="Disabled"),
        "name": "contoso",
    }
    found = of_template(tmp_path, stray)
    assert found["virtual-network"] == "fail"
    assert found["gateway-not-public"] != "pass"


def test_the_whole_truth_needs_every_file(tmp_path: Path) -> None:
    assert statuses(audited(tmp_path, template(declared()), whole=True))["local-users"] == "pass"
    found = audited(tmp_path, template(declared()), '{"value": [', whole=True)
    assert statuses(found)["local-users"] == "unknown"
    assert any("--complete" in note for note in found["run"]["inputs"][0]["notes"])


def test_files_that_disagree_decide_nothing(tmp_path: Path) -> None:
    private = observed(virtualNetworkType="Internal")
    found = statuses(audited(tmp_path, private, observed(virtualNetworkType="None")))
    assert (found["virtual-network"], found["gateway-not-public"]) == ("unknown", "unknown")


def test_one_value_where_credentials_by_name_are_documented_is_judged(tmp_path: Path) -> None:
    backend = item("backends", "b", url="https://b.example", credentials={"query": "[concat('a')]"})
    found = statuses(audited(tmp_path, observed(), {"value": [backend]}))
    assert found["inline-secrets"] != "error"
