"""Real inputs that nobody here wrote: nothing breaks, and what is known of them is found.

They are not part of the project; AUDITOR_CORPUS names the folder that holds them.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from auditor.engine import Finding
from auditor.model.check import Check
from auditor.model.inventory import InputKind, Inventory
from auditor.model.verdict import Status, fold
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import corpus_path
from tests.judging import findings

_READ_HERE = frozenset(
    {
        "arm-template",
        "arm-template-symbolic",
        "arm-resource-dump",
        "derived-rest-get",
        "derived-az-cli",
        "rest-response-fixture",
        "rest-spec-example",
    }
)
REST = "_derived/rest-get"
QUICKSTARTS = "bmoore-msft__azure-quickstart-templates/quickstarts/microsoft.apimanagement"
AVM = "Azure__bicep-registry-modules/avm/res/api-management/service/main.json"
PSRULE = "BernieWhite__PSRule.Rules.Azure/tests/PSRule.Rules.Azure.Tests/Resources.APIM.json"
CHECKOV = "bridgecrewio__checkov/tests/arm/checks/resource"


def manifest(kinds: frozenset[str]) -> Iterator[str]:
    root = corpus_path()
    if root is None:
        return
    with (root / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["kind"] in kinds and row["local"].endswith(".json"):
                yield row["local"]


def read(corpus: Path, *names: str) -> Inventory:
    return read_paths([str(corpus / name) for name in names]).inventory


def matching(corpus: Path, folder: str, part: str = "") -> list[str]:
    return sorted(
        str(path.relative_to(corpus)) for path in (corpus / folder).rglob("*.json") if part in str(path)
    )


@cache
def check(check_id: str) -> Check:
    return next(one for one in catalogue().checks if one.id == check_id)


def judged(inventory: Inventory, check_id: str) -> dict[str, Status]:
    """What one check says of each service, by name."""
    found: dict[str, list[Status]] = {}
    for finding in findings(inventory, [check(check_id)]):
        found.setdefault(service_of(finding), []).append(finding.status)
    return {name: fold(statuses) for name, statuses in found.items()}


def service_of(finding: Finding) -> str:
    return finding.resource.id.partition("/service/")[2].split("/")[0]


def by_status(inventory: Inventory, check_id: str) -> Counter[str]:
    return Counter(status.value for status in judged(inventory, check_id).values())


# -- nothing breaks ------------------------------------------------------------------------------------


def test_every_real_input_is_judged_without_a_broken_check(corpus: Path) -> None:
    broken, files, services = [], 0, 0
    for name in manifest(_READ_HERE):
        inventory = read(corpus, name)
        files += 1
        services += len(inventory.services)
        broken += [
            f"{name}: {f.check.id} {f.message}" for f in findings(inventory) if f.status is Status.ERROR
        ]
    assert broken == []
    assert files > 1000
    assert services > 500


def test_what_only_talks_about_api_management_holds_no_service(corpus: Path) -> None:
    held = {name: len(read(corpus, name).services) for name in manifest(frozenset({"negative-json"}))}
    assert {name: count for name, count in held.items() if count} == {}
    assert len(held) == 16


def test_every_template_but_the_schema_tests_is_taken_for_one(corpus: Path) -> None:
    taken = Counter(
        one.kind
        for name in manifest(frozenset({"arm-template", "arm-template-symbolic"}))
        for one in read(corpus, name).inputs
    )
    assert taken[InputKind.ARM_TEMPLATE] >= 120
    assert set(taken) == {InputKind.ARM_TEMPLATE, InputKind.PARAMETERS}


# -- what is known of them -----------------------------------------------------------------------------

LIST = f"{REST}/kevinhillinger__azure-cli__apim__test_apim_core_service/LIST_services_body.json"


def test_a_subscription_of_131_services(corpus: Path) -> None:
    inventory = read(corpus, LIST)
    tiers = Counter(service.body["sku"]["name"] for service in inventory.services)
    assert tiers == {"Developer": 62, "Consumption": 45, "Premium": 11, "Basic": 8, "Standard": 5}
    assert by_status(inventory, "apim.ns-1.virtual-network") == {"not_applicable": 58, "fail": 69, "pass": 4}
    assert by_status(inventory, "apim.dp-3.client-tls")["fail"] == 14
    identity = by_status(inventory, "apim.im-3.managed-identity")
    assert identity["fail"] == 116
    hosts = by_status(inventory, "apim.dp-7.hostname-certificate")
    assert hosts["pass"] + hosts["fail"] == 4
    asked = judged(inventory, "apim.im-4.certificate-requested")
    assert [name for name, status in asked.items() if status is Status.PASS] == ["gleb-corr-on"]


def test_rejected_endpoints_are_no_private_access(corpus: Path) -> None:
    names = matching(corpus, f"{REST}", "test_private_endpoint_connection_apim")
    last = [name for name in names if _statuses(read(corpus, name)) == {"Rejected"}]
    assert last
    inventory = read(corpus, last[0])
    assert set(judged(inventory, "apim.ns-2.private-endpoint").values()) == {Status.FAIL}
    assert set(judged(inventory, "apim.ns-2.gateway-not-public").values()) == {Status.FAIL}


def _statuses(inventory: Inventory) -> set[str]:
    return {
        connection["properties"]["privateLinkServiceConnectionState"]["status"]
        for service in inventory.services
        for connection in (service.body.get("properties") or {}).get("privateEndpointConnections") or ()
    }


def test_what_az_prints(corpus: Path) -> None:
    inventory = read(corpus, "_derived/az-cli/21cmd-apim_1.json")
    assert [one.kind for one in inventory.inputs] == [InputKind.AZ_CLI]
    assert set(judged(inventory, "apim.ns-1.virtual-network").values()) == {Status.FAIL}
    assert set(judged(inventory, "apim.ns-2.gateway-not-public").values()) == {Status.FAIL}
    assert set(judged(inventory, "apim.im-3.managed-identity").values()) == {Status.FAIL}
    assert set(judged(inventory, "apim.dp-3.client-tls").values()) == {Status.PASS}


def test_an_expired_certificate_outside_key_vault(corpus: Path) -> None:
    names = [n for n in matching(corpus, ".", "custodian") if "ertificate" in n]
    expired = [
        n for n in names if Status.FAIL in judged(read(corpus, n), "apim.dp-7.certificate-expiry").values()
    ]
    assert expired
    found = findings(read(corpus, expired[0]), [check("apim.dp-7.certificate-in-key-vault")])
    assert Status.FAIL in {finding.status for finding in found}


# -- templates -----------------------------------------------------------------------------------------


def test_an_internal_quickstart(corpus: Path) -> None:
    inventory = read(
        corpus, f"{QUICKSTARTS}/api-management-create-with-internal-vnet-publicip/azuredeploy.json"
    )
    assert len(inventory.services) == 1
    for check_id in ("apim.ns-1.virtual-network", "apim.ns-2.gateway-not-public", "apim.dp-3.client-tls"):
        assert set(judged(inventory, check_id).values()) == {Status.PASS}, check_id


def test_the_security_group_of_the_internal_quickstart(corpus: Path) -> None:
    """It admits what it should, and denies the internet on port 80, where certificates are validated."""
    inventory = read(
        corpus, f"{QUICKSTARTS}/api-management-create-with-internal-vnet-publicip/azuredeploy.json"
    )
    for slug in ("subnet-nsg", "nsg-management-port", "nsg-open-inbound"):
        assert set(judged(inventory, f"apim.ns-1.{slug}").values()) == {Status.PASS}, slug
    (denied,) = findings(inventory, [check("apim.ns-1.nsg-required-flows")])
    assert denied.status is Status.FAIL
    assert "outbound 80 to Internet" in denied.message
    assert "Deny_All_Internet_Outbound (999)" in denied.message


def test_an_external_quickstart_is_open_unless_front_door_alone_is_let_in(corpus: Path) -> None:
    folder = QUICKSTARTS.replace("microsoft.apimanagement", "microsoft.network/front-door-api-management")
    inventory = read(corpus, f"{folder}/azuredeploy.json")
    assert set(judged(inventory, "apim.ns-2.gateway-not-public").values()) == {Status.FAIL}
    assert set(judged(inventory, "apim.ns-1.nsg-required-flows").values()) == {Status.PASS}


def test_a_private_endpoint_that_is_only_planned_proves_nothing(corpus: Path) -> None:
    inventory = read(corpus, f"{QUICKSTARTS}/api-management-private-endpoint/azuredeploy.json")
    assert set(judged(inventory, "apim.ns-2.gateway-not-public").values()) == {Status.UNKNOWN}
    assert set(judged(inventory, "apim.ns-2.private-endpoint").values()) == {Status.UNKNOWN}


def test_gateway_logs_alone_are_not_all_logs(corpus: Path) -> None:
    inventory = read(corpus, f"{QUICKSTARTS}/api-management-logs-oms-integration/azuredeploy.json")
    assert set(judged(inventory, "apim.lt-4.resource-logs").values()) == {Status.FAIL}


def test_existing_resources_are_no_services(corpus: Path) -> None:
    inventory = read(corpus, AVM)
    assert [service.implied for service in inventory.services] == [False]


def test_a_bicep_source_compiled_both_ways_gets_one_report(corpus: Path) -> None:
    pairs = sorted((corpus / "Azure__bicep").rglob("main.symbolicnames.json"))
    assert pairs
    for symbolic in pairs:
        classic = symbolic.with_name("main.json")
        one, other = (
            [
                (f.check.id, f.resource.id, f.item, f.status, f.message)
                for f in findings(read_paths([str(path)]).inventory)
            ]
            for path in (classic, symbolic)
        )
        assert sorted(one) == sorted(other)


# -- the peers' own expectations -----------------------------------------------------------------------

PSRULE_TWINS = {
    "Azure.APIM.Protocols": ("apim.dp-3.client-tls", "apim.dp-3.backend-tls"),
    "Azure.APIM.Ciphers": ("apim.dp-3.weak-ciphers",),
    "Azure.APIM.ManagedIdentity": ("apim.im-3.managed-identity",),
    "Azure.APIM.HTTPEndpoint": ("apim.dp-3.api-encrypted-protocols",),
    "Azure.APIM.HTTPBackend": ("apim.dp-3.backend-encrypted",),
    "Azure.APIM.EncryptValues": ("apim.im-8.named-value-secret-in-key-vault",),
    "Azure.APIM.CertificateExpiry": ("apim.dp-7.certificate-expiry",),
}
"""Rules of PSRule that ask what one of our checks asks."""

NOT_LISTED = "a dump does not say that a list is whole, so nothing passes on it"
PSRULE_DIFFERENCES = {
    (
        "Azure.APIM.Ciphers",
        "pass",
        "fail",
    ): "the two ECDHE_ECDSA CBC suites are on unless switched off; PSRule has no rule for them",
    ("Azure.APIM.HTTPEndpoint", "pass", "unknown"): NOT_LISTED,
    (
        "Azure.APIM.HTTPEndpoint",
        "fail",
        "unknown",
    ): "the ids of apim-D's APIs say that they are apim-A's; we join by id",
    ("Azure.APIM.HTTPBackend", "pass", "unknown"): NOT_LISTED,
    (
        "Azure.APIM.HTTPBackend",
        "fail",
        "unknown",
    ): "the ids of apim-D's APIs say that they are apim-A's; we join by id",
    ("Azure.APIM.EncryptValues", "pass", "unknown"): NOT_LISTED,
    (
        "Azure.APIM.EncryptValues",
        "fail",
        "unknown",
    ): "apim-A's value is not marked secret; only secrets belong into a vault",
    ("Azure.APIM.EncryptValues", "pass", "fail"): "apim-O holds a secret value outside a vault",
    (
        "Azure.APIM.CertificateExpiry",
        "pass",
        "fail",
    ): "a certificate expired on 2026-09-01, after the expectation was written",
    (
        "Azure.APIM.CertificateExpiry",
        "pass",
        "unknown",
    ): "certificates without a date, or lists that a dump does not close",
}
"""Every way in which our verdict on a service differs from PSRule's own expectation, and why."""


