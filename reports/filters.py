"""Marks by which the script of the HTML report finds what a reader asks for; without it they do nothing."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from auditor.model.results import CheckTextJson, ControlTextJson, FeatureResultJson
from auditor.model.verdict import FOLD_ORDER, Severity, Source
from reports.parts import Found, Group, Rows, ServiceView
from reports.steps import Step
from reports.summary import findings
from reports.view import View


class Filter:
    """What a page can be filtered by, and the attributes that say it of each of its parts.

    A part that is found or not carries ``data-f``. ``data-st`` (status), ``data-sev`` (severity), ``data-c``
    (control), ``data-src`` (source) and ``data-svc`` (service) stand on it or on something around it, each
    with one or more words. Controls and services are numbered: their names can hold anything.

    Args:
        view: The page's content.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._controls = {
            one["id"]: f"c{number}" for number, one in enumerate(view.results["catalogue"]["controls"], 1)
        }
        self._services = {one.data["id"]: one.anchor for one in view.services}
        rows = [row.finding for row in findings(view.results)]
        self._statuses = {row["status"] for row in rows}
        self._severities = {row["severity"] for row in rows}
        self._sources = {row["source"] for row in rows}

    @property
    def statuses(self) -> list[str]:
        """Those that findings have, the worst first."""
        return [one.value for one in FOLD_ORDER if one.value in self._statuses]

    @property
    def severities(self) -> list[str]:
        """Those that findings have, the worst first."""
        return [
            one.value for one in sorted(Severity, key=lambda one: one.rank) if one.value in self._severities
        ]

    @property
    def sources(self) -> list[str]:
        """Those that findings have."""
        return [one.value for one in Source if one.value in self._sources]

    @property
    def controls(self) -> list[tuple[str, ControlTextJson]]:
        """All, with their words."""
        return [(self.control(one["id"]), one) for one in self._view.results["catalogue"]["controls"]]

    @property
    def services(self) -> list[ServiceView]:
        """Those that have a section, by name; none where there is nothing to choose from."""
        return [] if self._view.single else sorted(self._view.drawn, key=lambda one: one.data["name"].lower())

    def control(self, control_id: str) -> str:
        """The word for a control; of one that the catalogue lacks, none."""
        return self._controls.get(control_id, "")

    def group(self, group: Group) -> Markup:
        """For all that one check found."""
        return _marks(group.status, [group.severity], self._of([group.check]), [group.check["source"]])

    def found(self, group: Group, found: Found) -> Markup:
        """For one finding of a group: what differs from the group, and the service."""
        finding = found.finding
        return Markup(" data-f") + _marks(
            finding["status"] if finding["status"] != group.status else "",
            [finding["severity"]] if finding["severity"] != group.severity else [],
            services=[] if self._view.single else [found.service.anchor],
        )

    def step(self, step: Step) -> Markup:
        """For something that would decide checks; of services only those with a section are named."""
        checks = [self._view.check(one) for one in sorted(step.checks)]
        services = [self._services.get(one, "") for one in step.services]
        return Markup(" data-f") + _marks(
            "unknown",
            {one["severity"] for one in checks},
            self._of(checks),
            {one["source"] for one in checks},
            [] if self._view.single else services[: len(self._view.drawn)],
        )

    def row(self, row: Rows) -> Markup:
        """For what one check found of one status under a service."""
        return Markup(" data-f") + _marks(
            row.status, {one["severity"] for one in row.listed}, sources=[row.check["source"]]
        )

    def table(self, table: list[tuple[FeatureResultJson, list[Rows]]]) -> Markup:
        """For rows of the baseline and what checks found under each; its status where none looks at it."""
        found = [row for _, rows in table for row in rows]
        unseen = {feature["status"] for feature, rows in table if not rows}
        return Markup(" data-f") + _marks(
            " ".join(sorted(unseen | {row.status for row in found})),
            {one["severity"] for row in found for one in row.listed},
            sources={row.check["source"] for row in found},
        )

    def cells(self, service: ServiceView) -> str:
        """The statuses of a service's controls."""
        return " ".join(dict.fromkeys(one["status"] for one in service.data["controls"]))

    def _of(self, checks: Iterable[CheckTextJson]) -> set[str]:
        return {self.control(one) for check in checks for one in (check["control"], *check["also"])} - {""}


def _marks(
    status: str = "",
    severities: Iterable[str] = (),
    controls: Iterable[str] = (),
    sources: Iterable[str] = (),
    services: Iterable[str] = (),
) -> Markup:
    marks = f' data-st="{escape(status)}"' if status else ""
    for name, words in (("sev", severities), ("c", controls), ("src", sources), ("svc", services)):
        if words := " ".join(sorted(words)):
            marks += f' data-{name}="{escape(words)}"'
    return Markup(marks)  # noqa: S704 - every word of it is escaped
