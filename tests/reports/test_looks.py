"""What can be measured of the looks: contrast in both schemes, a browser that does not complain."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from reports.html import render_html
from tests.reports.sample import sample

CSS = (files("reports") / "templates" / "report.css").read_text("utf-8")
STATUSES = ("fail", "error", "unknown", "manual", "waived", "pass", "inherited", "na")
CHROMIUM = next(
    filter(
        None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    ),
    None,
)
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--log-level=0",
    "--dump-dom",
]


def palette(dark: bool) -> dict[str, str]:
    light, _, rest = CSS.partition("@media (prefers-color-scheme:dark)")
    colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", light.partition("}")[0]))
    if dark:
        colours |= dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", rest.partition("}")[0]))
    return colours


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(dark: bool) -> None:
    """WCAG 2.2 AA: 4.5 for text, 3 for symbols and for what shows where the focus is."""
    colours = palette(dark)
    texts = [(text, ground) for text in ("text", "muted", "link") for ground in ("bg", "card", "soft")]
    texts += [(status, f"{status}-bg") for status in STATUSES]
    texts += [(status, "card") for status in STATUSES]
    texts += [("text", f"{status}-bg") for status in STATUSES]
    texts += [("unknown", "soft")]
    symbols = [
        (f"{status}-s", ground) for status in STATUSES for ground in ("card", f"{status}-bg", "onsolid")
    ]
    symbols += [("cover", "card"), ("focus", "card"), ("focus", "bg")]
    weak = [(*pair, round(contrast(*map(colours.__getitem__, pair)), 2)) for pair in texts]
    weak = [one for one in weak if one[2] < 4.5]
    faint = [(*pair, round(contrast(*map(colours.__getitem__, pair)), 2)) for pair in symbols]
    assert weak == []
    assert [one for one in faint if one[2] < 3] == []


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: its console is not listened to")
@pytest.mark.parametrize("number", [0, 1, 2, 31])
def test_a_browser_has_nothing_to_complain_of(number: int, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_html(sample(number)), encoding="utf-8")
    dom, log = browse(page, tmp_path)
    assert "CONSOLE" not in log
    assert "FAILED" in dom or number == 0
    assert "</footer>" in dom


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: its console is not listened to")
def test_the_browser_would_complain(tmp_path: Path) -> None:
    """Of a style that the policy does not know: so the test above can fail."""
    page = tmp_path / "report.html"
    html = render_html(sample(1)).replace("<main", '<p style="color:red">x</p><script>1</script><main')
    page.write_text(html, encoding="utf-8")
    assert browse(page, tmp_path)[1].count("Content Security Policy") >= 2


def browse(page: Path, folder: Path) -> tuple[str, str]:
    assert CHROMIUM is not None
    command = [CHROMIUM, *QUIET, f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)  # noqa: S603 - a browser on our page
    return done.stdout.decode(), done.stderr.decode("utf-8", "replace")
