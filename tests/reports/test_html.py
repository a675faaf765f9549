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
from reports import safe
from reports.html import render_html
from reports.summary import STATUS_WORDS, telling
from reports.view import View
from tests.reports.golden_files import check_golden, words
from tests.reports.hostile import TEXTS, poisoned
from tests.reports.sample import sample

ELEMENTS = words(
    """
    html head meta title style body a svg symbol path circle rect use header main nav footer section
    article div p h1 h2 h3 h4 h5 ul ol li dl dt dd table caption thead tbody tr th td details summary span b i
    bdi code
    pre figure figcaption time br strong em blockquote hr
    form label input select option button script
    """
)
VOID = frozenset({"meta", "br", "hr", "input"})
ATTRIBUTES = words(
    """
    lang charset http-equiv content name class id href rel tabindex role datetime title open scope colspan
    rowspan start aria-label aria-labelledby aria-hidden viewbox width height cx cy r rx x y d transform
    stroke-dasharray preserveaspectratio hidden type name value autocomplete maxlength placeholder
    data-box data-f data-map data-st data-sev data-c data-src data-svc data-lang
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
        if self.open and self.open[-1] not in ("style", "script"):
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
        # The marks of the filter are closed words or numbers, whatever things are called.
        for mark in ("data-map", "data-st", "data-sev", "data-c", "data-src", "data-svc"):
            assert re.fullmatch(r"[a-z0-9_ -]*", attributes.get(mark) or ""), (tag, attributes)
    assert sum(tag == "style" for tag, _ in page.elements) == 1
    assert html.count("</script>") == sum(tag == "script" for tag, _ in page.elements) <= 1
    assert all(not attributes for tag, attributes in page.elements if tag in ("style", "script"))
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
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert css
    assert script
    style, code = (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (css[1], script[1])
    )
    policy = next(
        attributes["content"]
        for tag, attributes in Page(html).elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == (
        f"default-src 'none'; style-src {style}; script-src {code}; base-uri 'none'; form-action 'none'"
    )
    # The policy stands before what it governs.
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert not re.search(r"url\(|@import|@font-face|expression\(|</", css[1])
    # The script writes text only, and neither asks for anything nor makes code of text.
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|fetch|XMLHttp|import|https?:|<!--|</",
        script[1],
    )


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
            assert re.fullmatch(rf'(?:<a href="#[\w-]+">|<i>){STATUS_WORDS[status]}</(?:a|i)>', cell)
    assert html.count('<td class="fail">') >= 2


def test_long_lists_are_cut() -> None:
    results = sample(1)
    finding = results["services"][0]["controls"][1]["features"][0]["findings"][1]
    finding["subjects"] = [{**finding["subjects"][0], "name": f"name-{number}"} for number in range(1000)]
    text = Page(render_html(results)).text
    assert "and 800 more" in text
    assert "name-199" in text
    assert "name-200" not in text


def test_size_is_bounded() -> None:
    """A hundred services have sections; another one costs a row of the map and a few names."""
    sizes = [len(render_html(sample(number))) for number in (50, 100, 200)]
    assert sizes[2] - sizes[1] < 0.3 * 2 * (sizes[1] - sizes[0])


def test_services_without_a_section_are_counted_and_on_the_map() -> None:
    html = render_html(sample(120))
    page = Page(html)
    assert (
        "The 100 services with most failures have a section below; of the other 20 this map shows"
        in page.text
    )
    assert (
        sum(tag == "details" and attributes.get("class") == "service" for tag, attributes in page.elements)
        == 100
    )
    names = re.findall(r'<tr data-map="s\d+" data-st="[^"]*"><th scope="row" class="name">(.*?)</th>', html)
    assert len(names) == 120
    assert sum("<a " in name for name in names) == 100


def test_many_findings_of_one_check_are_drawn_then_named_then_counted() -> None:
    results = sample(1)
    home = results["services"][0]["controls"][0]["features"][0]
    first = next(one for one in home["findings"] if one["status"] == "fail")
    home["findings"] = [
        {
            **first,
            "message": f"wrong {number}",
            "subjects": [{**first["subjects"][0], "item": f"item-{number:04}"}],
        }
        for number in range(1000)
    ]
    html = render_html(results)
    failed = html.partition('<section id="failed"')[2].partition("</section>")[0]
    text = Page(f"<div>{failed.partition('>')[2]}</div>").text
    assert len(re.findall(r"wrong \d+", text)) == 40
    assert "item-0339" in text
    assert "item-0340" not in text
    assert "and 660 more, in the JSON result only" in text
    assert len(html) < 2 * len(render_html(sample(1)))


def test_what_comes_first_is_the_worst_with_its_evidence() -> None:
    html = render_html(sample(1))
    start = html.partition('<div class="start">')[2].partition('<div class="cards">')[0]
    group = re.search(r'<article class="group [^>]*id="([\w-]+)"', html)
    link = re.search(r'<a href="#([\w-]+)">', start)
    assert group
    assert link
    assert link[1] == group[1]
    assert "main.json:12" in start
    assert "Not looked at" in start
    assert 'href="#not-shown"' in start


def test_where_nothing_failed_it_is_not_called_clean() -> None:
    results = sample(1)
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            feature["findings"] = [
                one for one in feature["findings"] if one["status"] not in ("fail", "error")
            ]
    text = Page(render_html(results)).text
    assert "Nothing that was judged failed" in text
    assert "no clean bill of health" in text


def without_style(html: str) -> str:
    """A page without its style sheet and script: a golden file is about what is said."""
    html = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", html, flags=re.DOTALL)
    return re.sub(r"sha256-[\w+/=]+", "sha256-", html)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_golden(number: int) -> None:
    check_golden(f"services-{number}.html", without_style(render_html(sample(number))))


def test_rendering_changes_nothing() -> None:
    results: Results = sample(2)
    assert render_html(results) == render_html(sample(2))
    assert results == sample(2)


def test_values_that_were_left_out_are_counted() -> None:
    results = sample(1)
    finding = next(
        one
        for one in results["services"][0]["controls"][0]["features"][0]["findings"]
        if one["status"] == "fail"
    )
    finding["evidence"] = finding["evidence"][:1] * 40
    finding["more_evidence"] = 7
    assert "and 35 more values (in the JSON result)" in Page(render_html(results)).text


def test_what_is_written_out_is_never_printable() -> None:
    """So that asking for printable text, which is cheap, misses nothing that has to be written out."""
    unsafe = [chr(code) for code in range(0x110000) if safe._UNSAFE.match(chr(code))]
    assert len(unsafe) > 2000
    assert not any(one.isprintable() for one in unsafe)
    assert safe.plain("a\u202eb\n") == "a\\u202eb\n"


def test_the_value_that_decides_is_shown_first() -> None:
    results = sample(1)
    finding = next(
        one
        for control in results["services"][0]["controls"]
        for feature in control["features"]
        for one in feature["findings"]
        if one["status"] == "fail"
    )
    one = finding["evidence"][0]
    finding["message"] = "The certificate 0A0B expired on 2024-05-20."
    finding["evidence"] = [
        {**one, "pointer": "/certificate/expiry", "value": "2024-05-20T11:42:43Z"},
        {**one, "pointer": "/certificate/thumbprint", "value": "0A0B"},
        {**one, "pointer": "/sku/name", "value": "Premium"},
    ]
    assert telling(finding)[-1]["value"] == "2024-05-20T11:42:43Z"
    finding["message"] = "Nothing that was read is named."
    assert telling(finding)[-1]["value"] == "2024-05-20T11:42:43Z"


@pytest.mark.parametrize("given", [[], ["prod.parameters.json"]])
def test_the_head_says_which_parameters_a_template_was_judged_with(given: list[str]) -> None:
    results = sample(1)
    results["run"]["inputs"][0]["notes"] = [
        "parameters without a value: key",
        "parameters at their defaultValue: sku, location",
    ]
    results["run"]["scope"]["parameters"] = given
    text = Page(render_html(results)).text
    assert "1 parameter without a value and 2 parameters at their defaultValue." in text
    assert ("A template without its deployment's values" in text) is not bool(given)
    assert ("What a deployment would set is judged with" in text) is not bool(given)


def test_the_worst_of_a_service_comes_first_and_each_check_once() -> None:
    results = sample(1)
    service = results["services"][0]
    del service["controls"][1:], service["controls"][0]["features"][1:]
    findings = service["controls"][0]["features"][0]["findings"]
    one = next(finding for finding in findings if finding["status"] == "fail")
    told = [("a", "high"), ("b", "medium"), ("a", "low"), ("c", "critical")]
    findings[:] = [{**one, "check": f"apim.x.{check}", "severity": severity} for check, severity in told]
    view = View(results)
    worst = [(found["check"][-1], found["severity"]) for found in view.worst(view.services[0])]
    assert worst == [("c", "critical"), ("a", "high"), ("b", "medium")]


def test_names_of_checks_in_texts_are_links() -> None:
    results = sample(1)
    known = results["catalogue"]["checks"][0]["id"]
    results["catalogue"]["checks"][1]["remediation"] = (
        f"See `{known.rpartition('.')[2]}`, not `some-other-word` and not `<b>x-y</b>`."
    )
    html = render_html(results)
    slug = known.rpartition(".")[2]
    assert re.search(rf'<a href="#[\w-]+"><code>{slug}</code></a>', html)
    assert "<code>some-other-word</code>" in html
    assert "<b>x-y" not in html
