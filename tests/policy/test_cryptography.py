"""Weak cryptography in code, by what it is used for."""

from __future__ import annotations

import pytest

from auditor.apim.policy.issues import Rule, Weight
from tests.policy.ruled import said

FAIL, REVIEW, UNKNOWN = Weight.FAIL, Weight.REVIEW, Weight.UNKNOWN
NOTE, FINE = Weight.NOTE, Weight.FINE

BODY = "context.Request.Body.As<byte[]>(true)"
MD5 = f"@(Convert.ToBase64String(MD5.Create().ComputeHash({BODY})))"
DRAW = "@(new Random().Next(1, 100).ToString())"


def weights(text: str) -> list[Weight]:
    return said(text, Rule.WEAK_CRYPTOGRAPHY)


def header(name: str, value: str) -> str:
    return f'<set-header name="{name}" exists-action="override"><value>{value}</value></set-header>'


def variable(name: str, value: str) -> str:
    return f'<set-variable name="{name}" value="{value}" />'


@pytest.mark.parametrize(
    ("code", "weight"),
    [
        (f"@(Convert.ToBase64String(new HMACSHA1(key).ComputeHash({BODY})))", FAIL),
        (
            f"@(Convert.ToBase64String(new System.Security.Cryptography.HMACMD5(key).ComputeHash({BODY})))",
            FAIL,
        ),
        (f'@(HMAC.Create("HMACSHA1").ComputeHash({BODY}))', FAIL),
        (f"@{{ using (var mac = new HMACSHA1(key)) {{ return mac.ComputeHash({BODY}); }} }}", FAIL),
        (f'@({BODY}.Encrypt("DES", key, iv))', FAIL),
        (f'@({BODY}.Decrypt("TripleDES", key, iv))', FAIL),
        ("@{ algorithm.Mode = CipherMode.ECB; return algorithm; }", FAIL),
        ("@(rsa.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1))", FAIL),
        (f"@(Convert.ToBase64String(SHA1.Create().ComputeHash({BODY})))", REVIEW),
        (f'@(Convert.ToBase64String(SHA1.Create("SHA1").ComputeHash({BODY})))', REVIEW),
        (f"@(new SHA1Managed().ComputeHash({BODY}))", REVIEW),
        (f'@(HashAlgorithm.Create("MD5").ComputeHash({BODY}))', REVIEW),
        (MD5, REVIEW),
        (f'@({BODY}.Encrypt("{{{{cipher}}}}", key, iv))', UNKNOWN),
        (f"@({BODY}.Encrypt(cipher, key, iv))", REVIEW),
        (f'@({BODY}.Encrypt("Aes", key, iv))', FINE),
        (f"@(Convert.ToBase64String(new HMACSHA256(key).ComputeHash({BODY})))", FINE),
        (f"@(SHA256.Create().ComputeHash({BODY}))", FINE),
        ("@(rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))", FINE),
        ("@(context.Request.Method + )", UNKNOWN),
    ],
)
def test_algorithms(code: str, weight: Weight) -> None:
    assert weights(variable("found", code)) == [weight]


@pytest.mark.parametrize(
    "text",
    [
        variable("found", '@("MD5" + "new HMACSHA1(")'),
        variable("md5", "@(context.Request.Headers.GetValueOrDefault(&quot;x-md5&quot;, &quot;&quot;))"),
        header("Content-MD5", "SHA1"),
        "<!-- " + header("Authorization", MD5) + " -->",
        variable("found", "@(context.Request.Certificate.Thumbprint)"),
        variable("found", "@{ // MD5.Create()\n return Guid.NewGuid().ToString(); }"),
        "<set-body>MD5.Create()</set-body>",
    ],
)
def test_words_alone_say_nothing(text: str) -> None:
    assert weights(text) == []


def test_what_a_hash_is_for() -> None:
    assert weights(header("Authorization", MD5)) == [FAIL]
    assert weights(header("ETag", MD5)) == [NOTE]
    assert weights(header("Content-MD5", MD5)) == [NOTE]
    assert weights(header("x-hash", MD5)) == [REVIEW]
    assert weights(f'<cache-lookup-value key="{MD5}" variable-name="a" />') == [NOTE]
    assert weights(f'<rate-limit-by-key calls="1" renewal-period="1" counter-key="{MD5}" />') == [NOTE]
    assert weights(f'<choose><when condition="{MD5[:-1]} == "x")" /></choose>') == [REVIEW]


def test_variables_are_followed_to_their_use() -> None:
    read = '@((string)context.Variables["sum"])'
    key = f'<cache-store-value key="{read}" value="a" duration="1" />'
    assert weights(variable("sum", MD5) + key) == [NOTE]
    assert weights(variable("sum", MD5) + key + header("Authorization", read)) == [FAIL]
    assert weights(variable("sum", MD5) + variable("again", read) + key) == [REVIEW]
    again = '@("x" + context.Variables.GetValueOrDefault<string>("again"))'
    assert weights(variable("sum", MD5) + variable("again", read) + header("Authorization", again)) == [FAIL]
    loop = variable("sum", MD5) + variable("sum", read)
    assert weights(loop) == [REVIEW]


def test_random_numbers() -> None:
    assert weights(variable("draw", DRAW)) == [NOTE]
    assert weights('<choose><when condition="@(new Random().Next(2) == 1)" /></choose>') == [NOTE]
    assert weights(f"<set-body>{DRAW}</set-body>") == [NOTE]
    assert weights(variable("nonce", DRAW)) == [REVIEW]
    assert weights(variable("draw", DRAW) + header("x-csrf-token", '@(context.Variables["draw"])')) == [
        REVIEW
    ]
    assert weights(header("Authorization", DRAW)) == [FAIL]
    mixed = "@(SHA256.Create().ComputeHash(BitConverter.GetBytes(new Random().Next())))"
    assert weights(variable("found", mixed)) == [FINE, REVIEW]
    assert weights(variable("monkey", DRAW)) == [NOTE]
