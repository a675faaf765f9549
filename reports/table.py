"""``report.csv``: one row for each subject of each finding, for spreadsheets and databases.

Comma-separated as in RFC 4180, every cell quoted, in UTF-8 with a byte order mark: without one Excel takes
names for another encoding. The columns keep their names and order; new ones are added at the end.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it ("CSV Injection",
OWASP): one that begins with ``=``, ``+``, ``-``, ``@`` or their full-width forms, also after blanks and
quotation marks, and also after a semicolon, where some countries' spreadsheets begin a cell. Line breaks
become blanks; what is not visible is written out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from auditor.model.results import ControlResultJson, FeatureResultJson, FindingJson, Results
from reports import summary
from reports.places import check_texts, is_asked, waiver_words
from reports.safe import line

COLUMNS = (
    "service",
    "service_id",
    "tier",
    "location",
    "control",
    "control_title",
    "feature",
    "responsibility",
    "check",
    "check_title",
    "source",
    "status",
    "severity",
    "observation",
    "resource_type",
    "resource_name",
    "resource_id",
    "item",
    "message",
    "evidence",
    "where",
    "missing",
    "remedy",
    "waiver",
    "fingerprint",
    "as_of",
)
"""The columns of a file, in order."""
NOT_ASKED = "not_asked"
"""The status of a control that ``--controls`` left out; no stored status is called so."""
_LONGEST = 2000
_MOST = 10
_RISKY = "=+-@\uff1d\uff0b\uff0d\uff20\"'"
_FORMULA = re.compile(r"(^|;)([\s\"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def render_csv(results: Results) -> str:
    """A stored result as CSV."""
    return "".join(csv_pieces(results))


def csv_pieces(results: Results) -> Iterator[str]:
    """A stored result as CSV, row by row."""
    out = _Lines(["\ufeff"])
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    titles = {name: text["title"] for name, text in check_texts(results).items()}
    for row in _rows(results, titles, results["run"]["as_of"]):
        writer.writerow([row.get(name, "") for name in COLUMNS])
        yield from out
        out.clear()
    yield from out


class _Lines(list[str]):
    """Rows as they were written, until they are taken."""

    def write(self, row: str) -> None:
        self.append(row)


def cell(value: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula."""
    text = line(value, _LONGEST)
    if text[:1] in _RISKY or ";" in text:
        return _FORMULA.sub(r"\1\2'", text)
    return text


_Row = dict[str, str]


def _cells(**values: str) -> _Row:
    # What several rows share is made safe once.
    return {name: cell(value) for name, value in values.items()}


def _rows(results: Results, titles: dict[str, str], as_of: str) -> Iterator[_Row]:
    for service in results["services"]:
        head = _cells(
            service=service["name"],
            service_id=service["id"],
            tier=service["tier"],
            location=service["location"],
            as_of=as_of,
        )
        for control in service["controls"]:
            own = head | _cells(control=control["id"], control_title=control["title"])
            for row in _control(control, titles):
                yield own | row


def _control(control: ControlResultJson, titles: dict[str, str]) -> Iterator[_Row]:
    if not is_asked(control):
        yield {"status": NOT_ASKED}
        return
    for feature in control["features"]:
        own = _cells(feature=feature["title"], responsibility=feature["responsibility"])
        if not feature["findings"]:
            yield own | _cells(status=feature["status"], message=_see(feature))
        for finding in feature["findings"]:
            for row in _finding(finding, titles):
                yield own | row


def _see(feature: FeatureResultJson) -> str:
    return f"judged by {', '.join(feature['see'])}" if feature["see"] else ""


def _finding(finding: FindingJson, titles: dict[str, str]) -> Iterator[_Row]:
    row = _cells(
        check=finding["check"],
        check_title=titles.get(finding["check"], ""),
        source=finding["source"],
        status=finding["status"],
        severity=finding["severity"],
        observation="true" if finding.get("observation") else "false",
        message=finding["message"],
        missing="; ".join(gap["needed"] for gap in finding["gaps"][:_MOST]),
        remedy="; ".join(dict.fromkeys(gap["remedy"] for gap in finding["gaps"][:_MOST] if gap["remedy"])),
        waiver=waiver_words(finding) if "waiver" in finding else "",
    )
    # What is stored for several subjects holds the evidence of the first.
    first = _evidence(finding)
    for subject in finding["subjects"]:
        yield (
            row
            | first
            | _cells(
                resource_type=subject["type"],
                resource_name=subject["name"],
                resource_id=subject["id"],
                item=subject.get("item", ""),
                fingerprint=subject["fingerprint"],
            )
        )
        first = {}


def _evidence(finding: FindingJson) -> _Row:
    shown = finding["evidence"][:_MOST]
    facts = [summary.fact(each) for each in shown]
    more = len(finding["evidence"]) - len(shown) + finding.get("more_evidence", 0)
    return _cells(
        evidence="; ".join([*facts, *([f"and {more:,} more values"] if more else [])]),
        where="; ".join(dict.fromkeys(filter(None, map(summary.place, shown)))),
    )
