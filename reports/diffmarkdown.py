"""A comparison as GitHub-flavoured Markdown for pull requests, no longer than a comment may be."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.comparison import Change, ChangeJson, DiffJson, DiffSideJson
from reports import diffview
from reports.diffview import Group, Section
from reports.markdown import MOST_BYTES
from reports.mdpage import Page
from reports.mdtext import code, text
from reports.summary import decision_mark, moment, sentence

_MARKS = {"anew": "❌", "lost": "❓", "changed": "✋", "fixed": "✅", "assessed": "🔷", "known": "📝"}
_MOST_SUBJECTS = 8
_MOST_EVIDENCE = 5
_BRIEF = frozenset({"known", "assessed"})


def render_markdown(diff: DiffJson, limit: int = MOST_BYTES) -> str:
    """A comparison as Markdown.

    Args:
        diff: The comparison.
        limit: The longest it may get, in bytes of UTF-8; what does not fit is counted.
    """
    page = Page(limit)
    page.section("", [_head(diff)], 1.0, "parts")
    for section in diffview.sections(diff):
        title = f"### {_MARKS[section.name]} {section.title}: {section.count:,}\n\n{section.explained}"
        blocks = _brief(section) if section.name in _BRIEF else (_group(diff, one) for one in section.groups)
        page.section(title, blocks, 0.6, "checks")
    return page.text()


def _head(diff: DiffJson) -> str:
    gate = diff["gate"]
    mark = decision_mark(gate)
    fails_on = text(gate["fail_on"]) + ("" if gate["fail_on"] in ("none", "critical") else " and worse")
    counts = [(one.value, diff["counts"][one.value]) for one in Change]
    shown = [(diffview.CHANGE_WORDS[name], count) for name, count in counts if count]
    lines = [
        f"## {mark} {diffview.decision_word(diff)}: API Management security audit, compared",
        "",
        f"**{text(sentence(gate['reason']))}.** Exit code {gate['exit_code']}, fails on {fails_on}.",
        "",
        f"- Old: {_side(diff['old'])}",
        f"- New: {_side(diff['new'])}",
        *(f"- Note: {text(caveat)}" for caveat in diff["caveats"]),
        "",
    ]
    if shown:
        lines += [
            "| " + " | ".join(word for word, _ in shown) + " |",
            "|" + " ---: |" * len(shown),
            "| " + " | ".join(f"{count:,}" for _, count in shown) + " |",
            "",
        ]
    return "\n".join(lines)


def _side(side: DiffSideJson) -> str:
    kinds = ", ".join(text(kind, 60) for kind in side["inputs"]) or "nothing"
    count = diffview.plural(side["services"], "service")
    return f"{code(side['path'])}, {count}, {kinds}, as of {text(moment(side['as_of']), 60)}"


def _brief(section: Section) -> Iterator[str]:
    for group in section.groups:
        severity = f"{group.severity} " if section.name == "known" else ""
        yield f"- {severity}{code(group.check)}: {len(group.members):,}"
    yield ""


def _group(diff: DiffJson, group: Group) -> str:
    if not group.check:
        return f"- Service {code(group.title)} is not in the new result: {diffview.lost(group)}.\n"
    lines = [
        f"#### {group.severity.upper()}: {text(group.title) or code(group.check)}",
        "",
        code(group.check),
        "",
    ]
    for change in group.members[:_MOST_SUBJECTS]:
        lines += _change(diff, change)
    if len(group.members) > _MOST_SUBJECTS:
        lines.append(f"- and {len(group.members) - _MOST_SUBJECTS:,} more")
    return "\n".join([*lines, ""])


def _change(diff: DiffJson, change: ChangeJson) -> Iterator[str]:
    said = text(diffview.message(change))
    yield f"- {code(diffview.who(change, diff), 120)} {diffview.turn(change)}: {said}"
    was = diffview.before(change)
    if was:
        yield f"  - before: {text(was, 400)}"
    for row in change["evidence"][:_MOST_EVIDENCE]:
        where = diffview.where(row)
        place = f" in {code(where, 160)}" if where else ""
        yield f"  - {code(diffview.pointer(row), 160)}: {code(diffview.value(change, row), 360)}{place}"
    if len(change["evidence"]) > _MOST_EVIDENCE:
        yield f"  - and {len(change['evidence']) - _MOST_EVIDENCE} more values"
    remedy = next(diffview.remedies(change), "")
    if remedy:
        yield f"  - to decide it: {code(remedy, 300)}"
