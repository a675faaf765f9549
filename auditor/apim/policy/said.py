"""What rules on effective policies say: of one statement of what runs, in words of our own."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.statements import Statement


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said of one statement of an effective policy."""

    rule: Rule
    weight: Weight
    says: str
    """What is so, without a full stop; it quotes nothing of a policy."""
    statement: Statement
