"""What policies inherit, lose, forward and include, and the names they are made of."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.policy.grammar import nearest, policies, vocabulary
from auditor.apim.policy.issues import Issue, Weight
from auditor.apim.policy.reader import read
from auditor.apim.policy.rules import includes, names
from auditor.apim.policy.scopes import Library, Unreadable
from auditor.apim.policy.sheets import Sheet
from auditor.engine import Finding
from auditor.sources import read_paths
from controls import catalogue
from tests.judging import findings
from tests.policy.proving import DENY, JWT, fragments, sections, when

TYPE = "Microsoft.ApiManagement/service"
CHECKS = {check.id: check for check in catalogue().checks}
BEFORE = '<set-variable name="a" value="b" />'
SEND = (
    '<send-request mode="new" response-variable-name="r">'
    "<set-url>https://contoso.example</set-url></send-request>"
)
LIMIT = '<rate-limit calls="{}" renewal-period="60"/>'
NESTED = (
    '<retry condition="@(true)"><choose><when condition="@(true)"><limit-concurrency key="a" max-count="1">'
    "<block><set-variable/></block></limit-concurrency></when></choose></retry>"
)
RETRY = '<retry condition="@(true)" count="2" interval="1"><forward-request/></retry>'
KEYS = '<issuer-signing-keys><key n="a" e="b"/></issuer-signing-keys>'
OTHER = JWT.replace("api://orders", "api://other")
FILTER = '<ip-filter action="allow"><address>10.0.0.4</address></ip-filter>'


def whole(inbound: str = "", backend: str = "<forward-request/>", outbound: str = "") -> str:
    """A global policy."""
    return sections(inbound=inbound, backend=backend, outbound=outbound, on_error="")


def resource(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": f"{TYPE}{kind}",
        "apiVersion": "2024-05-01",
        "name": f"contoso{name}",
        "properties": properties,
    }


def service(
    tmp_path: Path,
    *,
    top: str | None = None,
    product: str | None = None,
    api: str | None = None,
    operations: tuple[str | None, ...] = (None,),
    **named_fragments: str,
) -> Path:
    """A template with one API, as a file that holds everything there is."""
    shown: dict[str, Any] = {"displayName": "o", "path": "o", "protocols": ["https"]}
    found = [
        {**resource("", ""), "location": "westeurope", "sku": {"name": "Developer", "capacity": 1}},
        resource("/apis", "/orders", subscriptionRequired=True, **shown),
    ]
    for name, text in named_fragments.items():
        found.append(resource("/policyFragments", f"/{name}", format="rawxml", value=text))
    if product is not None:
        shown = {"displayName": "g", "state": "published"}
        found.append(resource("/products", "/gold", subscriptionRequired=True, **shown))
        found.append(resource("/products/apis", "/gold/orders"))
    hung = [("", "", top), ("/apis", "/orders", api), ("/products", "/gold", product)]
    for number, each in enumerate(operations):
        at = f"/orders/op{number}"
        shown = {"displayName": "x", "method": "GET", "urlTemplate": f"/{number}"}
        found.append(resource("/apis/operations", at, **shown))
        hung.append(("/apis/operations", at, each))
    for kind, at, policy in hung:
        if policy is not None:
            found.append(resource(f"{kind}/policies", f"{at}/policy", format="rawxml", value=policy))
    file = tmp_path / "service-complete.json"
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    file.write_text(json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", "resources": found}))
    return file


def judged(file: Path, check: str, name: str = "orders") -> Finding:
    reading = read_paths([str(file)], whole=True)
    found = findings(reading.inventory, [CHECKS[f"apim.pv-2.{check}"]])
    return next(each for each in found if each.resource.name == name)


def inherits(tmp_path: Path, name: str = "orders", **given: Any) -> Finding:
    return judged(service(tmp_path, **given), "base-inherited", name)


# -- what is lost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("top", "own", "status"),
    [
        (JWT, "<base/>", "pass"),
        (JWT, f"<base/>{OTHER}", "pass"),
        (JWT, f"{BEFORE}<base/>", "pass"),
        (JWT, f"<!-- first --><base></base>{BEFORE}", "pass"),
        (JWT, BEFORE, "fail"),
        (JWT, JWT, "pass"),
        (JWT, JWT.replace("<validate-jwt ", '<validate-jwt id="own" '), "pass"),
        (JWT, OTHER, "manual"),
        (JWT, when("context.Request.Method == &quot;GET&quot;".replace("&quot;", '"'), JWT), "manual"),
        (JWT, FILTER, "fail"),
        (FILTER, JWT, "fail"),
        ("<block>" + JWT + "</block>", BEFORE, "fail"),
        (when("context.Request.Certificate == null"), BEFORE, "fail"),
        (when("context.Request.Certificate == null"), when("context.Request.Certificate == null"), "pass"),
        (when('context.Api.Id == "a"'), BEFORE, "manual"),
        (when("{{on}}"), BEFORE, "manual"),
        ("<return-response/>", BEFORE, "pass"),
        ("<cors><allowed-origins><origin>*</origin></allowed-origins></cors>", BEFORE, "pass"),
        ('<authentication-managed-identity resource="r"/>', BEFORE, "manual"),
        ('<authentication-managed-identity resource="r" output-token-variable-name="t"/>', BEFORE, "pass"),
        (
            LIMIT.format(10),
            LIMIT.format(9),
            "manual",
        ),
        (JWT, DENY, "manual"),
        (JWT, "<return-response/>", "manual"),
        (JWT, f"{SEND}<return-response/>", "fail"),
        ("", BEFORE, "pass"),
    ],
)
def test_loss_of_a_statement(tmp_path: Path, top: str, own: str, status: str) -> None:
    """What counts is what is lost and not made up for, wherever <base/> stands."""
    found = inherits(tmp_path, top=whole(top), api=sections(inbound=own))
    assert found.status == status, found.message


def test_loss_is_high_and_named(tmp_path: Path) -> None:
    found = inherits(tmp_path, top=whole(JWT), api=sections(inbound=BEFORE))
    assert found.severity == "high"
    assert "validate-jwt (global policy, line 1)" in found.message
    assert "login.microsoftonline" not in str(found.details) + found.message


def test_operation_is_told_and_not_its_api(tmp_path: Path) -> None:
    found = inherits(
        tmp_path, top=whole(JWT), api=sections(), operations=(None, sections(inbound=BEFORE), sections())
    )
    assert found.status == "fail"
    assert "operation op1" in found.message


def test_operations_make_up_for_their_api(tmp_path: Path) -> None:
    """No request runs the API's document alone, and those that run it are checked."""
    given = {"top": whole(JWT), "api": sections(inbound=BEFORE)}
    guarded = sections(inbound=f"<base/>{JWT}")
    assert inherits(tmp_path, operations=(guarded,), **given).status == "pass"
    assert inherits(tmp_path, operations=(guarded, None), **given).status == "fail"


