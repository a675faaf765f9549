"""Auditing documents made on the spot: what every check of every service comes to, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.audit import Options, Span, audit
from auditor.model.results import Results
from auditor.model.verdict import fold
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import NOW

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
ID = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"


def audited(folder: Path, *documents: Any, whole: bool = False) -> Results:
    """The result of auditing documents, each in a file of its own; bytes and texts as they are."""
    paths = []
    for index, document in enumerate(documents):
        path = folder / f"{index}.json"
        if isinstance(document, bytes):
            path.write_bytes(document)
        else:
            text = document if isinstance(document, str) else json.dumps(document)
            path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    reading = read_paths(paths, whole=whole)
    return audit(reading.inventory, catalogue(), Options(NOW), Span(NOW, NOW))


def statuses(results: Results) -> dict[str, str]:
    """By the last part of the check's id, over all services: what its findings say together."""
    found: dict[str, list[str]] = {}
    for service in results["services"]:
        for control in service["controls"]:
            for feature in control["features"]:
                for finding in feature["findings"]:
                    found.setdefault(finding["check"].rpartition(".")[2], []).append(finding["status"])
    return {slug: fold(several).value for slug, several in found.items()}


def template(*resources: Any, **more: Any) -> dict[str, Any]:
    """An ARM template."""
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **more}


def declared(sku: str = "Premium", name: str = "contoso", **properties: Any) -> dict[str, Any]:
    """A service as a template declares it."""
    return {
        "type": "Microsoft.ApiManagement/service",
        "apiVersion": "2024-05-01",
        "name": name,
        "sku": {"name": sku, "capacity": 1},
        "properties": properties,
    }


def child(collection: str, name: str, **properties: Any) -> dict[str, Any]:
    """A child of the service as a template declares it."""
    return {
        "type": f"Microsoft.ApiManagement/service/{collection}",
        "apiVersion": "2024-05-01",
        "name": f"contoso/{name}",
        "properties": properties,
    }


def observed(sku: str = "Premium", **properties: Any) -> dict[str, Any]:
    """A service as the management API reports it."""
    return {
        "id": ID,
        "name": "contoso",
        "type": "Microsoft.ApiManagement/service",
        "location": "westeurope",
        "sku": {"name": sku, "capacity": 1},
        "properties": {
            "platformVersion": "stv2",
            "createdAtUtc": "2024-01-01T00:00:00Z",
            "virtualNetworkType": "None",
            "publicNetworkAccess": "Enabled",
            "hostnameConfigurations": [],
            **properties,
        },
    }


def item(collection: str, name: str, **properties: Any) -> dict[str, Any]:
    """A child of the service as the management API reports it."""
    return {
        "id": f"{ID}/{collection}/{name}",
        "name": name,
        "type": f"Microsoft.ApiManagement/service/{collection}",
        "properties": properties,
    }
