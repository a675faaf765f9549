"""Every rule on policies has a number, a check that says it, and a case in which it speaks."""

from __future__ import annotations

import functools
from typing import Any

from auditor.apim.policy.issues import Rule
from controls import catalogue
from controls.policy_rules import HOMES
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of

CHECKS = {check.id: check for check in catalogue().checks}


def test_every_rule_stands_in_the_table_once() -> None:
    assert [row.rule for row in HOMES] == list(Rule)
    assert [row.number for row in HOMES] == [f"P{number:02}" for number in range(1, 55)]


def test_every_rule_speaks_to_a_control_that_its_check_counts_for() -> None:
    for row in HOMES:
        check = CHECKS[row.home]
        counted = {check.control, *(each.partition(":")[0] for each in check.also)} | set(check.filed)
        assert counted & set(row.controls), row


@functools.cache
def spoken() -> frozenset[tuple[str, str]]:
    """Which checks said which rules, over the fixtures of the checks that are home to some."""
    homes = {row.home for row in HOMES}
    found = set()
    for home in sorted(homes):
        _, control, slug = home.split(".")
        for path in sorted((FIXTURES / "controls" / control / slug).glob("*.json")):
            for finding in findings(inventory_of(path), [CHECKS[home]]):
                details: Any = finding.details or {}
                told = [each["rule"] for each in details.get("statements", ())] + details.get("rules", [])
                found |= {(home, rule) for rule in told}
    return frozenset(found)


def test_every_rule_that_shares_its_check_is_named_by_some_fixture() -> None:
    shared = [row for row in HOMES if sum(other.home == row.home for other in HOMES) > 1]
    assert [row.number for row in shared if (row.home, str(row.rule)) not in spoken()] == []


def test_no_check_names_a_rule_that_lives_elsewhere() -> None:
    home_of = {str(row.rule): row.home for row in HOMES}
    assert [(home, rule) for home, rule in spoken() if home_of[rule] != home] == []
