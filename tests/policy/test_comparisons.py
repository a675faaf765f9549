"""What certificates and tokens are compared with: how people get it wrong, and what only looks like it."""

from __future__ import annotations

import pytest

from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.looks import Look, Looks
from auditor.apim.policy.reader import read
from auditor.apim.policy.rules import comparisons
from auditor.apim.policy.samples import Sample, sample
from auditor.apim.policy.scopes import Library, Missing, NamedText, Secret
from auditor.apim.policy.sheets import Sheet
from tests.policy.proving import CERT, PIN, effective, inbound, when

LOW = PIN.lower()
TENANT = "5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58"
PAIRS = ":".join(PIN[i : i + 2] for i in range(0, 40, 2))


def said(body: str, rule: Rule, named: dict[str, NamedText] | None = None) -> set[Weight]:
    sheet = Sheet(read(inbound(body)), Library({}, named or {}))
    return {each.weight for each in comparisons.issues(sheet) if each.rule is rule}


def never(condition: str, named: dict[str, NamedText] | None = None, before: str = "") -> set[Weight]:
    return said(before + when(condition), Rule.NEVER_EQUAL, named)


def example(body: str, named: dict[str, NamedText] | None = None) -> set[Weight]:
    return said(body, Rule.PLACEHOLDER, named)


@pytest.mark.parametrize(
    ("condition", "weight"),
    [
        # Nothing is wrong.
        (f'{CERT}.Thumbprint != "{PIN}"', Weight.FINE),
        (f'"{PIN}" != {CERT}.Thumbprint', Weight.FINE),
        (f'{CERT}.Thumbprint.ToUpper() != "{LOW}".ToUpperInvariant()', Weight.FINE),
        (f'{CERT}.Thumbprint.ToLowerInvariant() != "{LOW}"', Weight.FINE),
        (f'!{CERT}.Thumbprint.Equals("{LOW}", StringComparison.OrdinalIgnoreCase)', Weight.FINE),
        (f'string.Compare({CERT}.Thumbprint, "{LOW}", true) != 0', Weight.FINE),
        (f'{CERT}.Thumbprint != "{PAIRS}".Replace(":", "")', Weight.FINE),
        (f'!"{PIN}, {PIN[::-1]}".Contains({CERT}.Thumbprint)', Weight.FINE),
        (f'!new [] {{ "{PIN}", "{PIN[::-1]}" }}.Contains({CERT}.Thumbprint)', Weight.FINE),
        (f'{CERT}.Subject != "cn=client, o=orders"', Weight.FINE),
        (f'{CERT}.Issuer.ToLower() != "cn=ca: west-1"', Weight.FINE),
        (f'Convert.ToBase64String({CERT}.GetCertHash()) != "zFudPuT25TaJh9A2SUc1AiPqkpI="', Weight.FINE),
        (f'{CERT}.SerialNumber != "0A1B2C"', Weight.FINE),
        # It can never hold.
        (f'{CERT}.Thumbprint != "{LOW}"', Weight.FAIL),
        (f'{CERT}.Thumbprint == "{LOW}"', Weight.FAIL),
        (f'{CERT} == null || !{CERT}.Verify() || {CERT}.GetCertHashString() != "{LOW}"', Weight.FAIL),
        (f'{CERT}.Verify() || {CERT}.Thumbprint != "{LOW}"', Weight.FAIL),
        (f'{CERT}.Thumbprint != "{PAIRS}"', Weight.FAIL),
        (f'{CERT}.Thumbprint != "{PIN[:20]} {PIN[20:]}"', Weight.FAIL),
        (f'{CERT}.Thumbprint != "\u200e{PIN}"', Weight.FAIL),
        (f'{CERT}.Thumbprint != "{PIN[:-1]}"', Weight.FAIL),
        (f'{CERT}.Thumbprint != "{PIN}0"', Weight.FAIL),
        (f'{CERT}.Thumbprint != "{PIN[:-1]}O"', Weight.FAIL),
        (f'{CERT}.Thumbprint.ToLower() != "{PIN}"', Weight.FAIL),
        (f'{CERT}.Issuer.ToUpper() != "CN=Partner"', Weight.FAIL),
        (f'!"{PIN},{LOW}".Contains({CERT}.Thumbprint)', Weight.FAIL),
        (f'!"{PIN},{PAIRS}".Contains({CERT}.Thumbprint)', Weight.FAIL),
        (f'!new [] {{ "{PIN}", "{LOW}" }}.Contains({CERT}.Thumbprint)', Weight.FAIL),
        (f'!new HashSet<string> {{ "{LOW}" }}.Contains({CERT}.Thumbprint)', Weight.FAIL),
        (f"!\"{PIN};{LOW}\".Split(';').Any(x => x == {CERT}.Thumbprint)", Weight.FAIL),
        (f'{CERT}.SerialNumber != "0A:1B:2C"', Weight.FAIL),
        # Nobody has documented it, or it is not followed.
        (f'{CERT}.SerialNumber != "0a1b2c"', Weight.REVIEW),
        (f'{CERT}.Subject != "\u200eCN=client"', Weight.REVIEW),
        (f'{CERT}.Thumbprint != "{PIN}{PIN[:24]}"', Weight.REVIEW),
    ],
)
def test_comparisons_that_never_hold(condition: str, weight: Weight) -> None:
    assert never(condition) == {weight}


