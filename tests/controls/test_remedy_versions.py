"""The api-versions that commands address and the built-in roles that fixes hand out exist."""

from __future__ import annotations

import re

import pytest

from auditor.apim.roles import NARROW
from auditor.keyvault.roles import BUILT_IN
from auditor.model.check import Check
from controls import catalogue
from tests.controls.remedies.snippets import ROLES
from tests.controls.remedies.tables import VERSIONS

CATALOGUE = catalogue()
FIXES = {check.id: CATALOGUE.words(check).fix for check in CATALOGUE.checks}
_ADDRESSED = re.compile(r"([\w./$-]+)\?api-version=([\w.-]+)")
_PROVIDER = re.compile(r"providers/(Microsoft\.\w+)/(?!.*providers/)")


@pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda check: check.id)
def test_commands_that_only_read_or_act_name_known_versions_too(check: Check) -> None:
    for address, version in _ADDRESSED.findall(FIXES[check.id]):
        provider = _PROVIDER.search(address)
        if "vault.azure.net" not in address:
            assert version in VERSIONS[provider[1] if provider else "Microsoft.ApiManagement"], address


def test_every_version_is_used() -> None:
    fixes = "\n".join(FIXES.values())
    assert all(version in fixes for versions in VERSIONS.values() for version in versions)


@pytest.mark.parametrize(("name", "guid"), ROLES.items())
def test_roles_have_the_ids_that_verdicts_know(name: str, guid: str) -> None:
    assert name in (NARROW.get(guid), BUILT_IN[guid].name if guid in BUILT_IN else None)
    assert any(guid in fix for fix in FIXES.values())
