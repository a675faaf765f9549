"""``report.sarif``: SARIF 2.1.0 for GitHub code scanning, Azure DevOps and editors.

Plain dictionaries, checked against the published schema in the tests: ``sarif-om`` is no longer kept, and
``sarif-tools`` reads.

**What is a result.** GitHub shows every result as an alert, whatever its ``kind`` and its ``suppressions``,
and takes the severity of the alert from the rule ("SARIF support for code scanning"). So:

* a failed finding is a result of kind ``fail``, one for each;
* what is unknown or manual is a result of kind ``open`` or ``review``, one for each check and service,
  under a rule of its own (``CHECK/unknown``, ``CHECK/manual``) that has no severity. It must not look
  failed, and it must not vanish: GitHub would call the alert of an earlier failure fixed;
* a waived finding is one of kind ``review`` with ``suppressions``, under ``CHECK/waived``;
* passes, what does not apply, what Microsoft answers for and observations are no results;
* a check that broke, a file that could not be read and what the input could not show are notifications.

A failure whose severity differs from its check's has a rule of its own too: ``CHECK/medium``.

**Where it stands.** GitHub refuses a result without a physical location. A finding with evidence in a file
stands there. What was read from Azure, alone or out of a snapshot, stands on line 1 of what was audited.
``logicalLocations`` holds the resource's id in any case, and ``primaryLocationLineHash`` is the finding's
own fingerprint: so several findings on one line stay several alerts, and a moved line makes no new one.

**What is left to others.** ``automationDetails``: GitHub's uploader fills it from its ``category`` only
where it is absent. ``versionControlProvenance``: a result knows no repository.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from auditor.model.results import EvidenceJson, FindingJson, Results, ServiceJson
from auditor.model.verdict import Severity
from reports import summary
from reports.places import Judged, about, all_judged, main_evidence, said, uri, waived_status, waiver_words
from reports.sarif_rules import LEVELS, TAXONOMY, Rules, taxonomy
from reports.sarif_run import invocation

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""GitHub refuses a file with more results in a run."""
MOST_SHOWN = 5_000
"""GitHub shows so many of them."""
MOST_ZIPPED = 9_500_000
"""GitHub refuses more than 10 MB of gzip; the head of the file, and what the packer holds back, need room."""
_MOST_FACTS = 5
_MOST_RELATED = 10
_LONGEST = 1000
_KINDS = {"fail": "fail", "unknown": "open", "manual": "review", "waived": "review"}
_ORDER = tuple(_KINDS)


def render_sarif(results: Results, most_zipped: int = MOST_ZIPPED) -> str:
    """A stored result as SARIF.

    Args:
        results: The stored result.
        most_zipped: So many bytes the results may take when they are packed; the mildest are left out, and a
            notification says how many.
    """
    rules = Rules(results)
    rows: list[str] = []
    packer, zipped, left = zlib.compressobj(1), 0, 0
    for rank, one in enumerate(_ranked(results)):
        if left or rank >= MOST_RESULTS:
            left += 1
            continue
        row = json.dumps(_result(one, rules), ensure_ascii=False)
        zipped += len(packer.compress(f"{row},\n".encode()))
        if zipped > most_zipped:
            left += 1
            continue
        rows.append(row)
    # Before the rules are written: a check that broke may need one more.
    ended = invocation(results, rules, len(rows), left, MOST_SHOWN)
    run: dict[str, Any] = {
        "tool": {"driver": _driver(results, rules)},
        "invocations": [ended],
        "artifacts": _artifacts(results),
        "taxonomies": [taxonomy(results)],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "asOf": said(results["run"]["as_of"], 80),
            "counts": {status.replace("_", "-"): n for status, n in results["summary"]["counts"].items()},
        },
    }
    head = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)
    # The results follow the other members of the run, a line for each: two files compare line by line.
    return f'{head.removesuffix(_TAIL)},\n   "results": [\n{_lines(rows)}   ]{_TAIL}\n'


_TAIL = "\n  }\n ]\n}"


def _lines(rows: list[str]) -> str:
    return ",\n".join(f"    {row}" for row in rows) + "\n" if rows else ""


class _Result:
    """One result to be: a failed finding, or what a check leaves open for a service."""

    __slots__ = ("count", "finding", "fingerprint", "order", "service", "status")

    def __init__(self, service: ServiceJson, finding: FindingJson, status: str, of: Judged | None) -> None:
        self.service = service
        self.finding = finding
        self.status = status
        self.count = of.subjects if of else 1
        own = finding["subjects"][0]["fingerprint"]
        # What stands for several keeps its name when the first of them changes.
        text = f"{finding['check']}\n{service['id'].lower()}\n{status}"
        name = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
        self.fingerprint = name if of else own
        self.order = (_ORDER.index(status), Severity(finding["severity"]).rank, finding["check"])


