"""A stored result made by hand: small, and with one of everything that reports draw."""

from __future__ import annotations

import copy
from typing import Any, cast

from auditor.model.results import (
    ControlResultJson,
    EvidenceJson,
    FeatureResultJson,
    FindingJson,
    Results,
    ServiceJson,
    SubjectJson,
    TotalsJson,
)
from auditor.model.verdict import Status
from tests.reports.sample_people import people
from tests.reports.sample_texts import CHECKS, CONTROLS

FILE = "exports/contoso/main.json"
SERVICE_TYPE = "microsoft.apimanagement/service"


def service_id(name: str) -> str:
    return f"/subscriptions/0/resourceGroups/rg/providers/Microsoft.ApiManagement/service/{name}"


def subject(service: str, kind: str = "", name: str = "", item: str = "") -> SubjectJson:
    path = f"/{kind}/{name}" if kind else ""
    row = SubjectJson(
        id=service_id(service) + path,
        type=SERVICE_TYPE + (f"/{kind}" if kind else ""),
        name=name or service,
        fingerprint="0123456789abcdef" * 2,
    )
    if item:
        row["item"] = item
    return row


def evidence(service: str, pointer: str, value: Any, **more: Any) -> EvidenceJson:
    row: dict[str, Any] = {
        "resource": service_id(service),
        "pointer": pointer,
        "value": value,
        "origin": {"file": FILE, "pointer": f"/resources/0{pointer}", "line": 12, "column": 5},
    }
    return cast("EvidenceJson", row | more)


def finding(check: str, status: str, message: str, *subjects: SubjectJson, **more: Any) -> FindingJson:
    source = next(one["source"] for one in CHECKS if one["id"] == check)
    row: dict[str, Any] = {
        "check": check,
        "source": source,
        "subjects": list(subjects),
        "status": status,
        "severity": next(one["severity"] for one in CHECKS if one["id"] == check),
        "message": message,
        "evidence": [],
        "gaps": [],
    }
    return cast("FindingJson", row | more)


def _gap(service: str, what: str, path: str, reason: str) -> dict[str, str]:
    return {
        "reason": reason,
        "needed": f"the {what} of {service}",
        "remedy": f'az rest --method get --url "{service_id(service)}/{path}?api-version=2024-05-01"',
    }


def _network(name: str) -> FeatureResultJson:
    return {
        "title": "Disable Public Network Access",
        "responsibility": "customer",
        "status": "fail",
        "findings": [
            finding(
                "apim.ns-2.gateway-not-public",
                "fail",
                "The gateway answers the internet: publicNetworkAccess Disabled turns this.",
                subject(name),
                evidence=[
                    evidence(name, "/sku/name", "Premium", expression="[parameters('sku')]"),
                    evidence(
                        name,
                        "/properties/publicNetworkAccess",
                        "Enabled",
                        defaulted={
                            "source": "ApiManagementService",
                            "reviewed": "2026-11-21",
                            "since": "2021-04-01",
                        },
                    ),
                ],
            ),
            finding(
                "apim.ns-2.configuration-endpoints",
                "unknown",
                f"Not known: the tenant access settings of {name}.",
                subject(name),
                gaps=[_gap(name, "tenant access settings", "tenant", "absent")],
            ),
        ],
        "see": [],
    }


def _secrets(name: str) -> FeatureResultJson:
    values = [subject(name, "namedValues", f"value{number}") for number in range(4)]
    read = evidence(name, "/properties/keyVault/secretIdentifier", "https://vault.example/secrets/value0")
    return {
        "title": "Secrets in Azure Key Vault",
        "responsibility": "customer",
        "status": "waived",
        "findings": [
            finding(
                "apim.im-8.named-values",
                "waived",
                "The secret is stored in the service.",
                subject(name, "namedValues", "legacy"),
                evidence=[
                    evidence(
                        name, "/properties/secret", True, resource=f"{service_id(name)}/namedValues/legacy"
                    )
                ],
                waiver={
                    "status": "fail",
                    "kind": "risk-accepted",
                    "reason": "moved in spring",
                    "owner": "platform",
                    "expires": "2027-03-31",
                    "place": "waivers.yaml:4",
                },
            ),
            finding(
                "apim.im-8.named-values", "pass", "The secret comes from Key Vault.", *values, evidence=[read]
            ),
            finding(
                "apim.im-8.rotation", "manual", "Show when the secrets were last rotated.", subject(name)
            ),
        ],
        "see": ["apim.dp-3.client-tls"],
    }


def _transit(name: str) -> FeatureResultJson:
    return {
        "title": "Data in Transit Encryption",
        "responsibility": "shared",
        "status": "error",
        "findings": [
            finding("apim.dp-3.client-tls", "error", "The check broke: KeyError.", subject(name)),
            finding(
                "apim.dp-3.platform",
                "pass",
                "The platform is stv2.1.",
                subject(name),
                observation=True,
                evidence=[
                    evidence(
                        name, "/properties/platformVersion", "stv2.1", origin={"request": "GET /service"}
                    )
                ],
            ),
        ],
        "see": [],
    }


def _backup(name: str) -> FeatureResultJson:
    return {
        "title": "Azure Backup",
        "responsibility": "customer",
        "status": "not_applicable",
        "findings": [
            finding(
                "apim.br-1.backup",
                "not_applicable",
                "The Consumption tier has no backup.",
                subject(name),
                evidence=[evidence(name, "/sku/name", "Consumption", origin={"catalogue": "tiers"})],
            )
        ],
        "see": [],
    }


