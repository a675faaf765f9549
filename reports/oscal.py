"""``report.oscal.json``: OSCAL assessment results (NIST), for governance tools.

One document with one result:

* *Reviewed controls* are the controls that were asked for, by their ids in the benchmark; the checks are
  their objectives, in the local definitions.
* Every stored finding is an *observation*, whatever its status: what was read, of which resources. Its
  method is ``TEST`` where Azure answered requests, ``EXAMINE`` where files were read, ``UNKNOWN`` where
  nothing was.
* A *finding* says that an objective is satisfied or not, and OSCAL knows no third answer. So there is one
  for a check and a service that passed (``satisfied``) or failed (``not-satisfied``), and none for what is
  unknown, manual, waived, in error, inherited or not applicable: their observations say it in the property
  ``status``.
* A failure is a *risk* with status ``open`` and the remediation as a recommendation; what was waived is one
  with status ``deviation-approved``, who accepted it and why, and the end of the waiver as its deadline.

Every UUID is made of the fingerprint and of the moment that was judged for: the same stored result gives
the same document. An assessment plan is required by OSCAL, and there is none: the reference leads to a
resource in the back matter that says so. Texts are OSCAL's Markdown; names in it are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from auditor.model.results import ControlTextJson, Results, ServiceJson
from reports import summary
from reports.mdtext import text
from reports.oscal_parts import NAMESPACE, Parts, actor, props, token, uuid_of
from reports.places import all_judged, is_asked, judged, moment, said, written

OSCAL_VERSION = "1.2.1"
"""What the document conforms to; later 1.2 releases and 1.1 know every member that is used."""
_LONGEST = 2000


def render_oscal(results: Results) -> str:
    """A stored result as OSCAL assessment results in JSON: see :func:`oscal_pieces`."""
    return "".join(oscal_pieces(results))


def oscal_pieces(results: Results) -> Iterator[str]:
    """A stored result as OSCAL assessment results in JSON, in pieces.

    Raises:
        ValueError: The result holds no moment where its schema demands one; OSCAL demands it too.
    """
    run = results["run"]
    as_of, finished = _moment(run, "as_of"), _moment(run, "finished")
    root = uuid_of("document", as_of, *(one["id"] for one in results["services"]))
    plan = uuid_of("no assessment plan", root)
    document: dict[str, Any] = {
        "uuid": root,
        "metadata": {
            "title": "Assessment results: security of Azure API Management",
            "last-modified": finished,
            "version": as_of,
            "oscal-version": OSCAL_VERSION,
            "remarks": f"Written by {' '.join(text(part) for part in run['tool'].values())}.",
        },
        "import-ap": {"href": f"#{plan}", "remarks": "There is no assessment plan: see the resource."},
    }
    objectives = _objectives(results)
    if objectives:
        document["local-definitions"] = {"objectives-and-methods": objectives}
    parts = _parts(results, as_of)
    lists = {"observations": parts.observed, "risks": parts.risks, "findings": parts.findings}
    lists = {name: rows for name, rows in lists.items() if rows}
    document["results"] = [_result(results, parts, root, finished, list(lists))]
    resource = {
        "uuid": plan,
        "title": "No assessment plan",
        "description": "The audit was run without an OSCAL assessment plan. What was asked for and what was "
        "read stands in the result.",
    }
    document["back-matter"] = {"resources": [resource]}
    yield from _lined({"assessment-results": document}, lists)


def _parts(results: Results, as_of: str) -> Parts:
    parts = Parts(results, as_of)
    for service in results["services"]:
        parts.service(service)
        for control in service["controls"]:
            for feature in control["features"]:
                for observed in judged(service, control, feature, observations=True):
                    parts.observations(observed)
    for one in all_judged(results):
        parts.judged(one)
    return parts


def _result(results: Results, parts: Parts, root: str, finished: str, lists: list[str]) -> dict[str, Any]:
    """The result with its long lists empty."""
    return {
        "uuid": uuid_of("result", root),
        "title": "Security of Azure API Management",
        "description": text(summary.decision(results), _LONGEST),
        "start": _moment(results["run"], "started"),
        "end": finished,
        "props": props({"as-of": parts.as_of, "catalogue": results["run"]["catalogue"], **_counts(results)}),
        "local-definitions": _local(results, parts),
        "reviewed-controls": _reviewed(results),
        **{name: [] for name in lists},
        "remarks": _remarks(results),
    }


def _moment(run: Any, name: str) -> str:
    found = moment(run[name])
    if found is None:
        raise ValueError(f"run.{name} is not a moment")
    return written(found)


def _lined(document: dict[str, Any], lists: dict[str, list[str]]) -> Iterator[str]:
    """The document as JSON, with the rows of the long lists, which it holds empty, a line for each."""
    rest = json.dumps(document, ensure_ascii=False, indent=1)
    for name, rows in lists.items():
        # A member of the result by its depth: no text holds a line break in JSON.
        before, _, rest = rest.partition(f'\n    "{name}": []')
        yield f'{before}\n    "{name}": [\n     '
        for number, row in enumerate(rows):
            yield f",\n     {row}" if number else row
        yield "\n    ]"
    yield rest + "\n"


def _counts(results: Results) -> dict[str, str]:
    return {f"count-{name}".replace("_", "-"): str(n) for name, n in results["summary"]["counts"].items()}


def _local(results: Results, parts: Parts) -> dict[str, Any]:
    tool = results["run"]["tool"]
    platform = uuid_of("platform", parts.as_of)
    row: dict[str, Any] = {}
    if parts.components:
        row["components"] = parts.components
    if parts.items:
        row["inventory-items"] = list(parts.items.values())
    row["assessment-assets"] = {
        "components": [
            {
                "uuid": actor(),
                "type": "software",
                "title": text(said(tool.get("name", ""), 200)),
                "description": "The tool that judged.",
                "props": props({"version": tool.get("version", "")}),
                "status": {"state": "operational"},
            }
        ],
        "assessment-platforms": [{"uuid": platform, "uses-components": [{"component-uuid": actor()}]}],
    }
    return row


def _asked(services: Iterable[ServiceJson]) -> set[str]:
    return {control["id"] for service in services for control in service["controls"] if is_asked(control)}


def _reviewed(results: Results) -> dict[str, Any]:
    asked = _asked(results["services"])
    known = [control["id"] for control in results["catalogue"]["controls"]]
    listed = [control_id for control_id in known if control_id in asked]
    others = [control_id for control_id in known if control_id not in asked]
    description = "The controls that were asked for."
    if not listed:
        listed, others = known, []
        description = "No service was found: none of these controls was reviewed."
    selection: dict[str, Any] = {"description": description}
    if listed:
        selection["include-controls"] = [{"control-id": token(one)} for one in listed]
    else:
        selection["include-all"] = {}
    if others:
        selection["remarks"] = (
            f"Not asked for, and not reviewed: {', '.join(text(one, 60) for one in others)}."
        )
    return {"control-selections": [selection]}


def _objectives(results: Results) -> list[dict[str, Any]]:
    rows = []
    for control in results["catalogue"]["controls"]:
        own = [check for check in results["catalogue"]["checks"] if check["control"] == control["id"]]
        if own:
            rows.append(
                {
                    "control-id": token(control["id"]),
                    "description": text(said(_control_words(control), _LONGEST), _LONGEST),
                    "parts": [
                        {
                            "id": token(check["id"]),
                            "name": "assessment-objective",
                            "ns": NAMESPACE,
                            "props": props(
                                {
                                    "feature": check["feature"],
                                    "source": check["source"],
                                    "severity": check["severity"],
                                }
                            ),
                            "prose": text(said(check["title"] or check["id"], _LONGEST), _LONGEST),
                        }
                        for check in own
                    ],
                }
            )
    return rows


def _control_words(control: ControlTextJson) -> str:
    return f"{control['title']} ({control['domain']})"


def _remarks(results: Results) -> str:
    """What was read and what was not: paragraphs of Markdown."""
    lines = []
    inputs = results["run"]["inputs"]
    for one in inputs[:50]:
        limits = f" {text(one['cannot_show'], 400)}" if one["cannot_show"] else ""
        lines.append(f"Read: {text(one['path'], 400)} ({text(one['title'], 200)}).{limits}")
    if len(inputs) > 50:
        lines.append(f"Read: {len(inputs) - 50:,} more inputs.")
    problems = results["run"]["problems"]
    lines += (
        f"Could not be read: {text(problem['path'], 400)}: {text(problem['message'], 400)}."
        for problem in problems[:50]
    )
    if len(problems) > 50:
        lines.append(f"Could not be read: {len(problems) - 50:,} more inputs.")
    if results["withheld"]:
        lines.append(f"{len(results['withheld']):,} collections could not be seen; observations name them.")
    return "\n\n".join(lines) or "Nothing was read."
