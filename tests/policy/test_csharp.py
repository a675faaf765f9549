"""The C# of policies: what is read as what, that printing loses nothing, that nothing is raised."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.apim.policy.csharp import nodes as n
from auditor.apim.policy.csharp.parser import parse, parse_block, parse_expression
from auditor.apim.policy.csharp.printer import show, show_block
from auditor.apim.policy.tree import Code, Diagnostic, Expression, NamedValue, Template

A, B, C, D = (n.Name(name) for name in "abcd")
STRING = n.Type("string")


def call(function: n.Expr, *values: n.Expr) -> n.Call:
    return n.Call(function, tuple(n.Argument(value) for value in values))


def text(value: str) -> n.String:
    return n.String((value,) if value else ())


EXPRESSIONS: list[tuple[str, n.Expr]] = [
    ("null", n.Null()),
    ("true", n.Boolean(value=True)),
    ("0x1F", n.Number("0x1F")),
    ("1.ToString()", call(n.Member(n.Number("1"), "ToString"))),
    ("1.5m", n.Number("1.5m")),
    (r"""'\''""", n.Character("'")),
    (r'"a\"\u0041\n"', text('a"A\n')),
    (r'@"a\""b"', text('a\\"b')),
    ("'trusted-issuer'", n.QuotedText(("trusted-issuer",))),
    ('"x{{n}}y"', n.String(("x", NamedValue("n"), "y"))),
    ('"${tf}"', n.String((Template("${tf}"),))),
    ("{{flag}} && a", n.Binary("&&", n.Named(NamedValue("flag")), A)),
    ("${flag} && a", n.Binary("&&", n.Filled(Template("${flag}")), A)),
    ('$"a{b,5:0.0}{{ c }}"', n.Interpolated(("a", n.Hole(B, n.Number("5"), "0.0"), "{ c }"))),
    ('$"{{n}}{a["b"]}"', n.Interpolated((NamedValue("n"), n.Hole(n.Index(A, (n.Argument(text("b")),)))))),
    ('$@"\\{a}"""', n.Interpolated(("\\", n.Hole(A), '"'))),
    ("a.b?.c", n.Member(n.Member(A, "b"), "c", conditional=True)),
    ("(a?.b).c", n.Member(n.Grouped(n.Member(A, "b", conditional=True)), "c")),
    ("(a.b).c", n.Member(n.Member(A, "b"), "c")),
    ("a?[b]", n.Index(A, (n.Argument(B),), conditional=True)),
    ("a ? b : c", n.Conditional(A, B, C)),
    ("a?.5:b", n.Conditional(A, n.Number(".5"), B)),
    ("a || b && c", n.Binary("||", A, n.Binary("&&", B, C))),
    ("a == b || c", n.Binary("||", n.Binary("==", A, B), C)),
    ("a - b - c", n.Binary("-", n.Binary("-", A, B), C)),
    ("a ?? b ?? c", n.Coalesce(A, n.Coalesce(B, C))),
    ("a ?? throw b", n.Coalesce(A, n.ThrowExpr(B))),
    ("a >> b", n.Binary(">>", A, B)),
    ("a < b", n.Binary("<", A, B)),
    ("!a.b", n.Unary("!", n.Member(A, "b"))),
    ("a<b>(c)", call(n.Name("a", (n.Type("b"),)), C)),
    ("a.b<c, d<string>>(a)", call(n.Member(A, "b", (n.Type("c"), n.Type("d", (STRING,)))), A)),
    ("f(a < b, c > d)", call(n.Name("f"), n.Binary("<", A, B), n.Binary(">", C, D))),
    ("(string)a", n.Cast(STRING, A)),
    ("(a.b)c", n.Cast(n.Type("a.b"), C)),
    ("(a) - b", n.Binary("-", A, B)),
    ("(int) - b", n.Cast(n.Type("int"), n.Unary("-", B))),
    ("(int?)a", n.Cast(n.Type("int", suffix="?"), A)),
    ("(string[])a", n.Cast(n.Type("string", suffix="[]"), A)),
    ("((a))", A),
    ("a as string", n.As(A, STRING)),
    ("a as string ?? b", n.Coalesce(n.As(A, STRING), B)),
    ("a is string ? b : c", n.Conditional(n.Is(A, STRING), B, C)),
    ("a is string b", n.Is(A, STRING, "b")),
    ("a is null", n.Is(A, constant=n.Null())),
    ("a is not null", n.Is(A, constant=n.Null(), negated=True)),
    ("x => x.b", n.Lambda((n.Parameter("x"),), n.Member(n.Name("x"), "b"))),
    ("(x, y) => { return x; }", n.Lambda(
        (n.Parameter("x"), n.Parameter("y")), n.Block((n.Return(n.Name("x")),)))),
    ("(string x) => x", n.Lambda((n.Parameter("x", STRING),), n.Name("x"))),
    ("() => a", n.Lambda((), A)),
    ("f(out var x)", n.Call(n.Name("f"), (n.Argument(n.Declared(n.Type("var"), "x"), modifier="out"),))),
    ("f(x: a)", n.Call(n.Name("f"), (n.Argument(A, "x"),))),
    ("new a.b(c)", n.New(n.Type("a.b"), (n.Argument(C),))),
    ("new a { b = c }", n.New(n.Type("a"), (), n.Initializer((n.Assignment("=", B, C),)))),
    ('new a { ["b"] = c }', n.New(n.Type("a"), (), n.Initializer((
        n.Assignment("=", n.Index(n.Name("this"), (n.Argument(text("b")),)), C),)))),
    ("new a<b, c> { { a, b } }", n.New(n.Type("a", (n.Type("b"), n.Type("c"))), (), n.Initializer((
        n.Initializer((A, B)),)))),
    ("new[] { a, b, }", n.NewArray(None, (), n.Initializer((A, B)))),
    ("new string[] { a }", n.NewArray(STRING, (), n.Initializer((A,)))),
    ("new string[2]", n.NewArray(STRING, (n.Number("2"),))),
    ("new string[2][]", n.NewArray(n.Type("string", suffix="[]"), (n.Number("2"),))),
    ("new { a, x = b, c.d }", n.Anonymous((("a", A), ("x", B), ("d", n.Member(C, "d"))))),
    ("(a, x: b)", n.Tuple((n.Argument(A), n.Argument(B, "x")))),
    ("a += b", n.Assignment("+=", A, B)),
    ("typeof(string)", n.OfType("typeof", STRING)),
    ("default", n.OfType("default")),
    ("a /* ) */ + // (\n b", n.Binary("+", A, B)),
    ("\u200ea", A),
    ("@class", n.Name("@class")),
    ("@a", A),
]  # fmt: skip


