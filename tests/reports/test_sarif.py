"""SARIF: valid, what GitHub code scanning takes, and nothing that passed looks like an alert."""

from __future__ import annotations

import copy
import json
import random
import re
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft4Validator

import reports.sarif
from auditor.model.results import Results
from controls import catalogue
from reports.places import uri
from reports.prose import harmless
from reports.sarif import MOST_RESULTS, render_sarif
from tests.reports.hostile import TEXTS, stored
from tests.reports.sample import FILE, evidence, sample, subject

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text("utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)
URI = re.compile(r"(?:file:///)?(?:[A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2}|(?<=file:///[A-Z]):)+")


def run_of(results: Results, **options: int) -> dict[str, Any]:
    written = json.loads(render_sarif(results, **options))
    errors = [f"{error.json_path}: {error.message[:300]}" for error in VALIDATOR.iter_errors(written)]
    assert errors == []
    (run,) = written["runs"]
    accepted(run)
    return cast("dict[str, Any]", run)


def accepted(run: dict[str, Any]) -> None:
    """GitHub's own rules, from "SARIF support for code scanning"."""
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) <= 25_000
    assert len(rules) <= 25_000
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert "automationDetails" not in run  # the uploader's category would have no effect
    for rule in rules:
        assert rule["help"]["text"]
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert len(rule["properties"]["tags"]) <= 10
        score = rule["properties"].get("security-severity")
        assert score is None or 0 < float(score) <= 10
        assert (score is None) == ("security" not in rule["properties"]["tags"])
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert URI.fullmatch(location["physicalLocation"]["artifactLocation"]["uri"])
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert result["partialFingerprints"]["primaryLocationLineHash"]
        # SARIF 3.27.10: only what fails has a level.
        assert (result["kind"] == "fail") == (result["level"] != "none")


def of(run: dict[str, Any], status: str) -> list[dict[str, Any]]:
    return [one for one in run["results"] if one["properties"]["status"] == status]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_it_keeps_to_the_schema(number: int) -> None:
    run = run_of(sample(number))
    assert {one["properties"]["status"] for one in run["results"]} == (
        {"fail", "unknown", "manual", "waived"} if number else set()
    )


def test_the_schema_refuses() -> None:
    written = json.loads(render_sarif(sample(1)))
    assert VALIDATOR.is_valid(written)
    written["runs"][0]["results"][0]["kind"] = "failed"
    assert not VALIDATOR.is_valid(written)


@pytest.mark.parametrize("hostile", TEXTS.values(), ids=TEXTS)
def test_it_keeps_to_the_schema_whatever_the_input(hostile: str) -> None:
    for change in (lambda text: text + hostile, lambda _: hostile, lambda text: hostile + text):
        run = run_of(stored(sample(2), change))
        for result in run["results"]:
            assert "](" not in result["message"]["text"]
        for rule in run["tool"]["driver"]["rules"]:
            assert rule.get("helpUri", "https://learn.microsoft.com/").startswith(
                "https://learn.microsoft.com/"
            )


def test_only_failures_have_a_severity() -> None:
    run = run_of(sample(2))
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        failed = result["properties"]["status"] == "fail"
        assert ("security-severity" in rule["properties"]) == failed
        assert (rule["defaultConfiguration"]["level"] != "none") == failed
        assert result["ruleId"].endswith(f"/{result['properties']['status']}") != failed


def test_passes_are_no_results() -> None:
    results = sample(1)
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                finding["status"] = "pass"
    assert run_of(results)["results"] == []


@pytest.mark.parametrize(
    ("severity", "score"), [("critical", 9.0), ("high", 7.0), ("medium", 4.0), ("low", 0.1)]
)
def test_a_milder_failure_has_a_rule_of_its_own(severity: str, score: float) -> None:
    results = sample(1)
    results["services"][0]["controls"][0]["features"][0]["findings"][0]["severity"] = severity
    run = run_of(results)
    (found,) = [one for one in of(run, "fail") if one["ruleId"].startswith("apim.ns-2.gateway-not-public")]
    assert found["ruleId"].endswith("gateway-not-public" if severity == "high" else f"/{severity}")
    rule = run["tool"]["driver"]["rules"][found["ruleIndex"]]
    bounds = {"critical": 10.0, "high": 8.9, "medium": 6.9, "low": 3.9}
    assert score <= float(rule["properties"]["security-severity"]) <= bounds[severity]


