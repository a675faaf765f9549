"""The evaluator of policy rules, operator by operator, against what Microsoft's documents say."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.inventory import Input, InputKind, Inventory, Origin, Resource
from auditor.model.values import Partial, PartialList, PartialObject, Redacted, Sealed, Unresolved
from tests.azure_policy.conditions import Rule, compared, every, negated, some
from tests.azure_policy.definitions import Compliance, definition_of, definitions_in
from tests.azure_policy.expressions import HIDDEN, UNKNOWN, UnsupportedError, evaluate, parse
from tests.azure_policy.fields import View

TYPE = "microsoft.test/boxes"
ALIAS = "Microsoft.Test/boxes"
OPEN = Unresolved("parameters('x')", "no value")
TRUTHS = st.sampled_from((True, False, None))

DOCUMENTED: dict[str, Any] = {
    "tags": {"env": "prod"},
    "properties": {
        "stringArray": ["a", "b", "c"],
        "objectArray": [
            {"property": "value1", "nestedArray": [1, 2]},
            {"property": "value2", "nestedArray": [3, 4]},
        ],
    },
}
"""The resource of "Author policies for array properties on Azure resources"."""


def box(body: dict[str, Any], name: str = "one", type_: str = TYPE) -> Resource:
    source = Input("box.json", InputKind.REST)
    path, kind = type_.split("/", 1)[1].split("/"), type_.split("/", 1)[0]
    names = [*name.split("|")]
    below = "".join(f"/{part}/{each}" for part, each in zip(path, names, strict=True))
    return Resource(
        f"/subscriptions/0/resourceGroups/g/providers/{kind}{below}", type_, body, Origin(""), source
    )


def holds(condition: dict[str, Any], properties: Any, **parameters: Any) -> bool | None:
    return Rule(parameters, View(box({"properties": properties}))).holds(condition)


# -- conditions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "operator", "wanted", "expected"),
    [
        ("Premium", "equals", "premium", True),
        (True, "equals", "true", True),
        ("False", "equals", False, True),
        (3, "equals", "3", True),
        ("a", "equals", "b", False),
        ([], "equals", "a", False),
        (None, "equals", False, False),
        (None, "notEquals", False, True),
        (None, "equals", "", None),
        ("http", "in", ["HTTP", "ws"], True),
        ("https", "notIn", ["http", "ws"], True),
        (None, "in", ["a"], False),
        (None, "notIn", ["a"], True),
        ("/service/x/apis", "like", "*/APIS", True),
        ("/apis/x", "like", "*/apis", False),
        ("Premium", "like", "Premium", True),
        ("PremiumV2", "like", "Premium", False),
        ("ab", "like", "a*b", True),
        ("a", "like", "a*a", False),
        (None, "like", "*", False),
        (None, "notLike", "x*", True),
        ("2021-08-01", "match", "202#-##-##", True),
        ("2021-08-01-preview", "match", "202#-##-##", False),
        ("ABC", "match", "abc", False),
        ("x1_", "match", "?#.", True),
        (None, "match", "#", False),
        (None, "notMatch", "#", True),
        ("<inbound><base/>", "contains", "<BASE/>", True),
        ("abc", "notContains", "d", True),
        (None, "contains", "a", False),
        (None, "exists", "false", True),
        (None, "exists", True, False),
        ("", "exists", "true", True),
        (2, "less", 3, True),
        (3, "lessOrEquals", 3, True),
        (3, "greater", 3, False),
        ("2021-08-01", "greaterOrEquals", "2020-01-01", True),
        ("x", "less", 3, None),
        (None, "greater", 0, None),
    ],
)
def test_conditions(value: Any, operator: str, wanted: Any, expected: bool | None) -> None:
    assert compared(value, operator, wanted) is expected


@pytest.mark.parametrize("operator", ["equals", "in", "like", "match", "contains", "less", "exists"])
def test_what_is_open_stays_open(operator: str) -> None:
    assert compared(UNKNOWN, operator, ["a"] if operator == "in" else "a") is None


def test_a_removed_secret_is_there_and_says_nothing() -> None:
    assert compared(HIDDEN, "exists", "true") is True
    assert compared(HIDDEN, "equals", "a") is None


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("like", "*/apis", True),
        ("like", "*/products", False),
        ("like", "/subscriptions/*", True),
        ("like", "x*", False),
        ("contains", "/service/", True),
        ("contains", "/other/", None),
        ("equals", "/subscriptions/1/service/x/apis", None),
        ("equals", "/nowhere", False),
        ("exists", "true", True),
    ],
)
def test_the_known_parts_of_a_text_decide_where_they_can(
    operator: str, wanted: str, expected: bool | None
) -> None:
    scope = Partial(("/subscriptions/", OPEN, "/service/x/apis"))
    assert compared(scope, operator, wanted) is expected


def test_an_unknown_condition_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="resembles"):
        compared("a", "resembles", "b")


@given(st.text("ab*", max_size=6), st.text("ab", max_size=5))
def test_like_is_a_glob_with_one_star(pattern: str, value: str) -> None:
    if pattern.count("*") <= 1:
        assert compared(value, "like", pattern) is fnmatch.fnmatchcase(value, pattern)


@given(st.lists(TRUTHS, max_size=5))
def test_operators_say_what_every_resolution_of_the_open_ones_says(truths: list[bool | None]) -> None:
    worlds: list[list[bool]] = [[]]
    for truth in truths:
        worlds = [
            [*world, each] for world in worlds for each in ((truth,) if truth is not None else (True, False))
        ]
    for combined, plain in ((every(truths), all), (some(truths), any)):
        outcomes = {plain(world) for world in worlds}
        assert combined is (outcomes.pop() if len(outcomes) == 1 else None)
    assert negated(every(truths)) is some(negated(each) for each in truths)


# -- fields --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alias", "selected", "gives"),
    [
        ("missingArray", [None], ""),
        ("missingArray[*]", [], []),
        ("missingArray[*].property", [], []),
        ("stringArray", [["a", "b", "c"]], ["a", "b", "c"]),
        ("stringArray[*]", ["a", "b", "c"], ["a", "b", "c"]),
        ("objectArray[*].property", ["value1", "value2"], ["value1", "value2"]),
        ("objectArray[*].nestedArray", [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        ("objectArray[*].nestedArray[*]", [1, 2, 3, 4], [1, 2, 3, 4]),
    ],
)
def test_fields_are_the_documented_ones(alias: str, selected: list[Any], gives: Any) -> None:
    view = View(box(DOCUMENTED))
    assert view.select(f"{ALIAS}/{alias}").values == selected
    assert Rule({}, view).value(f"[field('{ALIAS}/{alias}')]") == gives


def test_the_envelope_and_other_types() -> None:
    view = View(
        box({"sku": {"name": "Premium"}, "zones": ["1", "2"], "location": "East US 2", "properties": {}})
    )
    assert view.select("type").values == [TYPE]
    assert view.select("NAME").values == ["one"]
    assert view.select(f"{ALIAS}/sku.name").values == ["Premium"]
    assert view.select(f"{ALIAS}/zones[*]").values == ["1", "2"]
    assert view.select("Microsoft.Other/things/sku.name").values == [None]
    assert Rule({}, view).holds({"field": "location", "equals": "eastus2"}) is True


def test_names_are_matched_without_case_and_null_is_absent() -> None:
    assert holds({"field": f"{ALIAS.upper()}/KEYVAULT", "exists": False}, {"keyVault": None}) is True
    assert (
        holds(
            {"field": f"{ALIAS}/tls.validateCertificateName", "equals": False},
            {"TLS": {"ValidateCertificateName": False}},
        )
        is True
    )


@pytest.mark.parametrize("array", [PartialList(["https"], OPEN), OPEN])
def test_an_array_that_may_go_on_proves_nothing(array: Any) -> None:
    all_https = {"field": f"{ALIAS}/protocols[*]", "equals": "https"}
    some_http = {
        "count": {
            "field": f"{ALIAS}/protocols[*]",
            "where": {"field": f"{ALIAS}/protocols[*]", "equals": "http"},
        },
        "greater": 0,
    }
    assert holds(all_https, {"protocols": array}) is None
    assert holds(some_http, {"protocols": array}) is None
    assert holds({"field": f"{ALIAS}/other", "exists": True}, PartialObject({}, OPEN)) is None


def test_one_element_that_fails_decides_however_the_array_goes_on() -> None:
    assert holds({"field": f"{ALIAS}/a[*]", "equals": "x"}, {"a": PartialList(["y"], OPEN)}) is False


def test_what_was_sealed_is_read() -> None:
    sealed = Sealed("policy", text="<inbound> <base/>")
    rule = {"value": f"[replace(field('{ALIAS}/value'), ' ', '')]", "contains": "<inbound><base/>"}
    assert holds(rule, {"value": sealed}) is True
    assert holds(rule, {"value": Redacted("secret")}) is None


# -- counting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "operator", "number", "expected"),
    [
        (None, "equals", 2, True),
        ({"field": f"{ALIAS}/objectArray[*].property", "equals": "value2"}, "equals", 1, True),
        ({"field": f"{ALIAS}/objectArray[*].nestedArray[*]", "greater": 2}, "equals", 1, True),
        ({"field": f"{ALIAS}/objectArray[*].nestedArray[*]", "greater": 0}, "less", 2, False),
        ({"field": "tags.env", "equals": "prod"}, "equals", 2, True),
        (
            {"value": f"[first(field('{ALIAS}/objectArray[*].property'))]", "equals": "value1"},
            "equals",
            1,
            True,
        ),
        (
            {"value": f"[current('{ALIAS}/objectArray[*]').property]", "equals": "value1"},
            "greaterOrEquals",
            1,
            True,
        ),
    ],
)
def test_counts(where: Any, operator: str, number: int, expected: bool) -> None:
    count = {"field": f"{ALIAS}/objectArray[*]", **({"where": where} if where else {})}
    assert Rule({}, View(box(DOCUMENTED))).holds({"count": count, operator: number}) is expected


ELEMENTS = st.sampled_from(["http", "https", "ws"])
COMPARISONS = {
    "equals": int.__eq__,
    "notEquals": int.__ne__,
    "less": int.__lt__,
    "lessOrEquals": int.__le__,
    "greater": int.__gt__,
    "greaterOrEquals": int.__ge__,
}


@given(
    st.lists(st.one_of(ELEMENTS, st.just(OPEN)), max_size=4),
    st.sampled_from(sorted(COMPARISONS)),
    st.integers(0, 4),
)
def test_a_count_over_open_elements_agrees_with_every_resolution(
    held: list[Any], operator: str, number: int
) -> None:
    worlds: list[list[str]] = [[]]
    for each in held:
        worlds = [[*world, one] for world in worlds for one in (("http", "x") if each is OPEN else (each,))]
    outcomes = {COMPARISONS[operator](world.count("http"), number) for world in worlds}
    alias = f"{ALIAS}/protocols[*]"
    rule = {"count": {"field": alias, "where": {"field": alias, "equals": "http"}}, operator: number}
    assert holds(rule, {"protocols": held}) is (outcomes.pop() if len(outcomes) == 1 else None)


# -- functions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[if(equals(parameters('kind'), 'Git'), 'gitaccess', 'access')]", "gitaccess"),
        ("[if(equals(parameters('KIND'), 'git'), 1, 2)]", 2),
        ("[concat('it''s ', toLower('A'), '\n')]", "it's a\n"),
        ("[length(field('Microsoft.Test/boxes/none[*]'))]", 0),
        ("[empty(field('Microsoft.Test/boxes/none'))]", True),
        ("[first(parameters('list'))]", "*"),
        ("[replace(replace('a b', ' ', ''), 'b', 'c')]", "ac"),
        ("[not(or(false_, true_))]", UnsupportedError),
        ("[resourceGroup().name]", UnsupportedError),
        ("[concat('a'", UnsupportedError),
        ("[parameters('none')]", UnsupportedError),
        ("[[concat('a')]", "[concat('a')]"),
        ("plain", "plain"),
    ],
)
def test_functions(expression: str, expected: Any) -> None:
    rule = Rule({"kind": "Git", "list": ["*"]}, View(box({"properties": {}})))
    if expected is UnsupportedError:
        with pytest.raises(UnsupportedError):
            rule.value(expression if expression.endswith("]") else expression + "]")
    else:
        assert rule.value(expression) == expected


def test_what_a_request_would_tell_is_open() -> None:
    assert evaluate(parse("[requestContext().apiVersion]"), {}) is UNKNOWN
    assert evaluate(parse("[concat('a', requestContext().apiVersion)]"), {}) is UNKNOWN


# -- definitions ---------------------------------------------------------------------------------------


def definition(condition: Any, effect: str = "Audit", details: Any = None, **parameters: Any) -> Any:
    then = {"effect": "[parameters('effect')]", **({"details": details} if details else {})}
    declared = {name: {"type": "String", "defaultValue": value} for name, value in parameters.items()}
    properties = {
        "displayName": "a rule",
        "parameters": {"effect": {"type": "String", "defaultValue": effect}, **declared},
        "policyRule": {"if": condition, "then": then},
    }
    return definition_of({"name": "1", "properties": properties})


TYPED = {"field": "type", "equals": ALIAS}


@pytest.mark.parametrize(
    ("properties", "effect", "expected"),
    [
        ({"open": True}, "Audit", Compliance.NON_COMPLIANT),
        ({"open": True}, "Disabled", Compliance.NOT_APPLICABLE),
        ({}, "Deny", Compliance.COMPLIANT),
        ({"open": OPEN}, "Modify", Compliance.UNDETERMINED),
    ],
)
def test_a_rule_that_matches_is_a_violation(properties: Any, effect: str, expected: Compliance) -> None:
    rule = definition({"allOf": [TYPED, {"anyof": [{"field": f"{ALIAS}/open", "equals": "true"}]}]}, effect)
    resource = box({"properties": properties})
    assert rule.judge(Inventory([resource]), resource) is expected


def test_only_type_name_and_kind_say_what_a_rule_is_about() -> None:
    rule = definition({"allOf": [TYPED, {"not": {"field": f"{ALIAS}/sku.name", "in": ["a"]}}]})
    mine, other = (
        box({"sku": {"name": "a"}, "properties": {}}),
        box({"properties": {}}, type_="microsoft.test/bags"),
    )
    inventory = Inventory([mine, other])
    assert list(rule.types(inventory)) == [mine]
    assert rule.judge(inventory, mine) is Compliance.COMPLIANT
    assert rule.judge(inventory, other) is Compliance.NOT_APPLICABLE


DETAILS = {
    "type": f"{ALIAS}/lids",
    "name": "[if(equals(parameters('lid'), 'Top'), 'top', 'bottom')]",
    "existencecondition": {"field": f"{ALIAS}/lids/locked", "equals": True},
}


@pytest.mark.parametrize(
    ("lids", "expected"),
    [
        ({}, Compliance.NON_COMPLIANT),
        ({"TOP": {"locked": True}}, Compliance.COMPLIANT),
        ({"top": {"locked": False}}, Compliance.NON_COMPLIANT),
        ({"bottom": {"locked": True}}, Compliance.NON_COMPLIANT),
        ({"top": {"locked": OPEN}}, Compliance.UNDETERMINED),
    ],
)
def test_what_must_exist(lids: dict[str, Any], expected: Compliance) -> None:
    rule = definition(
        {"allOf": [TYPED, {"field": f"{ALIAS}/sku.name", "notEquals": "Small"}]},
        "AuditIfNotExists",
        DETAILS,
        lid="Top",
    )
    parent = box({"sku": {"name": "Big"}, "properties": {}})
    held = [box({"properties": each}, f"one|{name}", f"{TYPE}/lids") for name, each in lids.items()]
    assert rule.judge(Inventory([parent, *held]), parent) is expected


def test_where_a_rule_that_asks_for_existence_is_not_met_it_does_not_apply() -> None:
    rule = definition(
        {"field": f"{ALIAS}/sku.name", "equals": "Big"}, "DeployIfNotExists", DETAILS, lid="Top"
    )
    for sku, expected in (("Small", Compliance.NOT_APPLICABLE), (OPEN, Compliance.UNDETERMINED)):
        parent = box({"sku": {"name": sku}, "properties": {}})
        lid = box({"properties": {"locked": False}}, "one|top", f"{TYPE}/lids")
        assert rule.judge(Inventory([parent, lid]), parent) is expected


def test_an_assignment_gives_other_values() -> None:
    rule = definition(TYPED, "Disabled")
    resource = box({"properties": {}})
    assert rule.assigned(effect="Audit").judge(Inventory([resource]), resource) is Compliance.NON_COMPLIANT


def test_definitions_are_read_with_a_byte_order_mark(tmp_path: Path) -> None:
    text = '\ufeff{"name": "7", "properties": {"displayName": "d", "policyRule": {"if": {}, "then": {}}}}'
    (tmp_path / "d.json").write_text(text, "utf-8")
    assert list(definitions_in(tmp_path)) == ["7"]
