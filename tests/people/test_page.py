"""The examples of the page on waivers do what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor.config import DEFAULTS
from auditor.register import State
from auditor.userfiles import schema_of
from tests.conftest import ROOT
from tests.reports.golden_files import check_golden

PAGE = (ROOT / "docs" / "waivers.md").read_text("utf-8")
EXAMPLE = str(ROOT / "examples" / "contoso-apim.json")
GOLDEN = Path(__file__).parent / "golden"
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_hold(run: Any, here: Path) -> None:
    assert set(FILES) == {"waivers.yaml", "attestations.toml", "auditor.toml"}
    ran = run("scan", EXAMPLE, "--as-of", "2026-11-21")
    assert "configuration: auditor.toml" in ran.err
    results = json.loads((here / "results.json").read_text("utf-8"))
    told = [*results["run"]["waivers"]["entries"], *results["run"]["attestations"]["entries"]]
    assert [entry["state"] for entry in told] == ["holds", "expires-soon", "holds"]
    assert results["summary"]["counts"]["waived"] == 2
    assert (here / "report.html").is_file()


def test_the_commands_work(run: Any, here: Path) -> None:
    run("scan", EXAMPLE, "--as-of", "2026-11-21")
    day = ("--as-of", "2026-11-21")
    assert run("waivers", "check", "waivers.yaml", "--results", "results.json", *day).code == 0
    assert run("attestations", "check", "attestations.toml", *day).code == 0
    assert run("attestations", "draft", "results.json", "--service", "contoso-apim").code == 0
    drafted = run("waivers", "draft", "results.json", "--check", "apim.ns-2.gateway-not-public")
    assert "evidence: v1-" in drafted.out
    assert run("config", "check").code == 0


def test_every_key_and_state_is_described() -> None:
    for name in ("waivers", "attestations"):
        for key in schema_of(name)["properties"][name]["items"]["properties"]:
            assert f"`{key}`" in PAGE, key
    for key in DEFAULTS:
        assert f"`{key}`" in PAGE, key
    assert set(DEFAULTS) == set(schema_of("config")["properties"])
    for state in State:
        assert f"| `{state.value}` |" in PAGE, state
    for kind in schema_of("waivers")["properties"]["waivers"]["items"]["properties"]["kind"]["enum"]:
        assert f"`{kind}`" in PAGE


def test_what_reports_say_of_it(run: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sections as they were when somebody last looked at them."""
    (here / "waivers.yaml").write_text(
        FILES["waivers.yaml"]
        + FILES["waivers.yaml"]
        .removeprefix("waivers:\n")
        .replace("2027-03-31", "2026-11-20")
        .replace("contoso-*", "fabrikam"),
        encoding="utf-8",
    )
    monkeypatch.setenv("COLUMNS", "100")
    ran = run("scan", EXAMPLE, "--as-of", "2026-11-21", "--report", "md=r.md")
    markdown = (here / "r.md").read_text("utf-8")
    for name, text, start, end in (
        ("people.txt", ran.out, "Accepted and answered by people", "Report written"),
        ("people.md", markdown, "### Accepted and answered by people", "### What the input could not show"),
        ("people.err.txt", ran.err, "auditor: waiver", ""),
    ):
        section = text[text.index(start) : text.index(end, text.index(start)) if end else None]
        check_golden(name, "".join(line.rstrip() + "\n" for line in section.splitlines()), GOLDEN)
