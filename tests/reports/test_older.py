"""A result that an older version stored, without the members that came later, still renders."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reports import FORMATS, render
from tests.reports.sample import sample

LATER = frozenset(
    {
        "against", "attestation", "attestations", "azure_policy", "configuration", "details",
        "evidence_digest", "more_evidence", "observation", "waivers",
    }
)  # fmt: skip
"""Members that were added to the first schema, all of them optional."""


def older(value: Any) -> Any:
    """A value without the later members, at any depth."""
    if isinstance(value, dict):
        # The origin of what a person said is called attestation too, and was there from the first.
        kept = {name: inner for name, inner in value.items() if name not in LATER or isinstance(inner, str)}
        return {name: older(inner) for name, inner in kept.items()}
    return [older(inner) for inner in value] if isinstance(value, list) else value


def test_the_later_members_are_optional() -> None:
    schema: Any = json.loads((files("reports") / "results.schema.json").read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(older(sample(2)))] == []


@pytest.mark.parametrize("name", FORMATS)
def test_an_older_result_renders(name: str) -> None:
    results: Any = older(sample(2))
    text = render(name, results)
    assert "apim.ns-2.gateway-not-public" in text
    assert results["services"][0]["name"] in text