def _ranked(results: Results) -> list[_Result]:
    """What is to be shown, the worst first."""
    rows: list[_Result] = []
    for one in all_judged(results):
        for status in ("fail", "waived"):
            rows += (
                _Result(one.service, each, status, None) for each in one.findings if each["status"] == status
            )
        for status in ("unknown", "manual"):
            own = [each for each in one.findings if each["status"] == status]
            if own:
                part = Judged(one.service, one.control, one.feature, one.check, own)
                rows.append(_Result(one.service, part.deciding[0], status, part))
    # The order of services and findings in the result decides between equals: it is stable.
    return sorted(rows, key=lambda row: row.order)


def _result(one: _Result, rules: Rules) -> dict[str, Any]:
    finding = one.finding
    index, rule_id = rules.of(finding["check"], one.status, finding["severity"])
    found = main_evidence(finding)
    subject = finding["subjects"][0]
    row: dict[str, Any] = {
        "ruleId": rule_id,
        "ruleIndex": index,
        "kind": _KINDS[one.status],
        "level": LEVELS[finding["severity"]] if one.status == "fail" else "none",
        "message": {"text": _message(one)},
        "locations": [
            {
                "physicalLocation": _place(found, one.service["input"]),
                "logicalLocations": [
                    {
                        "name": said(subject["name"], 200),
                        "fullyQualifiedName": said(subject["id"], _LONGEST),
                        "kind": "resource",
                    }
                ],
            }
        ],
    }
    related = list(_related(finding, found))
    if related:
        row["relatedLocations"] = related
    name = said(one.fingerprint, 64)
    # The second is what GitHub goes by; its uploader computes one of the line where there is none.
    row["partialFingerprints"] = {"auditorFinding/v1": name, "primaryLocationLineHash": f"{name}:1"}
    if one.status == "waived":
        row["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": _unlinked(waiver_words(finding))}
        ]
    row["properties"] = {
        "status": one.status,
        "severity": finding["severity"],
        "source": finding["source"],
        "service": said(one.service["id"], _LONGEST),
    }
    was = waived_status([finding])
    if was:
        row["properties"]["waivedStatus"] = was
    return row


def _message(one: _Result) -> str:
    finding = one.finding
    parts = [f"{about(finding, one.service)}: {said(finding['message'], _LONGEST)}"]
    if one.status == "unknown":
        parts.insert(0, "Not decided:")
        parts += [f"To decide it: {said(gap['remedy'] or gap['needed'], 400)}" for gap in finding["gaps"][:1]]
    elif one.status == "manual":
        parts.insert(0, "For a person to answer:")
    elif one.status == "waived":
        parts.insert(0, f"Waived ({waiver_words(finding)}):")
    if one.count > 1:
        parts.append(f"The same check leaves {one.count:,} items open here.")
    facts = [summary.fact(each) for each in finding["evidence"][:_MOST_FACTS]]
    if facts:
        more = len(finding["evidence"]) - len(facts) + finding.get("more_evidence", 0)
        parts.append(f"Read: {'; '.join(facts)}{f'; and {more:,} more' if more else ''}.")
    return _unlinked(" ".join(parts))


def _unlinked(text: str) -> str:
    """Keeps names from making links of the form that SARIF 3.11.6 gives a meaning to."""
    return text.replace("](", "] (")


def _place(found: EvidenceJson | None, otherwise: str) -> dict[str, Any]:
    """Where a value stands; without one, the first line of what was audited."""
    if found is None:
        return {"artifactLocation": {"uri": uri(otherwise)}, "region": {"startLine": 1}}
    origin = found["origin"]
    region = {"startLine": origin["line"]}
    if "column" in origin:
        region["startColumn"] = origin["column"]
    return {"artifactLocation": {"uri": uri(origin["file"])}, "region": region}


def _related(finding: FindingJson, main: EvidenceJson | None) -> Iterator[dict[str, Any]]:
    placed = (
        each
        for each in finding["evidence"]
        if each is not main and "file" in each["origin"] and "line" in each["origin"]
    )
    for number, each in enumerate(islice(placed, _MOST_RELATED), 1):
        yield {
            "id": number,
            "physicalLocation": _place(each, ""),
            "message": {"text": _unlinked(summary.fact(each))},
        }


def _driver(results: Results, rules: Rules) -> dict[str, Any]:
    tool = results["run"]["tool"]
    catalogue = said(results["run"]["catalogue"], 80)
    return {
        "name": said(tool.get("name", ""), 200),
        "version": said(tool.get("version", ""), 80),
        "shortDescription": {"text": "Audits Azure API Management against Microsoft's security baseline."},
        "fullDescription": {
            "text": "Judges exported or live configuration of Azure API Management, says what it could not "
            f"decide, and shows the values behind each verdict. Catalogue of {catalogue}."
        },
        "rules": rules.rows(),
        "supportedTaxonomies": [{"name": TAXONOMY, "index": 0}],
    }


def _artifacts(results: Results) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for one in results["run"]["inputs"]:
        row: dict[str, Any] = {"location": {"uri": uri(one["path"])}, "roles": ["analysisTarget"]}
        if one["sha256"]:
            row["hashes"] = {"sha-256": said(one["sha256"], 64)}
        rows.setdefault(row["location"]["uri"], row)
    return list(rows.values())
