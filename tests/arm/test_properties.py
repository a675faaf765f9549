"""Laws that hold whatever the values are."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.arm import expand
from auditor.arm.syntax import quote
from auditor.model.values import Partial, PartialList, PartialObject, Unresolved, join

TRUTH = st.sampled_from(["true", "false", "unknown"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | TEXTS.filter(lambda text: not text.startswith("[")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            TEXTS.filter(lambda key: not key.startswith("[") and key != "copy"), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def evaluate(expression: str, parameters: dict[str, Any] | None = None, **values: Any) -> Any:
    declared: dict[str, Any] = {name: {"type": "string"} for name in (*(parameters or {}), "u", "w")}
    template = {
        "contentVersion": "1.0.0.0",
        "parameters": declared,
        "variables": values,
        "resources": [{"type": "A.B/c", "name": "r", "tags": {"v": f"[{expression}]"}}],
    }
    given_values = {name: {"value": item} for name, item in (parameters or {}).items()}
    return expand(template, given_values).resources[0].body["tags"]["v"]


def operand(truth: str, name: str = "u") -> str:
    return f"bool(parameters('{name}'))" if truth == "unknown" else f"{truth}()"


def as_truth(value: Any) -> str:
    return "unknown" if isinstance(value, Unresolved) else str(value).lower()


@settings(deadline=None)
@given(TRUTH, TRUTH)
def test_and_or_not_if_follow_three_valued_logic(left: str, right: str) -> None:
    a, b = operand(left), operand(right, "w")
    ands = "false" if "false" in (left, right) else "unknown" if "unknown" in (left, right) else "true"
    ors = "true" if "true" in (left, right) else "unknown" if "unknown" in (left, right) else "false"
    assert as_truth(evaluate(f"and({a}, {b})")) == ands
    assert as_truth(evaluate(f"or({a}, {b})")) == ors
    assert as_truth(evaluate(f"not({a})")) == {"true": "false", "false": "true"}.get(left, "unknown")
    chosen = evaluate(f"if({a}, 'yes', 'no')")
    assert chosen == {"true": "yes", "false": "no"}.get(left, chosen)
    assert isinstance(chosen, Unresolved) == (left == "unknown")
    assert evaluate(f"if({a}, 'same', 'same')") == "same"


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.data())
def test_a_parameter_with_a_value_is_as_good_as_the_value(texts: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    literals = ", ".join(quote(text) for text in texts)
    mixed = ", ".join(f"parameters('p{i}')" if hide else quote(texts[i]) for i, hide in enumerate(chosen))
    values = {f"p{i}": text for i, text in enumerate(texts)}
    for name in ("concat", "createArray", "uniqueString", "resourceId"):
        assert evaluate(f"{name}({literals})") == evaluate(f"{name}({mixed})", values)


@settings(deadline=None)
@given(JSON)
def test_plain_json_is_what_it_was(value: Any) -> None:
    template = {"contentVersion": "1", "resources": [{"type": "A.B/c", "name": "r", "properties": value}]}
    assert expand(template).resources[0].body["properties"] == value
    assert evaluate("parameters('p')", {"p": value}) == value or value is None
    assert evaluate("variables('v')", v=value) == value


@settings(deadline=None)
@given(st.lists(TEXTS | st.sampled_from(["U", "W"]), max_size=6))
def test_concat_is_join(pieces: list[str]) -> None:
    unknown = {
        name.upper(): Unresolved(f"parameters('{name}')", f"parameter '{name}' has no value") for name in "uw"
    }
    written = [unknown[piece].expression if piece in unknown else quote(piece) for piece in pieces]
    expected = join(unknown.get(piece, piece) for piece in pieces)
    assert evaluate(f"concat('', {', '.join(written)})" if written else "concat('')") == expected


@settings(deadline=None)
@given(JSON, JSON)
def test_an_unknown_operand_never_leaves_a_wrong_member(left: Any, right: Any) -> None:
    """Whatever the unknown object turns out to be, what was said to be known of the union holds."""
    if not isinstance(left, dict) or not isinstance(right, dict):
        return
    for expression in ("union(variables('l'), parameters('u'))", "union(parameters('u'), variables('l'))"):
        guess = evaluate(expression, l=left)
        truth = evaluate(expression.replace("parameters('u')", "variables('r')"), l=left, r=right)
        agrees(guess, truth)


def agrees(guess: Any, truth: Any) -> None:
    if isinstance(guess, Unresolved | Partial):
        return
    if isinstance(guess, PartialObject):
        for key, item in guess.items():
            assert key.casefold() in {name.casefold() for name in truth}
            agrees(item, next(truth[name] for name in truth if name.casefold() == key.casefold()))
    elif isinstance(guess, PartialList):
        assert len(guess) <= len(truth)
    elif isinstance(guess, dict):
        assert guess.keys() == truth.keys()
        for key, item in guess.items():
            agrees(item, truth[key])
    else:
        assert guess == truth


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="abcu('),.[]0?{}-/\" \n", max_size=40), JSON)
def test_no_template_raises(text: str, value: Any) -> None:
    template = {
        "$schema": "deploymentTemplate.json",
        "parameters": {"u": {"type": "string"}, "p": {"defaultValue": value}, "q": value},
        "variables": {"v": f"[{text}]", "w": value},
        "resources": [
            {
                "type": "A.B/c",
                "name": f"[{text}]",
                "properties": {f"[{text}]": "[variables('v')]", "w": value},
            },
            {
                "type": "A.B/c",
                "name": value,
                "copy": value,
                "condition": value,
                "resources": value,
                "tags": value,
            },
            value,
        ],
    }
    expand(template)
    expand({"resources": value, "parameters": value, "variables": value, "functions": value})
    expand(value)
