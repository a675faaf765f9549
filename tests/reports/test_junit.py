"""JUnit XML: readable by others, and only what passed looks passed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from xmlschema import XMLSchema

from auditor.model.results import Results
from reports.junit import render_junit
from reports.places import all_judged
from tests.reports.hostile import TEXTS, stored
from tests.reports.sample import sample, subject

KINDS = {"fail": Failure, "error": Error}
SCHEMA = XMLSchema(Path(__file__).parent / "schemas" / "junit-10.xsd")
"""Of Jenkins' xUnit plug-in, which refuses a file that does not keep to it."""


def read(results: Results) -> Any:
    written = render_junit(results)
    assert written.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ET.fromstring(written.encode())  # noqa: S314 - our own
    assert [str(error.reason) for error in SCHEMA.iter_errors(root)] == []
    for suite in root:
        assert suite.tag == "testsuite"
        assert int(suite.attrib["tests"]) == len(list(suite)) > 0
        for name, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == len(list(suite.iter(child)))
    for case in root.iter("testcase"):
        assert len(list(case)) == 1, "an outcome, and one only"
    return JUnitXml.fromstring(written.encode())


def skipped(written: Any) -> int:
    return sum(suite.skipped for suite in written)


def cases(results: Results) -> dict[tuple[str, str], Any]:
    return {(case.classname, case.name): case for suite in read(results) for case in suite}


@pytest.mark.parametrize("number", [1, 3])
def test_every_check_has_one_case_with_its_outcome(number: int) -> None:
    results = sample(number)
    found = cases(results)
    checks = list(all_judged(results))
    assert len(checks) == 8 * number
    for one in checks:
        case = found[f"{one.service['name']}.{one.control['id']}", one.check]
        (outcome,) = case.result or [None]
        if one.status == "pass":
            assert outcome is None
        else:
            assert isinstance(outcome, KINDS.get(one.status, Skipped))
            assert one.findings[0]["message"] in outcome.message


@pytest.mark.parametrize(
    "status", ["fail", "error", "unknown", "manual", "waived", "pass", "not_applicable", "inherited"]
)
def test_only_what_passed_looks_passed(status: str) -> None:
    results = sample(1)
    results["run"]["problems"] = []
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                finding["status"] = status
    written = read(results)
    judged = 8
    assert written.failures == (judged if status == "fail" else 0)
    assert written.errors == (judged if status == "error" else 0)
    # A row without a check, and a control that was not asked for.
    rest = 0 if status in ("pass", "fail", "error") else judged
    assert skipped(written) == rest + 2
    assert written.tests == judged + 2


def test_the_worst_of_several_subjects_decides() -> None:
    results = sample(1)
    findings = results["services"][0]["controls"][1]["features"][0]["findings"]
    (passed,) = [one for one in findings if one["status"] == "pass"]
    for status in ("unknown", "fail"):
        findings.append(
            {
                **passed,
                "status": status,
                "message": f"It is {status}.",
                "subjects": [subject("x", "apis", "a")],
            }
        )
    case = cases(results)["contoso-1.IM-8", "apim.im-8.named-values"]
    (outcome,) = case.result
    assert isinstance(outcome, Failure)
    assert outcome.message == "It is fail."
    assert "Besides: 1 waived, 1 passed, 1 unknown" in outcome.text


def test_skipped_cases_say_why() -> None:
    found = {name: case for (_, name), case in cases(sample(1)).items()}
    messages = {name: case.result[0].message for name, case in found.items() if case.result}
    assert messages["apim.ns-2.configuration-endpoints"].startswith("unknown: ")
    assert messages["apim.im-8.rotation"].startswith("manual: ")
    assert messages["apim.br-1.backup"].startswith("not applicable: ")
    assert messages["Data at Rest Encryption"].startswith("inherited")
    assert messages["LT-1 Detect threats"].startswith("not asked")
    waived = messages["apim.im-8.named-values"]
    assert "moved in spring" in waived
    assert waived.startswith("waived (")


def test_a_failure_shows_its_evidence_and_its_place() -> None:
    case = cases(sample(1))["contoso-1.NS-2", "apim.ns-2.gateway-not-public"]
    (outcome,) = case.result
    assert outcome.type == "high"
    assert "/properties/publicNetworkAccess = Enabled (absent: the documented default)" in outcome.text
    assert "exports/contoso/main.json:12" in outcome.text
    assert "auditor explain apim.ns-2.gateway-not-public" in outcome.text


def test_services_of_one_name_stay_apart() -> None:
    results = sample(2)
    for service in results["services"]:
        service["name"] = "contoso"
    assert len({suite.name for suite in read(results)}) == 2 * 7 + 1


def test_what_could_not_be_read_is_an_error() -> None:
    (first, *_) = read(sample(1))
    (case,) = first
    assert first.name == "Inputs"
    assert "not valid JSON" in case.result[0].message
    assert re.fullmatch(r".+\.json(:\d+)?", case.result[0].text)


def test_the_schema_refuses() -> None:
    assert not SCHEMA.is_valid('<testsuites><testsuite name="a"><testcase/></testsuite></testsuites>')
    assert not SCHEMA.is_valid('<testsuites skipped="1"/>')


@pytest.mark.parametrize(("code", "errors"), [(4, 1), (0, 0)])
def test_nothing_audited_does_not_look_passed(code: int, errors: int) -> None:
    results = sample(0)
    results["run"]["problems"] = []
    results["summary"]["gate"]["exit_code"] = code
    written = read(results)
    assert (written.tests, written.errors, skipped(written)) == (1, errors, 1 - errors)


@pytest.mark.parametrize("hostile", TEXTS.values(), ids=TEXTS)
def test_others_can_read_it_whatever_the_input(hostile: str) -> None:
    for change in (lambda text: text + hostile, lambda _: hostile, lambda text: hostile + text):
        written = read(stored(sample(2), change))
        assert written.failures >= 2


def test_many_findings_of_one_check_are_counted() -> None:
    results = sample(1)
    findings = results["services"][0]["controls"][0]["features"][0]["findings"]
    findings += [{**findings[0], "subjects": [subject("contoso-1", "apis", f"a{n}")]} for n in range(200)]
    (outcome,) = cases(results)["contoso-1.NS-2", "apim.ns-2.gateway-not-public"].result
    assert "(and 200 more)" in outcome.message
    assert "and 151 more" in outcome.text
