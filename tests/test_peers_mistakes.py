"""What other tools get wrong, end to end: an input as users have it, the check, the status it must get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from tests.auditing import ID, child, declared, observed, template

_SECURITY = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security."
_VAULT = "https://contoso.vault.azure.net/secrets/key"


def tls(**keys: Any) -> dict[str, Any]:
    """Custom properties with every protocol off but those given: ``Backend_Tls10`` for the backend's."""
    switches = {
        f"{_SECURITY}{side}Protocols.{protocol}": keys.get(f"{side.replace('.', '_')}{protocol}", "False")
        for side in ("", "Backend.")
        for protocol in ("Ssl30", "Tls10", "Tls11")
    }
    return {"customProperties": switches}


def network(kind: str, sku: str = "Premium") -> dict[str, Any]:
    """A template whose service names a network type beside a subnet."""
    subnet = {"subnetResourceId": "/subscriptions/0/resourceGroups/g/providers/x/virtualNetworks/v/subnets/s"}
    return template(declared(sku, virtualNetworkType=kind, virtualNetworkConfiguration=subnet))


def chosen(kind: str, default: str | None) -> dict[str, Any]:
    """The same with a parameter ``net``, which may have a default."""
    parameter = {"type": "string"} if default is None else {"type": "string", "defaultValue": default}
    return {**network(kind), "parameters": {"net": parameter}}


def named_value(identifier: str, identity: Any = None) -> dict[str, Any]:
    """A template with a named value in Key Vault."""
    value = child(
        "namedValues", "key", displayName="key", secret=True, keyVault={"secretIdentifier": identifier}
    )
    return template({**declared(), "identity": identity}, value)


def backend(**properties: Any) -> dict[str, Any]:
    return template(declared(), child("backends", "b", url="https://b.example", **properties))


def api(*protocols: str) -> dict[str, Any]:
    return template(declared(), child("apis", "a", protocols=list(protocols)))


SHOUTED = {
    "ID": ID.upper(),
    "SKU": {"NAME": "PREMIUM"},
    "PROPERTIES": {
        "PLATFORMVERSION": "STV2.1",
        "VIRTUALNETWORKTYPE": "internal",
        "CUSTOMPROPERTIES": {key.upper(): "FALSE" for key in tls()["customProperties"]},
    },
}
PARAMETERS = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"net": {"value": "None"}},
}

CASES: dict[str, dict[str, tuple[str, Any]]] = {
    "dp-3.client-tls": {
        "off as a string": ("pass", observed(**tls())),
        "off as a boolean": ("pass", observed(**tls(Tls10=False))),
        "off in small letters": ("pass", observed(**tls(Tls10="false"))),
        "on as a string": ("fail", observed(**tls(Tls10="True"))),
        "on in small letters": ("fail", observed(**tls(Tls10="true"))),
        "the backend's switches are not the client's": ("pass", observed(**tls(Backend_Tls11="True"))),
        "neither on nor off": ("unknown", observed(**tls(Tls10="maybe"))),
        "nothing stated, created in 2024": ("pass", observed()),
        "nothing stated, created in 2018": ("fail", observed(createdAtUtc="2018-03-01T00:00:00Z")),
        "nothing stated, creation unknown": ("unknown", template(declared())),
        "every name and value in another case": ("pass", SHOUTED),
    },
    "dp-3.backend-tls": {
        "the backend's switches count": ("fail", observed(**tls(Backend_Tls11="True"))),
    },
    "dp-3.weak-ciphers": {
        "absent keys are on": ("fail", observed("Premium", **tls())),
        "Consumption has none": ("not_applicable", observed("Consumption", **tls())),
    },
    "dp-3.api-encrypted-protocols": {
        "https in capitals": ("pass", api("HTTPS")),
        "ws is clear text": ("fail", api("wss", "ws")),
    },
    "dp-3.backend-certificate-validation": {
        "absent switches validate": ("pass", backend()),
        "off as a string": ("fail", backend(tls={"validateCertificateChain": "False"})),
    },
    "ns-1.virtual-network": {
        "a subnet beside None": ("fail", network("None")),
        "a subnet beside External": ("pass", network("External")),
        "Basic cannot join one": ("not_applicable", observed("Basic")),
        "nor can Basicv2": ("not_applicable", observed("Basicv2")),
        "a tier nobody knows": ("unknown", observed("PremiumV3")),
        "the default of a parameter": ("pass", chosen("[parameters('net')]", "Internal")),
        "--parameters wins over it": ("fail", chosen("[parameters('net')]", "Internal")),
        "neither of them": ("unknown", chosen("[parameters('net')]", None)),
        "if, decided": (
            "pass",
            chosen("[if(equals(parameters('net'), 'None'), 'Internal', 'None')]", "None"),
        ),
        "if, either way the same": ("pass", chosen("[if(parameters('net'), 'Internal', 'Internal')]", None)),
        "if, not decided": ("unknown", chosen("[if(parameters('net'), 'Internal', 'None')]", None)),
        "every name and value in another case": ("pass", SHOUTED),
    },
    "ns-2.gateway-not-public": {
        "Internal, though access is Enabled": ("pass", observed(virtualNetworkType="Internal")),
        "External on Standard v2 is outbound only": ("fail", network("External", "StandardV2")),
        "the same as people write it": ("fail", network("external", "Standardv2")),
        "a tier nobody knows": ("unknown", observed("PremiumV3", virtualNetworkType="Internal")),
    },
    "pv-2.platform-version": {
        "stv2": ("pass", observed(platformVersion="stv2")),
        "stv2.1": ("pass", observed(platformVersion="stv2.1")),
        "stv1": ("fail", observed(platformVersion="stv1")),
        "one nobody knows": ("unknown", observed(platformVersion="stv9")),
        "every name and value in another case": ("pass", SHOUTED),
    },
    "im-8.named-value-rotates": {
        "a version": ("fail", named_value(f"{_VAULT}/0123456789abcdef0123456789abcdef")),
        "a slash at the end": ("pass", named_value(f"{_VAULT}/")),
        "no version": ("pass", named_value(_VAULT)),
    },
    "im-3.managed-identity": {
        "two kinds": ("pass", named_value(_VAULT, {"type": "SystemAssigned, UserAssigned"})),
        "two kinds without the space": ("pass", named_value(_VAULT, {"type": "systemassigned,userassigned"})),
        "None": ("fail", named_value(_VAULT, {"type": "None"})),
        "null": ("fail", named_value(_VAULT)),
    },
}
"""By check: what others get wrong, the status it must get, the document."""


@pytest.mark.parametrize(
    ("check", "title"), [(check, title) for check, cases in CASES.items() for title in cases]
)
def test_a_mistake_others_make(tmp_path: Path, check: str, title: str) -> None:
    status, document = CASES[check][title]
    path, stored, parameters = (str(tmp_path / name) for name in ("in.json", "out.json", "parameters.json"))
    Path(path).write_text(json.dumps(document), encoding="utf-8")
    Path(parameters).write_text(json.dumps(PARAMETERS), encoding="utf-8")
    given = ["--parameters", parameters] if title.startswith("--parameters") else []
    with pytest.raises(SystemExit):
        main(["scan", path, "--quiet", "--report", f"json={stored}", *given])
    found = {
        finding["status"]
        for service in json.loads(Path(stored).read_text(encoding="utf-8"))["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"] == f"apim.{check}"
    }
    # What workspaces hold is not in a single file: it stays unknown beside what is judged.
    assert status in found
    assert not ({"pass", "fail", "error"} - {status}) & found
