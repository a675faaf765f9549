"""Stored results made of a few words, for comparing: what each check says of each subject."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

from auditor.compare import Comparison, Difference, Side, compare
from auditor.model.results import CatalogueJson, FindingJson, Results, ServiceJson, SubjectJson
from tests.reports.sample import sample

TYPE = "microsoft.apimanagement/service"
LIVE = "/subscriptions/0000/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"
DECLARED = "/providers/Microsoft.ApiManagement/service/"
CHECKS = ("apim.ns-2.public", "apim.im-8.secrets", "apim.dp-3.tls")
Said = tuple[str, str, str]
"""Status, severity, message."""
Saying = Mapping[tuple[str, str, str], Said]
"""By check, path below the service (``/apis/orders``, empty for itself) and item."""


def subject(root: str, below: str, item: str) -> SubjectJson:
    resource = below if below.startswith("/subscriptions/") else root + below
    row = SubjectJson(
        id=resource,
        type=TYPE + ("/" + below.split("/")[1] if below else ""),
        name=resource.rpartition("/")[2],
        fingerprint="0" * 32,
    )
    if item:
        row["item"] = item
    return row


def finding(check: str, said: Said, *subjects: SubjectJson, **more: Any) -> FindingJson:
    status, severity, message = said
    row: dict[str, Any] = {
        "check": check,
        "source": "baseline",
        "subjects": list(subjects),
        "status": status,
        "severity": severity,
        "message": message,
        "evidence": [],
        "gaps": [],
    }
    if status == "unknown":
        row["gaps"] = [{"reason": "absent", "needed": message, "remedy": "az rest ..."}]
    return cast("FindingJson", row | more)


def service(
    name: str, saying: Saying, root: str = LIVE, not_asked: tuple[str, ...] = (), file: str = "main.json"
) -> ServiceJson:
    """A service, folded as scans fold: equal passes of one check are one entry."""
    rows: dict[tuple[str, ...], FindingJson] = {}
    for (check, below, item), said in saying.items():
        folds = said[0] in ("pass", "not_applicable", "inherited", "unknown")
        key = (check, *said) if folds else (check, *said, below, item)
        if key in rows:
            rows[key]["subjects"].append(subject(root + name, below, item))
        else:
            rows[key] = finding(check, said, subject(root + name, below, item))
    controls: dict[str, list[FindingJson]] = {check.split(".")[1].upper(): [] for check in CHECKS}
    for row in rows.values():
        controls.setdefault(row["check"].split(".")[1].upper(), []).append(row)
    listed = [
        {
            "id": control,
            "title": control,
            "domain": "",
            "status": "unknown",
            **({"asked": False, "features": []} if control in not_asked else {"features": [_feature(found)]}),
        }
        for control, found in controls.items()
    ]
    made = {"id": root + name, "name": name, "tier": "Premium", "location": "", "status": "unknown"}
    return cast("ServiceJson", made | {"input": file, "controls": listed})


def _feature(found: list[FindingJson]) -> dict[str, Any]:
    return {"title": "Row", "responsibility": "", "status": "unknown", "findings": found, "see": []}


def catalogue(*checks: str) -> CatalogueJson:
    rows = [
        {
            "id": check,
            "control": check.split(".")[1].upper(),
            "feature": "Row",
            "title": f"Title of {check}.",
            "subject": "API",
            "severity": "high",
            "source": "baseline",
            "also": [],
            "filed": [],
            "why": "",
            "remediation": "",
            "notes": "",
        }
        for check in (checks or CHECKS)
    ]
    return cast("CatalogueJson", {"controls": [], "checks": rows})


def stored(*services: ServiceJson, checks: tuple[str, ...] = CHECKS, **run: Any) -> Results:
    results = copy.deepcopy(sample(0))
    results["services"], results["catalogue"] = list(services), catalogue(*checks)
    results["run"]["problems"] = []
    cast("dict[str, Any]", results["run"]).update(run)
    return results


def side(results: Results, renamed: Mapping[str, str] | None = None) -> Side:
    return Side.of(results["services"], results["catalogue"], renamed or {})


def compared(old: Results, new: Results, renamed: Mapping[str, str] | None = None) -> Comparison:
    return compare(side(old, renamed), side(new, renamed))


def only(old: Results, new: Results) -> Difference:
    """The one difference between two results of one subject each."""
    (found,) = compared(old, new).differences
    return found
