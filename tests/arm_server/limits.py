"""Resource Manager's own throttling: a token bucket per subscription and principal.

"Understand how Azure Resource Manager throttles requests": reads fill a bucket of 250 at 25 a second, per
subscription and principal; what is left stands in ``x-ms-ratelimit-remaining-subscription-reads``
(``-tenant-reads`` for requests outside subscriptions). "Guidance for throttled requests in Azure Resource
Graph": 15 queries in 5 seconds for a user, ``x-ms-user-quota-remaining`` and ``x-ms-user-quota-resets-
after``."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is allowed."""

    bucket: int = 250
    """Reads at once."""
    refill: float = 25.0
    """Reads a second after that."""
    queries: int = 15
    """Resource Graph queries in a window."""
    window: float = 5.0
    """Seconds."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class _Window:
    left: int
    ends: float


@dataclass
class Limiter:
    """Counts reads and queries; with no limits everything is allowed and nothing ever runs low."""

    limits: Limits | None = None
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _windows: dict[str, _Window] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, key: str) -> tuple[int, int | None]:
        """Take one read: how many are left, and None; or 0 and the whole seconds to wait."""
        limits = self.limits
        if limits is None:
            return 249, None
        with self._lock:
            now = self.clock()
            bucket = self._buckets.setdefault(key, _Bucket(limits.bucket, now))
            grown = bucket.tokens + (now - bucket.at) * limits.refill
            bucket.tokens, bucket.at = min(float(limits.bucket), grown), now
            if bucket.tokens < 1:
                return 0, max(1, math.ceil((1 - bucket.tokens) / limits.refill))
            bucket.tokens -= 1
            return int(bucket.tokens), None

    def query(self, key: str) -> tuple[int, float, int | None]:
        """Take one query: how many are left, the seconds until the window ends, and the seconds to wait or
        None."""
        limits = self.limits or Limits()
        if self.limits is None:
            return limits.queries - 1, limits.window, None
        with self._lock:
            now = self.clock()
            window = self._windows.get(key)
            if window is None or now >= window.ends:
                window = self._windows[key] = _Window(limits.queries, now + limits.window)
            resets = window.ends - now
            if window.left < 1:
                return 0, resets, max(1, math.ceil(resets))
            window.left -= 1
            return window.left, resets, None
