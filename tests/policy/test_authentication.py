"""Who is served with nothing, a key, a secret, a certificate, a token."""

from __future__ import annotations

import pytest

from auditor.apim.policy.authentication import Proof, Standing, authentication_verdict
from auditor.apim.policy.compose import Composer
from auditor.apim.policy.issues import Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import (
    Api,
    Context,
    Opens,
    Operation,
    Place,
    Policies,
    Product,
    Scope,
    Subscription,
    Unreadable,
)
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.tokens import Flaw, TokenGate, assess
from tests.policy.proving import CERT, FULL, JWT, effective, entrances, inbound, sections, when

CONFIG = "https://login.microsoftonline.com/5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58/v2.0/.well-known/openid-configuration"
AUDIENCE = "<audiences><audience>api://orders</audience></audiences>"
HEADER = 'context.Request.Headers.GetValueOrDefault("{}", "")'


@pytest.mark.parametrize(
    ("body", "key", "proof", "standing"),
    [
        ("", False, Proof.NOTHING, Standing.FAIL),
        ("", True, Proof.KEY, Standing.WEAK),
        (JWT, False, Proof.ENTRA, Standing.PASS),
        (JWT, True, Proof.ENTRA, Standing.PASS),
        (
            JWT.replace("login.microsoftonline.com", "idp.northwind.example"),
            False,
            Proof.TOKEN,
            Standing.PASS,
        ),
        (
            JWT.replace("<validate-jwt", '<validate-jwt require-signed-tokens="false"'),
            False,
            Proof.NOTHING,
            Standing.FAIL,
        ),
        (when(FULL), False, Proof.CERTIFICATE, Standing.WEAK),
        (when(f"{CERT} == null || !{CERT}.Verify()"), False, Proof.NOTHING, Standing.FAIL),
        (when(f"{CERT} == null"), True, Proof.KEY, Standing.WEAK),
        (
            '<check-header name="X-Key"><value>{{key}}</value></check-header>',
            False,
            Proof.SECRET,
            Standing.WEAK,
        ),
        ('<check-header name="X-Key" />', False, Proof.NOTHING, Standing.FAIL),
        (
            '<ip-filter action="allow"><address>10.0.0.1</address></ip-filter>',
            False,
            Proof.ADDRESS,
            Standing.FAIL,
        ),
        (
            '<ip-filter action="forbid"><address>10.0.0.1</address></ip-filter>',
            False,
            Proof.NOTHING,
            Standing.FAIL,
        ),
        (when(HEADER.format("X-Key") + ' != "{{key}}"'), False, Proof.SECRET, Standing.WEAK),
        (
            when(HEADER.format("Authorization") + '.AsBasic()?.Password != "pa55"'),
            False,
            Proof.SECRET,
            Standing.WEAK,
        ),
        (when(HEADER.format("X-Kind") + ' == "a"', JWT), False, Proof.NOTHING, Standing.FAIL),
        (
            when(HEADER.format("X-Kind") + ' == "a"', JWT, otherwise=when(FULL)),
            False,
            Proof.CERTIFICATE,
            Standing.WEAK,
        ),
        ('<mock-response status-code="200" />' + JWT, False, Proof.NOTHING, Standing.FAIL),
        (JWT + '<mock-response status-code="200" />', False, Proof.ENTRA, Standing.PASS),
        ("<choose><otherwise>" + JWT + "</otherwise></choose>", False, Proof.ENTRA, Standing.PASS),
    ],
)
def test_weakest_way_in(body: str, key: bool, proof: Proof, standing: Standing) -> None:
    found = entrances(body, key)
    assert (found.weakest, found.standing) == (proof, standing), found.reason


def test_nobody_is_served() -> None:
    found = entrances('<return-response><set-status code="401" /></return-response>')
    assert (found.standing, found.possible) == (Standing.CLOSED, None)


def test_parsed_tokens_prove_nothing() -> None:
    body = when(HEADER.format("Authorization") + '.AsJwt()?.Claims.GetValueOrDefault("role", "") != "admin"')
    found = entrances(body)
    assert found.standing is Standing.FAIL
    assert [str(kind) for kind, _ in found.remarks] == ["token-parsed-only"]


def test_gate_on_a_variable_nobody_writes_never_runs() -> None:
    """One name is written, another one is read."""
    body = (
        '<set-variable name="entra-validate" value="{{entra-auth}}" />'
        '<choose><when condition="@(context.Variables.GetValueOrDefault(&quot;entra-auth&quot;, &quot;&quot;)'
        f' == &quot;true&quot;)">{JWT}</when></choose>'
    )
    assert (entrances(body).weakest, entrances(body).standing) == (Proof.NOTHING, Standing.FAIL)


def test_gate_on_a_named_value_is_for_a_person() -> None:
    found = entrances(when("{{tokens-on}}", JWT))
    assert (found.standing, found.weakest, found.possible) == (Standing.MANUAL, Proof.ENTRA, Proof.NOTHING)
    assert "{{tokens-on}}" in found.reason


