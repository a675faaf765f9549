"""Lines that reports make of long or bare texts: cut between items, in a reader's words."""

from __future__ import annotations

import pytest

from reports.steps import Fact, Remedy, Step
from reports.summary import moment, sentence

FACTS = [f"properties/hostnameConfigurations/{n}/certificate/expiry of contoso-apim" for n in range(5)]


@pytest.mark.parametrize("longest", range(0, 400, 7))
def test_what_is_needed_is_cut_between_facts(longest: int) -> None:
    text = Step("", {one: Fact(one, {("s", "c")}) for one in FACTS}).needed_within(longest)
    shown, _, more = text.rpartition("; and ")
    kept = shown.split("; ")
    assert kept == [f"{one} (1)" for one in FACTS[: len(kept)]], "a fact is shown whole or not at all"
    assert more == f"{len(FACTS) - len(kept)} more"
    assert len(kept) == 1 or not longest or len(shown) <= longest


def test_what_fits_is_not_cut() -> None:
    step = Step("", {one: Fact(one, {("s", "c")}) for one in FACTS[:2]})
    assert step.needed_within(1000) == step.needed == "; ".join(f"{one} (1)" for one in FACTS[:2])


def test_what_most_wait_for_is_named_first() -> None:
    few, many = Fact("the gateways", {("s", "a")}), Fact("the APIs", {("s", "a"), ("s", "b")})
    step = Step("list them", {"few": few, "many": many})
    assert step.needed == "the APIs (2); the gateways (1)"
    assert Step("", {"few": few}).needed == "the gateways"


@pytest.mark.parametrize(
    ("text", "command", "words", "permission"),
    [
        ('az rest --url "/x?y" (needs A.B/c/read)', 'az rest --url "/x?y"', "", "A.B/c/read"),
        ("az keyvault show --name v", "az keyvault show --name v", "", ""),
        ("declare them in the template", "", "declare them in the template", ""),
        ("azure decides", "", "azure decides", ""),
    ],
)
def test_a_command_is_told_apart_from_words(text: str, command: str, words: str, permission: str) -> None:
    assert Remedy.of(text) == Remedy(command, words, permission)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2026-11-21T00:00:00+00:00", "2026-11-21 00:00 UTC"),
        ("2026-11-21T01:30:59+02:00", "2026-11-20 23:30 UTC"),
        ("2026-11-21T00:00:00", "2026-11-21T00:00:00"),
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00+02:00"),
        ("yesterday\x1b[2J", "yesterday\\u001b[2J"),
    ],
)
def test_moments_are_those_of_utc(stored: str, shown: str) -> None:
    assert moment(stored) == shown


def test_a_sentence_begins_with_a_capital() -> None:
    assert sentence("nothing failed in APIs") == "Nothing failed in APIs"
    assert sentence("18 checks failed") == "18 checks failed"
    assert sentence("") == ""
