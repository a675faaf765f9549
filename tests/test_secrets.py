"""No credential that stands in an input reaches an output, the errors or a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.redaction import KNOWN_FORMATS
from tests.test_cli import SERVICE, template, write


def planted(secret: str) -> dict[str, Any]:
    """A template with one secret wherever one could stand."""

    def child(type_: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": f"Microsoft.ApiManagement/service/{type_}",
            "apiVersion": "2024-05-01",
            "name": "/".join(["contoso", *("x" for _ in type_.split("/"))]),
            "properties": properties,
        }

    return template(
        {
            **SERVICE,
            "properties": {
                **SERVICE["properties"],  # type: ignore[dict-item] # a mapping, whatever the values
                "certificates": [{"encodedCertificate": secret, "certificatePassword": secret}],
                "hostnameConfigurations": [
                    {
                        "type": "Proxy",
                        "hostName": "a.contoso.com",
                        "encodedCertificate": secret,
                        "certificatePassword": secret,
                    }
                ],
            },
        },
        child("namedValues", {"displayName": "n", "secret": True, "value": secret}),
        child(
            "backends",
            {
                "url": "https://b",
                "protocol": "http",
                "credentials": {
                    "header": {"x": [secret]},
                    "authorization": {"scheme": "Basic", "parameter": secret},
                },
            },
        ),
        child("loggers", {"loggerType": "azureEventHub", "credentials": {"connectionString": secret}}),
        child("identityProviders", {"clientId": "c", "clientSecret": secret}),
        child("certificates", {"data": secret, "password": secret}),
        child(
            "policies",
            {
                "value": f"<policies><inbound><a><value>{secret}</value></a></inbound></policies>",
                "format": "rawxml",
            },
        ),
        parameters={"p": {"type": "securestring", "defaultValue": secret}},
    )


def test_a_planted_secret_appears_nowhere(run: Any, tmp_path: Path) -> None:
    canary = "canary-Zq8!vT3x-secret-9Lm2"
    path = write(tmp_path / "x.json", planted(canary))
    reports = [f"{name}={tmp_path / name}.out" for name in ("html", "md", "json")]
    ran = run(
        "scan", path, "--evidence", "all", "--debug", *(part for r in reports for part in ("--report", r))
    )
    texts = [
        ran.out,
        ran.err,
        *((tmp_path / f"{n}.out").read_text(encoding="utf-8") for n in ("html", "md", "json")),
    ]
    assert not any("canary" in text for text in texts)


DENY = '<choose><when condition="@({})"><return-response /></when></choose>'
PROVED = (
    DENY.replace("{}", 'context.Request.Headers.GetValueOrDefault("k", "") != "{}"'),
    DENY.replace("{}", 'context.Request.Certificate == null || context.Request.Certificate.Issuer != "{}"'),
    '<set-variable name="{}" value="{}" /><validate-jwt header-name="{}"><audiences>{}</audiences>',
    '<include-fragment fragment-id="{}" /><set-header name="{}" exists-action="skip"><value>{}</value>',
)
"""Inbound sections with something in place of ``{}`` that nobody may see."""


@pytest.mark.parametrize("inbound", PROVED)
def test_no_literal_of_a_proved_policy_appears_anywhere(run: Any, tmp_path: Path, inbound: str) -> None:
    canary = "canary-Zq8!vT3x-secret-9Lm2"
    policy = inbound.replace("{}", canary)

    def child(type_: str, name: str, **properties: Any) -> dict[str, Any]:
        full = f"Microsoft.ApiManagement/service/{type_}"
        return {"type": full, "apiVersion": "2024-05-01", "name": f"contoso/{name}", "properties": properties}

    resources = [
        SERVICE,
        child("apis", "a", path="a", protocols=["https"], subscriptionRequired=False),
        child("apis/operations", "a/o", method="GET", urlTemplate="/"),
        child(
            "apis/policies",
            "a/policy",
            value=f"<policies><inbound>{policy}</inbound></policies>",
            format="rawxml",
        ),
        child("policies", "policy", value=f"<policies><inbound>{policy}</inbound></policies>"),
    ]
    path = write(tmp_path / "x.json", template(*resources))
    reports = [part for n in ("html", "md", "json") for part in ("--report", f"{n}={tmp_path / n}.out")]
    ran = run("scan", path, "--complete", "--evidence", "all", "--debug", *reports)
    texts = [
        ran.out,
        ran.err,
        *((tmp_path / f"{n}.out").read_text(encoding="utf-8") for n in ("html", "md", "json")),
    ]
    assert "apim.im-4.certificate-validated" in texts[-1]
    assert not any("canary" in text for text in texts)


@pytest.mark.parametrize("name", sorted({name for name, _ in KNOWN_FORMATS}))
def test_a_known_credential_in_free_text_appears_nowhere(run: Any, tmp_path: Path, name: str) -> None:
    import random

    secret = next(make for known, make in KNOWN_FORMATS if known == name)(random.Random(7))
    service = {
        **SERVICE,
        "tags": {"note": secret},
        "properties": {"virtualNetworkType": secret, "publisherName": secret},
    }
    api = {
        "type": "Microsoft.ApiManagement/service/apis",
        "apiVersion": "2024-05-01",
        "name": "contoso/a",
        "properties": {
            "serviceUrl": f"http://b.contoso.com/?x={secret}",
            "description": secret,
            "protocols": [secret],
        },
    }
    path = write(tmp_path / "x.json", template(service, api))
    ran = run("scan", path, "--report", f"json={tmp_path / 'r.json'}", "--evidence", "all")
    told = ran.out + ran.err + (tmp_path / "r.json").read_text(encoding="utf-8")
    assert secret not in told
    assert json.dumps(secret)[1:-1] not in told
