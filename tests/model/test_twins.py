"""A service whose name is not known, beside children under another name: one service or two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model.inventory import SERVICE, Inventory
from auditor.sources import read_paths
from controls import catalogue
from tests.auditing import SCHEMA
from tests.judging import findings

ORIGIN = next(check for check in catalogue().checks if check.id == "apim.ns-6.cross-origin")
STAR = (
    "<policies><inbound><cors><allowed-origins><origin>*</origin></allowed-origins></cors></inbound>"
    "<backend><forward-request /></backend><outbound /><on-error /></policies>"
)


def resource(type_: str, name: str, **properties: Any) -> dict[str, Any]:
    full = "/".join(part for part in ("Microsoft.ApiManagement/service", type_) if part)
    body = {"type": full, "apiVersion": "2024-05-01", "name": name, "properties": properties}
    return body if type_ else {**body, "location": "westeurope", "sku": {"name": "Developer", "capacity": 1}}


def read(folder: Path, *resources: dict[str, Any], whole: bool = True) -> Inventory:
    document = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}},
        "resources": list(resources),
    }
    path = folder / "t.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_paths([str(path)], whole=whole).inventory


OPEN = resource("", "[parameters('name')]", virtualNetworkType="Internal")
API = resource("apis", "contoso/orders", path="orders", subscriptionRequired=True)
GLOBAL = resource("policies", "[concat(parameters('name'), '/policy')]", format="rawxml", value=STAR)


def complete(inventory: Inventory, name: str, type_: str) -> bool:
    (service,) = (each for each in inventory.services if each.name == name)
    listing = inventory.listing(service, f"{SERVICE}/{type_}")
    return listing is not None and listing.complete


def test_what_one_has_the_other_may_have(tmp_path: Path) -> None:
    inventory = read(tmp_path, OPEN, API, GLOBAL)
    assert not complete(inventory, "[parameters('name')]", "apis")
    assert not complete(inventory, "contoso", "policies")


def test_what_neither_has_there_is_not(tmp_path: Path) -> None:
    inventory = read(tmp_path, OPEN, API, GLOBAL)
    assert complete(inventory, "[parameters('name')]", "products")
    assert complete(inventory, "contoso", "products")


@pytest.mark.parametrize("named", ["contoso", "[parameters('name')]"])
def test_two_declared_services_are_two(tmp_path: Path, named: str) -> None:
    inventory = read(tmp_path, OPEN, resource("", "contoso"), API, GLOBAL)
    assert complete(inventory, named, "products")
    assert complete(inventory, "[parameters('name')]", "apis")


def test_names_that_are_known_differ(tmp_path: Path) -> None:
    inventory = read(tmp_path, resource("", "fabrikam"), API)
    assert complete(inventory, "fabrikam", "apis")
    assert complete(inventory, "contoso", "policies")


def test_what_stands_deeper_may_be_under_the_other_name(tmp_path: Path) -> None:
    policy = resource("apis/policies", "[concat(parameters('name'), '/orders/policy')]", value=STAR)
    inventory = read(tmp_path, OPEN, API, policy)
    (api,) = inventory.children(next(s.key for s in inventory.services if s.implied), f"{SERVICE}/apis")
    listing = inventory.listing(api, f"{SERVICE}/apis/policies")
    assert listing is None or not listing.complete


def test_no_other_service_passes_by_what_the_template_leaves_out(tmp_path: Path) -> None:
    found = findings(read(tmp_path, OPEN, API, GLOBAL), [ORIGIN])
    statuses = {str(each.status) for each in found if "contoso" in str(each.message + str(each.gaps))}
    assert "unknown" in statuses
    assert "pass" not in {str(each.status) for each in found}


def test_roles_of_the_other_name_may_be_its_own(tmp_path: Path) -> None:
    assignment = {
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": "2022-04-01",
        "name": "11111111-1111-1111-1111-111111111111",
        "scope": "[resourceId('Microsoft.ApiManagement/service', parameters('name'))]",
        "properties": {"principalId": "22222222-2222-2222-2222-222222222222", "principalType": "User"},
    }
    inventory = read(tmp_path, OPEN, API, assignment)
    (implied,) = (each for each in inventory.services if each.implied)
    listing = inventory.surveyed(implied, "microsoft.authorization/roleassignments")
    assert listing is not None
    assert not listing.complete
