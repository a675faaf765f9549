"""The api-versions and built-in roles that the fixes name exist, and stay few."""

from __future__ import annotations

import re

import pytest

from auditor.apim.roles import NARROW
from auditor.keyvault.roles import BUILT_IN
from auditor.model.check import Check
from controls import catalogue
from tests.controls.remedies.snippets import ROLES

CATALOGUE = catalogue()
VERSIONS = {
    "Microsoft.ApiManagement": "2024-05-01",
    "Microsoft.Authorization/locks": "2020-05-01",
    "Microsoft.Authorization/policyAssignments": "2022-06-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.CustomerLockbox": "2018-02-28-preview",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.KeyVault": "2023-07-01",
    "Microsoft.Network": "2024-05-01",
    "Microsoft.Security/apiCollections": "2023-11-15",
    "Microsoft.Security/pricings": "2024-01-01",
}
"""Namespace or resource type -> the one version of it that fixes are written for, each with a page in the
reference of Azure's resource types (learn.microsoft.com/azure/templates) or of its REST interface."""
_DECLARED = re.compile(r"['\"](Microsoft\.[\w./]+)@([\w.-]+)['\"]")
_ADDRESSED = re.compile(r"([\w./$-]+)\?api-version=([\w.-]+)")
_PROVIDER = re.compile(r"providers/(Microsoft\.\w+/\w+)(?!.*providers/)")


def version_of(kind: str) -> str:
    found = [version for known, version in VERSIONS.items() if f"{kind}/".startswith(f"{known}/")]
    assert found, f"{kind}: no version of it was looked up"
    return found[0]


@pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda check: check.id)
def test_each_type_has_the_version_that_was_looked_up(check: Check) -> None:
    fix = CATALOGUE.words(check).fix
    for kind, version in _DECLARED.findall(fix):
        assert version == version_of(kind), kind
    for address, version in _ADDRESSED.findall(fix):
        provider = _PROVIDER.search(address)
        kind = provider[1] if provider else "Microsoft.ApiManagement/service"
        if "vault.azure.net" not in address:
            assert version == version_of(kind), address


def test_every_version_is_used() -> None:
    fixes = "\n".join(CATALOGUE.words(check).fix for check in CATALOGUE.checks)
    assert all(known in fixes for known in VERSIONS)


def test_roles_have_the_ids_that_verdicts_know() -> None:
    for name, guid in ROLES.items():
        assert name in (NARROW.get(guid), BUILT_IN[guid].name if guid in BUILT_IN else None)


@pytest.mark.parametrize("guid", sorted(ROLES.values()))
def test_roles_are_named_by_those_ids_in_bicep(guid: str) -> None:
    assert any(guid in CATALOGUE.words(check).fix for check in CATALOGUE.checks)
