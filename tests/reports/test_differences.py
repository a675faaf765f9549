"""The reports of a comparison: complete, bounded, harmless whatever the results hold, as the schema says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from jsonschema import Draft202012Validator

from auditor.caveats import Stored
from auditor.difference import difference
from auditor.model import comparison as shapes
from auditor.model.comparison import Change, DiffJson, Missing
from auditor.model.results import Results, ServiceJson
from reports import DIFF_FORMATS, diffview, render_difference
from reports.diffmarkdown import render_markdown
from tests.compare.making import CHECKS, DECLARED, LIVE, service, stored
from tests.reports.golden_files import check_golden
from tests.reports.hostile import TEXTS, poisoned
from tests.reports.test_html import assert_harmless
from tests.reports.test_looks import CHROMIUM, QUIET
from tests.reports.test_markdown import AUTOLINK, Rendered

SCHEMA: dict[str, Any] = json.loads((files("reports") / "diff.schema.json").read_text("utf-8"))
RESULTS_SCHEMA: dict[str, Any] = json.loads((files("reports") / "results.schema.json").read_text("utf-8"))
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def evidence(root: str, below: str, value: object, line: int, **more: Any) -> dict[str, Any]:
    return {
        "resource": root + below,
        "pointer": "/properties/url",
        "value": value,
        "origin": {"file": "infra/main.json", "pointer": "/resources/0/properties/url", "line": line},
        **more,
    }


def services(later: bool) -> list[ServiceJson]:
    """Two services with something of every class between earlier and later, and one that goes."""
    root = LIVE if later else DECLARED
    public, secrets, tls = CHECKS
    said: dict[tuple[str, str, str], tuple[str, str, str]] = {
        (public, "", ""): ("fail" if later else "pass", "high", "The gateway is public."),
        (secrets, "/namedValues/a", ""): ("pass" if later else "fail", "medium", "The secret stands there."),
        (secrets, "/namedValues/b", ""): ("unknown" if later else "pass", "medium", "Not known: b."),
        (secrets, "/namedValues/c", ""): ("pass" if later else "unknown", "medium", "Not known: c."),
        (tls, "/apis/orders", ""): ("fail", "high" if later else "low", f"The address is {int(later)}."),
        (tls, "/apis/same", "host"): ("fail", "low", "It is as it was."),
        (tls, "/apis/other", ""): ("fail", "low", f"It says {int(later)}."),
        (tls, "/apis/new" if later else "/apis/old", ""): ("fail", "critical", "Nobody asked."),
        (tls, "/apis/quiet-new" if later else "/apis/quiet-old", ""): ("manual", "low", "Look."),
    }
    made = [service("contoso", said, root)]
    for row in (one for feature in made[0]["controls"][2]["features"] for one in feature["findings"]):
        below = row["subjects"][0]["id"].removeprefix(root + "contoso")
        default = {"defaulted": {"source": "docs", "reviewed": "2026-11-21"}} if later else {}
        read: Any = evidence(root + "contoso", below, "http" if later else "https", 7 + later, **default)
        row["evidence"] = [read]
    made.append(service("steady", {(public, "", ""): ("pass", "high", "Private.")}))
    if not later:
        made.append(service("retired", {(public, "", ""): ("pass", "high", "Private.")}))
    return made


def results(later: bool) -> Results:
    made = stored(*services(later))
    made["run"]["catalogue"] = "2026-11-21" if later else "2026-01-01"
    made["run"]["inputs"][0]["title"] = "snapshot of Azure" if later else "ARM template"
    return made


def told(change: Any = None, fail_on: str = "low", many: int = 1) -> DiffJson:
    old, new = results(later=False), results(later=True)
    if change is not None:
        old, new = poisoned(old, change), poisoned(new, change)
    if many > 1:
        old = stored(
            *(service(f"s{n}", {(CHECKS[0], "", ""): ("pass", "high", "x" * 99)}) for n in range(many))
        )
        new = stored(
            *(service(f"s{n}", {(CHECKS[0], "", ""): ("fail", "high", "y" * 99)}) for n in range(many))
        )
    return difference(Stored("old.json", old), Stored("new.json", new), {}, fail_on, allow_removed=False)


@pytest.mark.parametrize("name", DIFF_FORMATS)
def test_reports_are_as_they_were(name: str) -> None:
    suffix = {"text": "txt"}.get(name, name)
    text = re.sub(r'"version": "[\d.]+"|auditor \d+\.\d+\.\d+\w*', "VERSION", render_difference(name, told()))
    if name == "html":
        text = re.sub(r"<style>.*?</style>|'sha256-[^']*'", "STYLE", text, flags=re.DOTALL)
    check_golden(f"difference.{suffix}", text)


def test_there_is_something_of_every_class() -> None:
    counts = told()["counts"]
    assert set(counts) == {change.value for change in Change}
    assert [name for name, count in counts.items() if not count] == []


def test_the_worst_stands_first_and_says_from_what_to_what() -> None:
    text = render_difference("text", told())
    first = [line.split()[1] for line in text.splitlines() if re.match("CRITICAL|HIGH|MEDIUM|LOW", line)]
    assert first[:2] == [CHECKS[2], CHECKS[0]]
    assert "https → http (absent: the documented default)" in text
    assert "failed (low) → failed (high)" in text
    assert "Matched by name, since the ids differ: contoso." in " ".join(text.split())
    assert "service retired  is not in the new result" in text
    assert text.splitlines()[-1].startswith("FAILED (exit 1): 3 new failures")


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_only_text(name: str) -> None:
    for change in (lambda text: text + TEXTS[name], lambda _: TEXTS[name], lambda text: TEXTS[name] + text):
        diff = told(change)
        assert_harmless(render_difference("html", diff))
        markdown = render_markdown(diff, 10_000_000)
        for part in Rendered(markdown).prose:
            assert not AUTOLINK.search(part), part
        assert not UNSAFE.search(markdown)
        assert not UNSAFE.search(render_difference("text", diff))
        assert json.loads(render_difference("json", diff).encode("utf-8", "backslashreplace").decode())


@pytest.mark.parametrize("limit", [2_000, 20_000, 60_000])
def test_a_comment_stays_within_its_limit(limit: int) -> None:
    text = render_markdown(told(many=400), limit)
    assert len(text.encode()) <= limit
    assert "400 new failures" in text


def test_a_long_comparison_says_what_it_leaves_out() -> None:
    diff = told(many=400)
    assert "... and 397 more like it" in render_difference("text", diff)
    assert "and 392 more" in render_markdown(diff)
    html = render_difference("html", diff)
    assert "and 300 more, in the JSON form" in html
    assert "and 200 more, in the JSON form" in html
    assert len(diff["changes"]) == 400


# -- the schema ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("diff", [told(), told(fail_on="none"), told(many=3)], ids=["all", "none", "many"])
def test_the_json_keeps_to_the_schema(diff: DiffJson) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    written = json.loads(render_difference("json", diff))
    assert written == json.loads(json.dumps(diff))
    errors = Draft202012Validator(SCHEMA).iter_errors(written)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_what_both_schemas_hold_is_the_same() -> None:
    shared = set(SCHEMA["$defs"]) & set(RESULTS_SCHEMA["$defs"]) - {"check", "gate", "service"}
    assert {"evidence", "origin", "gap", "subject", "status", "severity"} <= shared
    assert {name for name in shared if SCHEMA["$defs"][name] != RESULTS_SCHEMA["$defs"][name]} == set()


def test_closed_lists_are_the_models() -> None:
    assert SCHEMA["$defs"]["change"]["enum"] == [change.value for change in Change]
    assert SCHEMA["$defs"]["missing"]["enum"] == [missing.value for missing in Missing]
    assert SCHEMA["$defs"]["counts"]["required"] == [change.value for change in Change]
    assert set(diffview.CHANGE_WORDS) == {change.value for change in Change}
    assert set(diffview.MISSING_WORDS) == {missing.value for missing in Missing}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def members(kind: Any) -> list[Any]:
    """The typed dictionaries that an annotation leads to directly."""
    if is_typeddict(kind):
        return [kind]
    return [one for argument in get_args(kind) for one in members(argument)]


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    node = resolved(node)
    inner = [*node.get("anyOf", []), *filter(None, [node.get("items"), node.get("additionalProperties")])]
    found = [node] if "properties" in node else []
    return [*found, *(each for one in inner if isinstance(one, dict) for each in nodes(one))]


def test_schema_and_types_are_in_step() -> None:
    wrong, seen, todo = [], set(), [(DiffJson, SCHEMA)]
    declared = {shape for shape in vars(shapes).values() if is_typeddict(shape)}
    own = {shape for shape in declared if shape.__module__ == shapes.__name__}
    while todo:
        kind, node = todo.pop()
        seen.add(kind)
        hints = get_type_hints(kind, include_extras=True)
        required = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
        if set(hints) != set(node["properties"]) or required != set(node["required"]):
            wrong.append(kind.__name__)
        assert node["additionalProperties"] is False
        for name, hint in hints.items():
            below = [one for one in members(hint) if one in own]
            todo += [(one, nodes(node["properties"][name])[0]) for one in below if one not in seen]
            allowed = resolved(node["properties"][name])
            optional = get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)
            said = json.dumps(allowed)
            assert ("null" in said) is optional or below, (kind, name)
    assert wrong == []
    assert own == seen


@pytest.mark.skipif(CHROMIUM is None or not shutil.which(CHROMIUM), reason="no Chromium here")
def test_a_browser_has_nothing_to_complain_of(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    page = tmp_path / "difference.html"
    page.write_text(render_difference("html", told()), encoding="utf-8")
    ran = subprocess.run(  # noqa: S603 - the browser that was found
        [CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0
    assert "No longer assessed" in ran.stdout
    assert [line for line in ran.stderr.splitlines() if "CONSOLE" in line] == []
