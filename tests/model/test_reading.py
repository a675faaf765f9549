"""Reading through a subject: what is logged, what raises, what a default does."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest

from auditor.model.evidence import Default, Gap, Log, Reason, Undetermined
from auditor.model.inventory import Input, InputKind, Inventory, Listing, Origin, Resource, Withheld
from auditor.model.knowledge import Audit
from auditor.model.logic import derived, every, some, together, within
from auditor.model.subject import Subject
from auditor.model.values import Partial, PartialList, PartialObject, Redacted, Unresolved, join
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown
from tests.conftest import NOW

TYPE = "microsoft.apimanagement/service"
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"


class FakeKnowledge:
    """Defaults for two members, plain gaps for the rest."""

    def default(self, subject: Subject, pointer: str) -> Default | None:
        return {
            "/properties/mode": Default("Off", "the documentation", "2026-11-21"),
            "/properties/vault": Default(None, "the documentation", "2026-11-21"),
        }.get(pointer)

    def missing(self, subject: Subject, pointer: str) -> Gap:
        return Gap(Reason.ABSENT, pointer)

    def uncollected(self, subject: Subject, collection: str) -> Gap:
        return Gap(Reason.ABSENT, f"the {collection}")

    def withheld(self, service: Subject) -> list[Withheld]:
        return []


class Mode(StrEnum):
    OFF = "Off"
    ON = "On"


def resource(properties: Any, resource_id: str = ID, type_: str = TYPE, **more: Any) -> Resource:
    return Resource(
        resource_id, type_, {"properties": properties}, Origin(""), Input("a.json", InputKind.REST), **more
    )


def subject(
    properties: Any, *others: Resource, listings: dict[tuple[str, str], Listing] | None = None
) -> Subject:
    own = resource(properties)
    inventory = Inventory([own, *others], listings)
    return Subject(Audit(inventory, FakeKnowledge(), NOW), own, Log())


def pointers(of: Subject) -> list[str]:
    return [entry.pointer for entry in of.log.entries]


def test_a_value_that_is_read_is_evidence() -> None:
    service = subject({"name": "x"})
    assert service.read("/properties/name") == "x"
    assert [(e.pointer, e.value, e.default) for e in service.log.entries] == [("/properties/name", "x", None)]


def test_names_match_without_case_and_evidence_keeps_the_spelling() -> None:
    service = subject({"PublicNetworkAccess": "Enabled"})
    assert service.read("/properties/publicNetworkAccess") == "Enabled"
    assert pointers(service) == ["/properties/PublicNetworkAccess"]


def test_known_values_match_without_case() -> None:
    assert subject({"mode": "oN"}).read("/properties/mode", one_of=Mode) is Mode.ON


def test_an_unknown_value_is_undetermined() -> None:
    with pytest.raises(Undetermined) as raised:
        subject({"mode": "Sometimes"}).read("/properties/mode", one_of=Mode)
    assert raised.value.gaps[0].reason is Reason.UNKNOWN_VALUE


@pytest.mark.parametrize("properties", [{}, {"mode": None}])
def test_absent_and_null_take_the_default_and_say_so(properties: dict[str, Any]) -> None:
    service = subject(properties)
    assert service.read("/properties/mode", one_of=Mode) is Mode.OFF
    assert service.log.entries[0].default == Default("Off", "the documentation", "2026-11-21")


def test_below_a_member_that_is_none_by_default_there_is_nothing() -> None:
    service = subject({})
    assert service.has("/properties/vault/identifier") is False
    assert service.log.entries[0].default is not None


def test_absent_without_a_default_is_undetermined() -> None:
    with pytest.raises(Undetermined) as raised:
        subject({}).read("/properties/other")
    assert raised.value.gaps == (Gap(Reason.ABSENT, "/properties/other"),)


@pytest.mark.parametrize(
    "properties",
    [
        Unresolved("parameters('p')"),
        {"mode": Unresolved("parameters('p')")},
        {"mode": Partial(("a", Unresolved("parameters('p')")))},
        PartialObject({"name": "x"}, Unresolved("parameters('p')")),
    ],
)
def test_what_was_not_resolved_is_undetermined(properties: Any) -> None:
    """Not even a default helps: the member may be there."""
    with pytest.raises(Undetermined) as raised:
        subject(properties).read("/properties/mode")
    assert raised.value.gaps[0].reason is Reason.UNRESOLVED
    assert "parameters('p')" in raised.value.gaps[0].needed


@pytest.mark.parametrize(
    ("written", "meant"), [(True, True), ("True", True), ("false", False), ("FALSE", False)]
)
def test_flags(written: Any, meant: bool) -> None:
    assert subject({"on": written}).flag("/properties/on") is meant


@pytest.mark.parametrize("written", ["yes", 1, [], {}])
def test_a_flag_that_is_none_is_undetermined(written: Any) -> None:
    with pytest.raises(Undetermined):
        subject({"on": written}).flag("/properties/on")


def test_moments_without_offset_are_utc() -> None:
    moment = subject({"at": "2018-04-01T00:00:00"}).moment("/properties/at")
    assert moment.isoformat() == "2018-04-01T00:00:00+00:00"


def test_containers_log_what_is_read_from_them() -> None:
    service = subject({"tls": {"chain": False}, "hosts": [{"name": "a"}]})
    assert service.read("/properties/tls")["chain"] is False
    assert service.read("/properties/hosts")[0]["name"] == "a"
    assert {"/properties/tls/chain", "/properties/hosts/0/name"} <= set(pointers(service))


def test_open_containers_answer_only_what_they_hold() -> None:
    why = Unresolved("parameters('p')")
    service = subject({"tags": PartialObject({"a": 1}, why), "zones": PartialList([1], why)})
    tags, zones = service.read("/properties/tags"), service.read("/properties/zones")
    assert "a" in tags
    assert zones[0] == 1
    for question in (
        lambda: "b" in tags,
        lambda: len(tags),
        lambda: list(tags),
        lambda: len(zones),
        lambda: list(zones),
    ):
        with pytest.raises(Undetermined):
            question()


def test_items_of_an_open_list_come_before_the_doubt() -> None:
    hosts = PartialList([{"hostName": "a"}], Unresolved("parameters('p')"))
    found: list[str] = []
    with pytest.raises(Undetermined):
        found.extend(i.item for i in subject({"hosts": hosts}).items("/properties/hosts", key="/hostName"))
    assert found == ["a"]


# -- texts of which only pieces are known --------------------------------------------------------------

HIDDEN = Unresolved("parameters('host')")


def text(value: Any) -> Any:
    return subject({"url": value}).text("/properties/url")


def test_a_known_head_decides_the_scheme() -> None:
    assert text(join(["http://", HIDDEN])).starts("http://")
    assert not text(join(["https://", HIDDEN])).starts("http://")


def test_an_unknown_head_decides_nothing() -> None:
    with pytest.raises(Undetermined):
        text(join([HIDDEN, "/path"])).starts("https://")
    with pytest.raises(Undetermined):
        text(join(["ht", HIDDEN])).starts("https://")


def test_contains_says_yes_from_a_piece_and_no_only_from_the_whole() -> None:
    assert text(join([HIDDEN, ".vault.azure.net/"])).contains("VAULT")
    assert not text("https://x").contains("vault")
    with pytest.raises(Undetermined):
        text(join([HIDDEN, "/"])).contains("vault")


def test_a_secret_is_no_text() -> None:
    with pytest.raises(Undetermined):
        text(Redacted("password", "9-32"))


# -- other resources -----------------------------------------------------------------------------------

CHILD = f"{TYPE}/namedvalues"


def named_value(name: str, **more: Any) -> Resource:
    return resource({"secret": True}, f"{ID}/namedValues/{name}", CHILD, **more)


def test_children_of_an_unlisted_collection_are_followed_by_doubt() -> None:
    found: list[str] = []
    with pytest.raises(Undetermined):
        found.extend(child.name for child in subject({}, named_value("a")).children("namedValues"))
    assert found == ["a"]


def test_a_complete_listing_is_evidence() -> None:
    listings = {(ID.lower(), CHILD): Listing(True, Origin("/value"))}
    service = subject({}, named_value("a"), listings=listings)
    assert [child.name for child in service.children("namedValues")] == ["a"]
    assert service.log.entries[-1].value == "1 listed"


def test_an_incomplete_listing_says_why() -> None:
    listings = {(ID.lower(), CHILD): Listing(False, Origin("/value"), detail="a nextLink is left")}
    with pytest.raises(Undetermined) as raised:
        list(subject({}, listings=listings).children("namedValues"))
    assert raised.value.gaps[0].reason is Reason.TRUNCATED
    assert "nextLink" in raised.value.gaps[0].needed


def test_related_resources_are_found_in_any_case() -> None:
    vault = resource(
        {},
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/V",
        "microsoft.keyvault/vaults",
    )
    assert subject({}, vault).related(vault.id.upper() + "/").name == "V"
    with pytest.raises(Undetermined):
        subject({}).related(vault.id)


# -- logic ---------------------------------------------------------------------------------------------


def hosts(*names: Any) -> Iterator[Subject]:
    return subject({"hosts": [{"name": name} for name in names]}).items("/properties/hosts", key="/name")


def is_good(item: Subject) -> Pass | Fail:
    return (
        Pass("good") if item.read("/name") == "good" else Fail(f"{item.item} is bad", severity=Severity.LOW)
    )


def test_one_failure_decides_whatever_is_unread() -> None:
    verdict = every(hosts("good", HIDDEN, "bad"), is_good, "all good")
    assert isinstance(verdict, Fail)
    assert verdict.message == "bad is bad"


def test_an_unread_item_grants_no_pass() -> None:
    verdict = every(hosts("good", HIDDEN), is_good, "all good")
    assert isinstance(verdict, Unknown)
    assert verdict.gaps[0].reason is Reason.UNRESOLVED


def test_all_good_keeps_their_evidence() -> None:
    service = subject({"hosts": [{"name": "good"}, {"name": "good"}]})
    verdict = every(service.items("/properties/hosts"), is_good, lambda count: f"{count} good")
    assert isinstance(verdict, Pass)
    assert verdict.message == "2 good"
    assert {"/properties/hosts/0/name", "/properties/hosts/1/name"} <= set(pointers(service))


def test_an_empty_list_takes_the_callers_verdict() -> None:
    assert isinstance(every(hosts(), is_good, "all good", empty=NotApplicable("none")), NotApplicable)


def test_manual_waits_behind_unknown() -> None:
    def judge(item: Subject) -> Manual | Pass:
        return Manual("look") if item.read("/name") == "odd" else Pass("good")

    assert isinstance(every(hosts("good", "odd"), judge, "all good"), Manual)
    assert isinstance(every(hosts("good", "odd", HIDDEN), judge, "all good"), Unknown)


def test_some_is_true_despite_doubt_and_false_only_without() -> None:
    assert some(hosts(HIDDEN, "good"), lambda item: bool(item.read("/name") == "good"))
    assert not some(hosts("bad"), lambda item: bool(item.read("/name") == "good"))
    with pytest.raises(Undetermined):
        some(hosts("bad", HIDDEN), lambda item: bool(item.read("/name") == "good"))


def test_what_may_not_be_deployed_fails_nothing_and_proves_nothing() -> None:
    listings = {(ID.lower(), CHILD): Listing(True, Origin(""))}
    service = subject({}, named_value("a", condition=HIDDEN), listings=listings)
    verdict = every(
        service.children("namedValues"), lambda item: Fail(f"{item.read('/properties/secret')}"), "none"
    )
    assert isinstance(verdict, Unknown)
    with pytest.raises(Undetermined):
        some(service.children("namedValues"), lambda item: bool(item.read("/properties/secret")))


def test_groups_are_read_to_the_end_before_the_doubt() -> None:
    service = subject({}, named_value("a"))
    groups = together(service.children("namedValues"), iter([service]))
    found: list[str] = []
    with pytest.raises(Undetermined):
        found.extend(item.name for item in groups)
    assert found == ["a", "contoso"]
    nested: list[str] = []
    with pytest.raises(Undetermined):
        nested.extend(
            i.name for i in within(service.children("namedValues"), lambda item: iter([item, item]))
        )
    assert nested == ["a", "a"]


def test_a_derived_fact_is_computed_once_and_logged_each_time() -> None:
    calls = []

    @derived
    def fact(service: Subject) -> str:
        calls.append(service.key)
        return str(service.read("/properties/name"))

    service = subject({"name": "x"})
    other = service.with_log(Log())
    assert (fact(service), fact(other)) == ("x", "x")
    assert len(calls) == 1
    assert pointers(service) == pointers(other) == ["/properties/name"]


def test_a_derived_fact_is_told_apart_by_what_else_it_is_given() -> None:
    calls = []

    @derived
    def fact(service: Subject, pointer: str, lower: bool = False) -> str:
        calls.append(pointer)
        text = str(service.read(pointer))
        return text.lower() if lower else text

    service = subject({"name": "X", "other": "Y"})
    name, other = "/properties/name", "/properties/other"
    for _ in range(2):
        assert (fact(service, name), fact(service, other), fact(service, name, lower=True)) == ("X", "Y", "x")
    assert calls == [name, other, name]
    assert pointers(service) == [name, other]


def test_a_derived_doubt_is_raised_each_time() -> None:
    @derived
    def fact(service: Subject) -> str:
        return str(service.read("/properties/other"))

    service = subject({})
    for _ in range(2):
        with pytest.raises(Undetermined):
            fact(service)
