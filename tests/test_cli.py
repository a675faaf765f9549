"""The command line as a user meets it: what it says, how it ends, what it never lets through."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "contoso-apim.json"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SERVICE = {
    "type": "Microsoft.ApiManagement/service",
    "apiVersion": "2024-05-01",
    "name": "contoso",
    "location": "westeurope",
    "sku": {"name": "Developer", "capacity": 1},
    "properties": {"publisherEmail": "a@contoso.com", "virtualNetworkType": "Internal"},
}


def template(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **more}


def write(path: Path, value: Any, encoding: str = "utf-8", newline: str = "\n") -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent="\t")
    path.write_bytes(text.replace("\n", newline).encode(encoding))
    return str(path)


def test_the_example_is_audited_end_to_end(run: Any, tmp_path: Path) -> None:
    html, stored, markdown = (str(tmp_path / name) for name in ("r.html", "r.json", "r.md"))
    ran = run(
        "scan",
        str(EXAMPLE),
        "--report",
        f"html={html}",
        "--report",
        f"json={stored}",
        "--report",
        f"md={markdown}",
    )
    assert ran.code == 1
    assert "FAILED (exit 1)" in ran.out.splitlines()[-1]
    assert "ARM template" in ran.err
    results = json.loads(Path(stored).read_text(encoding="utf-8"))
    assert results["summary"]["gate"]["exit_code"] == 1
    for path in (html, markdown):
        text = Path(path).read_text(encoding="utf-8")
        for control in results["catalogue"]["controls"]:
            assert control["id"] in text


def test_a_stored_result_renders_the_same_again(run: Any, tmp_path: Path) -> None:
    stored, first, second = (str(tmp_path / name) for name in ("r.json", "1.html", "2.html"))
    run("scan", str(EXAMPLE), "-q", "--report", f"json={stored}", "--report", f"html={first}")
    with pytest.MonkeyPatch.context():
        main_code = run_report(stored, second)
    assert main_code == 0
    assert Path(first).read_bytes() == Path(second).read_bytes()


def run_report(stored: str, output: str) -> int:
    try:
        main(["report", stored, "-f", "html", "-o", output])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_the_same_moment_gives_the_same_services(run: Any, tmp_path: Path) -> None:
    found = []
    for name in ("a.json", "b.json"):
        run("scan", str(EXAMPLE), "-q", "--as-of", "2026-11-21", "--report", f"json={tmp_path / name}")
        results = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        found.append((results["services"], results["withheld"]))
    assert found[0] == found[1]


# -- no silent green -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"resources": [', "not valid JSON"),
        ("", "empty"),
        ("{}", "neither an ARM template nor Azure resources"),
        ('{"properties": {"policyRule": {"if": {}}}}', "neither an ARM template nor Azure resources"),
        (json.dumps(template()), "no API Management service"),
    ],
)
def test_what_cannot_be_audited_ends_with_4(run: Any, tmp_path: Path, content: str, said: str) -> None:
    ran = run("scan", write(tmp_path / "x.json", content))
    assert ran.code == 4
    assert said in ran.out + ran.err
    assert "Traceback" not in ran.out + ran.err


def test_a_missing_file_and_an_empty_folder_end_with_4(run: Any, tmp_path: Path) -> None:
    assert run("scan", str(tmp_path / "missing.json")).code == 4
    assert run("scan", str(tmp_path)).code == 4
    assert run("scan", str(tmp_path), "--allow-empty").code == 4


def test_a_template_without_a_service_may_be_accepted(run: Any, tmp_path: Path) -> None:
    assert run("scan", write(tmp_path / "x.json", template()), "--allow-empty").code == 0


def test_a_broken_file_among_good_ones_is_said_and_the_others_are_read(run: Any, tmp_path: Path) -> None:
    write(tmp_path / "good.json", template(SERVICE))
    write(tmp_path / "bad.json", '{\n "a": ]\n}')
    ran = run("scan", str(tmp_path), "--fail-on", "critical")
    assert ran.code == 3
    assert "bad.json:2:7: not valid JSON" in ran.err
    assert "contoso" in ran.out


def test_a_parameter_without_a_value_passes_nothing(run: Any, tmp_path: Path) -> None:
    service = {**SERVICE, "properties": {"virtualNetworkType": "[parameters('vnet')]"}}
    path = write(tmp_path / "x.json", template(service, parameters={"vnet": {"type": "string"}}))
    ran = run("scan", path, "--controls", "NS-1", "--report", f"json={tmp_path / 'r.json'}")
    assert ran.code == 3
    assert "parameter 'vnet' has no value" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fail-on", "severe"],
        ["--controls", "NS-99"],
        ["--controls", ","],
        ["--allow-unknown=NS-99"],
        ["--as-of", "yesterday"],
        ["--evidence", "none"],
        ["--report", "html"],
        ["--report", "pdf=x.pdf"],
        ["--report", "html=a", "--report", "md=a"],
        ["--report", "html=/nowhere/at/all.html"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_ends_with_2(run: Any, arguments: list[str]) -> None:
    ran = run("scan", str(EXAMPLE), *arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_parameters_that_take_no_effect_are_an_error(run: Any, tmp_path: Path) -> None:
    body = {
        "id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/x",
        "properties": {},
    }
    given = write(tmp_path / "p.json", {"contentVersion": "1.0.0.0", "parameters": {"a": {"value": 1}}})
    assert run("scan", write(tmp_path / "x.json", body), "--parameters", given).code == 2


def test_controls_left_out_are_listed_as_not_asked(run: Any, tmp_path: Path) -> None:
    stored = tmp_path / "r.json"
    run("scan", str(EXAMPLE), "-q", "--controls", "ns-2", "--report", f"json={stored}")
    controls = json.loads(stored.read_text(encoding="utf-8"))["services"][0]["controls"]
    assert [c["id"] for c in controls if c.get("asked", True)] == ["NS-2"]
    assert len(controls) == 22


# -- where users are -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_files_as_windows_writes_them(run: Any, tmp_path: Path, encoding: str, newline: str) -> None:
    path = write(tmp_path / "x.json", template(SERVICE), encoding, newline)
    ran = run("scan", path, "--controls", "NS-1", "--fail-on", "none")
    assert "contoso" in ran.out
    assert ran.code in (0, 3)


def test_standard_input_in_powershells_encoding(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps(template(SERVICE)).encode("utf-16")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    ran = run("scan", "-", "--controls", "NS-1")
    assert "contoso" in ran.out
    assert "<stdin>" in ran.err


def test_a_console_that_knows_few_characters(tmp_path: Path) -> None:
    service = {**SERVICE, "name": "contoso-日本-∕"}
    path = write(tmp_path / "x.json", template(service))
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "auditor", "scan", path, "--controls", "NS-1"]
    ran = subprocess.run(command, capture_output=True, env=environment, check=False)  # noqa: S603 - our own
    assert ran.returncode in (0, 3), ran.stderr
    assert b"contoso-" in ran.stdout
    assert b"Traceback" not in ran.stderr


def test_services_whose_names_differ_only_in_case_stay_apart(run: Any, tmp_path: Path) -> None:
    def service(group: str, name: str) -> dict[str, Any]:
        scope = f"/subscriptions/0/resourceGroups/{group}/providers/Microsoft.ApiManagement/service"
        return {
            "id": f"{scope}/{name}",
            "sku": {"name": "Developer"},
            "properties": {"virtualNetworkType": "None"},
        }

    stored = tmp_path / "r.json"
    body = {"value": [service("a", "contoso"), service("b", "Contoso"), service("A", "CONTOSO")]}
    run("scan", write(tmp_path / "x.json", body), "-q", "--report", f"json={stored}")
    services = json.loads(stored.read_text(encoding="utf-8"))["services"]
    assert [(one["name"], one["id"].split("/")[4]) for one in services] == [
        ("contoso", "a"),
        ("Contoso", "b"),
    ]


def test_a_report_on_standard_output_stands_alone(run: Any) -> None:
    ran = run("scan", str(EXAMPLE), "--report", "json=-")
    assert json.loads(ran.out)["schema_version"] == 1
    assert "exit 1" in ran.err


# -- the catalogue -------------------------------------------------------------------------------------


def test_explain_and_controls(run: Any) -> None:
    assert "What" not in run("explain", "NS-2").err
    assert run("explain", "apim.ns-2.gateway-not-public").code == 0
    assert run("explain", "gateway-not-public").code == 0
    assert run("explain", "no-such-thing").code == 2
    table = run("controls")
    assert table.code == 0
    assert "22 controls" in table.out


def test_a_stored_result_that_is_none_is_said_to_be_none(run: Any, tmp_path: Path) -> None:
    assert run("report", write(tmp_path / "x.json", {"a": 1})).code == 4
    assert run("report", write(tmp_path / "x.json", {"schema_version": 99, "services": []})).code == 4
    assert run("report", str(tmp_path / "missing.json")).code == 4
