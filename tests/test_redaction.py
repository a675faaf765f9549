"""Secrets are gone once data is in: every listed position, every known format, and nothing else changed."""

from __future__ import annotations

import json
import pickle
import traceback
from random import Random

import pytest

from auditor.model.values import Json, Partial, PartialList, PartialObject, Redacted, Sealed, Unresolved
from auditor.redaction import KNOWN_FORMATS, LISTED_FIELDS, Redactor
from auditor.redaction.scan import replaced, spans
from tests.redacting import CANARY, at, examples, planted, shown

NAMED_VALUES = "Microsoft.ApiManagement/service/namedValues"
BACKENDS = "Microsoft.ApiManagement/service/backends"
POLICIES = "Microsoft.ApiManagement/service/apis/policies"


def backend(parameter: Json) -> Json:
    body = {"properties": {"credentials": {"authorization": {"scheme": "Basic", "parameter": parameter}}}}
    return Redactor().resource(BACKENDS, body)["properties"]["credentials"]["authorization"]["parameter"]


def named_value(**properties: Json) -> Json:
    body = {"name": "contoso/nv", "properties": {"displayName": "nv", **properties}}
    return Redactor().resource(NAMED_VALUES, body)["properties"]["value"]


@pytest.mark.parametrize(("type_", "pointer"), LISTED_FIELDS)
def test_listed_position_is_replaced(type_: str, pointer: str) -> None:
    redactor = Redactor()
    bodies = [
        planted(pointer, CANARY),
        planted(pointer.upper(), CANARY),
        {"value": [planted(pointer, CANARY)]},
    ]
    flat = pointer.removeprefix("/properties")
    if flat.count("/") > 1 or "*" not in flat:
        bodies.append(planted(flat, CANARY))
    for body in bodies:
        for spelling in (type_, type_.lower(), type_.upper()):
            assert CANARY not in shown(redactor.resource(spelling, body))
    result = at(redactor.resource(type_, bodies[0]), pointer)
    if result == "(account 1)":  # an id, in which the account is numbered
        return
    assert isinstance(result, Redacted)
    assert (result.empty, result.placeholder, result.reference) == (False, False, None)


@pytest.mark.parametrize(("type_", "pointer"), LISTED_FIELDS)
@pytest.mark.parametrize(
    "value",
    [
        [CANARY, {"deep": [CANARY]}],
        {"a": CANARY, "b": {"c": [CANARY]}},
        Unresolved(f"if(parameters('prod'), '{CANARY}', 'x')"),
        Partial((CANARY, Unresolved("parameters('x')"))),
        Partial(("ab", Unresolved(f"concat('{CANARY}', parameters('x'))"))),
        PartialObject({"a": CANARY}, Unresolved(f"createObject('b', '{CANARY}')")),
        PartialList([CANARY], Unresolved(f"createArray('{CANARY}')")),
    ],
)
def test_listed_position_of_any_shape_is_replaced(type_: str, pointer: str, value: Json) -> None:
    assert CANARY not in shown(Redactor().resource(type_, planted(pointer, value)))


@pytest.mark.parametrize(("type_", "pointer"), LISTED_FIELDS)
def test_literals_of_an_expression_above_a_listed_position_are_replaced(type_: str, pointer: str) -> None:
    body = {"name": "x", "properties": Unresolved(f"createObject('value', '{CANARY}')")}
    assert CANARY not in shown(Redactor().resource(type_, body))


def test_nested_children_are_read_by_their_own_type() -> None:
    child = {"type": "backends", "name": "b", "properties": {"proxy": {"password": CANARY}}}
    grandchild = {"type": "policies", "name": "policy", "properties": {"value": CANARY}}
    body = {"name": "s", "resources": [child, {"type": "apis", "name": "a", "resources": [grandchild]}]}
    assert CANARY not in shown(Redactor().resource("Microsoft.ApiManagement/service", body))
    symbolic = {"resources": {"nv": {"type": NAMED_VALUES, "properties": {"secret": True, "value": CANARY}}}}
    assert CANARY not in shown(Redactor().resource("Microsoft.ApiManagement/service", symbolic))


@pytest.mark.parametrize("name", ["adminPassword", "client_secret", "primary-key", "ConnectionString"])
def test_names_that_mean_a_secret_do_so_in_any_resource(name: str) -> None:
    body = {"properties": {"deep": [{name: CANARY}]}}
    assert CANARY not in shown(Redactor().resource("Contoso.Unknown/things", body))


def test_every_format_has_an_example_that_is_found() -> None:
    for name, example in examples(200):
        assert spans(example), name


