"""Addresses that policies call: encrypted or not, and who decides where they lead."""

from __future__ import annotations

import pytest

from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.reader import read
from auditor.apim.policy.rules import examine
from auditor.apim.policy.scopes import NamedText
from auditor.apim.policy.sheets import Sheet
from tests.policy.ruled import SECRET, said

HEADER = 'context.Request.Headers.GetValueOrDefault("x-backend", "")'
FAIL, REVIEW, UNKNOWN, NOTE, FINE = Weight.FAIL, Weight.REVIEW, Weight.UNKNOWN, Weight.NOTE, Weight.FINE


def base(code: str) -> str:
    return f'<set-backend-service base-url="{code}" />'


def clear(text: str, **named_values: NamedText) -> list[Weight]:
    return said(text, Rule.CLEAR_TEXT_URL, **named_values)


def built(text: str, **named_values: NamedText) -> list[Weight]:
    return said(text, Rule.REQUEST_BUILT_URL, **named_values)


@pytest.mark.parametrize(
    ("address", "weights"),
    [
        ("http://orders.contoso.example", [FAIL]),
        (" HTTP://orders.contoso.example", [FAIL]),
        ("ws://orders.contoso.example", [FAIL]),
        ("http://localhost.contoso.example/", [FAIL]),
        ("http://127.0.0.1.contoso.example/", [FAIL]),
        ("https://orders.contoso.example", [FINE]),
        ("wss://orders.contoso.example", [FINE]),
        ("https://orders.contoso.example/?next=http://other.contoso.example", [FINE]),
        ("http://localhost:3500/v1.0", [REVIEW]),
        ("http://127.0.0.1", [REVIEW]),
        ("http://[::1]:8080/", [REVIEW]),
        ("fabric:/contoso/orders", [REVIEW]),
        ("orders.contoso.example/v1", [REVIEW]),
        ("orders.contoso.example:8080/v1", [REVIEW]),
        ("/v1/orders", []),
        ("", []),
        ("{{orders-url}}", [UNKNOWN]),
        ("https://{{orders-host}}/v1", [FINE]),
        ("${orders_url}/v1", [UNKNOWN]),
        ("@(context.Api.ServiceUrl)", [NOTE]),
        ('@(context.Request.OriginalUrl.Scheme + "://orders.contoso.example/")', [REVIEW]),
        ('@((string)context.Variables["base"])', [UNKNOWN]),
        ('@("http" + (context.Deployment.Region == "x" ? "s" : "") + "://orders.contoso.example")', [FAIL]),
        ('@("https://orders.contoso.example".Replace("https:", "http:"))', [FAIL]),
        ('@{ if (true) { return "http://orders.contoso.example"; } return "https://a.example"; }', [FAIL]),
        ('@(new Uri("http://orders.contoso.example/v1").ToString())', [FAIL]),
    ],
)
def test_scheme(address: str, weights: list[Weight]) -> None:
    assert clear(base(address)) == weights


def test_named_values_are_followed() -> None:
    assert clear(base("{{orders-url}}/v1"), orders_url="http://orders.contoso.example") == [FAIL]
    assert clear(base("{{orders-url}}/v1"), orders_url="https://orders.contoso.example") == [FINE]
    assert clear(base("{{orders-url}}/v1"), orders_url=SECRET) == [UNKNOWN]


@pytest.mark.parametrize(
    "text",
    [
        '<send-request mode="new"><set-url>http://a.example/x</set-url></send-request>',
        '<send-one-way-request mode="new"><set-url>http://a.example</set-url></send-one-way-request>',
        '<validate-jwt header-name="x"><openid-config url="http://a.example/y" /></validate-jwt>',
        '<invoke-request url="http://a.example" />',
        '<authentication-token token-service-url="http://a.example" resource-url="https://b.example" />',
        '<fragment><set-backend-service base-url="http://a.example" /></fragment>',
        "<http-data-source><http-request><set-url>http://a.example</set-url></http-request></http-data-source>",
    ],
)
def test_every_element_that_calls(text: str) -> None:
    assert clear(text) == [FAIL]


def test_names_of_resources_are_not_called() -> None:
    assert clear('<authentication-managed-identity resource="http://orders.contoso.example" />') == []
    assert clear('<set-backend-service backend-id="orders" />') == []
    assert clear("<cors><allowed-origins><origin>http://a.example</origin></allowed-origins></cors>") == []
    assert clear('<rewrite-uri template="/http://orders" />') == []
    comment = "<!-- <set-url>http://a.example</set-url> -->"
    assert clear(comment) == []


