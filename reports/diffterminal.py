"""A comparison on the terminal: what fails anew first, with the values as they were and as they are."""

from __future__ import annotations

import io

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.model.comparison import ChangeJson, DiffJson, DiffSideJson
from auditor.model.verdict import Severity
from reports import diffview
from reports.diffview import Group, Section
from reports.safe import line
from reports.summary import decision_face, moment
from reports.terminal import console

_MOST_GROUPS = 25
_MOST_SUBJECTS = 3
_MOST_EVIDENCE = 4
_BRIEF = frozenset({"known", "assessed"})
"""Sections that are told check by check, without evidence: nobody has to act on them now."""
_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}
_TITLES = {"anew": "bold red", "lost": "bold yellow", "fixed": "bold green"}


def show(diff: DiffJson, no_color: bool = False) -> None:
    """Print a comparison."""
    _print(diff, console(no_color))


def render_text(diff: DiffJson, width: int = 100) -> str:
    """A comparison as text for a file."""
    held = io.StringIO()
    _print(diff, Console(file=held, no_color=True, highlight=False, width=width))
    return "\n".join(row.rstrip() for row in held.getvalue().splitlines()) + "\n"


def _print(diff: DiffJson, screen: Console) -> None:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Old", _side(diff["old"]))
    table.add_row("New", _side(diff["new"]))
    for caveat in diff["caveats"]:
        table.add_row(Text("Note", style="yellow"), Text(line(caveat, 400)))
    screen.print(table)
    screen.print(Text(f"\n{diffview.tally(diff)}.\n"))
    for section in diffview.sections(diff):
        _section(screen, diff, section)
    style = "bold green" if decision_face(diff["gate"]) == "pass" else "bold"
    screen.print(Text(diffview.decision(diff), style=style))


def _side(side: DiffSideJson) -> Text:
    text = Text(line(side["path"], 200))
    kinds = ", ".join(line(kind, 60) for kind in side["inputs"]) or "nothing"
    count = diffview.plural(side["services"], "service")
    return text.append(f"  {count}, {kinds}, as of {moment(side['as_of'])}", style="dim")


def _section(screen: Console, diff: DiffJson, section: Section) -> None:
    head = Text(f"{section.title}: {section.count:,}", style=_TITLES.get(section.name, "bold"))
    screen.print(head.append(f"  {section.explained}", style="not bold dim"))
    if section.name in _BRIEF:
        _brief(screen, section)
        return
    for group in section.groups[:_MOST_GROUPS]:
        _group(screen, diff, group)
    if len(section.groups) > _MOST_GROUPS:
        left = len(section.groups) - _MOST_GROUPS
        screen.print(Text(f"... and {left:,} more checks: see the HTML or JSON report.\n"))


def _brief(screen: Console, section: Section) -> None:
    """A line for each check: how many, and what."""
    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for group in section.groups[:_MOST_GROUPS]:
        severity = group.severity if section.name == "known" else ""
        name = Text(line(group.check, 120))
        table.add_row(
            Text(severity.upper(), style=_STYLES.get(severity, "")), f"{len(group.members):,}", name
        )
    if len(section.groups) > _MOST_GROUPS:
        table.add_row("", "", Text(f"... and {len(section.groups) - _MOST_GROUPS:,} more checks"))
    screen.print(table)
    screen.print()


def _group(screen: Console, diff: DiffJson, group: Group) -> None:
    head = Text()
    head.append(Severity(group.severity).value.upper().ljust(8), style=_STYLES.get(group.severity, ""))
    if not group.check:
        head.append(f" service {line(group.title, 80)}", style="bold")
        screen.print(head.append(f"  is not in the new result: {diffview.lost(group)}\n"))
        return
    head.append(f" {line(group.check, 120)}", style="bold").append(f"  {line(group.title)}")
    screen.print(head)
    for change in group.members[:_MOST_SUBJECTS]:
        _change(screen, diff, change)
    if len(group.members) > _MOST_SUBJECTS:
        _at(screen, 2, f"... and {len(group.members) - _MOST_SUBJECTS:,} more like it")
    screen.print()


def _change(screen: Console, diff: DiffJson, change: ChangeJson) -> None:
    name = Text(line(diffview.who(change, diff), 120), style="bold")
    _at(screen, 2, name.append(f"  {diffview.turn(change)}", style="not bold"))
    _at(screen, 4, line(diffview.message(change), 600))
    was = diffview.before(change)
    if was:
        _at(screen, 4, Text(f"before: {line(was, 400)}", style="dim"))
    for row in change["evidence"][:_MOST_EVIDENCE]:
        text = Text(f"{diffview.pointer(row)}: {diffview.value(change, row)}")
        _at(screen, 6, text.append(f"  {line(diffview.where(row), 160)}", style="dim"))
    more = len(change["evidence"]) - _MOST_EVIDENCE
    if more > 0:
        _at(screen, 6, Text(f"... and {more} more value{'s' * (more > 1)}", style="dim"))
    remedy = next(diffview.remedies(change), "")
    if remedy:
        _at(screen, 6, Text(f"to decide it: {line(remedy, 300)}", style="dim"))


def _at(screen: Console, column: int, text: str | Text) -> None:
    """Print text so that the lines it is broken into stand below each other."""
    shown = text if isinstance(text, Text) else Text(text)
    screen.print(Padding(shown, (0, 0, 0, column), expand=False))
