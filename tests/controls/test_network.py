"""Network: the change that a failure asks for turns it, and the traps of the exposure model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.ports import needs_of
from auditor.model.evidence import Log
from auditor.model.inventory import Inventory
from auditor.model.knowledge import Audit
from auditor.model.results import Results
from auditor.model.subject import Subject
from auditor.model.verdict import Status
from controls import catalogue
from tests.auditing import audited, item, observed
from tests.conftest import FIXTURES, NOW
from tests.judging import findings, inventory_of, status_of, with_body, without

BY_ID = {check.id: check for check in catalogue().checks}
SUBNET = {
    "subnetResourceId": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
    "/providers/Microsoft.Network/virtualNetworks/contoso-vnet/subnets/apim"
}
APPROVED = [
    {
        "name": "one",
        "properties": {"privateLinkServiceConnectionState": {"status": "Approved"}, "groupIds": ["Gateway"]},
    }
]


def fixture(check_id: str, name: str) -> Inventory:
    _, control, slug = check_id.split(".")
    return inventory_of(FIXTURES / "controls" / control / slug / f"{name}.json")


def changed(inventory: Inventory, tail: str, changes: dict[str, Any]) -> Inventory:
    """The same inventory with values put into the one resource whose id ends so."""
    resource = next(r for r in inventory.by_key.values() if r.key.endswith(tail))
    body: Any = resource.body
    for pointer, value in changes.items():
        body = without(body, pointer, value)
    return with_body(inventory, resource, body)


def status(check_id: str, inventory: Inventory) -> Status:
    return status_of(findings(inventory, [BY_ID[check_id]]))


REMEDIES: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "apim.ns-1.virtual-network",
        "fail--not-in-a-network",
        "/contoso-apim",
        {"/properties/virtualNetworkType": "Internal", "/properties/virtualNetworkConfiguration": SUBNET},
    ),
    (
        "apim.ns-1.virtual-network",
        "fail--additional-location-outside",
        "/contoso-apim",
        {"/properties/additionalLocations/0/virtualNetworkConfiguration": SUBNET},
    ),
    (
        "apim.ns-2.private-endpoint",
        "fail--none",
        "/contoso-apim",
        {"/properties/privateEndpointConnections": APPROVED},
    ),
    (
        "apim.ns-2.private-endpoint",
        "fail--only-rejected-and-pending",
        "/contoso-apim",
        {
            "/properties/privateEndpointConnections/1/properties/privateLinkServiceConnectionState/status": (
                "Approved"
            )
        },
    ),
    (
        "apim.ns-2.gateway-not-public",
        "fail--approved-endpoint-but-still-enabled",
        "/contoso-apim",
        {"/properties/publicNetworkAccess": "Disabled"},
    ),
    (
        "apim.ns-2.gateway-not-public",
        "fail--disabled-with-rejected-endpoint",
        "/contoso-apim",
        {"/properties/privateEndpointConnections": APPROVED},
    ),
    (
        "apim.ns-2.configuration-endpoints",
        "fail--git-enabled",
        "/tenant/gitaccess",
        {"/properties/enabled": False},
    ),
    (
        "apim.ns-2.configuration-endpoints",
        "fail--legacy-api-with-gateways",
        "/contoso-apim",
        {"/properties/configurationApi/legacyApi": "Disabled"},
    ),
]


@pytest.mark.parametrize(("check_id", "name", "tail", "changes"), REMEDIES)
def test_the_fix_turns_the_failure(check_id: str, name: str, tail: str, changes: dict[str, Any]) -> None:
    inventory = fixture(check_id, name)
    assert status(check_id, inventory) is Status.FAIL
    assert status(check_id, changed(inventory, tail, changes)) is Status.PASS


def test_disabling_the_portal_takes_the_question_away() -> None:
    check_id = "apim.ns-2.portal-exposure"
    inventory = fixture(check_id, "fail--enabled-by-default")
    after = changed(inventory, "/contoso-apim", {"/properties/developerPortalStatus": "Disabled"})
    assert status(check_id, after) is Status.NOT_APPLICABLE


def test_access_off_before_the_endpoint_closes_nothing() -> None:
    """The order of the fix: without an approved endpoint, Disabled alone is no pass."""
    check_id = "apim.ns-2.gateway-not-public"
    inventory = fixture(check_id, "fail--standard-v2-outbound-integration")
    after = changed(inventory, "/contoso-apim", {"/properties/publicNetworkAccess": "Disabled"})
    assert status(check_id, after) is Status.FAIL


def test_failure_names_the_location() -> None:
    check_id = "apim.ns-1.virtual-network"
    found = findings(fixture(check_id, "fail--additional-location-outside"), [BY_ID[check_id]])
    (failed,) = [finding for finding in found if finding.status is Status.FAIL]
    assert failed.item == "northeurope"
    assert "northeurope" in failed.message


def test_every_configuration_endpoint_is_judged_beside_a_missing_one() -> None:
    """A Git setting that was not read hides no gateway setting that is on."""
    check_id = "apim.ns-2.configuration-endpoints"
    inventory = fixture(check_id, "fail--gateway-access-enabled-as-text")
    kept = [resource for key, resource in inventory.by_key.items() if not key.endswith("/gitaccess")]
    smaller = Inventory(kept, inventory.listings, inventory.inputs)
    found = findings(smaller, [BY_ID[check_id]])
    assert {finding.status for finding in found} == {Status.FAIL, Status.UNKNOWN}


def test_failure_says_what_the_switch_says() -> None:
    """An endpoint that is not approved is what lacks, not the switch, which is off."""
    check_id = "apim.ns-2.gateway-not-public"
    (off,) = findings(fixture(check_id, "fail--disabled-with-rejected-endpoint"), [BY_ID[check_id]])
    (on,) = findings(fixture(check_id, "fail--enabled-without-endpoint"), [BY_ID[check_id]])
    assert off.message.startswith("publicNetworkAccess is Disabled, and no private endpoint connection")
    assert "answers the internet: publicNetworkAccess is Enabled" in on.message


_IN = ["3443 from ApiManagement", "6390 from AzureLoadBalancer", "443 from AzureTrafficManager"]
_OUT = ["80 to Internet", "443 to Storage", "1433 to Sql", "443 to AzureKeyVault"]
_MONITOR = ["443 to AzureMonitor", "1886 to AzureMonitor"]


@pytest.mark.parametrize(
    ("sku", "network", "locations", "inbound", "outbound"),
    [
        ("Developer", "External", [], _IN[:1], [*_OUT, *_MONITOR]),
        ("Premium", "External", [], _IN[:2], [*_OUT, *_MONITOR]),
        ("Premium", "External", [{"location": "northeurope"}], _IN, [*_OUT, *_MONITOR]),
        ("Premium", "Internal", [{"location": "northeurope"}], _IN[:2], [*_OUT, *_MONITOR]),
        ("PremiumV2", "Internal", [], [], ["443 to Storage"]),
    ],
)
def test_required_flows_are_those_of_the_tier(
    tmp_path: Path,
    sku: str,
    network: str,
    locations: list[dict[str, str]],
    inbound: list[str],
    outbound: list[str],
) -> None:
    path = tmp_path / "service.json"
    document = observed(sku, virtualNetworkType=network, additionalLocations=locations)
    path.write_text(json.dumps(document), encoding="utf-8")
    inventory = inventory_of(path)
    service = Subject(Audit(inventory, catalogue().knowledge, NOW), inventory.services[0], Log())
    expected = [f"inbound {flow}" for flow in inbound] + [f"outbound {flow}" for flow in outbound]
    assert [str(need) for need in needs_of(service)] == expected


def test_remedy_names_the_permission_of_the_collection_below(tmp_path: Path) -> None:
    listed = {"value": [item("gateways", "edge")]}
    remedies = [
        gap["remedy"]
        for finding in found(audited(tmp_path, observed("Developer"), listed), "gateway-host-tls")
        for gap in finding["gaps"]
    ]
    assert any(
        "(needs Microsoft.ApiManagement/service/gateways/hostnameConfigurations/read)" in r for r in remedies
    )


def found(results: Results, slug: str) -> list[Any]:
    return [
        finding
        for service in results["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"].endswith(f".{slug}")
    ]


def messages(results: Results, slug: str) -> list[str]:
    return [finding["message"] for finding in found(results, slug)]


@pytest.mark.parametrize(
    ("prefix", "hop", "told"),
    [
        ("0.0.0.0/0", "VirtualAppliance", "sends 0.0.0.0/0 to VirtualAppliance"),
        ("[parameters('prefix')]", "VirtualAppliance", "was not read"),
        ("0.0.0.0/0", "Internet", ""),
        ("10.9.0.0/16", "VirtualAppliance", ""),
    ],
)
def test_a_default_route_that_stands_as_a_resource_is_told(
    tmp_path: Path, prefix: str, hop: str, told: str
) -> None:
    source = FIXTURES / "controls/ns-1/nsg-required-flows/pass--default-rules-are-enough.json"
    document: list[dict[str, Any]] = json.loads(source.read_text(encoding="utf-8"))
    table = (
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso/providers"
        "/Microsoft.Network/routeTables/contoso-routes"
    )
    network = next(each for each in document if each["type"] == "Microsoft.Network/virtualNetworks")
    network["properties"]["subnets"][0]["properties"]["routeTable"] = {"id": table}
    route = {"addressPrefix": prefix, "nextHopType": hop}
    document += [
        {"id": table, "name": "contoso-routes", "type": "Microsoft.Network/routeTables", "properties": {}},
        {
            "id": f"{table}/routes/all",
            "name": "all",
            "type": "Microsoft.Network/routeTables/routes",
            "properties": route,
        },
    ]
    document[-2]["properties"]["routes"] = []
    path = tmp_path / "network.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    (finding,) = findings(inventory_of(path), [BY_ID["apim.ns-1.nsg-required-flows"]])
    if told:
        assert told in str(finding.message)
    else:
        assert "route table" not in str(finding.message)
