"""What Resource Graph does not hold of fronts is listed below them: routes, origins, records of DNS zones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.azure import client
from auditor.azure.plan import below_neighbours
from auditor.model.inventory import Inventory
from auditor.sources import read_paths
from tests.arm_server.estates import Estate
from tests.arm_server.fixtures import StartArm, use
from tests.conftest import Ran

ROUTES = "microsoft.cdn/profiles/afdendpoints/routes"
RECORDS = "microsoft.network/privatednszones/a"


def resources(group: str) -> list[dict[str, Any]]:
    """A Front Door, a content network of the old kind, and three DNS zones."""
    door, old = (f"{group}/providers/Microsoft.Cdn/profiles/{name}" for name in ("door", "old"))
    zones = f"{group}/providers/Microsoft.Network/privateDnsZones"
    made = [
        (door, "Microsoft.Cdn/profiles", {"frontDoorId": "1"}),
        (f"{door}/afdEndpoints/api", "Microsoft.Cdn/profiles/afdEndpoints", {"enabledState": "Enabled"}),
        (f"{door}/afdEndpoints/api/routes/all", "Microsoft.Cdn/profiles/afdEndpoints/routes", {}),
        (f"{door}/originGroups/apim", "Microsoft.Cdn/profiles/originGroups", {}),
        (f"{door}/originGroups/apim/origins/one", "Microsoft.Cdn/profiles/originGroups/origins", {}),
        (f"{door}/securityPolicies/waf", "Microsoft.Cdn/profiles/securityPolicies", {}),
        (old, "Microsoft.Cdn/profiles", {}),
        (f"{zones}/contoso.internal", "Microsoft.Network/privateDnsZones", {}),
        (f"{zones}/contoso.internal/A/api", "Microsoft.Network/privateDnsZones/A", {"ttl": 300}),
        (f"{zones}/privatelink.vaultcore.azure.net", "Microsoft.Network/privateDnsZones", {}),
        (f"{zones}/privatelink.vaultcore.azure.net/A/kv", "Microsoft.Network/privateDnsZones/A", {"ttl": 1}),
    ]
    sku = {door: {"name": "Premium_AzureFrontDoor"}, old: {"name": "Standard_Microsoft"}}
    return [
        {
            "id": id_,
            "name": id_.rpartition("/")[2],
            "type": type_,
            "properties": properties,
            **({"sku": sku[id_]} if id_ in sku else {}),
        }
        for id_, type_, properties in made
    ]


@pytest.fixture
def read(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Any) -> Any:
    """Collects from an estate that holds them; gives the inventory and the server."""
    made = Estate(1, 1, 1)
    server = start_arm(estate=made)
    subscription = made.subscriptions()[0]
    group = f"/subscriptions/{subscription}/resourceGroups/fronts"
    server.state.add(resources(group))
    monkeypatch.setattr(client, "RETRIES", 1)
    use(server, monkeypatch)
    path = tmp_path / "s.json.gz"

    def call() -> tuple[Inventory, Ran]:
        scope = ("--subscription", subscription, "-o", str(path), "-q")
        ran = run("collect", "--cloud", server.url, "--auth", "env", *scope)
        return read_paths([str(path)]).inventory, ran

    call.server = server  # type: ignore[attr-defined]
    return call


def test_a_front_door_is_read_whole(read: Any) -> None:
    inventory, ran = read()
    assert ran.code == 0, ran.err
    profile = next(each for each in inventory.of_type("microsoft.cdn/profiles") if each.name == "door")
    for collection in ("afdendpoints", "customdomains", "origingroups", "securitypolicies"):
        listing = inventory.listing(profile, f"microsoft.cdn/profiles/{collection}")
        assert listing is not None, collection
        assert listing.complete, collection
    assert [each.name for each in inventory.of_type(ROUTES)] == ["all"]
    assert [each.name for each in inventory.of_type("microsoft.cdn/profiles/origingroups/origins")] == ["one"]
    assert read.server.writes == []


def test_of_zones_those_of_other_services_are_left_out(read: Any) -> None:
    inventory, _ = read()
    assert [each.name for each in inventory.of_type(RECORDS)] == ["api"]


def test_routes_that_may_not_be_listed_are_not_known_to_be_none(read: Any) -> None:
    read.server.fault("forbidden", "*/routes")
    inventory, _ = read()
    endpoint = inventory.of_type("microsoft.cdn/profiles/afdendpoints")[0]
    listing = inventory.listing(endpoint, ROUTES)
    assert listing is not None
    assert not listing.complete
    assert "Microsoft.Cdn/profiles/afdEndpoints/routes/read".casefold() in listing.detail.casefold()


def test_odd_rows_ask_for_nothing() -> None:
    assert below_neighbours([{}, {"type": "microsoft.cdn/profiles"}, {"id": 1, "type": "x"}]) == ()
    assert below_neighbours([{"id": "/x", "type": "Microsoft.Cdn/profiles", "sku": None}]) == ()
