"""Labelled cases on who is served: what people write to keep callers out, and what it is worth.

Each case was labelled from the documentation before it was judged: the inbound section, whether callers come
with a key, and the standing that it deserves. Sources: "API Management policy reference" and the pages of the
policies named, "Configure Front Door Standard/Premium in front of Azure API Management", Fetch standard
(preflight requests carry no credentials).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.policy.proving import CERT, DENY, FULL, JWT, when

TENANT: Final = "5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58"
AZURE: Final = (
    f'<validate-azure-ad-token tenant-id="{TENANT}"><client-application-ids><application-id>'
    "0b7d1c52-6a3e-4f98-8c21-d94e5a7f3b16</application-id></client-application-ids>"
    "<audiences><audience>api://orders</audience></audiences></validate-azure-ad-token>"
)
OTHER: Final = (
    '<validate-jwt header-name="Authorization"><openid-config url="https://idp.northwind.example/.well-known/'
    'openid-configuration" /><audiences><audience>api://orders</audience></audiences></validate-jwt>'
)
REFUSE: Final = '<return-response><set-status code="401" reason="Unauthorized" /></return-response>'


@dataclass(frozen=True, slots=True)
class Case:
    """One inbound section and what it deserves."""

    name: str
    body: str
    standing: str
    proof: str = ""
    """The weakest proof that is surely enough, where that matters."""
    key: bool = False
    named: Mapping[str, str] = field(default_factory=dict)
    bound: Mapping[str, str | bool | None] = field(default_factory=dict)
    """What is fixed for the operation and the way to arrive."""


def header(name: str) -> str:
    """The value of a request header, empty where it is not sent."""
    return f'context.Request.Headers.GetValueOrDefault("{name}", "")'


def variable(name: str, code: str) -> str:
    """A variable written by code."""
    return f'<set-variable name="{name}" value="@({code})" />'


CASES: Final = (
    # -- presence is no proof ---------------------------------------------------------------------------
    Case("authorization header present", when(header("Authorization") + ' == ""', REFUSE), "FAIL", "nothing"),
    Case(
        "authorization header begins with Bearer",
        when(f'!{header("Authorization")}.StartsWith("Bearer ")', REFUSE),
        "FAIL",
        "nothing",
    ),
    Case(
        "authorization header contains key",
        when('!context.Request.Headers.ContainsKey("Authorization")', REFUSE),
        "FAIL",
        "nothing",
    ),
    Case(
        "check-header without values",
        '<check-header name="Authorization" failed-check-httpcode="401" />',
        "FAIL",
        "nothing",
    ),
    Case(
        "cookie contains a session",
        when(f'!{header("Cookie")}.Contains("session=")', REFUSE),
        "FAIL",
        "nothing",
    ),
    Case("user id of a header believed", when(header("X-User-Id") + ' == ""', REFUSE), "FAIL", "nothing"),
    Case("origin checked in code", when(header("Origin") + ' != "https://shop.example"'), "FAIL", "nothing"),
    Case("content type checked", when(header("Content-Type") + ' != "application/json"'), "FAIL", "nothing"),
    Case("user agent checked", when(f'!{header("User-Agent")}.Contains("ShopApp")'), "FAIL", "nothing"),
    Case(
        "check-header on the content type",
        '<check-header name="Content-Type"><value>application/json</value></check-header>',
        "FAIL",
        "nothing",
    ),
    Case(
        "check-header on the referer",
        '<check-header name="Referer"><value>https://shop.example/</value></check-header>',
        "FAIL",
        "nothing",
    ),
    Case(
        "front door's id shows the way, not the caller",
        '<check-header name="X-Azure-FDID"><value>8c1a2f6e-31d7-4a50-9f7b</value></check-header>',
        "FAIL",
        "address",
    ),
    # -- statements that people take for authentication of callers --------------------------------------
    Case(
        "basic credentials for the backend",
        '<authentication-basic username="u" password="{{p}}" />',
        "FAIL",
        "nothing",
    ),
    Case(
        "managed identity for the backend",
        '<authentication-managed-identity resource="https://storage.azure.com" />',
        "FAIL",
        "nothing",
    ),
    Case(
        "certificate for the backend", '<authentication-certificate certificate-id="a" />', "FAIL", "nothing"
    ),
    Case(
        "credential manager for the backend",
        '<get-authorization-context provider-id="a" authorization-id="b" context-variable-name="c" '
        'identity-type="managed" ignore-error="false" />',
        "FAIL",
        "nothing",
    ),
    Case(
        "cors",
        "<cors><allowed-origins><origin>https://shop.example</origin></allowed-origins></cors>",
        "FAIL",
        "nothing",
    ),
    Case(
        "rate limit by address",
        '<rate-limit-by-key calls="5" renewal-period="60" counter-key="@(context.Request.IpAddress)" />',
        "FAIL",
        "nothing",
    ),
    Case(
        "content validated",
        '<validate-content unspecified-content-type-action="prevent" max-size="1024" '
        'size-exceeded-action="prevent" errors-variable-name="e" />',
        "FAIL",
        "nothing",
    ),
    # -- addresses ---------------------------------------------------------------------------------------
    Case(
        "allowed range",
        '<ip-filter action="allow"><address-range from="10.1.0.0" to="10.1.0.255" /></ip-filter>',
        "FAIL",
        "address",
    ),
    Case(
        "allowed range is everything",
        '<ip-filter action="allow"><address-range from="0.0.0.0" to="255.255.255.255" /></ip-filter>',
        "FAIL",
        "nothing",
    ),
    Case(
        "forbidden range with a key",
        '<ip-filter action="forbid"><address>10.0.0.1</address></ip-filter>',
        "WEAK",
        "key",
        key=True,
    ),
    Case("no token from the office", when('context.Request.IpAddress != "10.20.30.40"', JWT), "FAIL"),
    # -- branches that the caller chooses ----------------------------------------------------------------
    Case("token only where one is sent", when(header("Authorization") + ' != ""', JWT), "FAIL", "nothing"),
    Case(
        "token unless a header asks to skip it",
        variable("skip", header("X-Skip-Auth")) + when('(string)context.Variables["skip"] != "true"', JWT),
        "FAIL",
        "nothing",
    ),
    Case(
        "token unless the host is the internal one",
        when('context.Request.OriginalUrl.Host != "orders.internal.example"', JWT),
        "FAIL",
        "nothing",
    ),
    Case(
        "token unless debug is in the query",
        when('context.Request.Url.Query.GetValueOrDefault("debug", "") != "1"', JWT),
        "FAIL",
        "nothing",
    ),
    Case(
        "token by issuer, others fall through",
        when(f'{header("Authorization")}.AsJwt()?.Issuer == "https://idp.northwind.example/"', OTHER),
        "FAIL",
        "nothing",
    ),
    Case(
        "token by issuer, others refused",
        when(f'{header("Authorization")}.AsJwt()?.Issuer == "https://idp.northwind.example/"', OTHER, REFUSE),
        "PASS",
        "token",
    ),
    Case(
        "token by issuer, one of two",
        when(f'{header("Authorization")}.AsJwt()?.Issuer == "https://idp.northwind.example/"', OTHER, AZURE),
        "PASS",
        "token",
    ),
    Case(
        "either a token or a basic password",
        when(
            f'{header("Authorization")}.StartsWith("Bearer ")',
            JWT,
            when(f'{header("Authorization")}.AsBasic()?.Password != "{{{{pw}}}}"'),
        ),
        "WEAK",
        "secret",
    ),
    Case("a skipping secret", when(header("X-Internal") + ' != "{{internal-key}}"', JWT), "WEAK", "secret"),
    Case(
        "nested, both have a token",
        when(header("X-Kind") + ' == "a"', when(header("X-Two") + ' == "b"', JWT, AZURE), AZURE),
        "PASS",
        "entra",
    ),
    Case(
        "nested, one has none",
        when(header("X-Kind") + ' == "a"', when(header("X-Two") + ' == "b"', JWT), AZURE),
        "FAIL",
        "nothing",
    ),
    # -- branches that are fixed -------------------------------------------------------------------------
    Case(
        "preflight left out, unknown operation",
        when('context.Request.Method != "OPTIONS"', JWT),
        "FAIL",
        "nothing",
    ),
    Case(
        "preflight left out, GET operation",
        when('context.Request.Method != "OPTIONS"', JWT),
        "PASS",
        "entra",
        bound={"Operation_Method": "GET", "Request_Method": "GET"},
    ),
    Case(
        "token for POST only, GET operation",
        when('context.Request.Method == "POST"', JWT),
        "FAIL",
        "nothing",
        bound={"Operation_Method": "GET", "Request_Method": "GET"},
    ),
    Case(
        "methods in an array",
        when('new [] {"POST", "PUT"}.Contains(context.Request.Method)', JWT),
        "FAIL",
        "nothing",
        bound={"Operation_Method": "GET", "Request_Method": "GET"},
    ),
    Case(
        "operation left out by id",
        when('context.Operation.Id != "health"', JWT),
        "PASS",
        "entra",
        bound={"Operation": "", "Operation_Id": "list"},
    ),
    Case(
        "the operation left out",
        when('context.Operation.Id != "health"', JWT),
        "FAIL",
        "nothing",
        bound={"Operation": "", "Operation_Id": "health"},
    ),
    Case(
        "no subscription is refused",
        when("context.Subscription == null", REFUSE),
        "CLOSED",
        bound={"Subscription": None, "Product": None},
    ),
    Case(
        "a key or a token, without a key",
        when("context.Subscription == null", JWT),
        "PASS",
        "entra",
        bound={"Subscription": None, "Product": None},
    ),
    Case(
        "a key or a token, with a key",
        when("context.Subscription == null", JWT),
        "WEAK",
        "key",
        key=True,
        bound={"Subscription": "", "Product": None},
    ),
    Case(
        "product asked for",
        when("context.Product == null", REFUSE),
        "CLOSED",
        key=True,
        bound={"Subscription": "", "Product": None},
    ),
    Case("constant false", when("false", JWT), "FAIL", "nothing"),
    Case("constant true", when("true || " + header("A") + ' == "b"', JWT), "PASS", "entra"),
    Case(
        "variable of a constant",
        '<set-variable name="on" value="true" />'
        + when('context.Variables.GetValueOrDefault<string>("on", "false") == "true"', JWT),
        "PASS",
        "entra",
    ),
    Case("commented out", f"<!-- {JWT} -->", "FAIL", "nothing"),
    # -- branches that the configuration decides --------------------------------------------------------
    Case(
        "switched on by a named value",
        when('"{{tokens}}" == "on"', JWT),
        "PASS",
        "entra",
        named={"tokens": "on"},
    ),
    Case(
        "switched off by a named value",
        when('"{{tokens}}" == "on"', JWT),
        "FAIL",
        "nothing",
        named={"tokens": "off"},
    ),
    Case("switched by a secret", when('"{{tokens}}" == "on"', JWT), "MANUAL"),
    Case("switched by the region", when('context.Deployment.Region == "West Europe"', JWT), "MANUAL"),
    Case("switched by the date", when("DateTime.UtcNow > new DateTime(2030, 1, 1)", JWT), "MANUAL"),
    Case("by chance", when("new Random().Next(0, 10) != 5", JWT), "MANUAL"),
    # -- answers -----------------------------------------------------------------------------------------
    Case(
        "set-status does not end anything",
        when(header("Authorization") + ' == ""', '<set-status code="401" reason="Unauthorized" />'),
        "FAIL",
        "nothing",
    ),
    Case(
        "answered after the token",
        JWT + '<return-response><set-status code="200" /></return-response>',
        "PASS",
        "entra",
    ),
    Case("refused for all, then a token", REFUSE + JWT, "CLOSED"),
    Case(
        "cached answer before the token",
        '<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" />' + JWT,
        "MANUAL",
    ),
    Case(
        "cached answer after the token",
        JWT + '<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" />',
        "PASS",
        "entra",
    ),
    Case(
        "answer of a variable",
        '<send-request mode="new" response-variable-name="r" ignore-error="false"><set-url>https://a.example/'
        '</set-url></send-request><return-response response-variable-name="r" />',
        "MANUAL",
    ),
    # -- other composites --------------------------------------------------------------------------------
    Case(
        "limit-concurrency around it",
        '<limit-concurrency key="a" max-count="5">' + JWT + "</limit-concurrency>",
        "PASS",
        "entra",
    ),
    Case(
        "retry around it",
        '<retry condition="@(false)" count="2" interval="1">' + JWT + "</retry>",
        "PASS",
        "entra",
    ),
    Case(
        "wait for any",
        '<wait for="any">' + JWT + '<send-request mode="new" response-variable-name="r">'
        "<set-url>https://a.example/</set-url></send-request></wait>",
        "MANUAL",
    ),
    Case(
        "wait for all",
        '<wait for="all">' + JWT + '<send-request mode="new" response-variable-name="r">'
        "<set-url>https://a.example/</set-url></send-request></wait>",
        "PASS",
        "entra",
    ),
    # -- secrets -----------------------------------------------------------------------------------------
    Case(
        "static bearer token",
        when(header("Authorization") + ' != "Bearer {{static}}"', REFUSE),
        "WEAK",
        "secret",
    ),
    Case(
        "one of several keys",
        when(f"!\"{{{{keys}}}}\".Split(',').Contains({header('X-Key')})", REFUSE),
        "WEAK",
        "secret",
    ),
    Case(
        "key in a variable",
        variable("key", '"{{key}}"') + when(f'{header("X-Key")} != (string)context.Variables["key"]', REFUSE),
        "WEAK",
        "secret",
    ),
    Case(
        "key in the policy",
        when(header("X-Api-Key") + ' != "not-a-real-key-4711"', REFUSE),
        "WEAK",
        "secret",
    ),
    Case(
        "scheme of the header", when(header("Authorization") + ' == "Negotiate"', REFUSE), "FAIL", "nothing"
    ),
    Case(
        "front door's id in code",
        when(header("X-Azure-FDID") + ' != "{{front-door}}"', REFUSE),
        "FAIL",
        "address",
    ),
    Case(
        "secret compared with itself",
        variable("key", header("X-Key"))
        + when(f'{header("X-Key")} != (string)context.Variables["key"]', REFUSE),
        "FAIL",
        "nothing",
    ),
    Case("secret inverted", when(header("X-Key") + ' == "{{key}}"', REFUSE), "FAIL", "nothing"),
    Case(
        "introspection of the token",
        '<send-request mode="new" response-variable-name="r" ignore-error="false">'
        "<set-url>https://idp.northwind.example/introspect</set-url></send-request>"
        + when('(bool)((IResponse)context.Variables["r"]).Body.As<JObject>()["active"] == false', REFUSE),
        "MANUAL",
    ),
    # -- tokens ------------------------------------------------------------------------------------------
    Case(
        "claims of a parsed token",
        when(
            f'{header("Authorization")}.Split(\' \').Last().AsJwt()?.Claims.GetValueOrDefault("roles", "") '
            '!= "writer"',
            REFUSE,
        ),
        "FAIL",
        "nothing",
    ),
    Case(
        "expiry of a parsed token",
        when(f"{header('Authorization')}.AsJwt()?.ExpirationTime < DateTime.UtcNow", REFUSE),
        "FAIL",
        "nothing",
    ),
    Case(
        "validated, then claims of the parsed token",
        JWT
        + when(
            f'{header("Authorization")}.AsJwt()?.Claims.GetValueOrDefault("roles", "") != "writer"', REFUSE
        ),
        "PASS",
        "entra",
    ),
    Case(
        "unsigned tokens accepted",
        JWT.replace("<validate-jwt", '<validate-jwt require-signed-tokens="false"'),
        "FAIL",
        "nothing",
    ),
    Case(
        "no keys: what then is not documented",
        '<validate-jwt header-name="Authorization"><audiences><audience>api://orders</audience></audiences>'
        "</validate-jwt>",
        "MANUAL",
    ),
    Case(
        "the gateway's own token is validated",
        '<authentication-managed-identity resource="api://orders" />' + JWT,
        "MANUAL",
    ),
    Case(
        "the gateway's own token in the header is validated",
        '<authentication-managed-identity resource="api://orders" output-token-variable-name="t" />'
        '<set-header name="Authorization" exists-action="override"><value>@("Bearer " + '
        '(string)context.Variables["t"])</value></set-header>' + JWT,
        "MANUAL",
    ),
    Case(
        "the gateway's own token in a variable is validated",
        '<authentication-managed-identity resource="api://orders" output-token-variable-name="t" />'
        + JWT.replace('header-name="Authorization"', 'token-value="@((string)context.Variables["t"])"'),
        "MANUAL",
    ),
    Case(
        "the caller's token in a variable is validated",
        variable("t", header("X-Token"))
        + JWT.replace('header-name="Authorization"', 'token-value="@((string)context.Variables["t"])"'),
        "PASS",
        "entra",
    ),
    Case(
        "the caller's token, then the gateway's own",
        JWT + '<authentication-managed-identity resource="https://storage.azure.com" />',
        "PASS",
        "entra",
    ),
    Case(
        "token of an external tenant",
        JWT.replace("login.microsoftonline.com", "contososhop.ciamlogin.com"),
        "PASS",
        "entra",
    ),
    Case(
        "refusal told with 200",
        JWT.replace("<validate-jwt", '<validate-jwt failed-validation-httpcode="200"'),
        "PASS",
        "entra",
    ),
    Case("misspelt", JWT.replace("validate-jwt", "validate-jwt-token"), "FAIL", "nothing"),
    # -- certificates ------------------------------------------------------------------------------------
    Case("certificate pinned", when(FULL), "WEAK", "certificate"),
    Case("certificate present", when(f"{CERT} == null"), "FAIL", "nothing"),
    Case("certificate in a header", when(header("X-ARR-ClientCert") + ' == ""'), "FAIL", "nothing"),
    Case("certificate or token", when(f"{CERT} == null", JWT), "FAIL", "nothing"),
    Case("pinned certificate or token", when(FULL, JWT), "WEAK", "certificate"),
    Case("pinned certificate and token", when(FULL) + JWT, "PASS", "entra"),
    Case("denied by an answer without status", when(FULL, "<return-response />"), "FAIL", "nothing"),
    Case("deny everything after the token", JWT + DENY, "CLOSED"),
)
