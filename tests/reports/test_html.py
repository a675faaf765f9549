"""The HTML report: complete, self-contained, harmless whatever the input holds, the same from run to run."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from auditor.model.results import Results
from auditor.model.verdict import Status
from reports.html import render_html
from reports.summary import STATUS_WORDS
from tests.reports.golden_files import check_golden, words
from tests.reports.hostile import TEXTS, poisoned
from tests.reports.sample import sample

ELEMENTS = words(
    """
    html head meta title style body a svg symbol path circle rect use header main nav footer section
    article div p h1 h2 h3 h4 h5 ul ol li dl dt dd table caption thead tbody tr th td details summary span b i
    bdi code
    pre figure figcaption time br strong em blockquote hr
    """
)
VOID = frozenset({"meta", "br", "hr"})
ATTRIBUTES = words(
    """
    lang charset http-equiv content name class id href rel tabindex role datetime title open scope colspan
    rowspan start aria-label aria-labelledby aria-hidden viewbox width height cx cy r rx x y d transform
    stroke-dasharray preserveaspectratio
    """
)
DOCUMENTATION = "https://learn.microsoft.com/"


class Page(HTMLParser):
    """A parsed page: its elements, its text, what it points at."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def assert_harmless(html: str) -> Page:
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag in ELEMENTS, tag
        assert set(attributes) <= ATTRIBUTES, (tag, attributes)
        href = attributes.get("href")
        if tag == "use":
            assert href is not None
            assert re.fullmatch(r"#i-\w+", href), href
        elif href is not None:
            assert tag == "a"
            assert href.startswith(("#", DOCUMENTATION)), href
            assert href.startswith("#") or attributes.get("rel") == "noreferrer"
    assert sum(tag == "style" for tag, _ in page.elements) == 1
    return page


@pytest.mark.parametrize("number", [1, 2, 31])
@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_only_text(name: str, number: int) -> None:
    hostile = TEXTS[name]
    changes = (lambda text: text + hostile, lambda _: hostile, lambda text: hostile + text)
    for change in changes[: 3 if number < 3 else 1]:
        page = assert_harmless(render_html(poisoned(sample(number), change)))
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page.text
        )


@pytest.mark.parametrize("name", ["script", "handler", "template", "entity", "link"])
def test_hostile_texts_are_shown_as_they_are(name: str) -> None:
    page = Page(render_html(poisoned(sample(1), lambda text: text + TEXTS[name])))
    assert page.text.count(TEXTS[name]) > 20


def test_nothing_is_asked_of_anybody() -> None:
    html = render_html(sample())
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert css
    digest = base64.b64encode(hashlib.sha256(css[1].encode()).digest()).decode()
    policy = next(
        attributes["content"]
        for tag, attributes in Page(html).elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    # The policy stands before what it governs.
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert not re.search(r"url\(|@import|@font-face|expression\(|</", css[1])


@pytest.mark.parametrize("number", [1, 2, 40])
def test_everything_is_there(number: int) -> None:
    results = sample(number)
    text = Page(render_html(results)).text
    for control in results["catalogue"]["controls"]:
        assert text.count(f"{control['id']} {control['title']}") >= number
        for feature in control["features"]:
            assert feature["title"] in text
            assert text.count(feature["says"]) == 1
            assert text.count(feature["note"]) == 1
        for framework, ids in control["mappings"].items():
            assert f"{framework}{', '.join(ids)}" in text.replace(f"{framework} ", framework)
    for check in results["catalogue"]["checks"]:
        assert check["title"] in text
        assert text.count(f"Why {check['id']} matters") == 1
    for service in results["services"]:
        assert service["name"] in text
    for word in STATUS_WORDS.values():
        assert word in text
    for told in (
        "FAILED",
        "exit code 1",
        "exports/broken.json:3:7",
        "parameters without a value: name",
        "defaulted",
        "since api-version 2021-04-01",
        "from [parameters('sku')]",
        "review.md",
        "moved in spring",
        "What each caller gets: FAIL",
        "not asked",
        "ab" * 32,
        "main.json:12",
    ):
        assert told in text, told
    # Where there are many services, what passed is named without its evidence.
    assert ("GET /service" in text) == (number <= 30)


@pytest.mark.parametrize("number", [0, 1, 2, 40])
def test_the_page_is_well_formed(number: int) -> None:
    page = assert_harmless(render_html(sample(number)))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(attributes["href"]) for _, attributes in page.elements if "href" in attributes}
    assert {target for target in targets if target.startswith("#")} <= {f"#{one}" for one in ids}
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for tag, attributes in page.elements:
        assert tag != "th" or "scope" in attributes
    for landmark in ("header", "nav", "main", "footer"):
        assert any(tag == landmark for tag, _ in page.elements)


def test_colour_is_never_alone() -> None:
    """Beside every symbol stands its word, if only for those who listen."""
    html = render_html(sample(2))
    for status in Status:
        for cell in re.findall(rf'<td class="{status}">(.*?)</td>', html):
            assert f'<span class="vh">{STATUS_WORDS[status]}</span>' in cell


def test_long_lists_are_cut() -> None:
    results = sample(1)
    finding = results["services"][0]["controls"][1]["features"][0]["findings"][1]
    finding["subjects"] = [{**finding["subjects"][0], "name": f"name-{number}"} for number in range(1000)]
    text = Page(render_html(results)).text
    assert "and 800 more" in text
    assert "name-199" in text
    assert "name-200" not in text


def test_size_is_linear() -> None:
    sizes = [len(render_html(sample(number))) for number in (50, 100, 200)]
    assert sizes[2] - sizes[1] < 2.2 * (sizes[1] - sizes[0])


def without_style(html: str) -> str:
    """A page without its stylesheet: a golden file is about what is said."""
    html = re.sub(r"<style>.*?</style>", "<style></style>", html, flags=re.DOTALL)
    return re.sub(r"sha256-[\w+/=]+", "sha256-", html)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_golden(number: int) -> None:
    check_golden(f"services-{number}.html", without_style(render_html(sample(number))))


def test_rendering_changes_nothing() -> None:
    results: Results = sample(2)
    assert render_html(results) == render_html(sample(2))
    assert results == sample(2)