def test_a_failure_stands_where_it_was_read() -> None:
    run = run_of(sample(1))
    found = next(one for one in of(run, "fail") if one["ruleId"] == "apim.ns-2.gateway-not-public")
    (location,) = found["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": FILE},
        "region": {"startLine": 12, "startColumn": 5},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"].endswith("/service/contoso-1")
    assert "publicNetworkAccess = Enabled" in found["message"]["text"]
    assert found["relatedLocations"][0]["message"]["text"] == "/sku/name = Premium, from [parameters('sku')]"


def test_the_tier_is_the_last_place_to_stand() -> None:
    results = sample(1)
    found = results["services"][0]["controls"][0]["features"][0]["findings"][0]
    found["evidence"] = [
        evidence("other", "/properties/mode", 1, origin={"file": "b.json", "pointer": "", "line": 2}),
        evidence("contoso-1", "/properties/x", 1, origin={"file": "a.json", "pointer": "", "line": 7}),
        evidence("contoso-1", "/sku/name", "Basic", origin={"file": "c.json", "pointer": "", "line": 9}),
    ]
    assert _uri(of(run_of(results), "fail")[0]) in ("a.json", FILE)
    places = {_uri(one) for one in of(run_of(results), "fail")}
    assert "a.json" in places
    assert not places & {"b.json", "c.json"}


def _uri(result: dict[str, Any]) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_what_was_read_from_azure_stands_on_line_1() -> None:
    results = sample(1)
    results["services"][0]["input"] = "snapshots/my snapshot.json.gz"
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                for entry in finding["evidence"]:
                    entry["origin"] = {"request": "GET /service"}
    for result in run_of(results)["results"]:
        assert result["locations"][0]["physicalLocation"] == {
            "artifactLocation": {"uri": "snapshots/my%20snapshot.json.gz"},
            "region": {"startLine": 1},
        }


def test_fingerprints_tell_findings_apart_and_stay() -> None:
    results = sample(1)
    feature = results["services"][0]["controls"][0]["features"][0]
    another = copy.deepcopy(feature["findings"][0])
    another["subjects"][0]["fingerprint"] = "f" * 32
    feature["findings"].insert(0, another)
    first = {json.dumps(one["partialFingerprints"]) for one in of(run_of(results), "fail")}
    assert len(first) == 2
    another["evidence"][1]["origin"]["line"] = 99
    another["message"] = "Said in other words."
    assert {json.dumps(one["partialFingerprints"]) for one in of(run_of(results), "fail")} == first


def test_what_is_open_is_one_result_for_each_check_and_keeps_its_name() -> None:
    results = sample(1)
    findings = results["services"][0]["controls"][0]["features"][0]["findings"]
    (unknown,) = [one for one in findings if one["status"] == "unknown"]
    before = [one for one in of(run_of(results), "unknown") if "configuration-endpoints" in one["ruleId"]]
    for number in range(3):
        more = copy.deepcopy(unknown)
        more["subjects"] = [subject("contoso-1", "apis", f"api-{number}")]
        more["subjects"][0]["fingerprint"] = str(number) * 32
        findings.insert(0, more)
    after = [one for one in of(run_of(results), "unknown") if "configuration-endpoints" in one["ruleId"]]
    assert len(before) == len(after) == 1
    assert before[0]["partialFingerprints"] == after[0]["partialFingerprints"]
    assert "leaves 4 items open" in after[0]["message"]["text"]


def test_a_waiver_is_a_suppression() -> None:
    results = sample(1)
    feature = results["services"][0]["controls"][1]["features"][0]
    feature["findings"][0]["waiver"] = {
        "status": "fail",
        "place": "waivers.yaml:3",
        "kind": "risk-accepted",
        "reason": "moved in [spring](javascript:x)",
        "owner": "platform",
        "expires": "2027-03-31",
    }
    (found,) = of(run_of(results), "waived")
    (suppression,) = found["suppressions"]
    assert suppression["kind"] == "external"
    assert suppression["status"] == "accepted"
    for part in ("spring", "platform", "2027-03-31", "risk-accepted"):
        assert part in suppression["justification"]
    assert "](" not in suppression["justification"]
    assert found["properties"]["waivedStatus"] == "fail"
    for status in ("fail", "unknown", "manual"):
        assert not any("suppressions" in one for one in of(run_of(results), status))