@pytest.mark.parametrize(("name", "example"), examples(2), ids=lambda _: "")
def test_known_format_is_cut_out_of_long_text(name: str, example: str) -> None:
    for text in (f"See {example} for details.", f"{'word ' * 500}'{example}' {'word ' * 500}"):
        result = Redactor().text(text)
        secret = example[spans(example)[0].start : spans(example)[0].end]
        assert secret not in result
        assert f"(redacted {name})" in result or "(redacted " in result
        assert result.startswith(text[:4])
        assert Redactor().text(result) == result


@pytest.mark.parametrize(("name", "example"), examples(1), ids=lambda _: "")
def test_known_format_is_found_everywhere_in_a_tree(name: str, example: str) -> None:
    secret = example[spans(example)[0].start : spans(example)[0].end]
    body = {
        "name": f"contoso/{example}",
        example: 1,
        "properties": {
            "displayName": example,
            "description": f"call it with {example}",
            f"see {example}": True,
            "list": [[example]],
            "unknown": Unresolved(f"if(parameters('x'), '{example}', '')", f"no value for {example}"),
            "partial": Partial((f"{example} and ", Unresolved("parameters('y')"))),
            "object": PartialObject({"a": example}, Unresolved(f"union(json('{example}'))")),
            "more": PartialList([example], Unresolved(f"split('{example}')")),
        },
    }
    result = Redactor().resource("Microsoft.ApiManagement/service/apis", body)
    assert secret not in shown(result)
    assert isinstance(result["name"], str)
    assert isinstance(result["properties"]["object"], PartialObject)
    assert isinstance(result["properties"]["more"], PartialList)


def test_whole_value_becomes_redacted_and_a_url_stays_a_text() -> None:
    made = dict(KNOWN_FORMATS)
    random = Random(1)
    body = {"properties": {"a": made["jwt"](random), "b": made["url credentials"](random)}}
    result = Redactor().resource("x", body)["properties"]
    assert result["a"].known_format
    assert result["a"].kind == "jwt"
    assert result["b"] == "https://(redacted url credentials)@host.example.com/"