@pytest.mark.parametrize(("source", "wanted"), EXPRESSIONS, ids=[source for source, _ in EXPRESSIONS])
def test_expressions(source: str, wanted: n.Expr) -> None:
    assert parse_expression(source) == wanted
    assert parse_expression(show(wanted)) == wanted


BLOCKS: list[tuple[str, tuple[n.Statement, ...]]] = [
    ("return a;", (n.Return(A),)),
    ("return;", (n.Return(),)),
    ("if (a) return b; else { c(); }", (
        n.If(A, n.Return(B), n.Block((n.ExpressionStatement(call(C)),))),)),
    ("if (a) if (b) return c; else return d;", (n.If(A, n.If(B, n.Return(C), n.Return(D))),)),
    ("var a = b, c;", (n.Local(n.Type("var"), (("a", B), ("c", None))),)),
    ("const string a = b;", (n.Local(STRING, (("a", B),), constant=True),)),
    ("string[] a = { b };", (n.Local(n.Type("string", suffix="[]"), (("a", n.Initializer((B,))),)),)),
    ("a.b = c; a++;;", (
        n.ExpressionStatement(n.Assignment("=", n.Member(A, "b"), C)),
        n.ExpressionStatement(n.Postfix("++", A)), n.Empty())),
    ("throw new a();", (n.Throw(n.New(n.Type("a"))),)),
]  # fmt: skip


