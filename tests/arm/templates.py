"""Templates made by hand, and the names of what they deploy."""

from __future__ import annotations

from typing import Any

from auditor.arm import Deployment

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SERVICE = "Microsoft.ApiManagement/service"
HERE = "/subscriptions/[subscription().subscriptionId]/resourceGroups/[resourceGroup().name]"


def template(*resources: Any, **members: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **members}


def service(name: str = "apim", **members: Any) -> dict[str, Any]:
    return {"type": SERVICE, "apiVersion": "2022-08-01", "name": name, **members}


def nested(inner: dict[str, Any], *, scope: str | None = "inner", **members: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {"mode": "Incremental", "template": inner}
    if scope is not None:
        properties["expressionEvaluationOptions"] = {"scope": scope}
    properties["parameters"] = members.pop("parameters", {})
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "module",
        "properties": properties,
        **members,
    }


def names(deployment: Deployment) -> list[str]:
    return ["/".join(str(segment) for segment in resource.segments) for resource in deployment.resources]