def authoriser(ignore: str, condition: str) -> str:
    return (
        f'<send-request mode="new" response-variable-name="r" ignore-error="{ignore}">'
        "<set-url>https://auth.example/</set-url></send-request>" + when(condition)
    )


def test_authoriser_decides_outside() -> None:
    strict = '((IResponse)context.Variables["r"]).StatusCode != 200'
    assert entrances(authoriser("false", strict)).standing is Standing.MANUAL
    # Without a response this throws: closed either way, and still another service's word.
    assert entrances(authoriser("true", strict)).standing is Standing.MANUAL


def test_readings_have_to_agree() -> None:
    policies = Policies(
        {
            Place(Scope.API, "a"): read("<policies><outbound/></policies>"),
            Place(Scope.GLOBAL): read(sections(inbound=JWT)),
        }
    )
    found = authentication_verdict(Composer(policies).effective(Api("a")), Context(key=False))
    assert found.standing is Standing.MANUAL
    assert any("section" in operand for each in found.entrances for operand in each.operands)


def test_unread_documents_are_never_a_pass() -> None:
    policies = Policies(
        {
            Place(Scope.API, "a"): read(sections(inbound="<base/>" + JWT)),
            Place(Scope.GLOBAL): Unreadable("a link"),
        }
    )
    found = authentication_verdict(Composer(policies).effective(Api("a")), Context(key=False))
    assert found.standing is Standing.MANUAL


# -- over all contexts ---------------------------------------------------------------------------------

GOLD = Product("gold", subscription_required=True, apis=frozenset({"orders"}))
ORDERS = Api("orders", name="orders", subscription_required=True)


def service(product: str, *subscriptions: Subscription, products: tuple[Product, ...] = (GOLD,)) -> Prover:
    documents = {Place(Scope.PRODUCT, each.id): read(sections(inbound=product)) for each in products}
    return Prover(Composer(Policies(documents, products=products, subscriptions=subscriptions)))


def test_what_only_a_product_asks_for_is_bypassed_with_a_wide_key() -> None:
    assert service(JWT).authentication(ORDERS).standing is Standing.PASS
    found = service(JWT, Subscription(Opens.SERVICE)).authentication(ORDERS)
    assert (found.standing, found.weakest) == (Standing.WEAK, Proof.KEY)
    weak = next(each for each in found.entrances if each.proof is Proof.KEY)
    assert str(weak.context) == "with a key, no product"


def test_open_product_overrides_the_apis_own_setting() -> None:
    free = Product("free", subscription_required=False, apis=frozenset({"orders"}))
    found = service("<base/>", products=(GOLD, free)).authentication(ORDERS)
    assert (found.standing, found.weakest) == (Standing.FAIL, Proof.NOTHING)


def test_contexts_that_were_not_listed_are_for_a_person() -> None:
    prover = Prover(Composer(Policies({}, products=(), subscriptions=None)))
    assert prover.authentication(ORDERS).standing is Standing.MANUAL


def test_operations_that_share_a_policy_share_the_proof() -> None:
    documents = {Place(Scope.API, "orders"): read(inbound(when(FULL)))}
    prover = Prover(Composer(Policies(documents)))
    api = Api("orders", subscription_required=False)
    first, second = (next(prover.arriving(api, Operation(name))) for name in "ab")
    assert first.effective is second.effective
    assert prover.certificate(first) == prover.certificate(second)
    assert prover.entrances(first).entrances == prover.entrances(second).entrances


# -- tokens --------------------------------------------------------------------------------------------


def gate(text: str) -> TokenGate:
    statement: Statement = effective(inbound(text)).reading.inbound[0]
    return assess(statement)


def jwt(inside: str, attributes: str = 'header-name="Authorization"') -> TokenGate:
    return gate(f"<validate-jwt {attributes}>{inside}</validate-jwt>")


def flaws(found: TokenGate) -> dict[Flaw, Weight]:
    return {each.flaw: each.weight for each in found.problems}


OPENID = f'<openid-config url="{CONFIG}" />'


