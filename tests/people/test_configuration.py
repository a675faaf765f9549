"""The configuration file: found, checked, stored, and below the command line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from auditor.userfiles import read_user_file
from tests.auditing import item, observed
from tests.people.test_files import EXAMPLE, GOOD
from tests.people.test_people_commands import scan


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_configuration_is_found_said_and_stored(run: Any, here: Path) -> None:
    (here / "auditor.toml").write_text('fail-on = "none"\nwaivers = ["w.yaml"]\nreport = ["md=r.md"]\n')
    (here / "w.yaml").write_text(GOOD)
    ran = run("scan", EXAMPLE, "-q", "--as-of", "2026-11-21")
    assert ran.code == 0
    assert "configuration: auditor.toml" in ran.err
    assert (here / "r.md").is_file()
    ran, results = scan(run, here)
    assert ran.code == 0
    told = results["run"]["configuration"]
    assert told["path"] == "auditor.toml"
    assert told["settings"]["fail-on"] == "none"
    assert told["settings"]["waivers"] == ["w.yaml"]
    assert told["settings"]["report"] == [f"json={here / 'r.json'}"]
    assert results["summary"]["counts"]["waived"] == 1


def test_the_command_line_wins(run: Any, here: Path) -> None:
    (here / "auditor.yaml").write_text("fail-on: none\ncontrols: [NS-2]\nwaivers: [missing.yaml]\n")
    (here / "w.yaml").write_text(GOOD)
    ran, results = scan(run, here, "--fail-on", "high", "--controls", "NS-1", "--waivers", "w.yaml")
    assert ran.code == 1
    assert results["run"]["scope"]["controls"] == ["NS-1"]
    assert results["run"]["waivers"]["entries"][0]["state"] == "not-asked"


def test_without_a_file_the_manifest_says_the_defaults(run: Any, here: Path) -> None:
    ran, results = scan(run, here)
    told = results["run"]["configuration"]
    assert (told["path"], told["sha256"]) == (None, None)
    assert told["settings"]["certificate-expiry-days"] == 30
    assert "configuration:" not in ran.err


def test_files_of_a_configuration_lie_beside_it(run: Any, here: Path) -> None:
    folder = here / "ci"
    folder.mkdir()
    (folder / "c.yml").write_text("waivers: [w.yaml]\n")
    (folder / "w.yaml").write_text(GOOD)
    _, results = scan(run, here, "--config", "ci/c.yml")
    assert results["run"]["waivers"]["files"][0]["path"] == str(Path("ci/w.yaml"))


def test_severities(run: Any, here: Path) -> None:
    check = "apim.ns-2.gateway-not-public"
    (here / "auditor.toml").write_text(f'[severities]\n"{check}" = "low"\n')
    _, results = scan(run, here)
    found = [
        finding["severity"]
        for control in results["services"][0]["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"] == check
    ]
    assert found == ["low"]
    assert [c["severity"] for c in results["catalogue"]["checks"] if c["id"] == check] == ["low"]


def test_settings_reach_the_checks(run: Any, here: Path) -> None:
    document = {
        "value": [
            observed(
                hostnameConfigurations=[
                    {"type": "Proxy", "hostName": "api.contoso.example", "negotiateClientCertificate": False},
                    {
                        "type": "Proxy",
                        "hostName": "contoso.azure-api.net",
                        "negotiateClientCertificate": True,
                    },
                ]
            ),
            item("certificates", "c", expirationDate="2027-01-05T00:00:00Z", subject="CN=c", thumbprint="A"),
        ],
        "count": 2,
    }
    (here / "in.json").write_text(json.dumps(document))

    def status(check: str, name: str) -> str:
        run("scan", "in.json", "-q", "--as-of", "2026-11-21", "--report", "json=r.json", "--evidence", "all")
        results = json.loads((here / "r.json").read_text("utf-8"))
        [found] = [
            finding["status"]
            for control in results["services"][0]["controls"]
            for feature in control["features"]
            for finding in feature["findings"]
            if finding["check"] == check
            and any(name in (one.get("item"), one["name"]) for one in finding["subjects"])
        ]
        return str(found)

    requested, expiry = "apim.im-4.certificate-requested", "apim.dp-7.certificate-expiry"
    assert status(requested, "api.contoso.example") == "unknown"
    assert status(expiry, "c") == "pass"
    (here / "auditor.toml").write_text(
        'require-client-certificates = ["API.contoso.example"]\ncertificate-expiry-days = 60\n'
    )
    assert status(requested, "api.contoso.example") == "fail"
    assert status(expiry, "c") == "fail"


def test_a_host_name_that_no_service_has_is_said(run: Any, here: Path) -> None:
    (here / "auditor.toml").write_text(
        'require-client-certificates = ["partner.contoso.example", "API.contoso.example"]\n'
    )
    ran, _ = scan(run, here)
    said = [line for line in ran.err.splitlines() if "require-client-certificates" in line]
    assert len(said) == 1
    assert "'partner.contoso.example'" in said[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail_on = 'low'", "unknown key 'fail_on'; did you mean fail-on?"),
        ("fail-on = 'severe'", "'fail-on' has to be one of low, medium, high, critical, none"),
        ("controls = ['XX-9']", "there is no control 'XX-9'"),
        ("controls = []", "'controls' is empty"),
        ("allow-unknown = ['inputs']", "neither all, input, nor a control or check"),
        ("report = ['pdf=x']", "is not FORMAT=PATH"),
        ("certificate-expiry-days = 0", "has to be from 1 to 3650"),
        ("certificate-expiry-days = '30'", "has to be a whole number"),
        ("[severities]\n'apim.x-1.y' = 'low'", "there is no check 'apim.x-1.y'"),
        ("[severities]\n'apim.ns-2.gateway-not-public' = 'info'", "has to be one of low"),
        ("[severities]\n'apim.im-4.key-vault-ip-rules' = 'low'", "is an observation"),
        ("waivers = 'w.yaml'", "'waivers' has to be a list"),
        ("waivers = ['none.yaml']", "none.yaml: cannot be read"),
        ("waivers = ['w.yaml', 'w.yaml']", "given twice"),
    ],
)
def test_a_wrong_configuration_is_refused(run: Any, here: Path, text: str, message: str) -> None:
    (here / "auditor.toml").write_text(text)
    (here / "w.yaml").write_text(GOOD)
    for arguments in (("scan", EXAMPLE), ("config", "check")):
        ran = run(*arguments)
        assert ran.code == 2, ran.out
        assert message in ran.err
        assert "Traceback" not in ran.err
    assert run("scan", EXAMPLE, "--no-config", "-q", "--fail-on", "none").code == 0


def test_two_configurations_are_one_too_many(run: Any, here: Path) -> None:
    for name in ("auditor.toml", "auditor.yaml"):
        (here / name).write_text("")
    assert run("scan", EXAMPLE, "-q").code == 2
    assert run("scan", EXAMPLE, "-q", "--config", "auditor.yaml", "--fail-on", "none").code == 0
    assert run("scan", EXAMPLE, "--config", "auditor.yaml", "--no-config").code == 2


def test_what_config_check_prints_is_a_configuration(run: Any, here: Path) -> None:
    (here / "auditor.yaml").write_text(
        'fail-on: high\nrequire-client-certificates: ["*"]\nseverities: {apim.ns-1.virtual-network: low}\n'
    )
    ran = run("config", "check")
    assert ran.code == 0
    printed = tomllib.loads(ran.out)
    assert printed["fail-on"] == "high"
    assert printed["severities"] == {"apim.ns-1.virtual-network": "low"}
    (here / "again.toml").write_text(ran.out.replace("controls = []\n", ""))
    again = run("config", "check", "again.toml")
    assert tomllib.loads(again.out) == printed
    assert read_user_file(here / "again.toml", "config").value["require-client-certificates"] == ["*"]
