"""What holds for every machine-readable report: the same each time, harmless, complete, of linear size."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from auditor.model.results import Results
from reports import FORMATS, render
from tests.reports.golden_files import check_golden
from tests.reports.hostile import TEXTS, stored
from tests.reports.sample import sample

MACHINES = {"sarif": "sarif", "junit": "xml", "csv": "csv", "oscal": "oscal.json"}
"""The formats and the endings their golden files have."""
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def read(name: str, written: str) -> Any:
    """A report as its readers parse it."""
    match name:
        case "junit":
            return ET.fromstring(written.encode())  # noqa: S314 - our own
        case "csv":
            return list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"), newline="")))
        case _:
            return json.loads(written)


def texts(node: Any) -> list[str]:
    """Every text in a parsed report, names of members too."""
    if isinstance(node, ET.Element):
        own = [*node.attrib.values(), node.text or "", node.tail or ""]
        return [*own, *(text for child in node for text in texts(child))]
    if isinstance(node, dict):
        return [text for name, value in node.items() for text in (str(name), *texts(value))]
    if isinstance(node, list):
        return [text for one in node for text in texts(one)]
    return [node] if isinstance(node, str) else []


def test_every_format_is_covered() -> None:
    assert set(MACHINES) == set(FORMATS) - {"html", "md", "json"}


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("name", MACHINES)
def test_golden(name: str, number: int) -> None:
    written = render(name, sample(number))
    check_golden(f"services-{number}.{MACHINES[name]}", written.replace("\r\n", "\n"))


@pytest.mark.parametrize("name", MACHINES)
def test_the_same_result_gives_the_same_file(name: str) -> None:
    # As it is read again from a file: other objects, the same values.
    assert render(name, sample(2)) == render(name, json.loads(json.dumps(sample(2))))


@pytest.mark.parametrize("hostile", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", MACHINES)
def test_hostile_texts_are_only_text(name: str, hostile: str) -> None:
    for change in (lambda text: text + hostile, lambda _: hostile, lambda text: hostile + text):
        written = render(name, stored(sample(2), change))
        written.encode()
        for text in texts(read(name, written)):
            assert not UNSEEN.search(text.removeprefix("\ufeff")), text


@pytest.mark.parametrize("hostile", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", MACHINES)
def test_hostile_texts_change_no_structure(name: str, hostile: str) -> None:
    def shape(node: Any) -> Any:
        if isinstance(node, ET.Element):
            return node.tag, sorted(node.attrib), [shape(child) for child in node]
        if isinstance(node, dict):
            return {key: shape(value) for key, value in node.items()}
        if isinstance(node, list):
            return [shape(one) for one in node]
        return type(node).__name__

    def shaped(suffix: str) -> Any:
        results = stored(sample(2), lambda text: text + suffix)
        return shape(read(name, render(name, results)))

    assert shaped(f" x{hostile}x") == shaped(" x")


@pytest.mark.parametrize("name", MACHINES)
def test_size_grows_with_the_findings(name: str) -> None:
    sizes = [len(render(name, sample(number))) for number in (20, 40, 80)]
    assert sizes[2] - sizes[1] <= 2.1 * (sizes[1] - sizes[0])


@pytest.mark.parametrize("name", MACHINES)
def test_a_check_that_the_catalogue_lacks_is_told(name: str) -> None:
    results = sample(1)
    results["catalogue"]["checks"] = []
    assert "apim.ns-2.gateway-not-public" in render(name, results)


def everything(results: Results) -> set[str]:
    """The ids of all controls of all services."""
    return {control["id"] for service in results["services"] for control in service["controls"]}


@pytest.mark.parametrize("name", MACHINES)
def test_every_control_is_there(name: str) -> None:
    written = render(name, sample(1))
    for control_id in everything(sample(1)):
        assert control_id in written