@pytest.mark.parametrize(("source", "wanted"), BLOCKS, ids=[source for source, _ in BLOCKS])
def test_blocks(source: str, wanted: tuple[n.Statement, ...]) -> None:
    block = n.Block(wanted)
    assert parse_block(source) == block
    assert parse_block(show_block(block)) == block


@pytest.mark.parametrize(
    ("source", "word", "declared"),
    [
        ("foreach (var x in a) { b = x; }", "foreach", ("x",)),
        ("foreach (var (x, y) in a) b = x;", "foreach", ("x", "y")),
        ("for (int i = 0; i < a; i++) { b = i; }", "for", ()),
        ("for (;;) b = 1;", "for", ()),
        ("while (a) b = 1;", "while", ()),
        ("do { b = 1; } while (a);", "do", ()),
        ("try { b = 1; } catch (Exception e) when (a) { return c; } finally { d(); }", "try", ("e",)),
        ("try { b = 1; } catch { throw; }", "try", ()),
        ("using (var x = a) { b = 1; }", "using", ()),
        ("using (a) b = 1;", "using", ()),
        ('switch (a) { case 1: case "x": b = 1; break; case T t when c: return t; }', "switch", ("t",)),
        ("lock (a) { b = 1; }", "lock", ()),
        ("unchecked { b = 1; }", "unchecked", ()),
        ("string f(int x) { b = 1; return c; }", "function", ("f", "x")),
    ],
)  # fmt: skip
def test_opaque_statements(source: str, word: str, declared: tuple[str, ...]) -> None:
    block = parse_block(source + " return d;")
    assert isinstance(block, n.Block)
    opaque, _ = block.statements
    assert isinstance(opaque, n.Opaque)
    assert (opaque.word, opaque.source, opaque.declared) == (word, source, declared)
    assert any(isinstance(node, n.Assignment) and node.target == B for node in n.walk(opaque))
    assert parse_block(show_block(block)) == block


@pytest.mark.parametrize(
    "source",
    [
        "",
        "a b",
        "a +",
        "(a",
        "a)",
        '"',
        "f(a,,b)",
        "new",
        "#",
        "a => ",
        '$"{a"',
        '$"}"',
        "if (a)",
        "a ? b",
        "()",
    ],
)
def test_what_is_no_expression_is_said(source: str) -> None:
    found = parse_expression(source)
    assert isinstance(found, Diagnostic)
    assert found.code is Code.SYNTAX


def test_places() -> None:
    found = parse_expression("a\n  + #")
    assert isinstance(found, Diagnostic)
    assert (found.line, found.column) == (2, 5)
    placed = parse(Expression("block", "\n return #;", line=3, column=7))
    assert isinstance(placed, Diagnostic)
    assert (placed.line, placed.column) == (4, 9)
    tree = parse_expression("a + b.c(d)")
    assert isinstance(tree, n.Binary)
    assert {show(node): node.at for node in n.walk(tree) if isinstance(node, n.Name)} == {
        "a": 0,
        "b": 4,
        "d": 8,
    }


@pytest.mark.parametrize("unit", ["(", "a+", "a.b(", "!", "a?b:", "new{a=", "[", "{", "if(a)", "a<", '$"{'])
def test_nesting_has_a_limit(unit: str) -> None:
    for read in (parse_expression, parse_block):
        start = time.perf_counter()
        assert isinstance(read(unit * 20_000), Diagnostic)
        assert time.perf_counter() - start < 10


