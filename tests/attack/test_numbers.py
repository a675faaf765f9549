"""Numbers that JSON does not have, or that no machine holds: not known, and never a crash or a pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.model.evidence import Log, Undetermined
from auditor.model.inventory import Input, InputKind, Inventory, Origin, Resource
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from controls import catalogue
from tests.auditing import audited, observed
from tests.conftest import NOW

ODD = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1" + "0" * 400,
    '"NaN"',
    '"inf"',
    '"1e400"',
    "true",
]


@pytest.mark.parametrize("written", ODD)
def test_no_such_number_is_known(written: str) -> None:
    value = json.loads(written)
    where = Resource("/x/y", "x/y", {"n": value}, Origin(""), Input("f", InputKind.REST))
    subject = Subject(Audit(Inventory([where]), catalogue().knowledge, NOW), where, Log())
    with pytest.raises(Undetermined):
        subject.number("/n")


@pytest.mark.parametrize("written", ODD[:6])
def test_the_stored_result_is_json_all_the_same(tmp_path: Path, written: str) -> None:
    text = json.dumps(observed(publicNetworkAccess="@", virtualNetworkType="@")).replace('"@"', written)
    path, stored = tmp_path / "in.json", tmp_path / "out.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as raised:
        main(["scan", str(path), "--quiet", "--report", f"json={stored}"])
    assert raised.value.code in (1, 3)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    results = json.loads(stored.read_text(encoding="utf-8"), parse_constant=refuse)
    assert results["summary"]["counts"]["error"] == 0


def test_a_number_in_a_flag_does_not_lose_the_file(tmp_path: Path) -> None:
    assert audited(tmp_path, json.dumps(observed()).replace('"capacity": 1', '"capacity": NaN'))["services"]
