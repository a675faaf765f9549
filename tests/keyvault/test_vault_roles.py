"""Which actions of roles cover reading a secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.keyvault.roles import BUILT_IN, GET, LIST, allows, covers

SEGMENTS = st.lists(
    st.sampled_from(["Microsoft.KeyVault", "vaults", "secrets", "getSecret", "action", "x.y"]),
    min_size=1,
    max_size=5,
)
PATTERNS = st.lists(
    st.one_of(
        st.sampled_from(["*", "read", "get*", "*/", "Microsoft.KeyVault", "/"]),
        st.text("aM./*[?+(", max_size=3),
    ),
    max_size=5,
).map("".join)


def by_hand(pattern: str, action: str) -> bool:
    """The same without a regular expression: position by position."""
    pattern, action = pattern.lower(), action.lower()
    reached = {0}
    for character in pattern:
        if character == "*":
            reached = {later for at in reached for later in range(at, len(action) + 1)}
        else:
            reached = {at + 1 for at in reached if at < len(action) and action[at] == character}
    return len(action) in reached


@given(PATTERNS, SEGMENTS.map("/".join))
def test_wildcards(pattern: str, action: str) -> None:
    assert covers(pattern, action) == by_hand(pattern, action)


@given(SEGMENTS.map("/".join), st.data())
def test_any_part_may_be_a_star(action: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(action)))
    end = data.draw(st.integers(start, len(action)))
    assert covers(f"{action[:start]}*{action[end:]}".upper(), action)


@given(st.lists(PATTERNS, max_size=3), st.lists(PATTERNS, max_size=3))
def test_what_is_withheld_is_not_granted(actions: list[str], withheld: list[str]) -> None:
    granted = allows(actions, withheld, GET)
    assert granted <= allows(actions, (), GET)
    assert not allows(actions, [*withheld, "*"], GET)
    assert not (granted and any(by_hand(each, GET) for each in withheld))


def test_built_in_roles() -> None:
    """The roles that read secrets: "Azure built-in roles for Security"."""
    readers = {role.name for role in BUILT_IN.values() if allows(role.data_actions, (), GET)}
    assert readers == {
        "Key Vault Administrator",
        "Key Vault Secrets User",
        "Key Vault Secrets Officer",
        "Key Vault Certificate User",
    }
    assert all(allows(role.data_actions, (), LIST) for role in BUILT_IN.values() if role.name in readers)
