"""Reads of Azure Resource Manager as wire JSON, by the SDK's own clients, and nothing but reads.

The SDK does the requests: sign-in, retries, proxies, private authorities. Its models drop what they do not
know, so bodies are taken as they come. Source: azure-mgmt-apimanagement 5.0.0 and azure-core 1.41, tried.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from auditor.azure.clouds import Cloud
from auditor.azure.limiter import Limiter
from auditor.snapshot.records import Outcome

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

RETRIES: Final = 6
_LONGEST_PAUSE: Final = 30
_TIMEOUT: Final = 60
_MOST_PAGES: Final = 10_000
_ACTION: Final = re.compile(r"perform action '([^']+)'", re.IGNORECASE)
GRAPH: Final = "/providers/Microsoft.ResourceGraph/resources"
_GRAPH_VERSION: Final = "2021-03-01"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    request: str
    status: int
    outcome: Outcome
    api_version: str = ""
    body: Any = None
    """Wire JSON of an answer that is complete; else None."""
    code: str = ""
    message: str = ""
    action: str = ""
    """The permission that was missing."""

    @property
    def detail(self) -> str:
        """Code and message of an error, in a line."""
        return " ".join(f"{self.code}: {self.message}".split())[:400] if self.code or self.message else ""


@dataclass(slots=True)
class Arm:
    """Reads of one cloud as one identity.

    Clients are made when first used, one set for each subscription; all share a subscription's limiter.
    """

    credential: TokenCredential
    cloud: Cloud
    limiters: dict[str, Limiter] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _paces: list[Any] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def calls(self) -> int:
        """Requests that were sent, repeated ones too."""
        return sum(pace.calls for pace in self._paces)

    @property
    def throttled(self) -> int:
        """Answers that were 429."""
        return sum(limiter.paused for limiter in self.limiters.values())

    def get(self, path: str, api_version: str, **query: str) -> Reply:
        """One resource, or the first page of a list.

        Args:
            path: From ``/subscriptions/`` on.
            api_version: Of the resource's provider.
            query: Further members of the query: ``format="rawxml"``.
        """
        members = "&".join(f"{name}={quote(value, safe=',')}" for name, value in query.items())
        url = f"{path}?api-version={api_version}" + (f"&{members}" if members else "")
        return self._send("GET", url, api_version)

    def pages(self, path: str, api_version: str, **query: str) -> Iterator[Reply]:
        """The pages of a list, to the first that does not come."""
        reply = self.get(path, api_version, **query)
        seen: set[str] = set()
        while True:
            reply = _holding(reply, "value")
            yield reply
            following = self._next(reply)
            if following is None:
                return
            if following in seen or len(seen) > _MOST_PAGES:
                yield failed(reply.request, api_version, "the list leads back to a page of its own")
                return
            seen.add(following)
            reply = self._send("GET", following, api_version)

    def query(self, text: str, subscriptions: Sequence[str], groups: Sequence[str] = ()) -> Iterator[Reply]:
        """The pages of a Resource Graph query."""
        options: dict[str, Any] = {"resultFormat": "objectArray", "$top": 1000}
        scope: dict[str, Any] = {"subscriptions": list(subscriptions)} if subscriptions else {}
        if groups:
            scope["managementGroups"] = list(groups)
        while True:
            content = {**scope, "query": text, "options": options}
            url = f"{GRAPH}?api-version={_GRAPH_VERSION}"
            reply = _holding(self._send("POST", url, _GRAPH_VERSION, content), "data")
            yield reply
            token = reply.body.get("$skipToken") if isinstance(reply.body, dict) else None
            if not token:
                return
            if token == options.get("$skipToken"):
                yield failed(reply.request, _GRAPH_VERSION, "the query leads back to a page of its own")
                return
            options = {**options, "$skipToken": token}

    # -- one request -------------------------------------------------------------------------------------

    def _send(self, method: str, url: str, api_version: str, content: Any = None) -> Reply:
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        from auditor.azure.pipeline import WriteRefusedError

        shown = f"{method} {_shown(url)}" + (f" {content['query']}" if content else "")
        full = url if url.startswith("https://") else self.cloud.arm + url
        try:
            request = HttpRequest(method, full, json=content) if content else HttpRequest(method, full)
            response = self._client(url).send(request)
            text = response.text()
        except WriteRefusedError as error:
            # The SDK wanted to register the resource provider, which is a write.
            return failed(shown, api_version, str(error))
        except AzureError as error:
            return failed(shown, api_version, f"{type(error).__name__}: {str(error).splitlines()[0][:300]}")
        except ValueError as error:
            # The SDK's registration of a provider finds no subscription in the address, or no host in it.
            return failed(shown, api_version, f"not answered, nor to be asked otherwise: {str(error)[:300]}")
        return reply_of(shown, api_version, response.status_code, text)

    def _next(self, reply: Reply) -> str | None:
        """The next page; one that leads to another host is not followed: the token would go with it."""
        link = reply.body.get("nextLink") if isinstance(reply.body, dict) else None
        if not isinstance(link, str) or not link:
            return None
        try:
            same = urlsplit(link)[:2] == urlsplit(self.cloud.arm)[:2]
            return link if same else f"{self.cloud.arm}{_elsewhere(link)}"
        except ValueError:
            return f"{self.cloud.arm}/unreadable-link"

    def _client(self, url: str) -> Any:
        path = urlsplit(url).path
        subscription = path.split("/")[2] if path.lower().startswith("/subscriptions/") else ""
        folded = path.lower()
        kind = next((name for name in _KINDS if f"/providers/{name}/" in folded), "")
        if kind and folded.rfind("/providers/") != folded.find(f"/providers/{kind}/"):
            kind = ""  # an extension of another provider
        with self._lock:
            key = (kind, subscription)
            if key not in self._clients:
                self._clients[key] = self._made(kind, subscription)
            return self._clients[key]

    def _made(self, kind: str, subscription: str) -> Any:
        """A client of the SDK whose every attempt passes the guard and the subscription's pace."""
        from azure.core.pipeline.policies import RetryPolicy

        from auditor.azure.pipeline import Pace, ReadOnlyGuard

        pace = Pace(self.limiters.setdefault(subscription, Limiter()))
        self._paces.append(pace)
        options: dict[str, Any] = {
            "per_retry_policies": [ReadOnlyGuard(), pace],
            "retry_policy": RetryPolicy(
                retry_total=RETRIES, retry_status=RETRIES, retry_backoff_max=_LONGEST_PAUSE
            ),
            "credential_scopes": [self.cloud.token_scope],
            "connection_timeout": _TIMEOUT,
            "read_timeout": _TIMEOUT,
        }
        return _Sender(_sdk_client(kind, self.credential, subscription, self.cloud.arm, options))


