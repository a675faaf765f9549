"""Snippets of a fix: which tool each is for, and that one of several can be looked at alone."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from reports.prose import language_of, prose

AZ, BICEP, TERRAFORM = (
    "```sh\naz apim list\n```\n",
    "```bicep\nvar a = 1\n```\n",
    "```terraform\na = 1\n```\n",
)
POLICY, SHELL = "```xml\n<base />\n```\n", "```sh\ncurl https://contoso.com\n```\n"


def folded(text: str) -> list[tuple[str, bool]]:
    """Every tool that can be unfolded, and whether it is open at first."""
    found = re.findall(r'<details class="tool"( open)?><summary>([\w ]+)</summary>\n<pre', prose(text))
    return [(tool, bool(is_open)) for is_open, tool in found]


def test_tools_that_follow_one_another_are_folded_but_for_the_first() -> None:
    expected = [("Azure CLI", True), ("Bicep", False), ("Terraform", False)]
    assert folded(AZ + "\n" + BICEP + "\n" + TERRAFORM) == expected
    in_a_list = "1. Do it:\n\n" + re.sub(r"(?m)^(?=.)", "   ", AZ + "\n" + BICEP)
    assert folded(in_a_list) == expected[:2]


@pytest.mark.parametrize(
    "text",
    [
        AZ,
        AZ + "\nor\n\n" + BICEP,
        AZ + "\n" + AZ,
        AZ + "\n" + POLICY,
        SHELL + "\n" + POLICY,
        SHELL + "\n" + AZ,
    ],
)
def test_what_is_no_choice_between_tools_is_not_folded(text: str) -> None:
    assert folded(text) == []
    assert prose(text).count("<pre data-lang=") == text.count("```") // 2


def test_each_run_has_one_that_is_open() -> None:
    run = AZ + "\n" + TERRAFORM
    assert folded(f"{run}\nOn the v2 tiers:\n\n{run}") == [("Azure CLI", True), ("Terraform", False)] * 2


def test_a_snippet_is_text_also_where_it_is_folded() -> None:
    shown = prose(AZ + "\n```bicep\n</code></pre></details><script>\n```\n")
    assert "<script" not in shown
    assert shown.count("</details>") == 2


def test_a_shell_that_calls_no_az_is_a_shell() -> None:
    assert language_of("sh", "curl https://contoso.com") == "Shell"
    assert language_of(" SH ", "id=$(az apim show)") == "Azure CLI"
    assert language_of("cobol", "az") == ""


def test_explain_names_the_tool_of_each_snippet() -> None:
    shown = CliRunner().invoke(app, ["explain", "apim.im-1.product-subscription"]).output
    lines = [line.strip() for line in shown.splitlines()]
    assert [line for line in lines if line in ("Azure CLI", "Bicep", "Terraform")] == [
        "Azure CLI",
        "Bicep",
        "Terraform",
    ]
