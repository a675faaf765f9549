"""The way to a secret in Key Vault, as the reports draw it."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from auditor.model.results import Results
from reports.html import render_html
from reports.markdown import render_markdown
from tests.reports.hostile import TEXTS
from tests.reports.sample import sample

SCHEMA: Any = json.loads((files("reports") / "results.schema.json").read_text("utf-8"))
LINKS = [
    {"link": "reference", "status": "pass", "what": "It names partner in contoso-vault."},
    {"link": "vault", "status": "unknown", "what": "Not known: the vault."},
    {
        "link": "permission",
        "status": "fail",
        "what": "No role lets it read.",
        "where": "contoso-vault properties/enableRbacAuthorization",
    },
    {"link": "security-group", "status": "manual", "what": "The group has to be looked at."},
    {"link": "refresh", "status": "not_applicable", "what": "Nothing reports a refresh."},
]
"""Not every link has to be there for a report to draw those that are."""


def with_chain(links: list[dict[str, str]], origin: str = "partner", vault: str = "contoso-vault") -> Results:
    results = sample(1)
    details = {"kind": "vault-chain", "from": origin, "vault": vault, "broken": "permission", "links": links}
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                if finding["status"] == "fail":
                    finding["details"] = details
    return results


def test_schema() -> None:
    def errors(links: Any) -> list[str]:
        return [e.message for e in Draft202012Validator(SCHEMA).iter_errors(with_chain(links))]

    assert errors(LINKS) == []
    assert errors([])
    assert errors([{**LINKS[0], "status": "passed"}])
    assert errors([{**LINKS[0], "link": "luck"}])
    assert errors([{"link": "vault", "status": "pass"}])


def test_html() -> None:
    page = render_html(with_chain(LINKS))
    assert "From partner to its secret in contoso-vault" in page
    assert '<li class="fail broken"><span class="k fail">permission</span>' in page
    drawn = page.count('<span class="k manual">security-group</span>')
    assert drawn == page.count('<figure class="chain">') > 0
    assert "contoso-vault properties/enableRbacAuthorization" in page


def test_markdown() -> None:
    text = render_markdown(with_chain(LINKS))
    assert "  3. **permission**, " in text
    assert "  4. security-group, ✋ manual: The group has to be looked at." in text


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_texts(name: str) -> None:
    hostile = TEXTS[name]
    links = [{**link, "what": hostile, "where": hostile} for link in LINKS]
    harmless = [{**link, "what": "x", "where": "x"} for link in LINKS]
    page = render_html(with_chain(links, hostile, hostile))
    plain = render_html(with_chain(harmless, "x", "x"))
    assert page.count("<") <= plain.count("<")
    assert "<script>alert" not in page
    assert not re.search(r"(?<!\\)\]\(javascript:", render_markdown(with_chain(links, hostile, hostile)))
