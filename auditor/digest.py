"""The digest of what a finding rests on, to which a waiver can be bound.

It is made of the values that were read and their pointers, not of lines, files or the words of a message, so
that it stays the same when an input is reformatted or exported again. Of a secret it takes what a report
prints in its place (kind, length band): nothing of the secret, and not the number of its class, which depends
on what else is in the input. What was concluded of policies, whose text is sealed, it takes from the
finding's ``details``.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from auditor.engine import Finding
from auditor.model.verdict import Status

VERSION = "v1"
"""Changes when the same values would give another digest."""
OF = frozenset({Status.FAIL, Status.MANUAL})
"""The statuses that can be waived: others need no digest."""
_PROSE = frozenset({"line", "column", "says", "decided_by", "notes", "transport", "reason"})
"""Members of details that hold places or words, which a newer version may put differently."""
_ENCODE = json.JSONEncoder(sort_keys=True).encode
_ACCOUNT = re.compile(r"\(account \d+\)")


def evidence_digest(finding: Finding) -> str:
    """The digest of a finding's check, item, status, severity, values and details: ``v1-`` and 32 digits.

    The severity is that of the verdict where it differs from the check's own, so that a certificate that ran
    out is not covered by what was said while it was about to.
    """
    worse = finding.severity.value if finding.severity is not finding.check.severity else ""
    rests_on = sorted(
        {
            (entry.resource.key.casefold(), entry.pointer, _ENCODE(_plain(entry.value)))
            for entry in finding.evidence
        }
    )
    whole = [finding.check.id, finding.item.casefold(), finding.status.value, worse, rests_on]
    text = _ENCODE([*whole, _concluded(finding.details)])
    text = _ACCOUNT.sub("(account)", text)
    return f"{VERSION}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _plain(value: Any) -> Any:
    """A value as JSON; what stands for a secret or an expression, as it is printed."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _concluded(value: Any) -> Any:
    """Details without places and prose; lists without order, for policies are walked in the input's order."""
    if isinstance(value, dict):
        return {str(key): _concluded(item) for key, item in value.items() if key not in _PROSE}
    if isinstance(value, (list, tuple, set, frozenset)):
        return sorted((_concluded(item) for item in value), key=_ENCODE)
    return _plain(value)
