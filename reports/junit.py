"""``report.xml``: JUnit XML, which build servers show as test results.

One ``testsuite`` for each service and control, one ``testcase`` for each check; a row of the baseline
without checks of its own, and a control that was not asked for, is a case too, so that none is missing.
Build servers know four outcomes, and only a check that passed may look passed:

* ``fail`` is a ``failure``, ``error`` an ``error``;
* ``unknown``, ``manual``, ``waived``, ``not_applicable`` and ``inherited`` are ``skipped``, with the status
  and the reason in the message;
* a file that could not be read, and a run that found no service, is an ``error`` in a suite of its own.

Written with the standard library: it escapes, and what XML 1.0 cannot hold is written out before. Jenkins'
xUnit plug-in, the strictest reader, takes no file and no line of a case: the place stands in the text.
Observations inform only, and are no cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from auditor.model.results import (
    CheckTextJson,
    ControlResultJson,
    FeatureResultJson,
    FindingJson,
    Results,
    ServiceJson,
)
from reports import summary
from reports.places import (
    Judged,
    about,
    check_texts,
    is_asked,
    judged,
    moment,
    said,
    waiver_words,
)

_MOST_FINDINGS = 50
_MOST_FACTS = 5
_LONGEST = 600


def render_junit(results: Results) -> str:
    """A stored result as JUnit XML."""
    texts = check_texts(results)
    root = Element("testsuites", {"name": said(results["run"]["tool"].get("name", ""), 200)})
    _run_suite(root, results)
    names = labels(results["services"])
    for service in results["services"]:
        for control in service["controls"]:
            suite = _Suite(root, results, f"{names[id(service)]}: {_title(control)}")
            suite.kind = f"{names[id(service)]}.{said(control['id'], 40)}"
            for case in _cases(service, control, texts):
                suite.add(*case)
            suite.close()
    _count(root, root)
    indent(root, " ")
    # The declaration names the encoding the command line writes.
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def labels(services: Iterable[ServiceJson]) -> dict[int, str]:
    """What each service is called, by identity: its name, or its id where two have the same name."""
    rows = list(services)
    many = Counter(one["name"].lower() for one in rows)
    return {id(one): said(one["name"] if many[one["name"].lower()] == 1 else one["id"], 300) for one in rows}


_Outcome = tuple[str, str, str, str]
"""Element, type, message, text; an empty element for what passed."""


class _Suite:
    """A suite and its cases, counted when it is closed."""

    def __init__(self, root: Element, results: Results, name: str) -> None:
        self.element = SubElement(root, "testsuite", {"name": name})
        self.kind = name
        when = moment(results["run"]["started"])
        self._when = when.strftime("%Y-%m-%dT%H:%M:%S") if when else ""

    def add(self, name: str, outcome: _Outcome) -> None:
        """A case with its outcome."""
        case = SubElement(self.element, "testcase", {"name": name, "classname": self.kind, "time": "0"})
        element, type_, message, text = outcome
        if element == "system-out":
            SubElement(case, element).text = text
        elif element:
            child = SubElement(case, element, {"message": message} | ({"type": type_} if type_ else {}))
            child.text = text or None

    def close(self) -> None:
        """Write the counts."""
        _count(self.element, self.element)
        self.element.set("time", "0")
        if self._when:
            self.element.set("timestamp", self._when)


def _count(element: Element, into: Element) -> None:
    into.set("tests", str(sum(1 for _ in element.iter("testcase"))))
    # Only a suite counts what it skipped: the root has no such attribute.
    skipped = (("skipped", "skipped"),) if element.tag == "testsuite" else ()
    for name, child in (("failures", "failure"), ("errors", "error"), *skipped):
        into.set(name, str(sum(1 for _ in element.iter(child))))


def _run_suite(root: Element, results: Results) -> None:
    problems = results["run"]["problems"]
    if not problems and results["services"]:
        return
    suite = _Suite(root, results, "Inputs")
    for one in problems:
        message = f"could not be read: {said(one['message'], _LONGEST)}"
        path = said(one["path"], _LONGEST)
        suite.add(path, ("error", "unreadable", message, f"{path}:{one['line']}" if "line" in one else path))
    if not results["services"]:
        gate = results["summary"]["gate"]
        reason = said(gate["reason"], _LONGEST)
        # An empty file would look like a run in which everything passed.
        found: _Outcome = ("error", "nothing-audited", reason, "")
        suite.add("A service was found", found if gate["exit_code"] else ("skipped", "", reason, ""))
    suite.close()


def _title(control: ControlResultJson) -> str:
    return f"{said(control['id'], 40)} {said(control['title'], 200)}"


def _cases(
    service: ServiceJson, control: ControlResultJson, texts: dict[str, CheckTextJson]
) -> Iterator[tuple[str, _Outcome]]:
    if not is_asked(control):
        yield _title(control), ("skipped", "", "not asked: --controls left it out", "")
        return
    for feature in control["features"]:
        rows = judged(service, control, feature)
        for one in rows:
            yield said(one.check, 300), _outcome(one, texts.get(one.check))
        if not rows:
            yield said(feature["title"], 300), ("skipped", "", _rowless(feature), "")


def _rowless(feature: FeatureResultJson) -> str:
    """Of a row that no check of its own judges."""
    text = f"{summary.STATUS_WORDS[feature['status']]}: no check of its own"
    if feature["see"]:
        listed = ", ".join(said(one, 100) for one in feature["see"][:20])
        return f"{text}; judged by {listed}{', ...' if len(feature['see']) > 20 else ''}"
    return text


def _outcome(one: Judged, text: CheckTextJson | None) -> _Outcome:
    status, deciding = one.status, one.deciding
    first = said(deciding[0]["message"], _LONGEST)
    more = f" (and {one.subjects - 1:,} more)" if one.subjects > 1 else ""
    if status == "pass":
        return "system-out", "", "", first
    body = "\n".join(_body(one, text))
    if status == "fail":
        return "failure", one.severity, f"{first}{more}", body
    if status == "error":
        return "error", "check-broke", f"{first}{more}", body
    word = summary.STATUS_WORDS[status]
    if status == "waived":
        return "skipped", "", f"{word} ({waiver_words(deciding[0])}): {first}{more}", ""
    return "skipped", "", f"{word}: {first}{more}", ""


def _body(one: Judged, text: CheckTextJson | None) -> Iterator[str]:
    if text is not None and text["title"]:
        yield f"{one.severity.upper()}: {said(text['title'], _LONGEST)}"
    for finding in one.deciding[:_MOST_FINDINGS]:
        yield from _told(finding, one.service)
    if len(one.deciding) > _MOST_FINDINGS:
        yield f"and {len(one.deciding) - _MOST_FINDINGS:,} more"
    others = Counter(each["status"] for each in one.findings if each["status"] != one.status)
    if others:
        yield "Besides: " + ", ".join(f"{n:,} {summary.STATUS_WORDS[name]}" for name, n in others.items())
    yield f"Fix: auditor explain {said(one.check, 200)}"


def _told(finding: FindingJson, service: ServiceJson) -> Iterator[str]:
    yield f"- {about(finding, service)}: {said(finding['message'], _LONGEST)}"
    for entry in finding["evidence"][:_MOST_FACTS]:
        where = summary.place(entry)
        yield f"    {summary.fact(entry)}{f' in {said(where, 300)}' if where else ''}"
    more = len(finding["evidence"]) - _MOST_FACTS + finding.get("more_evidence", 0)
    if more > 0:
        yield f"    and {more:,} more values"
