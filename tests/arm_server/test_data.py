"""What the stand-in knows: the queries it answers, what it is fed, and the estates it computes."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.arm_server import kql
from tests.arm_server.clients import GROUP, SUBSCRIPTION, Raw, code
from tests.arm_server.estates import Estate, subscription_id
from tests.arm_server.feeds import load
from tests.arm_server.ids import JsonObject, Place
from tests.arm_server.server import ArmServer
from tests.arm_server.state import Layered, Stored

BASE = f"/subscriptions/{SUBSCRIPTION}"
SERVICE = Estate().service(0).id
REST = "_derived/rest-get"


# -- queries ---------------------------------------------------------------------------------------------


def test_graph_pages_over_types(server: ArmServer, raw: Raw) -> None:
    query = "resources | where type in~ ('Microsoft.ApiManagement/service') "
    query += "| project id, name, sku | order by id asc"
    query += "| project id, name, sku | order by id asc"
    first = raw.graph(query, options={"$top": 2, "resultFormat": "objectArray"})
    assert (first["totalRecords"], first["count"]) == (3, 2)
    assert list(first["data"][0]) == ["id", "name", "sku"]
    rest = raw.graph(query, options={"$top": 2, "$skipToken": first["$skipToken"]})
    assert [one["name"] for one in first["data"] + rest["data"]] == ["apim-0000", "apim-0001", "apim-0002"]
    assert "$skipToken" not in rest
    assert not server.writes


def test_graph_tables(server: ArmServer, raw: Raw) -> None:
    vault = f"{BASE}/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/kv-0001"
    query = "resources | where type =~ 'microsoft.keyvault/vaults'"
    one = raw.graph(f"{query} and tolower(id) in ('{vault.lower()}') | project id")
    assert one["data"] == [{"id": vault}]
    assert raw.graph("resources | where type contains '/apis'")["data"] == []
    roles = raw.graph("authorizationresources | where type =~ 'microsoft.authorization/roleassignments'")
    assert len(roles["data"]) == 3
    states = raw.graph("policyresources | where type =~ 'microsoft.policyinsights/policystates'")
    assert len(states["data"]) == 3
    prices = raw.graph("securityresources | where name =~ 'api'")
    assert prices["data"][0]["properties"]["pricingTier"] == "Standard"
    assert raw.graph("resources | summarize by type")["error"]["details"][1]["code"] == "ParserFailure"
    elsewhere = raw.graph("resources", subscriptions=[subscription_id(8)])
    assert elsewhere["error"]["details"][1]["code"] == "NoValidSubscriptionsInQueryRequest"


def test_graph_leaves_out_what_may_not_be_read(server: ArmServer, raw: Raw) -> None:
    server.forbid("Microsoft.KeyVault/vaults/read")
    assert raw.graph("resources | where type =~ 'microsoft.keyvault/vaults'")["data"] == []
    server.forbid("*", BASE)
    assert raw.graph("resources")["data"] == []
    assert code(raw.get(SERVICE)) == "AuthorizationFailed"


def test_policy_states(server: ArmServer, raw: Raw) -> None:
    query = "/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
    version = {"api-version": "2019-10-01"}
    assert raw.send("POST", f"{SERVICE}{query}", params=version).json()["@odata.count"] == 1
    assert raw.send("POST", f"{BASE}{query}", params=version).json()["@odata.count"] == 3
    assert not server.writes


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("t | where n == 'a'", "a"),
        ("T | where n in ('a', 'C') or p.x == 2", "ab"),
        ("t | where n in~ ('A', \"C\")", "ac"),
        ("t | where not(n =~ 'A') and isnotempty(p.x)", "b"),
        ("t | where tolower(tostring(p['y'].z)) startswith 'q' | take 1", "c"),
        ("t | where n !in ('a') | order by n desc", "cb"),
        ("t | extend m = strcat(n, '-') | where m == 'b-' | project n", "b"),
        ("t // all of them\n| sort by n", "cba"),
        ("t | mv-expand v = p.l | where v.k == 1 | project n = v.name", "z"),
    ],
)
def test_kusto(query: str, names: str) -> None:
    rows: list[JsonObject] = [
        {"n": "a", "p": {"x": 1}},
        {"n": "b", "p": {"x": 2, "l": [{"k": 1, "name": "z"}, {"k": 2, "name": "y"}]}},
        {"n": "c", "p": {"y": {"z": "Quick"}}},
    ]
    parsed = kql.parse(query)
    assert parsed.table == "t"
    assert "".join(row["n"] for row in parsed.run(rows)) == names


@pytest.mark.parametrize(
    "query", ["", "t | join (u)", "t | where f(n)", "t | where n = ", "t | where 'a", "t t"]
)
def test_kusto_refuses_what_it_does_not_know(query: str) -> None:
    with pytest.raises(kql.KqlError):
        kql.parse(query)


# -- what it is fed --------------------------------------------------------------------------------------


def test_the_recorded_bodies_are_served_at_their_urls(corpus: Path, arm: ArmServer, arm_raw: Raw) -> None:
    folder = corpus / REST
    assert load(arm.state, folder) > 300
    rows = [line.split("\t") for line in (folder / "INDEX.tsv").read_text("utf-8").splitlines()[1:]]
    asked = [row for row in rows if row[2].startswith(("http", "/"))]
    for name, _, url in asked:
        answer = arm_raw.send("GET", url.removeprefix("https://management.azure.com"))
        assert answer.status_code == 200, answer.text()
        recorded, served = json.loads((corpus / name).read_text("utf-8-sig")), answer.json()
        listed = recorded.get("value") if isinstance(recorded, dict) else None
        if not isinstance(recorded, dict):
            assert served == recorded
        elif isinstance(listed, list) and "$filter" not in url:
            assert {id_of(one) for one in served["value"]} >= {id_of(one) for one in listed}
        elif not isinstance(listed, list):
            assert id_of(served) == id_of(recorded)
    assert len(asked) == arm.log.count(status=200) > 300


def id_of(item: JsonObject) -> str:
    return str(item.get("id")).lower()


def test_examples_of_the_specification(corpus: Path, arm: ArmServer, arm_raw: Raw) -> None:
    [folder] = corpus.glob("solankisamir*/**/2024-06-01-preview/examples")
    assert load(arm.state, folder) > 50
    zero = "00000000-0000-0000-0000-000000000000"
    service = (
        f"/subscriptions/{zero}/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/apimService1"
    )
    assert len(arm_raw.get(f"{service}/apis").json()["value"]) >= 3
    assert arm_raw.get(f"{service}/tenant/access").json()["properties"]["enabled"] is True


def test_a_file_of_resources(arm: ArmServer, arm_raw: Raw, tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    resource_id = f"{BASE}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
    file.write_text(json.dumps({"resources": [{"id": resource_id, "properties": {"x": 1}}]}))
    assert load(arm.state, file) == 1
    found = arm_raw.get(resource_id, "2023-07-01").json()
    assert (found["type"], found["name"]) == ("Microsoft.KeyVault/vaults", "v")
    arm.state.remove(resource_id)
    assert arm_raw.get(resource_id, "2023-07-01").status_code == 404


# -- estates ---------------------------------------------------------------------------------------------


def everything(source: Layered | Estate, list_kinds: Callable[[str], list[str]]) -> dict[str, JsonObject]:
    """Walk an estate from its services down."""
    found: dict[str, JsonObject] = {}
    todo = [f"{BASE}/providers/Microsoft.ApiManagement/service"]
    while todo:
        for item in source.listing(Place(todo.pop())):
            found[item["id"]] = item
            todo += [f"{item['id']}/{kind}" for kind in list_kinds(Place(item["id"]).kind)]
    return found


def _below(kind: str) -> list[str]:
    from tests.arm_server.known import APIM_KINDS

    return [one.rpartition("/")[2] for one in APIM_KINDS if one.rpartition("/")[0] == kind]


def test_everything_in_an_estate_can_be_got_by_its_id() -> None:
    estate = Estate(6, 3, 3)
    found = everything(estate, _below)
    assert len(found) > 300
    assert all(estate.resource(resource_id.lower()) == item for resource_id, item in found.items())
    for row in estate.rows():
        assert estate.resource(row["id"].lower()) == row
    documents = {one for one in found if Place(one).kind.endswith("/policies") and "/workspaces/" not in one}
    assert {
        one for number in range(6) for one in estate.policies(estate.service(number).id.lower())
    } == documents
    assert found == everything(Estate(6, 3, 3), _below)
    assert found != everything(Estate(6, 3, 3, seed=1), _below)


def test_an_estate_is_changed_by_what_is_said(server: ArmServer, raw: Raw) -> None:
    server.state.put({"id": f"{SERVICE}/apis/api-0001", "name": "api-0001", "properties": {"path": "new"}})
    server.state.put({"id": f"{SERVICE}/apis/more", "name": "more", "properties": {}})
    server.state.remove(f"{SERVICE}/apis/api-0002")
    listed = raw.get(f"{SERVICE}/apis").json()
    assert [one["name"] for one in listed["value"]] == [
        "api-0000",
        "api-0001",
        "api-0003",
        "api-0004",
        "more",
    ]
    assert listed["value"][1]["properties"] == {"path": "new"}
    assert raw.get(f"{SERVICE}/apis/api-0002/operations").status_code == 404
    assert isinstance(server.source, Layered)


def test_a_large_estate_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        source = Layered(Stored(), Estate(200, 100, 10))
        service = Estate(200, 100, 10).service(123).id
        began = time.perf_counter()
        for number in range(100):
            page = source.listing(Place(f"{service}/apis/api-{number:04}/operations"))
            assert len([page[n] for n in range(len(page))]) == 10
        seconds = time.perf_counter() - began
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert seconds < 5
