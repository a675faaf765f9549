"""The pipeline examples: every command in them is one that this version takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from auditor.cli import app
from reports import FORMATS
from tests.conftest import ROOT

FOLDER = ROOT / "examples" / "ci"
FILES = sorted(FOLDER.iterdir())


def strings(node: Any) -> list[str]:
    """Every text in a document."""
    if isinstance(node, dict):
        return [text for value in node.values() for text in strings(value)]
    if isinstance(node, list):
        return [text for value in node for text in strings(value)]
    return [node] if isinstance(node, str) else []


def commands(path: Path) -> list[list[str]]:
    """The arguments of every call of the tool in a file."""
    text = path.read_text()
    lines = (
        [" ".join(line.lstrip("# ").split()) for line in text.splitlines()]
        if path.name == "Containerfile"
        else [line for found in strings(yaml.safe_load(text)) for line in found.splitlines()]
    )
    found = []
    for line in lines:
        at = re.search(r"(?:^|\s)auditor (scan|collect|report|diff)\b", line)
        if at:
            plain = re.sub(r"\$\{\{[^}]*\}\}|\$\w+", "NAME", line[at.start() :])
            found.append(shlex.split(plain)[1:])
    return found


def options_of(command: str) -> set[str]:
    """The options of a command."""
    group: Any = typer.main.get_command(app)
    return {name for each in group.commands[command].params for name in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_is_one_of_this_version(path: Path) -> None:
    found = commands(path)
    assert found, "the example audits nothing"
    for command, *arguments in found:
        known = options_of(command)
        for argument in arguments:
            if argument.startswith("--"):
                assert argument.partition("=")[0] in known, argument
        for position, argument in enumerate(arguments):
            if argument == "--report":
                assert arguments[position + 1].partition("=")[0] in FORMATS


def test_a_wrong_option_would_be_seen() -> None:
    assert "--repport" not in options_of("scan")
    assert "--report" in options_of("scan")


def test_the_page_names_every_example() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    for path in FILES:
        assert f"(../examples/ci/{path.name})" in page
