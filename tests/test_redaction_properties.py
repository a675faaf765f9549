"""Whatever the tree: secrets are gone, nothing else changed, and it takes linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.values import Json, Partial, Redacted, Unresolved, walk
from auditor.redaction import LISTED_FIELDS, Redactor
from auditor.redaction.expressions import scrubbed
from auditor.redaction.formats import FORMATS
from auditor.redaction.literals import is_mask, is_suspicious, looks_random
from auditor.redaction.scan import spans, suspects
from tests.redacting import CANARY, examples, shown

BACKENDS = "Microsoft.ApiManagement/service/backends"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([example for _, example in examples(2)])
    | st.builds(lambda text: f"{text}{CANARY}", st.text(max_size=3))
    | st.builds(Unresolved, st.text())
    | st.builds(
        lambda text, expression: Partial((text, Unresolved(expression))), st.text(min_size=1), st.text()
    )
)
KEYS = st.text(max_size=20) | st.sampled_from(
    ["properties", "value", "credentials", "header", "secret", "displayName", "password", "resources", "type"]
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)
ORDINARY = st.recursive(
    st.text("abc XYZ/-.,:0", max_size=60), lambda x: st.lists(x) | st.dictionaries(st.text("abc"), x)
)
TYPES = st.sampled_from(sorted({type_ for type_, _ in LISTED_FIELDS})) | st.text()


@given(TYPES, TREES)
@settings(deadline=None)
def test_any_tree_is_redacted_once_and_for_all(type_: str, tree: Json) -> None:
    once = Redactor().resource(type_, tree)
    assert Redactor().resource(type_, once) == once
    for _, secret in examples(2):
        assert secret not in shown(once)


@given(TREES)
@settings(deadline=None)
def test_no_leaf_at_a_credential_position_survives(tree: Json) -> None:
    result = Redactor().resource(BACKENDS, {"properties": {"credentials": {"header": {"x": tree}}}})
    for _, each in walk(result["properties"]["credentials"]["header"]["x"]):
        assert each is None or isinstance(each, bool | Redacted | Unresolved | dict | list)


@given(ORDINARY)
@settings(deadline=None)
def test_ordinary_text_is_unchanged(tree: Json) -> None:
    assert (
        Redactor().resource("Microsoft.ApiManagement/service/tags", {"properties": tree})["properties"]
        is tree
    )


@given(st.text(), st.sampled_from(examples(3)), st.text())
def test_the_quick_look_misses_nothing(before: str, example: tuple[str, str], after: str) -> None:
    text = f"{before} {example[1]} {after}"
    assert suspects(["nothing to see here", text, "nor here, really"]) == {text}
    found = [
        match
        for each in FORMATS
        for match in each.pattern.finditer(text)
        if each.accept(match["secret" if "secret" in each.pattern.groupindex else 0])
    ]
    assert bool(found) == bool(spans(text))


@pytest.mark.parametrize(
    "unit",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "eyJ",
        "eyJaaaaaaaaa.",
        "%2FeyJ",
        "Password=",
        "password=a",
        "Basic a",
        "://a:b",
        "&key=",
        "https://@",
        '"password":"',
        "JQQJ99aaaaaa",
        "AzFu",
        "sig=",
        "('",
        '\\"',
        "x.y",
        "{{ ",
        "a(",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit)) + " == @ ghp_ eyJ ://"
    start = time.perf_counter()
    Redactor().text(text)
    is_mask(text)
    is_suspicious(text)
    looks_random(text)
    scrubbed("(" * 50_000 + text, lambda _: "(redacted literal)")
    assert time.perf_counter() - start < 5  # a quadratic pattern takes minutes here