def test_a_loss_at_a_product_is_the_products(tmp_path: Path) -> None:
    given = {"top": whole(JWT), "product": sections(inbound=BEFORE), "api": sections()}
    assert inherits(tmp_path, **given).status == "pass"
    assert inherits(tmp_path, name="gold", **given).status == "fail"


def test_named_values_of_other_places_are_not_equal(tmp_path: Path) -> None:
    """The same text behind a name is the same within one service."""
    check = '<check-header name="X" failed-check-httpcode="401"><value>{{key}}</value></check-header>'
    assert inherits(tmp_path, top=whole(check), api=sections(inbound=check)).status == "pass"


def test_fragment_with_the_check_makes_up(tmp_path: Path) -> None:
    include = '<include-fragment fragment-id="check"/>'
    given = {"top": whole(JWT), "api": sections(inbound=include)}
    fragment = f"<fragment>{JWT}</fragment>"
    assert inherits(tmp_path, check=fragment, **given).status == "pass"
    assert inherits(tmp_path, **given).status == "unknown"


def test_what_inherits_passes_whatever_the_parents_hold(tmp_path: Path) -> None:
    broken = whole('<include-fragment fragment-id="gone"/>')
    assert inherits(tmp_path, top=broken, api=sections(inbound=f"<base/>{BEFORE}")).status == "pass"
    assert inherits(tmp_path, top=broken, api=sections(inbound=BEFORE)).status == "unknown"


def test_error_handlers_and_styles_are_information(tmp_path: Path) -> None:
    top = sections(inbound="", backend="<forward-request/>", outbound=BEFORE, on_error=DENY)
    assert inherits(tmp_path, top=top, api=sections(outbound="", on_error="")).status == "pass"


