"""Whether a policy document uses the managed identity of the service.

Sources: "Authenticate with managed identity" policy; "Get authorization context" policy (``identity-type``
``managed`` signs in to the credential manager with it).
"""

from __future__ import annotations

from auditor.apim.policy.scopes import Library
from auditor.apim.policy.tree import Document, Element


def signs_in(document: Document, library: Library) -> bool | None:
    """Whether it does, by itself or in a fragment it includes; None where what was not read may."""
    answers = [_uses(each) for each in document.walk()]
    complete = document.sound
    for include in (each for each in document.walk() if each.name == "include-fragment"):
        found = library.fragment(include.word("fragment-id") or "")
        if isinstance(found, Document):
            answers += [_uses(each) for each in found.walk()]
            complete = complete and found.sound
        else:
            complete = False
    if True in answers:
        return True
    return False if complete and None not in answers else None


def _uses(element: Element) -> bool | None:
    if element.name == "get-authorization-context":
        # It is managed where nothing else is said.
        kind = "managed" if element.get("identity-type") is None else element.word("identity-type")
        return kind.casefold() == "managed" if kind is not None else None
    return element.name == "authentication-managed-identity"
