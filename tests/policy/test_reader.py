"""The reader of policies: what it makes of broken XML, where it says things stand, that it never fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.apim.policy.reader import read
from auditor.apim.policy.tree import (
    MAX_DEPTH,
    MAX_SIZE,
    Code,
    Document,
    Element,
    Expression,
    Kind,
    Literal,
    Mixed,
    NamedValue,
    Template,
    Text,
    Value,
)

ADVERSARIAL = {
    "paren in string": '@(x.Contains(")"))',
    "smiley": '@("a:)" + ":(")',
    "quote escaped": r'@("say \"hi)\" ok")',
    "verbatim doubled": r'@(@"c:\dir\""x"")" + "y")',
    "char paren": "@(x.Split(')')[0])",
    "char quote": "@(x.Split('\"')[0])",
    "char backslash": r"""@(x.Split('\\')[0] + ")")""",
    "line comment with quote": '@{ // don\'t ") }\n return "a"; }',
    "block comment": '@{ /* " } */ return 1; }',
    "hole with strings": '@($"{context.Variables["a"]}) {x}")',
    "doubled braces": '@{ return $"{{x} }} }} {y}"; }',
    "doubled braces only": '@{ return $"{{x }} {y}"; }',
    "named value in a hole": '@($"u={Enc("{{NV1}}")}")',
    "url": '@("https://x/" + y)',
    "generic": '@(context.Request.Body.As<JObject>()["a"] != null)',
    "operators": "@(a < b && c > d || e <= f)",
    "named value in a block": '@{ if ({{flag}} && a) { return "}"; } return "x"; }',
    "single quoted": "@(a != 'trusted-issuer')",
    "end tag in string": r'@("</value>" + "a\" />")',
    "attribute in string": r'@("x" + " name=\"v\" />")',
    "nested interpolation": '@($"a{ $"b{ c["x)"] }" })")',
    "verbatim interpolation": '@($@"c:\\{x}"")" + y)',
}
DECODED = {
    "entity quotes": ("@(x == &quot;a)&quot;)", '@(x == "a)")'),
    "entity amp amp": ("@(a &amp;&amp; b(&quot;)&quot;))", '@(a && b(")"))'),
    "entity newline": ("@{ // c &quot;}&#xA; return 1; }", '@{ // c "}\n return 1; }'),
    "windows newline": ("@{ // c )&#xD;&#xA; return 1; }", "@{ // c )\r\n return 1; }"),
    "numbers": ("@(x == &#34;)&#x22;)", '@(x == ")")'),
}


def only(document: Document) -> Element:
    assert document.root is not None
    return document.root


def attribute(text: str, name: str = "a") -> Value:
    document = read(f'<policies><x {name}={text} other="1"/></policies>')
    assert document.diagnostics == ()
    element = only(document).elements[0]
    assert element.word("other") == "1"
    value = element.get(name)
    assert value is not None
    return value


def content(text: str) -> Value:
    document = read(f"<policies><x>{text}</x><after/></policies>")
    assert document.diagnostics == ()
    element, after = only(document).elements
    assert after.name == "after"
    assert element.value is not None
    return element.value


# -- expressions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())
@pytest.mark.parametrize("blank", ["", "\n  "], ids=["tight", "blanks"])
def test_expressions_end_where_they_end(text: str, blank: str) -> None:
    wanted = Expression("expr" if text[1] == "(" else "block", text[2:-1])
    assert content(blank + text + blank) == wanted
    assert content(f"<![CDATA[{blank}{text}{blank}]]>") == wanted
    assert attribute(f'"{blank}{text}{blank}"') == wanted
    assert attribute(f"'{blank}{text}{blank}'") == wanted


@pytest.mark.parametrize("text", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())
def test_expressions_with_entities_are_the_same(text: str) -> None:
    wanted = Expression("expr" if text[1] == "(" else "block", text[2:-1])
    encoded = escape(text).replace("\n", "&#xA;")
    assert content(encoded) == wanted
    assert attribute(f'"{encoded}"') == wanted


@pytest.mark.parametrize(("text", "plain"), DECODED.values(), ids=DECODED.keys())
def test_entities_are_read_as_what_they_stand_for(text: str, plain: str) -> None:
    assert content(text) == content(plain) or "\n" in plain
    found = attribute(f'"{text}"')
    assert isinstance(found, Expression)
    assert found.text == plain


def test_both_styles_in_one_document() -> None:
    document = read('<policies><x c="@(a == "1")"/><x c="@(a == &quot;1&quot;)"/></policies>')
    assert document.diagnostics == ()
    assert len({element.get("c") for element in only(document).elements}) == 1


def test_an_entity_in_a_string_is_kept_where_decoding_breaks_it() -> None:
    assert content('@("&quot;" + x)') == Expression("expr", '"&quot;" + x')


def test_mixed_values_are_said() -> None:
    document = read("<policies><x>Call to @(context.Api.Name)!</x></policies>")
    assert [diagnostic.code for diagnostic in document.diagnostics] == [Code.MIXED]
    assert document.sound
    value = only(document).elements[0].value
    assert isinstance(value, Mixed)
    assert value.parts == ("Call to ", Expression("expr", "context.Api.Name"), "!")


@pytest.mark.parametrize("text", ["@(a", '@("a)', "@(a]", "@{ return 1;", "@(/* )", '@($"{a)'])
def test_unbalanced_expressions_are_said_and_kept_as_text(text: str) -> None:
    for source in (f"<policies><x>{text}</x><y/></policies>", f'<policies><x a="{text}"/><y/></policies>'):
        document = read(source)
        assert Code.UNBALANCED in {diagnostic.code for diagnostic in document.diagnostics}
        assert not document.sound
        assert any(element.name == "y" for element in document.walk())


# -- plain values --------------------------------------------------------------------------------------


def test_quotes_within_a_plain_value() -> None:
    value = attribute('"C=US, O="Contoso, Inc.", CN=*.contoso.com"')
    assert isinstance(value, Literal)
    assert value.known == 'C=US, O="Contoso, Inc.", CN=*.contoso.com'


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{{name}}", (NamedValue("name"),)),
        ("a {{b-c.d_1}} e", ("a ", NamedValue("b-c.d_1"), " e")),
        ("${tf}/x", (Template("${tf}"), "/x")),
        ("${ {a = 1} }", (Template("${ {a = 1} }"),)),
        ("${{price}}", ("$", NamedValue("price"))),
        ("&lt;a&gt; &amp;amp; &copy=1 &#65;", ("<a> &amp; &copy=1 A",)),
        ("{{no name}}", ("{{no name}}",)),
        ("a@example.com", ("a@example.com",)),
        ("", ()),
    ],
)
def test_plain_values(text: str, parts: tuple[object, ...]) -> None:
    value = attribute(f'"{text}"')
    assert isinstance(value, Literal)
    assert value.parts == parts
    assert value.known is None or not value.holes


BROKEN_TAGS = ['<x a="1" b/>', "<x a=1/>", '<x a="1" <y/>', '<x a="b><y c="d"/>', "<x a='", "<x", "<x a="]


@pytest.mark.parametrize("text", BROKEN_TAGS)
def test_broken_tags_are_said(text: str) -> None:
    document = read(f"<policies>{text}</policies>")
    assert not document.sound


def test_duplicate_attributes() -> None:
    document = read('<policies><x a="1" a="2"/></policies>')
    assert [diagnostic.code for diagnostic in document.diagnostics] == [Code.DUPLICATE_ATTRIBUTE]
    assert only(document).elements[0].word("a") == "1"


# -- documents -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<policies/>", Kind.POLICIES),
        ("\ufeff<!-- x -- <y> --><policies></policies >", Kind.POLICIES),
        ('<?xml version="1.0"?>\n<fragment></fragment>', Kind.FRAGMENT),
        ("<http-data-source/>", Kind.RESOLVER),
        ("<inbound><base/></inbound>", Kind.OTHER),
    ],
)
def test_kinds(text: str, kind: Kind) -> None:
    document = read(text)
    assert (document.kind, document.diagnostics) == (kind, ())


def test_sections() -> None:
    document = read("<policies><backend/><inbound><base/></inbound></policies>")
    assert document.section("inbound") is not None
    assert document.section("outbound") is None
    assert read("<fragment><inbound/></fragment>").section("inbound") is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", [Code.NO_ELEMENT]),
        ("no policy", [Code.NO_ELEMENT, Code.TEXT_OUTSIDE]),
        ("<policies/>x", [Code.TEXT_OUTSIDE]),
        ("<policies/><policies/>", [Code.SEVERAL_ROOTS]),
        ("<policies><inbound></policies>", [Code.UNCLOSED]),
        ("<policies></inbound></policies>", [Code.STRAY_END]),
        ("<policies><!-- ", [Code.UNFINISHED, Code.UNCLOSED]),
        ("<policies><![CDATA[x", [Code.UNFINISHED, Code.UNCLOSED]),
        ('<!DOCTYPE x [<!ENTITY a "b">]><policies/>', [Code.DECLARATION]),
        ("<!DOCTYPE x [", [Code.NO_ELEMENT, Code.DECLARATION, Code.UNFINISHED]),
        ("x" * (MAX_SIZE + 1), [Code.TOO_LONG]),
    ],
)
def test_diagnostics(text: str, codes: list[Code]) -> None:
    assert [diagnostic.code for diagnostic in read(text).diagnostics] == codes


def test_entities_are_not_expanded() -> None:
    document = read('<!DOCTYPE x [<!ENTITY a "b">]><policies><x>&a;</x></policies>')
    value = only(document).elements[0].value
    assert isinstance(value, Literal)
    assert value.known == "&a;"


def test_nesting_has_a_limit() -> None:
    assert read("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH).diagnostics == ()
    deep = read("<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1))
    assert Code.TOO_DEEP in {diagnostic.code for diagnostic in deep.diagnostics}
    assert len(list(deep.walk())) == MAX_DEPTH


def test_comments_hide_what_they_hold() -> None:
    document = read('<policies><!--otherwise><x a="--"/></otherwise--><!-- @( " --><y/></policies>')
    assert document.diagnostics == ()
    assert [element.name for element in only(document).elements] == ["y"]


def test_comments_do_not_divide_a_text() -> None:
    assert content("a<!-- x -->b<![CDATA[<c>]]>") == Literal(("ab<c>",))
    assert content("<!-- why -->@(a)<!-- so -->") == Expression("expr", "a")


def test_liquid_is_left_alone() -> None:
    body = '{% if a < b && c %}{{body.x}} "@(" <soap:x>{{name}}</soap:x>{% endif %}'
    for text in (body, f"<![CDATA[{body}]]>"):
        document = read(f'<policies><set-body template="liquid">{text}</set-body><y/></policies>')
        assert document.diagnostics == ()
        assert only(document).elements[0].value == Literal((body,))
    value = content("{{name}}")
    assert isinstance(value, Literal)
    assert value.holes


def test_bytes() -> None:
    text = '<policies><x a="ü"/></policies>'
    for given_bytes in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        document = read(given_bytes)
        assert document.diagnostics == ()
        assert only(document).elements[0].word("a") == "ü"
    assert [d.code for d in read(b"<policies>\xff</policies>").diagnostics] == [Code.NOT_TEXT]


# -- positions -----------------------------------------------------------------------------------------


def test_positions() -> None:
    text = '<policies>\r\n  <x\n    a="1" b="@(\n y)">\n  t @{ return &quot;&quot;; }</x></policies>'
    x = only(read(text)).elements[0]
    a, b = x.attributes
    assert (x.line, x.column, text[x.start : x.end][:2], text[x.end :]) == (2, 3, "<x", "</policies>")
    assert [(each.line, each.column) for each in (a, b)] == [(3, 5), (3, 11)]
    assert (a.value.line, a.value.column) == (3, 8)
    assert isinstance(b.value, Expression)
    assert (b.value.line, b.value.column) == (3, 14)
    assert b.value.place(b.value.source.index("y")) == (4, 2)
    (child,) = x.children
    assert isinstance(child, Text)
    assert (child.line, child.column) == (5, 3)
    assert isinstance(child.value, Mixed)
    block = child.value.expressions[0]
    assert text.split("\n")[4][block.place(block.source.index(";"))[1] - 1 :].startswith("; }")


def values(document: Document) -> Iterator[Value]:
    for element in document.walk():
        yield from (each.value for each in element.attributes)
        yield from (child.value for child in element.children if isinstance(child, Text))


def check_inside(text: str, document: Document) -> None:
    lines = text.removeprefix("\ufeff").split("\n")
    places = [(each.line, each.column) for each in document.diagnostics]
    for element in document.walk():
        assert text.startswith(f"<{element.name}", element.start)
        assert element.start < element.end <= len(text)
        assert lines[element.line - 1].startswith("<", element.column - 1)
        for each in element.attributes:
            assert lines[each.line - 1].startswith(each.name, each.column - 1)
    for value in values(document):
        places.append((value.line, value.column))
        if isinstance(value, Expression):
            assert lines[value.line - 1].startswith("@", value.column - 1)
    for line, column in places:
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


PIECES = st.sampled_from(
    [
        "<x ", 'a="', '"', "'", "/>", "</x>", ">", "<", "@(", "@{", ")", "}", "{", "(", "<!--",
        "-->",
        "<![CDATA[", "]]>", "<?", "?>", "<!", "&quot;", "&#xA;", "&amp;", "{{n}}", "${t}", "%{", '$"', '@"',
        "//",
        "/*", "*/", "\\", '<set-body template="liquid">', "</set-body>", "<policies>", "</policies>", "=",
        "\n", "\ufeff", "ü",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_is_read(text: str) -> None:
    check_inside(text, read(text))


@settings(max_examples=100, deadline=None)
@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    read(data)


# -- both formats --------------------------------------------------------------------------------------

LITERALS = st.text(st.sampled_from("ab <>&'\"{}\n"), max_size=8)
EXPRESSIONS = st.sampled_from(sorted(ADVERSARIAL.values()))
Tree = tuple[str, list[str], list["Tree"]]
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.tuples(st.just("leaf"), st.lists(st.one_of(LITERALS, EXPRESSIONS), max_size=3), st.just([])),
    lambda inner: st.tuples(st.just("node"), st.lists(EXPRESSIONS, max_size=2), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def written(tree: Tree, *, raw: bool) -> str:
    """A tree as ``rawxml`` (expressions as they are) or as ``xml`` (all encoded)."""

    def value(text: str) -> str:
        return text if raw and text[:2] in {"@(", "@{"} else escape(text).replace("\n", "&#xA;")

    name, given_values, inner = tree
    attributes = "".join(f' a{index}="{value(text)}"' for index, text in enumerate(given_values))
    body = "".join(written(each, raw=raw) for each in inner)
    if not inner and given_values:
        body = value(given_values[0])
    return f"<{name}{attributes}>{body}</{name}>"


def shape(element: Element) -> object:
    children = [shape(c) if isinstance(c, Element) else c.value for c in element.children]
    return element.name, [(each.name, each.value) for each in element.attributes], children


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_both_formats_give_one_tree(tree: Tree) -> None:
    first, second = (read(f"<policies>{written(tree, raw=raw)}</policies>") for raw in (True, False))
    assert first.diagnostics == second.diagnostics == ()
    assert shape(only(first)) == shape(only(second))


# -- time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    ["<a>", "</a>", "@(", '<a b="@(', 'a="@(" ', '"', 'a="x ', "<!d [", "<!--", '@("', '@($"{', "@(/*", "@('",
     "@(&quot;", "{{a", "${", "<set-body template='liquid'>", "<![CDATA[@( ]]>", "&amp;"],
)  # fmt: skip
def test_time_is_linear(unit: str) -> None:
    """200,000 characters: a quadratic reader would take minutes."""
    text = "<p><q " + unit * (100_000 // len(unit)) + "><r>" + unit * (100_000 // len(unit))
    start = time.perf_counter()
    read(text)
    assert time.perf_counter() - start < 10
