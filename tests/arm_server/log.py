"""Every request the server saw, for assertions: what was asked, how often, how fast, how many at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(slots=True)
class Record:
    """One request."""

    method: str
    path: str
    """Decoded, in the caller's case, without the query."""
    query: str
    """As it was sent."""
    api_version: str | None
    plane: str
    """``arm``, or ``sign-in`` for tokens."""
    action: str
    """The permission it takes, e.g. ``Microsoft.ApiManagement/service/apis/read``."""
    listing: bool
    started: float
    """Seconds, on the clock of ``time.monotonic``."""
    seconds: float = 0.0
    status: int = 0
    """0 while under way, and where nothing was answered."""
    fault: str | None = None
    """The kind of the fault that struck."""


class Log:
    """The requests in the order in which they came; safe to read while the server runs."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._lock = threading.Lock()
        self._busy = 0
        self.peak = 0
        """How many requests to Resource Manager were under way at once, at most."""

    @contextmanager
    def entry(self, record: Record) -> Iterator[Record]:
        """Keep a record while its request is answered."""
        counted = record.plane == "arm"
        with self._lock:
            self._records.append(record)
            self._busy += counted
            self.peak = max(self.peak, self._busy)
        try:
            yield record
        finally:
            with self._lock:
                self._busy -= counted
                record.seconds = time.monotonic() - record.started

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records))

    def select(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        status: int | None = None,
        action: str | None = None,
        plane: str | None = "arm",
    ) -> list[Record]:
        """The records that fit all of what is given; ``path`` and ``action`` are globs without case."""
        return [
            one
            for one in self
            if fnmatchcase(one.path.lower(), path.lower())
            and method in (None, one.method)
            and status in (None, one.status)
            and plane in (None, one.plane)
            and (action is None or fnmatchcase(one.action.lower(), action.lower()))
        ]

    def count(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        status: int | None = None,
        action: str | None = None,
        plane: str | None = "arm",
    ) -> int:
        """How many records ``select`` gives."""
        return len(self.select(path, method=method, status=status, action=action, plane=plane))

    def statuses(self) -> Counter[int]:
        """How often Resource Manager answered with which status."""
        return Counter(one.status for one in self.select())

    def endpoints(self) -> Counter[tuple[str, str]]:
        """How often each endpoint was asked: (action, ``list`` or ``get``)."""
        return Counter((one.action, "list" if one.listing else "get") for one in self.select())

    def rate(self, window: float = 1.0) -> float:
        """The most requests that began within any stretch of ``window`` seconds, per second."""
        times = sorted(one.started for one in self.select())
        most, first = 0, 0
        for last, moment in enumerate(times):
            while moment - times[first] >= window:
                first += 1
            most = max(most, last - first + 1)
        return most / window

    def clear(self) -> None:
        """Forget what came so far."""
        with self._lock:
            self._records.clear()
            self.peak = self._busy
