"""The fixes that the project proposes are real, and they turn the verdict.

Every snippet of a Fix section is read with a parser of its language, held against a table of what its tool
knows, put into the failing fixtures of its check, and judged.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Finding
from auditor.model.check import Check
from auditor.model.verdict import Status
from controls import catalogue
from tests.conftest import FIXTURES
from tests.controls.remedies import az, bicep, placing, terraform
from tests.controls.remedies.snippets import Change, SnippetError, fences, inline_commands, snippets
from tests.controls.remedies.spoiling import spoiled
from tests.controls.remedies.tables import VERSIONS, of_check, table
from tests.judging import findings, inventory_of, status_of

CATALOGUE = catalogue()
CHECKS = {check.id: check for check in CATALOGUE.checks}
DEPLOYED = ("az", "bicep", "terraform")
"""Tools that set properties, as opposed to the text of a policy."""


def control_of(check: Check) -> str:
    return check.control.lower()


def failing(check: Check) -> list[Path]:
    return sorted((FIXTURES / "controls" / control_of(check) / check.slug).glob("fail--*.json"))


def tools_of(check: Check) -> list[str]:
    """The tools that the Fix has a snippet for which sets something; reading commands of az set nothing."""
    found = {tool for tool, _ in fences(CATALOGUE.words(check))}
    if (
        "az" in found
        and not changes_of(check, "az")
        and "az" not in of_check(*where(check)).get("untried", {})
    ):
        found.remove("az")
    return sorted(found)


def where(check: Check) -> tuple[str, str]:
    return control_of(check), check.slug


def changes_of(check: Check, tool: str) -> list[Change]:
    said = table(control_of(check))
    names = said.get("names", {})
    read: dict[str, Callable[[str], list[Change]]] = {
        "az": lambda text: az.changes_of(text, said.get("az", {}), names),
        "bicep": lambda text: bicep.changes_of(text, names),
        "terraform": lambda text: terraform.changes_of(text, said.get("terraform", {}), names),
    }
    return [change for text in snippets(CATALOGUE.words(check), tool) for change in read[tool](text)]


def tried() -> list[tuple[Check, str]]:
    """Every check with each tool whose snippet has to turn its verdict."""
    found = []
    for check in CATALOGUE.checks:
        said = of_check(*where(check))
        if "unproven" in said:
            continue
        tools = {tool for tool, _ in fences(CATALOGUE.words(check))} - set(said.get("untried", {}))
        found += [(check, tool) for tool in sorted(tools)]
    return found


@pytest.mark.parametrize(("check", "tool"), tried(), ids=lambda value: getattr(value, "id", value))
def test_the_fix_turns_the_verdict(check: Check, tool: str, tmp_path: Path) -> None:
    said = of_check(*where(check))
    wanted, _, why = said.get("becomes", {}).get(tool, "pass: it is the rule").partition(": ")
    assert why, "a status other than pass needs its reason"
    if tool == "policy":
        wholes = said.get("replaces", [])
        for index, text in enumerate(snippets(CATALOGUE.words(check), tool)):
            replaces = (wholes[index] if index < len(wholes) else "") or None
            if replaces and replaces.startswith("- "):
                continue
            for example, real in table(control_of(check)).get("texts", {}).items():
                text = text.replace(example, real)
            place = functools.partial(placing.with_policy, snippet=text, replaces=replaces)
            assert wanted in statuses(check, tmp_path, place)
        return
    changes = changes_of(check, tool)
    if not changes and tool == "az":
        assert len(tools_of(check)) > 0, "its commands set nothing: say in the table why it is not proven"
        return
    place = functools.partial(
        placing.applied, changes=changes, adds=said.get("adds", False), removes=said.get("removes", [])
    )
    assert wanted in statuses(check, tmp_path, place)
    for shows in said.get("turns", {}).get(tool, []):
        one = [path for path in failing(check) if path.stem == f"fail--{shows}"]
        assert wanted in statuses(check, tmp_path, place, one), shows
    rests = (
        wanted in statuses(check, tmp_path, place, [path])
        and wanted not in statuses(check, tmp_path, functools.partial(place, changes=wrong), [path])
        for path in failing(check)
        for wrong in spoiled(changes)
    )
    assert any(rests), "the verdict turns whatever the snippet sets"


def statuses(
    check: Check, folder: Path, fix: Callable[[Any], Any], paths: list[Path] | None = None
) -> dict[str, str]:
    """What the check says, after the fix, of what failed in each of its fixtures: status -> where and why."""
    found: dict[str, str] = {}
    for path in failing(check) if paths is None else paths:
        try:
            fixed = fix(json.loads(path.read_text(encoding="utf-8")))
        except placing.NoPlaceError:
            continue
        failed = {key(finding) for finding in judged(path, check.id) if finding.status is Status.FAIL}
        after = placing.judged(fixed, path, folder, check.id)
        mended = [finding for finding in after if key(finding) in failed] or after
        status = Status.FAIL if Status.FAIL in {f.status for f in after} else status_of(mended)
        told = "; ".join(f.message for f in after if f.status is not Status.PASS)
        found[status.value] = f"{path.name}: {told}"
    return found


def key(finding: Finding) -> tuple[str, str]:
    return finding.resource.key, finding.item


@functools.cache
def judged(path: Path, check_id: str) -> tuple[Finding, ...]:
    return tuple(findings(inventory_of(path), [CHECKS[check_id]]))


@pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda check: check.id)
def test_a_check_is_proven_or_says_why_not(check: Check) -> None:
    said = of_check(*where(check))
    tools = tools_of(check)
    if "unproven" in said:
        assert said["unproven"]
        assert not set(said) - {"unproven", "without"}
        return
    assert failing(check), "nothing fails in it: say in the table why it is not proven"
    assert set(tools) - set(said.get("untried", {})), "no snippet sets anything, and the table says no reason"
    if set(tools) & set(DEPLOYED):
        missing = set(DEPLOYED) - set(tools)
        assert missing == set(said.get("without", {})), "a tool has no snippet, or has one and a reason"


@pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda check: check.id)
def test_commands_are_those_that_were_checked(check: Check) -> None:
    words = CATALOGUE.words(check)
    found = [command for text in snippets(words, "az") for command in az.commands(text)]
    found += [command for text in inline_commands(words) for command in az.commands(text)]
    az.checked(found, table(control_of(check)).get("az", {}))


@pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda check: check.id)
def test_snippets_can_be_read(check: Check) -> None:
    """Those that are not tried on fixtures too: parsed, and every name in them known."""
    for tool in DEPLOYED:
        for change in changes_of(check, tool):
            provider = change.type.partition("/")[0]
            assert not change.version or change.version in VERSIONS[provider], change


@pytest.mark.parametrize("control", sorted({control_of(check) for check in CATALOGUE.checks}))
def test_tables_speak_of_what_is_there(control: str) -> None:
    said = table(control)
    slugs = {check.slug for check in CATALOGUE.checks if control_of(check) == control}
    assert set(said["checks"]) <= slugs
    own = [CATALOGUE.words(c) for c in CATALOGUE.checks if control_of(c) == control]
    used = [c for words in own for text in snippets(words, "az") for c in az.commands(text)]
    used += [c for words in own for text in inline_commands(words) for c in az.commands(text)]
    assert set(said.get("az", {})) == {command.name for command in used}
    kinds = {
        k for words in own for text in snippets(words, "terraform") for k, _ in terraform.resources(text)
    }
    assert set(said.get("terraform", {})) == kinds - terraform.AZAPI


class TestWrongFixesAreNoticed:
    """The proof itself can fail: a wrong value, a wrong member and an unknown name are each found."""

    CHECK = CHECKS["apim.dp-3.api-encrypted-protocols"]
    SNIPPET = """
