"""What changes a policy's text and not its meaning changes nothing about who is served."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditor.apim.policy.authentication import authentication_verdict
from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.csharp.parser import parse_expression
from auditor.apim.policy.csharp.printer import show
from auditor.apim.policy.evaluate.frame import known_bindings
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import Context, NamedText, Read
from auditor.apim.policy.tree import Attribute, Document, Element, Expression, Text
from tests.policy.authentication_cases import CASES, Case
from tests.policy.proving import effective, inbound, written
from tests.policy.test_metamorphic import changed

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def judged(
    case: Case,
    text: str | Document | None = None,
    named: Mapping[str, NamedText] | None = None,
    held: Mapping[str, Read] | None = None,
) -> tuple[object, ...]:
    """Who is served by a case, or by another text in its place."""
    policy = effective(inbound(case.body) if text is None else text, {**case.named, **(named or {})}, held)
    found = authentication_verdict(policy, Context(key=case.key), known_bindings(**case.bound))
    return found.standing, found.weakest, found.possible


@every_case
@pytest.mark.parametrize("encoded", [False, True])
def test_encoded_and_read_again(case: Case, encoded: bool) -> None:
    again = read(written(read(inbound(case.body)), encoded))
    assert judged(case, again) == judged(case)


@every_case
def test_variables_renamed(case: Case) -> None:
    text = inbound(case.body)
    for name in re.findall(r'(?:<set-variable name|variable-name)="([\w-]+)"', text):
        text = text.replace(f'"{name}"', f'"other-{name}"')
    assert judged(case, text) == judged(case)


@every_case
def test_wrapped_in_a_fragment(case: Case) -> None:
    fragment = read(f"<fragment>{case.body}</fragment>")
    text = inbound('<include-fragment fragment-id="whole" />')
    assert judged(case, text, held={"whole": fragment}) == judged(case)


@every_case
def test_conditions_split(case: Case) -> None:
    def split(element: Element) -> Element:
        if element.name != "choose":
            return element
        children: list[Element | Text] = []
        for child in element.children:
            children += _split(child) if isinstance(child, Element) and child.name == "when" else [child]
        return replace(element, children=tuple(children))

    assert judged(case, changed(read(inbound(case.body)), split)) == judged(case)


def _split(branch: Element) -> list[Element]:
    value = branch.get("condition")
    tree = parse_expression(value.source) if isinstance(value, Expression) and value.kind == "expr" else None
    if not isinstance(tree, cs.Binary) or tree.operator != "||":
        return [branch]

    def part(side: cs.Expr) -> Element:
        return replace(branch, attributes=(Attribute("condition", Expression("expr", show(side))),))

    return [*_split(part(tree.left)), *_split(part(tree.right))]


@every_case
def test_literals_by_named_values(case: Case) -> None:
    """Whole attributes and texts of token statements, and addresses."""
    known: dict[str, NamedText] = {}

    def put(found: re.Match[str]) -> str:
        key = f"value-{len(known)}"
        known[key] = found[2]
        return f"{found[1]}{{{{{key}}}}}{found[3]}"

    pattern = r'((?:tenant-id|url|from|to|require-signed-tokens)="|<(?:audience|address)>)([^"<@{]+)("|<)'
    text = re.sub(pattern, put, inbound(case.body))
    assert judged(case, text, known) == judged(case)


@every_case
def test_condition_by_named_value(case: Case) -> None:
    """A named value may hold the whole expression."""
    known: dict[str, NamedText] = {}

    def put(element: Element) -> Element:
        value = element.get("condition")
        if element.name != "when" or not isinstance(value, Expression) or "{{" in value.source:
            return element
        key = f"condition-{len(known)}"
        known[key] = value.text
        literal = read(f'<when condition="{{{{{key}}}}}" />').root
        assert literal is not None
        return replace(element, attributes=literal.attributes)

    assert judged(case, changed(read(inbound(case.body)), put), known) == judged(case)


@every_case
def test_inverted_with_otherwise(case: Case) -> None:
    """``when(a) X otherwise Y`` does what ``when(!a) Y otherwise X`` does."""

    def turn(element: Element) -> Element:
        branches = element.elements
        whens = [each for each in branches if each.name == "when"]
        rest = next((each for each in branches if each.name == "otherwise"), None)
        value = whens[0].get("condition") if len(whens) == 1 else None
        if element.name != "choose" or not isinstance(value, Expression) or value.kind != "expr":
            return element
        condition = Attribute("condition", Expression("expr", f"!({value.source})"))
        inside = rest.children if rest is not None else ()
        first = replace(whens[0], attributes=(condition,), children=inside)
        return replace(element, children=(first, Element("otherwise", (), whens[0].children, 1, 1)))

    assert judged(case, changed(read(inbound(case.body)), turn)) == judged(case)


@every_case
@pytest.mark.parametrize(
    "neutral",
    [
        '<set-header name="X-Neutral" exists-action="override"><value>1</value></set-header>',
        '<set-variable name="neutral" value="@(Guid.NewGuid())" />',
        '<trace source="test"><message>seen</message></trace>',
        '<choose><when condition="@(context.Request.Method == "PUT")"><trace /></when></choose>',
        '<cache-remove-value key="a" />',
    ],
    ids=["header", "variable", "trace", "choose", "cache"],
)
def test_neutral_statement_inserted(case: Case, neutral: str) -> None:
    for mark in ("<inbound>", "</inbound>"):
        joined = mark + neutral if mark == "<inbound>" else neutral + mark
        assert judged(case, inbound(case.body).replace(mark, joined)) == judged(case)


@every_case
def test_put_beside_an_unneeded_branch(case: Case) -> None:
    """The whole section in a branch that is always taken."""
    always = f'<choose><when condition="@(1 == 1)">{case.body}</when></choose>'
    assert judged(case, inbound(always)) == judged(case)
