"""An effective policy on the terminal: the pipeline of one request, each statement with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports.safe import line, plain
from reports.terminal import console

_INDENT = 2
_UNREADABLE = "unreadable"
"""The kind of note that a policy which was not read leaves in each section."""
_ONE_LINE = 72
"""Characters of attributes that still stand behind the element's name."""


def show(policy: Mapping[str, Any], *, no_color: bool = False) -> None:
    """Print what ``auditor.apim.effective`` found.

    Args:
        policy: The effective policy as plain data.
        no_color: Whether to use no colours.
    """
    screen = console(no_color)
    _heading(screen, policy)
    for name, statements in policy["sections"].items():
        _section(screen, name, statements)
    _notes(screen, policy)
    _ways(screen, policy)


def _heading(screen: Console, policy: Mapping[str, Any]) -> None:
    api, operation = policy["api"], policy["operation"]
    title = f"Effective policy of the API {line(api['name'], 120)}"
    if operation is not None:
        call = f" ({operation['method']} {operation['url_template']})" if operation["method"] else ""
        title += f", operation {line(operation['name'] + call, 160)}"
    screen.print(Text(title, style="bold"))
    scopes = ", ".join(_place(scope) for scope in reversed(policy["scopes"])) or "no scope has a policy"
    screen.print(Text(f"service {line(policy['service'], 80)}; a request {policy['context']}"))
    screen.print(Text(f"policies, wide to narrow: {scopes}", style="dim"))
    if operation is None:
        screen.print(Text("An operation with a policy of its own differs: see --operation.", style="dim"))
    for text in policy["assumes"]:
        screen.print(Text(f"Read as if {line(text, 200)}.", style="yellow"))
    screen.print()


def _section(screen: Console, name: str, statements: list[dict[str, Any]]) -> None:
    screen.print(Text(name, style="bold underline"))
    if not statements:
        screen.print(Padding(Text("nothing", style="dim"), (0, 0, 0, _INDENT)))
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(style="dim", no_wrap=False, max_width=34, overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    for statement in statements:
        for place, row in _rows(statement, 0):
            table.add_row(Text(place), row)
    screen.print(Padding(table, (0, 0, 1, _INDENT)))


def _rows(statement: Mapping[str, Any], depth: int) -> Iterator[tuple[str, RenderableType]]:
    """A statement and all below it; what is only a part of one has no place of its own."""
    origin = statement.get("origin")
    place = f"{_place(origin)}:{origin['line']}" if origin else ""
    yield place, Padding(_words(statement), (0, 0, 0, depth * _INDENT))
    for child in statement.get("children", ()):
        yield from _rows(child, depth + 1)


def _place(origin: Mapping[str, Any]) -> str:
    if origin.get("fragment"):
        return f"fragment {line(origin['fragment'], 60)}"
    return "global" if origin["scope"] == "global" else f"{origin['scope']} {line(origin['name'], 60)}"


def _words(statement: Mapping[str, Any]) -> RenderableType:
    if "unread" in statement:
        # Which policy it is stands beside it, as its place.
        _, _, why = statement["unread"].rpartition(" was not read: ")
        return Text(f"NOT READ: {line(why, 300)}", style="bold red")
    head = Text(line(statement["statement"], 80), style="bold" if statement.get("origin") else "")
    attributes = [
        f'{line(name, 60)}="{_value(value)}"' for name, value in statement.get("attributes", {}).items()
    ]
    text = _value(statement.get("text", ""))
    together = " ".join(attributes)
    if len(together) <= _ONE_LINE and "\n" not in together:
        head.append(f" {together}" if together else "", style="not bold cyan")
        attributes = []
    if text and "\n" not in text:
        head.append(f" {text}", style="not bold")
        text = ""
    below = [*attributes, *([text] if text else [])]
    if not below:
        return head
    inside = [Padding(Text(each, style="cyan"), (0, 0, 0, 2 * _INDENT)) for each in below]
    return Group(head, *inside)


def _value(value: str) -> str:
    """A value with its line breaks, and nothing in it that a terminal would obey."""
    return "\n".join(plain(each, 2000) for each in value.split("\n"))


def _notes(screen: Console, policy: Mapping[str, Any]) -> None:
    # A policy that was not read is missing in every section: said once, for all of them.
    unread = dict.fromkeys(_place(note) for note in policy["notes"] if note["kind"] == _UNREADABLE)
    if unread:
        one = len(unread) == 1
        those = f"{'policy' if one else 'policies'} of {' and '.join(unread)} {'was' if one else 'were'}"
        text = f"the {those} not read, in any section: what {'it does' if one else 'they do'} is missing here"
        screen.print(Text(f"note: {text}", style="yellow"))
    for note in policy["notes"]:
        if note["kind"] == _UNREADABLE:
            continue
        lost = ", ".join(
            f"{line(each['statement'], 60)} ({each['scope']}, line {each['line']})" for each in note["lost"]
        )
        loses = {"cuts-off": "; lost: ", "late-base": "; before it: "}.get(note["kind"], "; concerned: ")
        text = f"{_place(note)}, {note['section']}: {note['says']}{loses + lost if lost else ''}"
        screen.print(Text(f"note: {text}", style="yellow"))
    for assumptions in policy["readings"]:
        screen.print(
            Text(f"note: it is another pipeline if {line('; '.join(assumptions), 300)}", style="yellow")
        )
    if policy["notes"] or policy["readings"]:
        screen.print()


def _ways(screen: Console, policy: Mapping[str, Any]) -> None:
    """Every way to arrive: who is served, and what is checked of a certificate."""
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("A request", "is served with", "certificate check", "policies"):
        table.add_column(title, header_style="bold", overflow="fold")
    for way in policy["ways"]:
        served = way["served_with"] or "not decided"
        if way["perhaps_with"] not in (None, way["served_with"]):
            served += f" (perhaps with {way['perhaps_with']})"
        if way["perhaps_with"] is None and way["served_with"] is None:
            served = "nobody is served"
        context = f"{line(way['context'], 120)}{'' if way['certain'] else ' (if such requests arrive)'}"
        table.add_row(
            Text(f"{context}{'  <- shown' if way['shown'] and len(policy['ways']) > 1 else ''}"),
            Text(served),
            Text(way["certificate"] or "none"),
            Text(" < ".join(way["policies"]) or "none"),
        )
    screen.print(table)
    if not policy["complete"]:
        text = (
            "Not all that takes part was read: policies, products or subscriptions are missing in the input."
        )
        text += " Give the files that hold them, too; if these hold everything there is, say --complete."
        screen.print(Text(text, style="bold yellow"))
