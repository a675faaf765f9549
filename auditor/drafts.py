"""Entries for a finding, ready to be filled in: what a person has to decide is left empty."""

from __future__ import annotations

import json

from auditor.model.results import FindingJson
from auditor.selectors import Place


def waiver_draft(service: Place, finding: FindingJson) -> str:
    """A waiver for a finding as YAML, bound to its evidence."""
    kinds = "risk-accepted, compensating-control or false-positive"
    lines = [*_selector(service, finding), f"    kind:      # {kinds}", "    reason:", "    owner:"]
    lines.append("    expires:   # last day, such as 2027-03-31")
    if "evidence_digest" in finding:
        lines.append(f"    evidence: {finding['evidence_digest']}   # lapses when the evidence changes")
    return "\n".join(lines)


def attestation_draft(service: Place, finding: FindingJson) -> str:
    """An attestation for a finding as YAML."""
    lines = [*_selector(service, finding), "    verdict:   # pass or fail", "    statement:", "    by:"]
    return "\n".join([*lines, "    date:      # the day it was found out", "    expires:   # last day"])


def _selector(service: Place, finding: FindingJson) -> list[str]:
    subject = finding["subjects"][0]
    message = " ".join(finding["message"].split())
    # What stands behind a comment's mark ends with the line, whatever is in it.
    lines = [
        f"  # {finding['status']}, {finding['severity']}: {json.dumps(message, ensure_ascii=True)[1:-1]}",
        f"  - check: {finding['check']}",
        f"    service: {_quoted(service.name)}",
    ]
    head = service.id.casefold() + "/"
    if subject["id"].casefold().startswith(head):
        lines.append(f"    resource: {_quoted(subject['id'][len(head) :])}")
    elif subject["id"].casefold() != service.id.casefold():
        lines.append(f"    resource: {_quoted(subject['id'])}")
    if "item" in subject:
        lines.append(f"    item: {_quoted(subject['item'])}")
    return lines


def _quoted(text: str) -> str:
    """A text as a double-quoted scalar of YAML.

    JSON's strings are, but for pairs of surrogates. Half a pair has no spelling: a star stands for it, which
    matches it.
    """
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "*"
    if character.isprintable():
        return character
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
