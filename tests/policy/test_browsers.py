"""Which origins policies let call, in ``cors`` and in headers that they write themselves."""

from __future__ import annotations

import pytest

from auditor.apim.policy.issues import Rule, Weight
from tests.policy.ruled import said

OWN = '@(context.Request.Headers.GetValueOrDefault("Origin",""))'
ASKED = (
    '@(new [] { "https://a.example" }.Contains(context.Request.Headers.GetValueOrDefault("Origin","")) '
    '? context.Request.Headers.GetValueOrDefault("Origin","") : "https://a.example")'
)


def origins(*names: str) -> list[Weight]:
    listed = "".join(f"<origin>{name}</origin>" for name in names)
    return said(f"<cors><allowed-origins>{listed}</allowed-origins></cors>", Rule.CROSS_ORIGIN)


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("https://a.example", Weight.FINE),
        ("https://a.example:8443", Weight.FINE),
        ("https://a.example/", Weight.FINE),
        ("capacitor://localhost", Weight.FINE),
        ("*", Weight.FAIL),
        ("http://a.example", Weight.WEAK),
        ("http://localhost:3000", Weight.NOTE),
        ("null", Weight.REVIEW),
        ("NULL", Weight.REVIEW),
        ("https://*", Weight.REVIEW),
        ("https://*.a.example", Weight.REVIEW),
        ("a.example", Weight.REVIEW),
        ("https://a.example/path", Weight.REVIEW),
        ("https://", Weight.REVIEW),
        (OWN, Weight.FAIL),
        (ASKED, Weight.REVIEW),
    ],
)
def test_an_origin(name: str, weight: Weight) -> None:
    assert weight in origins(name)
    assert (Weight.FAIL in origins(name)) is (weight is Weight.FAIL)


def header(value: str, name: str = "Access-Control-Allow-Origin", action: str = "override") -> str:
    return f'<set-header name="{name}" exists-action="{action}"><value>{value}</value></set-header>'


def document(inbound: str = "", outbound: str = "", error: str = "") -> str:
    return (
        f"<policies><inbound>{inbound}</inbound><backend><forward-request /></backend>"
        f"<outbound>{outbound}</outbound><on-error>{error}</on-error></policies>"
    )


def choose(inner: str) -> str:
    return f'<choose><when condition="@(context.Request.Method == &quot;GET&quot;)">{inner}</when></choose>'


def returned(inner: str) -> str:
    return f"<return-response>{inner}</return-response>"


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        (document(outbound=header("*")), [Weight.FAIL]),
        (document(outbound=header("*", "ACCESS-control-allow-origin")), [Weight.FAIL]),
        (document(error=header(OWN)), [Weight.FAIL]),
        (document(inbound=returned(header(OWN))), [Weight.FAIL]),
        (document(outbound=choose(header(OWN))), [Weight.REVIEW]),
        (document(outbound=choose(header("*"))), [Weight.FAIL]),
        (document(outbound=header(ASKED)), [Weight.REVIEW]),
        (document(outbound=header("https://a.example")), [Weight.FINE]),
        (document(inbound=header("*")), []),
        (document(outbound=header("*", action="delete")), []),
        (document(outbound=header("*", "X-Allow-Origin")), []),
        (f"<fragment>{header('*')}</fragment>", [Weight.REVIEW]),
        (f"<fragment>{returned(header('*'))}</fragment>", [Weight.FAIL]),
    ],
)
def test_a_header_that_a_policy_writes(text: str, weights: list[Weight]) -> None:
    found = said(text, Rule.CROSS_ORIGIN)
    assert [weight for weight in found if weight in weights or weight is Weight.FAIL] == weights


def test_what_a_policy_asks_a_backend_is_none_of_its_answers() -> None:
    asked = f"<send-request><set-url>https://b.example</set-url>{header('*')}</send-request>"
    assert said(document(outbound=asked), Rule.CROSS_ORIGIN) == []