def test_what_is_read_can_be_printed_and_compared_at_any_depth() -> None:
    chains = (
        "a" + " + a" * 118,
        "a" + " - a + b" * 59,
        "a" + ".b" * 118,
        "a ?? " * 50 + "a",
        "a ? b : " * 50 + "c",
    )
    for source in (*chains, "(" * 50 + "a" + ")" * 50, "f(" * 50 + "a" + ")" * 50):
        found = parse_expression(source)
        assert not isinstance(found, Diagnostic)
        assert parse_expression(show(found)) == found


# -- properties ----------------------------------------------------------------------------------------

TOKENS = st.sampled_from(
    [
        "a", "b", "(", ")", "[", "]", "{", "}", ".", "?.", "?", ":", ",", ";", "=>", "==", "!=", "<", ">",
        "&&", "||", "??", "!", "+", "-", "=", " is ", " as ", "new ", "null", "true", "1", '"s"', "'c'",
        "'cc'", '$"{a}"', '$"{', '@"v', "{{n}}", "${t}", "var ", "string", "if", " else ", "return ",
        "for", "foreach", " in ", "while", "try", "catch", "switch", "case ", "default", "throw ", "out ",
        "x =>", "int[]", "\n",
    ]
)  # fmt: skip
NAMES = st.sampled_from("abcdxy").map(n.Name)
MARKS = st.sampled_from(["{{x}}", "${", "{", "}", '"', "\\", "\n", "'"])
STRINGS = st.lists(st.one_of(st.text(max_size=5), MARKS), max_size=3).map(lambda found: text("".join(found)))
TYPES = st.sampled_from([STRING, n.Type("int"), n.Type("List", (STRING,)), n.Type("int", suffix="[]")])


def larger(inner: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Expr]:
    operators = st.sampled_from(
        ["||", "&&", "|", "^", "&", "==", "!=", "<", ">", "<=", ">=", "<<", ">>", "+", "-", "*", "/", "%"]
    )
    return st.one_of(
        st.builds(n.Binary, operators, inner, inner),
        st.builds(n.Coalesce, inner, inner),
        st.builds(n.Conditional, inner, inner, inner),
        st.builds(n.Unary, st.sampled_from("!-~"), inner),
        st.builds(n.Cast, TYPES, inner),
        st.builds(n.As, inner, TYPES),
        st.builds(n.Is, inner, TYPES),
        st.builds(
            n.Member, inner.filter(ends), st.sampled_from(["b", "c"]), st.just(()), st.just(value=False)
        ),
        st.builds(n.Member, inner.filter(ends), st.just("b"), st.just(()), st.just(value=True)),
        st.lists(inner, max_size=2).map(lambda items: call(A, *items)),
        st.lists(inner, max_size=2).map(lambda items: n.NewArray(STRING, (), n.Initializer(tuple(items)))),
        inner.map(lambda value: n.Lambda((n.Parameter("x"),), value)),
        inner.map(lambda value: n.Interpolated(("t", n.Hole(value), "{u"))),
        inner.map(lambda value: n.New(n.Type("T"), (), n.Initializer((n.Assignment("=", B, value),)))),
    )


def ends(value: n.Expr) -> bool:
    """Whether an access may follow it without other brackets: those around a chain are a node."""
    return not isinstance(value, n.Member) or not value.conditional


TREES = st.recursive(st.one_of(NAMES, STRINGS, st.just(n.Null())), larger, max_leaves=15)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_printed_trees_are_read_again(tree: n.Expr) -> None:
    assert parse_expression(show(tree)) == tree


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(), st.lists(TOKENS, max_size=25).map(" ".join), st.lists(TOKENS, max_size=25).map("".join)
    )
)
def test_any_text_is_parsed_or_refused(source: str) -> None:
    found = parse_expression(source)
    if isinstance(found, Diagnostic):
        assert found.line <= source.count("\n") + 1
    else:
        assert parse_expression(show(found)) == found
    block = parse_block(source)
    if isinstance(block, n.Block):
        assert parse_block(show_block(block)) == block