@pytest.mark.parametrize(
    ("inside", "attributes", "expected"),
    [
        (OPENID + AUDIENCE, "", {}),
        (OPENID, "", {Flaw.NO_AUDIENCE: Weight.FAIL}),
        (OPENID + '<required-claims><claim name="appid"><value>a</value></claim></required-claims>', "", {}),
        (
            OPENID + '<required-claims><claim name="appid" /></required-claims>',
            "",
            {Flaw.NO_AUDIENCE: Weight.FAIL},
        ),
        (OPENID + AUDIENCE, 'require-expiration-time="false"', {Flaw.NO_EXPIRY: Weight.FAIL}),
        (OPENID + AUDIENCE, 'require-signed-tokens="{{signed}}"', {Flaw.UNSIGNED: Weight.UNKNOWN}),
        (OPENID + AUDIENCE, 'clock-skew="{{skew}}"', {Flaw.SKEW: Weight.UNKNOWN}),
        ('<openid-config url="{{idp}}" />' + AUDIENCE, "", {Flaw.OPEN_METADATA: Weight.UNKNOWN}),
        ('<openid-config url="https://idp.example/{{realm}}" />' + AUDIENCE, "", {}),
        (
            '<openid-config url="https://login.microsoftonline.com/{{tenant}}/c" />' + AUDIENCE,
            "",
            {Flaw.OPEN_METADATA: Weight.UNKNOWN},
        ),
        (
            '<openid-config url="https://login.microsoftonline.com/{{tenant}}/c" />'
            "<issuers><issuer>i</issuer></issuers>" + AUDIENCE,
            "",
            {},
        ),
        (
            '<openid-config url="@((string)context.Variables[&quot;idp&quot;])" />' + AUDIENCE,
            "",
            {Flaw.REQUEST_METADATA: Weight.UNKNOWN},
        ),
        (
            '<openid-config url="@(context.Request.Url.Port == 443 ? &quot;https://a.example/c&quot; : '
            '&quot;https://b.example/c&quot;)" />' + AUDIENCE,
            "",
            {Flaw.REQUEST_METADATA: Weight.UNKNOWN},
        ),
        (OPENID + AUDIENCE, 'clock-skew="600"', {Flaw.SKEW: Weight.WEAK}),
        (OPENID + AUDIENCE, 'query-parameter-name="t"', {Flaw.QUERY: Weight.WEAK}),
        (OPENID + AUDIENCE, 'failed-validation-httpcode="200"', {Flaw.ODD_STATUS: Weight.NOTE}),
        (AUDIENCE, "", {Flaw.NO_KEYS: Weight.FAIL}),
        ('<openid-config url="http://idp.example/c" />' + AUDIENCE, "", {Flaw.HTTP_METADATA: Weight.FAIL}),
        (
            '<openid-config url="https://login.microsoftonline.com/common/c" />' + AUDIENCE,
            "",
            {Flaw.ANY_TENANT: Weight.FAIL},
        ),
        (
            '<openid-config url="https://login.microsoftonline.com/common/c" />'
            "<issuers><issuer>i</issuer></issuers>" + AUDIENCE,
            "",
            {},
        ),
        (
            '<openid-config url="@(&quot;https://&quot; + context.Request.Headers[&quot;h&quot;][0])" />'
            + AUDIENCE,
            "",
            {Flaw.REQUEST_METADATA: Weight.FAIL},
        ),
        (
            "<issuer-signing-keys><key>c2VjcmV0</key></issuer-signing-keys>" + AUDIENCE,
            "",
            {Flaw.NO_ISSUER: Weight.WEAK, Flaw.SYMMETRIC: Weight.WEAK, Flaw.LITERAL_KEY: Weight.FAIL},
        ),
        (
            "<issuer-signing-keys><key>{{k}}</key></issuer-signing-keys><issuers><issuer>i</issuer></issuers>"
            + AUDIENCE,
            "",
            {Flaw.SYMMETRIC: Weight.WEAK},
        ),
        (
            OPENID + "<audiences><audience>@(context.Request.OriginalUrl.Host)</audience></audiences>",
            "",
            {Flaw.REQUEST_AUDIENCE: Weight.REVIEW},
        ),
        (
            OPENID + "<audiences><audience>[your-client-id]</audience></audiences>",
            "",
            {Flaw.PLACEHOLDER: Weight.REVIEW},
        ),
    ],
)
def test_validate_jwt(inside: str, attributes: str, expected: dict[Flaw, Weight]) -> None:
    assert flaws(jwt(inside, attributes)) == expected


@pytest.mark.parametrize(
    ("tenant", "inside", "expected"),
    [
        ("5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58", AUDIENCE, {Flaw.ANY_CLIENT: Weight.NOTE}),
        ("5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58", "", {Flaw.NO_AUDIENCE: Weight.FAIL}),
        (
            "{{tenant}}",
            AUDIENCE + "<client-application-ids><application-id>a</application-id></client-application-ids>",
            {Flaw.ANY_TENANT: Weight.UNKNOWN},
        ),
        (
            "5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58",
            "<client-application-ids><application-id>a</application-id></client-application-ids>",
            {Flaw.NO_AUDIENCE: Weight.WEAK},
        ),
        ("organizations", AUDIENCE, {Flaw.ANY_TENANT: Weight.FAIL, Flaw.ANY_CLIENT: Weight.NOTE}),
    ],
)
def test_validate_azure_ad_token(tenant: str, inside: str, expected: dict[Flaw, Weight]) -> None:
    found = gate(f'<validate-azure-ad-token tenant-id="{tenant}">{inside}</validate-azure-ad-token>')
    assert found.entra
    assert flaws(found) == expected


def test_unsound_tokens_are_no_pass() -> None:
    no_audience = JWT.replace(AUDIENCE, "")
    found = entrances(no_audience)
    assert (found.weakest, found.standing) == (Proof.ENTRA, Standing.WEAK)
    assert "audience" in found.reason
