"""OSCAL assessment results: valid, every reference leads somewhere, and nothing undecided is a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
from markdown_it import MarkdownIt

from auditor.model.results import Results
from reports.oscal import render_oscal
from reports.oscal_parts import token
from reports.places import all_judged
from tests.reports.hostile import TEXTS, poisoned, stored
from tests.reports.sample import sample

# Its patterns use classes of Unicode, which the standard library's expressions do not know.
SCHEMA = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parent / "schemas" / "oscal_complete_schema-1.2.1.json").read_text("utf-8"))
)
MARKUP = {"title", "description", "remarks", "statement", "prose"}
REFERENCES = ("subject-uuid", "observation-uuid", "risk-uuid", "actor-uuid", "component-uuid")
TOKEN = re.compile(r"[^\W\d][\w.\-]*")


def document(results: Results) -> dict[str, Any]:
    written = json.loads(render_oscal(results))
    assert [f"{error.instance_path}: {error.message}" for error in SCHEMA.iter_errors(written)] == []
    return cast("dict[str, Any]", written["assessment-results"])


def result(results: Results) -> dict[str, Any]:
    (found,) = document(results)["results"]
    return cast("dict[str, Any]", found)


def members(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from members(value, key)
    elif isinstance(node, list):
        for one in node:
            yield from members(one, name)


def prop(row: dict[str, Any], name: str) -> str:
    (value,) = [one["value"] for one in row["props"] if one["name"] == name]
    return str(value)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_it_is_valid_and_refers_to_what_is_there(number: int) -> None:
    whole = document(sample(number))
    uuids = [value for name, value in members(whole) if name == "uuid"]
    assert len(set(uuids)) == len(uuids)
    for name, value in members(whole):
        if name in REFERENCES:
            assert value in uuids, name
    assert whole["import-ap"]["href"].removeprefix("#") == whole["back-matter"]["resources"][0]["uuid"]
    objectives = {
        part["id"] for one in whole["local-definitions"]["objectives-and-methods"] for part in one["parts"]
    }
    for finding in whole["results"][0].get("findings", []):
        assert finding["target"]["target-id"] in objectives


def test_the_models_refuse() -> None:
    written = json.loads(render_oscal(sample(1)))
    changes: tuple[Callable[[Any], object], ...] = (
        lambda one: one["findings"][0]["target"]["status"].update(state="unknown"),
        lambda one: one["observations"][0].update(methods=[]),
        lambda one: one["risks"][0].update(more=1),
        lambda one: one["findings"][0].update(uuid="1"),
    )
    for change in changes:
        copy = json.loads(json.dumps(written))
        change(copy["assessment-results"]["results"][0])
        assert not SCHEMA.is_valid(copy)


def test_findings_are_what_passed_or_failed_and_nothing_else() -> None:
    results = sample(2)
    told = {
        (one["title"].split(":")[0], prop(one, "check")): one["target"]["status"]
        for one in result(results)["findings"]
    }
    expected = {
        (one.service["name"], one.check): (
            {"state": "satisfied", "reason": "pass"}
            if one.status == "pass"
            else {"state": "not-satisfied", "reason": "fail"}
        )
        for one in all_judged(results)
        if one.status in ("pass", "fail")
    }
    assert told == expected
    assert expected


@pytest.mark.parametrize("status", ["unknown", "manual", "waived", "error", "not_applicable", "inherited"])
def test_what_is_not_decided_is_an_observation_alone(status: str) -> None:
    results = sample(1)
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                finding["status"] = status
    found = result(results)
    assert "findings" not in found
    assert {prop(one, "status") for one in found["observations"]} == {status}
    assert ("risks" in found) == (status == "waived")


def test_every_stored_finding_is_an_observation() -> None:
    results = sample(2)
    stored_ = [
        finding
        for service in results["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
    ]
    observed = result(results)["observations"]
    assert sorted(prop(one, "status") for one in observed) == sorted(one["status"] for one in stored_)
    methods = {prop(one, "check"): one["methods"] for one in observed}
    assert methods["apim.ns-2.gateway-not-public"] == ["EXAMINE"]
    assert methods["apim.dp-3.platform"] == ["TEST"]
    assert methods["apim.ns-2.configuration-endpoints"] == ["UNKNOWN"]
    (unknown,) = [
        one
        for one in result(sample(1))["observations"]
        if prop(one, "check") == "apim.ns-2.configuration-endpoints"
    ]
    assert "tenant access settings" in unknown["remarks"]


def test_risks() -> None:
    results = sample(1)
    waived = results["services"][0]["controls"][1]["features"][0]["findings"][0]
    waived["waiver"] = {
        "status": "fail",
        "place": "waivers.yaml:3",
        "kind": "risk-accepted",
        "reason": "moved",
        "owner": "platform",
        "expires": "2027-03-31",
    }
    found = result(results)
    risks = {prop(one, "check"): one for one in found["risks"]}
    assert {name: one["status"] for name, one in risks.items()} == {
        "apim.ns-2.gateway-not-public": "open",
        "apim.im-8.named-values": "deviation-approved",
        "apim.im-4.certificate-validated": "open",
    }
    accepted = risks["apim.im-8.named-values"]
    assert accepted["deadline"] == "2027-03-31T23:59:59Z"
    assert (
        prop(accepted, "waiver")
        == "reason: moved; owner: platform; expires: 2027-03-31; kind: risk-accepted; status: fail; "
        "place: waivers.yaml:3"
    )
    for one in risks.values():
        assert one["remediations"][0]["lifecycle"] == "recommendation"
        assert "az apim show" in one["remediations"][0]["description"]
    related = {each["risk-uuid"] for one in found["findings"] for each in one.get("related-risks", [])}
    assert related == {one["uuid"] for one in found["risks"] if one["status"] == "open"}


def test_controls_that_were_not_asked_for_are_not_reviewed() -> None:
    (selection,) = result(sample(1))["reviewed-controls"]["control-selections"]
    assert [one["control-id"] for one in selection["include-controls"]] == [
        "NS-2", "IM-8", "DP-3", "DP-4", "BR-1", "IM-4"
    ]  # fmt: skip
    assert "LT-1" in selection["remarks"]
    (nothing,) = result(sample(0))["reviewed-controls"]["control-selections"]
    assert "none of these controls was reviewed" in nothing["description"]


def test_another_moment_gives_other_uuids() -> None:
    def uuids(as_of: str) -> set[str]:
        results = sample(1)
        results["run"]["as_of"] = as_of
        return {str(value) for name, value in members(document(results)) if name == "uuid"}

    one, other = uuids("2026-11-21T00:00:00+00:00"), uuids("2026-11-22T00:00:00+00:00")
    assert uuids("2026-11-21T01:00:00+01:00") == one
    assert len(one & other) == 1  # the tool


class Markup(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(source))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "img", "style", "details", "summary"}, tag
        for name, value in attrs:
            assert name in ("href", "class", "style", "start"), name
            assert name != "href" or (value or "").startswith("https://learn.microsoft.com/"), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@pytest.mark.parametrize("hostile", TEXTS.values(), ids=TEXTS)
def test_it_is_valid_and_harmless_whatever_the_input(hostile: str) -> None:
    for change in (lambda text: text + hostile, lambda _: hostile, lambda text: hostile + text):
        whole = document(stored(sample(2), change))
        for name, value in members(whole):
            if name in MARKUP and isinstance(value, str):
                assert value.strip()
                Markup(value)
            if name == "title":
                assert "\n" not in value
            if name == "value":
                assert re.fullmatch(r"\S(.*\S)?", value), value
            if name in ("control-id", "target-id"):
                assert TOKEN.fullmatch(value), value


def test_a_result_without_moments_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a moment"):
        render_oscal(poisoned(sample(1), lambda text: f"{text}x"))


@pytest.mark.parametrize(
    "name", ["NS-2", "apim.ns-2.x", "1st", "", "a b/c", "\u00e9t\u00e9", "-x", "\u202ex"]
)
def test_tokens(name: str) -> None:
    assert TOKEN.fullmatch(token(name))
    if TOKEN.fullmatch(name):
        assert token(name) == name
