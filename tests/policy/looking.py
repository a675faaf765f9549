"""What rules on effective policies say of one document as an API's policy, for tests."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.apim.composed import Look
from auditor.apim.policy.compose import Composer
from auditor.apim.policy.issues import Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import Library, NamedText, Place, Policies, Read, Scope
from tests.policy.proving import API, inbound

Heard = list[tuple[str, str, str]]


def heard(
    look: Look,
    text: str,
    named_values: Mapping[str, NamedText] | None = None,
    held: Mapping[str, Read] | None = None,
) -> Heard:
    """Rule, weight and statement of everything that is not fine."""
    document = read(text if "<policies>" in text else inbound(text))
    policies = Policies({Place(Scope.API, API.id): document}, Library(held or {}, named_values or {}))
    prover = Prover(Composer(policies))
    said = look(prover.composer.effective(API).reading, {}, prover)
    return [
        (str(each.rule), str(each.weight), each.statement.name)
        for each in said
        if each.weight is not Weight.FINE
    ]


def weights(
    look: Look,
    text: str,
    named_values: Mapping[str, NamedText] | None = None,
    held: Mapping[str, Read] | None = None,
) -> list[str]:
    """The weights alone."""
    return [weight for _, weight, _ in heard(look, text, named_values, held)]


def looked_at(look: Look, text: str) -> int:
    """How many statements were looked at."""
    policies = Policies({Place(Scope.API, API.id): read(inbound(text))})
    prover = Prover(Composer(policies))
    return len(look(prover.composer.effective(API).reading, {}, prover))
