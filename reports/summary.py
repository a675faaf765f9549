"""What several reports say of a result in the same words: rows, numbers, places, what would decide more."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.model.comparison import DiffGateJson
from auditor.model.results import EvidenceJson, FindingJson, GapJson, GateJson, Results, ServiceJson
from auditor.model.verdict import Severity, Status, fold
from reports.safe import line

_MOST_FACTS = 3
_DOTTED = re.compile(r"(?<=/)(?:\w+\.){3,}(\w+\.\w+\.\w+)(?=/|$)")
"""A member name of many dotted parts: its last three tell it from its neighbours."""
Shortener = Callable[[str], str]
_EXPRESSION = re.compile(r"\[(?P<function>\w+)\([^\]]{24,}\)[^\]()]*\]")

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

REASON_WORDS = {
    "absent": "not in this input",
    "unresolved": "an expression that this input cannot resolve",
    "not-declared": "the template does not mention it",
    "input": "this kind of input can never show it",
    "forbidden": "the reader was not allowed to read it",
    "failed": "reading it failed",
    "throttled": "Azure refused further requests",
    "truncated": "the list was not complete",
    "unknown-value": "a value this version does not know",
    "api-version": "read with an api-version that may leave it out",
    "external": "it lies outside Azure's configuration",
    "unread-policy": "a policy that was not read decides it",
}
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


@dataclass(slots=True)
class Step:
    """One thing to do that would decide more, and what it would decide."""

    remedy: str
    wanted: dict[str, None] = field(default_factory=dict)
    """The facts it would bring, each once, in the order they were missed."""
    checks: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    services: dict[str, None] = field(default_factory=dict)
    """Ids of the services it would decide them for; the texts are those of the first."""
    alike: set[str] = field(default_factory=set)
    """Remedies of the first service that differ in a resource's name only; the texts are the first one's."""

    @property
    def needed(self) -> str:
        """The facts in one line: the first three of them."""
        first = "; ".join(list(self.wanted)[:_MOST_FACTS])
        more = len(self.wanted) - _MOST_FACTS
        text = f"{first}; and {more} more" if more > 0 else first
        if len(self.services) > 1:
            others = len(self.services) - 1
            return f"{text} (and of {others} more service{'s' if others > 1 else ''})"
        return f"{text} (and of {len(self.alike) - 1} more like it)" if len(self.alike) > 1 else text


def findings(results: Results) -> Iterator[Row]:
    """Every finding that counts, service by service; observations are left out."""
    for service in results["services"]:
        for control in service["controls"]:
            for feature in control["features"]:
                for finding in feature["findings"]:
                    if not finding.get("observation"):
                        yield Row(service, finding)


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


def steps(results: Results) -> list[Step]:
    """What would decide the unknown findings, most useful first; one step where services lack the same."""
    return ranked(step_index(results))


def step_index(results: Results) -> dict[tuple[str, str], Step]:
    """The steps by service id and remedy (what is needed, where a gap has none)."""
    by_shape: dict[str, Step] = {}
    found: dict[tuple[str, str], Step] = {}
    for service in results["services"]:
        shape = shaper(service)
        for gap, finding in _gaps(service):
            remedy = gap["remedy"] or gap["needed"]
            subject = finding["subjects"][0]
            step = found.get((service["id"], remedy))
            if step is None:
                # In a request the subject's name follows a slash: /certificates/NAME?api-version=...
                key = shape(remedy).replace(f"/{subject['name']}", "/\1")
                step = by_shape.setdefault(key, Step(remedy))
                found[service["id"], remedy] = step
            step.services[service["id"]] = None
            # What is asked of several is said in the words of the first.
            if len(step.services) == 1:
                if remedy == step.remedy:
                    step.wanted[gap["needed"]] = None
                else:
                    step.alike |= {step.remedy, remedy}
            step.checks.add(finding["check"])
            step.reasons |= {gap["reason"]} - {""}
    return found


def ranked(index: Mapping[tuple[str, str], Step]) -> list[Step]:
    """The steps of an index, each once, those that decide most checks first."""
    unique = {id(step): step for step in index.values()}
    return sorted(unique.values(), key=lambda step: (-len(step.checks), -len(step.services), step.remedy))


def gaps(finding: FindingJson) -> list[GapJson]:
    """What a finding lacks. One that is unknown for no named gap lacks what its message says."""
    if finding["status"] != "unknown" or finding["gaps"]:
        return finding["gaps"]
    return [GapJson(reason="", needed=finding["message"], remedy="")]


def _gaps(service: ServiceJson) -> Iterator[tuple[GapJson, FindingJson]]:
    for control in service["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                if finding["status"] == "unknown" and not finding.get("observation"):
                    for gap in gaps(finding):
                        yield gap, finding


def shaper(service: ServiceJson) -> Callable[[str], str]:
    """A function that makes texts equal that differ in the service they name only."""
    # The id first: the name is a part of it. As whole words: a service may be called "api".
    names = sorted({service["id"], service["name"]} - {""}, key=len, reverse=True)
    if not names:
        return lambda text: text
    pattern = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, names)) + r")(?![\w-])", re.IGNORECASE)
    return lambda text: pattern.sub("\0", text)


def status_counts(service: ServiceJson) -> dict[str, int]:
    """How many checks of one service have each status; observations are left out."""
    by_check: dict[str, list[str]] = {}
    for control in service["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                if not finding.get("observation"):
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


def place(evidence: EvidenceJson) -> str:
    """Where a value was read: ``export.json:12``, a request, or the document that states it."""
    origin = evidence["origin"]
    if "file" in origin:
        # In a file without line breaks only the column tells one place from another.
        column = f":{origin['column']}" if origin.get("line") == 1 and "column" in origin else ""
        return origin["file"] + (f":{origin['line']}{column}" if "line" in origin else "")
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
