"""How fast reads may go: one bucket for each subscription, shared by all threads.

Azure Resource Manager gives a subscription 250 reads at once and 25 more each second, for each principal and
region. We stay below, and slow down for all as soon as one answer says that little is left. Source:
"Understand how Azure Resource Manager throttles requests".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

RATE: Final = 20.0
"""Reads per second."""
BURST: Final = 150.0
"""Reads at once, at the beginning."""
LITTLE: Final = 50
"""Remaining reads below which we slow down."""
_SLOW: Final = 0.5
_TICK: Final = 0.001
"""Seconds to wait at least: less may not move the clock."""


@dataclass(slots=True)
class Limiter:
    """A token bucket that can be told to pause.

    Times are seconds of ``clock``.
    """

    rate: float = RATE
    burst: float = BURST
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    paused: int = 0
    """How often an answer made it pause."""
    _level: float = field(init=False)
    _at: float = field(init=False)
    _until: float = field(init=False, default=0.0)
    _factor: float = field(init=False, default=1.0)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._level = self.burst
        self._at = self.clock()

    def acquire(self) -> None:
        """Wait for the turn of one read."""
        while True:
            wait = self._take()
            if wait <= 0:
                return
            self.sleep(wait)

    def _take(self) -> float:
        """Take a token, or say how long to wait before asking again."""
        with self._lock:
            now = self.clock()
            if now < self._until:
                return self._until - now
            speed = self.rate * self._factor
            self._level = min(self.burst, self._level + max(now - self._at, 0.0) * speed)
            self._at = now
            if self._level >= 1:
                self._level -= 1
                return 0.0
            return max((1 - self._level) / speed, _TICK)

    def pause(self, seconds: float) -> None:
        """Let nobody read for a while: an answer was 429."""
        with self._lock:
            self._until = max(self._until, self.clock() + max(seconds, 0.0))
            # What would have come in meanwhile is no new burst: others may be reading too.
            self._level, self._at = min(self._level, 1.0), self._until
            self.paused += 1

    def remaining(self, reads: int) -> None:
        """Take notice of how many reads the service says are left."""
        with self._lock:
            self._factor = _SLOW if reads < LITTLE else 1.0
            self._level = min(self._level, float(max(reads, 0)))
