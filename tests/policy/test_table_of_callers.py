"""The table of callers that ``auditor explain`` shows is what the proof says."""

from __future__ import annotations

import pytest

from controls import catalogue
from tests.policy.proving import CERT, PIN, certificate, inbound, when

POLICIES = {
    "identity, all defaults": f'<validate-client-certificate><identities><identity thumbprint="{PIN}"/>'
    "</identities></validate-client-certificate>",
    "no identities": "<validate-client-certificate/>",
    "thumbprint only": when(f'{CERT} == null || {CERT}.Thumbprint != "{PIN}"'),
    "Verify() only": when(f"{CERT} == null || !{CERT}.Verify()"),
    "== null only": when(f"{CERT} == null"),
    "ignore-error": '<validate-client-certificate ignore-error="true"/>',
}


def rows() -> dict[str, list[str]]:
    notes = catalogue().control("IM-4").words["certificate-validated"].notes
    table = notes.partition("```text\n")[2].partition("```")[0].splitlines()
    return {line[:23].strip(): line[23:].split() for line in table[1:]}


def test_every_row_is_proved() -> None:
    assert rows().keys() == POLICIES.keys()


@pytest.mark.parametrize("name", POLICIES)
def test_a_row_is_what_the_proof_says(name: str) -> None:
    assert list(certificate(inbound(POLICIES[name])).states.values()) == rows()[name]
