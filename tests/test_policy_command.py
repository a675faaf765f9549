"""``auditor policy effective``: what runs for a request, each statement with where it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SERVICE = "Microsoft.ApiManagement/service"
BASE = (
    "<policies><inbound><base/>{}</inbound><backend><base/></backend><outbound><base/></outbound></policies>"
)
TOP = "<policies><inbound>{}</inbound><backend><forward-request/></backend><outbound/><on-error/></policies>"
CUT = "<policies><inbound>{}</inbound><backend><base/></backend><outbound><base/></outbound></policies>"
HEADER = '<set-header name="X-Key"><value>hunter2</value></set-header>'
AUDIENCES = "<audiences><audience>api://orders</audience></audiences>"
ENTRA = f'<validate-azure-ad-token tenant-id="common">{AUDIENCES}</validate-azure-ad-token>'


def resource(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    type_ = f"{SERVICE}/{kind}" if kind else SERVICE
    return {"type": type_, "apiVersion": "2024-05-01", "name": f"contoso{name}", "properties": properties}


def policy(kind: str, name: str, text: str) -> dict[str, Any]:
    return resource(f"{kind}policies", f"{name}/policy", format="rawxml", value=text)


@pytest.fixture
def estate(tmp_path: Path) -> str:
    resources = [
        {**resource("", "", publisherEmail="a@contoso.example"), "sku": {"name": "Developer", "capacity": 1}},
        resource("apis", "/orders", displayName="Order service", path="v1/orders", subscriptionRequired=True),
        resource("apis", "/stock", displayName="Stock", path="stock", subscriptionRequired=True),
        resource("apis/operations", "/orders/list", displayName="List", method="GET", urlTemplate="/"),
        resource("apis/operations", "/orders/drop", displayName="Drop", method="DELETE", urlTemplate="/{id}"),
        resource("products", "/gold", displayName="Gold", subscriptionRequired=True, state="published"),
        resource("products/apis", "/gold/orders"),
        resource("products", "/silver", displayName="Silver", subscriptionRequired=True),
        resource("products/apis", "/silver/stock"),
        resource("subscriptions", "/partner", scope="/apis/orders", state="active"),
        resource("policyFragments", "/limits", format="rawxml",
                 value='<fragment>\n  <rate-limit calls="5" renewal-period="60"/>\n</fragment>'),
        policy("", "", TOP.format(ENTRA)),
        policy("products/", "/gold", BASE.format('<include-fragment fragment-id="limits"/>')),
        policy("apis/", "/orders", BASE.format(HEADER)),
        policy("apis/operations/", "/orders/drop", CUT.format("<rewrite-uri template='/x'/>")),
    ]  # fmt: skip
    path = tmp_path / "estate.json"
    path.write_text(json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}))
    return str(path)


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as raised:
        main(("policy", "effective", *arguments))
    out, err = capfd.readouterr()
    return int(raised.value.code or 0), out, err


def pipeline(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = run(capfd, *arguments, "--complete", "--format", "json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def names(statements: list[dict[str, Any]]) -> list[str]:
    return [each["statement"] for each in statements]


def test_scopes_are_composed_wide_to_narrow(estate: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = pipeline(capfd, estate, "--api", "orders", "--operation", "list", "--product", "gold")
    inbound = found["sections"]["inbound"]
    assert names(inbound) == ["validate-azure-ad-token", "rate-limit", "set-header"]
    assert [(each["origin"]["scope"], each["origin"]["fragment"]) for each in inbound] == [
        ("global", None),
        ("product", "limits"),
        ("api", None),
    ]
    assert inbound[1]["origin"]["line"] == 2
    assert names(found["sections"]["backend"]) == ["forward-request"]
    assert found["context"] == "with a key, product gold"


def test_without_a_product_none_of_its_statements_run(estate: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = pipeline(capfd, estate, "--api", "orders")
    assert names(found["sections"]["inbound"]) == ["validate-azure-ad-token", "set-header"]
    assert [way["context"] for way in found["ways"]] == ["with a key, product gold", "with a key, no product"]
    assert [way["served_with"] for way in found["ways"]] == ["an Entra token", "an Entra token"]


def test_what_is_cut_off_is_named(estate: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = pipeline(capfd, estate, "--api", "orders", "--operation", "drop")
    assert names(found["sections"]["inbound"]) == ["rewrite-uri"]
    [note] = found["notes"]
    assert (note["kind"], note["scope"], note["name"]) == ("cuts-off", "operation", "drop")
    assert [each["statement"] for each in note["lost"]] == ["validate-azure-ad-token"]
    assert {way["served_with"] for way in found["ways"]} == {"a subscription key only"}


@pytest.mark.parametrize("name", ["ORDERS", "Order service", "v1/orders", "/v1/orders/", "apis/orders"])
def test_an_api_is_found_by_what_people_call_it(
    estate: str, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    assert pipeline(capfd, estate, "--api", name)["api"]["name"] == "orders"


@pytest.mark.parametrize("name", ["drop", "Drop", "DELETE /{id}", "delete /{ID}"])
def test_an_operation_is_found_by_what_people_call_it(
    estate: str, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    assert pipeline(capfd, estate, "--api", "orders", "--operation", name)["operation"]["name"] == "drop"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--api", "order"), "--api order: not in the input; there is orders, stock"),
        (("--api", "orders", "--operation", "post"), "there is list, drop"),
        (("--api", "orders", "--product", "bronze"), "there is gold, silver"),
        (("--api", "orders", "--product", "silver"), "the API orders is not in it; it is in gold"),
        (("--api", "orders", "--service", "fabrikam"), "there is contoso"),
        (("--api", "orders", "--format", "xml"), "not one of text, json"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    estate: str, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run(capfd, estate, "--complete", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_what_was_not_read_is_said_and_ends_with_3(
    estate: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(Path(estate).read_text())
    for each in document["resources"]:
        if each["type"] == f"{SERVICE}/policies":
            each["properties"] |= {"format": "xml-link", "value": "https://files.contoso.example/policy.xml"}
    path = tmp_path / "linked.json"
    path.write_text(json.dumps(document))
    code, out, _ = run(capfd, str(path), "--complete", "--api", "orders")
    assert code == 3
    assert "NOT READ" in out
    assert "Not all that takes part was read" in out


def test_no_credential_is_printed(estate: str, capfd: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "json"):
        code, out, err = run(capfd, estate, "--complete", "--api", "orders", "--format", form)
        assert code == 0
        assert "X-Key" in out
        assert "hunter2" not in out + err


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_text_fits_the_terminal(
    estate: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    code, out, _ = run(capfd, estate, "--complete", "--api", "orders", "--operation", "drop")
    assert code == 0
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "no <base/>: the statements of wider scopes do not run" in " ".join(out.split())


def test_hostile_names_do_nothing_to_a_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    resources = [
        {**resource("", ""), "sku": {"name": "Developer", "capacity": 1}},
        resource("apis", "/a", displayName="\x1b[2J\u202eevil", path="a", subscriptionRequired=False),
        policy(
            "apis/", "/a", BASE.format('<set-header name="\x9b2J[red]x"><value>@("")</value></set-header>')
        ),
    ]
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}))
    _, out, _ = run(capfd, str(path), "--complete", "--api", "a")
    assert not set(out) & {"\x1b", "\x9b", "\u202e"}
    assert "[red]x" in out


def test_policies_that_were_not_read_are_told_once_and_in_words(
    estate: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(Path(estate).read_text())
    document["resources"] = [each for each in document["resources"] if "olicies" not in each["type"]]
    path = tmp_path / "bare.json"
    path.write_text(json.dumps(document))
    code, out, _ = run(capfd, str(path), "--api", "orders")
    assert code == 3
    words = " ".join(out.split())
    assert words.count("note:") == 1
    assert "note: the policies of api orders and global were not read" in words
    assert "the policies of orders (the template deploys none; others may)" in words
    assert "not-declared" not in out
    assert "say --complete" in words