def test_a_proxy_knows_http_only() -> None:
    assert clear('<proxy url="http://proxy.contoso.example:8080" />') == [REVIEW]


def test_messages_quote_nothing() -> None:
    text = base("http://orders.contoso.example/v1?code=12345")
    found = examine(Sheet(read(f"<policies><inbound>{text}</inbound></policies>")))
    assert found
    assert not any("contoso" in issue.message or "12345" in issue.message for issue in found)


@pytest.mark.parametrize(
    ("code", "weights"),
    [
        (f"@({HEADER})", [FAIL]),
        (f"@({HEADER}.Trim().ToLower())", [FAIL]),
        ('@(context.Request.Headers["x-backend"][0])', [FAIL]),
        ('@(context.Request.Headers["X-Forwarded-Host"].First())', [FAIL]),
        ('@((string)context.Request.Body.As<JObject>(true)["callback"])', [FAIL]),
        ('@("https://" + context.Request.MatchedParameters["host"])', [FAIL]),
        (f'@("https://" + {HEADER} + ".contoso.example/")', [FAIL]),
        (f'@("https://orders.contoso.example" + {HEADER})', [FAIL]),
        (f'@("https://orders.contoso.example:" + {HEADER})', [FAIL]),
        (f'@($"https://orders.contoso.example{{{HEADER}}}")', [FAIL]),
        (f"@(\"https://orders.contoso.example/\".TrimEnd('/') + {HEADER})", [FAIL]),
        (f'@(string.Concat("https://", {HEADER}))', [FAIL]),
        (f'@("https://TENANT.contoso.example/".Replace("TENANT", {HEADER}))', [FAIL]),
        (f'@{{ var host = {HEADER}; return "https://" + host + "/x"; }}', [FAIL]),
        (f'@{{ string host; host = {HEADER}; return $"https://{{host}}"; }}', [FAIL]),
        (f'@(context.Request.Method == "GET" ? "https://a.example" : {HEADER})', [FAIL]),
    ],
)
def test_the_caller_decides(code: str, weights: list[Weight]) -> None:
    assert built(base(code)) == weights


@pytest.mark.parametrize(
    ("code", "weights"),
    [
        ("https://orders.contoso.example", [FINE]),
        ("{{orders-url}}", [FINE]),
        ("https://{{orders-host}}.contoso.example", [FINE]),
        ("/v1", []),
        (f'@("https://orders.contoso.example/" + {HEADER})', [NOTE]),
        (f'@("https://orders.contoso.example?q=" + {HEADER})', [NOTE]),
        (f'@("{{{{orders-url}}}}/items/" + {HEADER})', [NOTE]),
        ('@("https://orders.contoso.example" + context.Request.OriginalUrl.Path)', [NOTE]),
        (
            '@($"https://orders.contoso.example{context.Request.Url.Path}{context.Request.Url.QueryString}")',
            [NOTE],
        ),
        (f'@(string.Format("https://orders.contoso.example/{{0}}", {HEADER}))', [NOTE]),
        (f'@("https://orders.contoso.example/ID/x".Replace("ID", {HEADER}))', [NOTE]),
        (f'@({HEADER} == "us" ? "https://us.example" : "https://eu.example")', [FINE]),
        (f'@(new[] {{ "https://a.example", "https://b.example" }}[int.Parse({HEADER})])', [FINE]),
        ("@(context.Api.ServiceUrl)", [FINE]),
        ('@("https://orders-" + context.Deployment.Region + ".contoso.example/")', [FINE]),
    ],
)
def test_the_policy_decides(code: str, weights: list[Weight]) -> None:
    assert built(base(code)) == weights


@pytest.mark.parametrize(
    "code",
    [
        f'@("https://" + Uri.EscapeDataString({HEADER}) + ".contoso.example/")',
        f'@("https://" + {HEADER}.Split(\',\')[0] + ".contoso.example/")',
        f'@(new Uri(new Uri("https://orders.contoso.example/"), {HEADER}).ToString())',
        '@("https://" + context.Request.OriginalUrl.Host + "/x")',
        "@(context.Request.Url.ToString())",
        f'@(string.Format("https://{{0}}.contoso.example", {HEADER}))',
        '@{ string[] hosts; context.Request.Headers.TryGetValue("x", out hosts); return hosts[0]; }',
        f'@("https://" + JObject.Parse("{{{{hosts}}}}")[{HEADER}])',
    ],
)
def test_a_person_decides(code: str) -> None:
    assert built(base(code)) == [REVIEW]


