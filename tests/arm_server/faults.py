"""What goes wrong on purpose: which requests, how often, and how."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

from tests.arm_server import answers
from tests.arm_server.answers import Answer
from tests.arm_server.ids import Place

Kind = Literal[
    "unauthorized",
    "expired",
    "forbidden",
    "not-found",
    "unregistered",
    "unsupported-tier",
    "throttled",
    "failing",
    "error",
    "slow",
    "cut",
    "reset",
    "invalid-json",
    "html",
    "empty",
    "loop",
    "no-id",
    "wrong-shape",
]
KINDS: tuple[str, ...] = get_args(Kind)
SPOILS: frozenset[str] = frozenset(
    {"slow", "cut", "reset", "invalid-json", "html", "empty", "loop", "no-id", "wrong-shape"}
)
"""Kinds that change a good answer; the others stand in its place."""


@dataclass
class Fault:
    """One thing that goes wrong. A request is struck if everything that is given fits."""

    kind: Kind
    path: str = "*"
    """Glob over the decoded path, without case; ``*`` crosses slashes."""
    action: str = "*"
    """Glob over the permission, without case: ``microsoft.apimanagement/service/apis/read``."""
    method: str = "*"
    query: str = "*"
    """Glob over the query as it was sent, without case: ``*skiptoken*`` strikes later pages only."""
    nth: int | tuple[int, ...] | None = None
    """Which of the fitting requests, from 1."""
    times: int | None = None
    """At most so many."""
    probability: float = 1.0
    seed: int = 0
    """Chance depends on this, the path and how often the path was asked, not on the order of threads."""
    status: int = 503
    """For ``failing`` and ``error``."""
    code: str = "InternalServerError"
    """For ``error``."""
    message: str = "Something went wrong."
    """For ``error``."""
    retry_after: int | None = None
    """Seconds, for ``throttled`` and ``failing``; None: no such header."""
    seconds: float = 0.0
    """For ``slow``."""
    hits: int = 0
    """How many requests it struck."""
    _seen: int = 0
    _paths: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, method: str, place: Place, query: str) -> bool:
        """Whether it strikes this request; asking counts."""
        if not (
            fnmatchcase(place.key, self.path.lower())
            and fnmatchcase(place.action.lower(), self.action.lower())
            and fnmatchcase(method, self.method)
            and fnmatchcase(query.lower(), self.query.lower())
        ):
            return False
        with self._lock:
            self._seen += 1
            self._paths[place.key] += 1
            wanted = (self.nth,) if isinstance(self.nth, int) else self.nth
            if wanted is not None and self._seen not in wanted:
                return False
            if self.times is not None and self.hits >= self.times:
                return False
            draw = random.Random(f"{self.seed}|{place.key}|{query}|{self._paths[place.key]}")
            if draw.random() >= self.probability:
                return False
            self.hits += 1
            return True

    def instead(self, place: Place, authority: str) -> Answer:
        """The answer that stands in the place of the good one."""
        plain: dict[str, Answer] = {
            "unauthorized": answers.invalid_token(authority),
            "expired": answers.expired("1/1/2026 0:00:00 AM", "1/1/2026 1:00:00 AM", authority),
            "forbidden": answers.forbidden("stand-in", "stand-in", place.action, place.path),
            "not-found": answers.not_found(place),
            "unregistered": answers.not_registered(place.namespace),
            "unsupported-tier": answers.not_in_tier(None),
            "error": answers.error(self.status, self.code, self.message),
        }
        if self.kind == "throttled":
            graph = place.namespace.lower() == "microsoft.resourcegraph"
            if graph:
                return answers.graph_throttled(self.retry_after)
            return answers.throttled(place, self.retry_after)
        if self.kind == "failing":
            answer = answers.failing(self.status)
            return answer if self.retry_after is None else answer.having(Retry_After=str(self.retry_after))
        return plain[self.kind]

    def spoiled(self, answer: Answer, url: str) -> Answer:
        """A good answer gone bad; ``url`` is the request's own, for a page that leads back to itself."""
        match self.kind:
            case "cut" | "reset":
                return replace(answer, sending=self.kind)
            case "invalid-json":
                return replace(answer, body=answer.body[:-1] + b",")
            case "html":
                page = b"<!DOCTYPE html><html><body><h1>Our services aren't available</h1></body></html>"
                return Answer(answer.status, page, {"Content-Type": "text/html"})
            case "empty":
                return replace(answer, body=b"")
            case "loop" | "no-id" | "wrong-shape":
                return _reshaped(answer, self.kind, url)
            case _:
                return answer


def _reshaped(answer: Answer, kind: str, url: str) -> Answer:
    content = json.loads(answer.body)
    page = content.get("value") if isinstance(content, dict) else None
    if page is None and kind == "no-id" and isinstance(content, dict):
        return answers.ok({name: part for name, part in content.items() if name != "id"}, answer.status)
    if not isinstance(page, list):
        return answer
    if kind == "loop":
        content["nextLink"] = url
    elif kind == "wrong-shape":
        content["value"] = {"items": page}
    elif page:
        content["value"] = [{name: part for name, part in page[0].items() if name != "id"}, *page[1:]]
    return answers.ok(content, answer.status)
