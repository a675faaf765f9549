"""What a SARIF file says of the run: how it ended, what broke, what could not be seen, what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.model.results import Results
from auditor.model.verdict import Status
from reports import summary
from reports.places import about, all_judged, moment, said, uri, written
from reports.sarif_rules import Rules
from reports.view import hidden

_MOST = 200
_LONGEST = 1000


def invocation(results: Results, rules: Rules, kept: int, left: int, shown: int) -> dict[str, Any]:
    """The run as a SARIF invocation.

    Args:
        results: The stored result.
        rules: The rules, for checks that broke.
        kept: How many results the file holds.
        left: How many were left out.
        shown: How many GitHub shows.
    """
    run, gate = results["run"], results["summary"]["gate"]
    broken = list(_broken(results, rules))
    told = [*_said_of_size(kept, left, shown), *_bounded(broken, "checks that broke")]
    told += _bounded(list(_problems(results)), "files that could not be read")
    told += _bounded(list(_withheld(results)), "facts that the input could not show")
    row: dict[str, Any] = {
        # Failures are what the tool is for; it did not do its work where it broke or could not read.
        "executionSuccessful": not broken and not run["problems"] and gate["exit_code"] not in (4, 5),
        "exitCode": gate["exit_code"],
        "exitCodeDescription": said(gate["reason"], _LONGEST),
    }
    for name, text in (("startTimeUtc", run["started"]), ("endTimeUtc", run["finished"])):
        when = moment(text)
        if when is not None:
            row[name] = written(when)
    row["toolExecutionNotifications"] = told
    return row


def _said_of_size(kept: int, left: int, shown: int) -> Iterator[dict[str, Any]]:
    if left:
        text = (
            f"{left:,} results are left out, the mildest: {kept:,} fit into what GitHub code scanning takes. "
            "The JSON and CSV reports hold them all."
        )
        yield _notification("results-left-out", "warning", text)
    if kept > shown:
        text = f"GitHub code scanning shows the first {shown:,} of these {kept:,} results."
        yield _notification("results-not-shown", "note", text)


def _broken(results: Results, rules: Rules) -> Iterator[dict[str, Any]]:
    for one in all_judged(results):
        for finding in one.findings:
            if finding["status"] == Status.ERROR:
                name = about(finding, one.service)
                text = f"{said(one.check, 300)} broke on {name}: {said(finding['message'], 400)}"
                row = _notification("check-broke", "error", text)
                index, rule_id = rules.of(one.check, "fail", finding["severity"])
                row["associatedRule"] = {"id": rule_id, "index": index}
                yield row


def _problems(results: Results) -> Iterator[dict[str, Any]]:
    for one in results["run"]["problems"]:
        text = f"{said(one['path'], 400)} could not be read: {said(one['message'], 400)}"
        row = _notification("input-unreadable", "error", text)
        physical: dict[str, Any] = {"artifactLocation": {"uri": uri(one["path"])}}
        if "line" in one:
            physical["region"] = {"startLine": max(1, one["line"])}
        row["locations"] = [{"physicalLocation": physical}]
        yield row


def _withheld(results: Results) -> Iterator[dict[str, Any]]:
    for one in hidden(results):
        more = f" (and of {one.scopes - 1:,} more)" if one.scopes > 1 else ""
        reason = summary.REASON_WORDS[one.first["reason"]]
        text = f"Not seen: {said(one.first['needed'], 300)}{more}: {reason}. {said(one.first['remedy'], 400)}"
        yield _notification("input-cannot-show", "note", text)


def _bounded(rows: list[dict[str, Any]], what: str) -> Iterator[dict[str, Any]]:
    yield from rows[:_MOST]
    if len(rows) > _MOST:
        yield _notification("more", rows[0]["level"], f"And {len(rows) - _MOST:,} more {what}.")


def _notification(name: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": name}, "level": level, "message": {"text": text.replace("](", "] (")}}