def _certificates(name: str) -> list[FeatureResultJson]:
    states = {"no_cert": "allow", "untrusted": "allow", "expired": "deny", "valid": "allow"}
    return [
        {
            "title": "Client certificate authentication",
            "responsibility": "",
            "status": "fail",
            "findings": [
                finding(
                    "apim.im-4.certificate-validated",
                    "fail",
                    "A caller without a certificate is let in.",
                    subject(name, "apis", "orders", "GET /orders"),
                    details={
                        "kind": "caller-states",
                        "verdict": "FAIL",
                        "states": states,
                        "decided_by": ["policy of the API"],
                        "operations": [],
                    },
                    evidence=[
                        evidence(name, "/policies/inbound/0", "choose", origin={"attestation": "review.md"})
                    ],
                )
            ],
            "see": [],
        },
        {
            "title": "Beyond the baseline",
            "responsibility": "",
            "status": "unknown",
            "findings": [
                finding(
                    "apim.im-4.placeholders", "unknown", "What was read does not decide it.", subject(name)
                )
            ],
            "see": [],
        },
    ]


def _service(name: str) -> ServiceJson:
    rows: dict[str, list[FeatureResultJson]] = {
        "NS-2": [_network(name)],
        "IM-8": [_secrets(name)],
        "DP-3": [_transit(name)],
        "DP-4": [_empty("Data at Rest Encryption", "microsoft", "inherited")],
        "BR-1": [_backup(name)],
        "IM-4": _certificates(name),
    }
    statuses = {"NS-2": "fail", "IM-8": "error", "DP-3": "error", "DP-4": "inherited", "IM-4": "fail"}
    controls: list[ControlResultJson] = []
    for text in CONTROLS:
        row = ControlResultJson(
            id=text["id"],
            title=text["title"],
            domain=text["domain"],
            status=statuses.get(text["id"], "not_applicable"),
            features=rows.get(text["id"], []),
        )
        if not row["features"]:
            row["asked"], row["status"] = False, "unknown"
        controls.append(row)
    return ServiceJson(
        id=service_id(name),
        name=name,
        tier="Premium",
        location="westeurope",
        status="fail",
        input=FILE,
        controls=controls,
    )


def _empty(title: str, responsibility: str, status: str) -> FeatureResultJson:
    return {"title": title, "responsibility": responsibility, "status": status, "findings": [], "see": []}


def _totals(number: int) -> dict[str, TotalsJson]:
    def of(
        passed: int, failed: int, unknown: int, manual: int, waived: int, error: int, na: int
    ) -> TotalsJson:
        decided, applies = passed + failed, passed + failed + unknown + manual + waived + error
        return TotalsJson(
            compliance=round(passed / decided, 4) if decided else None,
            coverage=round((decided + waived) / applies, 4) if applies else None,
            passed=passed * number,
            failed=failed * number,
            unknown=unknown * number,
            manual=manual * number,
            waived=waived * number,
            error=error * number,
            not_applicable=na * number,
            inherited=0,
        )

    return {
        "baseline": of(0, 1, 1, 1, 1, 1, 1),
        "client-certificates": of(0, 1, 0, 0, 0, 0, 0),
        "additional": of(0, 0, 1, 0, 0, 0, 0),
        "all": of(0, 2, 2, 1, 1, 1, 1),
    }


def sample(number: int = 2) -> Results:
    """A stored result of so many services, all alike."""
    counts = dict.fromkeys((status.value for status in Status), 0)
    counts |= {"fail": 2, "unknown": 2, "manual": 1, "waived": 1, "error": 1, "not_applicable": 1}
    names = [f"contoso-{index}" for index in range(1, number + 1)]
    configuration, waivers, attestations = people()
    return {
        "schema_version": 1,
        "run": {
            "tool": {"name": "azure-baseline-auditor", "version": "0.1.0"},
            "catalogue": "2026-11-21",
            "started": "2026-11-21T10:00:00+00:00",
            "finished": "2026-11-21T10:00:01+00:00",
            "as_of": "2026-11-21T00:00:00+00:00",
            "scope": {"paths": ["exports"], "controls": "all", "complete": False, "parameters": []},
            "inputs": [
                {
                    "path": FILE,
                    "kind": "arm-template",
                    "title": "ARM template",
                    "cannot_show": "It says what a deployment would set, not the state after it.",
                    "sha256": "ab" * 32,
                    "declared": True,
                    "notes": ["parameters without a value: name"],
                }
            ],
            "problems": [
                {"path": "exports/broken.json", "message": "not valid JSON", "line": 3, "column": 7}
            ],
            "identity": None,
            "configuration": configuration,
            "waivers": waivers,
            "attestations": attestations,
        },
        "summary": {
            "counts": {name: count * number for name, count in counts.items()},
            "totals": _totals(number),
            "judged": {"decided": 3 * number, "showable": 6 * number, "needs_live": number, "manual": number},
            "gate": (
                {
                    "fail_on": "low",
                    "exit_code": 1,
                    "reason": f"{2 * number} checks failed, {3 * number} undecided",
                }
                if number
                else {"fail_on": "low", "exit_code": 4, "reason": "no API Management service in the input"}
            ),
        },
        "catalogue": {"controls": copy.deepcopy(CONTROLS), "checks": copy.deepcopy(CHECKS)},
        "withheld": [
            {
                "scope": service_id(name),
                "collection": "tenant",
                **_gap(name, "tenant access settings", "tenant", "absent"),  # type: ignore[typeddict-item]
            }
            for name in names
        ],
        "services": [_service(name) for name in names],
    }
