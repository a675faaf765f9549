"""What several reports say of a result in the same words: rows, numbers, places, what would decide more."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from auditor.model import evidence
from auditor.model.comparison import DiffGateJson
from auditor.model.results import EvidenceJson, FindingJson, GateJson, Results, ServiceJson
from auditor.model.verdict import Severity, Status, fold
from reports.safe import line

_DOTTED = re.compile(r"(?<=/)(?:\w+\.){3,}(\w+\.\w+\.\w+)(?=/|$)")
"""A member name of many dotted parts: its last three tell it from its neighbours."""
Shortener = Callable[[str], str]
_EXPRESSION = re.compile(r"\[(?P<function>\w+)\([^\]]{24,}\)[^\]()]*\]")

_TIER = "/sku/name"
_NAMES = {"name", "displayname", "hostname", "thumbprint", "id"}
"""Members that name a thing and decide nothing."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

STATUS_WORDS = {
    "pass": "passed",
    "fail": "failed",
    "unknown": "unknown",
    "manual": "manual",
    "not_applicable": "not applicable",
    "inherited": "inherited",
    "waived": "waived",
    "error": "error",
}

REASON_WORDS = evidence.REASON_WORDS
"""Why a fact is not known, in words for readers."""

SOURCE_WORDS = {
    "baseline": "security baseline",
    "client-certificates": "client certificate guide",
    "additional": "additional checks",
    "all": "all",
}
"""Who asks for a check, in the order the totals are shown."""


@dataclass(slots=True)
class Row:
    """A finding with the service it belongs to."""

    service: ServiceJson
    finding: FindingJson

    @property
    def severity(self) -> Severity:
        """Of the finding."""
        return Severity(self.finding["severity"])


def findings(results: Results) -> Iterator[Row]:
    """Every finding that counts, service by service; observations are left out."""
    for service in results["services"]:
        for finding in findings_of(service):
            yield Row(service, finding)


