"""Credentials in policies: what is one where it stands, where it comes from, and where it goes."""

from __future__ import annotations

from random import Random

import pytest

from auditor.apim.policy.issues import Rule
from auditor.apim.policy.reader import read
from auditor.apim.policy.rules import examine
from auditor.apim.policy.scopes import Library, Missing, NamedText, Secret
from auditor.apim.policy.sensitive import looks_random, what_is
from auditor.apim.policy.sheets import Sheet
from auditor.redaction import KNOWN_FORMATS
from auditor.redaction.scan import replaced

FAKE = "n0t-a-r3al-0ne"
_WORTH = ("fail", "weak", "unknown", "review", "note", "fine")


def said(xml: str, rule: Rule, section: str = "inbound", /, **named: NamedText) -> str:
    """The heaviest thing a rule says of a section, as the program reads it; empty where it says nothing."""
    text = replaced(f"<policies><{section}>{xml}</{section}></policies>", code=True)
    document = read(text)
    assert document.sound, document.diagnostics
    library = Library(named_values=named, complete=True)
    found = {str(issue.weight) for issue in examine(Sheet(document, library)) if issue.rule is rule}
    return next((weight for weight in _WORTH if weight in found), "")


def header(name: str, value: str) -> str:
    return f'<set-header name="{name}" exists-action="override"><value>{value}</value></set-header>'


def when(condition: str) -> str:
    return f'<choose><when condition="@({condition})"/></choose>'


def given(name: str) -> str:
    return f'context.Request.Headers.GetValueOrDefault("{name}", "")'


# -- written out -----------------------------------------------------------------------------------------

LITERALS = [
    (f'<authentication-basic username="u" password="{FAKE}"/>', "fail"),
    ('<authentication-basic username="u" password="@((string)context.Variables["pw"])"/>', "fine"),
    ('<authentication-basic username="u" password="{{key}}"/>', "fine"),
    ('<authentication-basic username="u" password="${var.pw}"/>', "unknown"),
    ('<authentication-basic username="u" password="********"/>', "unknown"),
    ('<authentication-basic username="u" password=""/>', "fine"),
    (f'<authentication-certificate body="@(Convert.FromBase64String("{FAKE}"))"/>', "fail"),
    ('<authentication-certificate body="@((byte[])context.Variables["pfx"])"/>', "fine"),
    (f'<proxy url="http://p.contoso.example:80" username="u" password="{FAKE}"/>', "fail"),
    (header("api-key", FAKE), "fail"),
    (header("API-Key", FAKE), "fail"),
    (header("Authorization", "Bearer"), "fine"),
    (header("Authorization", "Basic {{key}}"), "fine"),
    (header("Authorization", '@("Bearer " + (string)context.Variables.GetValueOrDefault("t", ""))'), "fine"),
    (
        header("Authorization", '@("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("u:open")))'),
        "fail",
    ),
    (
        header(
            "Authorization",
            '@{ var u = "u"; var p = "open-sesame"; '
            'return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(u + ":" + p)); }',
        ),
        "fail",
    ),
    (
        header("Authorization", '@("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("u:{{key}}")))'),
        "fine",
    ),
    (
        header(
            "Authorization",
            f'@(new HMACSHA256(Encoding.UTF8.GetBytes("{FAKE}")).Key.ToString())',
        ),
        "fail",
    ),
    (
        header(
            "Authorization",
            '@{ var h = new HMACSHA256(Convert.FromBase64String("{{key}}")); '
            'return "K " + Convert.ToBase64String(h.ComputeHash(Encoding.UTF8.GetBytes("GET"))); }',
        ),
        "fine",
    ),
    (header("X-Session-Token", FAKE), "review"),
    (header("X-Auth-Mode", "internal"), "fine"),
    (header("Idempotency-Key", FAKE), ""),
    (header("WWW-Authenticate", 'Bearer error="invalid_token"'), ""),
    (header("Set-Cookie", "session=; Path=/"), ""),
    ('<set-header name="Authorization" exists-action="delete"/>', ""),
    (
        '<check-header name="Authorization"><value>Bearer</value></check-header>',
        "fine",
    ),
    (
        f'<check-header name="x-api-key"><value>{FAKE}</value></check-header>',
        "fail",
    ),
    (
        '<set-query-parameter name="code"><value>NL</value></set-query-parameter>',
        "fine",
    ),
    ('<set-variable name="client-secret" value="n0t-a-r3al-0ne"/>', "fail"),
    ('<set-variable name="client-secret" value="{{key}}"/>', "fine"),
    ('<set-variable name="tokenExpiry" value="n0t-a-r3al-0ne"/>', ""),
    ("<set-url>https://contoso.example/?client_secret=open-sesame</set-url>", "fail"),
    ("<set-url>https://contoso.example/?client_secret={{key}}</set-url>", ""),
    ('<set-body>@("a=b&client_secret=" + (string)context.Variables["s"])</set-body>', ""),
    ('<set-body>{"error": "username= and password= are required"}</set-body>', ""),
    (f'<!-- <authentication-basic username="u" password="{FAKE}"/> -->', ""),
]


