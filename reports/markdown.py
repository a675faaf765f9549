"""``report.md``: GitHub-flavoured Markdown for job summaries and pull requests, no longer than they take."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.results import AzurePolicyJson, FeatureResultJson, ProblemJson, Results, ServiceJson
from auditor.model.verdict import FOLD_ORDER, fold
from reports import registers, summary
from reports.mdpage import Page
from reports.mdtext import code, html, text
from reports.parts import Found, Group
from reports.steps import Remedy
from reports.view import View

MOST_BYTES = 60_000
"""A comment on a pull request takes 65,536 characters, and a job summary several of these."""
_MARKS = {
    "pass": "✅",
    "fail": "❌",
    "error": "💥",
    "unknown": "❓",
    "manual": "✋",
    "waived": "📝",
    "inherited": "🔷",
    "not_applicable": "➖",
}
_MOST_FOUND = 10
_MOST_EVIDENCE = 5
_MOST_ALIKE = 3
_MOST_NAMES = 20
_MOST_HIDDEN = 60


def render_markdown(results: Results, limit: int = MOST_BYTES) -> str:
    """A stored result as Markdown.

    Args:
        results: The stored result.
        limit: The longest it may get, in bytes of UTF-8; what does not fit is counted.
    """
    view = View(results)
    page = Page(limit)
    page.section("", [_head(view)], 1.0, "parts")
    # Shares of what is still free: what one section does not use is left to the next.
    page.section(_failed_title(view), (_group(view, one) for one in view.failed), 0.5, "failed checks")
    page.section(_unknown_title(view), _steps(view), 0.3, "steps")
    page.section("### For a person to answer", _manual(view), 0.3, "checks")
    page.section("### Accepted and answered by people", _registers(view), 0.25, "entries")
    page.section("### Where Azure Policy differs", _differences(view), 0.2, "differences")
    page.section("### What the input could not show", _not_shown(view), 0.25, "lines")
    if not view.single:
        page.section("### Every control, every service", _matrix(view), 0.8, "services")
    page.section("### Row by row", (_service(view, one.data) for one in view.services), 1.0, "services")
    return page.text()


# -- head ----------------------------------------------------------------------------------------------


def _head(view: View) -> str:
    run, gate = view.results["run"], view.results["summary"]["gate"]
    word = summary.decision_word(view.results)
    mark = summary.decision_mark(gate)
    as_of = text(summary.moment(run["as_of"]))
    tool = f"{text(run['tool']['name'])} {text(run['tool']['version'])}"
    fails_on = text(gate["fail_on"]) + ("" if gate["fail_on"] in ("none", "critical") else " and worse")
    lines = [
        f"## {mark} {word}: API Management security audit",
        "",
        f"**{text(summary.sentence(gate['reason']))}.** Exit code {gate['exit_code']}, fails on {fails_on}.",
        "",
        f"As of {as_of}; {_services(view)}; {tool}, catalogue of {text(run['catalogue'])}.",
        "",
        *_totals(view),
        "",
        _judged(view),
        "",
    ]
    problems = run["problems"]
    if problems:
        lines += [f"**{len(problems):,} of the files could not be read:**", ""]
        lines += [f"- {code(_where(one))}: {text(one['message'], 300)}" for one in problems[:_MOST_FOUND]]
        if len(problems) > _MOST_FOUND:
            lines.append(f"- and {len(problems) - _MOST_FOUND:,} more")
        lines.append("")
    return "\n".join(lines)


def _where(problem: ProblemJson) -> str:
    """A file that could not be read, with the place where that shows."""
    place = f":{problem['line']}:{problem['column']}" if "line" in problem else ""
    return f"{problem['path']}{place}"


def _services(view: View) -> str:
    if view.single:
        return code(view.services[0].data["name"], 80)
    return f"{len(view.services):,} services"


def _totals(view: View) -> Iterator[str]:
    columns = ("fail", "error", "unknown", "manual", "waived", "pass", "inherited", "not_applicable")
    yield "| Asked by | Compliance | Coverage | " + " | ".join(f"{_word(name)}" for name in columns) + " |"
    yield "| --- | ---: | ---: |" + " ---: |" * len(columns)
    for source, title in summary.SOURCE_WORDS.items():
        total = view.results["summary"]["totals"].get(source)
        if total is None:
            continue
        numbers = (
            total["failed"],
            total["error"],
            total["unknown"],
            total["manual"],
            total["waived"],
            total["passed"],
            total["inherited"],
            total["not_applicable"],
        )
        shares = (summary.percent(total["compliance"]), summary.percent(total["coverage"]))
        name = f"**{title}**" if source == "all" else title
        yield "| " + " | ".join([name, *shares, *(f"{number:,}" for number in numbers)]) + " |"


def _judged(view: View) -> str:
    judged = view.results["summary"]["judged"]
    line = f"Judged {judged['decided']:,} of the {judged['showable']:,} checks that this input can show"
    if judged["needs_live"]:
        line += f"; {judged['needs_live']:,} more need the deployed service"
    if judged["manual"]:
        line += f"; {judged['manual']:,} for a person to answer"
    return f"{line}."


# -- findings ------------------------------------------------------------------------------------------


def _failed_title(view: View) -> str:
    title = f"### Failed: {_count(len(view.failed), 'check')}"
    services = {id(one.service) for group in view.failed for one in group.found}
    return title if view.single else f"{title} in {_count(len(services), 'service')}"


def _unknown_title(view: View) -> str:
    unknown = view.results["summary"]["counts"].get("unknown", 0)
    return f"### Unknown: {_count(unknown, 'check')}. What would decide them"


def _group(view: View, group: Group) -> str:
    check = group.check
    title = text(check["title"]) or code(check["id"])
    lines = [f"#### {_MARKS[group.status]} {group.severity.upper()}: {title}", "", f"{code(check['id'])}", ""]
    if check["control"]:
        lines[2] += f" · {text(check['control'])} {text(check['feature'])}"
    short = summary.shortener(view.results)
    for message, members in group.messages[:_MOST_FOUND]:
        lines += _alike(message, members, short) if len(members) > 1 else _found(members[0], short)
    told = sum(len(members) for _, members in group.messages[:_MOST_FOUND])
    if len(group.found) > told:
        lines.append(f"- and {len(group.found) - told:,} more")
    lines += ["", f"Fix: `auditor explain` {code(check['id'])}", ""]
    return "\n".join(lines)


def _alike(message: str, members: list[Found], short: summary.Shortener) -> Iterator[str]:
    """Findings that say the same: the sentence once, evidence of the first few, names of some more."""
    yield f"- {text(message)}"
    for one in members[:_MOST_ALIKE]:
        name = code(summary.subject_name(one.finding, one.service.data), 120)
        yield f"  - {name}: {'; '.join(_facts(one, short)) or 'no value was recorded'}"
    rest = members[_MOST_ALIKE:]
    if rest:
        names = (code(summary.subject_name(one.finding, one.service.data), 60) for one in rest[:_MOST_NAMES])
        tail = ", ..." if len(rest) > _MOST_NAMES else ""
        yield f"  - and {len(rest):,} more: {', '.join(names)}{tail}"


def _found(one: Found, short: summary.Shortener) -> Iterator[str]:
    name = summary.subject_name(one.finding, one.service.data)
    yield f"- {code(name, 120)}: {text(one.finding['message'])}"
    chain = list(_chain(one))
    yield from (f"  - {route}" for route in _routes(one))
    yield from chain
    if not chain:
        yield from (f"  - {fact}" for fact in _facts(one, short))


def _chain(one: Found) -> Iterator[str]:
    """The way to a secret in Key Vault, a line for each link; the one that is broken in bold."""
    details = one.finding.get("details", {})
    if details.get("kind") != "vault-chain":
        return
    for number, link in enumerate(details["links"], 1):
        name = text(link["link"], 40)
        shown = f"**{name}**" if link["link"] == details.get("broken") else name
        mark = _word(link["status"])
        told = link["what"] != one.finding["message"]
        yield f"  {number}. {shown}, {mark}" + (f": {text(link['what'], 600)}" if told else "")


def _routes(one: Found) -> Iterator[str]:
    """The routes of gateways and front doors that lead to a service."""
    details = one.finding.get("details") or {}
    if details.get("kind") != "fronts":
        return
    for row in details["routes"][:_MOST_EVIDENCE]:
        shown = ", ".join(code(path, 80) for path in row["apis"][:_MOST_EVIDENCE])
        shows = f"; shows {shown}" if shown else ""
        where = ", ".join(code(each, 120) for each in (*row["hosts"][:2], *row["paths"][:2]))
        blocks = {True: "blocks", False: "does not block"}.get(row["protected"], "not known")
        front = text(f"{row['type']} {row['front']}, {row['listener']}, {row['rule']}", 240)
        yield f"{front} ({where}): {blocks}, {text(row['firewall'], 200)}{shows}"
    if len(details["routes"]) > _MOST_EVIDENCE:
        yield f"and {len(details['routes']) - _MOST_EVIDENCE:,} more routes"


def _facts(one: Found, short: summary.Shortener) -> Iterator[str]:
    yield from map(_beside, one.finding.get("azure_policy", ())[:_MOST_ALIKE])
    evidence = one.finding["evidence"]
    for entry in evidence[:_MOST_EVIDENCE]:
        fact = f"{code(entry['pointer'].removeprefix('#'), 160)} = {code(entry['value'], 160)}"
        if "expression" in entry:
            fact += f" from {code(entry['expression'], 120)}"
        where = summary.place(entry)
        if "defaulted" in entry:
            fact += f" (defaulted: {text(entry['defaulted']['source'], 160)})"
        elif where:
            fact += f" in {code(short(where), 160)}"
        yield fact
    if len(evidence) > _MOST_EVIDENCE:
        yield f"and {len(evidence) - _MOST_EVIDENCE} more values"


def _beside(one: AzurePolicyJson) -> str:
    """What Azure Policy says beside a verdict."""
    word = {True: "agrees", False: "differs", None: "is not comparable"}[one["agrees"]]
    note = f": {text(one['note'], 240)}" if one["note"] else ""
    return f"Azure Policy {word} ({text(one['state'], 40)}, {code(one['definition'], 60)}){note}"


def _differences(view: View) -> Iterator[str]:
    """Where Azure Policy says the opposite, whatever the verdict."""
    found = False
    for service in view.services:
        for control in service.data["controls"]:
            for feature in control["features"]:
                for finding in feature["findings"]:
                    for one in finding.get("azure_policy", ()):
                        if one["agrees"] is False:
                            name = code(summary.subject_name(finding, service.data), 120)
                            said = f"{summary.STATUS_WORDS[finding['status']]} here"
                            found = True
                            yield f"- {code(finding['check'])} {name}: {said}. {_beside(one)}"
    if found:
        yield ""


def _steps(view: View) -> Iterator[str]:
    for step in view.steps:
        reasons = ", ".join(summary.REASON_WORDS[reason] for reason in sorted(step.reasons))
        why = f" ({reasons})" if reasons else ""
        row = f"- **{_count(len(step.pairs), 'check')}**: {text(step.needed)}{why}"
        if step.do is not None:
            row += f"\n  - {_told(step.do)}"
        yield row
    if view.steps:
        yield ""


def _told(do: Remedy) -> str:
    if not do.command:
        return text(do.words, 400)
    return code(do.command, 400) + (f" (needs {code(do.permission, 120)})" if do.permission else "")


def _manual(view: View) -> Iterator[str]:
    for group in view.manual:
        first = group.found[0]
        more = f" (and {len(group.found) - 1:,} more)" if len(group.found) > 1 else ""
        yield f"- {code(group.check['id'])}: {text(first.finding['message'])}{more}"
    if view.manual:
        yield ""


def _registers(view: View) -> Iterator[str]:
    """What came of waivers and attestations: what is pressing first."""
    lines = registers.tally(view.results)
    if not lines:
        return
    yield f"{'; '.join(lines)}.\n"
    for one in registers.entries(view.results):
        row = one.entry
        mark = "⚠️ " if one.pressing else ""
        about = f"{one.word} {code(row['place'], 120)} ({code(one.names, 200)})"
        yield f"- {mark}**{summary.sentence(one.state)}**: {about}: {text(row['says'], 300)}"
        until = f"until {text(row['expires'])}"
        yield f"  - {text(row['decision'])} by {text(row['who'], 120)}, {until}: {text(row['text'], 400)}"
    yield ""


def _not_shown(view: View) -> Iterator[str]:
    for group in view.inputs:
        many = f"{len(group.members):,} files" if len(group.members) > 1 else code(group.first["path"], 160)
        limits = f": {text(group.first['cannot_show'])}" if group.first["cannot_show"] else ""
        yield f"- **{text(group.first['title'])}** ({many}){limits}"
    rows = view.hidden
    for row in rows[:_MOST_HIDDEN]:
        more = f" (and of {row.scopes - 1:,} more)" if row.scopes > 1 else ""
        yield f"- {text(row.first['needed'], 200)}{more}: {summary.REASON_WORDS[row.first['reason']]}"
    if len(rows) > _MOST_HIDDEN:
        yield f"- and {len(rows) - _MOST_HIDDEN:,} more"
    yield ""


# -- every control -------------------------------------------------------------------------------------


def _matrix(view: View) -> Iterator[str]:
    """One line for each service, a mark for each control."""
    if not view.services:
        return
    ids = [text(control["id"]) for control in view.results["catalogue"]["controls"]]
    key = ", ".join(_word(status.value) for status in FOLD_ORDER)
    head = f"{key}, (blank) not asked.\n\n| Service | {' | '.join(ids)} |\n| --- |{' :-: |' * len(ids)}"
    for service in view.services:
        controls = service.data["controls"]
        marks = (_MARKS[one["status"]] if one.get("asked", True) else "" for one in controls)
        row = f"| {code(service.data['name'], 60)} | {' | '.join(marks)} |"
        yield f"{head}\n{row}" if head else row
        head = ""
    yield ""


def _service(view: View, service: ServiceJson) -> str:
    counts = summary.status_counts(service)
    tally = ", ".join(f"{counts[one]} {summary.STATUS_WORDS[one]}" for one in FOLD_ORDER if counts[one])
    lines = [
        f"<details{' open' if view.single else ''}>",
        f"<summary>{html(service['name'])}: {tally or 'nothing judged'}</summary>",
        "",
        "| Control | Row of the baseline | Status | Checks |",
        "| --- | --- | --- | --- |",
    ]
    for control in service["controls"]:
        name = f"**{text(control['id'])}** {text(control['title'], 120)}"
        if not control.get("asked", True):
            lines.append(f"| {name} | | not asked | |")
        for feature in control["features"]:
            title = text(feature["title"], 160)
            lines.append(f"| {name} | {title} | {_word(feature['status'])} | {_checks(feature)} |")
            name = ""
    return "\n".join([*lines, "", "</details>", ""])


def _checks(feature: FeatureResultJson) -> str:
    """How many checks of each status stand under a feature; those that live elsewhere are added."""
    statuses: dict[str, list[str]] = {}
    for finding in feature["findings"]:
        statuses.setdefault(finding["check"], []).append(finding["status"])
    counts: dict[str, int] = {}
    for found in statuses.values():
        status = fold(found).value
        counts[status] = counts.get(status, 0) + 1
    parts = [f"{counts[one]} {summary.STATUS_WORDS[one]}" for one in FOLD_ORDER if one in counts]
    if feature["see"]:
        parts.append(f"{len(feature['see'])} of other controls")
    return ", ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word if number == 1 else word + 's'}"


def _word(status: str) -> str:
    return f"{_MARKS[status]} {summary.STATUS_WORDS[status]}"
