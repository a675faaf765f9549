"""Who may read a secret where the file alone does not tell: listings, several files, other subscriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model.inventory import Inventory, Listing, Origin
from auditor.model.verdict import Status, fold
from auditor.sources import read_paths
from controls.apim.im_4 import CHECKS
from tests.controls.vaults import GROUP, SUBSCRIPTION, VAULT, assignment, estate, host, service, vault
from tests.judging import findings

IDENTITY = [check for check in CHECKS if check.slug == "key-vault-identity"]
ASSIGNMENTS = "microsoft.authorization/roleassignments"
MANAGEMENT = "/providers/Microsoft.Management/managementGroups/contoso"
OTHER = "/subscriptions/00000000-0000-0000-0000-00000000ffff"


def judged(folder: Path, *files: Any, listed: tuple[str, ...] = (SUBSCRIPTION,)) -> tuple[Status, str]:
    paths = []
    for index, documents in enumerate(files):
        path = folder / f"{index}.json"
        path.write_text(json.dumps(documents), encoding="utf-8")
        paths.append(str(path))
    reading = read_paths(paths)
    assert not reading.problems
    inventory = reading.inventory
    listings = {(one, ASSIGNMENTS): Listing(complete=True, origin=Origin("")) for one in listed}
    whole = Inventory(inventory.by_key.values(), {**inventory.listings, **listings}, inventory.inputs)
    found = findings(whole, IDENTITY)
    return fold(f.status for f in found), " ".join(f.message for f in found)


@pytest.mark.parametrize(
    ("scope", "listed", "expected"),
    [
        (VAULT, (), Status.PASS),
        (GROUP, (), Status.PASS),
        (SUBSCRIPTION, (), Status.PASS),
        ("", (), Status.PASS),
        (MANAGEMENT, (SUBSCRIPTION,), Status.PASS),
        (MANAGEMENT, (), Status.UNKNOWN),
        (MANAGEMENT, (SUBSCRIPTION, OTHER), Status.UNKNOWN),
        (f"{GROUP}2", (SUBSCRIPTION,), Status.FAIL),
        (OTHER, (SUBSCRIPTION,), Status.FAIL),
        (f"{VAULT}2", (SUBSCRIPTION,), Status.FAIL),
        (f"{VAULT}/keys/key", (SUBSCRIPTION,), Status.FAIL),
        (f"{GROUP}2", (), Status.UNKNOWN),
        (f"{GROUP}2", (OTHER,), Status.UNKNOWN),
    ],
)
def test_scopes(scope: str, listed: tuple[str, ...], expected: Status, tmp_path: Path) -> None:
    documents = estate()
    documents[4] = assignment(scope)
    assert judged(tmp_path, documents, listed=listed)[0] is expected


def test_files_are_joined(tmp_path: Path) -> None:
    *documents, found, role = estate()
    assert judged(tmp_path, documents, [found], [role])[0] is Status.PASS


def test_a_group_among_the_roles_hides_no_certain_one(tmp_path: Path) -> None:
    documents = [*estate(), assignment(name="2", principal="x", principalType="Group")]
    assert judged(tmp_path, documents)[0] is Status.PASS


@pytest.mark.parametrize("text", ["", "https://", "not a vault", "https://contoso-vault.vault.azure.net/x/y"])
def test_what_is_no_identifier_is_unknown(text: str, tmp_path: Path) -> None:
    documents = estate()
    documents[1]["value"][0]["properties"]["keyVault"]["secretIdentifier"] = text
    status, _ = judged(tmp_path, documents)
    assert status is Status.UNKNOWN


@pytest.mark.parametrize("value", [[], {}, 1, "x", None, [None], ["Get", 1], [["get", "list"]]])
def test_odd_access_policies_pass_nothing(value: Any, tmp_path: Path) -> None:
    documents = estate()
    entry = {"objectId": service()["identity"]["principalId"], "permissions": {"secrets": value}}
    documents[3] = vault(enableRbacAuthorization=False, accessPolicies=[entry])
    assert judged(tmp_path, documents)[0] in (Status.FAIL, Status.UNKNOWN)


def test_a_template_beside_grants_a_deployed_service_nothing(tmp_path: Path) -> None:
    """What a template will assign says nothing of what the service may read today."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "resources": [
            {
                "type": "Microsoft.Authorization/roleAssignments",
                "apiVersion": "2022-04-01",
                "name": "[guid('x')]",
                "scope": "Microsoft.KeyVault/vaults/contoso-vault",
                "properties": {
                    key: value for key, value in assignment()["properties"].items() if key != "scope"
                },
            }
        ],
    }
    assert judged(tmp_path, estate()[:4], template)[0] is Status.FAIL


def declared(name: str, version: str = "2023-07-01", **properties: Any) -> Any:
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "resources": [
            {
                "type": "Microsoft.KeyVault/vaults",
                "apiVersion": version,
                "name": name,
                "properties": {"enableRbacAuthorization": False, **properties},
            }
        ],
    }


def test_a_vault_of_a_template_is_none_of_a_deployed_service(tmp_path: Path) -> None:
    *documents, found, role = estate()
    assert judged(tmp_path, [*documents, role], declared("contoso-vault"))[0] is Status.UNKNOWN
    assert judged(tmp_path, [*documents, found, role], declared("contoso-vault"))[0] is Status.PASS


def test_a_template_is_joined_with_its_own_vault_first(tmp_path: Path) -> None:
    """A template beside what was read from Azure: two results, each of its own."""
    other = "resourceId('Microsoft.ApiManagement/service', 'other')"
    me = f"[reference({other}, '2024-05-01', 'Full').identity.principalId]"
    template = declared(
        "contoso-vault", accessPolicies=[{"objectId": me, "permissions": {"secrets": ["get", "list"]}}]
    )
    template["resources"] += [
        {
            "type": "Microsoft.ApiManagement/service",
            "apiVersion": "2024-05-01",
            "name": "other",
            "sku": {"name": "Premium", "capacity": 1},
            "identity": {"type": "SystemAssigned"},
            "properties": {"hostnameConfigurations": [host()]},
        }
    ]
    status, told = judged(tmp_path, estate(), template)
    assert status is Status.UNKNOWN
    assert "An access policy of contoso-vault lets the system-assigned identity of other" in told
    assert "The system-assigned identity of contoso-apim holds the role" in told
    assert "several" not in told
    assert "which vault" not in told
