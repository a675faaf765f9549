"""Which requests a rule catches, against a model that tries every path."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.fronts.paths import covered, reaches, span, spans_of_api

_LETTERS = "ab/"
_PATHS = tuple("/" + "".join(each) for size in range(6) for each in product(_LETTERS, repeat=size))
"""Every path of up to six characters."""
_PATTERNS = st.sampled_from([path + star for path in _PATHS if len(path) < 4 for star in ("", "*")])
_LISTS = st.lists(_PATTERNS, max_size=3)
_APIS = st.sampled_from(["", "a", "b", "ab", "a/b"])


def catches(pattern: str, path: str) -> bool:
    """What a pattern says, read naively."""
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def serves(api: str, path: str) -> bool:
    """Whether a request with a path is one for an API."""
    return not api or path == f"/{api}" or path.startswith(f"/{api}/")


@given(_LISTS, _LISTS, _APIS)
def test_a_rule_shows_an_api_where_some_path_says_so(
    patterns: list[str], before: list[str], api: str
) -> None:
    expected = any(
        serves(api, path)
        and any(catches(each, path) for each in patterns)
        and not any(catches(each, path) for each in before)
        for path in _PATHS
    )
    assert reaches(patterns, before, spans_of_api(api)) is expected


@given(_PATTERNS, _LISTS)
def test_what_is_covered_is_caught(pattern: str, by: list[str]) -> None:
    if covered(pattern, by):
        # A front door's /api/* is for /api as well.
        wide = list(by) + [each[:-2] for each in by if each.endswith("/*") and len(each) > 2]
        caught = [path for path in _PATHS if catches(pattern, path)]
        assert all(any(catches(each, path) for each in wide) for path in caught)


@given(_PATTERNS)
def test_everything_covers_anything(pattern: str) -> None:
    assert covered(pattern, ["/*"])
    assert not covered(pattern, [])


@pytest.mark.parametrize(
    ("patterns", "before", "api", "shown"),
    [
        (["/orders/*"], [], "orders", True),
        (["/orders/*"], [], "order", False),
        (["/ORDERS/*"], [], "orders", True),
        (["/*"], ["/orders*"], "orders", False),
        (["/*"], ["/orders/*"], "orders", True),  # /orders itself is left
        (["/orders/v1/*"], [], "orders", True),
        (["orders/*"], [], "/orders/", True),
        (["/orders/*"], ["/*"], "orders", False),
        ([], [], "orders", False),
    ],
)
def test_examples(patterns: list[str], before: list[str], api: str, shown: bool) -> None:
    assert reaches(patterns, before, spans_of_api(api)) is shown


def test_an_exact_path_does_not_cover_what_begins_like_it() -> None:
    assert not span("/a").covers(span("/a*"))
    assert span("/a*").covers(span("/a"))
