"""Client certificates: which switch counts where, whose host names do, and what Key Vault needs."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.engine import NOT_LISTED, Finding, judge
from auditor.model.inventory import Inventory
from auditor.model.knowledge import Audit
from auditor.model.verdict import Status
from controls import catalogue
from tests.conftest import FIXTURES, NOW
from tests.judging import findings, inventory_of, status_of, with_body, without

BY_ID = {check.id: check for check in catalogue().checks}
REQUESTED = "apim.im-4.certificate-requested"
IDENTITY = "apim.im-4.key-vault-identity"
SYSTEM = {"type": "SystemAssigned", "principalId": "00000000-0000-0000-0000-000000000000"}
FIRST_HOST = "/properties/hostnameConfigurations/0/negotiateClientCertificate"


def fixture(check_id: str, name: str) -> Inventory:
    _, control, slug = check_id.split(".")
    return inventory_of(FIXTURES / "controls" / control / slug / f"{name}.json")


def changed(inventory: Inventory, changes: dict[str, Any]) -> Inventory:
    """The same inventory with values put into the service."""
    (service,) = inventory.services
    body: Any = service.body
    for pointer, value in changes.items():
        body = without(body, pointer, value)
    return with_body(inventory, service, body)


def by_item(found: list[Finding]) -> dict[str, Status]:
    return {finding.item: finding.status for finding in found}


def requested(inventory: Inventory, *names: str) -> dict[str, Status]:
    """Verdicts by host name, under a configuration that demands certificates of some."""
    audit = Audit(inventory, catalogue().knowledge, NOW, {"require_client_certificates": list(names)})
    return by_item(list(judge(BY_ID[REQUESTED], audit, inventory.services[0])))


@pytest.mark.parametrize(
    ("check_id", "name", "changes"),
    [
        (REQUESTED, "fail--demanded-everywhere", {FIRST_HOST: True}),
        (REQUESTED, "fail--demanded-of-consumption", {"/properties/enableClientCertificate": True}),
        ("apim.im-4.default-host-bypass", "unknown--default-host-does-not-ask", {FIRST_HOST: True}),
    ],
)
def test_the_fix_turns_the_failure(check_id: str, name: str, changes: dict[str, Any]) -> None:
    inventory = fixture(check_id, name)
    assert status_of(findings(inventory, [BY_ID[check_id]])) in (Status.FAIL, Status.UNKNOWN)
    assert status_of(findings(changed(inventory, changes), [BY_ID[check_id]])) is Status.PASS


def test_an_identity_turns_the_failure() -> None:
    inventory = fixture(IDENTITY, "fail--identity-type-none")
    found = by_item_and_name(findings(changed(inventory, {"/identity": SYSTEM}), [BY_ID[IDENTITY]]))
    assert found["key"] is Status.PASS


def test_the_other_kind_of_identity_turns_the_failure() -> None:
    inventory = fixture(IDENTITY, "fail--user-assigned-not-named")
    after = changed(inventory, {"/identity/type": "SystemAssigned,UserAssigned"})
    assert by_item_and_name(findings(after, [BY_ID[IDENTITY]]))["partner"] is Status.UNKNOWN


def by_item_and_name(found: list[Finding]) -> dict[str, Status]:
    return {finding.item or finding.resource.name: finding.status for finding in found}


def test_portal_and_management_names_do_not_count() -> None:
    inventory = fixture(REQUESTED, "pass--every-gateway-host")
    found = by_item(findings(inventory, [BY_ID[REQUESTED]]))
    assert found == {"contoso-apim.azure-api.net": Status.PASS, "api.contoso.example": Status.PASS}


def test_a_name_of_unknown_type_is_neither_counted_nor_forgotten() -> None:
    inventory = fixture(REQUESTED, "pass--every-gateway-host")
    after = changed(inventory, {"/properties/hostnameConfigurations/2/type": "Tomorrow"})
    assert by_item(findings(after, [BY_ID[REQUESTED]]))[NOT_LISTED] is Status.UNKNOWN


def test_the_default_host_counts_though_a_template_leaves_it_out() -> None:
    inventory = fixture(REQUESTED, "unknown--default-host-beside-a-custom-one")
    found = requested(inventory, "*")
    assert found == {"api.contoso.example": Status.PASS, "the default host name": Status.FAIL}


def test_the_default_host_can_be_demanded_by_its_name() -> None:
    inventory = fixture(REQUESTED, "unknown--default-host-beside-a-custom-one")
    assert requested(inventory, "Contoso-APIM.azure-api.net")["the default host name"] is Status.FAIL
    assert requested(inventory, "api.contoso.example")["the default host name"] is Status.UNKNOWN


def test_a_deployed_default_host_that_was_not_listed_is_not_guessed() -> None:
    inventory = fixture(REQUESTED, "unknown--classic-off")
    after = changed(inventory, {"/properties/hostnameConfigurations/0/hostName": "api.contoso.example"})
    assert requested(after, "*")["the default host name"] is Status.UNKNOWN


def test_a_demand_for_one_host_is_a_demand_on_a_service_with_one_switch() -> None:
    inventory = fixture(REQUESTED, "unknown--consumption-off")
    assert requested(inventory, "api.fabrikam.example") == {"": Status.UNKNOWN}
    hosts = [{"type": "Proxy", "hostName": "api.fabrikam.example"}]
    after = changed(inventory, {"/properties/hostnameConfigurations": hosts})
    assert requested(after, "api.fabrikam.example") == {"": Status.FAIL}


def test_the_v2_switch_passes_with_a_note_and_never_fails() -> None:
    (on,) = findings(fixture(REQUESTED, "pass--v2-switch"), [BY_ID[REQUESTED]])
    assert "do not state" in on.message
    assert requested(fixture(REQUESTED, "unknown--v2-switch-off"), "*") == {"": Status.UNKNOWN}


def test_a_service_that_only_its_children_imply_is_not_said_to_lack_an_identity() -> None:
    found = findings(fixture(IDENTITY, "unknown--service-not-in-the-input"), [BY_ID[IDENTITY]])
    assert {finding.status for finding in found} == {Status.UNKNOWN}
