"""A stored result arranged for a page: what failed, by check; services, worst first; what was not shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.model.results import (
    CheckTextJson,
    ControlResultJson,
    ControlTextJson,
    FeatureResultJson,
    FeatureTextJson,
    FindingJson,
    InputJson,
    Results,
    ServiceJson,
)
from auditor.model.verdict import Severity, fold
from reports.parts import MOST_DRAWN, Anchors, Found, Group, Hidden, InputGroup, Rows, ServiceView
from reports.steps import Step, gaps, ranked, shaper, step_index
from reports.summary import findings, findings_of, status_counts

MOST_LISTED = 200
"""Subjects, files or rows listed in one place; what is beyond is counted."""
_MOST_SERVICES = 100
"""Services with a section of their own, the worst first; the map of controls has them all."""
_MOST_FIRST = 5
_MOST_WORST = 3
_MOST_STEPS = 12
_ASSUMED = ("parameters without a value", "parameters at their defaultValue")
_PLACED = re.compile(r"/subscriptions/[0-9a-f-]{36}/", re.IGNORECASE)


class View:
    """Everything a page shows, arranged once."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.anchors = Anchors()
        self.controls: dict[str, ControlTextJson] = {
            one["id"]: one for one in results["catalogue"]["controls"]
        }
        self.checks: dict[str, CheckTextJson] = {one["id"]: one for one in results["catalogue"]["checks"]}
        self._features = {
            (control["id"], feature["title"]): feature
            for control in results["catalogue"]["controls"]
            for feature in control["features"]
        }
        self.services = sorted(
            (self._service(number, one) for number, one in enumerate(results["services"], 1)),
            key=lambda service: service.weight,
        )
        self.drawn = self.services[:_MOST_SERVICES]
        """Services with a section of their own."""
        self._anchored = {one.anchor for one in self.drawn}
        self._by_id = {id(one.data): one for one in self.services}
        self.failed = self._groups("fail", "error")
        self.manual = self._groups("manual")
        self.waived = self._groups("waived")
        self._step_of = step_index(results)
        self.steps: list[Step] = ranked(self._step_of)
        self._numbers = {id(step): number for number, step in enumerate(self.steps, 1)}
        shown = [one for group in (*self.failed, *self.manual, *self.waived) for one in group.listed]
        self.shown = {id(one.finding) for one in shown}
        """Findings whose evidence a group shows already."""
        self.text_home = {group.check["id"] for group in (*self.waived, *self.manual, *self.failed)}
        """Checks whose texts a group shows already."""
        self.hidden = hidden(results)
        self.inputs = input_groups(results["run"]["inputs"])

    @property
    def single(self) -> bool:
        """One service: the texts of the baseline can stand where they are needed."""
        return len(self.services) == 1

    @property
    def crowd(self) -> bool:
        """So many services that each is folded and what passed is only counted."""
        return len(self.services) > 30

    @property
    def first(self) -> list[Group]:
        """What to look at first: the worst of what failed."""
        return self.failed[:_MOST_FIRST]

    @property
    def as_severe(self) -> int:
        """How many failed checks are as severe as the first."""
        return sum(group.severity == self.failed[0].severity for group in self.failed)

    @property
    def severe_unknown(self) -> int:
        """How many unknown checks lack something for a finding of high severity."""
        unknown = {
            (one.data["id"], check)
            for one in self.services
            for check, status in one.statuses.items()
            if status == "unknown"
        }
        return len(unknown & {pair for step in self.steps for pair in step.severe})

    @property
    def observing(self) -> int:
        """How many checks only observe: they count nowhere."""
        return sum(one["severity"] == Severity.INFO for one in self.checks.values())

    @property
    def for_a_person(self) -> int:
        """How many checks have a question for a person, decided otherwise or not."""
        return sum(group.services for group in self.manual)

    @property
    def assumed(self) -> str:
        """How many parameters of templates were not given, in words; empty where all were, or none."""
        count: Counter[str] = Counter()
        for one in self.results["run"]["inputs"]:
            for note in one["notes"]:
                kind, separator, names = note.partition(": ")
                if separator and kind in _ASSUMED:
                    count[kind] += len(names.split(", "))
        told = [f"{number:,} {kind}" for kind, number in count.items()]
        return " and ".join(told).replace("1 parameters", "1 parameter")

    @property
    def parametrised(self) -> bool:
        """Whether parameters were given for the templates."""
        return bool(self.results["run"]["scope"].get("parameters"))

    @property
    def live(self) -> str:
        """The command that reads all of it from Azure; empty for what was read from there."""
        if self.results["run"]["identity"] or not self.steps:
            return ""
        ids = {one.data["id"].split("/")[2] for one in self.services if _PLACED.match(one.data["id"])}
        subscription = ids.pop() if len(ids) == 1 else "SUBSCRIPTION"
        return f"auditor scan --subscription {subscription} --report html=report.html"

    def live_of(self, service: ServiceView) -> str:
        """The command that reads one service from Azure; empty for what was read from there."""
        parts = service.data["id"].split("/")
        if not self.live or not _PLACED.match(service.data["id"]):
            return self.live
        return (
            f"auditor scan --subscription {parts[2]} --resource-group {parts[4]} "
            f"--service {service.data['name']} --report html=report.html"
        )

    @property
    def declared(self) -> bool:
        """Whether all of it says what a deployment would set."""
        inputs = self.results["run"]["inputs"]
        return bool(inputs) and all(one["declared"] for one in inputs)

    def worst(self, service: ServiceView) -> list[FindingJson]:
        """The worst of what failed on a service, one of each check."""
        found = [one for one in findings_of(service.data) if one["status"] in ("fail", "error")]
        first: dict[str, FindingJson] = {}
        for one in sorted(found, key=lambda one: Severity(one["severity"]).rank):
            first.setdefault(one["check"], one)
        return list(first.values())[:_MOST_WORST]

    def is_drawn(self, service: ServiceView) -> bool:
        """Whether a service has a section of its own that can be pointed at."""
        return service.anchor in self._anchored

    def check(self, check_id: str) -> CheckTextJson:
        """The texts of a check; of one that the catalogue lacks, its id."""
        known = self.checks.get(check_id)
        return known if known is not None else _nameless(check_id)

    def rows(self, service: ServiceView, found: list[FindingJson]) -> list[Rows]:
        """The findings of a feature by check and status, bounded."""
        groups: dict[tuple[str, str], list[FindingJson]] = {}
        for finding in found:
            groups.setdefault((finding["check"], finding["status"]), []).append(finding)
        return [self._row(service, check_id, status, group) for (check_id, status), group in groups.items()]

    def _row(self, service: ServiceView, check_id: str, status: str, found: list[FindingJson]) -> Rows:
        numbers: set[int] = set()
        reasons: set[str] = set()
        for finding in found:
            for gap in gaps(finding):
                step = self._step_of.get((service.data["id"], gap["remedy"] or gap["needed"]))
                if step is not None:
                    numbers.add(self._numbers[id(step)])
                    reasons |= {gap["reason"]} - {""}
        listed = found[: 1 if self.crowd else max(3, MOST_DRAWN // len(self.services))]
        return Rows(
            check=self.check(check_id),
            status=status,
            listed=listed,
            more=len(found) - len(listed),
            steps=sorted(numbers)[:_MOST_STEPS],
            reasons=sorted(reasons),
            shown=all(id(finding) in self.shown for finding in listed),
        )

    def table(
        self, service: ServiceView, control: ControlResultJson
    ) -> list[tuple[FeatureResultJson, list[Rows]]]:
        """The rows of the baseline under a control, each with its findings by check and status."""
        return [(one, self.rows(service, one["findings"])) for one in control["features"]]

    def feature_text(self, control_id: str, title: str) -> FeatureTextJson | None:
        """The texts of a feature."""
        return self._features.get((control_id, title))

    def home_of(self, service: ServiceView, check_id: str) -> str:
        """Where the result of a check stands for a service."""
        control_id = self.check(check_id)["control"]
        return self.cell_anchor(service, control_id) if control_id else self.check_anchor(check_id)

    def check_anchor(self, check_id: str) -> str:
        """Where the texts of a check are."""
        return self.anchors.of("check", check_id)

    def control_anchor(self, control_id: str) -> str:
        """Where the texts of a control are."""
        prefix = self.services[0].anchor if self.single else "control"
        return self.anchors.of(prefix, control_id)

    def cell_anchor(self, service: ServiceView, control_id: str) -> str:
        """Where a control's result for a service is."""
        return self.anchors.of(service.anchor, control_id)

    def _service(self, number: int, service: ServiceJson) -> ServiceView:
        by_check: dict[str, list[str]] = {}
        for control in service["controls"]:
            for feature in control["features"]:
                for finding in feature["findings"]:
                    by_check.setdefault(finding["check"], []).append(finding["status"])
        statuses = {check_id: fold(found).value for check_id, found in by_check.items()}
        return ServiceView(service, f"s{number}", status_counts(service), statuses)

    def _groups(self, *wanted: str) -> list[Group]:
        groups: dict[str, Group] = {}
        for row in findings(self.results):
            if row.finding["status"] in wanted:
                check_id = row.finding["check"]
                if check_id not in groups:
                    groups[check_id] = Group(self.check(check_id), self.check_anchor(check_id))
                groups[check_id].found.append(Found(self._by_id[id(row.service)], row.finding))
        for group in groups.values():
            group.found.sort(key=lambda one: (Severity(one.finding["severity"]).rank, one.service.weight))
        order = {check_id: number for number, check_id in enumerate(self.checks)}
        return sorted(
            groups.values(),
            key=lambda group: (
                Severity(group.severity).rank,
                -group.services,
                order.get(group.check["id"], len(order)),
            ),
        )


def hidden(results: Results) -> list[Hidden]:
    """What the input could not show, the same of several services as one."""
    shapers = {service["id"].lower(): shaper(service) for service in results["services"]}
    groups: dict[tuple[str, str, str], Hidden] = {}
    for row in results["withheld"]:
        shape = shapers.get(row["scope"].lower())
        remedy = shape(row["remedy"]) if shape else row["remedy"]
        group = groups.setdefault((row["collection"], row["reason"], remedy), Hidden(row))
        group.scopes += 1
    return list(groups.values())


def input_groups(inputs: Iterable[InputJson]) -> list[InputGroup]:
    """Inputs by kind."""
    groups: dict[tuple[str, str], InputGroup] = {}
    for one in inputs:
        groups.setdefault((one["kind"], one["title"]), InputGroup(one)).members.append(one)
    return list(groups.values())


def resource_name(resource_id: str) -> str:
    """The end of a resource's id: ``namedValues/secret``."""
    return "/".join(resource_id.split("/")[-2:])


_DRAWN: Mapping[str, set[str]] = {
    "caller-states": {"verdict", "states"},
    "policy-statements": {"statements"},
    "authentication": {"arrivals", "statements"},
    "vault-chain": {"from", "vault", "broken", "links"},
    "fronts": {"routes", "perhaps"},
    "role-assignments": {"here", "inherited"},
    "policy-assignments": {"assigned", "non_compliant"},
}
"""Members of details that the reports draw themselves, by the kind."""


def details_rows(details: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The members of ``details`` that have no drawing of their own."""
    drawn = {"kind"} | _DRAWN.get(details.get("kind", ""), set())
    return [
        (name, "; ".join(map(str, value)) if isinstance(value, list) else value)
        for name, value in details.items()
        if name not in drawn and value not in (None, [], {})
    ]


def _nameless(check_id: str) -> CheckTextJson:
    return CheckTextJson(
        id=check_id,
        control="",
        feature="",
        title="",
        subject="",
        severity="info",
        source="additional",
        also=[],
        filed=[],
        why="",
        remediation="",
        notes="",
    )
