"""What the rules on single documents say of a policy, for tests."""

from __future__ import annotations

from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.reader import read
from auditor.apim.policy.rules import examine
from auditor.apim.policy.scopes import Library, NamedText, Secret
from auditor.apim.policy.sheets import Sheet

SECRET = Secret()


def said(text: str, rule: Rule, **named_values: NamedText) -> list[Weight]:
    """The weights of a rule's issues, in order; ``text`` is an inbound section unless it is a document."""
    root = text.lstrip().split(">", 1)[0].split()[0]
    whole = root in {"<policies", "<fragment", "<http-data-source"}
    document = read(text if whole else f"<policies><inbound>{text}</inbound></policies>")
    assert document.sound, document.diagnostics
    names = {name.replace("_", "-"): value for name, value in named_values.items()}
    found = examine(Sheet(document, Library(named_values=names)))
    return [issue.weight for issue in found if issue.rule is rule]
