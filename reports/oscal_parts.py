"""Observations, risks and findings of an OSCAL document, each with a UUID that the result decides."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from auditor.model.results import EvidenceJson, FindingJson, Results, ServiceJson, SubjectJson
from reports import summary
from reports.mdtext import text
from reports.places import Judged, check_texts, moment, said, uri, waived_status, waiver_words, written
from reports.prose import harmless

NAMESPACE = "urn:azure-baseline-auditor"
"""Properties of this tool stand in this namespace."""
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}:oscal")
_NOT_IN_TOKEN = re.compile(r"[^\w.\-]")
_MOST_EVIDENCE = 20
_MOST_GAPS = 5
_LONGEST = 1000
_LONGEST_NAME = 200
_LONGEST_TOKEN = 200


def uuid_of(*parts: str) -> str:
    """The UUID of something, made of what tells it from anything else."""
    return str(uuid.uuid5(_ROOT, "\0".join(parts).encode("utf-8", "backslashreplace").decode()))


def actor() -> str:
    """The UUID of the tool."""
    return uuid_of("tool")


def token(name: str) -> str:
    """An id as OSCAL's tokens are: letters, digits, dots, dashes and underscores, a letter or _ first."""
    found = _NOT_IN_TOKEN.sub("_", said(name, _LONGEST_TOKEN))
    return found if found[0].isalpha() or found[0] == "_" else f"_{found}"


def props(values: dict[str, str]) -> list[dict[str, str]]:
    """Properties of this tool, in its namespace; those without a value are left out."""
    return [
        {"name": name, "ns": NAMESPACE, "value": said(value, _LONGEST)}
        for name, value in values.items()
        if value.strip()
    ] or [{"name": "none", "ns": NAMESPACE, "value": "none"}]


def _prose(value: str, longest: int = _LONGEST) -> str:
    """A sentence as OSCAL's Markdown, never empty."""
    return text(value, longest) or "(empty)"


