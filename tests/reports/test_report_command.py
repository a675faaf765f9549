"""``auditor report`` and ``scan --report``: every format, the same from both, and errors in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import main
from reports import FORMATS, SMALLEST, render
from tests.reports.hostile import poisoned
from tests.reports.sample import sample


def ran(*arguments: str) -> int:
    with pytest.raises(SystemExit) as raised:
        main(list(arguments))
    return int(raised.value.code or 0)


@pytest.fixture
def results(tmp_path: Path) -> str:
    path = tmp_path / "results.json"
    path.write_text(render("json", sample(2)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_and_printed(
    name: str, results: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    target = tmp_path / "out"
    assert ran("report", results, "-f", name, "-o", str(target)) == 0
    assert ran("report", results, "--format", name) == 0
    assert capfdbinary.readouterr().out == target.read_bytes() == render(name, sample(2)).encode()


@pytest.mark.parametrize("name", FORMATS)
def test_scan_writes_what_report_would(name: str, tmp_path: Path) -> None:
    stored, own, later = tmp_path / "results.json", tmp_path / "own", tmp_path / "later"
    example = str(Path(__file__).parents[2] / "examples" / "contoso-apim.json")
    ran("scan", example, "-q", "--report", f"json={stored}", "--report", f"{name}={own}")
    assert ran("report", str(stored), "-f", name, "-o", str(later)) == 0
    assert own.read_bytes() == later.read_bytes()


@pytest.mark.parametrize("command", ["scan", "report"])
def test_help_names_every_format(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert ran(command, "--help") == 0
    told = " ".join(capfd.readouterr().out.split())
    assert ", ".join(FORMATS[:-1]) + f" or {FORMATS[-1]}" in told


def test_a_limit_is_kept(results: str, tmp_path: Path) -> None:
    sizes = []
    for limit in (SMALLEST, 4_000, 1_000_000):
        target = tmp_path / str(limit)
        assert ran("report", results, "-f", "md", "--max-size", str(limit), "-o", str(target)) == 0
        sizes.append(target.stat().st_size)
        assert sizes[-1] <= limit
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-f", "html", "--max-size", "9000"), "--max-size has an effect with --format md only"),
        (("-f", "md", "--max-size", "10"), "--max-size 10: less than 3000 bytes"),
        (("-f", "xml"), "--format xml: not one of html, md"),
    ],
)
def test_options_without_effect_are_refused(
    arguments: tuple[str, ...], said: str, results: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ran("report", results, *arguments) == 2
    assert said in capfd.readouterr().err


def test_a_result_that_somebody_changed_is_an_error_in_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(poisoned(sample(1), lambda text: f"{text}x")), encoding="utf-8")
    assert ran("report", str(path), "-f", "oscal") == 4
    told = capfd.readouterr()
    assert "was changed or cut" in told.err
    assert told.out == ""
