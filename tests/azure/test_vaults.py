"""Certificates read from their vaults, and nothing else."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import connection

from auditor.azure import client
from auditor.azure.vaults import Vaults, references_in
from auditor.snapshot.files import records
from auditor.snapshot.records import Answer, Outcome
from tests.arm_server import vaults
from tests.arm_server.estates import Estate
from tests.arm_server.fixtures import StartArm, use

KV = "kv-0000.vault.azure.net"


@pytest.fixture
def server(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that the host names of vaults lead to as well: no name service would."""
    made = start_arm(estate=Estate(1, 1, 1, skus=("Premium",)))
    monkeypatch.setattr(client, "RETRIES", 1)
    use(made, monkeypatch)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,.vault.azure.net")
    monkeypatch.setenv("no_proxy", "127.0.0.1,.vault.azure.net")
    real = connection.create_connection

    def led(address: tuple[str, int], *arguments: Any, **options: Any) -> Any:
        host, port = address
        target = ("127.0.0.1", made.port) if host.endswith(vaults.SUFFIX) else (host, port)
        return real(target, *arguments, **options)

    monkeypatch.setattr(connection, "create_connection", led)
    return made


def collected(run: Any, server: Any, path: Path, *more: str) -> list[Answer]:
    subscription = server.source.subscriptions()[0]
    scope = ("--cloud", server.url, "--auth", "env", "--subscription", subscription)
    ran = run("collect", *scope, "-o", str(path), "-q", *more)
    assert ran.code == 0, ran.err
    found = [one for one in records(path.read_bytes()) if isinstance(one, Answer)]
    return [one for one in found if "/certificates/" in one.request and "https://" in one.request]


def service_certificates(server: Any, host: str) -> list[str]:
    """Put references to a vault where a service has them; the names."""
    service = next(row for row in server.source.rows() if row["type"].lower().endswith("/service"))
    hosts = [
        {"type": "Proxy", "hostName": "api.contoso.example", "keyVaultId": f"https://{host}/secrets/gateway"}
    ]
    server.state.put({**service, "properties": {**service["properties"], "hostnameConfigurations": hosts}})
    server.state.put(
        {
            "id": f"{service['id']}/certificates/backend",
            "type": "Microsoft.ApiManagement/service/certificates",
            "name": "backend",
            "properties": {
                "keyVault": {"secretIdentifier": f"https://{host}/secrets/backend/0123456789abcdef"}
            },
        }
    )
    return ["gateway", "backend"]


def test_the_certificates_in_use_are_asked_for_without_a_secret(
    run: Any, server: Any, tmp_path: Path
) -> None:
    for name in service_certificates(server, KV):
        server.certificates[KV, name] = vaults.certificate(KV, name)
    path = tmp_path / "s.json.gz"
    found = {one.request: one for one in collected(run, server, path, "--vault-certificates")}
    for name in ("gateway", "backend"):
        one = found[f"GET https://{KV}/certificates/{name}?api-version=7.4"]
        assert one.outcome is Outcome.COMPLETE
        assert isinstance(one.body, dict)
        assert set(one.body) == {"id", "attributes", "policy"}
    text = gzip.decompress(path.read_bytes()).decode()
    assert "bm90IHJlYWxseSBhIGNlcnRpZmljYXRl" not in text
    assert server.writes == []


def test_without_the_option_no_vault_is_asked(run: Any, server: Any, tmp_path: Path) -> None:
    service_certificates(server, KV)
    assert collected(run, server, tmp_path / "s.json.gz") == []
    assert server.log.count("/certificates/*") == 0


def test_what_may_not_be_got_is_recorded(run: Any, server: Any, tmp_path: Path) -> None:
    service_certificates(server, KV)
    server.certificates[KV, "gateway"] = {}
    found = collected(run, server, tmp_path / "s.json.gz", "--vault-certificates")
    outcomes = {one.request.split("/certificates/")[1].partition("?")[0]: one.outcome for one in found}
    assert outcomes["gateway"] is Outcome.FORBIDDEN
    assert outcomes["backend"] is Outcome.ABSENT
    assert all(one.body is None for one in found)


def test_no_other_host_gets_a_token(run: Any, server: Any, tmp_path: Path) -> None:
    service_certificates(server, "vault.azure.net.contoso.example")
    found = collected(run, server, tmp_path / "s.json.gz", "--vault-certificates")
    own = [one for one in found if "contoso.example" in one.request]
    assert len(own) == 2
    assert {one.outcome for one in own} == {Outcome.FAILED}
    assert all("no vault of this cloud" in one.detail for one in own)


def test_a_vault_is_never_asked_for_a_secret(server: Any) -> None:
    from auditor.azure.clouds import Cloud
    from auditor.azure.signin import credential_of

    credential = credential_of("env", Cloud("custom", server.url), "")
    reader = Vaults(credential, vaults.SUFFIX)
    reply = reader.certificate(KV, "../secrets/gateway")
    assert reply.outcome is Outcome.FAILED
    assert server.log.count("/secrets/*") == 0
    assert server.writes == []


def test_resuming_does_not_ask_again(run: Any, server: Any, tmp_path: Path) -> None:
    for name in service_certificates(server, KV):
        server.certificates[KV, name] = vaults.certificate(KV, name)
    path = tmp_path / "s.json.gz"
    first = collected(run, server, path, "--vault-certificates")
    server.log.clear()
    again = collected(run, server, path, "--vault-certificates", "--resume")
    assert {one.request for one in again} == {one.request for one in first}
    assert server.log.count("/certificates/gateway") == 0


def certificate(identifier: Any) -> dict[str, Any]:
    return {"properties": {"keyVault": {"secretIdentifier": identifier}}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"value": [certificate("https://a.vault.azure.net/secrets/b/1")]}, 1),
        ({"id": "/x", "properties": {"hostnameConfigurations": [{"keyVaultId": None}, 7]}}, 0),
        ({"value": [None, {"properties": []}, {"properties": {"keyVault": "no"}}]}, 0),
        ({"id": "/x", **certificate("http://a.vault.azure.net/secrets/b")}, 0),
        ({"id": "/x", **certificate("https://a@b/secrets/c")}, 0),
        ({"id": "/x", **certificate(7)}, 0),
        ([], 0),
    ],
)
def test_references_of_odd_bodies(body: Any, expected: int) -> None:
    assert len(list(references_in(body))) == expected


def test_what_the_vault_tells_is_judged(run: Any, server: Any, tmp_path: Path) -> None:
    for name in service_certificates(server, KV):
        size = 1024 if name == "backend" else 2048
        server.certificates[KV, name] = vaults.certificate(KV, name, key_size=size)
    path, report = tmp_path / "s.json.gz", tmp_path / "r.json"
    collected(run, server, path, "--vault-certificates")
    run("scan", str(path), "--as-of", "2026-11-22", "--report", f"json={report}", "-q")
    found = [
        finding
        for service in json.loads(report.read_text())["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"] == "apim.dp-7.certificate-properties"
    ]
    failed = [finding for finding in found if finding["status"] == "fail"]
    assert [finding["subjects"][0]["name"] for finding in failed] == ["backend"]
    assert "1024" in failed[0]["message"]
    assert f"https://{KV}/certificates/backend" in json.dumps(failed[0]["evidence"])
