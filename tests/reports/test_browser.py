"""The HTML report in a browser: its filter, its policy, its paper, and what axe finds of accessibility.

Without Chromium, or without the packages that drive it, these tests are skipped and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.model.results import Results
from reports import diffhtml
from reports.html import render_html
from tests.reports.hostile import TEXTS, poisoned
from tests.reports.sample import sample
from tests.reports.test_differences import told
from tests.reports.test_looks import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

if CHROMIUM is None:
    pytest.skip("no Chromium here: the report is not opened in a browser", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright here to drive a browser")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here to ask")

AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page from a file; at the end nothing was complained of and nothing was asked of anybody."""
    contexts, complaints, asked = [], [], []

    def show(html: str, place: str = "", **options: Any) -> Page:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri() + place)
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url.partition("#")[0].rpartition("/")[2] for url in asked} == {"report.html"}


def matches(page: Page) -> str:
    # Typing is answered after a pause.
    page.wait_for_timeout(400)
    return page.inner_text("#filter-state")


def hostile() -> Results:
    return poisoned(sample(2), lambda text: text + TEXTS["handler"] + TEXTS["right-to-left"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "width"), [("none", 1280), ("one", 1280), ("one", 390), ("two", 1280), ("diff", 1280)]
)
def test_axe_finds_nothing(show: Open, name: str, width: int, scheme: str) -> None:
    """WCAG 2.1 A and AA, and what axe holds for good practice, with everything unfolded."""
    pages = {"none": 0, "one": 1, "two": 2}
    html = diffhtml.render_html(told()) if name == "diff" else render_html(sample(pages[name]))
    page = show(html, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    found = axe.Axe().run(page, options=AXE).response
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20


def test_axe_would_find_something(show: Open) -> None:
    html = render_html(sample(1)).replace("<main", '<input type="text"><main')
    found = axe.Axe().run(show(html), options=AXE).response
    assert "label" in {one["id"] for one in found["violations"]}


def test_filter_by_status_and_back(show: Open) -> None:
    page = show(render_html(sample(2)))
    before = page.locator("#unknown:visible").count()
    page.select_option("select[name=st]", "fail")
    said = matches(page)
    assert "Failed: 4 of 6 shown" in said
    assert "Unknown: 0 of" in said
    assert "(4 of 6 shown)" in page.inner_text("#h-failed")
    assert page.locator(".group.fail:visible").count() == page.locator(".group.fail").count() > 0
    assert page.locator("#unknown:visible").count() == 0 < before
    assert page.locator("nav a[href='#unknown']:visible").count() == 0
    assert page.url.endswith("#?st=fail")
    # The address keeps it.
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert page.inner_text("#filter-state") == said
    page.click("text=Clear")
    assert matches(page) == ""
    assert page.locator("#unknown:visible").count() == 1
    assert "shown" not in page.inner_text("#h-failed")
    assert "?" not in page.url
    assert page.evaluate("document.activeElement.name") == "q"


@pytest.mark.parametrize(
    ("name", "mark"), [("sev", "data-sev"), ("c", "data-c"), ("src", "data-src"), ("svc", "data-svc")]
)
def test_filter_by_what_is_marked(show: Open, name: str, mark: str) -> None:
    page = show(render_html(sample(2)))
    whole = page.locator("[data-f]").count()
    for value in page.eval_on_selector_all(
        f"select[name={name}] option", "all => all.map((one) => one.value)"
    )[1:]:
        page.select_option(f"select[name={name}]", value)
        matches(page)
        wrong = page.evaluate(
            """([mark, value]) => [...document.querySelectorAll("[data-f]")].filter((one) => {
                const words = (one.closest(`[${mark}]`)?.getAttribute(mark) || "").split(" ");
                return words.includes(value) === one.hidden;
            }).length""",
            [mark, value],
        )
        assert wrong == 0
        assert 0 < page.locator("[data-f]:not([hidden])").count() < whole


def test_search_finds_values_and_titles_and_says_when_nothing_matches(show: Open) -> None:
    page = show(render_html(sample(1)))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.fill("#filter input", "MAIN.JSON:12")
    assert "shown." in matches(page)
    page.fill("#filter input", "no such thing <b>")
    assert matches(page) == "Nothing matches."
    assert page.locator("main > section[data-box]:visible").count() == 0
    # The numbers and the run are not filtered.
    assert page.is_visible("#summary")
    assert page.is_visible("#run")
    assert page.get_attribute("#filter-state", "role") == "status"


def test_a_link_leads_to_what_the_filter_put_away(show: Open) -> None:
    page = show(render_html(sample(1)), "#?st=fail")
    assert not page.is_visible("#unknown")
    page.evaluate("location.hash = '#step-1'")
    page.wait_for_timeout(300)
    assert page.is_visible("#step-1")
    assert page.url.endswith("#step-1?st=fail")


def test_without_script_everything_is_there(show: Open) -> None:
    page = show(render_html(sample(2)), java_script_enabled=False)
    for control in ("#filter", "#filter-link", "button.copy"):
        assert page.locator(control).locator("visible=true").count() == 0
    for section in ("#summary", "#failed", "#unknown", "#services", "#not-shown", "#run"):
        assert page.is_visible(section)


def test_a_snippet_is_copied_as_it_is_written(show: Open, browser: Browser) -> None:
    results = sample(1)
    for check in results["catalogue"]["checks"]:
        check["remediation"] = "Do:\n\n```sh\naz apim show <NAME>\n```\n"
    page = show(render_html(results), permissions=["clipboard-read", "clipboard-write"])
    assert page.locator("pre[data-lang='Azure CLI']").count() > 0
    page.locator(".fix .copy").first.click()
    page.wait_for_timeout(200)
    assert page.evaluate("navigator.clipboard.readText()") == "az apim show <NAME>"
    assert page.locator(".fix .copy").first.inner_text() == "Copied"


@pytest.mark.parametrize("number", [1, 31])
def test_a_telephone_scrolls_one_way(show: Open, number: int) -> None:
    page = show(render_html(sample(number)), viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_every_link_of_the_navigation_is_in_sight(show: Open, width: int) -> None:
    page = show(render_html(sample(31)), viewport={"width": width, "height": 800})
    assert page.locator("nav a:visible").count() >= 8
    outside = page.locator("nav a:visible").evaluate_all(
        "(all, width) => all.map((one) => one.getBoundingClientRect())"
        ".filter((box) => box.left < 0 || box.right > width).length",
        width,
    )
    assert outside == 0
    assert (
        page.evaluate(
            "(() => { const ul = document.querySelector('nav ul');"
            " return ul.scrollWidth - ul.clientWidth })()"
        )
        <= 0
    )
    # Where it takes many rows it does not stay in front of what is read, nor ever of what a link leads to.
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(800)
    left = page.evaluate("document.querySelector('nav').getBoundingClientRect()")
    assert left["bottom"] <= 0 or left["height"] < 88


def test_hostile_names_stay_names(show: Open) -> None:
    page = show(render_html(hostile()))
    page.fill("#filter input", "onerror=alert(1)>")
    assert "Failed: 6 of 6 shown" in matches(page)
    assert page.locator("img").count() == 0
    page.select_option("select[name=svc]", index=1)
    assert "Failed: 3 of 6 shown" in matches(page)


def test_the_name_of_a_service_shows_it_as_choosing_it_does(show: Open) -> None:
    page = show(render_html(sample(3)))
    rows = "#map tbody tr:visible"
    assert page.locator(rows).count() == 3
    page.select_option("select[name=svc]", label="contoso-2")
    chosen = matches(page)
    assert page.locator(rows).count() == 1
    assert page.locator("#unknown:visible").count() == 1
    page.click("text=Clear")
    matches(page)
    page.fill("#filter input", "Contoso-2")
    assert matches(page) == chosen
    assert page.locator(rows).count() == 1
    assert page.locator("#unknown:visible").count() == 1


def test_what_a_filter_unfolds_is_folded_again(show: Open) -> None:
    page = show(render_html(sample(1)))
    before = page.locator("details[open]").count()
    page.fill("#filter input", "main.json:12")
    matches(page)
    assert page.locator("details[open]").count() > before
    page.click("text=Clear")
    matches(page)
    assert page.locator("details[open]").count() == before


def test_the_map_shows_the_control_that_was_asked_for(show: Open) -> None:
    page = show(render_html(sample(1)))
    page.select_option("select[name=c]", index=1)
    matches(page)
    assert page.locator("[data-map=control]:visible").count() == 1


def test_long_names_are_wrapped(show: Open) -> None:
    page = show(
        render_html(poisoned(sample(1), lambda text: text + TEXTS["long"])),
        viewport={"width": 390, "height": 800},
    )
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_paper_has_what_was_folded(show: Open) -> None:
    page = show(render_html(sample(1)))
    closed = page.locator("details.control:not([open])").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.control:not([open])").count() == 0 < closed
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.control:not([open])").count() == closed
    page.emulate_media(media="print")
    for gone in ("nav", "#filter", ".copy"):
        assert page.locator(gone).locator("visible=true").count() == 0
    # A filtered page says on paper that it is not the whole report.
    page.emulate_media(media="screen")
    page.select_option("select[name=st]", "fail")
    matches(page)
    page.emulate_media(media="print")
    assert page.is_visible("#filter-state")
    assert page.locator("#filter select").locator("visible=true").count() == 0
