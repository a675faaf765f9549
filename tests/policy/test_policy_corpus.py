"""Real policies: all are read without a false alarm, their expressions parse, and a strict parser agrees."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from auditor.apim.policy.csharp import nodes as n
from auditor.apim.policy.csharp.parser import parse, parse_block, parse_expression
from auditor.apim.policy.csharp.printer import show, show_block
from auditor.apim.policy.reader import read
from auditor.apim.policy.tree import Diagnostic, Document, Element, Expression, Mixed, Text

BROKEN = {
    "frag-llm-usage.xml": "an element is closed by another's end tag",
    "CRM_RestAPI_CreateIncident_Policy.xml": "an open <base> in two sections, and text before the root",
}
"""What is really no policy; everything else must be read without a structural diagnostic."""
_POLICY = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:policies|fragment|[a-z-]+-data-source)\b", re.DOTALL)


def strings(root: object) -> Iterator[str]:
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and _POLICY.match(value):
            yield value


@lru_cache(maxsize=1)
def policies(corpus: Path) -> dict[str, tuple[str, str]]:
    """Every distinct policy, by its text: the name of its file and the text."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(corpus.rglob("*")):
        if not path.is_file() or path.suffix.lower() not in {".xml", ".json"}:
            continue
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
        if path.suffix.lower() == ".xml":
            found.setdefault(text, (path.name, text))
            continue
        try:
            root = json.loads(text, strict=False) if "olic" in text else None
        except ValueError:
            continue
        for value in strings(root):
            found.setdefault(value, (path.name, value))
    return found


@pytest.fixture(scope="module")
def documents(corpus: Path) -> list[tuple[str, str, Document]]:
    read_ones = [(name, text, read(text)) for name, text in policies(corpus).values()]
    if not read_ones:
        pytest.skip("no policies here")
    return read_ones


def expressions(document: Document) -> Iterator[Expression]:
    for element in document.walk():
        values = [each.value for each in element.attributes]
        for value in values + [child.value for child in element.children if isinstance(child, Text)]:
            if isinstance(value, Expression):
                yield value
            elif isinstance(value, Mixed):
                yield from value.expressions


def test_only_broken_policies_are_broken(documents: list[tuple[str, str, Document]]) -> None:
    unsound = {name for name, _, document in documents if not document.sound}
    assert unsound <= set(BROKEN)
    assert len(documents) > 100


def test_expressions_parse(documents: list[tuple[str, str, Document]]) -> None:
    found = [parse(value) for _, _, document in documents for value in expressions(document)]
    refused = sum(isinstance(tree, Diagnostic) for tree in found)
    assert refused <= len(found) / 100


def test_expressions_are_printed_without_loss(documents: list[tuple[str, str, Document]]) -> None:
    wrong = []
    for name, _, document in documents:
        for value in expressions(document):
            tree = parse(value)
            if isinstance(tree, n.Block):
                wrong += [name] if parse_block(show_block(tree)) != tree else []
            elif not isinstance(tree, Diagnostic):
                wrong += [name] if parse_expression(show(tree)) != tree else []
    assert wrong == []


def words(text: str | None) -> list[str]:
    """A text's words: a strict parser makes blanks of an attribute's line breaks."""
    return [" ".join(text.split())] if text and text.strip() else []


def shape(element: Element) -> object:
    attributes = sorted((each.name, words(each.value.text)) for each in element.attributes)
    texts = [
        word for child in element.children if isinstance(child, Text) for word in words(child.value.text)
    ]
    return element.name, attributes, texts, [shape(child) for child in element.elements]


def strict_shape(element: ET.Element) -> object:
    attributes = sorted((name, words(value)) for name, value in element.attrib.items())
    texts = words(element.text) + [word for child in element for word in words(child.tail)]
    return element.tag, attributes, texts, [strict_shape(child) for child in element]


def test_a_strict_parser_agrees_on_what_is_xml(documents: list[tuple[str, str, Document]]) -> None:
    agreed = 0
    for name, text, document in documents:
        if re.search(r"<xsl:|template=\"liquid\"|<!--", text):
            continue  # names are expanded, Liquid is left alone, comments divide texts
        try:
            strict = ET.fromstring(text.encode())  # noqa: S314 -- local files, and expat expands nothing here
        except ET.ParseError:
            continue
        assert document.root is not None
        assert shape(document.root) == strict_shape(strict), name
        agreed += 1
    assert agreed > 50


def test_encoding_a_policy_changes_nothing(documents: list[tuple[str, str, Document]]) -> None:
    """The two formats of the service, ``rawxml`` and ``xml``, give one tree."""
    for name, _, document in documents:
        if document.root is not None and document.sound:
            again = read(encoded(document.root))
            assert again.sound, name
            assert again.root is not None
            assert content(again.root) == content(document.root), name


def encoded(element: Element) -> str:
    def value(text: str) -> str:
        for mark, entity in {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;"}.items():
            text = text.replace(mark, entity)
        return text.replace("\n", "&#xA;")

    attributes = "".join(f' {each.name}="{value(each.value.text)}"' for each in element.attributes)
    inside = "".join(
        value(child.value.text) if isinstance(child, Text) else encoded(child) for child in element.children
    )
    return f"<{element.name}{attributes}>{inside}</{element.name}>"


def content(element: Element) -> object:
    children = [content(child) if isinstance(child, Element) else child.value for child in element.children]
    return element.name, [(each.name, each.value) for each in element.attributes], children