resource orders 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  properties: { protocols: ['https'] }
}
"""

    def outcome(self, text: str, folder: Path) -> set[str]:
        changes = bicep.changes_of(text, {})
        return set(statuses(self.CHECK, folder, lambda body: placing.applied(body, changes, False, [])))

    def test_the_right_one(self, tmp_path: Path) -> None:
        assert "pass" in self.outcome(self.SNIPPET, tmp_path)

    @pytest.mark.parametrize(
        ("old", "new"), [("https", "http"), ("protocols", "protocol"), ("/apis", "/backends")]
    )
    def test_a_wrong_one(self, old: str, new: str, tmp_path: Path) -> None:
        assert "pass" not in self.outcome(self.SNIPPET.replace(old, new), tmp_path)

    @pytest.mark.parametrize(
        ("old", "new"), [("'https'", "https"), ("['https']", "['https'"), ("'https'", "f('x')")]
    )
    def test_one_that_is_not_bicep_or_says_what_nobody_knows(self, old: str, new: str) -> None:
        with pytest.raises(SnippetError):
            bicep.changes_of(self.SNIPPET.replace(old, new), {})

    @pytest.mark.parametrize("text", ["resource x {", 'resource "a" "b" { c = 1 }', 'variable "v" {}'])
    def test_terraform_that_is_not_known(self, text: str) -> None:
        with pytest.raises(SnippetError):
            terraform.changes_of(text, {"azurerm_api_management": {}}, {})

    @pytest.mark.parametrize("text", ["az apim nonsense", "az apim api update --protocol https"])
    def test_commands_that_are_not_known(self, text: str) -> None:
        with pytest.raises(SnippetError):
            az.checked(az.commands(text), {"apim api update": {"--protocols": ""}})