@pytest.mark.parametrize(("xml", "weight"), LITERALS)
def test_what_is_written_out(xml: str, weight: str) -> None:
    assert said(xml, Rule.INLINE_SECRET, key=Secret(vault=True)) == weight


COMPARED = [
    (f'{given("x-api-key")} != "{FAKE}"', "fail"),
    (f'"{FAKE}" == context.Request.Headers["x-api-key"]', "fail"),
    (f'!string.Equals({given("Authorization")}, "Bearer {FAKE}", StringComparison.Ordinal)', "fail"),
    (f'new[] {{"{FAKE}", "other"}}.Contains({given("api-key")})', "fail"),
    (f'{given("Authorization")}.AsBasic()?.Password == "open-sesame"', "fail"),
    (f'{given("Authorization")}.AsBasic()?.UserId == "orders"', ""),
    (f'{given("Authorization")}.AsJwt()?.Issuer == "{FAKE}"', ""),
    (f'{given("x-api-key")} == "{{{{key}}}}"', ""),
    (f'{given("x-api-key")} == ""', ""),
    (f'{given("Authorization")} == "Bearer"', ""),
    (f'{given("Authorization")}.StartsWith("Bearer ")', ""),
    (f'{given("Authorization")} == (string)context.Variables["expected"]', ""),
    (f'{given("X-Session-Id")} == "{FAKE}"', "review"),
    (f'{given("Content-Type")} == "application/json"', ""),
]


@pytest.mark.parametrize(("condition", "weight"), COMPARED)
def test_what_callers_credentials_are_compared_with(condition: str, weight: str) -> None:
    assert said(when(condition), Rule.INLINE_SECRET, key=Secret()) == weight


def test_a_comparison_by_way_of_a_variable() -> None:
    read_it = f'<set-variable name="k" value="@({given("api-key")})"/>'
    xml = read_it + when(f'(string)context.Variables["k"] == "{FAKE}"')
    assert said(xml, Rule.INLINE_SECRET) == "fail"


@pytest.mark.parametrize("number", range(len(KNOWN_FORMATS)))
def test_known_formats_speak_wherever_they_stand(number: int) -> None:
    name, example = KNOWN_FORMATS[number]
    text = example(Random(number)).replace("&", "&amp;")
    found = said(f"<set-body>{text}</set-body>", Rule.INLINE_SECRET)
    assert found in ({""} if name == "instrumentation key" else {"fail", "review"}), name


@pytest.mark.parametrize(
    ("key", "weight"),
    [
        ("<key>bm90LWEtcmVhbC1rZXk=</key>", "fail"),
        ("<key>{{key}}</key>", "fine"),
        ('<key certificate-id="issuer"/>', ""),
        ('<key n="abc" e="AQAB"/>', ""),
        ('<key>@((string)context.Variables["key"])</key>', "fine"),
    ],
)
def test_keys_of_tokens(key: str, weight: str) -> None:
    for element in ("issuer-signing-keys", "decryption-keys"):
        xml = f"<validate-jwt><{element}>{key}</{element}></validate-jwt>"
        assert said(xml, Rule.TOKEN_LITERAL_KEY, key=Secret()) == weight


@pytest.mark.parametrize("text", ["", "Bearer ", "basic", "null", "undefined", " ; "])
def test_what_is_no_value(text: str) -> None:
    assert what_is(text) == "nothing"


@pytest.mark.parametrize("text", ["{api key}", "<your key>", "***", "your-key-here", "__KEY__", "#{key}#"])
def test_what_is_a_mask(text: str) -> None:
    assert what_is(text) == "mask"
    assert not looks_random(text)


