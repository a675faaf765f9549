"""Attestations: answers to what is manual, and to nothing else."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.attestations import Attestations
from auditor.audit import Options, Span, audit
from auditor.model.results import Results
from auditor.model.verdict import Status
from auditor.register import Standing
from auditor.said import Said
from auditor.selectors import Place, Selector
from auditor.sources import read_paths
from auditor.waivers import Waivers
from controls import catalogue
from reports.html import render_html
from reports.markdown import render_markdown
from tests.auditing import ID
from tests.conftest import NOW
from tests.people.test_waivers import TEMPLATE, findings, of, rows, waiver

BACKUP = "apim.br-1.native-backup"


def attestation(**more: Any) -> Standing:
    selector = Selector(more.pop("check", BACKUP), more.pop("service", "contoso"))
    plain = Standing(
        selector, "pass", "Seen.", "team", date(2027, 3, 31), "a.yaml:2", starts=date(2026, 11, 1)
    )
    return replace(plain, **more)


def scanned(folder: Path, *entries: Standing, waivers: Any = None) -> Results:
    path = folder / "0.json"
    path.write_text(json.dumps(TEMPLATE), encoding="utf-8")
    said = Said(attestations=Attestations((), entries, NOW, 30), waivers=waivers)
    return audit(read_paths([str(path)]).inventory, catalogue(), Options(NOW, said=said), Span(NOW, NOW))


def states(results: Results) -> list[str]:
    return [entry["state"] for entry in results["run"]["attestations"]["entries"]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return scanned(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_a_manual_finding_is_answered(tmp_path: Path, plain: Results, verdict: str) -> None:
    results = scanned(tmp_path, attestation(decision=verdict, links=("https://wiki.contoso.example/1",)))
    [before], [after] = of(plain, BACKUP), of(results, BACKUP)
    assert (before["status"], after["status"]) == ("manual", verdict)
    assert after["evidence"][0]["origin"] == {"attestation": "a.yaml:2"}
    assert after["attestation"]["question"] == before["message"]
    assert after["attestation"]["links"] == ["https://wiki.contoso.example/1"]
    assert "team" in after["message"]
    assert states(results) == ["holds"]
    assert results["summary"]["counts"][verdict] == plain["summary"]["counts"][verdict] + 1


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["pass", "fail"]), st.data())
def test_nothing_but_manual_changes(plain: Results, verdict: str, data: st.DataObject) -> None:
    entries = [attestation(check=check.id, service="*", decision=verdict) for check in catalogue().checks]
    register = Attestations((), entries, NOW, 30)
    for before in rows(plain):
        before["status"] = data.draw(st.sampled_from([status.value for status in Status]))
        after = copy.deepcopy(before)
        register.apply(Place(ID, "contoso"), after)
        assert (after != before) == (before["status"] == "manual")


@pytest.mark.parametrize(
    ("starts", "expires", "state"),
    [
        (-30, 60, "holds"),
        (0, 0, "expires-soon"),
        (-30, -1, "expired"),
        (1, 60, "not-yet"),
    ],
)
def test_its_time(tmp_path: Path, starts: int, expires: int, state: str) -> None:
    day = NOW.date()
    entry = attestation(starts=day + timedelta(days=starts), expires=day + timedelta(days=expires))
    results = scanned(tmp_path, entry)
    assert states(results) == [state]
    applied = state in ("holds", "expires-soon")
    assert of(results, BACKUP)[0]["status"] == ("pass" if applied else "manual")
    if not applied:
        assert "counts again" in results["run"]["attestations"]["entries"][0]["says"]


def test_one_for_what_is_decided_is_said_to_be_needless(tmp_path: Path) -> None:
    results = scanned(
        tmp_path,
        attestation(check="apim.ns-2.gateway-not-public"),
        attestation(service="fabrikam"),
    )
    assert states(results) == ["not-needed", "unmatched"]


def test_where_people_disagree_the_failure_counts(tmp_path: Path) -> None:
    results = scanned(tmp_path, attestation(), attestation(decision="fail", place="a.yaml:9"), attestation())
    assert of(results, BACKUP)[0]["status"] == "fail"
    assert of(results, BACKUP)[0]["attestation"]["place"] == "a.yaml:9"


def test_an_attested_failure_can_be_waived(tmp_path: Path) -> None:
    accepted = Waivers((), [waiver(check=BACKUP, service="*")], NOW, 30)
    [found] = of(scanned(tmp_path, attestation(decision="fail"), waivers=accepted), BACKUP)
    assert found["status"] == "waived"
    assert found["waiver"]["status"] == "fail"
    assert found["attestation"]["verdict"] == "fail"


def test_reports_show_it_and_let_nothing_through(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>\u202e ](javascript:x) `|"
    entry = attestation(text=hostile, who=hostile, links=("https://wiki.contoso.example/?a=1",))
    accepted = Waivers(
        (), [waiver(text=hostile, who=hostile, check="apim.pa-8.lockbox", service="*")], NOW, 30
    )
    results = scanned(tmp_path, entry, waivers=accepted)
    page, text = render_html(results), render_markdown(results)
    assert "<script>alert" not in page
    assert "<script>" not in text
    assert "\u202e" not in page + text
    assert "wiki.contoso.example" in page
    assert 'href="https://wiki' not in page
    assert "1 attestation in force" in page
    assert "1 waiver in force" in text


def test_observations_and_the_rest_stay_as_they_were(tmp_path: Path, plain: Results) -> None:
    results = scanned(tmp_path, attestation())
    other = [(f["check"], f["status"]) for f in findings(results) if f["check"] != BACKUP]
    assert other == [(f["check"], f["status"]) for f in findings(plain) if f["check"] != BACKUP]
