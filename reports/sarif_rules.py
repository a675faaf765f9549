"""The rules of a SARIF file: one for each check, one for each way a result differs from a plain failure."""

from __future__ import annotations

import re
from typing import Any

from auditor.model.results import CheckTextJson, ControlTextJson, FeatureTextJson, Results
from reports.places import check_texts, said
from reports.prose import harmless, is_documentation
from reports.safe import plain

TAXONOMY = "Microsoft cloud security benchmark"
"""Controls keep the benchmark's ids."""
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
"""SARIF's levels by severity."""
_LONGEST = 990
"""GitHub takes 1,024 characters of a description; what is cut says so."""
_LONGEST_HELP = 20_000
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"}
"""GitHub reads scores: critical above 9.0, high from 7.0, medium from 4.0, low above 0."""
_OPEN = {
    "unknown": "Not decided: ",
    "manual": "For a person to answer: ",
    "waived": "Waived: ",
}


class Rules:
    """The rules a file needs, each with its place in the list."""

    def __init__(self, results: Results) -> None:
        self._checks = check_texts(results)
        self._features: dict[tuple[str, str], FeatureTextJson] = {}
        self._links: dict[str, list[str]] = {}
        self._controls: dict[str, int] = {}
        for control in results["catalogue"]["controls"]:
            self._controls.setdefault(_control_id(control["id"]), len(self._controls))
            self._links[control["id"]] = control["links"]
            for feature in control["features"]:
                self._features[control["id"], feature["title"]] = feature
        self._rows: list[dict[str, Any]] = []
        self._places: dict[tuple[str, str], tuple[int, str]] = {}
        self._ids: set[str] = set()
        for check_id, check in self._checks.items():
            self.of(check_id, "fail", check["severity"])

    def rows(self) -> list[dict[str, Any]]:
        """The rules, in the order they were asked for."""
        return self._rows

    def of(self, check_id: str, status: str, severity: str) -> tuple[int, str]:
        """The place and the id of the rule for a result.

        Args:
            check_id: The check that speaks.
            status: ``fail``, ``unknown``, ``manual`` or ``waived``.
            severity: Of the finding; of what did not fail it makes no difference.
        """
        check = self._checks.get(check_id) or _nameless(check_id, severity)
        variant = status if status in _OPEN else ("" if severity == check["severity"] else severity)
        key = (check_id, variant)
        if key not in self._places:
            rule_id = self._id(f"{check_id}/{variant}" if variant else check_id)
            self._rows.append(self._rule(rule_id, check, variant, severity))
            self._places[key] = (len(self._rows) - 1, rule_id)
        return self._places[key]

    def _id(self, wanted: str) -> str:
        rule_id = base = said(wanted, 200)
        number = 2
        while rule_id in self._ids:
            rule_id, number = f"{base}-{number}", number + 1
        self._ids.add(rule_id)
        return rule_id

    def _rule(self, rule_id: str, check: CheckTextJson, variant: str, severity: str) -> dict[str, Any]:
        is_open = variant in _OPEN
        title = said(check["title"] or check["id"], _LONGEST)
        rule: dict[str, Any] = {
            "id": rule_id,
            "name": _pascal(rule_id),
            "shortDescription": {"text": said(_OPEN.get(variant, "") + title, _LONGEST)},
            "fullDescription": {"text": said(check["why"] or title, _LONGEST)},
            "help": _help(check, title),
            "defaultConfiguration": {"level": "none" if is_open else LEVELS[severity]},
        }
        link = self._link(check)
        if link:
            rule["helpUri"] = link
        properties: dict[str, Any] = {
            "tags": ["azure", "api-management", said(check["source"], 60), said(check["control"], 60)],
            "precision": "high",
        }
        if not is_open and severity in _SCORES:
            properties["tags"].insert(0, "security")
            properties["security-severity"] = _SCORES[severity]
        rule["properties"] = properties
        control_id = _control_id(check["control"])
        if control_id in self._controls:
            place = {"index": self._controls[control_id], "id": control_id}
            target = {**place, "toolComponent": {"name": TAXONOMY, "index": 0}}
            rule["relationships"] = [{"target": target, "kinds": ["relevant"]}]
        return rule

    def _link(self, check: CheckTextJson) -> str:
        feature = self._features.get((check["control"], check["feature"]))
        links = [feature["reference"]] if feature else []
        links += self._links.get(check["control"], [])
        return next(filter(is_documentation, links), "")


def taxonomy(results: Results) -> dict[str, Any]:
    """The controls as a taxonomy that rules point into."""
    # Once each: rules name their place.
    controls: dict[str, ControlTextJson] = {}
    for control in results["catalogue"]["controls"]:
        controls.setdefault(_control_id(control["id"]), control)
    return {
        "name": TAXONOMY,
        "organization": "Microsoft",
        "shortDescription": {"text": "The controls that the security baseline of API Management names."},
        "isComprehensive": False,
        "taxa": [
            {
                "id": name,
                "name": said(one["title"], 200),
                "shortDescription": {"text": said(one["summary"] or one["title"], _LONGEST)},
            }
            for name, one in controls.items()
        ],
    }


def _control_id(control_id: str) -> str:
    return said(control_id, 200)


def _help(check: CheckTextJson, title: str) -> dict[str, str]:
    parts = [("Why", check["why"]), ("Fix", check["remediation"]), ("Notes", check["notes"])]
    told = [(name, plain(text, _LONGEST_HELP).strip()) for name, text in parts if text.strip()]
    text = "\n\n".join([title, *(f"{name}: {text}" for name, text in told)])
    # As one text: what one part defines, another could use.
    markdown = harmless("\n\n".join(f"**{name}**\n\n{text}" for name, text in told) or title)
    return {"text": text, "markdown": markdown}


def _pascal(rule_id: str) -> str:
    """``apim.ns-2.gateway-not-public/manual`` as ``GatewayNotPublicManual``: how SARIF's rules are named."""
    last = rule_id.split(".")[-1]
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", last) if part) or "Check"


def _nameless(check_id: str, severity: str) -> CheckTextJson:
    """A check that the catalogue of the result lacks."""
    return CheckTextJson(
        id=check_id,
        control="",
        feature="",
        title="",
        subject="",
        severity=severity,
        source="additional",
        also=[],
        filed=[],
        why="",
        remediation="",
        notes="",
    )