def test_text_of_named_values_counts() -> None:
    condition = f'{CERT}.Thumbprint != "{{{{pin}}}}"'
    assert never(condition, {"pin": PIN}) == {Weight.FINE}
    assert never(condition, {"pin": LOW}) == {Weight.FAIL}
    assert never(condition, {"pin": Secret()}) == {Weight.UNKNOWN}
    assert never(condition, {"pin": Missing()}) == {Weight.UNKNOWN}
    assert never("{{check}}", {"check": f'{CERT}.Thumbprint != "{LOW}"'}) == {Weight.FAIL}


def test_variables_of_the_same_document_are_followed() -> None:
    holds = f'<set-variable name="t" value="@({CERT}?.Thumbprint)" />'
    wanted = f'<set-variable name="wanted" value="{LOW}" />'
    read_it = '(string)context.Variables["t"]'
    assert never(f'{read_it} != "{LOW}"', before=holds) == {Weight.FAIL}
    assert never(f'{read_it}.ToLower() != "{LOW}"', before=holds) == {Weight.FINE}
    assert never(f'{read_it} != (string)context.Variables["wanted"]', before=holds + wanted) == {Weight.FAIL}
    assert never(f'{read_it} != "{LOW}"') == set()


def test_a_block_is_followed_and_a_loop_is_not() -> None:
    body = (
        '<choose><when condition="@{{ var c = context.Request.Certificate; {0} return true; }}">'
        "<return-response /></when></choose>"
    )
    plain = body.format(f"if (c != null &amp;&amp; c.Thumbprint == &quot;{LOW}&quot;) {{ return false; }}")
    assert said(plain, Rule.NEVER_EQUAL) == {Weight.FAIL}
    listed = f"new [] {{ &quot;{LOW}&quot; }}"
    loop = body.format(f"foreach (var x in {listed}) {{ if (c.Thumbprint == x) {{ return false; }} }}")
    assert said(loop, Rule.NEVER_EQUAL) == {Weight.REVIEW}


def test_what_compares_nothing_is_not_looked_at() -> None:
    assert never(f"{CERT} == null || !{CERT}.Verify()") == set()
    assert never(f'context.Variables.GetValueOrDefault("t","") != "{LOW}"') == set()
    assert never(f"{CERT}.NotAfter < DateTime.Now") == set()
    assert never(f'{CERT}.Thumbprint == ""') == {Weight.FINE}


def identity(**attributes: str) -> str:
    written = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    identities = f"<identities><identity {written} /></identities>"
    return f"<validate-client-certificate>{identities}</validate-client-certificate>"


@pytest.mark.parametrize(
    ("attributes", "weight"),
    [
        ({"thumbprint": PIN}, Weight.FINE),
        ({"thumbprint": LOW}, Weight.REVIEW),
        ({"thumbprint": PAIRS}, Weight.REVIEW),
        ({"thumbprint": "\u200e" + PIN}, Weight.REVIEW),
        ({"issuer_thumbprint": PIN[:-1]}, Weight.REVIEW),
        ({"thumbprint": "{{pin}}"}, Weight.UNKNOWN),
        ({"common_name": "client: west-1"}, Weight.FINE),
    ],
)
def test_identities_are_left_to_a_person(attributes: dict[str, str], weight: Weight) -> None:
    assert said(identity(**attributes), Rule.NEVER_EQUAL) == {weight}


def test_examples_in_identities() -> None:
    assert example(identity(thumbprint="certificate thumbprint")) == {Weight.FAIL}
    assert example(identity(thumbprint="0" * 40)) == {Weight.FAIL}
    assert example(identity(common_name="client.contoso.com")) == {Weight.REVIEW}
    assert example(identity(subject="CN=client, O=Orders")) == {Weight.FINE}


def jwt(metadata: str, audience: str = f"api://{TENANT}", more: str = "") -> str:
    return (
        f'<validate-jwt header-name="Authorization"><openid-config url="{metadata}" />'
        f"<audiences><audience>{audience}</audience></audiences>{more}</validate-jwt>"
    )


