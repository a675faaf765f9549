"""Where reports go: never over what was read, and known to be possible before the work is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import main
from tests.test_cli import EXAMPLE


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(one) for one in arguments])
    return int(str(ended.value.code or 0))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "main.json"
    path.write_bytes(Path(EXAMPLE).read_bytes())
    return path


def test_a_report_never_replaces_what_was_audited(
    template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = template.read_bytes()
    monkeypatch.chdir(template.parent)
    (template.parent / "link.json").symlink_to(template)
    for asked, target in (("main.json", "./main.json"), (".", "main.json"), ("main.json", "link.json")):
        assert run("scan", asked, "--report", f"json={target}") == 2
        assert "which this run reads" in capsys.readouterr().err
        assert template.read_bytes() == before


def test_a_report_never_replaces_waivers_parameters_or_configuration(template: Path) -> None:
    folder = template.parent
    waivers, parameters, config = (folder / name for name in ("w.yaml", "p.json", "c.toml"))
    waivers.write_text("waivers: []\n")
    parameters.write_text(
        json.dumps(
            {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
                "contentVersion": "1.0.0.0",
                "parameters": {},
            }
        )
    )
    config.write_text('waivers = ["w.yaml"]\n')
    before = {path: path.read_bytes() for path in (waivers, parameters, config)}
    for path in before:
        asked = ("--config", config, "--parameters", parameters, "--report", f"md={path}")
        assert run("scan", template, *asked) == 2
    assert {path: path.read_bytes() for path in before} == before


def test_a_stored_result_is_not_replaced_by_what_is_made_of_it(template: Path) -> None:
    stored = template.parent / "results.json"
    assert run("scan", template, "-q", "--fail-on", "none", "--report", f"json={stored}") == 0
    before = stored.read_bytes()
    assert run("report", stored, "-o", stored) == 2
    assert run("diff", stored, stored, "-f", "md", "-o", stored) == 2
    assert stored.read_bytes() == before
    # A run may write its result again, and beside what it reads.
    assert run("scan", template.parent, "-q", "--fail-on", "none", "--report", f"json={stored}") == 0


def test_an_impossible_path_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for target, said in ((tmp_path / "none" / "r.html", "there is no folder"), (tmp_path, "it is a folder")):
        assert run("scan", "no-such-file.json", "--report", f"html={target}") == 2
        printed = capsys.readouterr()
        assert said in printed.err
        assert "no-such-file" not in printed.err


def test_one_file_by_two_names_is_written_once(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(template.parent)
    assert run("scan", template, "--report", "html=r", "--report", "md=./r") == 2


def test_a_name_longer_than_the_system_allows_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("scan", "a" * 300) == 4
    assert "cannot be read: File name too long" in capsys.readouterr().err


def test_nothing_passes_that_was_not_asked_to_decide(
    template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = template.parent
    reports = [f"{kind}={folder / kind}" for kind in ("html", "md", "json")]
    asked = [part for one in reports for part in ("--report", one)]
    assert run("scan", template, "--fail-on", "none", *asked) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("REPORTED (exit 0): ")
    assert "PASSED" not in (folder / "html").read_text()
    assert (folder / "md").read_text().startswith("## ➖ REPORTED: ")
    stored = folder / "json"
    assert run("diff", stored, stored, "--fail-on", "none", "-f", "md") == 0
    assert "## ➖ REPORTED: " in capsys.readouterr().out
    assert run("diff", stored, stored, "-f", "md") == 0
    assert "## ✅ PASSED: " in capsys.readouterr().out


def test_the_decision_counts_each_check_once(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = template.parent / "stored"
    assert run("scan", template, "--report", f"json={stored}") == 1
    last = capsys.readouterr().out.splitlines()[-1]
    counts = json.loads(stored.read_text())["summary"]["counts"]
    assert f"{counts['fail']} checks failed, {counts['unknown']} undecided" in last