# -- named values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "weight"),
    [
        (Secret(vault=True), "fine"),
        (Secret(), "weak"),
        (Secret(shown=True), "fail"),
        ("text", "fail"),
        ("@(context.RequestId.ToString())", "review"),
        (Missing(), "unknown"),
    ],
)
def test_credentials_that_are_named_values(key: NamedText, weight: str) -> None:
    xml = [
        header("Authorization", "Bearer {{key}}"),
        header("api-key", '@("{{key}}")'),
        '<set-variable name="k" value="{{key}}"/>' + header("api-key", '@((string)context.Variables["k"])'),
        "<set-body>grant_type=client_credentials&amp;client_secret={{key}}</set-body>",
        "<validate-jwt><issuer-signing-keys><key>{{key}}</key></issuer-signing-keys></validate-jwt>",
    ]
    assert [said(each, Rule.CREDENTIAL_NAMED_VALUE, key=key) for each in xml] == [weight] * len(xml)


def test_the_user_beside_a_password_need_not_be_secret() -> None:
    user, key = "orders", Secret(vault=True)
    xml = header("Authorization", "Basic {{user}}:{{key}}")
    assert said(xml, Rule.CREDENTIAL_NAMED_VALUE, user=user, key=key) == "fine"
    assert said(xml, Rule.CREDENTIAL_NAMED_VALUE, user=user, key="text") == "fail"
    xml = header("api-key", '@("{{user}}" + "{{key}}")')
    assert said(xml, Rule.CREDENTIAL_NAMED_VALUE, user=user, key=key) == "review"
    xml = '<authentication-basic username="{{user}}" password="{{key}}"/>'
    assert said(xml, Rule.CREDENTIAL_NAMED_VALUE, user=user, key=key) == "fine"


@pytest.mark.parametrize(
    ("xml", "weight"),
    [
        (header("X-A", "{{there}}"), "fine"),
        (header("X-A", "{{gone}}"), "fail"),
        (header("X-A", "{{THERE}}"), "review"),
        (header("X-A", '@("{{gone}}")'), "fail"),
        (header("X-A", '@($"{{gone}} {context.RequestId}")'), "review"),
        (when("{{gone}} == true"), "fail"),
        (header("X-A", "{{nested}}"), "weak"),
        (header("X-A", "{{code}}"), "review"),
        ('<set-body template="liquid">{{body.gone}}</set-body>', ""),
        ("<!-- {{gone}} -->", ""),
    ],
)
def test_named_values_that_do_not_resolve(xml: str, weight: str) -> None:
    known: dict[str, NamedText] = {"there": "x", "nested": "{{there}}", "code": "@(1 + 1)"}
    assert said(xml, Rule.NAMED_VALUE_MISSING, **known) == weight


# -- where they go ---------------------------------------------------------------------------------------

