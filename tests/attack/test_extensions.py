"""A resource that another provider deploys is none of Azure's; one that only says so leaves doubt."""

from __future__ import annotations

from auditor.arm import expand

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def test_a_resource_of_another_provider_is_not_missed() -> None:
    group = {"import": "microsoftGraph", "type": "Microsoft.Graph/groups@v1.0", "properties": {}}
    found = expand({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [group]})
    assert (found.resources, found.left_out) == ((), ())


def test_an_azure_resource_with_the_mark_of_another_provider_is_missed() -> None:
    product = {
        "import": "x",
        "type": "Microsoft.ApiManagement/service/products",
        "apiVersion": "2024-05-01",
        "name": "contoso/open",
        "properties": {},
    }
    found = expand({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [product]})
    assert found.left_out == ("/resources/0",)
