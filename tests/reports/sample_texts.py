"""The catalogue of the hand-made result: few controls and checks, texts of every form."""

from __future__ import annotations

from auditor.model.results import CheckTextJson, ControlTextJson

REMEDIATION = """1. Do this.
2. Then that:

```sh
az apim show
```

| key | value |
| :-- | --: |
| a | b |
"""


def check_text(id_: str, feature: str, title: str, severity: str, source: str = "baseline") -> CheckTextJson:
    return CheckTextJson(
        id=id_,
        control=id_.split(".")[1].upper(),
        feature=feature,
        title=title,
        subject="service",
        severity=severity,
        source=source,
        also=["IM-8"] if id_.endswith("client-tls") else [],
        filed=["LT-4"] if id_.endswith("client-tls") else [],
        why=f"Why **{id_}** matters: see [the docs](https://learn.microsoft.com/azure/api-management/).",
        remediation=REMEDIATION,
        notes="A note with `code`." if severity == "high" else "",
    )


CHECKS: list[CheckTextJson] = [
    check_text(
        "apim.ns-2.gateway-not-public", "Disable Public Network Access", "The gateway is not public.", "high"
    ),
    check_text("apim.ns-2.configuration-endpoints", "Disable Public Network Access", "No way in.", "medium"),
    check_text(
        "apim.im-8.named-values", "Secrets in Azure Key Vault", "Secrets come from Key Vault.", "high"
    ),
    check_text("apim.im-8.rotation", "Secrets in Azure Key Vault", "Secrets are rotated.", "low"),
    check_text("apim.dp-3.client-tls", "Data in Transit Encryption", "Old TLS is off.", "critical"),
    check_text("apim.dp-3.platform", "Data in Transit Encryption", "The platform is current.", "info"),
    check_text("apim.br-1.backup", "Azure Backup", "There is a backup.", "medium"),
    check_text(
        "apim.im-4.certificate-validated",
        "Client certificate authentication",
        "Client certificates are validated.",
        "high",
        "client-certificates",
    ),
    check_text("apim.im-4.placeholders", "Beyond the baseline", "No sample values.", "medium", "additional"),
]


def control_text(
    id_: str, title: str, domain: str, *features: str, source: str = "baseline"
) -> ControlTextJson:
    baseline = source == "baseline"
    return ControlTextJson(
        id=id_,
        title=title,
        domain=domain,
        summary=f"What {id_} protects, in a sentence with `code`.",
        mappings={
            "CIS Controls v8": ["3.12", "4.4"],
            "NIST SP 800-53 r4": ["AC-4"],
            "PCI-DSS v3.2.1": ["1.1"],
        },
        links=["https://learn.microsoft.com/azure/api-management/security-baseline"],
        features=[
            {
                "title": feature,
                "source": source,
                "supported": "yes" if baseline else "",
                "enabled_by_default": "no" if baseline else "",
                "responsibility": "customer" if baseline else "",
                "says": f"What the row {feature} asks for.",
                "reference": "https://learn.microsoft.com/azure/api-management/private-endpoint",
                "note": f"What changed for {feature} since.",
                "noted": "2026-11-21",
            }
            for feature in features
        ],
    )


CONTROLS: list[ControlTextJson] = [
    control_text(
        "NS-2", "Secure services with network controls", "Network security", "Disable Public Network Access"
    ),
    control_text(
        "IM-8", "Restrict the exposure of secrets", "Identity management", "Secrets in Azure Key Vault"
    ),
    control_text("DP-3", "Encrypt data in transit", "Data protection", "Data in Transit Encryption"),
    control_text("DP-4", "Encrypt data at rest", "Data protection", "Data at Rest Encryption"),
    control_text("LT-1", "Detect threats", "Logging and threat detection", "Defender"),
    control_text("BR-1", "Back up", "Backup and recovery", "Azure Backup"),
    control_text(
        "IM-4",
        "Authenticate server and services",
        "Identity management",
        "Client certificate authentication",
        "Beyond the baseline",
        source="client-certificates",
    ),
]
