from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.arm.syntax import (
    Call,
    Index,
    Literal,
    Malformed,
    Node,
    Property,
    expression_in,
    literal_text,
    parse,
    show,
)

NAMES = st.from_regex(r"[A-Za-z_$][A-Za-z0-9_$]{0,8}", fullmatch=True)
LITERALS = st.builds(Literal, st.text(max_size=12) | st.integers(-(10**17), 10**17))


def _above(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    functions = st.lists(NAMES, min_size=1, max_size=2).map(".".join)
    calls = st.builds(Call, functions, st.lists(below, max_size=3).map(tuple))
    return st.one_of(
        calls,
        st.builds(Property, calls, NAMES, st.booleans()),
        st.builds(Index, calls, below, st.booleans()),
        st.builds(lambda call, name, index: Index(Property(call, name), index), calls, NAMES, below),
    )


NODES: st.SearchStrategy[Node] = st.recursive(LITERALS, _above, max_leaves=12)


@settings(deadline=None)
@given(NODES)
def test_reading_what_was_printed_gives_the_same_tree(node: Node) -> None:
    assert parse(show(node)) == node


@settings(deadline=None)
@given(st.text() | st.text(alphabet="ab'()[],.?01-$ \n"))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    found = parse(text)
    if isinstance(found, Malformed):
        assert found.problem
        assert 0 <= found.position <= len(text)
    else:
        assert parse(show(found)) == found


def test_an_expression_is_in_brackets_and_a_doubled_bracket_is_text() -> None:
    assert expression_in("[a()]") == "a()"
    assert expression_in("[[a()]") is None
    assert expression_in("[a") is None
    assert expression_in("a]") is None
    assert expression_in("") is None
    assert literal_text("[[a()]") == "[a()]"
    assert literal_text("plain") == "plain"


def test_quotes_are_doubled_and_space_is_free() -> None:
    node = parse("\n  concat( 'it''s',\t-5 )\r\n . x [ 'y' ] ")
    assert node == Index(Property(Call("concat", (Literal("it's"), Literal(-5))), "x"), Literal("y"))
    assert show(node) == "concat('it''s', -5).x['y']"


def test_safe_accesses_in_either_order_of_marks() -> None:
    assert parse("a().?b[?0]") == parse("a()?.b[?0]")
    assert parse("a().?b") == Property(Call("a"), "b", True)


def test_a_function_may_have_a_namespace() -> None:
    assert parse("contoso.name('x')") == Call("contoso.name", (Literal("x"),))


def test_what_is_not_an_expression_says_where() -> None:
    for text in (
        "",
        "a",
        "a(",
        "a(,)",
        "'open",
        "a()b",
        "a().",
        "a()[",
        "1.5.x(",
        "a(" * 500,
        "1" * 50,
        "a()" + ".b" * 500,
    ):
        found = parse(text)
        assert isinstance(found, Malformed), text
