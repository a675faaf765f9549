"""The stand-in behaves like Resource Manager: versions, lists, subscriptions, tokens, limits, faults."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.arm_server.clients import GROUP, SUBSCRIPTION, Raw, code, secret_credential
from tests.arm_server.estates import Estate, subscription_id
from tests.arm_server.fixtures import StartArm, use
from tests.arm_server.limits import Limiter, Limits
from tests.arm_server.server import ArmServer

BASE = f"/subscriptions/{SUBSCRIPTION}"
SERVICE = Estate().service(0).id
REST = "_derived/rest-get"


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


def test_head_is_a_get_without_its_body(server: ArmServer, raw: Raw) -> None:
    found = raw.send("HEAD", SERVICE, params={"api-version": "2024-05-01"})
    assert (found.status_code, found.text()) == (200, "")
    absent = raw.send("HEAD", f"{SERVICE}/apis/none", params={"api-version": "2024-05-01"})
    assert absent.status_code == 404
    assert not server.writes


def test_a_service_being_deleted(server: ArmServer, raw: Raw) -> None:
    server.state.put({"id": SERVICE, "properties": {"provisioningState": "Deleting"}})
    server.fault("error", f"{SERVICE}/*", status=409, code="ServiceLocked", message="It is being deleted.")
    assert raw.get(SERVICE).json()["properties"]["provisioningState"] == "Deleting"
    assert code(raw.get(f"{SERVICE}/apis")) == "ServiceLocked"


def test_defects_of_the_stand_in_are_not_azure_s(server: ArmServer, raw: Raw) -> None:
    assert code(raw.get(f"{SERVICE}/apis", **{"$top": "many"})) == "StandInBroke"
    assert isinstance(server.broken.pop(), ValueError)


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
    users = raw.get(f"{SERVICE}/users", **{"$filter": "contains(email,'-0@')"}).json()
    assert [one["name"] for one in users["value"]] == ["user-0000"]
    assert code(raw.get(f"{SERVICE}/users", **{"$filter": "length(email) gt 3"})) == "BadRequest"
    first = raw.get(f"{SERVICE}/users", **{"$top": "1"}).json()
    assert first["count"] == 2
    assert "skiptoken" in first["nextLink"]


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
    assert 2 <= server.log.peak <= 4
    assert all(one.seconds >= 0.05 for one in server.log)
    assert server.log.rate(window=20) == 8 / 20
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
