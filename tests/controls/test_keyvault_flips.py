"""Everything right, and one link wrong at a time: exactly the findings that depend on it turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Finding
from auditor.model.verdict import Status
from controls.apim.im_4 import CHECKS
from tests.controls.vaults import (
    ASSIGNED,
    CLIENT,
    IDENTITY,
    OWN,
    SUBNET,
    VAULT,
    assignment,
    child,
    estate,
    host,
    listing,
    policy,
    secret,
    vault,
)
from tests.judging import findings, inventory_of

SLUGS = ("key-vault-identity", "key-vault-firewall", "key-vault-ip-rules", "key-vault-protection")
OURS = [check for check in CHECKS if check.slug in SLUGS]
USERS = ("api.contoso.example", "key", "partner")
ALL_OF = {
    *(("key-vault-identity", user) for user in USERS),
    *((slug, "vault contoso-vault") for slug in SLUGS[1:]),
}
Change = Callable[[list[Any]], None]


def judged(folder: Path, documents: list[Any]) -> dict[tuple[str, str], Finding]:
    path = folder / "estate-complete.json"
    path.write_text(json.dumps(documents), encoding="utf-8")
    found = findings(inventory_of(path), OURS)
    return {(f.check.slug, f.item or f.resource.name): f for f in found}


def test_right_is_right(tmp_path: Path) -> None:
    found = judged(tmp_path, estate())
    assert found.keys() == ALL_OF
    assert {f.status for f in found.values()} == {Status.PASS}


def acls(**more: Any) -> Any:
    return {"bypass": "AzureServices", "defaultAction": "Deny", **more}


def replace(index: int, document: Any) -> Change:
    return lambda documents: documents.__setitem__(index, document)


def drop(index: int) -> Change:
    return lambda documents: documents.__delitem__(index)


def user_assigned(documents: list[Any]) -> None:
    documents[0]["identity"] = {
        "type": "UserAssigned",
        "userAssignedIdentities": {IDENTITY: {"clientId": CLIENT, "principalId": ASSIGNED}},
    }
    documents[0]["properties"]["hostnameConfigurations"] = [host(identityClientId=CLIENT)]
    for document in documents[1:3]:
        document["value"][0]["properties"]["keyVault"]["identityClientId"] = CLIENT
    documents[4] = assignment(principal=ASSIGNED)


def refreshed(documents: list[Any]) -> None:
    documents[1]["value"][0]["properties"]["keyVault"]["lastStatus"] = {"code": "Success"}
    del documents[4]


IDENTITIES = {("key-vault-identity", user) for user in USERS}
FIREWALL = {("key-vault-firewall", "vault contoso-vault")}
FAIL, UNKNOWN, MANUAL = Status.FAIL, Status.UNKNOWN, Status.MANUAL
WRONG: dict[str, tuple[Change, dict[Any, Status]]] = {
    "no role": (drop(4), dict.fromkeys(IDENTITIES, FAIL)),
    "role of another identity": (replace(4, assignment(principal=ASSIGNED)), dict.fromkeys(IDENTITIES, FAIL)),
    "role that reads metadata alone": (
        replace(4, assignment(role="21090545-7ca7-4776-b22c-e363652d74d2")),
        dict.fromkeys(IDENTITIES, FAIL),
    ),
    "role at one secret": (
        replace(4, assignment(f"{VAULT}/secrets/key")),
        dict.fromkeys(IDENTITIES - {("key-vault-identity", "key")}, FAIL),
    ),
    "role in a group": (
        replace(4, assignment(principalType="Group", principal=ASSIGNED)),
        dict.fromkeys(IDENTITIES, UNKNOWN),
    ),
    "role under a condition": (replace(4, assignment(condition="x")), dict.fromkeys(IDENTITIES, UNKNOWN)),
    "access policies hold": (
        replace(3, vault(enableRbacAuthorization=False)),
        dict.fromkeys(IDENTITIES, FAIL),
    ),
    "access policy lacks list": (
        replace(
            3,
            vault(
                enableRbacAuthorization=False, accessPolicies=[policy(OWN, "get"), policy(ASSIGNED, "delete")]
            ),
        ),
        dict.fromkeys(IDENTITIES, FAIL),
    ),
    "no identity": (
        lambda documents: documents[0].__setitem__("identity", {"type": "None"}),
        dict.fromkeys(IDENTITIES, FAIL) | dict.fromkeys(FIREWALL, UNKNOWN),
    ),
    "user-assigned behind a firewall": (user_assigned, dict.fromkeys(FIREWALL, FAIL)),
    "trusted services kept out": (
        replace(3, vault(networkAcls=acls(bypass="None"))),
        dict.fromkeys(FIREWALL, FAIL),
    ),
    "an operator's address": (
        replace(3, vault(networkAcls=acls(ipRules=[{"value": "198.51.100.7"}]))),
        {("key-vault-ip-rules", "vault contoso-vault"): MANUAL},
    ),
    "no purge protection": (
        replace(3, vault(enablePurgeProtection=None)),
        {("key-vault-protection", "vault contoso-vault"): FAIL},
    ),
    "vault not read": (drop(3), dict.fromkeys(ALL_OF, UNKNOWN)),
    "a refresh tells more": (
        refreshed,
        dict.fromkeys(IDENTITIES - {("key-vault-identity", "partner")}, FAIL),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_link(name: str, tmp_path: Path) -> None:
    change, expected = WRONG[name]
    documents = estate()
    change(documents)
    found = judged(tmp_path, documents)
    assert found.keys() == ALL_OF
    turned = {key: f.status for key, f in found.items() if f.status is not Status.PASS}
    assert turned == expected, [f.message for f in found.values()]


DENY_ALL = {
    "priority": 100,
    "protocol": "*",
    "sourceAddressPrefix": "*",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "*",
}


def test_chain_names_the_broken_link(tmp_path: Path) -> None:
    documents = estate()
    del documents[4]
    details = judged(tmp_path, documents)["key-vault-identity", "partner"].details
    assert details is not None
    assert (details["kind"], details["broken"]) == ("vault-chain", "permission")
    links: Any = details["links"]
    assert [link["link"] for link in links] == [
        "reference",
        "vault",
        "identity",
        "permission",
        "firewall",
        "service-endpoint",
        "security-group",
        "refresh",
    ]
    assert {link["link"]: link["status"] for link in links if link["status"] != "pass"} == {
        "permission": "fail",
        "service-endpoint": "not_applicable",
        "security-group": "not_applicable",
        "refresh": "not_applicable",
    }


def test_the_chain_leads_over_the_subnet(tmp_path: Path) -> None:
    """In a network, the links of the subnet are those that their own checks judge."""
    documents = estate()
    del documents[4]
    documents[0]["properties"] |= {
        "virtualNetworkType": "Internal",
        "virtualNetworkConfiguration": {"subnetResourceId": SUBNET},
    }
    group = f"{SUBNET.partition('/virtualNetworks/')[0]}/networkSecurityGroups/apim"
    rule = {"name": "none", "properties": {**DENY_ALL, "direction": "Outbound", "access": "Deny"}}
    documents += [
        {"id": SUBNET, "name": "apim", "type": "Microsoft.Network/virtualNetworks/subnets",
         "properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": group}}},
        {"id": group, "name": "apim", "type": "Microsoft.Network/networkSecurityGroups",
         "properties": {"securityRules": [rule], "defaultSecurityRules": []}},
    ]  # fmt: skip
    found = judged(tmp_path, documents)
    details = found["key-vault-identity", "partner"].details
    assert details is not None
    links: Any = details["links"]
    told = {link["link"]: link["status"] for link in links}
    assert (told["service-endpoint"], told["security-group"]) == ("fail", "fail")


def test_rules_for_the_subnet_serve_named_values_alone(tmp_path: Path) -> None:
    """A line of sight is enough for certificates and named values, and not for host names."""
    documents = estate()
    documents[0]["properties"] |= {
        "virtualNetworkType": "Internal",
        "virtualNetworkConfiguration": {"subnetResourceId": SUBNET},
    }
    documents[3] = vault(networkAcls=acls(bypass="None", virtualNetworkRules=[{"id": SUBNET.upper()}]))
    found = judged(tmp_path, documents)["key-vault-firewall", "vault contoso-vault"]
    assert found.status is Status.FAIL
    assert "api.contoso.example" in found.message
    assert "more:" not in found.message


def test_one_finding_for_each_vault(tmp_path: Path) -> None:
    """Whether a vault was read changes neither how many there are nor what they are called."""
    documents = estate()
    other = {"secretIdentifier": "https://CONTOSO-other.vault.azure.cn/secrets/x"}
    documents[1] = listing(
        child("certificates", "partner", keyVault={"secretIdentifier": secret("partner")}),
        child("certificates", "other", keyVault=other),
    )
    found = judged(tmp_path, documents)
    items = {item: f.status for (slug, item), f in found.items() if slug == "key-vault-protection"}
    assert items == {"vault contoso-vault": Status.PASS, "vault contoso-other": Status.UNKNOWN}
    gap = found["key-vault-protection", "vault contoso-other"].gaps[0]
    assert gap.remedy == "az keyvault show --name contoso-other"
