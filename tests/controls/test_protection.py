"""Secrets, certificates and encryption in transit: what turns a failure, and the logic behind verdicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.vaultrefs import has_reference, names_version
from auditor.engine import Finding, judge
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import Input, InputKind, Inventory, Origin, Resource
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.model.text import Text
from auditor.model.values import Json, Partial, Unresolved
from auditor.model.verdict import Severity, Status
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import FIXTURES, NOW
from tests.judging import status_of

CHECKS = {check.id: check for check in catalogue().checks}
GATEWAY = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security."
IDENTIFIER = "https://contoso-kv.vault.azure.net/secrets/client"


def fixture(check: str, name: str) -> Any:
    control, slug = check.split(".")
    path = FIXTURES / "controls" / control / slug / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def judged(
    check: str,
    content: Any,
    folder: Path,
    settings: dict[str, Any] | None = None,
    *,
    whole: bool = False,
) -> list[Finding]:
    file = folder / "input.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    reading = read_paths([str(file)], whole=whole)
    assert not reading.problems
    audit = Audit(reading.inventory, catalogue().knowledge, NOW, settings)
    wanted = CHECKS[f"apim.{check}"]
    return [found for service in reading.inventory.services for found in judge(wanted, audit, service)]


def at(content: Any, *path: str | int) -> Any:
    for step in path:
        content = content[step]
    return content


FIRST = (1, "value", 0, "properties")
"""The properties of the first child in an array of a service and a list."""


@pytest.mark.parametrize(
    ("check", "name", "where", "change"),
    [
        (
            "dp-3.client-tls",
            "fail--tls11-true",
            ("properties", "customProperties"),
            {f"{GATEWAY}Protocols.Tls11": "False"},
        ),
        (
            "dp-3.backend-tls",
            "fail--tls11-true-is-the-sixth-key",
            ("properties", "customProperties"),
            {f"{GATEWAY}Backend.Protocols.Tls11": "False"},
        ),
        (
            "dp-3.weak-ciphers",
            "fail--the-tenth-suite-on",
            ("properties", "customProperties"),
            {f"{GATEWAY}Ciphers.TLS_RSA_WITH_AES_256_GCM_SHA384": "False"},
        ),
        ("dp-3.api-encrypted-protocols", "fail--http-beside-https", FIRST, {"protocols": ["https"]}),
        (
            "dp-3.backend-encrypted",
            "fail--http-service-url-complete",
            FIRST,
            {"serviceUrl": "https://orders.contoso.com"},
        ),
        (
            "dp-3.backend-certificate-validation",
            "fail--chain-false",
            FIRST,
            {"tls": {"validateCertificateChain": True, "validateCertificateName": True}},
        ),
        (
            "dp-3.gateway-host-tls",
            "fail--tls11-on",
            (2, "value", 0, "properties"),
            {"tls11Enabled": False},
        ),
        (
            "im-8.named-value-secret-in-key-vault",
            "fail--secret-typed-in",
            FIRST,
            {"keyVault": {"secretIdentifier": IDENTIFIER}},
        ),
        ("im-8.named-value-rotates", "fail--version", FIRST, {"keyVault": {"secretIdentifier": IDENTIFIER}}),
        (
            "im-8.named-value-refresh",
            "fail--forbidden",
            FIRST,
            {"keyVault": {"secretIdentifier": IDENTIFIER, "lastStatus": {"code": "Success"}}},
        ),
        (
            "im-8.inline-secrets",
            "fail--header-literal",
            FIRST,
            {"credentials": {"header": {"x-functions-key": ["{{orders-function-key}}"]}}},
        ),
        (
            "im-8.inline-secrets",
            "fail--connection-string-moved-to-a-generated-named-value",
            (2, "value", 0, "properties"),
            {
                "credentials": {
                    "name": "hub",
                    "endpointAddress": "contoso.servicebus.windows.net",
                    "identityClientId": "SystemAssigned",
                }
            },
        ),
        (
            "dp-7.certificate-in-key-vault",
            "fail--uploaded",
            FIRST,
            {"keyVault": {"secretIdentifier": IDENTIFIER}},
        ),
        ("dp-7.certificate-rotates", "fail--version", FIRST, {"keyVault": {"secretIdentifier": IDENTIFIER}}),
        (
            "dp-7.hostname-certificate",
            "fail--version",
            ("properties", "hostnameConfigurations", 0),
            {"keyVaultId": IDENTIFIER},
        ),
        ("dp-7.certificate-expiry", "fail--expired", FIRST, {"expirationDate": "2027-11-20T00:00:00Z"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_fix_turns_the_verdict(
    check: str, name: str, where: tuple[str | int, ...], change: dict[str, Any], tmp_path: Path
) -> None:
    content = fixture(check, name)
    assert status_of(judged(check, content, tmp_path)) is Status.FAIL
    at(content, *where).update(change)
    # Whether policies hold a credential is asked as well: say that there are none.
    found = judged(
        check, content, tmp_path, whole=name.endswith("-complete") or check == "im-8.inline-secrets"
    )
    assert status_of(found) is Status.PASS, [finding.message for finding in found]


def test_a_value_that_moved_to_the_vault_no_longer_looks_secret(tmp_path: Path) -> None:
    check = "im-8.named-value-looks-secret"
    content = fixture(check, "fail--a-storage-connection-string")
    properties = at(content, *FIRST)
    del properties["value"]
    properties.update(secret=True, keyVault={"secretIdentifier": IDENTIFIER})
    assert status_of(judged(check, content, tmp_path)) is Status.NOT_APPLICABLE
    assert status_of(judged("im-8.named-value-secret-in-key-vault", content, tmp_path)) is Status.PASS


# -- Key Vault identifiers -----------------------------------------------------------------------------


def reference(identifier: Json) -> Subject:
    body = {"properties": {"keyVault": {"secretIdentifier": identifier}}}
    source = Input("input.json", InputKind.ARM_TEMPLATE, declared=True)
    type_ = "microsoft.apimanagement/service/namedvalues"
    resource = Resource(f"/providers/{type_}/contoso/token", type_, body, Origin(""), source)
    return Subject(Audit(Inventory([resource]), catalogue().knowledge, NOW), resource, Log())


POINTER = "/properties/keyVault/secretIdentifier"
UNKNOWN = Unresolved("parameters('x')")
VERSION = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("identifier", "pinned"),
    [
        ("https://kv.vault.azure.net/secrets/a", False),
        ("https://kv.vault.azure.net/secrets/a/", False),
        ("HTTPS://KV.VAULT.AZURE.NET/Secrets/a", False),
        (f"https://kv.vault.azure.net/secrets/a/{VERSION}", True),
        (f"https://kv.vault.azure.cn/certificates/a/{VERSION}/", True),
        ("https://hsm.managedhsm.azure.net/keys/a", False),
        (f"https://kv.vault.azure.net/secrets/{VERSION}", False),
        (Partial((UNKNOWN, "secrets/a")), False),
        (Partial((UNKNOWN, f"secrets/a/{VERSION}")), True),
        (Partial(("https://", UNKNOWN, ".vault.azure.net/secrets/a")), False),
        (Partial(("https://kv.vault.azure.net/secrets/", UNKNOWN, f"/{VERSION}")), True),
        (Unresolved("reference('x').secretUri"), False),
        (Unresolved("reference('x').secretUriWithVersion"), True),
    ],
    ids=str,
)
def test_a_version_is_told_from_what_is_known(identifier: Json, pinned: bool) -> None:
    assert has_reference(reference(identifier), POINTER)
    assert names_version(reference(identifier), POINTER) is pinned


@pytest.mark.parametrize(
    "identifier",
    [
        UNKNOWN,
        Partial(("https://kv.vault.azure.net/secrets/", UNKNOWN)),
        Partial((UNKNOWN, "a")),
        "kv/a",
        "https://kv.vault.azure.net/secrets",
        f"https://kv.vault.azure.net/secrets/a/{VERSION}/b",
    ],
    ids=str,
)
def test_a_version_is_not_guessed(identifier: Json) -> None:
    with pytest.raises(Undetermined):
        names_version(reference(identifier), POINTER)


def test_an_empty_identifier_is_no_reference() -> None:
    assert not has_reference(reference(" "), POINTER)


# -- what is not read says nothing ---------------------------------------------------------------------


def test_an_entry_without_properties_has_no_defaults(tmp_path: Path) -> None:
    content = fixture("dp-3.weak-ciphers", "fail--absent-suites-are-on")
    del content["properties"]
    content["resourceGroup"] = "rg-contoso"
    for check in ("dp-3.weak-ciphers", "dp-3.client-tls", "dp-7.hostname-certificate"):
        assert status_of(judged(check, content, tmp_path)) is Status.UNKNOWN


def test_a_service_that_only_its_children_imply_has_no_defaults(tmp_path: Path) -> None:
    content = fixture("im-8.named-value-rotates", "pass--no-version")[1:]
    assert status_of(judged("dp-7.hostname-certificate", content, tmp_path)) is Status.UNKNOWN
    first, *_ = judged("im-8.named-value-rotates", content, tmp_path)
    assert first.status is Status.PASS


# -- messages ------------------------------------------------------------------------------------------


def test_every_protocol_that_is_on_is_told(tmp_path: Path) -> None:
    content = fixture("dp-3.client-tls", "fail--absent-on-a-service-of-march-2018")
    (found,) = judged("dp-3.client-tls", content, tmp_path)
    assert found.message.startswith("SSL 3.0 is on for callers: customProperties does not name it")
    assert "(and 2 more: TLS 1.0, TLS 1.1)" in found.message


def test_an_address_is_quoted_without_its_path(tmp_path: Path) -> None:
    content = fixture("dp-3.backend-encrypted", "fail--http-service-url-complete")
    at(content, *FIRST)["serviceUrl"] = "http://orders.contoso.com/hooks/private-path?code=private-code"
    failed = [f for f in judged("dp-3.backend-encrypted", content, tmp_path) if f.status is Status.FAIL]
    assert "'http://orders.contoso.com'" in failed[0].message
    assert "private" not in failed[0].message


@pytest.mark.parametrize(
    ("expiry", "days", "status", "severity"),
    [
        ("2026-11-21T00:00:00Z", 30, Status.FAIL, Severity.HIGH),
        ("2026-11-21T00:00:01Z", 30, Status.FAIL, Severity.MEDIUM),
        ("2026-12-20T23:59:59Z", 30, Status.FAIL, Severity.MEDIUM),
        ("2026-12-21T00:00:00Z", 30, Status.PASS, None),
        ("2026-12-21T00:00:00Z", 31, Status.FAIL, Severity.MEDIUM),
        ("2026-11-22T00:00:00+00:00", 1, Status.PASS, None),
    ],
)
def test_the_limit_of_days_is_a_setting(
    expiry: str, days: int, status: Status, severity: Severity | None, tmp_path: Path
) -> None:
    assert datetime(2026, 11, 21, tzinfo=UTC) == NOW
    content = fixture("dp-7.certificate-expiry", "pass--thirty-days-left")
    at(content, *FIRST)["expirationDate"] = expiry
    (found,) = judged("dp-7.certificate-expiry", content, tmp_path, {"certificate_expiry_days": days})
    assert found.status is status
    assert severity is None or found.severity is severity


def test_an_uploaded_public_certificate_is_a_low_finding(tmp_path: Path) -> None:
    content = fixture("dp-7.certificate-in-key-vault", "fail--uploaded-public-only")
    (found,) = judged("dp-7.certificate-in-key-vault", content, tmp_path)
    assert found.severity is Severity.LOW


def test_one_literal_is_found_among_what_is_not_known(tmp_path: Path) -> None:
    name = "fail--authorization-parameter-beside-an-unresolved-header"
    failed = [
        found
        for found in judged("im-8.inline-secrets", fixture("im-8.inline-secrets", name), tmp_path)
        if found.status is Status.FAIL
    ]
    assert [found.resource.name for found in failed] == ["orders"]
    assert failed[0].message.startswith("credentials/authorization/parameter of orders is written out.")


def test_no_message_holds_a_literal(tmp_path: Path) -> None:
    for name in ("fail--header-literal", "fail--proxy-password", "fail--client-secret-in-a-template"):
        for found in judged("im-8.inline-secrets", fixture("im-8.inline-secrets", name), tmp_path):
            shown = found.message + "".join(str(entry.value) for entry in found.evidence)
            assert "fake" not in shown
            assert "not-a-real" not in shown


# -- texts of which only pieces are known --------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        (("contoso.azure-api.net",), True),
        (("CONTOSO.Azure-API.net",), True),
        (("api.contoso.com",), False),
        ((UNKNOWN, ".azure-api.net"), True),
        ((UNKNOWN, ".contoso.com"), False),
        ((UNKNOWN, ".net"), None),
        (("api.", UNKNOWN), None),
    ],
    ids=str,
)
def test_an_ending_is_told_from_what_is_known(
    pieces: tuple[str | Unresolved, ...], answer: bool | None
) -> None:
    text = Text(pieces, Gap(Reason.UNRESOLVED, "the host name"))
    if answer is None:
        with pytest.raises(Undetermined):
            text.ends(".azure-api.net")
    else:
        assert text.ends(".azure-api.net") is answer
