"""Writes an ARM template of N services, deterministic, for timing: 51 resources each, every third one bad.

python benchmarks/estate.py 1000 estate.json
python benchmarks/estate.py 1 one.json --apis 100
python benchmarks/estate.py 1000 estate.json --distinct

The policies of the n-th API are the same in every service, as in estates that are made of copies; with
``--distinct`` no two are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

API_VERSION = "2024-05-01"
GATEWAY = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security."
SERVICE = "Microsoft.ApiManagement/service"


def policy(number: int) -> str:
    steps = "".join(
        f'<set-header name="x-step-{step}" exists-action="override"><value>{number}-{step}</value></set-header>'
        for step in range(16)
    )
    return f"<policies><inbound><base/>{steps}</inbound><backend><base/></backend><outbound><base/></outbound></policies>"


def resource(type_: str, name: str, properties: dict[str, Any], **envelope: Any) -> dict[str, Any]:
    return {"type": type_, "apiVersion": API_VERSION, "name": name, **envelope, "properties": properties}


def service(number: int, apis: int, distinct: bool) -> list[dict[str, Any]]:
    name, bad = f"apim-{number:04}", number % 3 == 2
    vault = f"https://vault-{number:04}.vault.azure.net/secrets"
    version = "/0123456789abcdef0123456789abcdef" if bad else ""
    rows = [
        resource(
            SERVICE,
            name,
            {
                "publisherEmail": "api@contoso.com",
                "publisherName": "Contoso",
                "virtualNetworkType": "None" if bad else "Internal",
                "hostnameConfigurations": [
                    {
                        "type": "Proxy",
                        "hostName": f"api{host}.{name}.contoso.com",
                        "keyVaultId": f"{vault}/host{host}{version}",
                        "certificateSource": "KeyVault",
                        "negotiateClientCertificate": not bad,
                    }
                    for host in range(2)
                ],
                "customProperties": {
                    f"{GATEWAY}{side}Protocols.{protocol}": str(bad)
                    for side in ("", "Backend.")
                    for protocol in ("Tls10", "Tls11", "Ssl30")
                },
            },
            location="westeurope",
            sku={"name": "Premium", "capacity": 1},
            identity={"type": "SystemAssigned"},
        )
    ]
    rows += [
        resource(
            f"{SERVICE}/certificates",
            f"{name}/cert{n}",
            {"keyVault": {"secretIdentifier": f"{vault}/c{n}{version}"}},
        )
        for n in range(5)
    ]
    rows += [
        resource(
            f"{SERVICE}/namedValues",
            f"{name}/value{n}",
            {
                "displayName": f"value{n}",
                "secret": True,
                "keyVault": {"secretIdentifier": f"{vault}/n{n}{version}"},
            },
        )
        for n in range(20)
    ]
    for n in range(apis):
        scheme = "http" if bad else "https"
        api = {
            "displayName": f"api{n}",
            "path": f"a{n}",
            "protocols": [scheme],
            "serviceUrl": f"{scheme}://b{n}.contoso.com",
        }
        rows.append(resource(f"{SERVICE}/apis", f"{name}/api{n}", api))
        rows.append(
            resource(
                f"{SERVICE}/apis/policies",
                f"{name}/api{n}/policy",
                {"format": "rawxml", "value": policy(number * apis + n if distinct else n)},
            )
        )
    rows.append(
        resource(f"{SERVICE}/policies", f"{name}/policy", {"format": "rawxml", "value": policy(number)})
    )
    rows.append(
        resource(
            "Microsoft.Insights/diagnosticSettings",
            "audit",
            {
                "workspaceId": "/subscriptions/0/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w",
                "logs": [{"categoryGroup": "allLogs", "enabled": not bad}],
            },
            scope=f"{SERVICE}/{name}",
        )
    )
    rows.append(
        resource("Microsoft.Network/virtualNetworks", f"vnet-{number:04}", {"subnets": [{"name": "apim"}]})
    )
    rows.append(
        resource("Microsoft.Network/networkSecurityGroups", f"nsg-{number:04}", {"securityRules": []})
    )
    rows.append(
        resource("Microsoft.KeyVault/vaults", f"vault-{number:04}", {"enableRbacAuthorization": True})
    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", type=int)
    parser.add_argument("output", type=Path)
    parser.add_argument("--apis", type=int, default=10)
    parser.add_argument("--distinct", action="store_true", help="no two policies are the same")
    given = parser.parse_args()
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            row for number in range(given.services) for row in service(number, given.apis, given.distinct)
        ],
    }
    given.output.write_text(json.dumps(template, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
