"""A reader who leaves early, ``| head`` say, changes nothing of how a run ends."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def ended_with(*arguments: str) -> tuple[int, str]:
    """The exit code and the errors of a run whose output nobody reads."""
    command = [sys.executable, "-m", "auditor", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    return process.wait(timeout=60), errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("scan", "examples/contoso-apim.json"), 1),
        (("scan", "examples/contoso-apim.json", "--fail-on", "none"), 0),
        (("scan", "examples/contoso-apim.json", "--report", "html=-"), 1),
        (("explain", "NS-2"), 0),
        (("controls",), 0),
        (("explain", "no-such-check"), 2),
        (("--help",), 0),
    ],
)
def test_the_code_is_that_of_the_run(arguments: tuple[str, ...], code: int) -> None:
    ended, errors = ended_with(*arguments)
    assert ended == code, errors
    assert "Broken" not in errors
    assert "Traceback" not in errors


def test_an_unreadable_input_still_ends_with_4(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text('{"value": [')
    assert ended_with("scan", str(path))[0] == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [("scan", "examples/contoso-apim.json", "-q"), ("explain", "NS-2")])
def test_a_full_disk_is_said_and_is_no_pass(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "auditor", *arguments]
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(  # noqa: S603
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
        )
    assert process.returncode == 2
    assert process.stderr.splitlines()[-1].startswith("auditor: standard output cannot be written: ")
    assert "Traceback" not in process.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("closed", "arguments", "code"),
    [
        (">&-", "scan examples/contoso-apim.json", 1),
        (">&-", "scan examples/contoso-apim.json -q --report md=-", 1),
        (">&-", "--version", 0),
        ("2>&-", "scan examples/contoso-apim.json -q", 1),
        ("2>&-", "explain no-such-check", 2),
        (">&- 2>&-", "scan examples/contoso-apim.json", 1),
        ("<&-", "scan -", 4),
        ("<&-", "report -", 4),
    ],
)
def test_a_stream_that_is_closed_from_the_start_changes_no_code(
    closed: str, arguments: str, code: int
) -> None:
    command = f"exec {shlex.quote(sys.executable)} -m auditor {arguments} {closed}"
    process = subprocess.run(  # noqa: S602 - the shell closes what subprocess cannot leave closed
        command, shell=True, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert process.returncode == code, process.stderr
    assert "Traceback" not in process.stderr
    assert "internal error" not in process.stderr


@pytest.mark.parametrize("columns", ["0", "1", "80", "99999999", "-3", "abc"])
def test_any_width_is_a_width(columns: str) -> None:
    command = [sys.executable, "-m", "auditor", "controls"]
    process = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, cwd=ROOT, check=False, env={**os.environ, "COLUMNS": columns}
    )
    assert process.returncode == 0, process.stderr
    longest = max(map(len, process.stdout.splitlines()))
    assert 40 <= longest <= 1000
    if columns == "80":
        # Names of checks are to be copied.
        assert longest == 80
        assert " token-validation-sound " in process.stdout
