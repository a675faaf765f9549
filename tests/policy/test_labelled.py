"""Labelled policies: each one's verdict was written down before the program was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.policy.proving import certificate, labelled

OWN = FIXTURES / "policies" / "labelled"
SAMPLES = list(labelled(OWN))


@pytest.mark.parametrize(("name", "verdict", "text"), SAMPLES, ids=[row[0] for row in SAMPLES])
def test_sample(name: str, verdict: str, text: str) -> None:
    found = certificate(text)
    assert found.verdict == verdict, f"{name}: {found.reason}"


def test_every_sample_has_a_label() -> None:
    assert {path.name for path in OWN.glob("*.xml")} == {name for name, _, _ in labelled(OWN)}


def test_samples_from_elsewhere(corpus: Path) -> None:
    found = {name: (str(certificate(text).verdict), verdict) for name, verdict, text in _corpus(corpus)}
    assert found
    assert {name: each for name, each in found.items() if each[0] != each[1]} == {}


def _corpus(corpus: Path) -> list[tuple[str, str, str]]:
    folder = corpus / "policies" / "labelled"
    if not folder.is_dir():
        pytest.skip("no labelled policies among the real inputs")
    return list(labelled(folder))
