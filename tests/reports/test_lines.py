"""Lines that reports make of long or bare texts: cut between items, in a reader's words."""

from __future__ import annotations

import pytest

from reports.summary import Step, moment, sentence

FACTS = [f"properties/hostnameConfigurations/{n}/certificate/expiry of contoso-apim" for n in range(5)]


@pytest.mark.parametrize("longest", range(0, 400, 7))
def test_what_is_needed_is_cut_between_facts(longest: int) -> None:
    text = Step("", wanted=dict.fromkeys(FACTS)).needed_within(longest)
    shown, _, more = text.rpartition("; and ")
    kept = shown.split("; ")
    assert kept == FACTS[: len(kept)], "a fact is shown whole or not at all"
    assert more == f"{len(FACTS) - len(kept)} more"
    assert len(kept) == 1 or not longest or len(shown) <= longest


def test_what_fits_is_not_cut() -> None:
    step = Step("", wanted=dict.fromkeys(FACTS[:2]))
    assert step.needed_within(1000) == step.needed == "; ".join(FACTS[:2])


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
