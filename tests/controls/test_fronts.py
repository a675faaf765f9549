"""Fronts: what leads to a service and what does not, in templates and in what Azure reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.front_leads import Leads
from auditor.apim.fronts import apis_behind, fronts_of
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


LABEL = "contoso-apim.westeurope.cloudapp.azure.com"


def behind_an_endpoint(folder: Path, address: dict[str, str], *more: dict[str, Any], **changed: Any) -> Any:
    """The service behind a private endpoint, with a front that leads to an address."""
    source = FOLDER / "pass--private-endpoint-and-application-gateway.json"
    document = json.loads(source.read_text(encoding="utf-8"))
    for each in document:
        if each["type"] == "Microsoft.Network/applicationGateways":
            pool = each["properties"]["backendAddressPools"][0]["properties"]
            pool["backendAddresses"] = [address]
        if each["type"] == "Microsoft.ApiManagement/service":
            each["properties"].update(changed)
            each["sku"] = {"name": "Premium", "capacity": 1}
    path = folder / "t.json"
    path.write_text(json.dumps([*document, *more]), encoding="utf-8")
    found = fronts_of(service_of(read_paths([str(path)]).inventory))
    return [each.leads for each in (*found.met, *found.perhaps)]


def public_address(ip: str | None) -> dict[str, Any]:
    properties: dict[str, Any] = {"dnsSettings": {"fqdn": LABEL}} | ({"ipAddress": ip} if ip else {})
    type_ = "Microsoft.Network/publicIPAddresses"
    group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
    return {"id": f"{group}/providers/{type_}/ip", "name": "ip", "type": type_, "properties": properties}


def test_the_name_of_a_public_address_may_be_the_services(tmp_path: Path) -> None:
    to = {"fqdn": LABEL}
    own = {"publicIPAddresses": ["203.0.113.20"]}
    assert behind_an_endpoint(tmp_path, to, **own) == [Leads.MAYBE]
    assert behind_an_endpoint(tmp_path, to, public_address("203.0.113.20"), **own) == [Leads.YES]
    assert behind_an_endpoint(tmp_path, to, public_address("203.0.113.99"), **own) == []
    (unread,) = behind_an_endpoint(tmp_path, to, public_address(None), **own)
    assert isinstance(unread, Undetermined)


def test_the_public_address_of_an_internal_service_takes_no_calls(tmp_path: Path) -> None:
    to = {"ipAddress": "203.0.113.20"}
    own = {"publicIPAddresses": ["203.0.113.20"]}
    assert behind_an_endpoint(tmp_path, to, **own) == [Leads.YES]
    inside = {"virtualNetworkType": "Internal", "privateIPAddresses": ["10.0.1.5"]}
    assert behind_an_endpoint(tmp_path, to, **own, **inside) == []


@pytest.mark.parametrize(
    ("told", "name", "expected"),
    [
        ("", "contoso-apim-westeurope-01.regional.azure-api.net", Undetermined),
        ("", "fabrikam-westeurope-01.regional.azure-api.net", None),
        ("https://contoso-apim-westeurope-01.regional.azure-api.net", "", Leads.YES),
        (
            "https://contoso-apim-westeurope-01.regional.azure-api.net",
            "contoso-apim-x-westeurope-01.regional.azure-api.net",
            None,
        ),
    ],
)
def test_the_name_of_a_region(tmp_path: Path, told: str, name: str, expected: Any) -> None:
    to = {"fqdn": name or told.removeprefix("https://")}
    (found,) = behind_an_endpoint(tmp_path, to, **({"gatewayRegionalUrl": told} if told else {})) or [None]
    assert found is expected or (expected is Undetermined and isinstance(found, Undetermined))
