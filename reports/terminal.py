"""The report on the terminal: a summary for one screen, what failed and its fix, what is unknown."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import islice

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.model.results import CheckTextJson, Results
from reports import registers
from reports.safe import line, plain
from reports.steps import steps
from reports.summary import (
    Failed,
    Row,
    decision,
    decision_face,
    fact,
    failed,
    percent,
    place,
    short_name,
    shortener,
    status_counts,
    subject_name,
)

__all__ = ["decision", "show"]

_MOST_SERVICES = 15
_MOST_CHECKS = 25
_MOST_SUBJECTS = 3
_MOST_EVIDENCE = 4
_MOST_STEPS = 8
_MOST_ENTRIES = 6
_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}


_NARROWEST = 40
"""Columns below which nothing can be read in any case."""


def console(no_color: bool = False) -> Console:
    """The terminal as it is; a fixed width where there is none."""
    screen = Console(no_color=no_color or None, highlight=False, soft_wrap=False)
    if screen.is_terminal:
        return screen
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isascii() and columns.isdecimal() else 0
    return Console(no_color=True, highlight=False, width=min(max(width, _NARROWEST), 1000) if width else 100)


def show(results: Results, no_color: bool = False, written: Sequence[str] = ()) -> None:
    """Print a result.

    Args:
        results: The stored result.
        no_color: No colours, also on a terminal.
        written: Reports that were written, to be named.
    """
    screen = console(no_color)
    screen.print(_services(results))
    screen.print(_totals(results))
    screen.print(_judged(results))
    _failures(screen, results)
    _unknowns(screen, results)
    _registers(screen, results)
    for path in written:
        screen.print(Text(f"Report written: {plain(path)}"))
    style = "bold green" if decision_face(results["summary"]["gate"]) == "pass" else "bold"
    screen.print(Text(decision(results), style=style))


# -- summary -------------------------------------------------------------------------------------------


def _services(results: Results) -> Table | Text:
    services = results["services"]
    if not services:
        return Text("No API Management service found.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Service", overflow="fold", ratio=1)
    table.add_column("Tier")
    waived = results["summary"]["counts"]["waived"] > 0
    for name in ("failed", "unknown", "manual", *(["waived"] if waived else []), "passed", "n/a"):
        table.add_column(name, justify="right")
    counted = [(one["name"], one["tier"], status_counts(one)) for one in services]
    counted.sort(key=lambda each: (-each[2]["fail"], -each[2]["unknown"], each[0].lower()))
    for name, tier, count in counted[:_MOST_SERVICES]:
        table.add_row(
            Text(short_name(name)),
            Text(line(tier, 14)),
            Text(
                str(count["fail"] + count["error"]),
                style="bold red" if count["fail"] + count["error"] else "",
            ),
            Text(str(count["unknown"]), style="yellow" if count["unknown"] else ""),
            str(count["manual"]),
            *([str(count["waived"])] if waived else []),
            Text(str(count["pass"]), style="green"),
            str(count["not_applicable"] + count["inherited"]),
        )
    if len(counted) > _MOST_SERVICES:
        table.add_row(Text(f"... and {len(counted) - _MOST_SERVICES} more services"))
    return table


def _totals(results: Results) -> Padding:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Asked by")
    table.add_column("compliance", justify="right")
    table.add_column("coverage", justify="right")
    table.add_column("checks passed / failed / undecided / manual", justify="right")
    names = {
        "baseline": "security baseline",
        "client-certificates": "client certificate guide",
        "additional": "additional checks",
        "all": "all",
    }
    for source, name in names.items():
        total = results["summary"]["totals"][source]
        undecided = total["unknown"] + total["error"]
        table.add_row(
            name,
            percent(total["compliance"]),
            percent(total["coverage"]),
            f"{total['passed']} / {total['failed']} / {undecided} / {total['manual']}",
        )
    return Padding(table, (1, 0, 0, 0))


def _judged(results: Results) -> Text:
    judged = results["summary"]["judged"]
    text = f"Judged {judged['decided']} of the {judged['showable']} checks that this input can show"
    if judged["needs_live"]:
        text += f"; {judged['needs_live']} more need the deployed service"
    if judged["manual"]:
        text += f"; {judged['manual']} are for a person to answer"
    return Text(f"{text}.\n")


# -- findings ------------------------------------------------------------------------------------------


def _failures(screen: Console, results: Results) -> None:
    groups = failed(results, _MOST_SUBJECTS)
    if not groups:
        return
    texts = {check["id"]: check for check in results["catalogue"]["checks"]}
    short = shortener(results)
    screen.print(Text(f"Failed: {len(groups)} of the checks", style="bold"))
    for check_id, found in islice(groups.items(), _MOST_CHECKS):
        _failure(screen, texts[check_id], found, short)
    if len(groups) > _MOST_CHECKS:
        screen.print(
            Text(f"... and {len(groups) - _MOST_CHECKS} more checks: see the HTML or JSON report.\n")
        )


def _failure(screen: Console, words: CheckTextJson, found: Failed, short: Callable[[str], str]) -> None:
    first = found.rows[0]
    severity = first.finding["severity"]
    head = Text()
    head.append(severity.upper().ljust(8), style=_STYLES.get(severity, ""))
    head.append(" ")
    head.append(words["id"], style="bold")
    head.append(f"  {words['title']}")
    screen.print(head)
    for row in found.rows:
        screen.print(Padding(_message(row), (0, 0, 0, 2)))
        states = _states(row) or _arrivals(row) or _chain(row) or _routes(row)
        if states:
            screen.print(Padding(states, (0, 0, 0, 4)))
        screen.print(Padding(_evidence(row, short), (0, 0, 0, 4)))
    if found.count > _MOST_SUBJECTS:
        screen.print(Padding(Text(f"... and {found.count - _MOST_SUBJECTS} more like it"), (0, 0, 0, 2)))
    screen.print(Padding(Text(f"fix: auditor explain {words['id']}", style="dim"), (0, 0, 1, 2)))


def _message(row: Row) -> Text:
    text = Text(line(subject_name(row.finding, row.service), 120), style="bold")
    return text.append(f": {line(row.finding['message'], 600)}", style="not bold")


def _states(row: Row) -> Text | None:
    """The truth table of a proof over caller states, in a line."""
    details = row.finding.get("details", {})
    if details.get("kind") != "caller-states":
        return None
    return Text("; ".join(f"{line(caller)}: {line(mark)}" for caller, mark in details["states"].items()))


def _arrivals(row: Row) -> Text | None:
    """With what callers are served, a line for each way to arrive."""
    details = row.finding.get("details", {})
    if details.get("kind") != "authentication" or len(details["arrivals"]) < 2:
        return None
    lines = []
    for one in details["arrivals"][:_MOST_EVIDENCE]:
        doubt = "" if one["certain"] else " (not certain)"
        count = f"{one['operations']} of {one['of']} operations"
        lines.append(f"{line(one['context'], 120)}: {line(one['says'], 60)}{doubt}, {count}")
    more = len(details["arrivals"]) - len(lines)
    return Text("\n".join([*lines, *([f"... and {more} more"] if more > 0 else [])]))


def _chain(row: Row) -> Text | None:
    """The way to a secret in Key Vault in a line, with a mark at each link."""
    details = row.finding.get("details", {})
    if details.get("kind") != "vault-chain":
        return None
    links = (f"{line(one['link'])} {line(one['status']).replace('_', ' ')}" for one in details["links"])
    return Text(" > ".join(links))


def _routes(row: Row) -> Text | None:
    """The routes that lead to a service, a line for each."""
    details = row.finding.get("details", {})
    if details.get("kind") != "fronts" or not details["routes"]:
        return None
    lines = []
    for one in details["routes"][:_MOST_EVIDENCE]:
        apis = f", shows {line(', '.join(one['apis'][:_MOST_EVIDENCE]), 120)}" if one["apis"] else ""
        place = line(f"{one['front']}, {one['listener']}, {one['rule']}", 160)
        lines.append(f"{place}: {line(one['firewall'], 120)}{apis}")
    more = len(details["routes"]) - len(lines)
    return Text("\n".join([*lines, *([f"... and {more} more"] if more > 0 else [])]))


def _evidence(row: Row, short: Callable[[str], str]) -> Text:
    """Value and place of what was read, one below the other."""
    text = Text()
    for evidence in row.finding["evidence"][:_MOST_EVIDENCE]:
        text.append(f"{fact(evidence)}  ")
        text.append(f"{line(short(place(evidence)), 160)}\n", style="dim")
    more = len(row.finding["evidence"]) - _MOST_EVIDENCE
    if more > 0:
        text.append(f"... and {more} more value{'s' * (more > 1)}\n", style="dim")
    text.right_crop(1)
    return text


def _registers(screen: Console, results: Results) -> None:
    """What came of waivers and attestations."""
    lines = registers.tally(results)
    if not lines:
        return
    screen.print(Text("Accepted and answered by people", style="bold"))
    for text in lines:
        screen.print(Padding(Text(text), (0, 0, 0, 2)))
    pressing = [one for one in registers.entries(results) if one.pressing]
    for one in pressing[:_MOST_ENTRIES]:
        said = Text(f"{one.word} {line(one.entry['place'], 120)}", style="yellow")
        said.append(f": {line(one.entry['says'], 300)}", style="not yellow")
        said.append(f"  {line(one.names, 160)}", style="dim")
        screen.print(Padding(said, (0, 0, 0, 2)))
    if len(pressing) > _MOST_ENTRIES:
        more = f"... and {len(pressing) - _MOST_ENTRIES:,} more: see the HTML or JSON report"
        screen.print(Padding(Text(more), (0, 0, 0, 2)))
    screen.print()


def _unknowns(screen: Console, results: Results) -> None:
    todo = steps(results)
    if not todo:
        return
    unknown = results["summary"]["counts"]["unknown"]
    screen.print(Text(f"Unknown: {unknown} checks. What would decide them:", style="bold"))
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="bold")
    table.add_column(overflow="fold")
    for step in todo[:_MOST_STEPS]:
        text = Text(line(step.needed_within(240), 400))
        if step.do is not None:
            text.append(f"\n{line(step.remedy, 400)}", style="dim")
        table.add_row(f"{len(step.pairs):,}", text)
    if len(todo) > _MOST_STEPS:
        table.add_row("", Text(f"... and {len(todo) - _MOST_STEPS} more: see the HTML or Markdown report"))
    screen.print(Padding(table, (0, 0, 1, 1)))
