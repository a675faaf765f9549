"""Writes an ARM template of one service with APIs, operations and policies at every scope, for timing.

python benchmarks/policies.py 1000 50 policies.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

API_VERSION = "2024-05-01"
SERVICE = "Microsoft.ApiManagement/service"
CHECK = (
    '<choose><when condition="@(context.Request.Certificate == null || !context.Request.Certificate.Verify() '
    '|| context.Request.Certificate.Thumbprint != "0123456789ABCDEF0123456789ABCDEF01234567")">'
    '<return-response><set-status code="403" /></return-response></when></choose>'
)


def resource(type_: str, name: str, properties: dict[str, Any], **envelope: Any) -> dict[str, Any]:
    return {"type": type_, "apiVersion": API_VERSION, "name": name, **envelope, "properties": properties}


def policy(scope: str, name: str, inbound: str) -> dict[str, Any]:
    sections = "".join(f"<{section}><base /></{section}>" for section in ("backend", "outbound", "on-error"))
    text = f"<policies><inbound>{inbound}</inbound>{sections}</policies>"
    return resource(f"{SERVICE}/{scope}policies", f"{name}/policy", {"format": "rawxml", "value": text})


def estate(apis: int, operations: int) -> list[dict[str, Any]]:
    rows = [
        resource(
            SERVICE, "apim", {"publisherName": "Contoso"}, location="westeurope", sku={"name": "Premium"}
        ),
        policy("", "apim", '<set-header name="x" exists-action="delete" />'),
        resource(f"{SERVICE}/products", "apim/gold", {"displayName": "Gold", "state": "published"}),
        policy("products/", "apim/gold", '<base /><rate-limit calls="5" renewal-period="60" />'),
    ]
    for number in range(apis):
        api = f"apim/api{number}"
        rows.append(
            resource(
                f"{SERVICE}/apis",
                api,
                {
                    "path": api,
                    "protocols": ["https"],
                    "subscriptionRequired": True,
                    "serviceUrl": "https://b",
                },
            )
        )
        rows.append(resource(f"{SERVICE}/products/apis", f"apim/gold/api{number}", {}))
        rows.append(policy("apis/", api, (CHECK if number % 3 else "") + "<base />"))
        for at in range(operations):
            own = f"{api}/op{at}"
            rows.append(
                resource(f"{SERVICE}/apis/operations", own, {"method": "GET", "urlTemplate": f"/{at}"})
            )
            if at % 5 == 0:
                step = f'<base /><set-header name="s{at}"><value>{number}</value></set-header>'
                rows.append(policy("apis/operations/", own, step))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("apis", type=int)
    parser.add_argument("operations", type=int)
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": estate(given.apis, given.operations),
    }
    given.output.write_text(json.dumps(template, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
