"""Effective policies: which statements run, in which order, and what is kept out."""

from __future__ import annotations

import time

import pytest

from auditor.apim.policy.certificates import Cause, Verdict
from auditor.apim.policy.compose import Composer, Effective
from auditor.apim.policy.prove import certificate_verdict
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import (
    Api,
    Context,
    Library,
    Opens,
    Operation,
    Place,
    Policies,
    Product,
    Read,
    Scope,
    Subscription,
    Unreadable,
    contexts,
)
from auditor.apim.policy.statements import Statement, Told
from tests.policy.proving import DENY, FULL, certificate, chain, fragments, inbound, sections, when

API = Api("orders", name="orders", subscription_required=True)
GET = Operation("orders/get")
GOLD = Product("gold", subscription_required=True, apis=frozenset({"orders"}))


def mark(name: str) -> str:
    return f'<set-variable name="{name}" value="x" />'


def names(statements: tuple[Statement, ...]) -> list[str]:
    return [each.element.word("name") or each.name for each in statements]


def compose(
    policies: Policies, product: Product | None = None, operation: Operation | None = GET
) -> Effective:
    return Composer(policies).effective(API, operation, product)


def told(effective: Effective) -> set[Told]:
    return {note.told for note in effective.notes}


def base_first(name: str) -> str:
    return sections(inbound="<base/>" + mark(name))


def test_published_trace_with_base_first() -> None:
    """Operation, API and product that begin with <base/>: product, API, operation."""
    policies = chain(operation=base_first("op"), api=base_first("api"), product=base_first("product"))
    assert names(compose(policies, GOLD).reading.inbound) == ["product", "api", "op"]


def test_global_product_api() -> None:
    """An operation without a document of its own; the global one has no <base/>."""
    policies = chain(api=base_first("api"), product=base_first("product"), global_=inbound(mark("global")))
    assert names(compose(policies, GOLD).reading.inbound) == ["global", "product", "api"]


def test_five_scopes() -> None:
    policies = chain(
        operation=base_first("op"),
        api=base_first("api"),
        product=base_first("product"),
        workspace=base_first("workspace"),
        global_=base_first("global"),
    )
    api = Api("orders", workspace="team")
    found = Composer(policies).effective(api, GET, GOLD)
    assert names(found.reading.inbound) == ["global", "workspace", "product", "api", "op"]
    assert names(Composer(policies).effective(api, GET).reading.inbound) == [
        "global",
        "workspace",
        "api",
        "op",
    ]


def test_base_stands_where_it_is_written() -> None:
    policies = chain(
        api=sections(inbound=mark("first") + "<base/>" + mark("last")), global_=base_first("global")
    )
    found = compose(policies)
    assert names(found.reading.inbound) == ["first", "global", "last"]
    assert Told.LATE_BASE in told(found)


def test_without_base_everything_above_is_cut_off() -> None:
    jwt = '<validate-jwt header-name="Authorization"/>'
    policies = chain(
        operation=sections(inbound=mark("op")), api=base_first("api"), global_=sections(inbound=jwt)
    )
    found = compose(policies)
    assert names(found.reading.inbound) == ["op"]
    note = next(each for each in found.notes if each.told is Told.CUTS_OFF)
    assert [place.scope for place in note.scopes] == [Scope.API, Scope.GLOBAL]
    assert [each.name for each in note.statements] == ["validate-jwt"]
    assert "validate-jwt of global" in note.message
    assert note.origin.place == Place(Scope.OPERATION, "orders/get")


def test_nothing_is_cut_off_at_the_top() -> None:
    assert compose(chain(global_=sections(inbound=mark("global")))).notes == ()


def test_every_statement_knows_its_origin() -> None:
    policies = chain(api="<policies>\n <inbound>\n  <base/>\n  " + mark("api") + "\n </inbound>\n</policies>")
    (statement,) = compose(policies).reading.inbound
    assert (statement.origin.place, statement.origin.line, statement.origin.column) == (
        Place(Scope.API, "orders"),
        4,
        3,
    )


def test_absent_section_has_two_readings() -> None:
    policies = chain(api="<policies><outbound/></policies>", global_=sections(inbound=when(FULL)))
    found = compose(policies)
    assert [names(each.inbound) for each in found.readings] == [["choose"], []]
    assert all(each.assumptions for each in found.readings)
    verdict = certificate_verdict(found)
    assert verdict.verdict is Verdict.MANUAL
    assert Cause.READINGS in verdict.causes
    assert {each for _, each in verdict.readings} == {Verdict.PASS, Verdict.NONE}


def test_absent_section_does_not_matter_where_both_readings_agree() -> None:
    policies = chain(operation="<policies><outbound/></policies>", api="<policies><inbound/></policies>")
    found = compose(policies)
    assert len(found.readings) == 1
    agreeing = compose(chain(api="<policies/>", global_=sections(inbound=mark("global"))))
    assert len(agreeing.readings) == 2
    assert certificate_verdict(agreeing).verdict is Verdict.NONE


