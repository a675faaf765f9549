"""Rules as templates and Azure write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model.evidence import Gap, Log, Undetermined
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.network.prefixes import Anything, Block, Group, Tag, Unsettled, block, tag
from auditor.network.rules import DEFAULT_RULES, Access, Protocol, Rule, Rules, rules_of
from auditor.network.subnets import filter_of, security_group, subnet_at
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import NOW

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
NSG = "Microsoft.Network/networkSecurityGroups"
VNET = "Microsoft.Network/virtualNetworks"


def properties(**members: Any) -> dict[str, Any]:
    found = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "VirtualNetwork",
        "destinationPortRange": "443",
    }
    found.update(members)
    return {name: value for name, value in found.items() if value is not ...}


def group(*rules: Any, **members: Any) -> dict[str, Any]:
    listed = [{"name": f"rule-{number}", "properties": each} for number, each in enumerate(rules)]
    return {
        "type": NSG,
        "apiVersion": "2023-09-01",
        "name": "nsg",
        "properties": {"securityRules": listed, **members},
    }


def below(name: str, **members: Any) -> dict[str, Any]:
    return {
        "type": f"{NSG}/securityRules",
        "apiVersion": "2023-09-01",
        "name": f"nsg/{name}",
        "properties": properties(**members),
    }


def template(*resources: dict[str, Any]) -> dict[str, Any]:
    declared = {"p": {"type": "string"}, "n": {"type": "int"}, "yes": {"type": "bool"}}
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": declared,
        "resources": list(resources),
    }


def subject_of(tmp_path: Path, document: Any, type_: str = NSG) -> Subject:
    path = tmp_path / "input.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    inventory = read_paths([str(path)]).inventory
    audit = Audit(inventory, catalogue().knowledge, NOW)
    return Subject(audit, inventory.of_type(type_.lower())[0], Log())


def own(rules: Rules) -> list[Rule]:
    return [each for each in rules if not each.default]


def only(tmp_path: Path, **members: Any) -> Rule:
    (found,) = own(rules_of(subject_of(tmp_path, template(group(properties(**members))))))
    return found


def test_a_rule(tmp_path: Path) -> None:
    found = only(tmp_path)
    assert (found.name, found.priority, found.access, found.protocol) == (
        "rule-0",
        100,
        Access.ALLOW,
        Protocol.TCP,
    )
    assert found.sources == (Anything(),)
    assert found.ports == ((443, 443),)
    assert {entry.pointer.rpartition("/")[2] for entry in found.evidence} >= {"priority", "access"}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"sourceAddressPrefix": "Any"}, [Anything()]),
        ({"sourceAddressPrefix": "10.1.2.3"}, [block("10.1.2.3/32")]),
        ({"sourceAddressPrefix": "10.1.2.3/24"}, [block("10.1.2.0/24")]),
        ({"sourceAddressPrefix": "2001:db8::/32"}, [block("2001:db8::/32")]),
        ({"sourceAddressPrefix": "", "sourceAddressPrefixes": ["Sql", "10.0.0.0/8"]}, ["sql", "10"]),
        ({"sourceAddressPrefix": ..., "sourceAddressPrefixes": ["Sql"]}, ["sql"]),
        ({"sourceAddressPrefix": ..., "sourceApplicationSecurityGroups": [{"id": "/x"}]}, [Group()]),
        ({"sourceAddressPrefix": "Sql", "sourceApplicationSecurityGroups": []}, ["sql"]),
    ],
)
def test_addresses(tmp_path: Path, members: dict[str, Any], expected: list[Any]) -> None:
    found = only(tmp_path, **members).sources
    assert len(found) == len(expected)
    for each, wanted in zip(found, expected, strict=True):
        if isinstance(wanted, str):
            assert str(each).casefold().startswith(wanted)
        else:
            assert each == wanted


@pytest.mark.parametrize(
    "members",
    [
        {"sourceAddressPrefix": "[parameters('p')]"},
        {"sourceAddressPrefix": ...},
        {"sourceAddressPrefix": ..., "sourceAddressPrefixes": []},
        {"sourceAddressPrefix": "10.0.0.0/99"},
        {"sourceAddressPrefix": "10.0.0.1-10.0.0.9"},
        {"sourceAddressPrefix": ..., "sourceAddressPrefixes": "[parameters('p')]"},
        {"sourceAddressPrefix": ..., "sourceApplicationSecurityGroups": "[parameters('p')]"},
    ],
)
def test_addresses_that_are_not_known(tmp_path: Path, members: dict[str, Any]) -> None:
    found = only(tmp_path, **members).sources
    assert any(isinstance(each, Unsettled) for each in found)


def test_a_tag_of_an_unknown_region(tmp_path: Path) -> None:
    (found,) = only(tmp_path, sourceAddressPrefix="[concat('Storage.', parameters('p'))]").sources
    assert isinstance(found, Tag)
    assert (found.name, found.open) == ("storage", True)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"destinationPortRange": "*"}, [(0, 65535)]),
        ({"destinationPortRange": "80-443"}, [(80, 443)]),
        ({"destinationPortRange": 443}, [(443, 443)]),
        ({"destinationPortRange": "", "destinationPortRanges": ["80", "443-444"]}, [(80, 80), (443, 444)]),
        ({"destinationPortRange": ..., "destinationPortRanges": ["80"]}, [(80, 80)]),
    ],
)
def test_ports(tmp_path: Path, members: dict[str, Any], expected: list[Any]) -> None:
    assert list(only(tmp_path, **members).ports) == expected


@pytest.mark.parametrize(
    "text", ["443-80", "80,443", "https", "-1", "70000", "80-", ..., "[parameters('p')]"]
)
def test_ports_that_are_not_known(tmp_path: Path, text: Any) -> None:
    assert [type(each) for each in only(tmp_path, destinationPortRange=text).ports] == [Gap]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("priority", ...),
        ("priority", "[parameters('n')]"),
        ("direction", "Sideways"),
        ("access", "[parameters('p')]"),
        ("protocol", "Quic"),
    ],
)
def test_a_member_that_is_not_known_stays_with_its_rule(tmp_path: Path, member: str, value: Any) -> None:
    found = own(
        rules_of(
            subject_of(tmp_path, template(group(properties(**{member: value}), properties(priority=200))))
        )
    )
    assert sorted(isinstance(getattr(each, member), Gap) for each in found) == [False, True]


@pytest.mark.parametrize(
    ("written", "read"), [("Any", Protocol.ANY), ("TCP", Protocol.TCP), ("*", Protocol.ANY)]
)
def test_protocols(tmp_path: Path, written: str, read: Protocol) -> None:
    assert only(tmp_path, protocol=written).protocol is read


def test_priorities_in_digits_of_a_string(tmp_path: Path) -> None:
    assert only(tmp_path, priority="300").priority == 300


# -- lists ---------------------------------------------------------------------------------------------------


def test_rules_below_a_group_count(tmp_path: Path) -> None:
    found = rules_of(subject_of(tmp_path, template(group(properties()), below("more", priority=200))))
    assert [each.name for each in own(found)] == ["rule-0", "more"]
    assert found.rest is None


def test_a_rule_under_an_unknown_condition_is_doubted(tmp_path: Path) -> None:
    conditional = {**below("more", priority=200), "condition": "[parameters('yes')]"}
    first, second = own(rules_of(subject_of(tmp_path, template(group(properties()), conditional))))
    assert (first.doubt, second.doubt is None) == (None, False)


def test_of_two_rules_with_one_name_neither_is_sure(tmp_path: Path) -> None:
    found = own(rules_of(subject_of(tmp_path, template(group(properties()), below("rule-0", priority=200)))))
    assert [each.doubt is None for each in found] == [False, False]


def test_a_list_that_is_a_parameter_may_hold_anything(tmp_path: Path) -> None:
    resource = group()
    resource["properties"]["securityRules"] = "[parameters('p')]"
    assert rules_of(subject_of(tmp_path, template(resource))).rest is not None


def test_rules_in_a_loop_of_unknown_length(tmp_path: Path) -> None:
    resource = group()
    del resource["properties"]["securityRules"]
    resource["properties"]["copy"] = [
        {
            "name": "securityRules",
            "count": "[parameters('n')]",
            "input": {"name": "x", "properties": properties()},
        }
    ]
    assert rules_of(subject_of(tmp_path, template(resource))).rest is not None


def test_rules_below_in_a_loop_of_unknown_length(tmp_path: Path) -> None:
    looped = below("more")
    looped["copy"] = {"name": "c", "count": "[parameters('n')]"}
    looped["name"] = "[concat('nsg/more', copyIndex())]"
    assert rules_of(subject_of(tmp_path, template(group(properties()), looped))).rest is not None


def test_a_template_without_rules_has_none(tmp_path: Path) -> None:
    resource = group()
    del resource["properties"]["securityRules"]
    found = rules_of(subject_of(tmp_path, template(resource)))
    assert own(found) == []
    assert found.rest is None


def test_a_group_as_azure_reports_it_always_lists_its_rules(tmp_path: Path) -> None:
    observed = {
        "id": f"/subscriptions/0/resourceGroups/g/providers/{NSG}/nsg",
        "type": NSG,
        "name": "nsg",
        "properties": {"provisioningState": "Succeeded"},
    }
    assert rules_of(subject_of(tmp_path, observed)).rest is not None


def test_a_linked_template_may_hold_the_rules(tmp_path: Path) -> None:
    linked = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2021-04-01",
        "name": "rules",
        "properties": {"mode": "Incremental", "templateLink": {"uri": "https://contoso.example/rules.json"}},
    }
    resource = group()
    del resource["properties"]["securityRules"]
    assert rules_of(subject_of(tmp_path, template(resource, linked))).rest is not None


def test_reported_default_rules_stand_for_the_documented_ones(tmp_path: Path) -> None:
    reported = properties(
        priority=65500, access="Deny", destinationAddressPrefix="*", destinationPortRange="*"
    )
    document = template(group(defaultSecurityRules=[{"name": "DenyAllInBound", "properties": reported}]))
    (found,) = rules_of(subject_of(tmp_path, document))
    assert found.default
    assert found.evidence


def test_the_documented_default_rules(tmp_path: Path) -> None:
    found = rules_of(subject_of(tmp_path, template(group())))
    assert sorted(each.name for each in found) == sorted(each.name for each in DEFAULT_RULES)


# -- subnets -------------------------------------------------------------------------------------------------


def network(**members: Any) -> dict[str, Any]:
    subnet = {"name": "apim", "properties": {"addressPrefix": "10.0.1.0/24", **members}}
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    return {
        "type": VNET,
        "apiVersion": "2023-09-01",
        "name": "[parameters('p')]",
        "properties": {"addressSpace": space, "subnets": [subnet]},
    }


def endpoint_of(target: str) -> dict[str, Any]:
    return {
        "type": "Microsoft.Network/privateEndpoints",
        "apiVersion": "2023-09-01",
        "name": "holder",
        "properties": {"subnet": {"id": target}},
    }


AT = f"[resourceId('{VNET}/subnets', parameters('p'), 'apim')]"


def subnet_in(tmp_path: Path, *resources: dict[str, Any], at: str = AT) -> Subject:
    holder = subject_of(tmp_path, template(endpoint_of(at), *resources), "Microsoft.Network/privateEndpoints")
    return subnet_at(holder, holder.text("/properties/subnet/id"))


def test_a_subnet_by_an_equal_expression_leads_to_its_group(tmp_path: Path) -> None:
    linked = {"networkSecurityGroup": {"id": f"[resourceId('{NSG}', 'nsg')]"}}
    found = security_group(subnet_in(tmp_path, network(**linked), group()))
    assert found is not None
    assert found.name == "nsg"


def test_a_subnet_without_a_group(tmp_path: Path) -> None:
    assert security_group(subnet_in(tmp_path, network())) is None
    assert filter_of(subnet_in(tmp_path, network(networkSecurityGroup=None))) is None


@pytest.mark.parametrize(
    "linked", [{"id": f"[resourceId('{NSG}', 'other')]"}, "[parameters('p')]", {"id": "[parameters('p')]"}]
)
def test_a_group_that_is_not_there(tmp_path: Path, linked: Any) -> None:
    with pytest.raises(Undetermined):
        security_group(subnet_in(tmp_path, network(networkSecurityGroup=linked), group()))


def test_a_group_under_an_unknown_condition(tmp_path: Path) -> None:
    linked = {"networkSecurityGroup": {"id": f"[resourceId('{NSG}', 'nsg')]"}}
    with pytest.raises(Undetermined):
        security_group(
            subnet_in(tmp_path, network(**linked), {**group(), "condition": "[parameters('yes')]"})
        )


def test_another_subnet_is_not_it(tmp_path: Path) -> None:
    with pytest.raises(Undetermined):
        subnet_in(tmp_path, network(), at=f"[resourceId('{VNET}/subnets', parameters('p'), 'other')]")
    with pytest.raises(Undetermined):
        subnet_in(tmp_path, network(), at=f"[resourceId('{VNET}/subnets', 'other', 'apim')]")


def test_what_surrounds_a_subnet(tmp_path: Path) -> None:
    table = {
        "type": "Microsoft.Network/routeTables",
        "apiVersion": "2023-09-01",
        "name": "routes",
        "properties": {
            "routes": [
                {
                    "name": "all",
                    "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"},
                }
            ]
        },
    }
    linked = {
        "networkSecurityGroup": {"id": f"[resourceId('{NSG}', 'nsg')]"},
        "routeTable": {"id": "[resourceId('Microsoft.Network/routeTables', 'routes')]"},
    }
    found = filter_of(subnet_in(tmp_path, network(**linked), group(), table))
    assert found is not None
    around = found.around
    assert around.own == (block("10.0.1.0/24"),)
    assert around.space == (block("10.0.0.0/16"),)
    assert around.routed == (block("0.0.0.0/0"),)
    missing = filter_of(subnet_in(tmp_path, network(**linked), group()))
    assert missing is not None
    assert isinstance(missing.around.routed, Gap)


def test_tags_are_words() -> None:
    assert tag("Storage.West Europe") == Tag("storage", "westeurope", written="Storage.West Europe")
    assert tag("10.0.0.0/8") is None
    assert isinstance(block("10.0.0.0/8"), Block)
