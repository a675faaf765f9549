"""Live mode end to end: the real clients against a server that behaves like the management API."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.apim.collections import SURROUNDINGS
from auditor.azure import client
from auditor.azure.plan import BELOW
from tests.arm_server.estates import Estate
from tests.arm_server.fixtures import StartArm, use
from tests.conftest import ROOT

MOMENT = ("--as-of", "2026-11-22")


@pytest.fixture
def estate(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server with two services of three APIs, and the options that lead to it."""
    made = Estate(2, 3, 2)
    server = start_arm(estate=made)
    # What is repeated, and how long is waited between, is the SDK's: once is enough to see it.
    monkeypatch.setattr(client, "RETRIES", 1)
    use(server, monkeypatch)
    return server, ("--cloud", server.url, "--auth", "env", "--subscription", made.service(0).subscription)


def results(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def statuses(found: dict[str, Any]) -> Counter[str]:
    return Counter(
        finding["status"]
        for service in found["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
    )


def test_a_live_scan_and_one_of_its_snapshot_say_the_same(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    kept, one, two = tmp_path / "s.json.gz", tmp_path / "one.json", tmp_path / "two.json"
    ran = run("scan", *live, *MOMENT, "--save-snapshot", str(kept), "--report", f"json={one}", "-q")
    assert ran.code in (1, 3), ran.err
    assert "signed in as" in ran.err
    again = run("scan", str(kept), *MOMENT, "--report", f"json={two}", "-q")
    assert again.code == ran.code
    assert results(one)["services"] == results(two)["services"]
    assert len(results(one)["services"]) == 2
    assert statuses(results(one))["pass"] > 20
    assert server.writes == []


def test_every_finding_names_its_request(run: Any, estate: Any, tmp_path: Path) -> None:
    _, live = estate
    path = tmp_path / "r.json"
    run("scan", *live, *MOMENT, "--report", f"json={path}", "-q")
    origins = [
        evidence["origin"]
        for service in results(path)["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        for evidence in finding["evidence"]
    ]
    requests = [origin["request"] for origin in origins if origin.get("request")]
    assert len(requests) > 100
    # What stands around a service, as its subnet and security group, comes from Resource Graph.
    ways = ("GET /subscriptions/", "GET /providers/", "POST /providers/Microsoft.ResourceGraph/resources")
    assert {request for request in requests if not request.startswith(ways)} == set()
    assert str(tmp_path) not in json.dumps(origins)


def test_no_secret_and_no_cursor_is_in_a_snapshot(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    path = tmp_path / "s.json.gz"
    assert run("collect", *live, "-o", str(path), "-q").code == 0
    text = gzip.decompress(path.read_bytes()).decode()
    assert server.entra.client.secret not in text
    assert "skiptoken" not in text.casefold()
    assert "Bearer" not in text or "(redacted" in text
    posts = server.log.select("*", method="POST")
    assert {each.path.lower().rstrip("/") for each in posts if "oauth2" not in each.path} <= {
        "/providers/microsoft.resourcegraph/resources"
    }


@pytest.mark.parametrize("kind", ["forbidden", "throttled", "failing", "not-found", "cut", "html", "loop"])
def test_a_fault_never_makes_a_pass(run: Any, estate: Any, tmp_path: Path, kind: str) -> None:
    server, live = estate
    whole, less = tmp_path / "whole.json", tmp_path / "less.json"
    run("scan", *live, *MOMENT, "--report", f"json={whole}", "-q")
    if kind == "forbidden":
        server.forbid("Microsoft.ApiManagement/service/namedValues/read", "/")
    else:
        server.fault(kind, "*/namedValues", retry_after=0 if kind == "throttled" else None)
    ran = run("scan", *live, *MOMENT, "--report", f"json={less}", "-q")
    assert ran.code in (1, 3), ran.err
    before, after = by_subject(results(whole)), by_subject(results(less))
    worse = {"unknown", "error"}
    gained = {
        key: (before.get(key), status)
        for key, status in after.items()
        if status != before.get(key) and status not in worse
    }
    assert gained == {}
    assert sum(status == "unknown" for status in after.values()) > sum(
        status == "unknown" for status in before.values()
    )


def test_no_endpoint_in_turn_makes_a_pass(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    whole, less = tmp_path / "whole.json", tmp_path / "less.json"
    run("scan", *live, *MOMENT, "--report", f"json={whole}", "-q")
    before = by_subject(results(whole))
    gained = {}
    names = sorted({name for below in BELOW.values() for name in below})
    names += sorted(each.segment or each.name for each in SURROUNDINGS.values())
    names += ["Microsoft.ResourceGraph/resources", "Microsoft.CustomerLockbox/*", "service/apim-0001"]
    for number, name in enumerate(names):
        kind = ("forbidden", "cut", "html", "throttled", "failing")[number % 5]
        fault = server.fault(kind, f"*/{name}", retry_after=0 if kind == "throttled" else None)
        ran = run("scan", *live, *MOMENT, "--report", f"json={less}", "-q")
        server.faults.clear()
        assert ran.code in (1, 3), (name, ran.err)
        if not fault.hits:
            continue
        for key, status in by_subject(results(less)).items():
            if status != before.get(key) and status not in {"unknown", "error"}:
                gained[name, key] = (before.get(key), status)
    assert gained == {}


def by_subject(found: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (finding["check"], subject["fingerprint"]): finding["status"]
        for service in found["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        for subject in finding["subjects"]
    }


@pytest.mark.parametrize(
    ("change", "said", "code"),
    [
        ("disabled", "is Disabled", 4),
        ("deleted", "not found", 4),
        ("forbidden", "not allowed (needs Microsoft.ApiManagement/service/read)", 4),
        ("expired", "the token was refused", 4),
        ("secret", "nobody is signed in", 4),
        ("tenant", "the credential is not one of tenant", 4),
        ("empty", "no API Management service", 4),
    ],
)
def test_what_cannot_be_read_at_all_is_one_sentence(
    run: Any, estate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, said: str, code: int
) -> None:
    server, live = estate
    subscription = live[-1]
    match change:
        case "disabled" | "deleted":
            server.subscription(subscription, change)
        case "forbidden":
            server.forbid("Microsoft.ApiManagement/service/read", "/")
        case "expired":
            server.fault("expired", "/subscriptions/*")
        case "secret":
            monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-the-one")
        case "tenant":
            live = (*live, "--tenant", "6d000000-0000-4000-8000-000000000000")
        case "empty":
            live = (*live[:-1], "6c000000-0000-4000-8000-000000000000")
            server.subscription(live[-1], "enabled")
        case _:
            raise AssertionError(change)
    ran = run("collect", *live, "-o", str(tmp_path / "s.json.gz"), "-q")
    assert ran.code == code, ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) <= 3


def test_a_service_that_is_being_deleted_is_said_and_undecided(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    path, snapshot = tmp_path / "r.json", tmp_path / "s.json.gz"
    server.fault("not-found", "*/service/apim-0000")
    server.fault("not-found", "*/service/apim-0000/*")
    run("scan", *live, *MOMENT, "--save-snapshot", str(snapshot), "--report", f"json={path}", "-q")
    found = results(path)
    assert any(
        "apim-0000 was found and could not be read" in note for note in found["run"]["inputs"][0]["notes"]
    )
    assert {each["name"]: each["status"] for each in found["services"]}["apim-0000"] == "unknown"
    ran = run("scan", str(snapshot), *MOMENT)
    assert "apim-0000 was found and could not be read" in ran.err


def test_a_run_that_was_cut_short_is_resumed_to_the_same_report(
    run: Any, estate: Any, tmp_path: Path
) -> None:
    server, live = estate
    whole, path = tmp_path / "whole.json.gz", tmp_path / "part.json.gz"
    assert run("collect", *live, "-o", str(whole), "-q").code == 0
    calls = server.log.count("*")
    fault = server.fault("failing", "*/apis/*")
    run("collect", *live, "-o", str(path), "-q")
    assert fault.hits
    server.faults.clear()
    server.log.clear()
    assert run("collect", *live, "-o", str(path), "--resume", "-q").code == 0
    assert 0 < server.log.count("*") < calls
    reports = []
    for name, snapshot in (("a", whole), ("b", path)):
        run("scan", str(snapshot), *MOMENT, "--report", f"json={tmp_path / name}", "-q")
        reports.append([{**each, "input": ""} for each in results(tmp_path / name)["services"]])
    assert reports[0] == reports[1]


def test_a_run_that_was_killed_is_resumed_to_the_same_report(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    whole, path = tmp_path / "whole.json.gz", tmp_path / "part.json.gz"
    run("collect", *live, "-o", str(whole), "-q")
    calls = server.log.count("*")
    server.log.clear()
    slow = server.fault("slow", "/subscriptions/*", seconds=0.05)
    command = [sys.executable, "-m", "auditor", "collect", *live, "-o", str(path), "-q"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)  # noqa: S603
    ends = time.monotonic() + 60
    while server.log.count("*") < calls // 2 and time.monotonic() < ends:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert slow.hits
    server.faults.clear()
    server.log.clear()
    assert run("collect", *live, "-o", str(path), "--resume", "-q").code == 0
    assert 0 < server.log.count("*") < calls
    reports = []
    for name, snapshot in (("a", whole), ("b", path)):
        run("scan", str(snapshot), *MOMENT, "--report", f"json={tmp_path / name}", "-q")
        reports.append([{**each, "input": ""} for each in results(tmp_path / name)["services"]])
    assert reports[0] == reports[1]


def test_a_management_group_is_read_and_one_that_is_not_there_reads_nothing(
    run: Any, estate: Any, tmp_path: Path
) -> None:
    server, live = estate
    server.management_groups["contoso"] = [live[-1]]
    arguments = (*live[:-2], "-o", str(tmp_path / "s.json.gz"))
    ran = run("collect", *arguments, "--management-group", "contoso")
    assert ran.code == 0, ran.err
    assert "2 services in 1 subscription" in ran.err
    ran = run("collect", *arguments, "--management-group", "fabrikam", "-q")
    assert ran.code == 4
    assert "management group fabrikam: not found" in ran.err


def test_the_last_line_of_progress_says_how_far_the_run_came(run: Any, estate: Any, tmp_path: Path) -> None:
    _, live = estate
    told = run("collect", *live, "-o", str(tmp_path / "whole.json.gz")).err.splitlines()
    assert [line for line in told if " of 2 services; " in line][-1].startswith("  2 of 2 services; ")
    told = run(
        "collect", *live, "-o", str(tmp_path / "cut.json.gz"), "--max-time", "0.00001"
    ).err.splitlines()
    assert [line for line in told if " of 2 services; " in line][-1].startswith("  0 of 2 services; ")
    assert told[-2].endswith("the run was cut short")
    quiet = run("collect", *live, "-o", str(tmp_path / "quiet.json.gz"), "-q").err
    assert " of 2 services" not in quiet


def test_another_scope_is_not_resumed(run: Any, estate: Any, tmp_path: Path) -> None:
    _, live = estate
    path = tmp_path / "s.json.gz"
    run("collect", *live, "-o", str(path), "-q")
    ran = run("collect", *live, "--service", "apim-0001", "-o", str(path), "--resume", "-q")
    assert ran.code == 2
    assert "another scope" in ran.err


def test_the_sdks_own_registration_is_refused(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    server.fault("unregistered", "*/namedValues")
    assert run("collect", *live, "-o", str(tmp_path / "s.json.gz"), "-q").code == 0
    assert server.writes == []


def test_doctor_says_what_may_not_be_read_and_what_hangs_on_it(run: Any, estate: Any) -> None:
    server, live = estate
    ran = run("doctor", *live)
    assert ran.code == 0, ran.out + ran.err
    assert "Everything that the checks ask for can be read." in ran.out
    server.forbid("Microsoft.ApiManagement/service/namedValues/read", "/")
    ran = run("doctor", *live)
    assert ran.code == 3
    assert "Microsoft.ApiManagement/service/namedValues/read" in ran.out
    assert "apim.im-8.named-value-secret-in-key-vault" in ran.out
    assert server.writes == []


def test_the_role_that_doctor_prints_allows_what_a_run_reads(run: Any, estate: Any, tmp_path: Path) -> None:
    server, live = estate
    ran = run("doctor", *live, "--role")
    role = json.loads(ran.out)
    assert ran.code == 0
    assert all(action.endswith("/read") and "*" not in action for action in role["Actions"])
    run("collect", *live, "-o", str(tmp_path / "s.json.gz"), "-q")
    used = {each.action.lower() for each in server.log.select("/subscriptions/*") if each.action}
    assert used <= {action.lower() for action in role["Actions"]}, sorted(used)


@pytest.mark.parametrize("auth", ["workload", "managed-identity", "github-oidc"])
def test_other_ways_to_sign_in(
    run: Any, estate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    server, live = estate
    use(server, monkeypatch, auth)
    arguments = ("--cloud", server.url, "--auth", auth, "--subscription", live[-1])
    ran = run("collect", *arguments, "-o", str(tmp_path / "s.json.gz"), "-q")
    assert ran.code == 0, ran.err
    assert "signed in as" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scan",), "nothing to audit"),
        (("scan", "x.json", "--subscription", "0"), "PATH has no effect"),
        (("scan", "x.json", "--auth", "cli"), "--auth has no effect"),
        (("scan", "x.json", "--save-snapshot", "y"), "--save-snapshot has no effect"),
        (("collect", "-o", "s.json.gz"), "name what to read"),
        (("collect", "--subscription", "my subscription", "-o", "s.json.gz"), "not the id of a subscription"),
        (("collect", "--subscription", "0", "--auth", "password", "-o", "x"), "--auth password"),
        (("collect", "--subscription", "0", "--cloud", "mars", "-o", "x"), "--cloud mars"),
        (("collect", "--management-group", "m", "--service", "s", "-o", "x"), "--service needs"),
    ],
)
def test_wrong_usage(run: Any, arguments: tuple[str, ...], said: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert said in ran.err
