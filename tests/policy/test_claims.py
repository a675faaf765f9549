"""Claims of tokens that nothing validated: who is believed, and what hangs on it."""

from __future__ import annotations

import pytest

from auditor.apim.policy.claims import claims
from auditor.apim.policy.scopes import Secret
from tests.policy.looking import heard, looked_at, weights
from tests.policy.proving import JWT, fragments, sections, when

AUTHORIZATION = 'context.Request.Headers.GetValueOrDefault("Authorization", "")'
PARSED = f"{AUTHORIZATION}.AsJwt()"
ROLE = f'{PARSED}?.Claims.GetValueOrDefault("roles", "") != "Orders.Write"'
HANDED_ON = f'<set-header name="X-User"><value>@({PARSED}?.Subject)</value></set-header>'
OTHER = 'context.Request.Headers.GetValueOrDefault("X-User-Token", "").AsJwt()?.Subject'


def assigned(name: str, value: str) -> str:
    return f'<set-variable name="{name}" value="@({value})" />'


def block(name: str, value: str) -> str:
    return f'<set-variable name="{name}" value="@{{ {value} }}" />'


@pytest.mark.parametrize(
    "text",
    [
        when(ROLE),
        when(f"{PARSED} == null"),
        assigned("ok", f"{AUTHORIZATION}.TryParseJwt(out var t)") + when('!(bool)context.Variables["ok"]'),
        assigned("jwt", PARSED) + when('((Jwt)context.Variables["jwt"]).Claims["aud"][0] != "orders"'),
        # Knowing a configured value is no proof where it is no secret of the caller's.
        assigned("jwt", PARSED) + when('((Jwt)context.Variables["jwt"])?.Issuer != "{{issuer}}"'),
        when(f"{AUTHORIZATION}.Split('.')[1] == null || Convert.FromBase64String({AUTHORIZATION}"
             ".Split('.')[1]) == null"),
        block("body", 'var parts = context.Request.Headers["Authorization"][0].Split(\'.\');'
                      " return Encoding.UTF8.GetString(Convert.FromBase64String(parts[1]));")
        + when('!((string)context.Variables["body"]).Contains("admin")'),
        # Another header than the one that is validated.
        JWT + when(f'{OTHER} != "orders"'),
        JWT.replace("Authorization", "X-Token") + when(ROLE),
        # No signature is checked.
        JWT.replace("<validate-jwt", '<validate-jwt require-signed-tokens="false"') + when(ROLE),
        # One issuer's tokens are validated, all others get in without.
        when(f'{PARSED}?.Issuer == "https://id.contoso.example/"', JWT),
        when("context.Request.Certificate == null || !context.Request.Certificate.Verify()") + when(ROLE),
    ],
)  # fmt: skip
def test_claims_that_decide_who_gets_in(text: str) -> None:
    assert weights(claims, text) == ["fail"]