HEADERS = "context.Request.Headers"
NEITHER = 'h => h.Key != "Authorization" && h.Key != "Ocp-Apim-Subscription-Key"'
WRITTEN = [
    (f"@({given('Authorization')})", "fail"),
    (f"@({given('Authorization')}.Split(' ')[1].Substring(0, 20))", "fail"),
    (f"@({given('Authorization')}.AsJwt()?.Subject)", "fine"),
    (f"@({given('Authorization')}.Length.ToString())", "fine"),
    (f'@({HEADERS}.ContainsKey("Authorization") ? "yes" : "no")', "fine"),
    (f'@({given("Authorization")} == "" ? "none" : "some")', "fine"),
    (f'@(string.Join(",", {HEADERS}.Select(h => h.Key)))', "fine"),
    (f'@(string.Join(",", {HEADERS}.Select(h => h.Key + h.Value[0])))', "fail"),
    (f"@(JsonConvert.SerializeObject({HEADERS}))", "fail"),
    (f"@({HEADERS}.ToDictionary(h => h.Key, h => h.Value).ToString())", "fail"),
    (f'@(string.Join("", {HEADERS}.Where(h => h.Key != "Authorization").Select(h => h.Value[0])))', "review"),
    (f'@(string.Join("", {HEADERS}.Where(h => h.Key == "X-Id").Select(h => h.Value[0])))', "review"),
    (
        f"@(JsonConvert.SerializeObject({HEADERS}.Where({NEITHER})))",
        "note",
    ),
    (f'@{{ var s = ""; foreach (var h in {HEADERS}) {{ s += h.Key + h.Value[0]; }} return s; }}', "fail"),
    (f'@{{ var s = ""; foreach (var h in {HEADERS}) {{ s += h.Key; }} return s; }}', "fine"),
    (f'@{{ var hs = {HEADERS}; return hs.GetValueOrDefault("X-Id", ""); }}', "fine"),
    (f'@{{ var hs = {HEADERS}; return hs.GetValueOrDefault("Cookie", ""); }}', "fail"),
    (f'@{{ var o = new JObject(); o["a"] = {given("api-key")}; return o.ToString(); }}', "fail"),
    (f"@{{ var b = new StringBuilder(); b.Append({given('api-key')}); return b.ToString(); }}", "fail"),
    ('@{ string[] v; context.Request.Headers.TryGetValue("Authorization", out v); return "x"; }', "fine"),
    ("@(context.Subscription?.Key)", "fail"),
    ("@(context.Subscription?.Id + context.Subscription?.Name)", "fine"),
    (f"@({given('Authorization')}.AsBasic()?.Password)", "fail"),
    (f"@({given('Authorization')}.AsBasic()?.UserId)", "fine"),
    ("@(context.Request.Url.Path)", "fine"),
    ("@(context.Request.OriginalUrl.ToString())", "note"),
    ("@(context.Request.Body.As<string>(true))", "review"),
    ('@((string)context.Request.Body.As<JObject>(true)["model"])', "fine"),
    ('@((int)context.Variables["promptTokens"])', "fine"),
    ('@(((Jwt)context.Variables["jwt"]).Claims["email"].First())', "fine"),
    ("{{key}}", "fail"),
    ("{{region}}", "fine"),
    ("token: @(context.RequestId)", "fine"),
    (f"token: @({given('Authorization')})", "review"),
    (f"@({given('X-Session-Token')})", "review"),
    (f"@({given('X-Correlation-Id')})", "fine"),
]


@pytest.mark.parametrize(("text", "weight"), WRITTEN)
def test_what_goes_to_a_trace(text: str, weight: str) -> None:
    xml = f'<trace source="orders"><message>{text}</message></trace>'
    assert said(xml, Rule.CREDENTIALS_WRITTEN, key=Secret(), region="west") == weight


def test_where_credentials_may_go() -> None:
    own = header("Authorization", f"@({given('Authorization')})")
    assert said(own, Rule.CREDENTIALS_WRITTEN) == ""
    assert said(f"<send-request>{own}</send-request>", Rule.CREDENTIALS_WRITTEN) == ""
    assert said(f"<send-one-way-request>{own}</send-one-way-request>", Rule.CREDENTIALS_WRITTEN) == "review"
    assert said(f"<return-response>{own}</return-response>", Rule.CREDENTIALS_WRITTEN) == "fail"
    assert said(own, Rule.CREDENTIALS_WRITTEN, "outbound") == "fail"
    cookie = header("Set-Cookie", f'@({given("Cookie")} + "; Path=/")')
    assert said(cookie, Rule.CREDENTIALS_WRITTEN, "outbound") == "fine"


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("@(context.LastError.Message)", "fail"),
        ("@(context.LastError?.Message)", "fail"),
        ("@(JsonConvert.SerializeObject(context.LastError))", "fail"),
        ("@{ var e = context.LastError; return e.Message; }", "fail"),
        ("@{ var e = context.LastError; return e.Reason; }", "note"),
        ('@(context.LastError.Message.Contains("timeout") ? "Try again" : "No")', "fine"),
        ("Not possible.", "fine"),
    ],
)
def test_what_answers_tell_of_errors(text: str, weight: str) -> None:
    xml = f"<set-body>{text}</set-body>"
    assert said(xml, Rule.ERROR_DETAILS, "on-error") == weight
    assert said(f"<send-request>{xml}</send-request>", Rule.ERROR_DETAILS, "on-error") == ""


def test_self_reference_ends() -> None:
    xml = '<set-variable name="a" value="@((string)context.Variables["a"] + "x")"/>'
    text = '@{ var a = "x"; a = a + a; return a + (string)context.Variables["a"]; }'
    assert (
        said(f'{xml}<trace source="s"><message>{text}</message></trace>', Rule.CREDENTIALS_WRITTEN) == "fine"
    )