def findings_of(service: ServiceJson) -> Iterator[FindingJson]:
    """The findings of one service that count; observations are left out."""
    for control in service["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                if not finding.get("observation"):
                    yield finding


@dataclass(slots=True)
class Failed:
    """What failed of one check, the worst of it first."""

    count: int = 0
    rows: list[Row] = field(default_factory=list)
    """The first few; their services are without controls, so that an estate's are let go."""


def failed(results: Results, most: int) -> dict[str, Failed]:
    """What failed, and what broke, by check, the worst first.

    Args:
        results: The stored result.
        most: How many findings of a check are wanted.
    """
    ranked: dict[tuple[int, str], Failed] = {}
    for row in findings(results):
        if row.finding["status"] not in ("fail", "error"):
            continue
        found = ranked.setdefault((row.severity.rank, row.finding["check"]), Failed())
        found.count += 1
        found.rows.append(Row({**row.service, "controls": []}, row.finding))
        if len(found.rows) > 2 * most:
            found.rows = _first(found.rows, most)
    by_check: dict[str, Failed] = {}
    for (_, check), found in sorted(ranked.items(), key=lambda each: each[0]):
        one = by_check.setdefault(check, Failed())
        one.count += found.count
        one.rows = [*one.rows, *_first(found.rows, most)][:most]
    return by_check


def _first(rows: list[Row], most: int) -> list[Row]:
    return sorted(rows, key=lambda row: row.service["name"].lower())[:most]


def status_counts(service: ServiceJson) -> dict[str, int]:
    """How many checks of one service have each status; observations are left out."""
    by_check: dict[str, list[str]] = {}
    for finding in findings_of(service):
        by_check.setdefault(finding["check"], []).append(finding["status"])
    counts = dict.fromkeys((status.value for status in Status), 0)
    for statuses in by_check.values():
        counts[fold(statuses).value] += 1
    return counts


def percent(share: float | None) -> str:
    """A share of 0 to 1 in words; a dash where there is nothing to divide by."""
    if share is None:
        return "-"
    # 99.6 % of the way is not all of it: only a full share may read 100 %.
    return "100 %" if share >= 1 else f"{min(99, round(share * 100))} %"


def moment(text: str) -> str:
    """An ISO 8601 moment for readers, in UTC; the text itself where it is not one."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if found.tzinfo else line(text, 60)
    except (ValueError, OverflowError):
        return line(text, 60)


def sentence(text: str) -> str:
    """Words that begin a sentence."""
    return text[:1].upper() + text[1:]


def place(evidence: EvidenceJson) -> str:
    """Where a value was read: ``export.json:12``, ``one-line.json#/value/3``, a request, a document."""
    origin = evidence["origin"]
    if "file" in origin:
        # A file without line breaks has one line: its members are found by pointer.
        if origin.get("line") == 1 and origin.get("pointer"):
            return f"{origin['file']}#{origin['pointer']}"
        return origin["file"] + (f":{origin['line']}" if "line" in origin else "")
    return origin.get("request") or origin.get("attestation") or origin.get("catalogue") or ""


def shortener(results: Results) -> Shortener:
    """A function that leaves out the folders all inputs share, for places shown again and again."""
    paths = [one["path"] for one in results["run"]["inputs"]]
    if not paths or "<stdin>" in paths:
        return lambda text: text
    shared = posixpath.dirname(posixpath.commonpath([path.replace("\\", "/") for path in paths]))
    if len(paths) > 1:
        shared = posixpath.commonpath([posixpath.dirname(path.replace("\\", "/")) for path in paths])
    prefix = f"{shared}/" if shared else ""
    return lambda text: text[len(prefix) :] if prefix and text.replace("\\", "/").startswith(prefix) else text


def telling(finding: FindingJson) -> list[EvidenceJson]:
    """The values that were read, the one that best shows what the finding is about last.

    Checks read what decides last: the last value of the resource itself, then of any resource; the tier and
    what only names a thing, where there is nothing else. What the sentence speaks of comes before all.
    """
    own, message = finding["subjects"][0]["id"].lower(), finding["message"].lower()

    def rank(pair: tuple[int, EvidenceJson]) -> tuple[bool, bool, bool, int]:
        index, one = pair
        name, value = one["pointer"].rpartition("/")[2].lower(), one["value"]
        spoken = len(name) > 2 and name in message
        spoken = spoken or (
            isinstance(value, str) and _DAY.match(value) is not None and value[:10] in message
        )
        names = one["pointer"] == _TIER or name in _NAMES
        return not names and spoken, not names, one["resource"].lower() == own, index

    return [one for _, one in sorted(enumerate(finding["evidence"]), key=rank)]


def fact(evidence: EvidenceJson) -> str:
    """One value that was read, with its pointer: ``/properties/virtualNetworkType = None``."""
    pointer = evidence["pointer"]
    name = pointer[1:] if pointer.startswith("#") else _DOTTED.sub(r"...\1", pointer)
    text = f"{line(name, 160)} = {line(evidence['value'], 160)}"
    if "expression" in evidence:
        text = f"{text}, from {line(evidence['expression'], 120)}"
    return f"{text} (absent: the documented default)" if "defaulted" in evidence else text


def short_name(name: str) -> str:
    """A resource's name for a column; a long expression in it is cut to its function's name."""
    return line(_EXPRESSION.sub(lambda found: f"[{found['function']}(...)]", name), 60)


def subject_name(finding: FindingJson, service: ServiceJson) -> str:
    """What a finding is about, as short as it can be said."""
    subject = finding["subjects"][0]
    name = short_name(subject["name"])
    own_type = subject["type"].rpartition("/")[2]
    if subject["id"] == service["id"]:
        return f"{name}: {subject['item']}" if "item" in subject else name
    text = f"{short_name(service['name'])} {own_type}/{name}"
    return f"{text}: {subject['item']}" if "item" in subject else text


REPORTED = "REPORTED"
"""The word for a run that ``--fail-on none`` kept from deciding."""


def only_reports(gate: GateJson | DiffGateJson) -> bool:
    """Whether the exit code is 0 because findings were not asked to decide: no reason to show a tick."""
    return gate["exit_code"] == 0 and gate["fail_on"] == "none"


def decision_face(gate: GateJson | DiffGateJson) -> str:
    """The status whose colour and symbol the decision has."""
    if only_reports(gate):
        return "not_applicable"
    return {0: "pass", 1: "fail", 3: "unknown"}.get(gate["exit_code"], "not_applicable")


def decision_mark(gate: GateJson | DiffGateJson) -> str:
    """The same for text: a tick stands for what was decided."""
    return {"pass": "✅", "fail": "❌", "unknown": "❓"}.get(decision_face(gate), "➖")


def decision_word(results: Results) -> str:
    """The decision in one word; what nothing was asked to decide on has not passed."""
    code = results["summary"]["gate"]["exit_code"]
    if only_reports(results["summary"]["gate"]):
        return REPORTED
    return {0: "PASSED", 1: "FAILED", 3: "UNDECIDED", 4: "NOTHING AUDITED"}.get(code, "ENDED")


def decision(results: Results) -> str:
    """The last line of a run: the decision and the numbers behind it."""
    gate = results["summary"]["gate"]
    return f"{decision_word(results)} (exit {gate['exit_code']}): {gate['reason']}."
