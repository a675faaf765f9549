"""A stored result that was changed or cut is an input that cannot be read, not a crash."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main


@pytest.mark.parametrize("format_", ["html", "md", "json"])
@pytest.mark.parametrize(
    "stored",
    [
        {"schema_version": 1, "services": 5},
        {"schema_version": 1, "services": [{}], "run": {}, "summary": {}},
        {"schema_version": 1, "services": [], "run": [], "summary": None, "catalogue": {}, "withheld": 0},
        "[" * 100_000,
        "{",
        [],
    ],
)
def test_it_is_said_in_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], stored: Any, format_: str
) -> None:
    path = tmp_path / "results.json"
    path.write_text(stored if isinstance(stored, str) else json.dumps(stored), encoding="utf-8")
    with pytest.raises(SystemExit) as raised:
        main(["report", str(path), "--format", format_])
    said = capfd.readouterr().err.splitlines()
    assert raised.value.code == 4
    assert len(said) == 1
    assert re.match(rf"auditor: {re.escape(str(path))}(:\d+:\d+)?: ", said[0])
