from typing import Any

import pytest

from auditor.arm import expand
from auditor.model.values import Partial, PartialList, PartialObject, Unresolved

HERE = "/subscriptions/[subscription().subscriptionId]/resourceGroups/[resourceGroup().name]"


def value(expression: str, **variables: Any) -> Any:
    """The value of an expression; ``parameters('u')`` is unknown, ``s`` a text, ``o`` an object."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "u": {"type": "string"},
            "s": {"type": "string", "defaultValue": "text"},
            "o": {"type": "object", "defaultValue": {"Name": "n", "list": [1, 2], "none": None}},
        },
        "variables": variables,
        "resources": [{"type": "A.B/c", "name": "r", "properties": {"v": f"[{expression}]"}}],
    }
    (resource,) = expand(template).resources
    return resource.body["properties"]["v"]


U = Unresolved("parameters('u')", "parameter 'u' has no value")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("concat('a', 1, true())", "a1True"),
        ("concat(createArray(1), createArray(2, 3))", [1, 2, 3]),
        ("format('{0}/{1} {{x}} {0}', 'a', 2)", "a/2 {x} a"),
        ("format('{0:D3}', 7)", "007"),
        ("toLower('ABC')", "abc"),
        ("toUpper('abc')", "ABC"),
        ("trim('  a ')", "a"),
        ("replace('a-b-c', '-', '')", "abc"),
        ("split('a/b;c', createArray('/', ';'))", ["a", "b", "c"]),
        ("join(createArray('a', 'b'), '-')", "a-b"),
        ("substring('abcdef', 2, 3)", "cde"),
        ("substring('abcdef', 2)", "cdef"),
        ("take('abc', 2)", "ab"),
        ("take(createArray(1, 2), 5)", [1, 2]),
        ("skip('abc', 2)", "c"),
        ("first('abc')", "a"),
        ("last(createArray(1, 2))", 2),
        ("startsWith('Abc', 'aB')", True),
        ("endsWith('abC', 'bc')", True),
        ("indexOf('abcB', 'B')", 1),
        ("lastIndexOf('abcB', 'b')", 3),
        ("indexOf(createArray('a', 'b'), 'b')", 1),
        ("padLeft('7', 3, '0')", "007"),
        ("string(true())", "True"),
        ("string(createObject('a', createArray(1, 'x')))", '{"a":[1,"x"]}'),
        ("int('12')", 12),
        ("bool('TRUE')", True),
        ("bool(0)", False),
        ("json('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("base64('one')", "b25l"),
        ("base64ToString('b25l')", "one"),
        ("base64ToJson(base64('{\"a\":1}'))", {"a": 1}),
        ("uri('http://contoso.org/firstpath', 'myscript.sh')", "http://contoso.org/myscript.sh"),
        ("uri('http://contoso.org/firstpath/', '/myscript.sh')", "http://contoso.org/firstpath/myscript.sh"),
        ("uriComponent('a b/c')", "a%20b%2Fc"),
        ("uriComponentToString('a%20b')", "a b"),
        ("dataUriToString(dataUri('Hello'))", "Hello"),
        ("length('abc')", 3),
        ("length(parameters('o'))", 3),
        ("empty('')", True),
        ("empty(null())", True),
        ("empty(createArray(1))", False),
        ("contains('OneTwo', 'two')", False),
        ("contains(parameters('o'), 'NAME')", True),
        ("contains(createArray(1, 2), 2)", True),
        ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
        ("intersection(createArray(1, 2), createArray(2, 3))", [2]),
        ("intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", {"a": 1}),
        ("range(3, 3)", [3, 4, 5]),
        ("min(createArray(3, 1))", 1),
        ("max(3, 1)", 3),
        ("add(2, 3)", 5),
        ("sub(2, 3)", -1),
        ("mul(2, 3)", 6),
        ("div(-7, 2)", -3),
        ("mod(-7, 2)", -1),
        ("array('a')", ["a"]),
        ("flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]),
        ("indexFromEnd(createArray(1, 2, 3), 2)", 2),
        ("tryIndexFromEnd(createArray(1), 2)", None),
        ("items(createObject('b', 1, 'a', 2))", [{"key": "a", "value": 2}, {"key": "b", "value": 1}]),
        ("objectKeys(createObject('b', 1, 'a', 2))", ["a", "b"]),
        ("shallowMerge(createArray(createObject('a', 1), createObject('A', 2)))", {"a": 2}),
        ("tryGet(parameters('o'), 'list', 1)", 2),
        ("tryGet(parameters('o'), 'missing', 'deeper')", None),
        ("parameters('o').?missing.?deeper", None),
        ("parameters('o')[?'missing']", None),
        ("PARAMETERS('O').name", "n"),
        ("parameters('o').list[1]", 2),
        ("equals('a', 'A')", False),
        ("equals(1, true())", False),
        ("equals(createObject('a', 1), createObject('a', 1))", True),
        ("less(1, 2)", True),
        ("greaterOrEquals(2, 2)", True),
        ("not(false())", True),
        ("xor(true(), false())", True),
        ("coalesce(null(), 'a')", "a"),
        ("if(equals('a', 'a'), 'yes', fail('no'))", "yes"),
        ("map(createArray(1, 2), lambda('x', add(lambdaVariables('x'), 1)))", [2, 3]),
        ("map(createArray('a', 'b'), lambda('x', 'i', lambdaVariables('i')))", [0, 1]),
        ("filter(createArray(1, 5), lambda('x', greater(lambdaVariables('x'), 3)))", [5]),
        (
            "reduce(range(1, 3), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))",
            6,
        ),
        (
            "sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))",
            [1, 2, 3],
        ),
        ("toObject(createArray('a'), lambda('x', lambdaVariables('x')), lambda('x', 1))", {"a": 1}),
        ("mapValues(createObject('a', 1), lambda('x', add(lambdaVariables('x'), 1)))", {"a": 2}),
        (
            "groupBy(createArray('ab', 'ac', 'b'), lambda('x', first(lambdaVariables('x'))))",
            {"a": ["ab", "ac"], "b": ["b"]},
        ),
        (
            "resourceId('sub', 'rg', 'A.B/c/d', 'x', 'y')",
            "/subscriptions/sub/resourceGroups/rg/providers/A.B/c/x/d/y",
        ),
        ("subscriptionResourceId('sub', 'A.B/c', 'x')", "/subscriptions/sub/providers/A.B/c/x"),
        ("tenantResourceId('A.B/c', 'x')", "/providers/A.B/c/x"),
        ("extensionResourceId('/s/x', 'A.B/c', 'y')", "/s/x/providers/A.B/c/y"),
        (
            "managementGroupResourceId('mg', 'A.B/c', 'x')",
            "/providers/Microsoft.Management/managementGroups/mg/providers/A.B/c/x",
        ),
    ],
)
def test_of_known_values(expression: str, expected: Any) -> None:
    assert value(expression) == expected
    assert type(value(expression)) is type(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "equals(parameters('u'), 'a')",
        "and(true(), equals(parameters('u'), 'a'))",
        "length(parameters('u'))",
        "substring('a', 3, 1)",
        "less('a', 'b')",
        "int('x')",
        "json('{')",
        "div(1, 0)",
        "format('{0', 'a')",
        "parameters('o').missing",
        "createArray(1)[1]",
        "createArray(1)[-1]",
        "nosuchfunction(1)",
        "parameters('nosuch')",
        "variables('nosuch')",
        "copyIndex()",
        "if(true())",
        "lambdaVariables('x')",
        "map(createArray(1), 'x')",
        "resourceId('A.B/c')",
        "resourceId('A.B/c', 'x', 'y')",
        "uniqueString('a')",
        "guid('a')",
        "newGuid()",
        "utcNow('u')",
        "environment().suffixes.storage",
        "tenant().tenantId",
        "deployment().name",
        "subscription().displayName",
        "resourceGroup().tags.env",
        "reference('x').y.z",
        "listKeys('x', '2020').keys[0]",
        "fail('x')",
        "range(0, 1000000)",
        "padLeft('a', 99999999, ' ')",
        "mul(9223372036854775807, 2)",
    ],
)
def test_what_cannot_be_told_is_unresolved_with_a_reason(expression: str) -> None:
    found = value(expression)
    assert isinstance(found, Unresolved)
    assert found.expression
    assert found.reason
    assert value(expression) == found


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("parameters('U')", "parameters('u')"),
        ("TOLOWER(parameters('u'))", "toLower(parameters('u'))"),
        ("coalesce(parameters('u'), 'x')", "coalesce(parameters('u'), 'x')"),
        ("and(true(), bool(parameters('u')))", "bool(parameters('u'))"),
        (
            "reference(resourceId('A.B/c', parameters('u'))).x",
            "reference(resourceId('A.B/c', parameters('u'))).x",
        ),
        ("uniqueString(resourceGroup().id)", "uniqueString(resourceGroup().id)"),
        (
            "guid(subscription().id, concat('a', parameters('u')))",
            "guid(subscription().id, concat('a', parameters('u')))",
        ),
        (
            "map(parameters('u'), lambda('x', lambdaVariables('x').y))",
            "map(parameters('u'), lambda('x', lambdaVariables('x').y))",
        ),
        (
            "filter(parameters('u'), lambda('x', equals(lambdaVariables('x'), parameters('s'))))",
            "filter(parameters('u'), lambda('x', equals(lambdaVariables('x'), 'text')))",
        ),
    ],
)
def test_canonical_text(expression: str, text: str) -> None:
    assert value(expression).expression == text


def test_logic_is_decided_by_what_is_known() -> None:
    assert value("and(bool(parameters('u')), false())") is False
    assert value("or(bool(parameters('u')), true())") is True
    assert value("if(bool(parameters('u')), 'same', 'same')") == "same"
    assert value("contains(createArray(parameters('u'), 'a'), 'a')") is True
    assert value("empty(concat('a', parameters('u')))") is False
    assert value("startsWith(concat('https://', parameters('u')), 'HTTP://')") is False
    assert value("endsWith(concat(parameters('u'), '.net'), '.NET')") is True
    assert value("equals(concat('a', parameters('u')), 'b')") is False
    assert value("equals(parameters('u'), parameters('u'))") is True


def test_a_partly_known_text_keeps_its_known_pieces() -> None:
    assert value("concat('a', parameters('u'), 'b', 'c')") == Partial(("a", U, "bc"))
    assert value("format('{0}-x', parameters('u'))") == Partial((U, "-x"))
    lower = Unresolved("toLower(parameters('u'))", U.reason)
    assert value("toLower(concat('A', parameters('u')))") == Partial(("a", lower))
    assert value("take(concat('abc', parameters('u')), 2)") == "ab"
    assert value("replace('<a>{x}</a>', '{x}', parameters('u'))") == Partial(("<a>", U, "</a>"))
    twice = value("replace(concat('<a>{y}', parameters('u'), '</a>'), '{y}', 'Y')")
    assert str(twice) == "<a>Y[replace(parameters('u'), '{y}', 'Y')]</a>"
    # The unknown piece may complete what the known one begins.
    assert isinstance(value("replace(concat('<a>{', parameters('u')), '{y}', 'Y')"), Unresolved)


def test_the_end_of_an_id_is_known_where_its_beginning_is_not() -> None:
    assert str(value("resourceId('A.B/c', 'x')")) == f"{HERE}/providers/A.B/c/x"
    assert value("resourceId('A.B/c', 'x')") == value("concat(resourceGroup().id, '/providers/A.B/c/x')")
    assert value("last(split(resourceId('A.B/c', 'x'), '/'))") == "x"
    assert value("split(resourceId('A.B/c', 'x'), '/')[4]").expression == "resourceGroup().name"
    assert str(value("resourceId(parameters('u'), 'A.B/c', 'x')")).endswith(
        "/resourceGroups/[parameters('u')]/providers/A.B/c/x"
    )
    assert isinstance(value("split(parameters('u'), '/')[2]"), Unresolved)


def test_objects_merge_deeply_and_lists_do_not() -> None:
    left = {"a": {"x": 1, "l": [1]}, "b": 1}
    right = {"A": {"y": 2, "l": [2]}, "c": 3}
    merged = value("union(variables('left'), variables('right'))", left=left, right=right)
    assert merged == {"a": {"x": 1, "l": [2], "y": 2}, "b": 1, "c": 3}


def test_what_a_later_unknown_object_may_override_is_not_known() -> None:
    before = value("union(createObject('a', 1), parameters('u'))")
    assert isinstance(before, PartialObject)
    assert isinstance(before["a"], Unresolved)
    after = value("union(parameters('u'), createObject('a', 1))")
    assert isinstance(after, PartialObject)
    assert after == {"a": 1}
    assert value("union(parameters('u'), createObject('a', 1)).A") == 1
    assert isinstance(value("union(parameters('u'), createObject('a', 1)).b"), Unresolved)
    nested = value("union(parameters('u'), createObject('a', createObject('b', 1)))")
    assert isinstance(nested["a"], PartialObject)
    assert nested["a"] == {"b": 1}


def test_a_conditional_object_overrides_only_what_it_can_hold() -> None:
    choice = "if(bool(parameters('u')), createObject('b', 2), createObject())"
    merged = value(f"union(createObject('a', 1), {choice})")
    assert isinstance(merged, PartialObject)
    assert merged == {"a": 1}
    both = value("if(bool(parameters('u')), createObject('a', 1, 'b', 1), createObject('a', 1, 'b', 2))")
    assert both["a"] == 1
    assert both["b"].expression == "if(bool(parameters('u')), 1, 2)"
    assert not isinstance(both, PartialObject)


def test_lists_keep_their_known_elements() -> None:
    joined = value("concat(createArray('a'), parameters('u'))")
    assert isinstance(joined, PartialList)
    assert joined == ["a"]
    assert isinstance(value("concat(parameters('u'), createArray('a'))[0]"), Unresolved)
    assert isinstance(value("length(concat(parameters('u'), createArray('a')))"), Unresolved)
    assert value("empty(concat(parameters('u'), createArray('a')))") is False
    kept = value("filter(createArray('a', parameters('u')), lambda('x', equals(lambdaVariables('x'), 'a')))")
    assert isinstance(kept, PartialList)
    assert kept == ["a"]


def test_an_object_with_an_unknown_key_is_partly_known() -> None:
    made = value("createObject(parameters('u'), 1, 'b', 2)")
    assert isinstance(made, PartialObject)
    assert made == {"[parameters('u')]": 1, "b": 2}


def test_a_lambda_takes_what_is_around_it_into_its_text() -> None:
    one = value("map(parameters('u'), lambda('x', variables('w')))", w="1")
    other = value("map(parameters('u'), lambda('x', variables('w')))", w="2")
    assert one != other


def test_long_texts_are_shortened_and_stay_apart() -> None:
    long = "a" * 5000
    one = value(f"base64(concat('{long}', parameters('u')))")
    other = value(f"base64(concat('{long}b', parameters('u')))")
    assert len(one.expression) <= 300
    assert one != other
