"""A disjunction over statements of which some cannot be decided."""

from __future__ import annotations

import pytest

from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import SERVICE, Input, InputKind, Inventory, Origin, Resource
from auditor.model.knowledge import Audit
from auditor.model.logic import either
from auditor.model.subject import Subject
from controls import catalogue
from tests.conftest import NOW

BODY = {"sku": {"name": "Premium"}, "location": "westeurope"}


def subject() -> Subject:
    source = Input("contoso.json", InputKind.REST)
    resource = Resource("/providers/Microsoft.ApiManagement/service/x", SERVICE, BODY, Origin(""), source)
    return Subject(Audit(Inventory([resource]), catalogue().knowledge, NOW), resource, Log())


def holds(item: Subject) -> bool:
    return bool(item.read("/sku/name"))


def fails(item: Subject) -> bool:
    return str(item.read("/location")) == "northeurope"


def open_(_: Subject) -> bool:
    raise Undetermined(Gap(Reason.ABSENT, "the missing fact"))


@pytest.mark.parametrize("statements", [(holds, open_), (open_, holds), (fails, open_, holds)])
def test_one_that_holds_decides(statements: tuple[object, ...]) -> None:
    item = subject()
    assert either(item, *statements)  # type: ignore[arg-type]
    assert [entry.pointer for entry in item.log.entries] == ["/sku/name"]


def test_none_that_holds_cites_them_all() -> None:
    item = subject()
    assert not either(item, fails, lambda it: not holds(it))
    assert [entry.pointer for entry in item.log.entries] == ["/location", "/sku/name"]


@pytest.mark.parametrize("statements", [(open_,), (fails, open_), (open_, fails)])
def test_an_open_one_is_told_where_none_holds(statements: tuple[object, ...]) -> None:
    with pytest.raises(Undetermined, match="the missing fact"):
        either(subject(), *statements)  # type: ignore[arg-type]


def test_nothing_at_all_does_not_hold() -> None:
    assert not either(subject())
