"""What may leave, how fast, and as whom."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.azure.clouds import cloud_of
from auditor.azure.limiter import Limiter
from auditor.azure.pipeline import WriteRefusedError, check_reads_only, seconds_of
from auditor.azure.signin import credential_of, identity_of
from auditor.errors import UsageError

ARM = "https://management.azure.com"
SERVICE = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", f"{ARM}{SERVICE}?api-version=2024-05-01"),
        ("GET", f"{ARM}{SERVICE}/apis/keys/operations?api-version=2024-05-01"),
        ("GET", f"{ARM}{SERVICE}/namedValues/secrets"),
        ("HEAD", f"{ARM}{SERVICE}"),
        ("POST", f"{ARM}/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"),
        (
            "POST",
            f"{ARM}/subscriptions/0/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults?x=1",
        ),
        ("GET", "https://contoso.vault.azure.net/certificates/gateway?api-version=7.4"),
        ("GET", "https://contoso.vault.azure.net/certificates/gateway/policy"),
    ],
)
def test_reads_pass(method: str, url: str) -> None:
    check_reads_only(method, url)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", f"{ARM}{SERVICE}"),
        ("PATCH", f"{ARM}{SERVICE}"),
        ("DELETE", f"{ARM}{SERVICE}"),
        ("POST", f"{ARM}{SERVICE}/backup"),
        ("POST", f"{ARM}/subscriptions/0/providers/Microsoft.Network/register"),
        ("POST", f"{ARM}{SERVICE}/namedValues/key/listValue"),
        ("GET", f"{ARM}{SERVICE}/namedValues/key/listValue"),
        ("POST", f"{ARM}{SERVICE}/subscriptions/master/listSecrets?api-version=2024-05-01"),
        ("GET", f"{ARM}{SERVICE}/gateways/g/listKeys"),
        ("POST", f"{ARM}/providers/Microsoft.ResourceGraph/resourcesHistory"),
        ("POST", f"{ARM}/providers/Microsoft.ResourceGraph/resources/../../x"),
        ("GET", "https://contoso.vault.azure.net/secrets/gateway"),
        ("GET", "https://contoso.vault.azure.net/keys/gateway"),
        ("GET", "https://contoso.vault.azure.net/certificates"),
        ("POST", "https://contoso.vault.azure.net/certificates/a/create"),
        ("OPTIONS", f"{ARM}{SERVICE}"),
    ],
)
def test_everything_else_is_refused(method: str, url: str) -> None:
    with pytest.raises(WriteRefusedError):
        check_reads_only(method, url)


@given(st.sampled_from(["PUT", "PATCH", "DELETE", "MERGE", "CONNECT"]), st.text())
def test_no_other_method_ever_passes(method: str, path: str) -> None:
    with pytest.raises((WriteRefusedError, ValueError)):
        check_reads_only(method, f"{ARM}/{path}")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def paced(clock: Clock, **settings: Any) -> Limiter:
    return Limiter(clock=clock, sleep=clock.sleep, **settings)


def test_after_the_burst_the_rate_holds() -> None:
    clock = Clock()
    limiter = paced(clock, rate=10, burst=5)
    for _ in range(105):
        limiter.acquire()
    assert clock.now == pytest.approx(10.0)


def test_a_pause_holds_for_all_and_leaves_no_burst() -> None:
    clock = Clock()
    limiter = paced(clock, rate=10, burst=100)
    limiter.pause(7)
    limiter.acquire()
    assert clock.now == pytest.approx(7.0)
    limiter.acquire()
    assert clock.now > 7.0
    assert limiter.paused == 1


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = Clock()
    limiter = paced(clock)
    limiter.pause(20)
    limiter.pause(1)
    limiter.acquire()
    assert clock.now == pytest.approx(20.0)


def test_little_left_slows_down_and_more_speeds_up_again() -> None:
    clock = Clock()
    limiter = paced(clock, rate=10, burst=50)
    limiter.remaining(0)
    for _ in range(10):
        limiter.acquire()
    slow = clock.now
    assert slow == pytest.approx(2.0)
    limiter.remaining(200)
    for _ in range(10):
        limiter.acquire()
    assert clock.now - slow == pytest.approx(1.0)


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("0.5", 0.5), (None, 5.0), ("soon", 5.0)])
def test_how_long_an_answer_asks_to_wait(header: str | None, seconds: float) -> None:
    assert seconds_of(header) == seconds


def token(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"upn": "reader@contoso.example", "oid": "1", "tid": "2"}, "reader@contoso.example"),
        ({"app_displayname": "auditor", "appid": "3", "tid": "2"}, "auditor"),
        ({"appid": "3"}, "application 3"),
        ({}, ""),
    ],
)
def test_who_a_token_is_for(claims: dict[str, str], name: str) -> None:
    found = identity_of(token(**claims))
    assert (found.name, found.tenant) == (name, claims.get("tid", ""))


@given(st.text())
def test_a_token_that_is_none_names_nobody(text: str) -> None:
    assert identity_of(text).tenant in ("", identity_of(text).tenant)
    assert isinstance(identity_of(text).name, str)


@pytest.mark.parametrize(
    "name", ["public", "USGov", "china", "https://management.local.azurestack.external/"]
)
def test_clouds(name: str) -> None:
    cloud = cloud_of(name)
    assert cloud.arm.startswith("https://")
    assert cloud.token_scope.endswith("/.default")
    assert not cloud.arm.endswith("/")


@pytest.mark.parametrize("name", ["germany", "", "http://arm.contoso.example", "https://u:p@x", "ftp://x"])
def test_no_cloud(name: str) -> None:
    with pytest.raises(UsageError):
        cloud_of(name)


@pytest.mark.parametrize("way", ["browser", "env", "github-oidc"])
def test_ways_that_are_not_set_up_are_wrong_usage(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    for name in ("AZURE_CLIENT_ID", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="--auth"):
        credential_of(way, cloud_of("public"))
