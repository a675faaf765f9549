"""What the tests share: the moment of every audit, and an audit of one file as a user would run it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.cli import main
from tests.arm_server.fixtures import arm, start_arm

__all__ = ["arm", "start_arm"]

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
"""Every test's clock: fixtures hold dates that are meant against it."""


def corpus_path() -> Path | None:
    """The folder of real inputs, from AUDITOR_CORPUS or beside the project; None where there is none."""
    given = os.environ.get("AUDITOR_CORPUS")
    path = Path(given) if given else ROOT.parent / "shared" / "data" / "corpus"
    return path if path.is_dir() else None


@pytest.fixture(scope="session")
def corpus() -> Path:
    path = corpus_path()
    if path is None:
        pytest.skip("no real inputs here: set AUDITOR_CORPUS to a folder that holds them")
    return path


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process."""

    def call(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as raised:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(int(raised.value.code or 0), out, err)

    return call
