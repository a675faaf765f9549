"""Running the command against the stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.cli import main


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as raised:
            main(arguments)
        out, err = capfd.readouterr()
        return Ran(int(raised.value.code or 0), out, err)

    return call
