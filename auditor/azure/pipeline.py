"""What every request of ours passes, whichever client of the SDK makes it: the guard and the pace.

Both sit below the retry policy. Above it, the SDK's own registration policy would slip a write past the
guard: it answers 409 ``MissingSubscriptionRegistration`` with a POST of its own.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

from auditor.azure.limiter import Limiter
from auditor.errors import AuditorError

_READING_POSTS: Final = re.compile(
    r"/providers/microsoft\.resourcegraph/resources"
    r"|/subscriptions/[^/]+(?:/.+)?/providers/microsoft\.policyinsights/policystates/[^/]+/queryresults",
    re.IGNORECASE,
)
"""The only POSTs that read: queries of Resource Graph and of policy states."""
_LISTS_SECRETS: Final = re.compile(r"/list(?:secrets?|keys?|value|credentials?)", re.IGNORECASE)
"""How the last part of a path begins that brings a secret, whatever the method."""
_VAULT: Final = re.compile(
    r"\.vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)$|\.managedhsm\.", re.IGNORECASE
)
_OF_CERTIFICATE: Final = re.compile(r"/certificates/[^/]+(?:/[^/]+)?(?:/policy)?", re.IGNORECASE)
"""All that may be asked of a vault itself: a certificate, whose answer holds no private key, its policy."""
_REMAINING: Final = (
    "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-subscription-global-reads",
)
_DEFAULT_PAUSE: Final = 5.0


class WriteRefusedError(AuditorError):
    """A request that could change something, or bring a secret: it never left."""


def check_reads_only(method: str, url: str) -> None:
    """Let reads pass.

    Raises:
        WriteRefusedError: The request is no read, or asks for a secret.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    last = "/" + path.rpartition("/")[2]
    of_vault = _VAULT.search(parts.hostname or "") is not None
    if _LISTS_SECRETS.match(last) or (of_vault and not _OF_CERTIFICATE.fullmatch(path)):
        raise WriteRefusedError(f"refused: {method} {path} could bring a secret")
    if method in ("GET", "HEAD") or (method == "POST" and _READING_POSTS.fullmatch(path)):
        return
    raise WriteRefusedError(f"refused: {method} {path} is no read")


class ReadOnlyGuard(HTTPPolicy[Any, Any]):
    """Refuses everything but reads before it leaves."""

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send a read on."""
        check_reads_only(request.http_request.method, request.http_request.url)
        return self.next.send(request)


class Pace(HTTPPolicy[Any, Any]):
    """Waits for its turn before each attempt, and tells all others when one was too many."""

    def __init__(self, limiter: Limiter) -> None:
        """Share a limiter.

        Args:
            limiter: That of the subscription.
        """
        super().__init__()
        self._limiter = limiter
        self.calls = 0

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send when it is our turn."""
        self._limiter.acquire()
        self.calls += 1
        response = self.next.send(request)
        headers = response.http_response.headers
        if response.http_response.status_code == 429:
            self._limiter.pause(seconds_of(headers.get("Retry-After")))
        for name in _REMAINING:
            left = headers.get(name, "")
            if left.isdecimal():
                self._limiter.remaining(int(left))
                break
        return response


def seconds_of(retry_after: str | None) -> float:
    """How long an answer asks to wait; a few seconds where it does not say."""
    try:
        return float(retry_after) if retry_after else _DEFAULT_PAUSE
    except ValueError:
        return _DEFAULT_PAUSE
