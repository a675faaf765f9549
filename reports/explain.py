"""The catalogue on the terminal: a check, a control, all of them."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.model.check import Catalogue, Check, Control, Feature
from reports.prose import language_of
from reports.terminal import console

_WIDE = 100
"""Columns from which a row of the catalogue has room for everything."""


class _Snippet(CodeBlock):
    """A snippet under the name of its tool, which the terminal would not tell otherwise."""

    def __rich_console__(self, screen: Console, options: ConsoleOptions) -> RenderResult:
        language = language_of(self.lexer_name, str(self.text))
        if language:
            yield Text(language, style="dim bold")
        yield from super().__rich_console__(screen, options)


class _Words(Markdown):
    """The catalogue's Markdown, with the tool of each snippet."""

    elements = {**Markdown.elements, "fence": _Snippet, "code_block": _Snippet}  # noqa: RUF012


def show_check(known: Catalogue, check: Check, no_color: bool = False) -> None:
    """Print one check: what must hold, why, how to fix it."""
    screen = console(no_color)
    words = known.words(check)
    screen.print(Text(check.id, style="bold"))
    screen.print(Text(words.title))
    control = known.control(check.control)
    asked = f"{control.id} {control.title}; {check.feature} ({check.source.value})"
    rows = [("control", asked), ("judged per", check.on.name), ("severity", check.severity.value)]
    rows.append(("can say", ", ".join(sorted(status.value for status in check.outcomes))))
    if check.also:
        rows.append(("counts for", ", ".join(check.also)))
    if check.filed:
        rows.append(("benchmark", "also filed under " + ", ".join(check.filed)))
    if check.needs is not None:
        rows.append(("tier gate", check.needs.capability.replace("_", " ")))
    facts = Table.grid(padding=(0, 2), pad_edge=False)
    facts.add_column(style="dim", justify="right", min_width=11, no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in rows:
        facts.add_row(name, Text(text))
    screen.print(facts)
    for heading, body in (("Why", words.why), ("Fix", words.fix), ("Notes", words.notes)):
        if body:
            screen.print(Text(f"\n{heading}", style="bold"))
            screen.print(Padding(_Words(body), (0, 0, 0, 2)))


def show_control(known: Catalogue, control: Control, no_color: bool = False) -> None:
    """Print one control: what it protects, its rows in the baseline, its checks."""
    screen = console(no_color)
    screen.print(Text(f"{control.id}  {control.title}", style="bold"))
    screen.print(Text(control.domain, style="dim"))
    screen.print(Padding(Markdown(control.summary), (1, 0, 1, 0)))
    for feature in control.features:
        _feature(screen, known, control, feature)
    for name, ids in control.mappings.items():
        screen.print(Text(f"{name}: {', '.join(ids)}", style="dim"))
    for link in control.links:
        screen.print(Text(link, style="dim"))


def _feature(screen: Console, known: Catalogue, control: Control, feature: Feature) -> None:
    screen.print(Text(feature.title, style="bold"))
    columns = []
    if feature.supported:
        columns.append(f"supported: {feature.supported}")
    if feature.enabled_by_default:
        columns.append(f"on by default: {feature.enabled_by_default}")
    if feature.responsibility:
        columns.append(f"responsibility: {feature.responsibility}")
    if columns:
        screen.print(Padding(Text("; ".join(columns), style="dim"), (0, 0, 0, 2)))
    screen.print(Padding(Text(feature.says), (0, 0, 0, 2)))
    if feature.note:
        screen.print(Padding(Text(f"Today ({feature.noted}): {feature.note}"), (0, 0, 0, 2)))
    for check in known.checks:
        if check.control == control.id and check.feature == feature.title:
            text = Text(f"{check.id}  ").append(known.words(check).title, style="dim")
            screen.print(Padding(text, (0, 0, 0, 4)))
    screen.print()


def show_catalogue(known: Catalogue, no_color: bool = False) -> None:
    """Print every control with its features and checks."""
    screen = console(no_color)
    table = Table(box=None, pad_edge=False, header_style="bold")
    titles = ("Control", "Feature", "Check", "Severity", "Per")
    # A check's name is to be copied: it stays whole. On a narrow screen what it is judged per makes room.
    shown = titles if screen.width >= _WIDE else titles[:-1]
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=name == "Check")
    for control in known.controls:
        for feature in control.features:
            own = [c for c in known.checks if c.control == control.id and c.feature == feature.title]
            for index, check in enumerate(own or [None]):
                row = (
                    control.id if index == 0 else "",
                    feature.title if index == 0 else "",
                    check.slug if check else "(checks of other controls)",
                    check.severity.value if check else "",
                    check.on.name if check else "",
                )
                table.add_row(*row[: len(shown)])
    screen.print(table)
    screen.print(
        Text(f"\n{len(known.controls)} controls, {len(known.checks)} checks; catalogue of {known.version}.")
    )
