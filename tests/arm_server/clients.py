"""Azure's own clients, led to a stand-in the way a tool would lead them to a cloud it does not know."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azure.core.credentials import TokenCredential
from azure.core.pipeline.policies import HeadersPolicy, RetryPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import ClientSecretCredential
from azure.mgmt.apimanagement import ApiManagementClient
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import (
    ARMAutoResourceProviderRegistrationPolicy,
    ARMChallengeAuthenticationPolicy,
)

from tests.arm_server.estates import subscription_id

if TYPE_CHECKING:
    from tests.arm_server.server import ArmServer

SUBSCRIPTION = subscription_id(0)
GROUP = "rg-000"


def secret_credential(server: ArmServer, **changed: Any) -> ClientSecretCredential:
    """Sign-in with a client's secret."""
    client = server.entra.client
    settings = {
        "tenant_id": server.tenant_id,
        "client_id": client.client_id,
        "client_secret": client.secret,
        "authority": server.url,
        "disable_instance_discovery": True,
    }
    return ClientSecretCredential(**{**settings, **changed})


def apim_client(server: ArmServer, credential: TokenCredential, **more: Any) -> ApiManagementClient:
    """azure-mgmt-apimanagement."""
    return ApiManagementClient(
        credential, SUBSCRIPTION, base_url=server.url, credential_scopes=[server.scope], **more
    )


class Raw:
    """Plain requests through azure-core's pipeline, with Resource Manager's policies."""

    def __init__(self, server: ArmServer, credential: TokenCredential, retries: int = 0) -> None:
        self._client: ARMPipelineClient[Any, Any] = ARMPipelineClient(
            server.url,
            policies=[
                HeadersPolicy({"Accept": "application/json"}),
                RetryPolicy(retry_total=retries),
                ARMAutoResourceProviderRegistrationPolicy(),
                ARMChallengeAuthenticationPolicy(credential, server.scope),
            ],
        )

    def send(self, method: str, url: str, **more: Any) -> HttpResponse:
        """Send one request, to a path or a whole address; nothing is raised for its status."""
        response: HttpResponse = self._client.send_request(
            HttpRequest(method, self._client.format_url(url), **more)
        )
        return response

    def get(self, path: str, version: str = "2024-05-01", **query: str) -> HttpResponse:
        """GET a path."""
        return self.send("GET", path, params={"api-version": version, **query})

    def graph(self, query: str, **body: Any) -> Any:
        """Ask Resource Graph; the answer's content."""
        url = "/providers/Microsoft.ResourceGraph/resources"
        content = {"query": query, **body}
        answer = self.send("POST", url, params={"api-version": "2021-03-01"}, json=content)
        return json.loads(answer.text())

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()


def code(response: HttpResponse) -> str:
    """The code of an error."""
    return str(response.json()["error"]["code"])
