"""What ``--help`` looks like on a terminal of 80 columns."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.cli import main
from docs.generate import command_line, commands

EVERY = [name for name, _ in commands(command_line())]
GROUPS = [name for name, each in command_line().commands.items() if hasattr(each, "commands")]


@pytest.fixture
def helped(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")

    def call(name: str) -> str:
        with pytest.raises(SystemExit) as raised:
            main([*name.split(), "--help"])
        assert not raised.value.code
        return capfd.readouterr().out

    return call


@pytest.mark.parametrize("name", ["", *GROUPS])
def test_every_summary_stands_on_one_line_uncut(helped: Any, name: str) -> None:
    _, _, listed = helped(name).partition("Commands:\n")
    rows, _, _ = listed.partition("\n\n")
    assert rows
    for row in rows.splitlines():
        assert row.endswith(".")
        assert not row.endswith(("...", "…"))
        assert row[2] != " ", "a summary goes on in a second line"
        assert len(row) <= 80


@pytest.mark.parametrize("name", ["", *GROUPS, *EVERY])
def test_help_fits_and_names_no_type_of_the_program(helped: Any, name: str) -> None:
    text = helped(name)
    usage = text.partition("\n\n")[0]
    assert not set(usage) & set("{}<>")
    assert "...]..." not in usage
    for words in ("<list", "<str", "<path", "list[str]"):
        assert words not in text
    # Examples are to be copied, so they are not broken into lines.
    words, _, _ = text.partition("Examples:\n")
    assert max(map(len, words.splitlines())) <= 80


def test_usage_says_what_may_be_left_out(helped: Any) -> None:
    assert helped("scan").startswith("Usage: auditor scan [OPTIONS] [PATH...]\n")
    assert helped("policy effective").startswith("Usage: auditor policy effective [OPTIONS] PATH...\n")
    assert helped("config check").startswith("Usage: auditor config check [OPTIONS] [FILE]\n")
    assert helped("diff").startswith("Usage: auditor diff [OPTIONS] OLD NEW\n")
