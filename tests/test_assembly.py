"""From findings to the stored result: folding, listing under further controls, totals, identity."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.assembly import audit_service, plan
from auditor.model.check import BEYOND, Catalogue, Check, Control, Feature, Kind, Words
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import Input, InputKind, Inventory, Origin, Resource
from auditor.model.knowledge import Audit
from auditor.model.results import EvidenceJson, ServiceJson
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Source, Status, Verdict
from controls import catalogue
from tests.conftest import ROOT
from tests.judging import inventory_of, totals

ID = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"
ROW = Feature("Row", Source.BASELINE, responsibility="customer")
MORE = Feature(BEYOND, Source.ADDITIONAL)


def children(service: Subject) -> Iterator[Subject]:
    yield from service.items("/properties/items", key="/name")


SERVICE = Kind("service", lambda service: iter([service]))
ITEM = Kind("item", children)


def check(
    check_id: str,
    judge: Callable[[Subject], Verdict],
    on: Kind = SERVICE,
    feature: str = "Row",
    severity: Severity = Severity.HIGH,
    **more: Any,
) -> Check:
    source = Source.ADDITIONAL if feature == BEYOND else Source.BASELINE
    return Check(check_id, feature, on, source, severity, judge, frozenset(Status), **more)


def control(control_id: str, *checks: Check) -> Control:
    words = {one.slug: Words("t", "w", "f") for one in checks if one.control == control_id}
    return Control(control_id, "title", "domain", "summary", (ROW, MORE), words=words)


def audited(properties: dict[str, Any], *checks: Check, asked: frozenset[str] | None = None) -> ServiceJson:
    source = Input("x.json", InputKind.REST, whole=True)
    service = Resource(ID, "microsoft.apimanagement/service", {"properties": properties}, Origin(""), source)
    known = Catalogue(
        "2026-11-21", (control("AA-1", *checks), control("BB-2", *checks)), checks, catalogue().knowledge
    )
    audit = Audit(Inventory([service]), known.knowledge, datetime(2026, 11, 21, tzinfo=UTC))
    return audit_service(plan(known, asked), audit, service)


def good(subject: Subject) -> Verdict:
    subject.read("/properties/name" if not subject.base else "/name")
    return Pass("It is good.")


def bad(subject: Subject) -> Verdict:
    subject.read("/properties/name" if not subject.base else "/name")
    return Fail(f"{subject.item or subject.name} is bad.")


def missing(subject: Subject) -> Verdict:
    raise Undetermined(Gap(Reason.INPUT, f"the colour of {subject.item}", "look"))


def by_id(service: ServiceJson) -> dict[str, Any]:
    return {one["id"]: one for one in service["controls"]}


def test_passes_with_one_message_are_one_entry_and_failures_stand_alone() -> None:
    items = {"items": [{"name": "a"}, {"name": "b"}]}
    service = audited(items, check("x.aa-1.good", good, ITEM), check("x.aa-1.bad", bad, ITEM))
    findings = by_id(service)["AA-1"]["features"][0]["findings"]
    assert [(f["check"], f["status"], len(f["subjects"])) for f in findings] == [
        ("x.aa-1.good", "pass", 2),
        ("x.aa-1.bad", "fail", 1),
        ("x.aa-1.bad", "fail", 1),
    ]
    assert findings[0]["evidence"][0]["pointer"] == "/properties/items/0/name"


def test_unknowns_that_lack_the_same_are_one_entry() -> None:
    items = {"items": [{"name": str(number)} for number in range(9)]}
    (finding,) = by_id(audited(items, check("x.aa-1.m", missing, ITEM)))["AA-1"]["features"][0]["findings"]
    assert len(finding["subjects"]) == 9
    assert finding["message"].endswith("The same holds for 8 more.")
    assert len(finding["gaps"]) == 5


def test_a_check_counts_where_it_is_listed_but_stands_once() -> None:
    service = audited({"name": "x"}, check("x.aa-1.bad", bad, also=("BB-2",)), check("x.bb-2.good", good))
    row = by_id(service)["BB-2"]["features"][0]
    assert (row["status"], row["see"]) == ("fail", ["x.aa-1.bad"])
    assert [finding["check"] for finding in row["findings"]] == ["x.bb-2.good"]
    assert totals([service])[0]["fail"] == 1


def test_observations_weigh_on_nothing() -> None:
    note = check("x.aa-1.note", bad, severity=Severity.INFO)
    service = audited({"name": "x"}, note, check("x.aa-1.good", good))
    assert by_id(service)["AA-1"]["status"] == "pass"
    counts, by_source, _ = totals([service])
    assert counts["fail"] == 0
    assert by_source["all"]["compliance"] == 1.0


def test_what_is_beyond_the_baseline_leaves_its_rows_alone() -> None:
    service = audited({"name": "x"}, check("x.aa-1.good", good), check("x.aa-1.more", bad, feature=BEYOND))
    features = {one["title"]: one["status"] for one in by_id(service)["AA-1"]["features"]}
    assert features == {"Row": "pass", BEYOND: "fail"}
    assert totals([service])[1]["baseline"]["compliance"] == 1.0


def test_a_control_that_was_not_asked_for_is_listed_and_not_counted() -> None:
    checks = (check("x.aa-1.good", good), check("x.bb-2.bad", bad))
    service = audited({"name": "x"}, *checks, asked=frozenset({"AA-1"}))
    assert by_id(service)["BB-2"]["asked"] is False
    assert service["status"] == "pass"
    assert totals([service])[0]["fail"] == 0


def test_a_row_without_checks_is_unknown() -> None:
    assert by_id(audited({"name": "x"}, check("x.aa-1.good", good)))["BB-2"]["status"] == "unknown"


def test_totals_count_a_check_once_per_service() -> None:
    items = {"items": [{"name": str(number)} for number in range(50)]}
    service = audited({**items, "name": "x"}, check("x.aa-1.bad", bad, ITEM), check("x.aa-1.good", good))
    counts, by_source, judged = totals([service])
    assert (counts["pass"], counts["fail"]) == (1, 1)
    assert by_source["all"]["compliance"] == 0.5
    assert judged["decided"] == judged["showable"] == 2


@pytest.mark.parametrize("verdict", [Pass("p"), Fail("f"), NotApplicable("n")])
def test_a_verdict_without_evidence_is_an_error(verdict: Verdict) -> None:
    (finding,) = by_id(audited({}, check("x.aa-1.c", lambda _: verdict)))["AA-1"]["features"][0]["findings"]
    assert finding["status"] == "error"
    assert "without evidence" in finding["message"]


def test_a_broken_check_stays_in_the_report_and_quotes_nothing() -> None:
    def broken(subject: Subject) -> Verdict:
        raise KeyError(subject.read("/properties/name"))

    (finding,) = by_id(audited({"name": "secret"}, check("x.aa-1.c", broken)))["AA-1"]["features"][0][
        "findings"
    ]
    assert finding["status"] == "error"
    assert "KeyError" in finding["message"]
    assert "secret" not in json.dumps(finding)


def test_fingerprints_survive_reformatting_and_reordering() -> None:
    one = audited({"items": [{"name": "a"}, {"name": "b"}]}, check("x.aa-1.bad", bad, ITEM))
    other = audited({"items": [{"name": "B"}, {"name": "a"}], "more": 1}, check("x.aa-1.bad", bad, ITEM))
    assert fingerprints(one) == fingerprints(other)
    assert len(fingerprints(one)) == 2


def fingerprints(service: ServiceJson) -> set[str]:
    return {
        subject["fingerprint"]
        for one in service["controls"]
        for feature in one["features"]
        for finding in feature["findings"]
        for subject in finding["subjects"]
    }


def test_no_two_findings_of_the_example_share_a_fingerprint() -> None:
    inventory = inventory_of(ROOT / "examples" / "contoso-apim.json")
    audit = Audit(inventory, catalogue().knowledge, datetime(2026, 11, 21, tzinfo=UTC))
    service = audit_service(plan(catalogue()), audit, inventory.services[0])
    found = [
        subject["fingerprint"]
        for one in service["controls"]
        for feature in one["features"]
        for finding in feature["findings"]
        for subject in finding["subjects"]
    ]
    assert len(found) == len(set(found))


def judged(path: Path) -> ServiceJson:
    """The one service of a file, as every check judges it."""
    inventory = inventory_of(path)
    audit = Audit(inventory, catalogue().knowledge, datetime(2026, 11, 21, tzinfo=UTC))
    return audit_service(plan(catalogue()), audit, inventory.services[0])


def evidence(service: ServiceJson) -> list[EvidenceJson]:
    """Every value that its findings cite."""
    return [
        row
        for one in service["controls"]
        for feature in one["features"]
        for finding in feature["findings"]
        for row in finding["evidence"]
    ]


def test_evidence_names_the_parameter_a_template_takes_a_value_from() -> None:
    rows = evidence(judged(ROOT / "examples" / "contoso-apim.json"))
    assert all("line" in row["origin"] for row in rows if "file" in row["origin"])
    written = {row["pointer"]: row["expression"] for row in rows if "expression" in row}
    assert any(one.startswith("[parameters('") for one in written.values())
    quoted = re.compile(r"\[(?:(?:parameters|variables)\('\w+'\)|\w+\(\.\.\.\))\]")
    assert [one for one in written.values() if not quoted.fullmatch(one)] == []


def test_evidence_names_the_function_that_computes_what_holds_a_value(tmp_path: Path) -> None:
    """Its arguments are not quoted: they may hold what was removed from the value."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.ApiManagement/service",
                "apiVersion": "2024-05-01",
                "name": "contoso-apim",
                "sku": {"name": "[toUpper('premium')]", "capacity": 1},
                "properties": {
                    "virtualNetworkType": "None",
                    "customProperties": "[createObject('Microsoft.WindowsAzure.ApiManagement.Gateway."
                    "Security.Protocols.Tls10', 'True', 'canary', 'canary-91')]",
                },
            }
        ],
    }
    path = tmp_path / "main.json"
    path.write_text(json.dumps(template, indent=1), encoding="utf-8")
    service = judged(path)
    rows = evidence(service)
    written = {row["pointer"].rpartition(".")[2]: row.get("expression", "") for row in rows}
    assert written["Tls10"] == "[createObject(...)]"
    assert written["/sku/name"] == "[toUpper(...)]"
    assert written["/properties/virtualNetworkType"] == ""
    assert "canary-91" not in json.dumps(service)


def test_subjects_are_listed_once_and_what_ends_the_list_is_told_by_each_check() -> None:
    asked: list[str] = []

    def broken(service: Subject) -> Iterator[Subject]:
        asked.append(service.name)
        yield from service.items("/properties/items", key="/name")
        raise ValueError("in the middle")

    def open_(service: Subject) -> Iterator[Subject]:
        yield from service.items("/properties/items", key="/name")
        raise Undetermined(Gap(Reason.TRUNCATED, "the rest"))

    kinds = {"broken": Kind("item", broken), "open": Kind("item", open_)}
    checks = [check(f"apim.aa-1.{name}-{number}", good, kinds[name]) for name in kinds for number in (1, 2)]
    service = audited({"items": [{"name": "x"}, {"name": "y"}]}, *checks)
    told = [
        sorted(finding["status"] for finding in row["findings"] if finding["check"] == one.id)
        for one in checks
        for row in service["controls"][0]["features"][:1]
    ]
    assert told == [["error", "pass"], ["error", "pass"], ["pass", "unknown"], ["pass", "unknown"]]
    assert asked == ["contoso"]