def test_absent_sections_are_read_alike_in_all_documents() -> None:
    policies = chain(
        operation="<policies><outbound/></policies>",
        api="<policies><outbound/></policies>",
        global_=sections(inbound=mark("global")),
    )
    assert len(compose(policies).readings) == 2


def test_base_twice_has_two_readings() -> None:
    policies = chain(api=sections(inbound="<base/><base/>"), global_=sections(inbound=mark("global")))
    found = compose(policies)
    assert [names(each.inbound) for each in found.readings] == [["global"], ["global", "global"]]
    assert Told.BASE_REPEATED in told(found)


def test_base_inside_choose_has_two_readings() -> None:
    body = when("context.Request.Method == &quot;GET&quot;", "<base/>", otherwise=DENY)
    policies = chain(api=sections(inbound=body), global_=sections(inbound=when(FULL)))
    found = compose(policies)
    inside = [[child.name for child in each.inbound[0].children[0].children] for each in found.readings]
    assert inside == [["choose"], []]
    verdict = certificate_verdict(found)
    assert verdict.verdict is Verdict.MANUAL
    assert {each for _, each in verdict.readings} == {Verdict.PASS, Verdict.NONE}


def test_fragments_take_the_place_of_their_includes() -> None:
    text = inbound(mark("before") + '<include-fragment fragment-id="CHECK" />' + mark("after"))
    policies = chain(api=text)
    library = Library(fragments(check=mark("inside")))
    found = Composer(Policies(policies.documents, library)).effective(API)
    assert names(found.reading.inbound) == ["before", "inside", "after"]
    assert found.reading.inbound[1].origin.fragment == "CHECK"
    assert found.reading.inbound[0].origin.fragment is None


def test_fragment_in_fragment_is_expanded_and_told() -> None:
    held = fragments(outer='<include-fragment fragment-id="inner" />', inner=when(FULL))
    text = inbound('<include-fragment fragment-id="outer" />')
    assert certificate(text, held=held).verdict is Verdict.PASS
    policies = Policies(chain(api=text).documents, Library(held))
    assert Told.FRAGMENT_NESTED in told(Composer(policies).effective(API))


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, Told.FRAGMENT_MISSING),
        ({"a": Unreadable("it is a link")}, Told.FRAGMENT_MISSING),
        (fragments(a='<include-fragment fragment-id="a" />'), Told.FRAGMENT_CYCLIC),
        ({"a": read("<policies><inbound/></policies>")}, Told.FRAGMENT_SECTIONS),
        (fragments(a="<base/>"), Told.BASE_IN_FRAGMENT),
    ],
    ids=["missing", "link", "cyclic", "sections", "base"],
)
def test_what_a_fragment_hides_is_never_a_pass(held: dict[str, object], expected: Told) -> None:
    text = inbound('<include-fragment fragment-id="a" />' + when(FULL))
    library = Library(held)  # type: ignore[arg-type]
    found = Composer(Policies(chain(api=text).documents, library)).effective(API)
    assert expected in told(found)
    verdict = certificate_verdict(found)
    assert verdict.verdict is Verdict.MANUAL
    assert verdict.causes == (Cause.UNREAD,)


def test_unread_document_is_never_a_pass() -> None:
    policies = chain(api=sections(inbound="<base/>" + when(FULL)), global_=Unreadable("not collected"))
    verdict = certificate_verdict(compose(policies))
    assert verdict.verdict is Verdict.MANUAL
    assert verdict.causes == (Cause.UNREAD,)
    assert "not collected" in verdict.operands[0]


@pytest.mark.parametrize("global_", [Unreadable("not collected"), read(sections(inbound="<check-header />"))])
@pytest.mark.parametrize(
    "own", [read(sections(inbound="")), Unreadable("not declared"), read("<policies><inb")]
)
def test_messages_name_a_scope_and_not_where_its_file_lies(global_: Read, own: Read) -> None:
    """Callers name scopes by keys of the inventory, which begin with the path of a template."""
    api = Api("plans/plan.json|/providers/microsoft.apimanagement/service/c/apis/orders", name="orders")
    documents = {Place(Scope.API, api.id): own, Place(Scope.GLOBAL): global_}
    effective = Composer(Policies(documents)).effective(api, None, None)
    messages = [note.message for note in effective.notes]
    assert messages
    assert not any("plan.json" in message for message in messages)


def test_unread_document_behind_a_check_changes_nothing() -> None:
    policies = chain(api=sections(inbound=when(FULL) + "<base/>"), global_=Unreadable("not collected"))
    assert certificate_verdict(compose(policies)).verdict is Verdict.PASS


