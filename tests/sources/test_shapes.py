"""Every input shape, told by content alone, and what it makes complete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model.evidence import Log, Undetermined
from auditor.model.inventory import InputKind, Inventory
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.model.values import Unresolved
from auditor.sources import Reading, read_paths
from controls import catalogue
from tests.conftest import NOW

ID = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SERVICE = {
    "id": ID,
    "name": "contoso",
    "type": "Microsoft.ApiManagement/service",
    "sku": {"name": "Premium"},
    "properties": {"virtualNetworkType": "Internal"},
}
CHILD = "microsoft.apimanagement/service/namedvalues"


def named_value(name: str) -> dict[str, Any]:
    return {
        "id": f"{ID}/namedValues/{name}",
        "name": name,
        "properties": {"displayName": name, "secret": True},
    }


def reading(tmp_path: Path, *documents: Any, **options: Any) -> Reading:
    paths = []
    for index, document in enumerate(documents):
        path = tmp_path / f"{index}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        paths.append(str(path))
    return read_paths(paths, **options)


def service(inventory: Inventory, index: int = 0) -> Subject:
    audit = Audit(inventory, catalogue().knowledge, NOW)
    return Subject(audit, inventory.services[index], Log())


def template(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **more}


def declared(name: str = "contoso", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.ApiManagement/service",
        "apiVersion": "2024-05-01",
        "name": name,
        "sku": {"name": "Premium"},
        "properties": {"virtualNetworkType": "Internal", **properties},
    }


def declared_value(name: str) -> dict[str, Any]:
    return {
        "type": "Microsoft.ApiManagement/service/namedValues",
        "apiVersion": "2024-05-01",
        "name": name,
        "properties": {"secret": True},
    }


FLAT = {
    "id": ID,
    "name": "contoso",
    "type": "Microsoft.ApiManagement/service",
    "resourceGroup": "g",
    "sku": {"name": "Premium"},
    "virtualNetworkType": "Internal",
    "publisherEmail": "a@contoso.example",
    "publicIpAddresses": ["192.0.2.1"],
}
POWERSHELL = {
    "ResourceId": ID,
    "ResourceType": "Microsoft.ApiManagement/service",
    "Name": "contoso",
    "Sku": {"Name": "Premium"},
    "Properties": {"virtualNetworkType": "Internal"},
}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (SERVICE, InputKind.REST),
        ([SERVICE], InputKind.REST),
        ({"value": [SERVICE]}, InputKind.REST),
        ({**SERVICE, "resourceGroup": "g"}, InputKind.AZ_RESOURCE),
        (FLAT, InputKind.AZ_CLI),
        ([FLAT], InputKind.AZ_CLI),
        ({"count": 1, "data": [SERVICE], "skip_token": None, "total_records": 1}, InputKind.GRAPH),
        (POWERSHELL, InputKind.POWERSHELL),
        ([POWERSHELL], InputKind.POWERSHELL),
        (
            {"parameters": {"api-version": "2024-05-01"}, "responses": {"200": {"body": SERVICE}}},
            InputKind.REST,
        ),
        (template(declared()), InputKind.ARM_TEMPLATE),
        (
            template(
                declared("[parameters('service_contoso_name')]"),
                parameters={"service_contoso_name": {"defaultValue": "contoso", "type": "String"}},
            ),
            InputKind.PORTAL_EXPORT,
        ),
    ],
)
def test_every_shape_gives_the_same_service(tmp_path: Path, document: Any, kind: InputKind) -> None:
    inventory = reading(tmp_path, document).inventory
    assert [one.kind for one in inventory.inputs] == [kind]
    assert service(inventory).name == "contoso"
    assert service(inventory).read("/sku/name") == "Premium"
    assert service(inventory).read("/properties/virtualNetworkType") == "Internal"


@pytest.mark.parametrize(
    "document", [{"a": 1}, [], [1, 2], "text", 3, None, {"policyRule": {"if": {}}}, {"value": "x"}]
)
def test_other_json_is_said_to_be_other(tmp_path: Path, document: Any) -> None:
    found = reading(tmp_path, json.dumps(document))
    assert found.inventory.services == []
    assert "neither an ARM template nor Azure resources" in str(found.problems[0])


def test_a_list_without_end_is_complete(tmp_path: Path) -> None:
    inventory = reading(
        tmp_path, SERVICE, {"value": [named_value("a")], "count": 1, "nextLink": ""}
    ).inventory
    assert [child.name for child in service(inventory).children("namedValues")] == ["a"]


def test_a_list_of_diagnostic_settings_is_complete_for_its_service(tmp_path: Path) -> None:
    setting = {"id": f"{ID}/providers/microsoft.insights/diagnosticSettings/d", "properties": {"logs": []}}
    inventory = reading(tmp_path, SERVICE, {"value": [setting]}).inventory
    assert [d.name for d in service(inventory).extensions("Microsoft.Insights/diagnosticSettings")] == ["d"]


@pytest.mark.parametrize("wrapper", [{"nextLink": "https://next"}, {"count": 2}])
def test_a_list_that_goes_on_is_not(tmp_path: Path, wrapper: dict[str, Any]) -> None:
    inventory = reading(tmp_path, SERVICE, {"value": [named_value("a")], **wrapper}).inventory
    with pytest.raises(Undetermined):
        list(service(inventory).children("namedValues"))


def test_single_resources_make_no_collection_complete(tmp_path: Path) -> None:
    inventory = reading(tmp_path, SERVICE, named_value("a")).inventory
    with pytest.raises(Undetermined):
        list(service(inventory).children("namedValues"))


def test_complete_says_there_is_no_more(tmp_path: Path) -> None:
    inventory = reading(tmp_path, SERVICE, whole=True).inventory
    assert list(service(inventory).children("namedValues")) == []


def test_a_template_sets_what_it_mentions_and_no_more(tmp_path: Path) -> None:
    inventory = reading(tmp_path, template(declared(), declared_value("contoso/a"))).inventory
    assert [child.name for child in service(inventory).children("namedValues")] == ["a"]
    with pytest.raises(Undetermined):
        list(service(inventory).children("products"))


def test_linked_templates_may_deploy_more(tmp_path: Path) -> None:
    link = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2021-04-01",
        "name": "more",
        "properties": {"mode": "Incremental", "templateLink": {"uri": "https://contoso.com/more.json"}},
    }
    inventory = reading(tmp_path, template(declared(), declared_value("contoso/a"), link)).inventory
    with pytest.raises(Undetermined) as raised:
        list(service(inventory).children("namedValues"))
    assert "linked" in str(raised.value)


def test_the_old_name_of_named_values_is_the_new_one(tmp_path: Path) -> None:
    old = {**declared_value("contoso/a"), "type": "Microsoft.ApiManagement/service/properties"}
    inventory = reading(tmp_path, template(declared(), old, declared_value("contoso/a"))).inventory
    assert [child.name for child in service(inventory).children("namedValues")] == ["a"]


@pytest.mark.parametrize(
    "setting",
    [
        {
            "type": "Microsoft.Insights/diagnosticSettings",
            "name": "d",
            "scope": "Microsoft.ApiManagement/service/contoso",
        },
        {
            "type": "microsoft.insights/diagnosticsettings",
            "name": "d",
            "scope": "[resourceId('Microsoft.ApiManagement/service', 'contoso')]",
        },
        {
            "type": "Microsoft.ApiManagement/service/providers/diagnosticSettings",
            "name": "contoso/Microsoft.Insights/d",
        },
    ],
)
def test_three_ways_to_write_a_diagnostic_setting(tmp_path: Path, setting: dict[str, Any]) -> None:
    setting = {**setting, "apiVersion": "2021-05-01-preview", "properties": {"logs": []}}
    inventory = reading(tmp_path, template(declared(), setting)).inventory
    found = service(inventory).extensions("Microsoft.Insights/diagnosticSettings")
    assert [one.name for one in found] == ["d"]


def test_ids_that_differ_in_case_are_one_resource(tmp_path: Path) -> None:
    shouted = {**SERVICE, "id": ID.upper().replace("MICROSOFT.APIMANAGEMENT", "microsoft.apimanagement")}
    assert len(reading(tmp_path, SERVICE, shouted).inventory.services) == 1


def test_two_documents_complete_each_other(tmp_path: Path) -> None:
    more = {"id": ID, "properties": {"publicNetworkAccess": "Enabled", "virtualNetworkType": "Internal"}}
    found = service(reading(tmp_path, SERVICE, more).inventory)
    assert found.read("/properties/publicNetworkAccess") == "Enabled"
    assert found.read("/properties/virtualNetworkType") == "Internal"


def test_where_two_documents_disagree_nothing_is_known(tmp_path: Path) -> None:
    other = {"id": ID, "properties": {"virtualNetworkType": "None"}}
    with pytest.raises(Undetermined) as raised:
        service(reading(tmp_path, SERVICE, other).inventory).read("/properties/virtualNetworkType")
    assert "disagree" in str(raised.value)


def test_one_list_page_of_two_gives_its_items_and_a_doubt(tmp_path: Path) -> None:
    first = {"value": [named_value("a")], "nextLink": "https://next"}
    found: list[str] = []
    with pytest.raises(Undetermined):
        found.extend(
            c.name
            for c in service(
                reading(tmp_path, SERVICE, first, {"value": [named_value("b")]}).inventory
            ).children("namedValues")
        )
    assert found == ["a", "b"]


def test_names_that_are_expressions_are_one_service_in_one_file_only(tmp_path: Path) -> None:
    one = template(
        declared("[parameters('name')]"),
        declared_value("[concat(parameters('name'), '/a')]"),
        parameters={"name": {"type": "string"}},
    )
    inventory = reading(tmp_path, one, one).inventory
    assert len(inventory.services) == 2
    assert [len(list(service(inventory, i).children("namedValues"))) for i in (0, 1)] == [1, 1]


def test_children_in_another_template_join_the_one_that_declares_the_service(tmp_path: Path) -> None:
    inventory = reading(tmp_path, template(declared()), template(declared_value("contoso/a"))).inventory
    assert len(inventory.services) == 1
    assert not inventory.services[0].implied


def test_two_templates_that_declare_one_name_stay_apart(tmp_path: Path) -> None:
    inventory = reading(
        tmp_path, template(declared()), template(declared(virtualNetworkType="None"))
    ).inventory
    assert [one.body["properties"]["virtualNetworkType"] for one in inventory.services] == [
        "Internal",
        "None",
    ]


def test_a_child_alone_implies_its_service(tmp_path: Path) -> None:
    inventory = reading(tmp_path, named_value("a")).inventory
    assert inventory.services[0].implied
    with pytest.raises(Undetermined):
        service(inventory).read("/identity")


def test_an_inventory_without_properties_has_no_defaults(tmp_path: Path) -> None:
    bare = {
        "id": ID,
        "name": "contoso",
        "type": "Microsoft.ApiManagement/service",
        "sku": {"name": "Premium"},
        "properties": None,
    }
    with pytest.raises(Undetermined):
        service(reading(tmp_path, [bare]).inventory).read("/properties/virtualNetworkType")


def test_a_parameters_file_overrides_a_default(tmp_path: Path) -> None:
    document = template(
        declared(virtualNetworkType="[parameters('vnet')]"),
        parameters={"vnet": {"type": "string", "defaultValue": "Internal"}},
    )
    given = tmp_path / "given.json"
    given.write_text(
        json.dumps({"contentVersion": "1.0.0.0", "parameters": {"VNET": {"value": "None"}}}), encoding="utf-8"
    )
    plain = reading(tmp_path, document).inventory
    assert plain.services[0].body["properties"]["virtualNetworkType"] == "Internal"
    overridden = reading(tmp_path, document, parameter_files=[str(given)]).inventory
    assert overridden.services[0].body["properties"]["virtualNetworkType"] == "None"


def test_a_parameter_without_a_value_is_unresolved(tmp_path: Path) -> None:
    document = template(
        declared(virtualNetworkType="[parameters('vnet')]"), parameters={"vnet": {"type": "string"}}
    )
    value = reading(tmp_path, document).inventory.services[0].body["properties"]["virtualNetworkType"]
    assert isinstance(value, Unresolved)