@pytest.mark.parametrize(
    "text",
    [
        "11111111-2222-3333-4444-555555555555",
        "0123456789ABCDEF0123456789ABCDEF01234567",
        (
            "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.ApiManagement"
            "/service/contoso/namedValues/password"
        ),
        "https://contoso.vault.azure.net/secrets/name/0123456789abcdef0123456789abcdef",
        "CN=contoso.com, O=Contoso Ltd, L=Redmond, S=Washington, C=US",
        "https://contoso.azure-api.net/echo?api-version=2024-05-01&top=10#code=short",
        "W/\"datetime'2024-05-01T00%3A00%3A00.0000000Z'\"",
        "Basic authentication with user name and password",
        "Bearer authentication is required; the bearer token is in the header",
        "sk-words-joined-by-dashes-are-no-key-at-all",
        "Password={{sql-password}};Encrypt=True",
        "https://contoso.example.com/f?code={{function-key}}&subscription-key=<your-key>",
        "someone@example.com, https://example.com/@handle",
        "Ocp-Apim-Subscription-Key",
        "AccountKey=" + "0" * 88,
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    body = {"name": text, text: [text], "properties": {"description": text, "why": Unresolved(text)}}
    assert Redactor().text(text) == text
    assert Redactor().resource("Microsoft.ApiManagement/service/apis", body) is body


def test_unchanged_parts_are_shared() -> None:
    kept = {"tls": {"validateCertificateChain": True}}
    body = {"properties": {"kept": kept, "credentials": {"query": {"a": [CANARY]}}}}
    result = Redactor().resource(BACKENDS, body)
    assert result["properties"]["kept"] is kept
    assert body["properties"]["credentials"] == {"query": {"a": [CANARY]}}


# Named values.


@pytest.mark.parametrize("secret", [True, "true", "True", Unresolved("parameters('s')"), 1])
def test_secret_named_value_is_replaced(secret: Json) -> None:
    assert named_value(secret=secret, value="plain words").kind == "named value"


@pytest.mark.parametrize("secret", [False, "False", None])
def test_plain_named_value_stays(secret: Json) -> None:
    assert named_value(secret=secret, value="plain words") == "plain words"


def test_named_value_whose_flag_is_not_known_is_replaced() -> None:
    properties = PartialObject({"displayName": "x", "value": CANARY}, Unresolved("parameters('more')"))
    assert CANARY not in shown(Redactor().resource(NAMED_VALUES, {"properties": properties}))
    assert CANARY not in shown(Redactor().resource(NAMED_VALUES, {"value": CANARY}))


@pytest.mark.parametrize(("name", "example"), examples(1), ids=lambda _: "")
def test_plain_named_value_of_a_known_format_is_replaced_and_says_so(name: str, example: str) -> None:
    for value in (example, f"prefix {example} suffix"):
        result = named_value(secret=False, value=value)
        assert isinstance(result, Redacted)
        assert result.known_format


def test_plain_named_value_under_a_suspicious_name() -> None:
    result = named_value(secret=False, displayName="db-Password", value=CANARY)
    assert isinstance(result, Redacted)
    assert not result.known_format
    for name, value in (
        ("token-audience", "api://0a1b2c3d"),
        ("secretName", "kv-name-2024x"),
        ("api-key-header", "X-Api-Key"),
        ("token-endpoint", CANARY),
        ("backend-host", CANARY),
        ("token", "https://login.example.com/t1"),
    ):
        assert named_value(secret=False, displayName=name, value=value) == value


def test_legacy_type_and_current_type_get_the_same_class() -> None:
    redactor = Redactor()
    body = {"properties": {"displayName": "x", "secret": True, "value": CANARY}}
    first = redactor.resource(NAMED_VALUES, body)["properties"]["value"]
    second = redactor.resource("microsoft.apimanagement/service/properties", body)["properties"]["value"]
    assert first == second
    assert first.group == 1


# What a Redacted says.


@pytest.mark.parametrize(
    ("length", "band"), [(1, "1-8"), (8, "1-8"), (9, "9-32"), (32, "9-32"), (33, "33-128"), (129, "over 128")]
)
def test_length_is_told_as_a_band(length: int, band: str) -> None:
    assert backend(("q7" * length)[:length]).length == band


def test_equal_secrets_share_a_class_in_order_of_appearance() -> None:
    body = {"properties": {"credentials": {"query": {"a": ["one-1", "two-2"], "b": ["one-1", "three-3"]}}}}
    query = Redactor().resource(BACKENDS, body)["properties"]["credentials"]["query"]
    assert [each.group for each in query["a"] + query["b"]] == [1, 2, 1, 3]


@pytest.mark.parametrize("value", ["", "   "])
def test_empty(value: str) -> None:
    assert backend(value) == Redacted("authorization parameter", empty=True)


@pytest.mark.parametrize(
    "mask",
    [
        "*** MASKED ***",
        "{PASSWORD}",
        "<your key>",
        "xxxx",
        "0000",
        "*" * 300,
        "0" * 300,
        "REDACTED",
        "[PLACEHOLDER]",
        "00000000-0000-0000-0000-000000000000",
        "(sensitive value)",
        "#{Token}#",
        "your-key-here",
        "__TOKEN__",
    ],
)
def test_masks_are_no_secrets(mask: str) -> None:
    result = backend(mask)
    assert result.placeholder
    assert result.group == 0


@pytest.mark.parametrize(
    "literal", ["changeme", "Passw0rd", "letmein", "xoxo", "0001", "<a><b/></a>", CANARY]
)
def test_weak_literals_are_secrets(literal: str) -> None:
    assert not backend(literal).placeholder


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("{{name}}", "name"),
        ("Bearer {{my-token}}", "my-token"),
        ("Basic {{x.y}}", "x.y"),
        (" {{a}} ", "a"),
        ("{{user}}:{{pass}}", "user"),
        (f"{{{{a}}}}{CANARY}", None),
        (f"Basic {CANARY}", None),
        ("{{}}", None),
    ],
)
def test_references_to_named_values(value: str, name: str | None) -> None:
    assert backend(value).reference == name


def test_null_booleans_and_numbers() -> None:
    assert backend(None) is None
    assert backend(True) is True
    assert backend(123456789).length == "9-32"
    assert backend(backend(CANARY)) == backend(CANARY)


# Expressions.


def test_unknown_value_stays_unknown() -> None:
    value = Unresolved("parameters('backendKey')", "parameter 'backendKey' has no value")
    assert backend(value) == value
    assert backend(Partial(("Bearer ", value))) == value
    connection = Partial(("DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=", value))
    assert backend(connection) == value
    assert isinstance(backend(Partial((CANARY, value))), Redacted)


@pytest.mark.parametrize(
    "expression",
    [
        "listKeys(resourceId('Microsoft.Storage/storageAccounts', 'contoso'), '2023-01-01').keys[0].value",
        "reference(concat('Microsoft.Insights/components/', variables('insightsName'))).InstrumentationKey",
        "variables('settings')['primaryMember']",
        "format('{0}:{1}', parameters('user'), parameters('password'))",
    ],
)
def test_names_in_expressions_stay(expression: str) -> None:
    assert backend(Unresolved(expression)).expression == expression


def test_different_literals_leave_different_expressions() -> None:
    body = [
        {"properties": {"proxy": {"password": Unresolved(f"if(a(), '{x}', '')")}}}
        for x in ("first1", "other2")
    ]
    one, two = (each["properties"]["proxy"]["password"] for each in Redactor().resource(BACKENDS, body))
    assert one != two


