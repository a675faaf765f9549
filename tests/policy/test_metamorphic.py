"""What changes a policy's text and not its meaning changes no verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.csharp.parser import parse_expression
from auditor.apim.policy.csharp.printer import show
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import NamedText, Read
from auditor.apim.policy.tree import Attribute, Diagnostic, Document, Element, Expression, Text
from tests.conftest import FIXTURES
from tests.policy.proving import certificate, effective, labelled, written

SAMPLES = list(labelled(FIXTURES / "policies" / "labelled"))
every_sample = pytest.mark.parametrize(("name", "verdict", "text"), SAMPLES, ids=[row[0] for row in SAMPLES])
Change = Callable[[Element], Element]


def changed(document: Document, change: Change) -> Document:
    """A document with every element changed, from within."""

    def go(element: Element) -> Element:
        children = tuple(go(each) if isinstance(each, Element) else each for each in element.children)
        return change(replace(element, children=children))

    return replace(
        document, children=tuple(go(c) if isinstance(c, Element) else c for c in document.children)
    )


def with_code(element: Element, rewrite: Callable[[cs.Expr], cs.Expr]) -> Element:
    """An element whose ``@(…)`` attributes are rewritten as trees."""

    def one(attribute: Attribute) -> Attribute:
        value = attribute.value
        if not isinstance(value, Expression) or value.kind != "expr":
            return attribute
        tree = parse_expression(value.source)
        assert not isinstance(tree, Diagnostic)
        return replace(attribute, value=Expression("expr", show(rewrite(tree))))

    return replace(element, attributes=tuple(map(one, element.attributes)))


def rewritten(node: cs.Expr, change: Callable[[cs.Expr], cs.Expr]) -> cs.Expr:
    """A tree of operators with every operation changed, from within."""
    if isinstance(node, cs.Binary):
        node = replace(node, left=rewritten(node.left, change), right=rewritten(node.right, change))
    elif isinstance(node, cs.Unary):
        node = replace(node, operand=rewritten(node.operand, change))
    return change(node)


@every_sample
def test_encoded_and_read_again(name: str, verdict: str, text: str) -> None:
    document = read(text)
    for encoded in (False, True):
        again = read(written(document, encoded))
        assert again.sound, name
        assert certificate(again).verdict == verdict


@every_sample
def test_variables_renamed(name: str, verdict: str, text: str) -> None:
    names = re.findall(r'(?:<set-variable name|variable-name)="([\w-]+)"', text)
    for each in names:
        text = text.replace(f'"{each}"', f'"other-{each}"')
    assert certificate(text).verdict == verdict, name


@every_sample
def test_operands_of_equality_swapped(name: str, verdict: str, text: str) -> None:
    def swap(node: cs.Expr) -> cs.Expr:
        if isinstance(node, cs.Binary) and node.operator in {"==", "!="}:
            return replace(node, left=node.right, right=node.left)
        return node

    document = changed(read(text), lambda element: with_code(element, lambda tree: rewritten(tree, swap)))
    assert certificate(document).verdict == verdict, name


@every_sample
def test_operands_of_or_swapped(name: str, verdict: str, text: str) -> None:
    """Except the check for null, which guards what stands behind it."""

    def swap(node: cs.Expr) -> cs.Expr:
        if (
            isinstance(node, cs.Binary)
            and node.operator in {"||", "&&"}
            and not any(isinstance(each, cs.Null) for each in cs.walk(node))
        ):
            return replace(node, left=node.right, right=node.left)
        return node

    document = changed(read(text), lambda element: with_code(element, lambda tree: rewritten(tree, swap)))
    assert certificate(document).verdict == verdict, name


@every_sample
def test_de_morgan(name: str, verdict: str, text: str) -> None:
    def turn(node: cs.Expr) -> cs.Expr:
        if isinstance(node, cs.Binary) and node.operator in {"||", "&&"}:
            other = "&&" if node.operator == "||" else "||"
            return cs.Unary("!", cs.Binary(other, cs.Unary("!", node.left), cs.Unary("!", node.right)))
        return node

    document = changed(read(text), lambda element: with_code(element, lambda tree: rewritten(tree, turn)))
    assert certificate(document).verdict == verdict, name


@every_sample
def test_wrapped_in_a_fragment(name: str, verdict: str, text: str) -> None:
    document = read(text)
    held: dict[str, Read] = {}

    def wrap(element: Element) -> Element:
        if element.name != "inbound":
            return element
        fragment = Element("fragment", (), element.children, 1, 1)
        held["whole"] = Document((fragment,))
        include = read('<include-fragment fragment-id="Whole" />').root
        assert include is not None
        return replace(element, children=(include,))

    wrapped = changed(document, wrap)
    assert certificate(wrapped, held=held).verdict == verdict, name


@every_sample
def test_conditions_split(name: str, verdict: str, text: str) -> None:
    """``when(a || b)`` does what ``when(a)`` and a second ``when(b)`` do."""

    def split(element: Element) -> Element:
        if element.name != "choose":
            return element
        children: list[Element | Text] = []
        for child in element.children:
            children += _split(child) if isinstance(child, Element) and child.name == "when" else [child]
        return replace(element, children=tuple(children))

    assert certificate(changed(read(text), split)).verdict == verdict, name


def _split(branch: Element) -> list[Element]:
    value = branch.get("condition")
    tree = parse_expression(value.source) if isinstance(value, Expression) and value.kind == "expr" else None
    if not isinstance(tree, cs.Binary) or tree.operator != "||":
        return [branch]

    def part(side: cs.Expr) -> Element:
        return replace(branch, attributes=(Attribute("condition", Expression("expr", show(side))),))

    return [*_split(part(tree.left)), *_split(part(tree.right))]


@every_sample
def test_literals_by_named_values(name: str, verdict: str, text: str) -> None:
    known: dict[str, NamedText] = {}

    def put(found: re.Match[str]) -> str:
        key = f"value-{len(known)}"
        known[key] = found[1]
        return f'"{{{{{key}}}}}"'

    changed_text = re.sub(r'"([0-9A-Fa-f]{40}|CN=[^"]*)"', put, text)
    assert certificate(changed_text, known).verdict == verdict, name


@every_sample
def test_condition_by_named_value(name: str, verdict: str, text: str) -> None:
    """A named value may hold the whole expression."""
    known: dict[str, NamedText] = {}

    def put(element: Element) -> Element:
        value = element.get("condition")
        if element.name != "when" or not isinstance(value, Expression):
            return element
        key = f"condition-{len(known)}"
        known[key] = value.text
        literal = read(f'<when condition="{{{{{key}}}}}" />').root
        assert literal is not None
        return replace(element, attributes=literal.attributes)

    assert certificate(changed(read(text), put), known).verdict == verdict, name


@every_sample
@pytest.mark.parametrize(
    "neutral",
    [
        '<set-header name="X-Neutral" exists-action="override"><value>1</value></set-header>',
        '<set-variable name="neutral" value="@(Guid.NewGuid())" />',
        '<trace source="test"><message>seen</message></trace>',
        '<choose><when condition="@(context.Request.Method == &quot;PUT&quot;)"><trace /></when></choose>',
        "<!-- return-response -->",
    ],
    ids=["header", "variable", "trace", "choose", "comment"],
)
def test_neutral_statement_inserted(name: str, verdict: str, text: str, neutral: str) -> None:
    # A comment cannot stand in a comment.
    marks = ("</inbound>",) if "<!--" in text else ("<choose>", "</inbound>")
    for mark in marks:
        assert certificate(text.replace(mark, neutral + mark)).verdict == verdict, name


@every_sample
def test_section_inherited_through_scopes(name: str, verdict: str, text: str) -> None:
    """What an API says holds for its operations, which add nothing."""
    found = effective(text)
    assert certificate(text.replace("<inbound>", "<inbound><base/>", 1)).verdict == verdict, name
    assert len(found.readings) == 1
