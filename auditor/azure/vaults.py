"""Reads of certificates from their vaults: what the management API does not tell of them.

A vault's own endpoint is asked for certificates and nothing else: the answer holds the public part and the
policy, never a private key. Source: REST reference, "Get Certificate"; permission ``certificates/get``, or
the role Key Vault Reader.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from auditor.azure.client import RETRIES, Reply, failed, reply_of
from auditor.azure.limiter import Limiter

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

VERSION: Final = "7.4"
_NAME: Final = re.compile(
    r"https://([0-9A-Za-z.\-]{3,200})/(?:secrets|certificates)/([0-9A-Za-z\-]{1,127})(?:/|$)"
)
_KEPT: Final = ("id", "attributes", "policy")
_TIMEOUT: Final = 30


@dataclass(slots=True)
class Vaults:
    """Reads from the vaults of one cloud as one identity."""

    credential: TokenCredential
    suffix: str
    """What the host names of the cloud's vaults end in: ``vault.azure.net``. No other host gets a token."""
    calls: int = 0
    _client: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def certificate(self, host: str, name: str) -> Reply:
        """A certificate's newest version: its attributes and its policy.

        Args:
            host: Of the vault.
            name: Of the certificate.
        """
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        from auditor.azure.pipeline import WriteRefusedError

        url = f"https://{host}/certificates/{name}?api-version={VERSION}"
        shown = f"GET {url}"
        if not host.casefold().endswith(f".{self.suffix.casefold()}"):
            return failed(shown, VERSION, f"{host} is no vault of this cloud: it was not asked")
        try:
            response = self._made().send_request(HttpRequest("GET", url))
            text = response.text()
        except (AzureError, WriteRefusedError) as error:
            return failed(shown, VERSION, f"{type(error).__name__}: {str(error).splitlines()[0][:300]}")
        reply = reply_of(shown, VERSION, response.status_code, text)
        if isinstance(reply.body, dict):
            body = {part: reply.body[part] for part in _KEPT if part in reply.body}
            reply = Reply(shown, reply.status, reply.outcome, VERSION, body)
        return reply

    def _made(self) -> Any:
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy

        from auditor.azure.pipeline import Pace, ReadOnlyGuard

        with self._lock:
            if self._client is None:
                policies = [
                    RetryPolicy(retry_total=RETRIES, retry_status=RETRIES),
                    BearerTokenCredentialPolicy(self.credential, f"https://{self.suffix}/.default"),
                    ReadOnlyGuard(),
                    Pace(Limiter()),
                ]
                self._client = PipelineClient(
                    f"https://{self.suffix}", policies=policies,
                    connection_timeout=_TIMEOUT, read_timeout=_TIMEOUT,
                )  # fmt: skip
            return self._client


def references_in(body: Any) -> Iterator[tuple[str, str]]:
    """Host and name of what a service, a certificate or a page of certificates takes from vaults."""
    if not isinstance(body, dict):
        return
    items = body.get("value") if "id" not in body else None
    for item in items if isinstance(items, list) else [body]:
        properties = item.get("properties") if isinstance(item, dict) else None
        if not isinstance(properties, dict):
            continue
        vault = properties.get("keyVault")
        hosts = properties.get("hostnameConfigurations")
        named = [vault.get("secretIdentifier")] if isinstance(vault, dict) else []
        named += (
            [each.get("keyVaultId") for each in hosts or () if isinstance(each, dict)]
            if isinstance(hosts, list)
            else []
        )
        for identifier in named:
            found = _NAME.match(identifier) if isinstance(identifier, str) else None
            if found:
                yield found[1].casefold(), found[2]