# -- what runs before ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "status"),
    [
        (SEND, "fail"),
        ('<cache-lookup vary-by-developer="false" vary-by-developer-groups="false"/>', "fail"),
        (when('context.Request.Method == "GET"', SEND), "fail"),
        (f"{JWT}{SEND}", "pass"),
        (f"{when('context.Request.IpAddress == null')}{SEND}", "fail"),
        (DENY, "pass"),
        ("<mock-response/>", "manual"),
        ('<rewrite-uri template="/a"/>', "pass"),
    ],
)
def test_statements_before_base(tmp_path: Path, before: str, status: str) -> None:
    found = inherits(tmp_path, top=whole(JWT), api=sections(inbound=f"{before}<base/>"))
    assert found.status == status, found.message
    if status == "fail":
        assert found.severity == "medium"
    calm = inherits(tmp_path, top=whole(BEFORE), api=sections(inbound=f"{before}<base/>"))
    assert calm.status == "pass"


# -- forwarding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api", "status"),
    [
        (sections(), "pass"),
        (sections(backend="<forward-request/>"), "pass"),
        (
            sections(backend=RETRY),
            "pass",
        ),
        (sections(backend=""), "fail"),
        (sections(backend="<base/><forward-request/>"), "fail"),
        (sections(backend="", inbound="<base/><mock-response/>"), "pass"),
        (
            sections(backend="", inbound="<base/>" + when("context.Api.Id == null", "<mock-response/>")),
            "fail",
        ),
        (sections(backend="", outbound="<base/><set-body>x</set-body>"), "pass"),
        ("<policies><inbound><base/></inbound></policies>", "manual"),
    ],
)
def test_forwarding(tmp_path: Path, api: str, status: str) -> None:
    found = judged(service(tmp_path, top=whole(), api=api), "backend-section")
    assert found.status == status, found.message
    assert found.severity == "info"


# -- names -----------------------------------------------------------------------------------------------


def named(text: str) -> list[Issue]:
    return [each for each in names.issues(Sheet(read(text))) if each.weight is not Weight.FINE]


@pytest.mark.parametrize(
    ("body", "weight"),
    [
        ('<jwt-validate header-name="A"/>', Weight.FAIL),
        ("<validate-jwtt/>", Weight.FAIL),
        ("<Validate-Jwt/>", Weight.FAIL),
        ("<set-usage-quota-by-key/>", Weight.FAIL),
        ('<validate-jwt header-names="A"/>', Weight.FAIL),
        ("<validate-jwt><audience>a</audience></validate-jwt>", Weight.FAIL),
        ('<validate-client-certificate verify-expiry="true"/>', Weight.FAIL),
        ('<check-header header-name="A"/>', Weight.FAIL),
        ('<rate-limit calls="1" renewal-period="1" novelty="1"/>', Weight.REVIEW),
        ("<set-haeder/>", Weight.WEAK),
        ('<set-header nmae="A"/>', Weight.WEAK),
        ('<set-header zone="A"/>', Weight.REVIEW),
        ("<contoso-shield/>", Weight.REVIEW),
        ("<rate-limit-by-header/>", Weight.REVIEW),
        ("<audiences/>", Weight.REVIEW),
    ],
)
def test_unknown_names(body: str, weight: Weight) -> None:
    assert [each.weight for each in named(sections(inbound=body))] == [weight]


@pytest.mark.parametrize(
    "body",
    [
        JWT,
        f'<validate-jwt id="a" header-name="A">{KEYS}</validate-jwt>',
        '<rate-limit calls="{{n}}" renewal-period="15" version="2"/>',
        '<set-body><b:any xmlns:b="urn:x" other="y"/></set-body>',
        '<wait for="all"><send-request><authentication-basic username="a"/></send-request></wait>',
        '<return-response><include-fragment fragment-id="a"/><set-status code="401"/></return-response>',
        NESTED,
    ],
)
def test_known_names(body: str) -> None:
    assert named(sections(inbound=body)) == []


def test_odd_names_are_not_repeated() -> None:
    odd = "A1b2C3d4E5f6A7b8C9d0"
    for text in (f"<{odd}/>", f'<validate-jwt {odd}="x"/>', f"<choose><{odd}/></choose>"):
        for each in named(sections(inbound=text)):
            assert odd not in each.message + each.statement


