"""Azure's real clients against the stand-in, over TLS and by the usual variables only."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import (
    ClientAuthenticationError,
    DeserializationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceResponseError,
)
from azure.core.paging import ItemPaged
from azure.identity import (
    ClientAssertionCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.network import NetworkManagementClient

from tests.arm_server.clients import GROUP, SUBSCRIPTION, apim_client, secret_credential
from tests.arm_server.estates import Estate
from tests.arm_server.faults import Kind
from tests.arm_server.fixtures import use
from tests.arm_server.server import ArmServer


@pytest.fixture
def server(server: ArmServer) -> ArmServer:
    server.paging.size = 2
    return server


@pytest.fixture
def credential(server: ArmServer) -> Iterator[ClientSecretCredential]:
    with secret_credential(server) as credential:
        yield credential


def code_of(error: HttpResponseError) -> str:
    assert error.error is not None
    return str(error.error.code)


def challenge_of(error: HttpResponseError) -> str:
    return str(error.response.headers["WWW-Authenticate"])  # type: ignore[union-attr]


# -- the management clients ------------------------------------------------------------------------------


def test_api_management_lists_follow_pages(server: ArmServer, credential: ClientSecretCredential) -> None:
    with apim_client(server, credential) as client:
        services = [one.name for one in client.api_management_service.list()]
        apis = [one.name for one in client.api.list_by_service(GROUP, "apim-0000")]
        service = client.api_management_service.get(GROUP, "apim-0000")
    assert services == ["apim-0000", "apim-0001", "apim-0002"]
    assert apis == [f"api-{number:04}" for number in range(5)]
    assert service.sku.name == "Premium"
    assert [one.status for one in server.log.select("*/apis")] == [200, 200, 200]
    assert {one.api_version for one in server.log.select()} == {"2024-05-01"}
    assert not server.writes


def test_each_page_can_be_had_as_it_was_sent(server: ArmServer, credential: ClientSecretCredential) -> None:
    pages = []
    with apim_client(server, credential) as client:
        listed = client.named_value.list_by_service(
            GROUP, "apim-0000", raw_response_hook=lambda response: pages.append(response.http_response.json())
        )
        assert len(list(listed)) == 6
    assert [len(page["value"]) for page in pages] == [2, 2, 2]
    assert [page["count"] for page in pages] == [6, 6, 6]
    assert "nextLink" not in pages[-1]
    assert pages[0]["nextLink"].startswith(server.url)


def test_an_empty_next_link_ends_a_list(server: ArmServer, credential: ClientSecretCredential) -> None:
    server.paging.empty_next_link = True
    with apim_client(server, credential) as client:
        assert len(list(client.backend.list_by_service(GROUP, "apim-0001"))) == 4


def test_policies_come_in_both_forms(server: ArmServer, credential: ClientSecretCredential) -> None:
    typed = '<policies><inbound><when condition="@(a["x"] < 1)" /></inbound></policies>'
    path = Estate().service(0).id
    server.state.put({"id": f"{path}/policies/policy", "properties": {"format": "rawxml", "value": typed}})
    with apim_client(server, credential) as client:
        raw = client.policy.get(GROUP, "apim-0000", "policy", format="rawxml")
        escaped = client.policy.get(GROUP, "apim-0000", "policy", format="xml")
        ids = [one.reference_policy_id for one in client.all_policies.list_by_service(GROUP, "apim-0000")]
        with pytest.raises(ResourceNotFoundError):
            client.api_policy.get(GROUP, "apim-0000", "api-0001", "policy")
    assert raw.value == typed
    assert escaped.value == typed.replace('"@(a["x"] < 1)"', '"@(a[&quot;x&quot;] &lt; 1)"')
    assert f"{path}/policies/policy" in ids
    assert all(one is not None and "/policies/policy" in one for one in ids)
    assert f"{path}/apis/api-0001/policies/policy" not in ids


def test_key_vault_and_network(server: ArmServer, credential: ClientSecretCredential) -> None:
    more: dict[str, Any] = {"base_url": server.url, "credential_scopes": [server.scope]}
    with KeyVaultManagementClient(credential, SUBSCRIPTION, **more) as vaults:
        assert [one.name for one in vaults.vaults.list_by_subscription()] == ["kv-0000", "kv-0001", "kv-0002"]
        assert vaults.vaults.get(GROUP, "kv-0001").properties.enable_rbac_authorization
    with NetworkManagementClient(credential, SUBSCRIPTION, **more) as network:
        assert [one.name for one in network.virtual_networks.list(GROUP)] == [
            "vnet-0000",
            "vnet-0001",
            "vnet-0002",
        ]
        assert network.subnets.get(GROUP, "vnet-0000", "apim").address_prefix == "10.0.1.0/24"
        rules = network.network_security_groups.get(GROUP, "nsg-0001").security_rules
    assert rules is not None
    assert rules[0].destination_port_range == "3443"


# -- what goes wrong -------------------------------------------------------------------------------------


def test_retry_after_is_waited_for(server: ArmServer, credential: ClientSecretCredential) -> None:
    fault = server.fault("throttled", "*/apis", retry_after=1, times=1)
    began = time.monotonic()
    with apim_client(server, credential) as client:
        assert len(list(client.api.list_by_service(GROUP, "apim-0000"))) == 5
    assert time.monotonic() - began >= 1
    assert fault.hits == 1
    assert [one.status for one in server.log.select("*/apis")] == [429, 200, 200, 200]


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_broken_answer_is_an_error(
    server: ArmServer, credential: ClientSecretCredential, kind: Kind
) -> None:
    server.fault(kind, "*/apis", query="*skiptoken*")
    with apim_client(server, credential, retry_total=0) as client:
        pages = client.api.list_by_service(GROUP, "apim-0000")
        with pytest.raises((HttpResponseError, ServiceResponseError)):
            list(pages)
    assert server.log.count("*/apis", status=200) >= 1


@pytest.mark.parametrize("kind", ["invalid-json", "html", "empty"])
def test_an_answer_that_is_no_json(server: ArmServer, credential: ClientSecretCredential, kind: Kind) -> None:
    server.fault(kind, "*/service/apim-0000")
    seen = []
    with apim_client(server, credential, retry_total=0) as client:
        try:
            got = client.api_management_service.get(
                GROUP,
                "apim-0000",
                raw_response_hook=lambda response: seen.append(response.http_response.text()),
            )
        except (HttpResponseError, DeserializationError):
            return
    # The client takes an empty answer for an empty service: who reads pages as they were sent can tell.
    assert kind == "empty"
    assert seen == [""]
    assert got is None or got.name is None


def test_a_page_that_leads_back_to_itself(server: ArmServer, credential: ClientSecretCredential) -> None:
    server.fault("loop", "*/apis", query="*skiptoken*")
    with apim_client(server, credential) as client:
        listed = client.api.list_by_service(GROUP, "apim-0000")
        assert isinstance(listed, ItemPaged)
        pages = listed.by_page()
        names = [tuple(one.name for one in next(pages)) for _ in range(5)]
    assert names[1] == names[2] == names[3] == names[4]


def test_tiers_permissions_and_absence(server: ArmServer, credential: ClientSecretCredential) -> None:
    server.state.put(
        {
            "id": f"{Estate().service(0).id.rpartition('/')[0]}/small",
            "sku": {"name": "Consumption", "capacity": 0},
            "properties": {},
        }
    )
    server.forbid("Microsoft.ApiManagement/service/namedValues/read")
    with apim_client(server, credential) as client:
        with pytest.raises(HttpResponseError) as tier:
            list(client.group.list_by_service(GROUP, "small"))
        with pytest.raises(HttpResponseError) as denied:
            list(client.named_value.list_by_service(GROUP, "apim-0000"))
        with pytest.raises(ResourceNotFoundError) as absent:
            client.api_management_service.get(GROUP, "nothing")
    assert (tier.value.status_code, code_of(tier.value)) == (400, "MethodNotAllowedInPricingTier")
    assert denied.value.status_code == 403
    assert "'Microsoft.ApiManagement/service/namedValues/read' over scope '/subscriptions" in str(
        denied.value
    )
    assert code_of(absent.value) == "ResourceNotFound"


def test_registering_a_provider_is_a_write(server: ArmServer, credential: ClientSecretCredential) -> None:
    server.fault("unregistered", "*/service")
    with apim_client(server, credential) as client, pytest.raises(HttpResponseError) as raised:
        list(client.api_management_service.list())
    assert raised.value.status_code == 409
    assert [(one.method, one.path) for one in server.writes] == [
        ("POST", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ApiManagement/register")
    ]


def test_secrets_and_changes_are_refused_and_counted(
    server: ArmServer, credential: ClientSecretCredential
) -> None:
    with apim_client(server, credential) as client:
        for call in (
            lambda: client.named_value.list_value(GROUP, "apim-0000", "value-0000"),
            lambda: client.subscription.list_secrets(GROUP, "apim-0000", "sub-0000"),
            lambda: client.gateway.list_keys(GROUP, "apim-0000", "gateway-0000"),
            lambda: client.backend.delete(GROUP, "apim-0000", "backend-0000", "*"),
        ):
            with pytest.raises(HttpResponseError) as raised:
                call()
            assert raised.value.status_code == 405
    assert [one.method for one in server.writes] == ["POST", "POST", "POST", "DELETE"]


def test_an_expired_token_says_so(server: ArmServer, credential: ClientSecretCredential) -> None:
    with apim_client(server, credential) as client:
        client.api_management_service.get(GROUP, "apim-0000")
        server.entra.expire_all()
        with pytest.raises(ClientAuthenticationError) as raised:
            client.api_management_service.get(GROUP, "apim-0000")
    assert code_of(raised.value) == "ExpiredAuthenticationToken"
    assert "authorization_uri" in challenge_of(raised.value)


def test_another_tenant_s_token(server: ArmServer) -> None:
    other = "aaaaaaaa-0000-4000-8000-00000000000f"
    server.entra.tenants.add(other)
    with (
        secret_credential(server, tenant_id=other) as credential,
        apim_client(server, credential) as client,
        pytest.raises(ClientAuthenticationError) as raised,
    ):
        list(client.api_management_service.list())
    assert code_of(raised.value) == "InvalidAuthenticationTokenTenant"
    assert server.tenant_id in challenge_of(raised.value)


# -- sign-in ---------------------------------------------------------------------------------------------


def test_a_wrong_secret_or_tenant(server: ArmServer) -> None:
    wrong = secret_credential(server, client_secret=server.entra.client.secret[::-1])
    with wrong as credential, pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token(server.scope)
    nowhere = secret_credential(server, tenant_id="nowhere.example")
    with nowhere as credential, pytest.raises((ClientAuthenticationError, ValueError)):
        credential.get_token(server.scope)
    assert server.entra.issued == 0


def test_the_environment_is_enough(server: ArmServer) -> None:
    with EnvironmentCredential(disable_instance_discovery=True) as credential:
        token = credential.get_token("https://management.azure.com/.default")
    claims = server.entra.read(token.token)
    assert claims is not None
    assert (claims["tid"], claims["aud"]) == (server.tenant_id, "https://management.azure.com")


def test_workload_identity(server: ArmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    use(server, monkeypatch, "workload")
    with (
        WorkloadIdentityCredential(disable_instance_discovery=True) as credential,
        apim_client(server, credential) as client,
    ):
        assert len(list(client.api_management_service.list())) == 3
    token_file = Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"])
    token_file.write_text(server.entra.federated_token("api://another"))
    with (
        WorkloadIdentityCredential(disable_instance_discovery=True) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        credential.get_token(server.scope)


def test_a_pipeline_s_token(server: ArmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    use(server, monkeypatch, "github-oidc")

    def assertion() -> str:
        answer = requests.get(
            os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=api://AzureADTokenExchange",
            headers={"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
            timeout=10,
        )
        return str(answer.json()["value"])

    with (
        ClientAssertionCredential(
            server.tenant_id,
            os.environ["AZURE_CLIENT_ID"],
            assertion,
            authority=server.url,
            disable_instance_discovery=True,
        ) as credential,
        apim_client(server, credential) as client,
    ):
        assert len(list(client.api_management_service.list())) == 3


@pytest.mark.parametrize("auth", ["managed-identity", "imds"])
def test_managed_identity(server: ArmServer, monkeypatch: pytest.MonkeyPatch, auth: str) -> None:
    use(server, monkeypatch, auth)
    with ManagedIdentityCredential() as credential, apim_client(server, credential) as client:
        assert len(list(client.api_management_service.list())) == 3


def test_device_code(server: ArmServer) -> None:
    said = []
    with DeviceCodeCredential(
        tenant_id=server.tenant_id,
        client_id="04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        authority=server.url,
        disable_instance_discovery=True,
        prompt_callback=lambda *what: said.append(what),
    ) as credential:
        token = credential.get_token(server.scope)
    claims = server.entra.read(token.token)
    assert claims is not None
    assert claims["upn"] == "reader@contoso.example"
    assert said[0][1] == "STANDIN1"


def test_the_ca_is_needed(server: ArmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE")
    with (
        secret_credential(server, retry_total=0) as credential,
        pytest.raises(ClientAuthenticationError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        credential.get_token(server.scope)


# -- by hand ---------------------------------------------------------------------------------------------


def test_it_runs_by_hand(tmp_path: Path) -> None:
    body = tmp_path / "service.json"
    body.write_text(
        '{"resources": [{"id": "/subscriptions/s/resourceGroups/g/providers/N.N/t/n", "type": "N.N/t"}]}'
    )
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "tests.arm_server", "--from", str(body), "--estate", "1x1x1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if line.startswith("#"):
            break
    process.terminate()
    _, errors = process.communicate(timeout=10)
    assert any(line.startswith("export ARM_ENDPOINT=https://127.0.0.1:") for line in lines)
    assert "2 subscriptions" in lines[-1]
    assert "refused 0 writes" in errors