def test_broken_document_is_never_a_pass() -> None:
    text = inbound(when(FULL)).replace("</inbound>", "")
    found = certificate(text)
    assert found.verdict is Verdict.MANUAL
    assert Cause.UNSOUND in found.causes


def test_workspaces_have_named_values_and_fragments_of_their_own() -> None:
    policies = Policies(
        {Place(Scope.API, "orders"): read(inbound('<include-fragment fragment-id="check" />'))},
        Library(fragments(check=mark("service"))),
        {"team": Library(fragments(check=mark("team")))},
    )
    own = Composer(policies).effective(Api("orders", workspace="team"))
    assert names(own.reading.inbound) == ["team"]
    assert names(Composer(policies).effective(Api("orders")).reading.inbound) == ["service"]


def test_revisions_have_documents_of_their_own() -> None:
    policies = Policies(
        {
            Place(Scope.API, "orders"): read(inbound(mark("first"))),
            Place(Scope.API, "orders;rev=2"): read(inbound(mark("second"))),
        }
    )
    composer = Composer(policies)
    assert names(composer.effective(Api("orders;rev=2", name="orders")).reading.inbound) == ["second"]
    assert names(composer.effective(Api("orders", name="orders")).reading.inbound) == ["first"]


# -- ways to arrive ------------------------------------------------------------------------------------


def arrivals(policies: Policies, api: Api = API) -> list[str]:
    return [str(each) + ("" if each.certain else "?") for each in contexts(policies, api)]


def test_each_product_applies_alone() -> None:
    silver = Product("silver", subscription_required=True, apis=frozenset({"orders"}))
    other = Product("other", subscription_required=True, apis=frozenset({"stock"}))
    policies = Policies(
        {}, products=(GOLD, silver, other), subscriptions=(Subscription(Opens.PRODUCT, "gold"),)
    )
    assert arrivals(policies) == ["with a key, product gold", "with a key, product silver"]


@pytest.mark.parametrize("opens", [Opens.SERVICE, Opens.ALL_APIS, Opens.API])
def test_wide_keys_bring_no_product(opens: Opens) -> None:
    policies = Policies({}, products=(GOLD,), subscriptions=(Subscription(opens, "orders"),))
    assert arrivals(policies) == ["with a key, product gold", "with a key, no product"]


def test_open_product_needs_no_key_whatever_the_api_says() -> None:
    open_product = Product("free", subscription_required=False, apis=frozenset({"orders"}))
    assert arrivals(Policies({}, products=(open_product,))) == ["without a key, product free"]


def test_api_without_keys() -> None:
    assert arrivals(Policies({}), Api("orders", subscription_required=False)) == ["without a key, no product"]
    assert arrivals(Policies({})) == []


def test_what_was_not_listed_is_not_certain() -> None:
    unknown = Policies({}, products=None, subscriptions=None)
    assert arrivals(unknown) == ["with a key, no product?", "without a key, no product?"]
    assert arrivals(Policies({}), Api("orders")) == ["without a key, no product?"]
    assert Context(key=None) != Context(key=False)


# -- size ----------------------------------------------------------------------------------------------


def test_operations_with_the_same_chain_share_one_result() -> None:
    composer = Composer(chain(api=base_first("api"), global_=base_first("global")))
    first = composer.effective(API, Operation("orders/a"))
    assert composer.effective(API, Operation("orders/b")) is first
    assert composer.effective(API, Operation("orders/b"), GOLD) is first


def test_documents_that_only_inherit_share_the_parents_section() -> None:
    composer = Composer(chain(operation=sections(), api=sections(), global_=sections(inbound=mark("global"))))
    operation = composer.effective(API, GET).reading.inbound
    assert operation is composer.effective(API).reading.inbound


def test_a_large_estate_is_composed_in_seconds() -> None:
    text = sections(inbound="<base/>" + when(FULL))
    documents = {Place(Scope.GLOBAL): read(sections(inbound=mark("global")))}
    documents |= {Place(Scope.API, f"api{n}"): read(text) for n in range(1000)}
    composer = Composer(Policies(documents))
    began = time.monotonic()
    found = {
        id(composer.effective(Api(f"api{n}"), Operation(f"api{n}/{m}")))
        for n in range(1000)
        for m in range(50)
    }
    assert len(found) == 1000
    assert time.monotonic() - began < 10


def test_operations_whose_policy_was_not_read_are_composed_once() -> None:
    operations = tuple(Operation(f"api/{name}", name) for name in ("a", "b", "c"))
    unread = {Place(Scope.OPERATION, each.id): Unreadable("not listed") for each in operations[:2]}
    api = Api("api", "api", operations=operations)
    composer = Composer(Policies({Place(Scope.API, "api"): read(sections()), **unread}))
    first, second, third = (composer.effective(api, each) for each in operations)
    assert first is second
    assert third is not first
    assert any(note.told is Told.UNREADABLE for note in first.notes)
    assert not any(note.told is Told.UNREADABLE for note in third.notes)