@pytest.mark.parametrize(
    ("body", "weight"),
    [
        (jwt(f"https://login.microsoftonline.com/{TENANT}/v2.0"), Weight.FINE),
        (jwt("https://login.microsoftonline.com/common/v2.0"), Weight.FINE),
        (jwt("https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0"), Weight.FAIL),
        (jwt("https://login.microsoftonline.com/YOUR_TENANT_ID/v2.0"), Weight.FAIL),
        (jwt("https://login.microsoftonline.com/&lt;tenant&gt;/v2.0"), Weight.FAIL),
        (jwt("https://login.microsoftonline.com/{tenant-id}/v2.0"), Weight.REVIEW),
        (jwt("https://login.microsoftonline.com/#{tenant}#/v2.0"), Weight.UNKNOWN),
        (jwt("https://login.microsoftonline.com/{{tenant}}/v2.0"), Weight.UNKNOWN),
        (jwt("https://login.plan-your-app.org/v2.0"), Weight.REVIEW),
        (jwt("https://id.orders.org/v2.0", "your-client-id"), Weight.FAIL),
        (jwt("https://id.orders.org/v2.0", "api://contoso"), Weight.REVIEW),
        (jwt("https://id.orders.org/v2.0", "insert-orders-api"), Weight.REVIEW),
        (
            jwt(
                "https://id.orders.org/v2.0",
                more='<required-claims><claim name="scp"><value>Sample.Read</value></claim>'
                "</required-claims>",
            ),
            Weight.FINE,
        ),
        (
            (
                '<validate-azure-ad-token tenant-id="@(&quot;00000000-0000-0000-0000-000000000000&quot;)">'
                f"<audiences><audience>{TENANT}</audience></audiences></validate-azure-ad-token>"
            ),
            Weight.FAIL,
        ),
        (
            (
                f'<validate-azure-ad-token tenant-id="{TENANT}"><client-application-ids><application-id>'
                "00001111-aaaa-2222-bbbb-3333cccc4444</application-id></client-application-ids>"
                "</validate-azure-ad-token>"
            ),
            Weight.FAIL,
        ),
    ],
)
def test_examples_in_tokens(body: str, weight: Weight) -> None:
    assert example(body) == {weight}


def test_messages_quote_nothing() -> None:
    typed = "Zx81-secret-value"
    condition = f'{CERT}.Thumbprint != "{typed}" || {CERT}.Issuer.ToUpper() != "{typed}"'
    issues = list(comparisons.issues(Sheet(read(inbound(when(condition) + identity(thumbprint=typed))))))
    assert issues
    assert not [each.message for each in issues if "Zx81" in each.message]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("DESIRED-THUMBPRINT-IN-UPPER-CASE", Sample.SURE),
        ("expected-subject-name", Sample.SURE),
        ("certificate DNS name", Sample.SURE),
        ("F" * 40, Sample.SURE),
        ("<issuer>", Sample.SURE),
        ("$(thumbprint)", Sample.TOKEN),
        ("__THUMBPRINT__", Sample.TOKEN),
        ("CN=expected-client", Sample.LIKELY),
        ("CN=Unexpected Ltd", None),
        ("CN=Resample AG", None),
        (PIN, None),
        (TENANT, None),
        ("", None),
    ],
)
def test_texts_of_examples(text: str, kind: Sample | None) -> None:
    assert sample(text) is kind


@pytest.mark.parametrize(
    ("body", "look"),
    [
        (when(f"{CERT} == null"), Look.CONNECTION),
        (when(f"{CERT}?.Verify() != true"), Look.CONNECTION | Look.CHAIN),
        (
            '<trace source="a"><message>@(context.Request.Certificate.Subject)</message></trace>',
            Look.CONNECTION,
        ),
        ("<validate-client-certificate />", Look.CONNECTION | Look.CHAIN),
        ('<validate-client-certificate validate-trust="false" />', Look.CONNECTION),
        (when('context.Deployment.Certificates["a"].HasPrivateKey'), Look.UPLOADED),
        (when("new X509Certificate2(new byte[1]).Verify()"), Look.NOTHING),
        (when('context.Request.Headers["Certificate"][0] == "context.Request.Certificate"'), Look.NOTHING),
        (
            '<return-response><set-status code="403" reason="Request. Certificate?" /></return-response>',
            Look.NOTHING,
        ),
        ("<!-- context.Request.Certificate -->", Look.NOTHING),
        (when("context.Request.Certificate == = null"), Look.UNCLEAR),
        ('<include-fragment fragment-id="gone" />', Look.UNREAD),
    ],
)
def test_what_statements_look_at(body: str, look: Look) -> None:
    assert Looks().of(effective(inbound(body)).reading.inbound) == look
