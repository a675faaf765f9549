"""``auditor waivers`` and ``auditor attestations``, and what a scan says of the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.model.results import Results
from auditor.yamlfiles import read_yaml
from tests.people.test_files import EXAMPLE, GOOD


def scan(run: Any, folder: Path, *more: str) -> tuple[Any, Results]:
    stored = folder / "r.json"
    ran = run("scan", EXAMPLE, "-q", "--as-of", "2026-11-21", "--report", f"json={stored}", *more)
    return ran, json.loads(stored.read_text("utf-8"))


def test_scan_says_aloud_what_is_not_simply_in_force(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    other = GOOD.removeprefix("waivers:\n")
    path.write_text(
        GOOD + other.replace("2027-03-31", "2026-11-20") + other.replace("contoso-apim", "fabrikam")
    )
    ran, results = scan(run, tmp_path, "--waivers", str(path))
    lines = [line for line in ran.err.splitlines() if line.startswith("auditor: waiver")]
    assert len(lines) == 2
    assert (
        "w.yaml:8 (apim.ns-2.gateway-not-public, contoso-apim): expired: it ended on 2026-11-20" in lines[0]
    )
    assert "unmatched" in lines[1]
    [file] = results["run"]["waivers"]["files"]
    assert file["path"] == str(path)
    assert len(file["sha256"]) == 64


def test_check_command(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(GOOD)
    day = ("--as-of", "2026-11-21")
    assert run("waivers", "check", str(path), *day).code == 0
    soon = run("waivers", "check", str(path), "--as-of", "2027-03-31")
    assert soon.code == 0
    assert "today is its last day" in soon.out
    late = run("waivers", "check", str(path), "--as-of", "2027-04-01")
    assert late.code == 1
    assert "expired" in late.out
    path.write_text(GOOD.replace("gateway-not-public", "gateway-not-publik"))
    assert "no check of that id" in run("waivers", "check", str(path), *day).out
    path.write_text(GOOD.replace("owner", "ownr"))
    broken = run("waivers", "check", str(path), *day)
    assert broken.code == 2
    assert len(broken.err.strip().splitlines()) == 2


def test_check_against_a_result_that_was_scanned_with_the_same_file(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(GOOD + GOOD.removeprefix("waivers:\n").replace("contoso-apim", "fabrikam"))
    scan(run, tmp_path, "--waivers", str(path))
    ran = run("waivers", "check", str(path), "--results", str(tmp_path / "r.json"), "--as-of", "2026-11-21")
    assert ran.code == 1
    assert "fabrikam" in ran.out
    assert "contoso-apim" not in ran.out


def test_a_draft_is_refused_until_it_is_filled_in_and_then_holds(run: Any, tmp_path: Path) -> None:
    _, before = scan(run, tmp_path)
    path = tmp_path / "draft.yaml"
    ran = run("waivers", "draft", str(tmp_path / "r.json"), "--service", "*")
    assert ran.code == 0
    path.write_text(ran.out)
    assert run("waivers", "check", str(path)).code == 2
    filled = (
        ran.out.replace("kind:  ", "kind: risk-accepted  ")
        .replace("reason:\n", "reason: r\n")
        .replace("owner:\n", "owner: o\n")
        .replace("expires:  ", "expires: 2027-01-31  ")
    )
    path.write_text(filled)
    ran, after = scan(run, tmp_path, "--waivers", str(path))
    entries = after["run"]["waivers"]["entries"]
    assert {entry["state"] for entry in entries} == {"holds"}
    assert after["summary"]["counts"]["fail"] == 0
    assert after["summary"]["counts"]["manual"] == 0
    # Where a failure stood before something unknown, the unknown shows now.
    assert after["summary"]["counts"]["unknown"] >= before["summary"]["counts"]["unknown"]


def test_a_draft_for_a_hostile_name_is_one_entry(run: Any, tmp_path: Path) -> None:
    _, results = scan(run, tmp_path)
    name = 'x"\n  - check: apim.ns-2.gateway-not-public\n# \u2028 {{'
    results["services"][0]["name"] = name
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                finding["message"] = f"a {name} b"
    stored = tmp_path / "hostile.json"
    stored.write_text(json.dumps(results))
    ran = run("waivers", "draft", str(stored), "--check", "apim.ns-1.virtual-network")
    value, _ = read_yaml("d.yaml", ran.out)
    assert [entry["service"] for entry in value["waivers"]] == [name]


def test_attestations_are_drafted_and_checked(run: Any, tmp_path: Path) -> None:
    scan(run, tmp_path)
    stored = str(tmp_path / "r.json")
    ran = run("attestations", "draft", stored, "--check", "apim.br-1.restore-tested")
    path = tmp_path / "a.yaml"
    filled = (
        ran.out.replace("verdict:  ", "verdict: pass  ")
        .replace("statement:\n", "statement: Restored.\n")
        .replace("by:\n", "by: team\n")
        .replace("date:  ", "date: 2026-11-01  ")
        .replace("expires:  ", "expires: 2027-01-31  ")
    )
    path.write_text(filled)
    day = ("--as-of", "2026-11-21")
    assert run("attestations", "check", str(path), "--results", stored, *day).code == 0
    _, results = scan(run, tmp_path, "--attestations", str(path))
    assert results["run"]["attestations"]["entries"][0]["state"] == "holds"
    # The result says pass by now; the check looks at what the question was.
    assert run("attestations", "check", str(path), "--results", stored, *day).code == 0


def test_a_draft_of_nothing_is_an_error(run: Any, tmp_path: Path) -> None:
    scan(run, tmp_path)
    stored = str(tmp_path / "r.json")
    assert run("waivers", "draft", stored).code == 2
    assert run("waivers", "draft", stored, "--check", "apim.no-1.such").code == 2
    assert run("attestations", "draft", stored, "--check", "apim.ns-1.virtual-network").code == 2