_KINDS: Final = ("microsoft.apimanagement", "microsoft.keyvault", "microsoft.network")


def _sdk_client(
    kind: str, credential: TokenCredential, subscription: str, arm: str, options: dict[str, Any]
) -> Any:
    match kind:
        case "microsoft.apimanagement":
            from azure.mgmt.apimanagement import ApiManagementClient

            return ApiManagementClient(credential, subscription, base_url=arm, **options)
        case "microsoft.keyvault":
            from azure.mgmt.keyvault import KeyVaultManagementClient

            return KeyVaultManagementClient(credential, subscription, base_url=arm, **options)
        case "microsoft.network":
            from azure.mgmt.network import NetworkManagementClient

            return NetworkManagementClient(credential, subscription, base_url=arm, **options)
        case _:
            from azure.mgmt.core import ARMPipelineClient

            return ARMPipelineClient(base_url=arm, config=_configuration(credential, options), **options)


def _configuration(credential: TokenCredential, options: dict[str, Any]) -> Any:
    """What the SDK's clients set up for themselves, for the providers that no client of ours is for."""
    from azure.core.configuration import Configuration
    from azure.core.pipeline import policies
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy, ARMHttpLoggingPolicy

    config: Any = Configuration()
    config.user_agent_policy = policies.UserAgentPolicy()
    config.headers_policy = policies.HeadersPolicy()
    config.proxy_policy = policies.ProxyPolicy()
    config.logging_policy = policies.NetworkTraceLoggingPolicy()
    config.http_logging_policy = ARMHttpLoggingPolicy()
    config.custom_hook_policy = policies.CustomHookPolicy()
    config.redirect_policy = policies.RedirectPolicy(permit_redirects=False)
    config.retry_policy = options["retry_policy"]
    config.authentication_policy = ARMChallengeAuthenticationPolicy(credential, *options["credential_scopes"])
    return config


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends a request through a client's own pipeline, whatever the SDK calls that."""

    client: Any

    def send(self, request: Any) -> Any:
        own = getattr(self.client, "send_request", None) or self.client._client.send_request  # noqa: SLF001
        return own(request)


# -- what an answer means ----------------------------------------------------------------------------------


def reply_of(request: str, api_version: str, status: int, text: str) -> Reply:
    """What an answer means."""
    try:
        body = json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        body = None
    if 200 <= status < 300:
        if isinstance(body, dict):
            return Reply(request, status, Outcome.COMPLETE, api_version, body)
        return Reply(
            request, status, Outcome.FAILED, api_version, None, "NotJson", "the answer is no JSON object"
        )
    code, message = _error(body)
    action = _ACTION.search(message)
    outcome = _outcome(status, code)
    missing = action[1] if action and outcome is Outcome.FORBIDDEN else ""
    return Reply(request, status, outcome, api_version, None, code, message, missing)


def _holding(reply: Reply, name: str) -> Reply:
    """The page of a list, or that it is none: what holds no items is not a list without any."""
    if reply.outcome is not Outcome.COMPLETE or isinstance(reply.body.get(name), list):
        return reply
    message = f"the answer is no list: it has no array {name!r}"
    return Reply(reply.request, reply.status, Outcome.FAILED, reply.api_version, None, "NotAList", message)


def _error(body: Any) -> tuple[str, str]:
    error = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")


def _outcome(status: int, code: str) -> Outcome:
    match status:
        case 400 if code == "MethodNotAllowedInPricingTier":
            return Outcome.NOT_IN_TIER
        case 401 | 403:
            return Outcome.FORBIDDEN
        case 404:
            return Outcome.ABSENT
        case 429:
            return Outcome.THROTTLED
        case _:
            return Outcome.FAILED


def failed(request: str, api_version: str, message: str) -> Reply:
    """A request that was not answered."""
    return Reply(request, 0, Outcome.FAILED, api_version, None, "", message)


def _shown(url: str) -> str:
    """A request as stored: without the host, and without a page's cursor."""
    parts = urlsplit(url)
    query = "&".join(each for each in parts.query.split("&") if "skiptoken" not in each.casefold())
    return parts.path + (f"?{query}" if query else "")


def _elsewhere(link: str) -> str:
    parts = urlsplit(link)
    return parts.path + (f"?{parts.query}" if parts.query else "")
