"""Deny assignments: a snapshot has to tell all of them before a role is enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from auditor.model.evidence import Reason
from auditor.model.inventory import InputKind, Inventory, Listing, Origin
from controls import catalogue
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of

CHECK = next(each for each in catalogue().checks if each.id == "apim.im-4.key-vault-identity")
BASE = FIXTURES / "controls/im-4/key-vault-identity/pass--deny-assignment-for-management-only.json"
AROUND = ("microsoft.authorization/roleassignments", "microsoft.authorization/denyassignments")


def snapshot(listed: Iterable[tuple[str, bool]]) -> Inventory:
    """The base as a snapshot has it, with what it says of the lists of its subscription."""
    base = inventory_of(BASE)
    for each in base.by_key.values():
        each.input = replace(each.input, kind=InputKind.SNAPSHOT)
    service = base.services[0]
    subscription = "/".join(service.id.lower().split("/")[:3])
    listings = {
        (subscription, type_): Listing(whole, Origin(""), Reason.FORBIDDEN) for type_, whole in listed
    }
    inputs = [replace(each, kind=InputKind.SNAPSHOT) for each in base.inputs]
    return Inventory(base.by_key.values(), {**base.listings, **listings}, inputs)


def statuses(inventory: Inventory) -> set[str]:
    return {str(each.status) for each in findings(inventory, [CHECK]) if str(each.status) != "not_applicable"}


def test_the_whole_list_lets_a_role_be_enough() -> None:
    assert statuses(snapshot([(type_, True) for type_ in AROUND])) == {"pass"}


@pytest.mark.parametrize("listed", [[(AROUND[0], True)], [(AROUND[0], True), (AROUND[1], False)]])
def test_without_the_whole_list_no_role_is_enough(listed: list[tuple[str, bool]]) -> None:
    found = [each for each in findings(snapshot(listed), [CHECK]) if str(each.status) == "unknown"]
    assert found
    assert "denyAssignments/read" in str(found[0].gaps)
    assert "pass" not in statuses(snapshot(listed))