class Parts:
    """What a result consists of, filled service by service."""

    def __init__(self, results: Results, as_of: str) -> None:
        self.as_of = as_of
        self.components: list[dict[str, Any]] = []
        self.items: dict[str, dict[str, Any]] = {}
        """The resources by id in lower case, services apart."""
        # Written at once: as objects they would take several times the room.
        self.observed: list[str] = []
        self.risks: list[str] = []
        self.findings: list[str] = []
        self._texts = check_texts(results)
        self._services: dict[str, str] = {}
        self._used: dict[tuple[str, ...], int] = {}
        self._remediations: dict[str, tuple[str, str]] = {}
        self._origins = [{"actors": [{"type": "tool", "actor-uuid": actor()}]}]

    def _uuid(self, *parts: str) -> str:
        """The UUID of these parts at this moment; a second one of the same parts is numbered."""
        count = self._used[parts] = self._used.get(parts, 0) + 1
        return uuid_of(*parts, self.as_of, *([str(count)] if count > 1 else []))

    def service(self, service: ServiceJson) -> None:
        """An API Management service as a component."""
        component = self._services[service["id"].lower()] = self._uuid("service", service["id"].lower())
        self.components.append(
            {
                "uuid": component,
                "type": "service",
                "title": _prose(service["name"], _LONGEST_NAME),
                "description": "An Azure API Management service.",
                "props": props(
                    {
                        "asset-id": service["id"],
                        "tier": service["tier"],
                        "location": service["location"],
                        "status": service["status"],
                    }
                ),
                "status": {"state": "other", "remarks": "The audit does not judge whether it runs."},
            }
        )

    def judged(self, one: Judged) -> None:
        """What a check says of a service: its observations, and what follows from them."""
        uuids = self.observations(one)
        by_status: dict[str, list[str]] = {}
        for finding, name in zip(one.findings, uuids, strict=True):
            by_status.setdefault(finding["status"], []).append(name)
        risks = [
            self._risk(one, status, by_status[status]) for status in ("fail", "waived") if status in by_status
        ]
        status = one.status
        if status not in ("pass", "fail"):
            return
        text_ = self._texts.get(one.check)
        finding_uuid = self._uuid("finding", one.service["id"].lower(), one.check)
        name = text_["title"] if text_ else one.check
        row: dict[str, Any] = {
            "uuid": finding_uuid,
            "title": _prose(f"{one.service['name']}: {name}", _LONGEST),
            "description": _prose(one.deciding[0]["message"]),
            "props": props({"check": one.check, "status": status, "control": one.control["id"]}),
            "origins": self._origins,
            "target": {
                "type": "objective-id",
                "target-id": token(one.check),
                "status": {
                    "state": "satisfied" if status == "pass" else "not-satisfied",
                    "reason": "pass" if status == "pass" else "fail",
                },
            },
            "related-observations": [{"observation-uuid": each} for each in uuids],
        }
        if risks and status == "fail":
            row["related-risks"] = [{"risk-uuid": each} for each in risks]
        self.findings.append(json.dumps(row, ensure_ascii=False))

    def observations(self, one: Judged) -> list[str]:
        """An observation for each stored finding; their UUIDs."""
        return [self._observation(one, finding) for finding in one.findings]

    def _observation(self, one: Judged, finding: FindingJson) -> str:
        first = finding["subjects"][0]
        name = self._uuid(
            "observation", one.service["id"].lower(), one.check, finding["status"], first["fingerprint"]
        )
        row: dict[str, Any] = {
            "uuid": name,
            "title": _prose(one.check, _LONGEST_NAME),
            "description": _prose(finding["message"]),
            "props": props(
                {
                    "check": one.check,
                    "status": finding["status"],
                    "severity": finding["severity"],
                    "source": finding["source"],
                    "control": one.control["id"],
                    "feature": one.feature["title"],
                    "fingerprint": first["fingerprint"],
                    "item": first.get("item", ""),
                    "waiver": waiver_words(finding) if "waiver" in finding else "",
                    "waived-status": waived_status([finding]),
                }
            ),
            "methods": [_method(finding)],
            "types": ["discovery" if finding.get("observation") else "control-objective"],
            "origins": self._origins,
            "subjects": self._subjects(one.service, finding["subjects"]),
            "collected": self.as_of,
        }
        if finding["evidence"]:
            row["relevant-evidence"] = [_evidence(each) for each in finding["evidence"][:_MOST_EVIDENCE]]
        remarks = [*_gaps(finding), *_more(finding)]
        if remarks:
            row["remarks"] = "\n\n".join(remarks)
        self.observed.append(json.dumps(row, ensure_ascii=False))
        return name

    def _subjects(self, service: ServiceJson, subjects: list[SubjectJson]) -> list[dict[str, str]]:
        rows: dict[str, dict[str, str]] = {}
        for subject in subjects:
            key = subject["id"].lower()
            if key == service["id"].lower():
                row = {"subject-uuid": self._services[key], "type": "component"}
            else:
                row = {"subject-uuid": self._item(service, subject), "type": "inventory-item"}
            rows.setdefault(row["subject-uuid"], row)
        return list(rows.values())

    def _item(self, service: ServiceJson, subject: SubjectJson) -> str:
        key = subject["id"].lower()
        found = self.items.get(key)
        if found is None:
            component = self._services[service["id"].lower()]
            found = self.items[key] = {
                "uuid": self._uuid("resource", key),
                "description": _prose(subject["name"], _LONGEST_NAME),
                "props": props({"asset-id": subject["id"], "resource-type": subject["type"]}),
                "implemented-components": [{"component-uuid": component}],
            }
        return str(found["uuid"])

    def _risk(self, one: Judged, status: str, observations: list[str]) -> str:
        own = [each for each in one.findings if each["status"] == status]
        worst = min(own, key=lambda each: _RANKS.index(each["severity"]))
        why, fix = self._words(one.check)
        text_ = self._texts.get(one.check)
        name = self._uuid("risk", one.service["id"].lower(), one.check, status)
        more = f" And {len(own) - 1:,} more." if len(own) > 1 else ""
        values = {"check": one.check, "status": status, "severity": worst["severity"]}
        row: dict[str, Any] = {
            "uuid": name,
            "title": _prose(f"{one.service['name']}: {text_['title'] if text_ else one.check}"),
            "description": f"{_prose(worst['message'])}{more}",
            "statement": why,
            "props": props(values | _accepted(worst, own) if status == "waived" else values),
            "status": "open" if status == "fail" else "deviation-approved",
            "origins": self._origins,
            "characterizations": [
                {
                    "origin": self._origins[0],
                    "facets": [
                        {"name": "severity", "system": f"{NAMESPACE}:severity", "value": worst["severity"]}
                    ],
                }
            ],
        }
        end = _end(own) if status == "waived" else None
        if end:
            row["deadline"] = end
        row["remediations"] = [
            {
                "uuid": self._uuid("remediation", name),
                "lifecycle": "recommendation",
                "title": "How to fix it",
                "description": fix,
            }
        ]
        row["related-observations"] = [{"observation-uuid": each} for each in observations]
        self.risks.append(json.dumps(row, ensure_ascii=False))
        return name

    def _words(self, check_id: str) -> tuple[str, str]:
        """Why a check matters and how to fix what it finds, as Markdown."""
        if check_id not in self._remediations:
            known = self._texts.get(check_id)
            why, fix = (known["why"], known["remediation"]) if known else ("", "")
            self._remediations[check_id] = (
                harmless(why).strip() or "No reason is stored.",
                harmless(fix).strip() or "No remediation is stored.",
            )
        return self._remediations[check_id]


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_RANKS = ("critical", "high", "medium", "low", "info")


