"""Policies on client certificates joined with what the gateway asks for: what decides, and what must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Finding
from auditor.model.verdict import Severity, Status
from controls import catalogue
from tests.judging import findings, inventory_of, status_of
from tests.policy.proving import CERT, DENY, FULL, JWT, PIN, when

BY_ID = {check.id: check for check in catalogue().checks}
KIND = "Microsoft.ApiManagement/service"
DEFAULT = {"type": "Proxy", "hostName": "contoso-apim.azure-api.net", "negotiateClientCertificate": False}
CUSTOM = {"type": "Proxy", "hostName": "api.contoso.example", "negotiateClientCertificate": True}
HEADER = 'context.Request.Headers.GetValueOrDefault("X-Client-Cert","")'
UPLOADED = f"context.Deployment.Certificates.Any(c => c.Value.Thumbprint == {CERT}.Thumbprint)"


def resource(kind: str, name: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "apiVersion": "2024-05-01", "name": name, "properties": properties, **more}


def policy(kind: str, name: str, inbound: str) -> dict[str, Any]:
    text = f"<policies><inbound><base/>{inbound}</inbound><backend><base/></backend></policies>"
    return resource(
        f"{KIND}/{kind}policies", f"contoso-apim/{name}policy", {"format": "rawxml", "value": text}
    )


def judged(
    tmp_path: Path,
    check_id: str,
    api: str,
    *more: dict[str, Any],
    sku: str = "Developer",
    complete: bool = True,
    **service: Any,
) -> list[Finding]:
    """The findings of one check on a service with one API, one operation and a key that opens it."""
    resources = [
        resource(KIND, "contoso-apim", service, sku={"name": sku, "capacity": 1}),
        resource(
            f"{KIND}/apis",
            "contoso-apim/orders",
            {"path": "orders", "protocols": ["https"], "subscriptionRequired": True},
        ),
        resource(
            f"{KIND}/apis/operations",
            "contoso-apim/orders/list",
            {"displayName": "list", "method": "GET", "urlTemplate": "/"},
        ),
        resource(f"{KIND}/subscriptions", "contoso-apim/key", {"scope": "/apis/orders", "state": "active"}),
        policy("apis/", "orders/", api),
        *more,
    ]
    path = tmp_path / ("input-complete.json" if complete else "input.json")
    path.write_text(
        json.dumps(
            {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "resources": resources,
            }
        ),
        encoding="utf-8",
    )
    return findings(inventory_of(path), [BY_ID[f"apim.im-4.{check_id}"]])


def one(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


# -- what the gateway asks for ---------------------------------------------------------------------------


def test_one_api_of_two_that_looks_is_enough(tmp_path: Path) -> None:
    other = resource(f"{KIND}/apis", "contoso-apim/stock", {"path": "stock", "protocols": ["https"]})
    found = judged(tmp_path, "certificate-requested", when(FULL), other, hostnameConfigurations=[DEFAULT])
    assert status_of(found) is Status.FAIL
    assert "orders" in found[0].message


def test_a_policy_that_surely_looks_decides_though_not_all_was_read(tmp_path: Path) -> None:
    found = judged(
        tmp_path, "certificate-requested", when(FULL), hostnameConfigurations=[DEFAULT], complete=False
    )
    assert one(found).status in {Status.FAIL, Status.UNKNOWN}
    assert one(found).status is not Status.NOT_APPLICABLE


def test_a_global_policy_counts_for_every_api(tmp_path: Path) -> None:
    text = f"<policies><inbound>{when(FULL)}</inbound><backend><forward-request/></backend></policies>"
    above = resource(f"{KIND}/policies", "contoso-apim/policy", {"format": "rawxml", "value": text})
    found = judged(tmp_path, "certificate-requested", "", above, hostnameConfigurations=[DEFAULT])
    assert one(found).status is Status.FAIL
    assert "global policy" in one(found).message
    cut = policy("apis/operations/", "orders/list/", "")
    cut["properties"]["value"] = "<policies><inbound/><backend><base/></backend></policies>"
    found = judged(tmp_path, "certificate-requested", "", above, cut, hostnameConfigurations=[DEFAULT])
    assert one(found).status is Status.NOT_APPLICABLE


def test_a_look_that_decides_nothing_fails_low(tmp_path: Path) -> None:
    sent = '<set-header name="X-Who"><value>@(context.Request.Certificate?.Subject)</value></set-header>'
    found = one(judged(tmp_path, "certificate-requested", sent, hostnameConfigurations=[DEFAULT]))
    assert (found.status, found.severity) == (Status.FAIL, Severity.LOW)
    found = one(judged(tmp_path, "certificate-requested", when(FULL), hostnameConfigurations=[DEFAULT]))
    assert (found.status, found.severity) == (Status.FAIL, Severity.HIGH)


def test_messages_quote_no_condition(tmp_path: Path) -> None:
    checks = ("certificate-requested", "certificate-validated", "default-host-bypass", "private-ca")
    for check in checks:
        for hosts in ([DEFAULT], [DEFAULT, CUSTOM]):
            text = json.dumps(
                [
                    (each.message, each.details)
                    for each in judged(tmp_path, check, when(FULL), hostnameConfigurations=hosts)
                ],
                default=str,
            )
            assert PIN not in text
            assert "Verify()" not in text


# -- other host names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api", "status"),
    [
        (when(FULL), Status.PASS),
        (when(f'{CERT}?.Thumbprint != "{PIN}"'), Status.PASS),
        (when(f"{CERT} == null"), Status.PASS),
        (when(f"{CERT} != null && !{CERT}.Verify()"), Status.FAIL),
        (when(f"{CERT}?.Verify() == false"), Status.FAIL),
        # Whoever has no certificate brings a token: that is no way around the certificate.
        (when(f"{CERT} == null", JWT, otherwise=when(FULL)), Status.PASS),
        # Which paths lead to an operation is not documented to the letter.
        (when(f'context.Request.Url.Path != "/open" && ({FULL})'), Status.UNKNOWN),
        (when(f'context.Request.Headers["X"][0] != "open" && ({FULL})'), Status.FAIL),
        (
            when('context.Request.OriginalUrl.Host == "api.contoso.example" && ' + f"{CERT} == null"),
            Status.MANUAL,
        ),
        (when(f'"{{{{mtls}}}}" == "on" && {CERT} == null'), Status.UNKNOWN),
        ("<include-fragment fragment-id='gone' />" + when(FULL), Status.UNKNOWN),
        ("", Status.NOT_APPLICABLE),
    ],
)
def test_ways_around_the_question(tmp_path: Path, api: str, status: Status) -> None:
    found = judged(tmp_path, "default-host-bypass", api, hostnameConfigurations=[DEFAULT, CUSTOM])
    assert one(found).status is status, one(found).message


# -- headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api", "status"),
    [
        (when(f'{HEADER} != "{PIN}"'), Status.FAIL),
        (when(f"string.IsNullOrEmpty({HEADER})"), Status.FAIL),
        ('<check-header name="X-SSL-Client-Verify"><value>SUCCESS</value></check-header>', Status.FAIL),
        # The certificate of the connection decides all the same.
        (when(FULL) + when(f'{HEADER} == ""'), Status.NOT_APPLICABLE),
        # Either is enough: whoever writes the header gets in.
        (when(f'{CERT} == null && {HEADER} != "{PIN}"'), Status.FAIL),
        (JWT + when(f'{HEADER} != "{PIN}"'), Status.MANUAL),
        (
            '<check-header name="X-Azure-FDID"><value>5f2c7a9e-8d41-4b06</value></check-header>'
            + when(f'{HEADER} != "{PIN}"'),
            Status.MANUAL,
        ),
        (
            '<ip-filter action="allow"><address>10.0.0.4</address></ip-filter>' + when(f'{HEADER} == ""'),
            Status.MANUAL,
        ),
        # A block list and a list of everybody keep nobody out.
        (
            '<ip-filter action="forbid"><address>10.0.0.4</address></ip-filter>' + when(f'{HEADER} == ""'),
            Status.FAIL,
        ),
        (when('context.Request.Headers.GetValueOrDefault("X-Forwarded-Client-Ip","") == ""'), Status.MANUAL),
        (when('context.Request.Headers.GetValueOrDefault("X-Tenant","") == ""'), Status.NOT_APPLICABLE),
        (when(f'"{{{{mtls}}}}" == "on" && {HEADER} == ""'), Status.MANUAL),
    ],
)
def test_certificates_in_headers(tmp_path: Path, api: str, status: Status) -> None:
    found = one(judged(tmp_path, "header-forwarded-certificate", api, sku="Consumption"))
    assert found.status is status, found.message


# -- uploaded certificates -------------------------------------------------------------------------------


def certificate(name: str, **properties: Any) -> dict[str, Any]:
    vault = {"secretIdentifier": f"https://contoso-vault.vault.azure.net/secrets/{name}"}
    return resource(f"{KIND}/certificates", f"contoso-apim/{name}", {"keyVault": vault, **properties})


OUTWARD = '<authentication-certificate certificate-id="Warehouse" />'


@pytest.mark.parametrize(
    ("api", "status"),
    [
        (when(f"{CERT} == null || !{CERT}.Verify() || !{UPLOADED}") + OUTWARD, Status.FAIL),
        (when(f"{CERT} == null || !{UPLOADED}") + OUTWARD, Status.FAIL),
        (
            when(
                f"{CERT} == null || !context.Deployment.Certificates.Values.Any(c => c.Thumbprint == "
                f"{CERT}.Thumbprint)"
            )
            + OUTWARD,
            Status.FAIL,
        ),
        (when(f"{CERT} == null || !{UPLOADED}"), Status.MANUAL),
        # The list narrows nothing, or is narrowed itself.
        (when(f"{CERT} == null || !{CERT}.Verify()") + OUTWARD, Status.NOT_APPLICABLE),
        (when(f"{FULL} || !{UPLOADED}") + OUTWARD, Status.NOT_APPLICABLE),
        (OUTWARD, Status.NOT_APPLICABLE),
    ],
)
def test_uploaded_certificates_as_a_list_of_callers(tmp_path: Path, api: str, status: Status) -> None:
    found = one(
        judged(tmp_path, "uploaded-certificates", api, certificate("warehouse"), certificate("partner"))
    )
    assert found.status is status, found.message
    if status is Status.FAIL:
        assert "warehouse" in found.message
        assert "partner" not in found.message


# -- what is told with the proof -------------------------------------------------------------------------


def test_the_way_to_the_policy_is_told_and_changes_nothing(tmp_path: Path) -> None:
    found = one(judged(tmp_path, "certificate-validated", when(FULL), hostnameConfigurations=[DEFAULT]))
    assert found.status is Status.PASS
    assert "asks for no certificate under any host name" in found.message
    asked = one(judged(tmp_path, "certificate-validated", when(FULL), hostnameConfigurations=[CUSTOM]))
    assert (asked.status, "under any host name" in asked.message) == (Status.PASS, False)


def test_failures_name_their_rule(tmp_path: Path) -> None:
    for condition, rule in (
        (f"{CERT} == null", "certificate-not-validated"),
        (f'{CERT}?.Thumbprint != "{PIN}"', "certificate-weakly-validated"),
    ):
        found = one(judged(tmp_path, "certificate-validated", when(condition)))
        details: Any = found.details
        assert (found.status, details["rules"]) == (Status.FAIL, [rule])


def test_signing_with_an_uploaded_certificate_is_no_look(tmp_path: Path) -> None:
    key = "context.Deployment.Certificates[&quot;a&quot;].GetRSAPrivateKey()"
    signs = f'<set-variable name="key" value="@({key})" />'
    for check in ("certificate-validated", "certificate-requested", "uploaded-certificates"):
        found = judged(tmp_path, check, signs + DENY, hostnameConfigurations=[DEFAULT])
        assert one(found).status is Status.NOT_APPLICABLE, check
