"""Fronts: what leads to a service and what does not, in templates and in what Azure reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.fronts import Leads, apis_behind, fronts_of
from auditor.model.evidence import Log, Undetermined
from auditor.model.inventory import Inventory
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.sources import read_paths
from controls import catalogue
from tests.auditing import SCHEMA
from tests.conftest import FIXTURES, NOW
from tests.judging import findings, inventory_of

FOLDER = FIXTURES / "controls/ns-6/waf-in-front"
WAF = next(check for check in catalogue().checks if check.id == "apim.ns-6.waf-in-front")


def service_of(inventory: Inventory) -> Subject:
    return Subject(Audit(inventory, catalogue().knowledge, NOW), inventory.services[0], Log())


def template(address: Any, host: Any, *, name: str = "[parameters('apim')]") -> dict[str, Any]:
    """A service and a gateway whose one rule leads to an address."""
    gateway = "resourceId('Microsoft.Network/applicationGateways', 'front')"

    def part(collection: str, name: str) -> dict[str, str]:
        return {"id": f"[concat({gateway}, '/{collection}/{name}')]"}

    settings: dict[str, Any] = {"port": 443} | ({"hostName": host} if host else {})
    parts = {
        "sku": {"tier": "Standard_v2"},
        "gatewayIPConfigurations": [{"name": "in", "properties": {"subnet": {"id": "/x/subnets/front"}}}],
        "frontendIPConfigurations": [{"name": "public", "properties": {"publicIPAddress": {"id": "/ip"}}}],
        "backendAddressPools": [{"name": "apim", "properties": {"backendAddresses": [address]}}],
        "backendHttpSettingsCollection": [{"name": "apim", "properties": settings}],
        "httpListeners": [
            {
                "name": "all",
                "properties": {"frontendIPConfiguration": part("frontendIPConfigurations", "public")},
            }
        ],
        "requestRoutingRules": [
            {
                "Name": "all",
                "properties": {
                    "ruleType": "Basic",
                    "httpListener": part("httpListeners", "all"),
                    "backendAddressPool": part("backendAddressPools", "apim"),
                    "backendHttpSettings": part("backendHttpSettingsCollection", "apim"),
                },
            }
        ],
    }
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"apim": {"type": "string"}, "other": {"type": "string"}},
        "resources": [
            {
                "type": "Microsoft.ApiManagement/service",
                "apiVersion": "2024-05-01",
                "name": name,
                "location": "westeurope",
                "sku": {"name": "Developer", "capacity": 1},
                "properties": {
                    "virtualNetworkType": "Internal",
                    "hostnameConfigurations": [
                        {"type": "Proxy", "hostName": "[parameters('other')]"},
                        {"type": "Portal", "hostName": "p.example"},
                    ],
                },
            },
            {
                "type": "Microsoft.Network/applicationGateways",
                "apiVersion": "2023-09-01",
                "name": "front",
                "properties": parts,
            },
        ],
    }


def leads(folder: Path, document: Any) -> Any:
    path = folder / "t.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    found = fronts_of(service_of(read_paths([str(path)]).inventory))
    assert not found.gaps
    assert len(found.met) <= 1
    return found.met[0].leads if found.met else Leads.NO


OWN = "reference(resourceId('Microsoft.ApiManagement/service', parameters('apim')), '2022-08-01')"
OTHER = "reference(resourceId('Microsoft.ApiManagement/service', parameters('other')), '2022-08-01')"


@pytest.mark.parametrize(
    ("address", "host", "expected"),
    [
        ({"fqdn": "[concat(parameters('apim'), '.azure-api.net')]"}, None, Leads.YES),
        ({"fqdn": "[format('{0}.azure-api.net', parameters('apim'))]"}, None, Leads.YES),
        ({"fqdn": "[concat(parameters('other'), '.azure-api.net')]"}, None, Undetermined),
        ({"fqdn": "[parameters('other')]"}, None, Leads.YES),  # its own custom host name
        ({"fqdn": f"[replace({OWN}.gatewayUrl, 'https://', '')]"}, None, Leads.YES),
        ({"fqdn": f"[split({OWN}.gatewayUrl, '/')[2]]"}, None, Leads.YES),
        ({"ipAddress": f"[{OWN}.privateIPAddresses[0]]"}, None, Leads.YES),
        ({"ipAddress": f"[{OWN}.privateIPAddresses[0]]"}, "p.example", Leads.NO),
        ({"ipAddress": f"[{OWN}.privateIPAddresses[0]]"}, "[parameters('apim')]", Undetermined),
        ({"fqdn": f"[replace({OTHER}.gatewayUrl, 'https://', '')]"}, None, Undetermined),
        ({"fqdn": f"[replace({OWN}.portalUrl, 'https://', '')]"}, None, Undetermined),
        ({"fqdn": "[concat(parameters('other'), '.azurewebsites.net')]"}, None, Leads.NO),
        ({"fqdn": "contoso.azure-api.net"}, None, Undetermined),  # what its own name is, is not known
        ({"fqdn": "api.contoso.example"}, None, Undetermined),
        ({"fqdn": "contoso-shop.azurewebsites.net"}, None, Leads.NO),
        ({"ipAddress": "10.0.1.5"}, None, Undetermined),
        ({}, None, Undetermined),
    ],
)
def test_a_template_names_its_service(tmp_path: Path, address: Any, host: Any, expected: Any) -> None:
    found = leads(tmp_path, template(address, host))
    assert found is expected or (expected is Undetermined and isinstance(found, Undetermined))


def test_the_front_of_another_template_is_none_of_this_one(tmp_path: Path) -> None:
    whole = template({"fqdn": "[concat(parameters('apim'), '.azure-api.net')]"}, None)
    one, other = ({**whole, "resources": [each]} for each in list(whole["resources"]))
    for name, document in (("one", one), ("other", other)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    inventory = read_paths([str(tmp_path / "one.json"), str(tmp_path / "other.json")]).inventory
    assert fronts_of(service_of(inventory)).met == ()


def test_which_apis_a_route_shows() -> None:
    service = service_of(inventory_of(FOLDER / "pass--application-gateway-before-internal.json"))
    (met,) = fronts_of(service).certain()
    assert apis_behind(service, met.route) == ["/orders"]
    assert met.route.hosts == ("api.contoso.example",)


def test_the_details_list_routes_and_apis() -> None:
    (found,) = findings(inventory_of(FOLDER / "fail--detection.json"), [WAF])
    details: Any = found.details
    (row,) = details["routes"]
    assert (row["protected"], row["apis"], row["paths"]) == (False, ["/orders"], ["/orders/*"])
    assert "Detection" in found.message
    assert any(each.pointer == "/properties/policySettings/mode" for each in found.evidence)


def test_a_policy_says_what_weakens_it() -> None:
    inventory = inventory_of(FOLDER / "pass--application-gateway-before-internal.json")
    policy = next(each for each in inventory.by_key.values() if each.name == "contoso-waf")
    body: Any = policy.body
    properties = body["properties"]
    rules = properties["managedRules"]
    rules["exclusions"] = [{"matchVariable": "RequestHeaderNames"}]
    rules["managedRuleSets"][0]["ruleGroupOverrides"] = [{"rules": [{"ruleId": "1", "state": "Disabled"}]}]
    narrow = {"operator": "IPMatch", "matchValues": ["203.0.113.0/24"]}
    properties["customRules"] = [{"action": "Allow", "ruleType": "MatchRule", "matchConditions": [narrow]}]
    (found,) = findings(inventory, [WAF])
    details: Any = found.details
    assert len(details["routes"][0]["notes"]) == 3
    assert str(found.status) == "pass"


def test_host_names_of_others_are_noted() -> None:
    inventory = inventory_of(FOLDER / "fail--detection.json")
    before: Any = findings(inventory, [WAF])[0].details
    assert before["routes"][0]["notes"] == []
    gateway = next(each for each in inventory.by_key.values() if each.name == "contoso-front")
    body: Any = gateway.body
    body["properties"]["httpListeners"][0]["properties"]["hostName"] = "www.contoso.example"
    (found,) = findings(inventory, [WAF])
    details: Any = found.details
    assert details["routes"][0]["notes"] == ["callers use host names that are none of the service's"]
    assert str(found.status) == "fail"  # the gateway sends the service's own name as Host


def test_parts_of_a_front_door_are_not_none_at_all(tmp_path: Path) -> None:
    whole = json.loads((FOLDER / "pass--front-door-by-private-link-complete.json").read_text("utf-8"))
    parts = [each for each in whole if each["type"] != "Microsoft.Cdn/profiles"]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(parts), encoding="utf-8")
    (found,) = findings(read_paths([str(path)], whole=True).inventory, [WAF])
    assert str(found.status) == "unknown"
    assert "contoso-door" in str(found.gaps[0])


ODD: list[Any] = [None, 1, "", {}, {"id": 1}, [1], [None], "x" * 5000, {"properties": []}]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "member", ["sku", "httpListeners", "requestRoutingRules", "urlPathMaps", "backendAddressPools"]
)
def test_a_broken_gateway_that_was_unguarded_passes_nothing(member: str, value: Any) -> None:
    inventory = inventory_of(FOLDER / "fail--detection.json")
    gateway = next(each for each in inventory.by_key.values() if each.name == "contoso-front")
    body: Any = gateway.body
    body["properties"][member] = value
    (found,) = findings(inventory, [WAF])
    assert str(found.status) == "unknown"