def test_expression_keeps_what_is_no_secret() -> None:
    redactor = Redactor()
    value = Unresolved("concat('hello world', parameters('x'))")
    assert redactor.expression(value) is value
    made = dict(KNOWN_FORMATS)["jwt"](Random(2))
    assert made not in str(redactor.expression(Partial((made, value))))


# Nothing shows a secret, nothing raises, nothing takes long.


def test_the_redactor_shows_nothing_and_cannot_be_stored() -> None:
    redactor = Redactor()
    redactor.resource(BACKENDS, planted("/properties/proxy/password", CANARY))
    assert repr(redactor) == "<Redactor: 1 secrets replaced>"
    with pytest.raises(TypeError) as caught:
        pickle.dumps(redactor)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_deep_trees_do_not_raise() -> None:
    body: Json = CANARY
    for _ in range(5000):
        body = [{"a": body}]
    result = Redactor().resource(BACKENDS, {"properties": {"credentials": {"header": {"x": body}}}})
    leaf = result["properties"]["credentials"]["header"]["x"]
    while isinstance(leaf, list | dict):
        leaf = leaf[0] if isinstance(leaf, list) else leaf["a"]
    assert isinstance(leaf, Redacted)


def test_a_policy_goes_whole() -> None:
    text = f"<policies><inbound><set-header>{CANARY}</set-header></inbound></policies>"
    for name in ("value", "policyContent"):
        result = Redactor().resource(POLICIES, {"properties": {name: text, "format": "xml"}})["properties"]
        assert result == {name: Sealed("policy document", length="33-128", group=1), "format": "xml"}
        assert CANARY not in repr(result)
        assert CANARY not in str(result[name])
    kept = Unresolved("variables('$fxv#0')")
    assert Redactor().resource(POLICIES, {"properties": {"value": kept}})["properties"]["value"] == kept


def test_results_can_be_written_as_text() -> None:
    body = planted("/properties/credentials/header/*/[]", CANARY)
    assert CANARY not in json.dumps(Redactor().resource(BACKENDS, body), default=str)


def test_accounts_are_numbered_alike_wherever_they_are_named() -> None:
    redactor = Redactor()
    service = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"
    assert redactor.resource_id(f"{service}/users/jane.doe@contoso.example") == f"{service}/users/(account 1)"
    assert redactor.resource_id(f"{service}/groups/developers/users/JANE.doe@contoso.example") == (
        f"{service}/groups/developers/users/(account 1)"
    )
    for owner, shown_as in (
        (f"{service}/users/jane.doe@contoso.example", f"{service}/users/(account 1)"),
        ("/users/john", "/users/(account 2)"),
        ("john", "(account 2)"),
        ("/users/1", "/users/1"),
        ("/users/5e1e7596f3df140067070001", "/users/5e1e7596f3df140067070001"),
        ("/users/(account 2)", "/users/(account 2)"),
    ):
        body = {"properties": {"ownerId": owner}}
        found = redactor.resource("Microsoft.ApiManagement/service/subscriptions", body)
        assert found["properties"]["ownerId"] == shown_as
    for kept in (f"{service}/apis/users/operations/list", f"{service}/groups/users", "/x/users/jane"):
        assert redactor.resource_id(kept) == kept


def test_a_chosen_value_under_a_name_for_credentials_is_not_shown() -> None:
    for name, value in (("db-password", "aaaa"), ("client-secret", "welcome"), ("api-key", "orders")):
        result = named_value(secret=False, displayName=name, value=value)
        assert isinstance(result, Redacted)
        assert not result.known_format
    for name, value in (
        ("password-policy", "strict"),
        ("api-key", "true"),
        ("api-key", " "),
        ("token", "{{other}}"),
    ):
        assert named_value(secret=False, displayName=name, value=value) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<proxy password="n0t-a-r3al"/>', '<proxy password="(redacted password)"/>'),
        ("<proxy password='n0t-a-r3al'/>", "<proxy password='(redacted password)'/>"),
        ('password="@((string)context.Variables["x"])"', None),
        ('password="{{name}}"', None),
        ('@{ var password = context.Variables["x"]; }', None),
        ("@{ var password = Get(); }", None),
        ("Server=x;Password=n0t-a-r3al;Encrypt=True", "Server=x;Password=(redacted password);Encrypt=True"),
        ("Bearer authorization_uri=https://login.contoso.example", None),
    ],
)
def test_a_policy_stays_a_policy(text: str, expected: str | None) -> None:
    """Quotes of attributes stay, and code is no literal."""
    assert replaced(text, code=True) == (text if expected is None else expected)
