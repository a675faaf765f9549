"""Reads services and what stands around them into a snapshot.

Each collection below a service is one task; tasks run side by side, held back by the subscription's limiter
alone; so do a few subscriptions. What a task meets, it records: complete, forbidden (with the permission),
not in this tier, absent, throttled, failed. Nothing is kept in memory but the ids of what has collections of
its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from auditor.apim.collections import ACTIVITY, API_VERSION
from auditor.azure import definitions
from auditor.azure.bodies import (
    count_of,
    full_id,
    ids_around,
    ids_below,
    items_of,
    judged_entries,
    rows_of,
    size_of,
    without_cursor,
)
from auditor.azure.client import Arm, Reply
from auditor.azure.plan import Task, around, below, below_neighbours, queries
from auditor.azure.vaults import VERSION as CERTIFICATES
from auditor.azure.vaults import Vaults, references_in
from auditor.model.inventory import SERVICE
from auditor.redaction import Redactor
from auditor.snapshot.files import Writer
from auditor.snapshot.records import Answer, Footer, Listed, Outcome, Record

THREADS: Final = 8
"""Requests at a time for one subscription."""
SUBSCRIPTIONS: Final = 6
"""Subscriptions at a time."""
_DAYS: Final = 89
"""How far back the activity log is read; it keeps 90 days."""
_LOOKS: Final = 0.25
"""Seconds between two looks for an interrupt."""
_MAY_REFER: Final = frozenset({SERVICE, f"{SERVICE}/certificates"})
_GRAPH: Final = "microsoft.resourcegraph/resources"
_LOCKBOX: Final = ("/providers/Microsoft.CustomerLockbox/tenantOptedIn/", "2018-02-28-preview")
_POLICIES_OF_OPERATIONS: Final = "/apis/operations/policies"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(slots=True)
class Progress:
    """How far a run is; read by whoever shows it."""

    services: int = 0
    done: int = 0
    listings: int = 0
    unread: int = 0
    """Listings that did not come whole."""
    service: str = ""
    calls: int = 0
    """Requests that were sent."""
    throttled: int = 0
    """Answers that were 429."""


@dataclass(slots=True)
class Kept:
    """What an earlier run had read whole, by collection."""

    listings: dict[tuple[str, str], Listed] = field(default_factory=dict)
    ids: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    answers: set[str] = field(default_factory=set)
    """Requests for single resources that were answered."""
    references: set[tuple[str, str]] = field(default_factory=set)
    """Host and name of what is taken from vaults."""
    roles: set[str] = field(default_factory=set)
    """GUIDs of the roles that are assigned."""
    defined: set[str] = field(default_factory=lambda: set(definitions.KNOWN))
    """GUIDs of those whose definition is known, listed or asked for."""

    def learn(self, type_: str, body: Any) -> None:
        """Note what a page says of roles."""
        if type_ == definitions.ASSIGNED:
            self.roles.update(definitions.guids_in(type_, body))
        elif type_ == definitions.DEFINED:
            self.defined.update(definitions.guids_in(type_, body))


@dataclass(slots=True)
class Collector:
    """One run."""

    arm: Arm
    writer: Writer
    redactor: Redactor = field(default_factory=Redactor)
    kept: Kept = field(default_factory=Kept)
    deadline: float = 0.0
    """Of the monotonic clock; 0 for none."""
    sample: bool = False
    """Read below the first item of each collection only."""
    progress: Progress = field(default_factory=Progress)
    tell: Callable[[Progress], None] = lambda _: None
    tenant: str = ""
    """Id of the tenant; empty where it is not known."""
    vaults: Vaults | None = None
    """Asked for the properties of certificates; None where that was not wanted."""
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _skipped: bool = False

    # -- the run -----------------------------------------------------------------------------------------

    def run(self, services: Sequence[str], subscriptions: Sequence[str]) -> Footer:
        """Read services, then what stands around them in their subscriptions.

        An interrupt ends the run at the next request; what was read is in the snapshot.

        Args:
            services: Their ids.
            subscriptions: Ids of the subscriptions whose neighbourhood is read.
        """
        started = time.monotonic()
        self.progress.services = len(services)
        by_subscription: dict[str, list[str]] = {each.lower(): [] for each in subscriptions}
        for service in services:
            by_subscription.setdefault(service.split("/")[2].lower(), []).append(service)
        named = {each.lower(): each for each in subscriptions}
        with ThreadPoolExecutor(SUBSCRIPTIONS, thread_name_prefix="subscription") as pool:
            try:
                running = [
                    pool.submit(self._subscription, named.get(key, key), own)
                    for key, own in by_subscription.items()
                ]
                # An interrupt that comes just before a wait without end begins is not seen until it ends.
                while wait(running, _LOOKS, FIRST_EXCEPTION).not_done:
                    if any(each.done() and each.exception() for each in running):
                        break
                for each in running:
                    if each.done():
                        each.result()
                self._lockbox()
                self._certificates()
            except KeyboardInterrupt:
                self.stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
            except BaseException:
                self.stopped.set()
                raise
        self._tell()
        return Footer(
            _now(),
            self.arm.calls,
            self.arm.throttled,
            round(time.monotonic() - started, 1),
            complete=not (self._skipped or self.stopped.is_set()),
        )

    def _subscription(self, subscription: str, services: Sequence[str]) -> None:
        """The services of one subscription, then what stands around them."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="read") as pool:
            for service in services:
                with self._lock:
                    self.progress.service = service.rpartition("/")[2]
                self._tell()
                self._service(service, pool)
                with self._lock:
                    # Once something was left out, no service after it was read to its end.
                    self.progress.done += not self._skipped
            seen: set[str] = set()
            list(pool.map(partial(self._collection, seen=seen), around(subscription)))
            waiting = self._graph(subscription)
            while waiting:
                waiting = [task for found in pool.map(self._unseen, waiting) for task in found]
            with self._lock:
                wanted = sorted(self.kept.roles - self.kept.defined)
                self.kept.defined.update(wanted)
            list(pool.map(partial(self._role, subscription), wanted))

    def _unseen(self, task: Task) -> list[Task]:
        return self._collection(task, set())

    def _role(self, subscription: str, guid: str) -> None:
        """What a role allows that is neither a custom one nor known."""
        if not self._over():
            path = definitions.path_of(subscription, guid)
            self._answer(self.arm.get(path, definitions.VERSION), definitions.DEFINED)

    def _service(self, service: str, pool: ThreadPoolExecutor) -> None:
        """One service: itself, then level by level what is below it."""
        if not self._resource(service, API_VERSION):
            return
        waiting = list(below(service, SERVICE))
        known = self._listed_policies(service)
        seen: set[str] = set()
        while waiting:
            following: list[Task] = []
            for found in pool.map(partial(self._collection, seen=seen), waiting):
                following += found
            if known is not None and not known >= seen:
                # It does not list what other answers showed: it is not to be relied on.
                known = None
            waiting = self._without(following, known)

    def _without(self, tasks: list[Task], known: set[str] | None) -> list[Task]:
        """The tasks that are left when it is known which operations have a policy."""
        if known is None:
            return tasks
        left: list[Task] = []
        for task in tasks:
            if (
                task.type.endswith(_POLICIES_OF_OPERATIONS)
                and f"{task.parent}/policies/policy".lower() not in known
            ):
                request = f"GET {task.parent.partition('/apis/')[0]}/allPolicies?api-version={API_VERSION}"
                self._write(Listed(task.parent, task.type, Outcome.COMPLETE, request))
            else:
                left.append(task)
        return left

    # -- what one task does ------------------------------------------------------------------------------

    def _resource(self, resource_id: str, api_version: str) -> bool:
        """One resource; whether it is there."""
        if f"GET {resource_id}?api-version={api_version}" in self.kept.answers:
            return True
        if self._over():
            return False
        reply = self.arm.get(resource_id, api_version)
        self._answer(reply, SERVICE)
        return reply.outcome is Outcome.COMPLETE

    def _collection(self, task: Task, seen: set[str]) -> list[Task]:
        """One collection, page by page; the collections below its items.

        Args:
            task: What to list.
            seen: Takes the ids of the policies that are found, in lower case.
        """
        key = (task.parent.lower(), task.type)
        if key in self.kept.listings:
            return [each for item in self.kept.ids.get(key, ()) for each in below(item, task.type)]
        if self._over():
            self._write(Listed(task.parent, task.type, Outcome.SKIPPED, f"GET {task.path}"))
            return []
        items: list[str] = []
        said = found = 0
        reply: Reply | None = None
        for reply in self.arm.pages(task.path, task.collection.api_version, **_query(task)):
            self._answer(reply, task.type)
            items += ids_around(reply, task.type) if task.around else ids_below(reply, task.path)
            found += size_of(reply)
            said = max(said, count_of(reply))
        assert reply is not None  # noqa: S101 - a list has a first page, whatever comes of it
        lost = max(said, found) - len(items)
        self._end(task, reply, items, lost)
        if task.type.endswith("/policies"):
            with self._lock:
                seen.update(item.lower() for item in items)
        return [each for item in items[: 1 if self.sample else None] for each in below(item, task.type)]

    def _end(self, task: Task, last: Reply, items: list[str], lost: int) -> None:
        outcome, detail = last.outcome, self.redactor.text(last.detail)
        if outcome is Outcome.FAILED and items:
            outcome = Outcome.TRUNCATED
        elif outcome is Outcome.COMPLETE and lost > 0:
            outcome, detail = Outcome.TRUNCATED, f"{lost} of its items are missing, or have no id of its own"
        action = (last.action or task.action) if outcome is Outcome.FORBIDDEN else ""
        self._write(Listed(task.parent, task.type, outcome, last.request, len(items), action, detail))
        with self._lock:
            self.progress.listings += 1
            self.progress.unread += outcome not in (Outcome.COMPLETE, Outcome.NOT_IN_TIER)
        self._tell()

    def _listed_policies(self, service: str) -> set[str] | None:
        """Ids of all policies of a service, in lower case; None where the service does not tell."""
        if self._over():
            return None
        found: set[str] = set()
        for reply in self.arm.pages(f"{service}/allPolicies", API_VERSION):
            if reply.outcome is not Outcome.COMPLETE:
                return None
            for item in items_of(reply):
                properties = item.get("properties")
                reference = properties.get("referencePolicyId") if isinstance(properties, dict) else None
                if not isinstance(reference, str) or not reference:
                    return None
                found.add(full_id(service, reference).lower())
        return found or None

    def _graph(self, subscription: str) -> list[Task]:
        """What Resource Graph holds, and what is to be listed below it.

        It leaves out what the identity may not read, without a word.
        """
        tasks: list[Task] = []
        for query in queries():
            if self._over():
                return tasks
            for reply in self.arm.query(query, [subscription]):
                self._answer(reply, "")
                tasks += below_neighbours(rows_of(reply))
                if reply.outcome is not Outcome.COMPLETE:
                    scope, detail = f"/subscriptions/{subscription}", self.redactor.text(reply.detail)
                    self._write(Listed(scope, _GRAPH, reply.outcome, reply.request, 0, reply.action, detail))
        return tasks

    def _lockbox(self) -> None:
        path, version = _LOCKBOX
        if (
            self.tenant
            and not self._over()
            and f"GET {path}{self.tenant}?api-version={version}" not in (self.kept.answers)
        ):
            self._answer(
                self.arm.get(f"{path}{self.tenant}", version), "microsoft.customerlockbox/tenantoptedin"
            )

    def _certificates(self) -> None:
        """The certificates in vaults that services use, where it was asked for."""
        if self.vaults is None:
            return
        for host, name in sorted(self.kept.references):
            if f"GET https://{host}/certificates/{name}?api-version={CERTIFICATES}" in self.kept.answers:
                continue
            if self._over():
                return
            self._answer(self.vaults.certificate(host, name), "microsoft.keyvault/vaults/certificates")

    # -- writing -----------------------------------------------------------------------------------------

    def _answer(self, reply: Reply, type_: str) -> None:
        body = None
        if isinstance(reply.body, dict):
            with self._lock:
                if type_ in _MAY_REFER:
                    self.kept.references.update(references_in(reply.body))
                self.kept.learn(type_, reply.body)
                body = self._replaced(reply.body, type_)
        detail = self.redactor.text(reply.detail)
        self._write(
            Answer(reply.request, reply.status, reply.outcome, _now(), reply.api_version, body, detail)
        )

    def _replaced(self, body: dict[str, Any], type_: str) -> Any:
        """A body without secrets, and without the cursor of the next page."""
        rest = without_cursor(body)
        if type_ == ACTIVITY.lower():
            return judged_entries(rest)
        if type_:
            return self.redactor.resource(type_, rest)
        rows = rest.get("data")
        if isinstance(rows, list):
            rest["data"] = [
                self.redactor.resource(str(row.get("type", "")), row) for row in rows if isinstance(row, dict)
            ]
        return rest

    def _tell(self) -> None:
        self.progress.calls, self.progress.throttled = self.arm.calls, self.arm.throttled
        self.tell(self.progress)

    def _write(self, one: Record) -> None:
        self.writer.write(one)

    def _over(self) -> bool:
        """Whether the run is to end: interrupted, or out of time."""
        over = self.stopped.is_set() or (self.deadline > 0 and time.monotonic() > self.deadline)
        self._skipped = self._skipped or over
        return over


def _query(task: Task) -> dict[str, str]:
    """Members of a listing's query; of the activity log the days that it keeps."""
    if task.name != ACTIVITY:
        return dict(task.collection.query)
    now = datetime.now(UTC)
    since = (now - timedelta(days=_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "$filter": f"eventTimestamp ge '{since}' and eventTimestamp le '{until}' "
        "and resourceProvider eq 'Microsoft.ApiManagement'",
        "$select": "eventDataId,eventTimestamp,operationName,resourceId,status",
    }
