"""Live mode where answers are of another shape than documented, or the run is interrupted as it begins."""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.arm_server.estates import Estate
from tests.azure.test_live import MOMENT, by_subject, estate, results
from tests.conftest import ROOT

__all__ = ["estate"]


@pytest.mark.parametrize("kind", ["wrong-shape", "no-id"])
@pytest.mark.parametrize("name", ["policyAssignments", "values", "roleAssignments", "pricings"])
def test_a_list_of_another_shape_is_not_an_empty_one(
    run: Any, estate: Any, tmp_path: Path, kind: str, name: str
) -> None:
    server, live = estate
    whole, less = tmp_path / "whole.json", tmp_path / "less.json"
    run("scan", *live, *MOMENT, "--report", f"json={whole}", "-q")
    fault = server.fault(kind, f"*/{name}")
    run("scan", *live, *MOMENT, "--report", f"json={less}", "-q")
    assert fault.hits
    before, after = by_subject(results(whole)), by_subject(results(less))
    changed = {key: status for key, status in after.items() if status != before.get(key)}
    assert set(changed.values()) <= {"unknown"}


@pytest.mark.parametrize(
    ("kind", "said"), [("wrong-shape", "the answer is no list"), ("no-id", "listed services have no id")]
)
def test_services_that_cannot_be_told_are_not_none(
    run: Any, estate: Any, tmp_path: Path, kind: str, said: str
) -> None:
    server, live = estate
    server.fault(kind, "*/Microsoft.ApiManagement/service")
    ran = run("collect", *live, "-o", str(tmp_path / "s.json.gz"), "--allow-empty", "-q")
    assert ran.code == 4
    assert said in ran.err


@pytest.mark.parametrize(
    "path", ["/subscriptions/*", "*/Microsoft.ResourceGraph/resources", "*CustomerLockbox*"]
)
def test_a_provider_to_be_registered_without_a_subscription_is_said(
    run: Any, estate: Any, tmp_path: Path, path: str
) -> None:
    server, live = estate
    fault = server.fault("unregistered", path)
    ran = run("collect", *live, "-o", str(tmp_path / "s.json.gz"), "-q")
    assert fault.hits
    assert ran.code == (4 if path.startswith("/subscriptions") else 0)
    assert "internal error" not in ran.err
    assert server.writes == []


def test_policies_with_odd_properties_are_read_one_by_one(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    path = f"{Estate(2, 3, 2).service(0).id}/allPolicies"
    server.state.put_body(path, {"value": [{"id": path, "properties": "none"}]})
    ran = run("collect", *live, "-o", str(tmp_path / "s.json.gz"), "-q")
    assert ran.code == 0, ran.err


def test_an_interrupt_ends_the_run_at_once_and_leaves_a_file(run: Any, estate: Any, tmp_path: Path) -> None:
    """At the fifth request the run has just begun to wait for its threads."""
    server, live = estate
    path = tmp_path / "s.json.gz"
    server.fault("slow", "/subscriptions/*", seconds=0.2)
    command = [sys.executable, "-m", "auditor", "collect", *live, "-o", str(path), "-q"]
    # A shell that runs the tests in the background has children ignore interrupts.
    hear = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, preexec_fn=hear)  # noqa: S603
    ends = time.monotonic() + 60
    while server.log.count("*") < 5 and time.monotonic() < ends:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert server.log.count("*") < 60
    assert run("scan", str(path), *MOMENT, "-q").code in (1, 3)


@pytest.mark.parametrize(
    ("kind", "path", "said"),
    [
        (
            "forbidden",
            "*/operations",
            "lists of microsoft.apimanagement/service/apis/operations did not come",
        ),
        ("forbidden", "*/Microsoft.CustomerLockbox/*", "/tenantoptedin/"),
        ("no-id", "*/service/apim-0000", "apim-0000 was found and could not be read"),
    ],
)
def test_what_no_service_lists_is_said_in_the_notes(
    run: Any, estate: Any, tmp_path: Path, kind: str, path: str, said: str
) -> None:
    server, live = estate
    less = tmp_path / "less.json"
    server.fault(kind, path)
    run("scan", *live, *MOMENT, "--report", f"json={less}", "-q")
    assert any(said in note for note in results(less)["run"]["inputs"][0]["notes"])
