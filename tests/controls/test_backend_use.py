"""A backend whose certificate is not validated weighs by who uses it; nothing unread makes it weigh less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Finding
from auditor.model.verdict import Severity, Status
from controls import catalogue
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of

FOLDER = FIXTURES / "controls" / "dp-3" / "backend-certificate-validation"
CHECK = next(c for c in catalogue().checks if c.id == "apim.dp-3.backend-certificate-validation")
POLICY = "<policies><inbound><base />{}</inbound><backend><base /></backend></policies>"


def judged(
    folder: Path, inbound: str, *extra: dict[str, Any], api: dict[str, Any] | None = None, whole: bool = True
) -> Finding:
    """The finding on the backend of a fixture whose API has another policy."""
    content = json.loads((FOLDER / "fail--no-policy-uses-it-complete.json").read_text(encoding="utf-8"))
    for resource in content["resources"]:
        if resource["type"].endswith("/apis/policies"):
            resource["properties"]["value"] = POLICY.format(inbound)
        if resource["type"].endswith("/apis"):
            resource["properties"].update(api or {})
    content["resources"] += extra
    file = folder / ("input-complete.json" if whole else "input.json")
    file.write_text(json.dumps(content), encoding="utf-8")
    found = [each for each in findings(inventory_of(file), [CHECK]) if each.resource.name == "orders-one"]
    assert [each.status for each in found] == [Status.FAIL]
    return found[0]


def resource(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": f"Microsoft.ApiManagement/service/{kind}",
        "apiVersion": "2024-05-01",
        "name": f"contoso-apim/{name}",
        "properties": properties,
    }


def pool(member: str) -> dict[str, Any]:
    return resource("backends", "orders", type="Pool", pool={"services": [{"id": member}]})


@pytest.mark.parametrize(
    "inbound",
    [
        "",
        '<set-backend-service backend-id="orders-two" />',
        '<set-backend-service base-url="https://orders-one.contoso.example" />',
        '<!-- <set-backend-service backend-id="orders-one" /> -->',
        '<set-backend-service backend-id="@(context.Deployment.Region == "x" ? "a" : "b")" />',
    ],
)
def test_unused(inbound: str, tmp_path: Path) -> None:
    found = judged(tmp_path, inbound)
    assert found.severity is Severity.LOW
    assert "No policy uses it" in found.message


@pytest.mark.parametrize(
    "inbound",
    [
        '<set-backend-service backend-id="orders-one" />',
        '<set-backend-service backend-id="Orders-One" />',
        '<choose><when condition="@(false)"><set-backend-service backend-id="orders-one" /></when></choose>',
        '<set-backend-service backend-id="@(context.Api.Name == "x" ? "orders-one" : "orders-two")" />',
        '<llm-content-safety backend-id="orders-one" shield-prompt="true" />',
        '<llm-semantic-cache-lookup score-threshold="0.1" embeddings-backend-id="orders-one" />',
    ],
)
def test_used(inbound: str, tmp_path: Path) -> None:
    found = judged(tmp_path, inbound)
    assert found.severity is Severity.HIGH
    assert "Policies use it" in found.message
    assert found.details is not None
    assert any(entry.resource.type.endswith("/policies") for entry in found.evidence)


def test_used_from_a_fragment(tmp_path: Path) -> None:
    value = '<fragment><set-backend-service backend-id="orders-one" /></fragment>'
    found = judged(tmp_path, "", resource("policyFragments", "route", format="rawxml", value=value))
    assert (found.severity, "fragment route" in found.message) == (Severity.HIGH, True)


@pytest.mark.parametrize("member", ["/backends/orders-one", "/subscriptions/x/service/y/backends/Orders-One"])
def test_used_through_a_pool(member: str, tmp_path: Path) -> None:
    found = judged(tmp_path, '<set-backend-service backend-id="orders" />', pool(member))
    assert (found.severity, "Policies use it" in found.message) == (Severity.HIGH, True)


def test_a_pool_of_others_uses_it_not(tmp_path: Path) -> None:
    found = judged(tmp_path, '<set-backend-service backend-id="orders" />', pool("/backends/orders-two"))
    assert found.severity is Severity.LOW


@pytest.mark.parametrize(
    "inbound",
    [
        '<set-backend-service backend-id="@("orders-" + context.Api.Name)" />',
        '<set-backend-service backend-id="{{backend}}" />',
        '<set-backend-service backend-id="@((string)context.Variables["backend"])" />',
        "<set-backend-service",
    ],
)
def test_not_known(inbound: str, tmp_path: Path) -> None:
    found = judged(tmp_path, inbound)
    assert found.severity is Severity.HIGH
    assert "not known" in found.message


def test_what_was_not_read_may_use_it(tmp_path: Path) -> None:
    assert judged(tmp_path, "", whole=False).severity is Severity.HIGH
    assert judged(tmp_path, "", api={"type": "graphql"}).severity is Severity.HIGH
    assert judged(tmp_path, "", api={"type": "[parameters('type')]"}).severity is Severity.HIGH
    assert judged(tmp_path, "", api={"backendId": "orders-two"}).severity is Severity.HIGH
    hidden = pool("[parameters('member')]")
    assert judged(tmp_path, '<set-backend-service backend-id="orders" />', hidden).severity is Severity.HIGH