def _method(finding: FindingJson) -> str:
    origins = [each["origin"] for each in finding["evidence"]]
    if not origins:
        return "UNKNOWN"
    return "TEST" if any("request" in origin for origin in origins) else "EXAMINE"


def _evidence(entry: EvidenceJson) -> dict[str, str]:
    where = summary.place(entry)
    row = {"description": _prose(f"{summary.fact(entry)}{f' in {where}' if where else ''}")}
    if "file" in entry["origin"]:
        row = {"href": uri(entry["origin"]["file"]), **row}
    return row


def _gaps(finding: FindingJson) -> list[str]:
    rows = []
    for gap in finding["gaps"][:_MOST_GAPS]:
        remedy = f" To get it: {text(gap['remedy'], 600)}" if gap["remedy"] else ""
        rows.append(f"Missing: {text(gap['needed'], 400)} ({summary.REASON_WORDS[gap['reason']]}).{remedy}")
    more = len(finding["gaps"]) - _MOST_GAPS
    return [*rows, *([f"And {more:,} more are missing."] if more > 0 else [])]


def _more(finding: FindingJson) -> list[str]:
    more = max(0, len(finding["evidence"]) - _MOST_EVIDENCE) + finding.get("more_evidence", 0)
    return [f"{more:,} more values were read."] if more else []


def _accepted(worst: FindingJson, own: list[FindingJson]) -> dict[str, str]:
    return {"waiver": waiver_words(worst), "waived-status": waived_status(own)}


def _end(findings: list[FindingJson]) -> str | None:
    """When the first of some waivers ends: a day that is named is its last, and belongs to it."""
    waivers: list[Mapping[str, Any]] = [each["waiver"] for each in findings if each.get("waiver")]
    named = [str(waiver.get("expires", "")) for waiver in waivers]
    ends = [moment(f"{each}T23:59:59+00:00" if _DAY.fullmatch(each) else each) for each in named]
    known = [end for end in ends if end is not None]
    return written(min(known)) if known else None