@pytest.mark.parametrize(
    "text",
    [
        JWT + when(ROLE),
        when(ROLE) + JWT,
        HANDED_ON + JWT,
        JWT + HANDED_ON,
        when(f'{PARSED}?.Issuer == "https://id.contoso.example/"', JWT, JWT),
        when(f'{PARSED}?.Issuer == "https://id.contoso.example/"', JWT, when("true")),
        when(
            'context.Request.Headers.ContainsKey("Authorization")',
            JWT + HANDED_ON,
            when("context.Request.Certificate == null"),
        ),
        # A policy moves the token to where the claims are read.
        f'<set-header name="X-User-Token"><value>@({AUTHORIZATION})</value></set-header>{JWT}'
        + when(f'{OTHER} != "orders"'),
    ],
)
def test_claims_of_a_validated_token(text: str) -> None:
    assert heard(claims, text) == []
    assert looked_at(claims, text)


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        JWT.replace("header-name", 'output-token-variable-name="jwt" header-name')
        + when('((Jwt)context.Variables["jwt"]).Claims["aud"][0] != "orders"'),
        # User name and password, not a token.
        when(f"Encoding.UTF8.GetString(Convert.FromBase64String({AUTHORIZATION}.Substring(6)))"
             ".Split(':')[0] != \"bob\""),
        # The gateway's own token, and one that another service gave it.
        '<authentication-managed-identity resource="x" output-token-variable-name="own" />'
        + when('((string)context.Variables["own"]).AsJwt().Subject != "x"'),
        '<send-request response-variable-name="t"><set-url>https://x.contoso.example</set-url></send-request>'
        + assigned("token", '((IResponse)context.Variables["t"]).Body.As<JObject>()["token"].ToString()')
        + when('((string)context.Variables["token"]).AsJwt().Subject != "x"'),
        # A cookie that was encrypted here.
        block("session", "var parts = context.Request.Headers.GetValueOrDefault(\"Cookie\", \"\").Split('.');"
                         ' return Encoding.UTF8.GetString(Convert.FromBase64String(parts[0]).Decrypt("Aes",'
                         ' Convert.FromBase64String("{{key}}"), Convert.FromBase64String(parts[1])));')
        + when('((string)context.Variables["session"]) == ""'),
    ],
)  # fmt: skip
def test_no_token_is_taken_apart(text: str) -> None:
    assert not looked_at(claims, text)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        (HANDED_ON, "review"),
        (f'<set-backend-service base-url="@({PARSED}.Issuer)" />', "review"),
        (f'<cache-lookup-value key="@({PARSED}?.Subject)" variable-name="v" />', "review"),
        (when(f'{PARSED}?.Subject == "x"', '<set-backend-service base-url="https://x.contoso.example" />'),
         "review"),
        (f'<trace source="x"><message>@({PARSED}?.Subject)</message></trace>', "note"),
        (f'<rate-limit-by-key calls="3" renewal-period="3" counter-key="@({PARSED}?.Subject)" />', "note"),
        (when(f'{PARSED}?.Subject == "x"', '<log-to-eventhub logger-id="x">x</log-to-eventhub>'), "note"),
        (when("{{strict}}", JWT) + when(ROLE), "unknown"),
        ('<include-fragment fragment-id="entry" />' + when(ROLE), "unknown"),
        # Code that cannot be followed, and code that checks signatures by itself.
        (block("ok", 'try { return context.Request.Headers["Authorization"][0].AsJwt().Subject == "x"; }'
                     " catch { return false; }") + when('!(bool)context.Variables["ok"]'), "review"),
        (block("mac", 'return new HMACSHA256(Encoding.UTF8.GetBytes("{{key}}")).ComputeHash('
                      'Encoding.UTF8.GetBytes(context.Request.Headers["Authorization"][0]));') + when(ROLE),
         "review"),
    ],
)  # fmt: skip
def test_what_else_claims_are_used_for(text: str, weight: str) -> None:
    assert weights(claims, text, {"strict": Secret(), "key": Secret()}) == [weight]


def test_another_service_that_was_asked_about_the_token_may_have_validated_it() -> None:
    asked = (
        '<send-request response-variable-name="r"><set-url>https://x.contoso.example</set-url></send-request>'
    )
    gate = when('((IResponse)context.Variables["r"]).StatusCode != 200')
    assert weights(claims, asked + gate + when(ROLE)) == ["review"]


def test_a_fragment_that_validates_is_seen() -> None:
    include = '<include-fragment fragment-id="entry" />'
    assert weights(claims, include + when(ROLE), held=fragments(entry=JWT)) == []
    assert weights(claims, include + when(ROLE), held=fragments(entry="")) == ["fail"]


def test_claims_in_the_backend_section() -> None:
    text = sections(inbound="", backend=f"{HANDED_ON}<forward-request />")
    assert weights(claims, text) == ["review"]
    assert weights(claims, sections(inbound=JWT, backend=f"{HANDED_ON}<forward-request />")) == []