def test_psrule_differences_are_the_explained_ones(corpus: Path) -> None:
    rules = json.loads((corpus / "_oracles" / "psrule_apim_expected.json").read_text(encoding="utf-8"))[
        "rules"
    ]
    inventory = read(corpus, PSRULE)
    differences = set()
    for rule, twins in PSRULE_TWINS.items():
        ours = [judged(inventory, twin) for twin in twins]
        for outcome, expected in (("fail", "Fail"), ("pass", "Pass")):
            for name in rules[rule].get(expected, {}).get("targets", ()):
                if name in ours[0]:
                    mine = fold(verdicts[name] for verdicts in ours).value
                    if mine != outcome:
                        differences.add((rule, outcome, mine))
    assert differences == set(PSRULE_DIFFERENCES)


CHECKOV_TWINS = {
    "APIManagementMinTLS12": ("apim.dp-3.client-tls", "apim.dp-3.backend-tls"),
    "APIManagementPublicAccess": ("apim.ns-2.gateway-not-public",),
    "APIServicesUseVirtualNetwork": ("apim.ns-1.virtual-network",),
}
CHECKOV_DIFFERENCES = {
    (
        "APIManagementMinTLS12",
        "pass",
        "unknown",
    ): "the template names no protocol and no creation date: an old service would have them on",
    (
        "APIManagementPublicAccess",
        "pass",
        "unknown",
    ): "a deployment cannot create a service with public access off; what comes of it shows later",
    (
        "APIServicesUseVirtualNetwork",
        "pass",
        "unknown",
    ): "the tier is a parameter without a value, and not every tier can join a network",
    (
        "APIServicesUseVirtualNetwork",
        "fail",
        "unknown",
    ): "the tier is a parameter without a value, and not every tier can join a network",
}
"""Every way in which our verdict differs from checkov's own expectation, and why."""


@pytest.mark.parametrize("rule", CHECKOV_TWINS)
def test_checkov_differences_are_the_explained_ones(corpus: Path, rule: str) -> None:
    differences = set()
    for outcome in ("pass", "fail"):
        inventory = read(corpus, f"{CHECKOV}/example_{rule}/{outcome}.json")
        ours = [judged(inventory, twin) for twin in CHECKOV_TWINS[rule]]
        for name in ours[0]:
            mine = fold(verdicts[name] for verdicts in ours).value
            if mine != outcome:
                differences.add((rule, outcome, mine))
    assert differences == {key for key in CHECKOV_DIFFERENCES if key[0] == rule}