def test_sections_that_are_none() -> None:
    assert [each.weight for each in named("<policies><inbond/><extra/></policies>")] == [
        Weight.FAIL,
        Weight.WEAK,
    ]


def test_table_is_whole() -> None:
    assert len(policies()) > 75
    assert {"llm-token-limit", "send-service-bus-message", "xsl-transform", "block"} <= set(policies())
    assert "zumo-master-key" in vocabulary()
    assert all("id" in shape.attributes for shape in policies().values())
    assert nearest("jwt-validate", frozenset(policies())) == "validate-jwt"
    assert nearest("x" * 100_000, frozenset(policies())) is None


# -- fragments -------------------------------------------------------------------------------------------


def including(text: str, library: Library) -> list[Weight]:
    return [each.weight for each in includes.issues(Sheet(read(text), library))]


def test_includes() -> None:
    one = sections(inbound='<include-fragment fragment-id="one"/>')
    fine = fragments(one=BEFORE)
    assert including(one, Library(fine)) == [Weight.FINE]
    assert including(one.replace("one", "ONE"), Library(fine)) == [Weight.FINE]
    assert including(one, Library()) == [Weight.FAIL]
    assert including(one, Library(whole=False)) == [Weight.UNKNOWN]
    assert including(one, Library({"one": Unreadable("a link")})) == [Weight.UNKNOWN]
    assert including(one, Library({"one": read(sections())})) == [Weight.FAIL]
    computed = sections(inbound='<include-fragment fragment-id="@(context.Api.Id)"/>')
    assert including(computed, Library()) == [Weight.UNKNOWN]
    assert including(sections(inbound="<include-fragment/>"), Library()) == [Weight.FAIL]
    given = sections(inbound='<include-fragment fragment-id="{{which}}"/>')
    assert including(given, Library(fine, {"which": "one"})) == [Weight.FINE]


def test_circles_and_wide_nests_cost_little() -> None:
    circle = fragments(
        one='<include-fragment fragment-id="two"/>',
        two='<choose><otherwise><include-fragment fragment-id="one"/></otherwise></choose>',
    )
    one = sections(inbound='<include-fragment fragment-id="one"/>')
    assert including(one, Library(circle)) == [Weight.FAIL]
    shared = fragments(
        one='<include-fragment fragment-id="a"/><include-fragment fragment-id="b"/>',
        a='<include-fragment fragment-id="b"/>',
        b=BEFORE,
    )
    assert including(one, Library(shared)) == [Weight.FINE]
    every = "".join(f'<include-fragment fragment-id="f{n}"/>' for n in range(60))
    wide = fragments(one=every, **{f"f{n}": every for n in range(60)})
    began = time.perf_counter()
    assert including(one, Library(wide)) == [Weight.FAIL]
    assert time.perf_counter() - began < 2


def test_backend_of_a_data_source_is_no_section() -> None:
    text = "<fragment><base/></fragment>"
    assert including(text, Library()) == [Weight.FAIL]
    inner = "<fragment><return-response><backend/></return-response></fragment>"
    assert Weight.FAIL not in including(inner, Library())


def test_fragments_that_multiply_end(tmp_path: Path) -> None:
    every = "".join(f'<include-fragment fragment-id="f{n}"/>' for n in range(12))
    nest = {f"f{n}": f"<fragment>{every}</fragment>" for n in range(12)}
    began = time.perf_counter()
    found = inherits(tmp_path, top=whole(every), api=sections(inbound=BEFORE), **nest)
    assert found.status == "unknown"
    assert time.perf_counter() - began < 6


# -- many documents --------------------------------------------------------------------------------------


def test_many_operations_take_little_time(tmp_path: Path) -> None:
    own = tuple(sections(inbound=f'<set-variable name="v{n}" value="x"/>') for n in range(400))
    file = service(tmp_path, top=whole(JWT), api=sections(), product=sections(), operations=own)
    reading = read_paths([str(file)], whole=True)
    began = time.perf_counter()
    found = findings(reading.inventory, [CHECKS["apim.pv-2.base-inherited"]])
    assert time.perf_counter() - began < 6
    assert next(each for each in found if each.resource.name == "orders").status == "fail"
