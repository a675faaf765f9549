"""Inputs made to be slow or to go deep: time grows with the input, and depth ends no run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UnreadableError
from auditor.sources import read_paths
from auditor.sources.jsontext import JsonDocument
from tests.auditing import audited, child, declared, observed, statuses, template

SLOW: dict[str, Callable[[int], str]] = {
    "escaped quotes": lambda n: '"\\' * n,
    "open quotes": lambda n: '["' + '\\"' * n,
    "open comments": lambda n: "[" + "/* " * n,
    "commas and open comments": lambda n: "[1" + ",/* " * n,
    "commas and comments": lambda n: "[1" + ",/**/" * n,
    "commas and lines": lambda n: "[1" + ",//\n" * n,
    "commas and space": lambda n: "[1" + (", " + " " * 100) * (n // 100),
    "slashes": lambda n: "[1," + "/" * n,
    "brackets": lambda n: "[1," + "]" * n,
}


def parse(text: str) -> float:
    start = time.process_time()
    with pytest.raises(UnreadableError):
        JsonDocument("x", text)
    return time.process_time() - start


@pytest.mark.parametrize("kind", SLOW)
def test_what_is_not_json_is_told_in_linear_time(kind: str) -> None:
    # A quadratic reading of the same takes minutes.
    assert parse(SLOW[kind](300_000)) < 10


def test_what_is_not_closed_is_told_where_it_began() -> None:
    with pytest.raises(UnreadableError) as raised:
        JsonDocument("x", '{"a": 1,\n  /* open')
    assert (raised.value.line, raised.value.column) == (2, 3)
    with pytest.raises(UnreadableError) as raised:
        JsonDocument("x", '{"a": 1,\n  "open')
    assert (raised.value.line, raised.value.column) == (2, 3)


def nested(depth: int, leaf: str, shape: str) -> str:
    opening, closing = {"objects": ('{"a":', "}"), "arrays": ("[", "]")}[shape]
    return opening * depth + leaf + closing * depth


@pytest.mark.parametrize("shape", ["objects", "arrays"])
@pytest.mark.parametrize("depth", [90, 150, 400, 700, 960, 5_000, 100_000])
@pytest.mark.parametrize("member", ["customProperties", "hostnameConfigurations", "certificates"])
@pytest.mark.parametrize("make", [lambda **p: template(declared(**p)), observed])
def test_depth_ends_no_run(
    tmp_path: Path, shape: str, depth: int, member: str, make: Callable[..., Any]
) -> None:
    written = json.dumps(make(**{member: "@"}))
    documents = [written.replace('"@"', nested(depth, leaf, shape)) for leaf in ("1", "2")]
    found = statuses(audited(tmp_path, *documents))
    assert "error" not in found.values()


def test_services_without_known_names_take_linear_time(tmp_path: Path) -> None:
    services = [{**declared(), "name": f"[parameters('x{index}')]"} for index in range(1_000)]
    apis = [
        {**child("apis", "a"), "name": f"[concat(parameters('x{index}'), '/a')]"} for index in range(1_000)
    ]
    path = tmp_path / "in.json"
    path.write_text(json.dumps(template(*services, *apis)), encoding="utf-8")
    start = time.process_time()
    inventory = read_paths([str(path)]).inventory
    assert time.process_time() - start < 5
    assert len(inventory.listings) == len(inventory.services) == 1_000
