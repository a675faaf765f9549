"""The stand-in behaves like Resource Manager: versions, lists, subscriptions, tokens, limits, faults."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.arm_server import kql
from tests.arm_server.clients import GROUP, SUBSCRIPTION, Raw, code, secret_credential
from tests.arm_server.estates import Estate, subscription_id
from tests.arm_server.feeds import load
from tests.arm_server.fixtures import StartArm, use
from tests.arm_server.ids import JsonObject, Place
from tests.arm_server.limits import Limiter, Limits
from tests.arm_server.server import ArmServer
from tests.arm_server.state import Layered, Stored

BASE = f"/subscriptions/{SUBSCRIPTION}"
SERVICE = Estate().service(0).id
REST = "_derived/rest-get"


@pytest.fixture
def server(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch) -> ArmServer:
    server = start_arm(estate=Estate(3, 5, 4))
    use(server, monkeypatch)
    return server


@pytest.fixture
def raw(server: ArmServer) -> Iterator[Raw]:
    with secret_credential(server) as credential:
        client = Raw(server, credential)
        yield client
        client.close()


@pytest.fixture
def arm_raw(arm: ArmServer) -> Iterator[Raw]:
    with secret_credential(arm) as credential:
        client = Raw(arm, credential)
        yield client
        client.close()


# -- requests --------------------------------------------------------------------------------------------


def test_ids_match_without_case(raw: Raw) -> None:
    assert raw.get(SERVICE.upper()).json()["name"] == "apim-0000"
    assert raw.get(f"{SERVICE.lower()}/APIS/API-0001").json()["id"] == f"{SERVICE}/apis/api-0001"


def test_api_versions(server: ArmServer, raw: Raw) -> None:
    missing = raw.send("GET", SERVICE)
    assert (missing.status_code, code(missing)) == (400, "MissingApiVersionParameter")
    unknown = raw.get(SERVICE, "2099-01-01")
    assert (unknown.status_code, code(unknown)) == (400, "NoRegisteredProviderFound")
    assert "2024-05-01" in unknown.json()["error"]["message"]
    assert code(raw.get("/subscriptions", "2024-05-01")) == "InvalidApiVersionParameter"
    server.api_versions["microsoft.apimanagement"] = ("2022-08-01",)
    assert code(raw.get(SERVICE)) == "NoRegisteredProviderFound"
    assert raw.get(SERVICE, "2022-08-01").status_code == 200


def test_a_service_may_refuse_old_versions(server: ArmServer, raw: Raw) -> None:
    least = {"apiVersionConstraint": {"minApiVersion": "2021-08-01"}}
    server.state.put({"id": SERVICE, "sku": {"name": "Premium"}, "properties": least})
    assert code(raw.get(f"{SERVICE}/apis", "2019-12-01")) == "MissingOrIncorrectVersionParameter"
    assert raw.get(f"{SERVICE}/apis", "2021-08-01").status_code == 200
    assert raw.get(SERVICE, "2019-12-01").status_code == 200


def test_what_is_not_there(raw: Raw) -> None:
    assert code(raw.get(f"{SERVICE}x")) == "ResourceNotFound"
    assert code(raw.get(f"{SERVICE}x/apis")) == "ParentResourceNotFound"
    assert raw.get(f"{SERVICE}/apis/none").json()["error"]["message"] == "API not found."
    assert code(raw.get(f"{SERVICE}/namedvalue")) == "InvalidResourceType"
    assert raw.get(f"{SERVICE}/caches").json() == {"value": [], "count": 0}
    assert raw.get(f"{SERVICE}/networkstatus").json() == []
    assert code(
        raw.get(f"/subscriptions/{subscription_id(77)}/providers/Microsoft.ApiManagement/service")
    ) == ("SubscriptionNotFound")
    assert code(raw.get("/subscriptions/nonsense", "2022-12-01")) == "InvalidSubscriptionId"


def test_extension_resources(raw: Raw) -> None:
    setting = "providers/Microsoft.Insights/diagnosticSettings"
    vault = f"{BASE}/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/kv-0000"
    [found] = raw.get(f"{vault}/{setting}", "2021-05-01-preview").json()["value"]
    assert found["properties"]["logs"][0]["category"] == "AuditEvent"
    assert raw.get(found["id"], "2021-05-01-preview").json() == found
    assert code(raw.get(f"{vault}/{setting}", "2024-05-01")) == "NoRegisteredProviderFound"


def test_subscriptions_and_groups(server: ArmServer, raw: Raw) -> None:
    other = subscription_id(9)
    server.subscription(other, "disabled", name="Old")
    listed = raw.get("/subscriptions", "2022-12-01").json()["value"]
    assert {one["subscriptionId"]: one["state"] for one in listed} == {
        SUBSCRIPTION: "Enabled",
        other: "Disabled",
    }
    assert raw.get(f"/subscriptions/{other}", "2022-12-01").json()["displayName"] == "Old"
    assert raw.get("/tenants", "2022-12-01").json()["value"][0]["tenantId"] == server.tenant_id
    groups = raw.get(f"{BASE}/resourceGroups", "2021-04-01").json()["value"]
    assert [one["name"] for one in groups] == [GROUP]
    server.management_groups["contoso"] = [SUBSCRIPTION]
    below = raw.get("/providers/Microsoft.Management/managementGroups/contoso/descendants", "2020-05-01")
    assert [one["name"] for one in below.json()["value"]] == [SUBSCRIPTION]


def test_disabled_and_deleted_subscriptions(server: ArmServer, raw: Raw) -> None:
    server.subscription(SUBSCRIPTION, "disabled")
    assert raw.get(SERVICE).status_code == 200
    server.subscription(SUBSCRIPTION, "refusing")
    refused = raw.get(SERVICE)
    assert (refused.status_code, code(refused)) == (409, "ReadOnlyDisabledSubscription")
    server.subscription(SUBSCRIPTION, "deleted")
    assert (raw.get(SERVICE).status_code, code(raw.get(SERVICE))) == (404, "SubscriptionNotFound")


def test_tokens_are_looked_at(server: ArmServer, raw: Raw) -> None:
    def answer(token: str | None) -> str:
        from azure.core import PipelineClient
        from azure.core.rest import HttpRequest

        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        client: PipelineClient[HttpRequest, object] = PipelineClient(server.url, policies=[])
        with client:
            request = HttpRequest("GET", f"{server.url}{SERVICE}?api-version=2024-05-01", headers=headers)
            response = client.send_request(request)
            return str(response.json().get("error", {}).get("code", response.status_code))  # type: ignore[attr-defined]

    good = "https://management.azure.com/"
    assert answer(None) == "AuthenticationFailed"
    assert answer("a.b.c") == "InvalidAuthenticationToken"
    assert answer(server.entra.token("https://vault.azure.net")) == "InvalidAuthenticationTokenAudience"
    assert answer(server.entra.token(good, exp=1)) == "ExpiredAuthenticationToken"
    assert answer(server.entra.token(good, tenant=subscription_id(1))) == "InvalidAuthenticationTokenTenant"
    assert answer(server.entra.token(good)) == "200"


def test_a_subscription_of_another_tenant(server: ArmServer, raw: Raw) -> None:
    server.subscription(SUBSCRIPTION, tenant_id=subscription_id(5))
    refused = raw.get(SERVICE)
    assert (refused.status_code, code(refused)) == (401, "InvalidAuthenticationTokenTenant")
    assert raw.get("/subscriptions", "2022-12-01").json()["value"] == []


def test_filters(raw: Raw) -> None:
    users = raw.get(f"{SERVICE}/users", **{"$filter": "firstName eq 'User 1'"}).json()
    assert [one["name"] for one in users["value"]] == ["user-0001"]
    assert code(raw.get(f"{SERVICE}/users", **{"$filter": "contains(email,'x')"})) == "BadRequest"
    first = raw.get(f"{SERVICE}/users", **{"$top": "1"}).json()
    assert first["count"] == 2
    assert "skiptoken" in first["nextLink"]


# -- queries ---------------------------------------------------------------------------------------------


def test_graph_pages_over_types(server: ArmServer, raw: Raw) -> None:
    query = "resources | where type in~ ('Microsoft.ApiManagement/service') "
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
    one = raw.graph(
        f"resources | where type =~ 'microsoft.keyvault/vaults' and tolower(id) in ('{vault.lower()}') | project id"
    )
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


# -- too much --------------------------------------------------------------------------------------------


def test_the_bucket_drains_and_fills() -> None:
    now = [0.0]
    limiter = Limiter(Limits(bucket=3, refill=2, queries=1, window=5), clock=lambda: now[0])
    assert [limiter.read("s") for _ in range(4)] == [(2, None), (1, None), (0, None), (0, 1)]
    assert limiter.read("other") == (2, None)
    now[0] = 1.0
    assert [limiter.read("s") for _ in range(3)] == [(1, None), (0, None), (0, 1)]
    assert limiter.query("u") == (0, 5.0, None)
    assert limiter.query("u") == (0, 5.0, 5)
    now[0] = 6.0
    assert limiter.query("u")[2] is None


def test_throttling_as_documented(server: ArmServer, raw: Raw) -> None:
    server.limiter.limits = Limits(bucket=2, refill=0.5, queries=1)
    first, second, third = (raw.get(SERVICE) for _ in range(3))
    assert [one.headers["x-ms-ratelimit-remaining-subscription-reads"] for one in (first, second)] == [
        "1",
        "0",
    ]
    assert (third.status_code, code(third), third.headers["Retry-After"]) == (
        429,
        "SubscriptionRequestsThrottled",
        "2",
    )
    assert raw.get("/subscriptions", "2022-12-01").headers["x-ms-ratelimit-remaining-tenant-reads"] == "1"
    assert raw.graph("resources | take 1")["count"] == 1
    assert raw.graph("resources | take 1")["error"]["code"] == "RateLimiting"


def test_latency_rate_and_concurrency_are_seen(server: ArmServer, raw: Raw) -> None:
    raw.get(SERVICE)
    server.log.clear()
    server.latency = 0.05
    with ThreadPoolExecutor(4) as pool:
        assert {one.status_code for one in pool.map(raw.get, [SERVICE] * 8)} == {200}
    assert server.log.peak == 4
    assert all(one.seconds >= 0.05 for one in server.log)
    assert server.log.rate() == 8
    assert server.log.endpoints() == {("Microsoft.ApiManagement/service/read", "get"): 8}


# -- faults ----------------------------------------------------------------------------------------------


def test_faults_strike_what_they_say(server: ArmServer, raw: Raw) -> None:
    server.fault("failing", "*/backends", nth=2, status=502)
    server.fault("throttled", action="microsoft.apimanagement/service/loggers/read", times=2)
    assert [raw.get(f"{SERVICE}/backends").status_code for _ in range(3)] == [200, 502, 200]
    throttled = [raw.get(f"{SERVICE}/loggers") for _ in range(3)]
    assert [one.status_code for one in throttled] == [429, 429, 200]
    assert "Retry-After" not in throttled[0].headers
    assert [one.fault for one in server.log.select("*/backends")] == [None, "failing", None]


def test_chance_is_the_same_every_time(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> list[int]:
        server = start_arm(estate=Estate(1, 20, 0))
        use(server, monkeypatch)
        server.fault("not-found", "*/apis/*", probability=0.5, seed=4)
        with secret_credential(server) as credential:
            client = Raw(server, credential)
            found = [client.get(f"{SERVICE}/apis/api-{number:04}").status_code for number in range(20)]
            client.close()
        return found

    first = run()
    assert first == run()
    assert 4 < first.count(404) < 16


def test_items_without_ids_and_lists_of_another_shape(server: ArmServer, raw: Raw) -> None:
    server.fault("no-id", "*/backends")
    server.fault("wrong-shape", "*/loggers")
    assert ["id" in one for one in raw.get(f"{SERVICE}/backends").json()["value"]] == [
        False,
        True,
        True,
        True,
    ]
    assert isinstance(raw.get(f"{SERVICE}/loggers").json()["value"], dict)


# -- what it is fed --------------------------------------------------------------------------------------


def test_the_recorded_bodies_are_served_at_their_urls(corpus: Path, arm: ArmServer, arm_raw: Raw) -> None:
    folder = corpus / REST
    assert load(arm.state, folder) > 200
    rows = [line.split("\t") for line in (folder / "INDEX.tsv").read_text("utf-8").splitlines()[1:]]
    answered = 0
    for name, _, url in rows[:60]:
        path, _, query = url.removeprefix("https://management.azure.com").partition("?")
        recorded = json.loads((corpus / name).read_text("utf-8-sig"))
        version = query.rpartition("api-version=")[2].partition("&")[0]
        answer = arm_raw.get(path, version)
        assert answer.status_code == 200, answer.text()
        served = answer.json()
        if isinstance(recorded, dict) and isinstance(recorded.get("value"), list):
            ids = {str(one.get("id")).lower() for one in served["value"]}
            assert ids >= {str(one.get("id")).lower() for one in recorded["value"]}
        else:
            assert served["id"].lower() == recorded["id"].lower()
        answered += 1
    assert answered == 60


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
