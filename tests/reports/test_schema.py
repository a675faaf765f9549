"""The published schema: it is what the types say, and what scans write keeps to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from jsonschema import Draft202012Validator

from auditor.audit import Options, Span, audit
from auditor.model import results as shapes
from auditor.model.evidence import Reason
from auditor.model.results import Results
from auditor.model.verdict import Severity, Source, Status
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import FIXTURES
from tests.reports.sample import sample

SCHEMA: dict[str, Any] = json.loads((files("reports") / "results.schema.json").read_text("utf-8"))
NOW = datetime(2026, 11, 21, tzinfo=UTC)
INPUTS = sorted(next(iter(sorted(folder.rglob("*.json")))) for folder in (FIXTURES / "controls").iterdir())
TYPES = {name: shape for name, shape in vars(shapes).items() if is_typeddict(shape)}
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(SCHEMA)
    return Draft202012Validator(SCHEMA)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def differences(kind: Any, node: dict[str, Any], where: str) -> Iterator[str]:
    """What an annotation and a schema say differently, all the way down."""
    node = resolved(node)
    origin = get_origin(kind)
    if origin is NotRequired:
        yield from differences(get_args(kind)[0], node, where)
    elif is_typeddict(kind):
        yield from _object_differences(kind, node, where)
    elif origin in (list, Sequence):
        if node.get("type") != "array":
            yield f"{where}: a list here, {node.get('type')} there"
        else:
            yield from differences(get_args(kind)[0], node["items"], f"{where}[]")
    elif origin is dict:
        if node.get("type") != "object":
            yield f"{where}: an object here, {node.get('type')} there"
        extra = node.get("additionalProperties", True)
        for name, one in [*node.get("properties", {}).items(), ("*", extra)]:
            if isinstance(one, dict) and get_args(kind)[1] is not Any:
                yield from differences(get_args(kind)[1], one, f"{where}/{name}")
    elif kind is not Any:
        members = get_args(kind) if origin in (Union, UnionType) else (kind,)
        expected = {PLAIN[member] for member in members}
        said = node.get("type")
        listed = node.get("enum", [node.get("const")])
        names = [PLAIN[type(one)] for one in listed] if said is None else said
        given = {names} if isinstance(names, str) else set(names)
        if given != expected:
            yield f"{where}: {expected} here, {given} there"


def _object_differences(kind: Any, node: dict[str, Any], where: str) -> Iterator[str]:
    hints = get_type_hints(kind, include_extras=True)
    if set(hints) != set(node["properties"]):
        yield f"{where}: {sorted(set(hints) ^ set(node['properties']))} are on one side only"
    required = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
    if required != set(node["required"]):
        yield f"{where}: {sorted(required ^ set(node['required']))} are required on one side only"
    if node.get("additionalProperties") is not False:
        yield f"{where}: other members are allowed"
    for name, hint in hints.items():
        if name in node["properties"]:
            yield from differences(hint, node["properties"][name], f"{where}/{name}")


def test_schema_and_types_are_in_step() -> None:
    assert list(differences(Results, SCHEMA, "results")) == []


def test_every_type_is_reached() -> None:
    """A type that nothing leads to would not be compared."""
    reached: set[str] = set()

    def walk(kind: Any) -> None:
        if is_typeddict(kind) and kind.__name__ not in reached:
            reached.add(kind.__name__)
            for hint in get_type_hints(kind, include_extras=True).values():
                walk(hint)
        for argument in get_args(kind):
            walk(argument)

    walk(Results)
    assert reached == set(TYPES)


@pytest.mark.parametrize(
    ("name", "words"), [("status", Status), ("severity", Severity), ("source", Source), ("reason", Reason)]
)
def test_closed_lists_are_the_models(name: str, words: Any) -> None:
    assert SCHEMA["$defs"][name]["enum"] == [word.value for word in words]


def test_every_status_and_source_is_counted() -> None:
    summary = SCHEMA["$defs"]["summary"]["properties"]
    assert summary["counts"]["required"] == [status.value for status in Status]
    assert summary["totals"]["required"] == [*(source.value for source in Source), "all"]


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_scans_keep_to_the_schema(path: Path) -> None:
    reading = read_paths([str(path)])
    results = audit(reading.inventory, catalogue(), Options(NOW), Span(NOW, NOW))
    # As a reader gets it: JSON, without tuples and enums.
    stored = json.loads(json.dumps(results))
    assert [f"{error.json_path}: {error.message}" for error in validator().iter_errors(stored)] == []


@pytest.mark.parametrize("number", [0, 1, 3])
def test_the_sample_keeps_to_the_schema(number: int) -> None:
    errors = validator().iter_errors(sample(number))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_the_schema_refuses() -> None:
    def refused(change: Any) -> bool:
        results: Any = sample(1)
        change(results["services"][0]["controls"][0]["features"][0]["findings"][0])
        return not validator().is_valid(results)

    assert refused(lambda finding: finding.update(status="passed"))
    assert refused(lambda finding: finding.update(details={"states": {}}))
    assert refused(lambda finding: finding.update(details={"kind": "caller-states"}))
    assert refused(lambda finding: finding.update(details={"kind": "fronts", "routes": [{}], "perhaps": 0}))
    assert refused(lambda finding: finding.update(more=1))
    assert refused(lambda finding: finding["subjects"].append(finding["subjects"][0]))
    assert refused(lambda finding: finding.pop("message"))
    assert not refused(lambda finding: finding.update(details={"kind": "another", "any": 1}))
