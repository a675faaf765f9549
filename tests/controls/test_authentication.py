"""Who gets in to an API with what, folded over its operations; flaws of tokens over all ways to arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.model.results import FindingJson, Results
from reports.html import render_html
from tests.auditing import ID, audited, child, declared, template
from tests.policy.authentication_cases import AZURE, TENANT, header
from tests.policy.proving import sections, when

AUTHENTICATED = "apim.im-1.operations-authenticated"
SOUND = "apim.im-1.token-validation-sound"
NO_AUDIENCE = (
    f'<validate-jwt header-name="Authorization"><openid-config url="https://login.microsoftonline.com/{TENANT}'
    '/v2.0/.well-known/openid-configuration" /></validate-jwt>'
)


def policy(scope: str, name: str, inbound: str) -> dict[str, Any]:
    return child(f"{scope}/policies", f"{name}/policy", format="rawxml", value=sections(inbound=inbound))


def operation(name: str, method: str = "GET", template_: str = "", api: str = "orders") -> dict[str, Any]:
    return child(
        "apis/operations",
        f"{api}/{name}",
        displayName=name,
        method=method,
        urlTemplate=template_ or f"/{name}",
    )


def service(*resources: dict[str, Any], key: bool = False) -> dict[str, Any]:
    api = child("apis", "orders", displayName="Orders", path="orders", subscriptionRequired=key)
    built_in = child("subscriptions", "master", scope=f"{ID}/", state="suspended")
    return template(declared("Developer"), api, built_in, *resources)


def result(folder: Path, document: dict[str, Any]) -> Results:
    return audited(folder, document, whole=True)


def finding(results: Results, check: str) -> FindingJson:
    found = [
        each
        for control in results["services"][0]["controls"]
        for feature in control["features"]
        for each in feature["findings"]
        if each["check"] == check
    ]
    assert len(found) == 1
    return found[0]


def rows(found: FindingJson) -> list[tuple[str, bool, int, list[str]]]:
    return [
        (row["with"], row["certain"], row["operations"], row.get("names", []))
        for row in found["details"]["arrivals"]
    ]


def test_the_operation_that_cuts_off_its_parents_is_named(tmp_path: Path) -> None:
    document = service(
        operation("list"),
        operation("get"),
        operation("health"),
        policy("apis", "orders", "<base />" + AZURE),
        policy("apis/operations", "orders/health", '<set-header name="x" exists-action="delete" />'),
    )
    results = result(tmp_path, document)
    found = finding(results, AUTHENTICATED)
    assert (found["status"], found["severity"]) == ("fail", "high")
    assert "health of 3 operations" in found["message"]
    mine = [row for row in rows(found) if row[0] in {"nothing", "entra"}]
    assert ("nothing", True, 1, ["health"]) in mine
    assert ("entra", True, 2, ["get", "list"]) in mine
    page = render_html(results)
    assert "With what callers are served" in page
    assert "2 of 3: get, list" in page


def test_all_operations_are_folded(tmp_path: Path) -> None:
    many = [operation(f"op{number}") for number in range(12)]
    found = finding(result(tmp_path, service(*many)), AUTHENTICATED)
    assert "all 12 operations" in found["message"]
    assert ("nothing", True, 12, []) in rows(found)


def test_a_branch_for_another_operation_is_no_dead_one(tmp_path: Path) -> None:
    """The statement is for one of two operations: the other one is open, and no condition is broken."""
    document = service(
        operation("list"),
        operation("get"),
        policy("apis", "orders", "<base />" + when('context.Operation.Id == "list"', AZURE)),
    )
    found = finding(result(tmp_path, document), AUTHENTICATED)
    assert found["details"]["rules"] == ["no-authentication"]
    assert "get of 2 operations" in found["message"]


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [("GET", "/list", "manual"), ("GET", "/orders/{id}", "manual"), ("GET", "/*", "fail")],
)
def test_conditions_on_the_path(tmp_path: Path, method: str, url: str, status: str) -> None:
    """Under a wildcard callers choose the path as they like."""
    condition = '!context.Request.OriginalUrl.Path.EndsWith("/health")'
    document = service(
        operation("one", method, url), policy("apis", "orders", "<base />" + when(condition, AZURE))
    )
    assert finding(result(tmp_path, document), AUTHENTICATED)["status"] == status


@pytest.mark.parametrize(
    ("method", "status"), [("GET", "pass"), ("POST", "fail"), ("[parameters('m')]", "unknown")]
)
def test_conditions_on_the_method(tmp_path: Path, method: str, status: str) -> None:
    document = service(
        operation("one", method),
        policy("apis", "orders", "<base />" + when('context.Request.Method != "POST"', AZURE)),
    )
    document["parameters"] = {"m": {"type": "string"}}
    found = finding(result(tmp_path, document), AUTHENTICATED)
    assert found["status"] == status


def test_a_secret_beside_a_token_is_medium(tmp_path: Path) -> None:
    document = service(
        operation("one"),
        child("namedValues", "internal", displayName="internal", secret=True),
        policy("apis", "orders", "<base />" + when(header("X-Internal") + ' != "{{internal}}"', AZURE)),
    )
    found = finding(result(tmp_path, document), AUTHENTICATED)
    assert (found["status"], found["severity"]) == ("fail", "medium")
    assert found["details"]["rules"] == ["key-only", "avoidable-authentication"]


def test_named_values_of_a_failure_are_evidence(tmp_path: Path) -> None:
    document = service(
        operation("one"),
        child("namedValues", "check", displayName="check", value="off", secret=False),
        policy("apis", "orders", "<base />" + when('"{{check}}" == "on"', AZURE)),
    )
    found = finding(result(tmp_path, document), AUTHENTICATED)
    assert found["details"]["rules"] == ["no-authentication", "switched-authentication"]
    assert any("namedValues" in each["resource"] and each["value"] == "off" for each in found["evidence"])


# -- tokens --------------------------------------------------------------------------------------------


def test_a_flaw_names_the_operations_it_concerns(tmp_path: Path) -> None:
    document = service(
        operation("list"),
        operation("get"),
        policy("apis/operations", "orders/get", "<base />" + NO_AUDIENCE),
    )
    found = finding(result(tmp_path, document), SOUND)
    (row,) = found["details"]["statements"]
    assert (found["status"], row["rule"], row["weight"]) == ("fail", "token-audience", "fail")
    assert row["operations"]
    assert all(each.startswith("get,") for each in row["operations"])
    assert row["resource"].endswith("/operations/get")


def test_what_is_made_good_in_one_context_only_fails(tmp_path: Path) -> None:
    """A product's sound statement does not help those who come without the product."""
    document = service(
        operation("list"),
        child("products", "gold", displayName="Gold", state="published", subscriptionRequired=True),
        child("products/apis", "gold/orders"),
        policy("products", "gold", "<base />" + AZURE),
        policy("apis", "orders", "<base />" + NO_AUDIENCE),
    )
    found = finding(result(tmp_path, document), SOUND)
    assert (found["status"], found["severity"]) == ("fail", "high")


def test_a_token_in_the_query_string_is_not_made_good(tmp_path: Path) -> None:
    query = NO_AUDIENCE.replace('header-name="Authorization"', 'query-parameter-name="t"')
    document = service(operation("list"), policy("apis", "orders", "<base />" + query + AZURE))
    found = finding(result(tmp_path, document), SOUND)
    weights = {row["rule"]: row["weight"] for row in found["details"]["statements"]}
    assert (found["status"], found["severity"]) == ("fail", "medium")
    assert weights == {"token-in-query": "weak", "token-audience": "note"}


def test_a_statement_that_a_missing_named_value_switches_is_unknown(tmp_path: Path) -> None:
    switched = when('"{{check}}" == "on"', NO_AUDIENCE)
    document = service(operation("list"), policy("apis", "orders", "<base />" + switched))
    assert finding(result(tmp_path, document), SOUND)["status"] == "unknown"
    sound = document["resources"][-1]["properties"]
    sound["value"] = sound["value"].replace(NO_AUDIENCE, AZURE)
    assert finding(result(tmp_path, document), SOUND)["status"] == "unknown"
