"""Recorded answers and the specification's examples, served by the stand-in, collected and judged."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.azure import client
from tests.arm_server.feeds import load
from tests.arm_server.fixtures import StartArm, use

MOMENT = ("--as-of", "2026-11-22")
RECORDED = "_derived/rest-get"
EXAMPLES = "solankisamir__azure-rest-api-specs/specification/apimanagement/resource-manager"


def judged(path: Path) -> tuple[Counter[str], list[str]]:
    """Statuses of all findings, and the names of the services."""
    found: dict[str, Any] = json.loads(path.read_text())
    statuses = Counter(
        finding["status"]
        for service in found["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
    )
    return statuses, [service["name"] for service in found["services"]]


@pytest.fixture
def replay(run: Any, start_arm: StartArm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Serves a folder and scans every subscription that has a service in it."""
    monkeypatch.setattr(client, "RETRIES", 1)

    def call(folder: Path) -> tuple[Counter[str], list[str]]:
        server = start_arm(limits=None)
        use(server, monkeypatch)
        assert load(server.state, folder)
        total, names = Counter[str](), []
        for number, subscription in enumerate(server.state.subscriptions()):
            out = tmp_path / f"{number}.json"
            scope = ("--cloud", server.url, "--auth", "env", "--subscription", subscription)
            ran = run("scan", *scope, *MOMENT, "--allow-empty", "--report", f"json={out}", "-q")
            assert ran.code in (0, 1, 3), (folder.name, ran.code, ran.err)
            assert "internal error" not in ran.err
            statuses, found = judged(out)
            total += statuses
            names += found
        assert server.writes == []
        return total, names

    return call


def test_recorded_answers_are_collected_and_judged(corpus: Path, replay: Any, record_property: Any) -> None:
    total, services, folders = Counter[str](), 0, 0
    for folder in sorted(each for each in (corpus / RECORDED).iterdir() if each.is_dir()):
        statuses, names = replay(folder)
        assert statuses["error"] == 0, (folder.name, statuses)
        folders += bool(names)
        services += len(names)
        total += statuses
    assert folders > 5
    assert services >= folders
    assert total["pass"] > 50
    assert total["fail"] > 50
    record_property("recorded", f"{folders} folders, {services} services: {dict(total)}")


def test_the_specifications_examples_are_collected_and_judged(
    corpus: Path, replay: Any, record_property: Any
) -> None:
    folders = sorted((corpus / EXAMPLES).rglob("examples"))
    assert folders
    for folder in folders:
        statuses, names = replay(folder)
        assert names, folder
        assert statuses["error"] == 0, (folder, statuses)
        assert statuses["pass"] + statuses["fail"] > 10, (folder, statuses)
        record_property(folder.parent.name, f"{len(names)} services: {dict(statuses)}")
