"""What an identity may read: each kind of read tried on one service, and what hangs on those it may not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from auditor.apim.collections import SURROUNDINGS, collection
from auditor.azure.collect import Collector
from auditor.azure.plan import BELOW, NEIGHBOURS, Task
from auditor.azure.session import Session
from auditor.engine import judge
from auditor.model.evidence import Reason
from auditor.model.knowledge import Audit
from auditor.model.verdict import Status
from auditor.snapshot.files import Writer, records
from auditor.snapshot.records import Answer, Header, Listed, Outcome
from auditor.sources import read_paths

_MOST_CHECKS: Final = 12


def diagnose(session: Session, service: str, path: Path) -> dict[str, Any]:
    """Try every kind of read once: of each collection, what is below its first item only.

    Args:
        session: Signed in.
        service: Id of the service to try on.
        path: Where to keep what was read, which is a snapshot.

    Returns:
        ``service``; ``reads``: ``action``, ``outcome``, ``detail`` of each kind; ``unknown``: ids of the
        checks that are unknown for what was refused, by action; ``complete``: whether all could be read.
    """
    writer = Writer(path, Header("doctor", datetime.now(UTC).isoformat(timespec="seconds")))
    footer = Collector(session.arm, writer, sample=True).run([service], [service.split("/")[2]])
    writer.close(footer)
    reads: dict[str, dict[str, str]] = {}
    for one in records(path.read_bytes()):
        if isinstance(one, Listed):
            action = one.action or _action(one)
            worse = action not in reads or one.outcome not in (Outcome.COMPLETE, Outcome.NOT_IN_TIER)
            if worse:
                reads[action] = {"action": action, "outcome": str(one.outcome), "detail": one.detail}
        elif isinstance(one, Answer) and "ResourceGraph" in one.request:
            name = "Azure Resource Graph (what stands around: Reader on it)"
            reads[name] = {"action": name, "outcome": str(one.outcome), "detail": one.detail}
    refused = {
        each["action"] for each in reads.values() if each["outcome"] not in ("complete", "not-in-tier")
    }
    return {
        "service": service,
        "reads": list(reads.values()),
        "unknown": _unknown(path, refused),
        "complete": not refused,
    }


def _action(listed: Listed) -> str:
    parent_type, _, name = listed.type.rpartition("/")
    if not listed.type.startswith("microsoft.apimanagement/"):
        return collection(listed.type).action
    return Task(
        listed.parent, parent_type, listed.request.rpartition("/")[2].partition("?")[0] or name
    ).action


def _unknown(path: Path, refused: set[str]) -> dict[str, list[str]]:
    """Checks that are unknown for what was refused, by the permission that is missing."""
    from controls import catalogue

    known = catalogue()
    reading = read_paths([str(path)], called="Azure")
    audit = Audit(reading.inventory, known.knowledge, datetime.now(UTC))
    found: dict[str, list[str]] = {}
    reasons = {Reason.FORBIDDEN, Reason.FAILED, Reason.THROTTLED, Reason.ABSENT}
    for service in reading.inventory.services:
        for check in known.checks:
            for finding in judge(check, audit, service):
                if finding.status is not Status.UNKNOWN:
                    continue
                for gap in finding.gaps:
                    for action in refused:
                        if gap.reason in reasons and action in f"{gap.needed} {gap.remedy}":
                            ids = found.setdefault(action, [])
                            if check.id not in ids:
                                ids.append(check.id)
    return {action: ids[:_MOST_CHECKS] for action, ids in sorted(found.items())}


def role_of(subscriptions: Sequence[str]) -> str:
    """A custom role, as ``az role definition create`` takes it, that allows our reads and nothing else."""
    actions = {Task("", type_, name).action for type_, names in BELOW.items() for name in names} | {
        f"{type_}/read" for type_ in NEIGHBOURS
    }
    actions |= {each.action for each in SURROUNDINGS.values()}
    role = {
        "Name": "API Management baseline auditor",
        "Description": "Reads what auditor judges. No secrets, no keys, no writes.",
        "Actions": sorted(
            {
                "Microsoft.ApiManagement/service/read",
                "Microsoft.ApiManagement/service/allPolicies/read",
                "Microsoft.ResourceGraph/resources/read",
                "Microsoft.Resources/subscriptions/read",
                *actions,
            }
        ),
        "NotActions": ["Microsoft.ApiManagement/service/users/keys/read"],
        "AssignableScopes": [f"/subscriptions/{each}" for each in subscriptions],
    }
    return json.dumps(role, indent=2)
