"""The routes before a service, drawn: whatever gateways and rules are called."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from auditor.audit import Options, Span, audit
from auditor.model.results import Results
from controls import catalogue
from reports.html import render_html
from reports.markdown import render_markdown
from tests.conftest import FIXTURES, NOW
from tests.judging import inventory_of
from tests.reports.hostile import TEXTS

PATH = FIXTURES / "controls/ns-6/waf-in-front/fail--detection.json"


def results(text: str = "") -> Results:
    """The result of a fixture whose one route fails, every text of the route replaced by another."""
    found = copy.deepcopy(audit(inventory_of(PATH), catalogue(), Options(NOW), Span(NOW, NOW)))
    if text:
        for route in routes_of(found):
            for name in ("front", "listener", "rule", "firewall", "type"):
                route[name] = text
            for name in ("hosts", "paths", "notes", "apis"):
                route[name] = [text]
    return found


def routes_of(found: Any) -> list[dict[str, Any]]:
    return [
        route
        for service in found["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding.get("details", {}).get("kind") == "fronts"
        for route in finding["details"]["routes"]
    ]


def test_every_report_shows_the_route() -> None:
    found = results()
    assert routes_of(found)
    for report in (render_html(found), render_markdown(found)):
        for shown in ("listener api", "/orders", "does not block", "api.contoso.example"):
            assert shown in report


@pytest.mark.parametrize("name", TEXTS)
def test_names_are_only_text(name: str) -> None:
    found, plain = results(TEXTS[name]), results("plain")
    html = render_html(found)
    markdown = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(render_markdown(found))
    assert html.count("<") == render_html(plain).count("<")
    assert not re.search(r"<(script|img|style|a |h1)", markdown)
    assert "\x1b" not in html + markdown