def test_a_run_that_did_not_do_its_work_says_so() -> None:
    (invocation,) = run_of(sample(1))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 1
    told = {one["descriptor"]["id"]: one for one in invocation["toolExecutionNotifications"]}
    assert set(told) == {"check-broke", "input-unreadable", "input-cannot-show"}
    assert told["check-broke"]["associatedRule"]["id"] == "apim.dp-3.client-tls"
    assert told["input-unreadable"]["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    results = sample(1)
    results["run"]["problems"] = []
    results["services"][0]["controls"][2]["features"] = []
    assert run_of(results)["invocations"][0]["executionSuccessful"] is True
    assert run_of(sample(0))["invocations"][0]["executionSuccessful"] is False


def _many(number: int, note: str = "") -> Results:
    """So many failures, three mild ones for each bad one, mild ones first."""
    results = sample(1)
    feature = results["services"][0]["controls"][0]["features"][0]
    template = feature["findings"][0]
    feature["findings"] = []
    noise = random.Random(7)
    for index in range(number):
        words = "".join(noise.choices("abcdefghijklmnopqrstuvwxyz", k=900)) if note else "x"
        one = {**template, "severity": "low" if index % 4 else "critical", "message": words}
        one["subjects"] = [{**template["subjects"][0], "name": f"n{index}", "fingerprint": f"{index:032x}"}]
        feature["findings"].append(cast("Any", one))
    return results


def test_too_many_results_are_cut_worst_first_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports.sarif, "MOST_RESULTS", 30)
    monkeypatch.setattr(reports.sarif, "MOST_SHOWN", 20)
    run = run_of(_many(100))
    assert len(run["results"]) == 30
    assert [one["properties"]["severity"] for one in run["results"][:25]] == ["critical"] * 25
    told = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    # 100, and one failure, two unknown, a manual and a waived finding of other controls.
    assert told[0].startswith("74 results are left out")
    assert "shows the first 20 of these 30" in told[1]


def test_github_takes_the_largest_file() -> None:
    assert MOST_RESULTS == 25_000


def test_results_that_do_not_pack_are_cut_too() -> None:
    import gzip

    results = _many(400, "noise")
    whole = len(run_of(results)["results"])
    run = run_of(results, most_zipped=100_000)
    assert 0 < len(run["results"]) < whole
    packed = len(gzip.compress("\n".join(json.dumps(one) for one in run["results"]).encode()))
    assert packed <= 100_000 + 65_536  # what a packer holds back
    assert "left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("infra/main.json", "infra/main.json"),
        ("./infra/my file#1.json", "infra/my%20file%231.json"),
        ("../x.json", "../x.json"),
        ("/srv/infra/x.json", "file:///srv/infra/x.json"),
        ("D:\\infra\\x y.json", "file:///D:/infra/x%20y.json"),
        ("infra\\x.json", "infra/x.json"),
        ("//host/share", "file:///host/share"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("<stdin>", "%3Cstdin%3E"),
        ("\u202ename\ud800", "%E2%80%AEname%5Cud800"),
        ("", "input"),
        (".//", "input"),
    ],
)
def test_paths_become_uris(path: str, expected: str) -> None:
    assert uri(path) == expected


def test_our_own_texts_stay_markdown() -> None:
    known = catalogue()
    for check in known.checks:
        words = known.words(check)
        whole = "\n\n".join((words.why, words.fix, words.notes))
        assert harmless(whole) == whole, check.id


@pytest.mark.parametrize(
    "text",
    [
        "<b>x</b>",
        "a <img src=x> b",
        "[x](https://evil.example)",
        "![x](https://learn.microsoft.com/x.png)",
        "[x][a]\n\n[a]: javascript:alert(1)",
        "see https://evil.example",
        "ask @octocat",
        "```\n</code><script>",
        "<https://evil.example>",
    ],
)
def test_foreign_markdown_becomes_code(text: str) -> None:
    from markdown_it import MarkdownIt

    shown = MarkdownIt("commonmark", {"html": True}).render(harmless(text))
    assert shown.startswith("<pre><code") or "```\n</code>" in text
    assert "<script" not in shown
    assert "href" not in shown
    assert "<img" not in shown


def test_the_schema_is_the_published_one() -> None:
    assert SCHEMA["id"] == reports.sarif.SCHEMA
    assert not (files("reports") / "schemas").is_dir()
