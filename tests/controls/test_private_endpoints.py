"""Which declared private endpoint leads to which service, where only parts of its target are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.exposure import endpoint_declared
from auditor.model.evidence import Log, Undetermined
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import NOW

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
APIM = "Microsoft.ApiManagement/service"


def template(*resources: dict[str, Any]) -> dict[str, Any]:
    named = {name: {"type": "string"} for name in ("apim", "other", "id")}
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "parameters": named, "resources": list(resources)}


def service(name: str) -> dict[str, Any]:
    return {
        "type": APIM,
        "apiVersion": "2024-05-01",
        "name": name,
        "sku": {"name": "Premium"},
        "properties": {"virtualNetworkType": "None"},
    }


def endpoint(target: str) -> dict[str, Any]:
    connection = {"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": ["Gateway"]}}
    return {
        "type": "Microsoft.Network/privateEndpoints",
        "apiVersion": "2023-09-01",
        "name": "pe",
        "properties": {"privateLinkServiceConnections": [connection]},
    }


def declared(tmp_path: Path, *documents: dict[str, Any]) -> bool:
    paths = []
    for number, document in enumerate(documents):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        paths.append(str(path))
    inventory = read_paths(paths).inventory
    audit = Audit(inventory, catalogue().knowledge, NOW)
    return endpoint_declared(Subject(audit, inventory.services[0], Log()))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("contoso", f"[resourceId('{APIM}', 'CONTOSO')]"),
        ("[parameters('apim')]", f"[resourceId('{APIM}', parameters('apim'))]"),
        ("contoso", f"/subscriptions/0/resourceGroups/g/providers/{APIM}/contoso"),
    ],
)
def test_an_endpoint_to_the_service(tmp_path: Path, name: str, target: str) -> None:
    assert declared(tmp_path, template(service(name), endpoint(target)))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("contoso", f"[resourceId('{APIM}', 'fabrikam')]"),
        ("contoso", "[resourceId('Microsoft.Storage/storageAccounts', parameters('other'))]"),
        ("[parameters('apim')]", "[resourceId('Microsoft.KeyVault/vaults', parameters('other'))]"),
    ],
)
def test_an_endpoint_to_something_else(tmp_path: Path, name: str, target: str) -> None:
    assert not declared(tmp_path, template(service(name), endpoint(target)))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("contoso", "[parameters('id')]"),
        ("contoso", f"[resourceId('{APIM}', parameters('other'))]"),
        ("contoso-apim", f"[resourceId('{APIM}', concat(parameters('other'), '-apim'))]"),
        ("[parameters('apim')]", f"[resourceId('{APIM}', parameters('other'))]"),
        ("[parameters('apim')]", f"[resourceId('{APIM}', 'contoso')]"),
    ],
)
def test_an_endpoint_that_may_lead_to_the_service(tmp_path: Path, name: str, target: str) -> None:
    with pytest.raises(Undetermined):
        declared(tmp_path, template(service(name), endpoint(target)))


def test_an_unknown_target_in_another_file_casts_no_doubt(tmp_path: Path) -> None:
    assert not declared(tmp_path, template(service("contoso")), template(endpoint("[parameters('id')]")))
