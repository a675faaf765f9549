"""The Markdown report: complete, bounded, and harmless whatever the input holds."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from reports.markdown import MOST_BYTES, render_markdown
from reports.mdtext import code, text
from tests.reports.golden_files import check_golden, words
from tests.reports.hostile import TEXTS, poisoned
from tests.reports.sample import sample

ELEMENTS = words(
    """
    h2 h3 h4 p strong em ul ol li code table thead tbody tr th td details summary
    """
)
AUTOLINK = re.compile(r"@\w|://|\bwww\.|#\d|\bGH-\d", re.IGNORECASE)
"""What GitHub makes links or mentions of in text that is not code."""


class Rendered(HTMLParser):
    """Markdown as a site shows it, with raw HTML let through."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.open: list[str] = []
        self.prose: list[str] = []
        self.code: list[str] = []
        rules = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
        self.feed(rules.render(markdown))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS, tag
        for name, value in attrs:
            assert (tag, name, value) in {("details", "open", None)} or (
                tag in ("td", "th") and name == "style"
            )
        self.elements.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        (self.code if "code" in self.open else self.prose).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join([*self.prose, *self.code]).split())


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_only_text(name: str, number: int) -> None:
    for change in (lambda text: text + TEXTS[name], lambda _: TEXTS[name], lambda text: TEXTS[name] + text):
        markdown = render_markdown(poisoned(sample(number), change), 10_000_000)
        page = Rendered(markdown)
        for part in page.prose:
            assert not AUTOLINK.search(part), part
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", markdown)


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in ("long", "empty", "blank")])
def test_hostile_texts_change_no_structure(name: str) -> None:
    """Headings, lists, tables and emphasis stand where they stand for harmless names; code may be added."""

    def outline(suffix: str) -> list[str]:
        page = Rendered(render_markdown(poisoned(sample(2), lambda text: text + suffix), 10_000_000))
        return [element for element in page.elements if element != "code"]

    assert outline(f" {TEXTS[name]}") == outline(" x")


@pytest.mark.parametrize("hostile", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("shape", ["{}", "| {} | b |\n| --- | --- |", "- {}: x", "#### {}"])
def test_text_and_code_hold_one_line(hostile: str, shape: str) -> None:
    for written in (text(hostile), code(hostile)):
        assert "\n" not in written
        page = Rendered(shape.format(written))
        assert set(page.elements) <= {"p", "code", "ul", "li", "h4", "table", "thead", "tbody", "tr", "th"}


@pytest.mark.parametrize("value", ["a`b", "``", "`", "a|b`c", "x\\", "\\`", "a b"])
def test_code_shows_what_was_read(value: str) -> None:
    assert "".join(Rendered(f"| {code(value)} |\n| --- |").code) == value


@pytest.mark.parametrize("number", [1, 2])
def test_everything_is_there(number: int) -> None:
    results = sample(number)
    page = Rendered(render_markdown(results))
    told = page.text
    for control in results["catalogue"]["controls"]:
        assert told.count(control["id"]) >= number
        assert told.count(control["title"]) >= number
    for service in results["services"]:
        for row in service["controls"]:
            for feature in row["features"]:
                assert feature["title"] in told
    for part in (
        "FAILED",
        "Exit code 1",
        "CRITICAL",
        "auditor explain",
        "not asked",
        "defaulted",
        "main.json:12",
    ):
        assert part in told
    assert told.index("CRITICAL") < told.index("HIGH")


@pytest.mark.parametrize("limit", [3_000, 8_000, 20_000, MOST_BYTES])
@pytest.mark.parametrize("number", [1, 60, 400])
def test_never_longer_than_allowed(number: int, limit: int) -> None:
    markdown = render_markdown(sample(number), limit)
    assert len(markdown.encode()) <= limit
    page = Rendered(markdown)
    assert "FAILED" in page.text
    if len(markdown.encode()) < len(render_markdown(sample(number), 10_000_000).encode()):
        assert "left out here" in page.text


@pytest.mark.parametrize("name", ["long", "newlines", "right-to-left", "table"])
def test_never_longer_than_allowed_whatever_the_input(name: str) -> None:
    markdown = render_markdown(poisoned(sample(3), lambda text: text + TEXTS[name]))
    assert len(markdown.encode()) <= MOST_BYTES
    assert "FAILED" in Rendered(markdown).text


def test_the_worst_comes_first() -> None:
    results = sample(1)
    short = render_markdown(results, 5_000)
    assert "CRITICAL" in short


@pytest.mark.parametrize("number", [0, 1, 2])
def test_golden(number: int) -> None:
    check_golden(f"services-{number}.md", render_markdown(sample(number)))
