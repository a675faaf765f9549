"""``auditor diff`` and ``auditor scan --against`` as a user meets them, on inputs that are really scanned."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from controls import catalogue
from controls.renamed import RENAMED
from tests.auditing import child, declared, item, observed, template
from tests.conftest import Ran, Run

SCHEMA: dict[str, Any] = json.loads((files("reports") / "results.schema.json").read_text("utf-8"))
CHECK = "apim.im-8.named-value-secret-in-key-vault"


def secret(name: str, vault: bool) -> dict[str, Any]:
    """A named value whose secret stands in a vault, or in the service."""
    place = {"keyVault": {"secretIdentifier": f"https://v.vault.azure.net/secrets/{name}"}}
    return child(
        "namedValues", name, displayName=name, secret=True, **(place if vault else {"value": "x" * 9})
    )


def scanned(run: Run, folder: Path, name: str, document: Any, *options: object) -> Path:
    """The stored result of one document."""
    source, stored = folder / f"{name}.json", folder / f"{name}-results.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    assert run("scan", source, "-q", "--report", f"json={stored}", *options).code in (0, 1, 3)
    return stored


def changes(run: Run, *arguments: object) -> tuple[int, dict[str, Any]]:
    ran = run("diff", *arguments, "-f", "json")
    found: dict[str, Any] = json.loads(ran.out)
    assert found["gate"]["exit_code"] == ran.code
    return ran.code, found


def of(found: dict[str, Any], name: str, check: str = CHECK) -> str:
    (change,) = (
        row["change"] for row in found["changes"] if (row["subject"]["name"], row["check"]) == (name, check)
    )
    return str(change)


# -- diff ----------------------------------------------------------------------------------------------


def test_new_fixed_and_gone(run: Run, tmp_path: Path) -> None:
    old = scanned(run, tmp_path, "old", template(declared(), *map(secret, "abc", (True, False, False))))
    new = scanned(run, tmp_path, "new", template(declared(), *map(secret, "ab", (False, True))))
    code, found = changes(run, old, new)
    assert code == 1
    assert [of(found, name) for name in "abc"] == ["new", "fixed", "no_longer_assessed"]
    code, found = changes(run, old, old)
    assert code == 0
    assert sum(found["counts"].values()) == found["counts"]["still"] > 50


def test_nothing_failed_anew_but_something_is_gone(run: Run, tmp_path: Path) -> None:
    two = template(declared(), *map(secret, "ab", (True, True)))
    old = scanned(run, tmp_path, "old", two, "--complete")
    new = scanned(run, tmp_path, "new", template(declared(), secret("a", vault=True)), "--complete")
    assert changes(run, old, new)[0] == 3
    assert changes(run, old, new, "--allow-removed")[0] == 0
    assert changes(run, old, new, "--fail-on", "none")[0] == 0
    assert changes(run, old, new, "--fail-on", "critical")[0] == 0
    # What is not mentioned any more is unknown, not gone: that stays a loss.
    silent = scanned(run, tmp_path, "silent", template(declared()))
    code, found = changes(run, old, silent, "--allow-removed")
    assert code == 3
    assert {of(found, "a"), of(found, "b")} == {"no_longer_assessed"}


def test_a_plan_is_compared_with_what_is_deployed(run: Run, tmp_path: Path) -> None:
    old = scanned(
        run, tmp_path, "old", template(declared(virtualNetworkType="Internal"), secret("a", vault=True))
    )
    live = [observed(virtualNetworkType="None"), item("namedValues", "a", displayName="a", secret=True)]
    new = scanned(run, tmp_path, "new", {"value": live})
    _, found = changes(run, old, new)
    assert [(one["name"], one["matched"]) for one in found["services"]] == [("contoso", "name")]
    assert of(found, "contoso", "apim.ns-1.virtual-network") == "new"
    assert of(found, "a") == "new"
    caveats = " ".join(found["caveats"])
    assert "of different kinds (ARM template, then management API JSON)" in caveats
    assert "Matched by name" in caveats
    (row,) = (row for row in found["changes"] if row["check"] == "apim.ns-1.virtual-network")
    values = [(one["old"]["value"], one["new"]["value"]) for one in row["evidence"] if len(one) == 2]
    assert ("Internal", "None") in values


def test_controls_left_out_are_no_longer_assessed(run: Run, tmp_path: Path) -> None:
    document = template(declared(), secret("a", vault=False))
    old = scanned(run, tmp_path, "old", document)
    new = scanned(run, tmp_path, "new", document, "--controls", "NS-2")
    code, found = changes(run, old, new)
    assert code == 3
    assert found["counts"]["fixed"] == 0
    assert of(found, "a") == "no_longer_assessed"
    assert {row["missing"] for row in found["changes"] if row["change"] == "no_longer_assessed"} == {
        "not-asked"
    }
    assert any("controls that were asked for differ" in caveat for caveat in found["caveats"])
    # The other way round its failure is one nobody had looked at, and decides.
    code, found = changes(run, new, old)
    assert (code, of(found, "a")) == (1, "newly_assessed")


@pytest.mark.parametrize("format_", ["text", "md", "html", "json"])
def test_every_format_is_written(run: Run, tmp_path: Path, format_: str) -> None:
    old = scanned(run, tmp_path, "old", template(declared(), secret("a", vault=True)))
    new = scanned(run, tmp_path, "new", template(declared(), secret("a", vault=False)))
    path = tmp_path / "difference"
    ran = run("diff", old, new, "-f", format_, "-o", path)
    assert ran.code == 1
    assert ran.out.strip() == "FAILED (exit 1): 1 new failure."
    assert CHECK in path.read_text("utf-8")
    shown = run("diff", old, new, "-f", format_)
    assert shown.code == 1
    assert CHECK in shown.out
    if format_ != "text":
        assert "FAILED (exit 1)" in shown.err
        assert shown.out == path.read_text("utf-8")


def test_two_empty_results_are_nothing_to_compare(run: Run, tmp_path: Path) -> None:
    empty = scanned_empty(run, tmp_path)
    assert run("diff", empty, empty).code == 4


def scanned_empty(run: Run, folder: Path) -> Path:
    source, stored = folder / "empty.json", folder / "empty-results.json"
    source.write_text(json.dumps(template()), encoding="utf-8")
    assert run("scan", source, "-q", "--allow-empty", "--report", f"json={stored}").code == 0
    return stored


@pytest.mark.parametrize(
    "stored",
    [
        "{",
        "[" * 100_000,
        [],
        {"diff_version": 1, "services": []},
        template(declared()),
        {"schema_version": 99, "services": []},
        {"schema_version": 1, "services": 5},
        {"schema_version": 1, "services": [{}], "run": {}, "catalogue": {"checks": []}},
        {"schema_version": 1, "services": [], "run": [], "catalogue": {"checks": []}},
        {"schema_version": 1, "services": [], "catalogue": {}},
        {"schema_version": 1, "services": [], "catalogue": {"checks": [{"id": 5}]}},
    ],
)
def test_what_is_no_stored_result_is_said_in_one_sentence(run: Run, tmp_path: Path, stored: Any) -> None:
    good = scanned(run, tmp_path, "good", template(declared()))
    bad = tmp_path / "bad.json"
    bad.write_text(stored if isinstance(stored, str) else json.dumps(stored), encoding="utf-8")
    for arguments in (
        ("diff", bad, good),
        ("diff", good, bad),
        ("scan", tmp_path / "good.json", "--against", bad),
    ):
        ran = run(*arguments)
        assert ran.code == 4
        assert ran.out == ""
        assert [line.startswith(f"auditor: {bad}:") for line in ran.err.splitlines()] == [True]


def test_a_result_whose_findings_are_not_whole_is_said_too(run: Run, tmp_path: Path) -> None:
    good = scanned(run, tmp_path, "good", template(declared(), secret("a", vault=True)))
    for member in ("status", "subjects", "severity", "message", "gaps"):
        stored = json.loads(good.read_text("utf-8"))
        for one in stored["services"][0]["controls"]:
            for row in (each for feature in one["features"] for each in feature["findings"]):
                row.pop(member)
        bad = tmp_path / "bad.json"
        bad.write_text(json.dumps(stored), encoding="utf-8")
        ran = run("diff", good, bad)
        assert ran.code == 4, member
        assert len(ran.err.splitlines()) == 1
        assert "changed or cut" in ran.err


def test_a_newer_minor_result_still_loads(run: Run, tmp_path: Path) -> None:
    """Members may be added within a schema version."""
    old = scanned(run, tmp_path, "old", template(declared(), secret("a", vault=False)))
    stored = json.loads(old.read_text("utf-8"))
    stored["more"], stored["run"]["more"], stored["services"][0]["more"] = 1, [], {}
    new = tmp_path / "newer.json"
    new.write_text(json.dumps(stored), encoding="utf-8")
    assert changes(run, old, new)[0] == 0


@pytest.mark.parametrize(
    "options",
    [
        ("-f", "pdf"),
        ("--fail-on", "worst"),
        ("--allow-removed", "--fail-on", "none"),
        ("--no-color", "-f", "json"),
        ("-o", "no/such/folder/x"),
    ],
)
def test_wrong_usage(run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    old = scanned(run, tmp_path, "old", template(declared()))
    ran = run("diff", old, old, *options)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1


# -- scan --against ------------------------------------------------------------------------------------


def against(run: Run, folder: Path, document: Any, *options: object) -> tuple[Ran, dict[str, Any]]:
    source, stored = folder / "branch.json", folder / "branch-results.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    ran = run("scan", source, "-q", "--report", f"json={stored}", *options)
    results = json.loads(stored.read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(results)] == []
    gate: dict[str, Any] = results["summary"]["gate"]
    assert gate["exit_code"] == ran.code
    return ran, gate


def test_only_what_is_new_fails(run: Run, tmp_path: Path) -> None:
    before = template(declared(), *map(secret, "ab", (False, True)))
    baseline = scanned(run, tmp_path, "baseline", before)
    ran, gate = against(run, tmp_path, before, "--against", baseline)
    known = gate["against"]["known"]
    assert ran.code == 0
    assert known >= 1
    assert ran.out.strip() == f"PASSED (exit 0): nothing failed anew; {known} failures known from {baseline}."
    worse = template(declared(), *map(secret, "abc", (False, False, False)))
    ran, gate = against(run, tmp_path, worse, "--against", baseline)
    assert ran.code == 1
    # With no reference left, a failure of the service's identity is gone from sight.
    assert (gate["against"]["new"], gate["against"]["known"]) == (2, known - 1)
    assert ran.out.startswith(f"FAILED (exit 1): 2 new failures; {known - 1} known from {baseline}")
    assert against(run, tmp_path, worse)[1].keys() == {"fail_on", "exit_code", "reason"}


def test_what_is_undecided_anew_is_not_passed(run: Run, tmp_path: Path) -> None:
    baseline = scanned(run, tmp_path, "baseline", template(declared(), secret("a", vault=True)))
    hidden = secret("a", vault=True)
    hidden["properties"]["keyVault"] = "[parameters('vault')]"
    document = template(declared(), hidden, parameters={"vault": {"type": "object"}})
    ran, gate = against(run, tmp_path, document, "--against", baseline)
    assert ran.code == 3
    assert gate["against"]["undecided_anew"] >= 1
    assert "undecided anew (see --allow-unknown)" in gate["reason"]
    assert against(run, tmp_path, document, "--against", baseline, "--allow-unknown")[0].code == 0


def test_what_is_no_longer_there_is_told(run: Run, tmp_path: Path) -> None:
    baseline = scanned(run, tmp_path, "baseline", template(declared(), *map(secret, "ab", (True, True))))
    source = tmp_path / "less.json"
    source.write_text(json.dumps(template(declared(), secret("a", vault=True))), encoding="utf-8")
    ran = run("scan", source, "--against", baseline)
    assert ran.code == 0
    assert f"against {baseline}: " in ran.err
    assert "have no subject here" in ran.err


def test_a_file_that_cannot_be_read_outweighs_what_is_known(run: Run, tmp_path: Path) -> None:
    baseline = scanned(run, tmp_path, "baseline", template(declared(), secret("a", vault=False)))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.json").write_text((tmp_path / "baseline.json").read_text("utf-8"), "utf-8")
    (tmp_path / "broken" / "b.json").write_text("{", "utf-8")
    assert run("scan", tmp_path / "broken", "-q", "--against", baseline).code == 3


def test_against_needs_something_to_decide(run: Run, tmp_path: Path) -> None:
    baseline = scanned(run, tmp_path, "baseline", template(declared()))
    ran = run("scan", tmp_path / "baseline.json", "--against", baseline, "--fail-on", "none")
    assert ran.code == 2
    assert "--against has no effect" in ran.err


def test_milder_failures_do_not_count(run: Run, tmp_path: Path) -> None:
    baseline = scanned(run, tmp_path, "baseline", template(declared()))
    document = template(declared(), secret("a", vault=False))
    ran, gate = against(
        run, tmp_path, document, "--against", baseline, "--fail-on", "critical", "--allow-unknown"
    )
    assert ran.code == 0
    assert gate["against"]["new"] == 0


# -- renamed checks ------------------------------------------------------------------------------------


def test_renamed_checks_lead_to_present_ones() -> None:
    present = {check.id for check in catalogue().checks}
    assert set(RENAMED.values()) <= present
    assert set(RENAMED) & present == set()
