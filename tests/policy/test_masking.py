"""What an effective policy shows: names and settings; nothing that can be a credential."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.apim.policy.compose import Composer
from auditor.apim.policy.masking import MASK
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import Place, Policies, Scope
from auditor.apim.policy.show import statement_shown
from tests.policy.test_policy_corpus import policies

CANARY = "hunter2Canary"
POSITIONS = (
    '<authentication-basic username="CANARY" password="CANARY"/>',
    '<authentication-certificate body="CANARY" password="CANARY"/>',
    '<proxy url="https://p.contoso.example:8080" username="CANARY" password="CANARY"/>',
    '<set-header name="Authorization"><value>CANARY</value></set-header>',
    '<set-header name="X-Anything"><value>Basic CANARY</value></set-header>',
    '<set-query-parameter name="code"><value>CANARY</value></set-query-parameter>',
    '<check-header name="X-Key"><value>CANARY</value></check-header>',
    '<set-variable name="v" value="CANARY"/>',
    '<set-variable name="v" value="a CANARY b"/>',
    "<set-body>CANARY</set-body>",
    '<set-backend-service base-url="https://h.contoso.example/CANARY"/>',
    '<set-backend-service base-url="https://CANARY@h.contoso.example/"/>',
    '<set-backend-service base-url="https://u:CANARY@h.contoso.example/"/>',
    '<rewrite-uri template="/path?code=CANARY"/>',
    '<rewrite-uri template="/path/CANARY0123456789abcdef"/>',
    "<send-request><set-url>https://h.contoso.example/x?sig=CANARY</set-url></send-request>",
    "<send-request><set-body>CANARY</set-body></send-request>",
    '<validate-jwt><issuer-signing-keys><key>CANARY</key></issuer-signing-keys></validate-jwt>',
    '<validate-jwt token-value="CANARY"/>',
    '<validate-jwt><decryption-keys><key>CANARY</key></decryption-keys></validate-jwt>',
    '<rate-limit-by-key calls="1" renewal-period="1" counter-key="CANARY"/>',
    '<trace source="s"><message>CANARY</message><metadata name="n" value="CANARY"/></trace>',
    "<return-response><set-body>CANARY</set-body></return-response>",
    '<emit-metric name="m" value="1"><dimension name="d" value="CANARY"/></emit-metric>',
    '<set-variable name="v" value="@("CANARY")"/>',
    '<set-variable name="v" value="@($"x{context.Api.Id}CANARY")"/>',
    """<set-variable name="v" value='@(@"CANARY")'/>""",
    "<set-variable name=\"v\" value=\"@('CANARY')\"/>",
    '<set-variable name="v" value="@{ var k = "CANARY"; return k; }"/>',
    '<set-variable name="v" value="@{ foreach (var x in new[] { "CANARY" }) { } return ""; }"/>',
    '<set-variable name="v" value="@{ try { return "CANARY"; } catch { return ""; } }"/>',
    '<set-variable name="v" value="@(((("/>CANARY',
    '<set-variable name="v" value="text @("CANARY") text"/>',
    '<set-variable name="v" value="@(context.Request.Headers.GetValueOrDefault("X-Key","CANARY"))"/>',
    '<choose><when condition="@(context.Request.Headers["X-Key"][0] == "CANARY")"/></choose>',
    '<choose><when condition="@(context.Request.Headers["X-Key"][0].Equals("CANARY"))"/></choose>',
    '<choose><when condition="@("CANARY".Equals(context.Request.Url.Query["k"][0]))"/></choose>',
    '<choose><when condition="@((string)context.Variables["Name"] == "CANARY")"/></choose>',
    '<choose><when condition="@(context.Request.Body.As<string>().Contains("CANARY"))"/></choose>',
    '<choose><when condition="@(context.Subscription.PrimaryKey == "CANARY")"/></choose>',
    '<choose><when condition="@(context.Request.Headers["Path"].First() == "CANARY")"/></choose>',
)  # fmt: skip


def shown(inbound: str) -> str:
    """An effective inbound section as it is shown, as JSON text."""
    document = read(f"<policies><inbound>{inbound}</inbound></policies>")
    composer = Composer(Policies({Place(Scope.GLOBAL): document}))
    effective = composer.of_chain((Place(Scope.GLOBAL),))
    made = [statement_shown(each) for each in effective.reading.inbound]
    return json.dumps(made, ensure_ascii=False)


@pytest.mark.parametrize("position", POSITIONS)
def test_what_can_be_a_credential_is_masked(position: str) -> None:
    text = shown(position.replace("CANARY", CANARY))
    assert CANARY not in text
    assert MASK in text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('<set-header name="X-Api" exists-action="override"><value>@(context.Api.Id)</value></set-header>',
         "@(context.Api.Id)"),
        ('<choose><when condition="@(context.Operation.Method == "PURGE")"/></choose>', "PURGE"),
        ('<choose><when condition="@(context.Request.Certificate.Thumbprint != "AB12")"/></choose>', "AB12"),
        ('<choose><when condition="@(context.Request.Headers["X-Mode"][0] == "x1y2")"/></choose>', "X-Mode"),
        ('<validate-azure-ad-token tenant-id="5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58"/>',
         "5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58"),
        ('<set-backend-service base-url="{{backend}}/v1"/>', "{{backend}}"),
        ('<set-header name="Authorization"><value>Bearer {{token}}</value></set-header>', "{{token}}"),
        ("<cors><allowed-origins><origin>https://portal.contoso.example</origin></allowed-origins></cors>",
         "https://portal.contoso.example"),
        ("<x><claim name='roles'><value>Orders.Read</value></claim></x>", "Orders.Read"),
        ('<rate-limit calls="20" renewal-period="60"/>', "20"),
        ('<rewrite-uri template="/orders/{id}"/>', "/orders/{id}"),
    ],
)  # fmt: skip
def test_names_and_settings_are_shown(written: str, said: str) -> None:
    assert said in json.loads(json.dumps(shown(written)))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCXYZ0123456789+/=!$%&*-_.:", min_size=8, max_size=40))
def test_no_text_compared_with_a_header_is_ever_shown(secret: str) -> None:
    canary = f"Zq{secret}qZ"
    assert canary not in shown(
        f'<choose><when condition="@(context.Request.Headers["X-K"][0] == "{canary}")"/></choose>'
        f'<set-header name="X-K"><value>{canary.replace("&", "&amp;")}</value></set-header>'
    )


def test_every_real_policy_is_shown(corpus: Path) -> None:
    found = 0
    for text in policies(corpus):
        document = read(text)
        composer = Composer(Policies({Place(Scope.GLOBAL): document}))
        for section in ("inbound", "backend", "outbound", "on-error"):
            for statement in composer.of_chain((Place(Scope.GLOBAL),)).reading.section(section):
                found += bool(statement_shown(statement))
    assert found > 500
