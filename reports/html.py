"""``report.html``: one file that asks nobody for anything; its one script filters, copies and unfolds."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from auditor.model.results import DefaultJson, EvidenceJson, Results
from auditor.model.verdict import FOLD_ORDER, Status
from reports import prose, registers, summary
from reports.filters import Filter
from reports.parts import MOST_DRAWN
from reports.safe import line, plain
from reports.steps import Remedy
from reports.view import MOST_LISTED, View, details_rows, resource_name

_RING = 2 * 3.14159265 * 26
"""Circumference of the rings in the summary."""
_MOST_EVIDENCE = 12
_MOST_MESSAGE = 1200
_NAME = re.compile(r"<code>([a-z0-9]+(?:-[a-z0-9]+)+)</code>(?!</a>)")


def render_html(results: Results) -> str:
    """A stored result as one HTML page.

    Args:
        results: The stored result.
    """
    view = View(results)
    return render_page(
        "report.html.j2",
        script=bool(view.services),
        view=view,
        filter=Filter(view),
        results=results,
        run=results["run"],
        gate=results["summary"]["gate"],
        totals=results["summary"]["totals"],
        counts=results["summary"]["counts"],
        judged=results["summary"]["judged"],
        entries=registers.entries(results),
        tallies=registers.tally(results),
        word=summary.decision_word(results),
        face=summary.decision_face(results["summary"]["gate"]),
        place=_placer(results),
        short=summary.shortener(results),
        linked=_linker(view),
    )


def render_page(name: str, *styles: str, script: bool = False, **context: Any) -> str:
    """One of the package's templates as a page, with its style sheet, script and the policy that allows them.

    Args:
        name: File name of the template.
        styles: File names of style sheets beside the report's own.
        script: Whether the page has the report's script.
        context: What it shows; every text of it is escaped.
    """
    css = _text("report.css", *styles)
    code = _text("report.js") if script else ""
    # Policies hold sources in quotes; a digest is base64.
    policy = ["default-src 'none'", f"style-src {_source(css)}"]
    if script:
        policy.append(f"script-src {_source(code)}")
    policy += ["base-uri 'none'", "form-action 'none'"]
    return (
        _environment()
        .get_template(name)
        .render(
            **context,
            css=Markup(css),  # noqa: S704 - the package's own file
            script=Markup(code),  # noqa: S704 - the package's own file
            policy=Markup("; ".join(policy)),  # noqa: S704 - written above
        )
    )


@functools.cache
def _text(*names: str) -> str:
    folder = files("reports") / "templates"
    return "".join((folder / name).read_text(encoding="utf-8") for name in names)


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default_for_string=True),
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        # Folding constants takes a seventh of the time to compile, and one rendering gains nothing by it.
        optimized=False,
    )
    environment.filters.update(
        line=line,
        message=lambda text: line(text, _MOST_MESSAGE),
        short_name=summary.short_name,
        resource_name=resource_name,
        prose=lambda text: Markup(prose.prose(text)),  # noqa: S704 - escaped by its renderer
        moment=summary.moment,
        percent=summary.percent,
        ring=_ring,
        named=lambda pointer: pointer.removeprefix("#"),
        number=lambda value: f"{value:,}",
    )
    environment.globals.update(
        defaults=_defaults,
        details_rows=details_rows,
        fact=summary.fact,
        documentation=prose.is_documentation,
        most_evidence=_MOST_EVIDENCE,
        most_drawn=MOST_DRAWN,
        most_listed=MOST_LISTED,
        plural=_plural,
        remedy=Remedy.of,
        telling=summary.telling,
        REASONS=summary.REASON_WORDS,
        SOURCES=summary.SOURCE_WORDS,
        STATUSES=[status.value for status in FOLD_ORDER],
        WORDS=summary.STATUS_WORDS,
        subject_name=summary.subject_name,
        looked_at=tuple(one.value for one in FOLD_ORDER[: FOLD_ORDER.index(Status.MANUAL) + 1]),
    )
    return environment


def _visible(value: Any) -> Any:
    """Whatever a template prints goes through here: no text of the input reaches the page as it came."""
    if isinstance(value, (Markup, int)) and not isinstance(value, bool):
        return value
    return plain(value)


def _placer(results: Results) -> Any:
    """Places without the folders that all inputs share: they are named once, in the manifest."""
    short = summary.shortener(results)

    def place(evidence: EvidenceJson) -> str:
        return line(short(summary.place(evidence)), 240)

    return place


def _linker(view: View) -> Callable[[Markup], Markup]:
    """Makes links of the checks that a text of the catalogue names as code, without their control."""
    named: dict[str, list[str]] = {}
    for check_id in view.checks:
        named.setdefault(check_id.rpartition(".")[2], []).append(check_id)

    def link(found: re.Match[str]) -> str:
        checks = named.get(found[1], [])
        if len(checks) != 1:
            return found[0]
        return f'<a href="#{view.check_anchor(checks[0])}">{found[0]}</a>'

    # The text was escaped by its renderer, and a name is letters, digits and hyphens.
    return lambda html: Markup(_NAME.sub(link, html))  # noqa: S704


def _defaults(evidence: list[EvidenceJson]) -> list[DefaultJson]:
    """The documented defaults that some evidence names, each once."""
    found = {tuple(one["defaulted"].items()): one["defaulted"] for one in evidence if "defaulted" in one}
    return list(found.values())


def _ring(share: float | None) -> str:
    """The dash pattern of an arc that covers a share of a ring."""
    covered = _RING * min(1.0, max(0.0, share or 0.0))
    return f"{covered:.2f} {_RING:.2f}"


def _plural(count: int, word: str, words: str = "") -> str:
    return f"{count:,} {word if count == 1 else words or word + 's'}"