def test_what_is_set_elsewhere_is_not_known() -> None:
    assert built(base('@((string)context.Variables["base"])')) == [UNKNOWN]
    assert built(base(f'@("{{{{orders-url}}}}" + {HEADER})')) == [UNKNOWN]
    assert built(base('@("https://" + context.Variables["host"] + "/x")')) == [UNKNOWN]
    write = '<set-variable name="host" value="orders.contoso.example" />'
    assert built(write + base('@("https://" + context.Variables["host"] + "/x")')) == [FINE]


def test_a_variable_carries_the_callers_word() -> None:
    write = f'<set-variable name="host" value="@({HEADER})" />'
    again = '<set-variable name="base" value="@("https://" + (string)context.Variables["host"])" />'
    assert built(write + again + base('@((string)context.Variables["base"])')) == [FAIL]


def test_an_answer_is_no_callers_word() -> None:
    text = (
        '<send-request mode="new" response-variable-name="found"><set-url>https://a.example</set-url>'
        "</send-request>"
        + base('@(((IResponse)context.Variables["found"]).Body.As<JObject>()["url"].ToString())')
    )
    assert built(text) == [FINE, NOTE]


USED = base(f"@({HEADER})")


@pytest.mark.parametrize(
    "condition",
    [
        f'{HEADER} == "https://a.example"',
        f'new[] {{ "https://a.example" }}.Contains({HEADER})',
        f'{HEADER}.StartsWith("https://a.example/")',
        'context.Request.Headers["X-Backend"].Any(x => x == "https://a.example")',
        f'Regex.IsMatch({HEADER}, "^https://[a-z]+[.]contoso[.]example/")',
    ],
)
def test_a_comparison_is_for_a_person(condition: str) -> None:
    assert built(f'<choose><when condition="@({condition})">{USED}</when></choose>') == [REVIEW]
    refuse = (
        f'<choose><when condition="@(!({condition}))"><return-response><set-status code="400" />'
        f"</return-response></when></choose>"
    )
    assert built(refuse + USED) == [REVIEW]
    assert built(f'<choose><when condition="@({condition})" /><otherwise>{USED}</otherwise></choose>') == [
        REVIEW
    ]


@pytest.mark.parametrize(
    "condition",
    [
        f'{HEADER} != ""',
        f"{HEADER} != null",
        f"!string.IsNullOrEmpty({HEADER})",
        'context.Request.Headers.ContainsKey("x-backend")',
        'context.Request.Headers.GetValueOrDefault("x-debug", "") == "1"',
        'context.Request.Method == "GET"',
        'context.Variables.ContainsKey("base")',
    ],
)
def test_a_question_whether_there_is_one_is_no_comparison(condition: str) -> None:
    assert built(f'<choose><when condition="@({condition})">{USED}</when></choose>') == [FAIL]


def test_a_refusal_that_comes_later_is_none() -> None:
    refuse = (
        f'<choose><when condition="@({HEADER} != "https://a.example")"><return-response>'
        "<set-status code='400' /></return-response></when></choose>"
    )
    assert built(USED + refuse) == [FAIL]


def test_check_header_names_what_is_allowed() -> None:
    check = '<check-header name="X-Backend" failed-check-httpcode="400">{}</check-header>'
    assert built(check.format("<value>https://a.example</value>") + USED) == [REVIEW]
    assert built(check.format("") + USED) == [FAIL]


def test_in_code_comparisons_count_too() -> None:
    compares = f'var host = {HEADER}; if (host != "a.example") {{ host = "b.example"; }}'
    listed = f'@{{ {compares} return "https://" + {HEADER}; }}'
    assert built(base(listed)) == [REVIEW]
    direct = f'@({HEADER} == "https://a.example" ? {HEADER} : "https://b.example")'
    assert built(base(direct)) == [REVIEW]


def test_the_caller_chooses_among_configured_backends() -> None:
    assert built(f'<set-backend-service backend-id="@("orders-" + {HEADER})" />') == [NOTE]
    assert built('<set-backend-service backend-id="orders" />') == []


def test_redirects_are_noted() -> None:
    text = "<policies><backend><forward-request follow-redirects='{}' /></backend></policies>"
    assert clear(text.format("true")) == [NOTE]
    assert clear(text.format("false")) == []
