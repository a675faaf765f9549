"""JSON as people have it, and where things stand in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import UnreadableError
from auditor.model.values import escape, walk
from auditor.sources import jsontext
from auditor.sources.jsontext import JsonDocument, Place, decode

KEYS = st.text(max_size=8)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1} // done', {"a": 1}),
        ('/* by hand */ {"a": /* one */ 1}', {"a": 1}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ('{"a": [1, // last\n ]}', {"a": [1]}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        (
            '{"url": "https://x//y", "b": "/* no comment */",}',
            {"url": "https://x//y", "b": "/* no comment */"},
        ),
        ('{\r\n\t"a":\t1\r\n}', {"a": 1}),
    ],
)
def test_what_people_write_is_read(text: str, value: object) -> None:
    assert JsonDocument("x.json", text).value == value


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": [url here]}', 1, 8),
        ('{\n "a": 1\n "b": 2\n}', 3, 2),
        ('{"a": 1', 1, 8),
        ("[", 1, 2),
        ("nope", 1, 1),
    ],
)
def test_what_is_no_json_is_said_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(UnreadableError) as raised:
        JsonDocument("x.json", text)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert str(raised.value).startswith(f"x.json:{line}:{column}: not valid JSON")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "[" + "9" * 5000 + "]", '["' + "/*" * 50_000]
)
def test_hostile_texts_end_in_a_sentence(text: str) -> None:
    with pytest.raises(UnreadableError):
        JsonDocument("x.json", text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        JsonDocument("x.json", text)
    except UnreadableError:
        return


@given(TREES, st.sampled_from([None, 1, "\t"]))
def test_every_pointer_leads_to_its_value(tree: object, indent: str | int | None) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    document = JsonDocument("x.json", text)
    lines = text.split("\n")
    for pointer, value in walk(tree):
        if any(len({str(k).casefold() for k in v}) < len(v) for _, v in walk(tree) if isinstance(v, dict)):
            return
        place = document.locate(pointer)
        assert place is not None
        rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        assert json.JSONDecoder().raw_decode(rest)[0] == value


def test_places_are_found_however_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"a": {"b": [number, {"c": number}]}} for number in range(9)]
    text = json.dumps({"resources": rows}, indent=1)
    pointers = [f"/resources/{number}/a/b/1/c" for number in (0, 8, 3, 0, 8)]
    document = JsonDocument("x.json", text)
    usual = [document.locate(pointer) for pointer in pointers]
    monkeypatch.setattr(jsontext, "_MOST_TABLES", 2)
    document = JsonDocument("x.json", text)
    assert [document.locate(pointer) for pointer in pointers] == usual
    assert len(set(usual)) == 3
    assert len(document._deeper) <= 2


def test_a_pointer_that_is_not_there_leads_to_the_nearest_ancestor() -> None:
    document = JsonDocument("x.json", '{\n "properties": {\n  "sku": "[parameters(\'sku\')]"\n }\n}')
    assert document.locate("/properties/sku/name") == Place(3, 10)
    assert document.locate("/properties/other") == Place(2, 16)
    assert document.locate("/PROPERTIES/Sku") == Place(3, 10)
    assert document.locate("/properties/sku/0/" + escape("a/b")) == Place(3, 10)


def test_places_count_in_the_file_as_it_stands_with_its_comments() -> None:
    document = JsonDocument("x.json", '// head\n{ /* é */ "a": [1,\n   2,] }')
    assert document.locate("/a/1") == Place(3, 4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(encoding: str) -> None:
    data = '{"name": "Grüße"}'.encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data
    assert json.loads(decode("x.json", data)) == {"name": "Grüße"}


def test_utf16_without_a_mark() -> None:
    assert decode("x.json", "[1]".encode("utf-16-le")) == "[1]"
    assert decode("x.json", "[1]".encode("utf-16-be")) == "[1]"


def test_another_encoding_is_said_with_its_place() -> None:
    with pytest.raises(UnreadableError) as raised:
        decode("x.json", '{\n"a": "Grüße"}'.encode("cp1252"))
    assert raised.value.line == 2
    assert "save it as UTF-8" in str(raised.value)


@given(st.binary(max_size=100))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    try:
        decode("x.json", data)
    except UnreadableError:
        return
