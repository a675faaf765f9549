"""Every labelled case on who is served is judged as it was labelled."""

from __future__ import annotations

import pytest

from auditor.apim.policy.authentication import authentication_verdict
from auditor.apim.policy.evaluate.frame import known_bindings
from auditor.apim.policy.scopes import Context
from auditor.apim.policy.tokens import assess
from tests.policy.authentication_cases import CASES, Case
from tests.policy.proving import effective, inbound
from tests.policy.token_cases import TOKEN_CASES, TokenCase


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_as_labelled(case: Case) -> None:
    policy = effective(inbound(case.body), case.named)
    found = authentication_verdict(policy, Context(key=case.key), known_bindings(**case.bound))
    weakest = found.weakest.name.lower() if found.weakest is not None else ""
    assert (str(found.standing), weakest if case.proof else "") == (case.standing, case.proof), found.reason


ORDER = ("fail", "weak", "unknown", "review")


@pytest.mark.parametrize("case", TOKEN_CASES, ids=lambda case: case.name)
def test_tokens_as_labelled(case: TokenCase) -> None:
    gate = assess(effective(inbound(case.text), case.named).reading.inbound[0])
    weights = {str(each.weight) for each in gate.problems}
    worst = next((weight for weight in ORDER if weight in weights), "sound")
    assert worst == case.weight, gate.problems
