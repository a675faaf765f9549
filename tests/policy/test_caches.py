"""What caches keep, and for whom."""

from __future__ import annotations

import pytest

from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.scopes import NamedText
from tests.policy.ruled import SECRET, said

FAIL, WEAK, REVIEW, UNKNOWN = Weight.FAIL, Weight.WEAK, Weight.REVIEW, Weight.UNKNOWN
NOTE, FINE = Weight.NOTE, Weight.FINE


def lookup(attributes: str = "", inside: str = "", **named_values: NamedText) -> list[Weight]:
    text = f"<cache-lookup {attributes}>{inside}</cache-lookup>"
    return said(text, Rule.CACHED_RESPONSE, **named_values)


def by(header: str) -> str:
    return f"<vary-by-header>{header}</vary-by-header>"


PRIVATE = 'vary-by-developer="false" allow-private-response-caching="true"'


@pytest.mark.parametrize(
    ("attributes", "inside", "weights"),
    [
        ("", "", [FINE]),
        ('allow-private-response-caching="false"', "", [FINE]),
        ('allow-private-response-caching="@(false)"', "", [FINE]),
        (PRIVATE, "", [FAIL]),
        (PRIVATE.replace("true", "True"), "", [FAIL]),
        ('allow-private-response-caching="@(true)"', "", [FAIL]),
        (PRIVATE, by("Accept") + by("Accept-Language"), [FAIL]),
        (PRIVATE, "<vary-by-query-parameter>page;size</vary-by-query-parameter>", [FAIL]),
        (PRIVATE + ' vary-by-developer-groups="true"', "", [FAIL]),
        (PRIVATE, by("Authorization"), [FINE]),
        (PRIVATE, by("Accept") + by(" authorization "), [FINE]),
        (PRIVATE, by("x-user"), [REVIEW]),
        (PRIVATE, by("Cookie"), [REVIEW]),
        (PRIVATE, by("{{user-header}}"), [UNKNOWN]),
        ('vary-by-developer="true" allow-private-response-caching="true"', "", [REVIEW]),
        ('vary-by-developer="{{by-developer}}" allow-private-response-caching="true"', "", [UNKNOWN]),
        ('allow-private-response-caching="{{keep}}"', "", [UNKNOWN]),
        ('allow-private-response-caching="{{keep}}"', by("Authorization"), [FINE]),
        ('allow-private-response-caching="@(context.Request.Method == "GET")"', "", [REVIEW]),
        ('allow-private-response-caching="@(context.User == null ? true : false)"', "", [REVIEW]),
        ('downstream-caching-type="public"', "", [WEAK]),
        ('downstream-caching-type="private"', "", [FINE]),
        ('downstream-caching-type="none"', "", [FINE]),
        ('downstream-caching-type="{{downstream}}"', "", [UNKNOWN]),
        ('downstream-caching-type="@(context.Api.Name)"', "", [UNKNOWN]),
        (PRIVATE + ' downstream-caching-type="public"', "", [FAIL, WEAK]),
    ],
)
def test_lookup(attributes: str, inside: str, weights: list[Weight]) -> None:
    assert lookup(attributes, inside) == weights


def test_named_values_are_followed() -> None:
    switch = 'allow-private-response-caching="{{keep}}"'
    assert lookup(switch, keep="true") == [FAIL]
    assert lookup(switch, keep="false") == [FINE]
    assert lookup(switch, keep=SECRET) == [UNKNOWN]
    assert lookup(PRIVATE, by("{{user-header}}"), user_header="Authorization") == [FINE]
    assert lookup(PRIVATE, by("{{user-header}}"), user_header="Accept") == [FAIL]


def test_a_parameter_that_the_policy_sets_may_stand_for_the_caller() -> None:
    inside = "<vary-by-query-parameter>user</vary-by-query-parameter>"
    text = f"<cache-lookup {PRIVATE}>{inside}</cache-lookup>"
    other = '<set-query-parameter name="{}" exists-action="override"><value>1</value></set-query-parameter>'
    assert said(other.format("page") + text, Rule.CACHED_RESPONSE) == [FAIL]
    assert said(other.format("User") + text, Rule.CACHED_RESPONSE) == [REVIEW]


@pytest.mark.parametrize(
    ("inside", "weight"),
    [
        ("", REVIEW),
        ("<vary-by>users</vary-by>", REVIEW),
        ("<vary-by>@(context.Api.Name)</vary-by>", REVIEW),
        ("<vary-by>@(context.Subscription.Id)</vary-by>", FINE),
        ("<vary-by>@(context.Api.Name)</vary-by><vary-by>@(context.Subscription?.Id)</vary-by>", FINE),
        ("<vary-by>@(context.User.Email)</vary-by>", FINE),
        ('<vary-by>@(context.Request.Headers.GetValueOrDefault("Authorization", ""))</vary-by>', FINE),
        ('<vary-by>@(context.Request.Headers["Authorization"][0].AsJwt().Subject)</vary-by>', FINE),
        ('<vary-by>@(context.Request.Headers.GetValueOrDefault("x-user", ""))</vary-by>', REVIEW),
        ('<vary-by>@((string)context.Variables["user"])</vary-by>', UNKNOWN),
    ],
)
@pytest.mark.parametrize("name", ["llm-semantic-cache-lookup", "azure-openai-semantic-cache-lookup"])
def test_semantic(name: str, inside: str, weight: Weight) -> None:
    text = f'<{name} score-threshold="0.1">{inside}</{name}>'
    assert said(text, Rule.CACHED_RESPONSE) == [weight]


def test_stores() -> None:
    assert said('<cache-store duration="60" />', Rule.CACHED_RESPONSE) == [FINE]
    assert said('<cache-store duration="60" cache-response="true" />', Rule.CACHED_RESPONSE) == [NOTE]
    assert said('<cache-store-value key="a" value="b" duration="60" />', Rule.CACHED_RESPONSE) == []
