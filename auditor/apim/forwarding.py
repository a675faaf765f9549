"""Whether requests are passed on to their backend, and whether backend sections are as they should be.

Without a ``forward-request`` in the effective backend section no request leaves the gateway, and the
caller gets an empty answer. Sources: "Forward request" (by default at global scope; without it the
request is not forwarded), "Set or edit Azure API Management policies" (the backend section holds one
statement).
"""

from __future__ import annotations

from auditor.apim.chains import Chain, Chains, chains_of
from auditor.apim.libraries import document_of
from auditor.apim.policy.compose import Reading
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.losses import always_answers
from auditor.apim.policy.scopes import Place, Scope
from auditor.apim.policy.statements import BASE, UNKNOWN
from auditor.apim.policy.tree import Document, Element, Kind
from auditor.apim.written import Found, Written
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject

_REMEDY = "put the policies of every scope and the fragments into the input"


def forwarding(scope: Subject) -> Written:
    """What is said of the backend sections of a scope; worked out once."""
    address = ("auditor.apim.forwarding.forwarding", scope.key, "")
    known = scope.audit.memo.get(address)
    if not isinstance(known, Written):
        known = scope.audit.memo[address] = _forwarding(chains_of(scope))
    return known


def _forwarding(chains: Chains) -> Written:
    found: dict[tuple[Place, Issue], None] = {}
    gaps: dict[Gap, None] = dict.fromkeys(chains.gaps)
    holders: dict[Place, Subject] = {}
    seen: set[Place] = set()
    for chain in chains.chains:
        for place in chain.places[: chain.own]:
            if place not in seen:
                seen.add(place)
                _single(chains, place, found, gaps)
        if chain.own and chain.places[0].scope in {Scope.API, Scope.OPERATION}:
            _effective(chains, chain, found, gaps)
            # What reaches the backend rests on the documents above, too.
            for place in chain.places:
                _holder(chains, place, holders)
    told = []
    for place, issue in found:
        told.append(Found(issue, _holder(chains, place, holders)))
    return Written(tuple(told), (chains.asked(), *holders.values()), tuple(gaps))


def _holder(chains: Chains, place: Place, holders: dict[Place, Subject]) -> Subject:
    if place not in holders:
        holders[place] = chains.holder(place)
        document_of(holders[place])
    return holders[place]


def _single(
    chains: Chains, place: Place, found: dict[tuple[Place, Issue], None], gaps: dict[Gap, None]
) -> None:
    """A document's own section: one statement, no more."""
    read = chains.composer.policies.documents[place]
    if not isinstance(read, Document) or read.kind is not Kind.POLICIES or not read.sound:
        gaps[_gap(f"the {chains.words(place)}")] = None
        return
    section = read.section("backend")
    if section is None:
        return
    count = len(section.elements)
    if count > 1:
        text = f"holds {count} statements, where API Management takes one"
        found[place, _issue(Weight.WEAK, text, section)] = None
    elif place.scope not in {Scope.API, Scope.OPERATION}:
        found[place, _issue(Weight.FINE, "holds one statement at most", section)] = None


def _effective(
    chains: Chains, chain: Chain, found: dict[tuple[Place, Issue], None], gaps: dict[Gap, None]
) -> None:
    """What a chain of documents does with a request."""
    effective = chains.effective(chain.places)
    place = chain.places[0]
    section = _section(chains, place)
    if section is None or effective.doubts:
        gaps[_gap(f"what forwards the requests that the {chains.words(place)} is for")] = None
        return
    inherits = _default(chains, chain)
    answers = {_forwards(reading) or inherits for reading in effective.readings}
    if None in answers or (False in answers and any(_unread(reading) for reading in effective.readings)):
        gaps[_gap(f"what forwards the requests that the {chains.words(place)} is for")] = None
    elif answers == {True}:
        found[place, _issue(Weight.FINE, "requests are forwarded or answered", section)] = None
    elif answers == {False}:
        text = "nothing forwards the request, so the backend is never called and callers get an empty answer"
        found[place, _issue(Weight.WEAK, text, section)] = None
    else:
        text = (
            "whether anything forwards the request depends on what a missing section inherits: not documented"
        )
        found[place, _issue(Weight.REVIEW, text, section)] = None


def _section(chains: Chains, place: Place) -> Element | None:
    """The backend section of a document, or the document where it has none; None where it was not read."""
    read = chains.composer.policies.documents[place]
    if not isinstance(read, Document) or read.kind is not Kind.POLICIES or not read.sound:
        return None
    return read.section("backend") or read.root


def _forwards(reading: Reading) -> bool:
    """Whether a request is passed on on some path, or gets an answer of the gateway's own."""
    backend = {each.name for top in reading.backend for each in top.walk()}
    outbound = {each.name for top in reading.outbound for each in top.walk()}
    # An outbound section that writes a body answers in the backend's place.
    return (
        "forward-request" in backend
        or bool(outbound & {"set-body", "return-response", "mock-response"})
        or always_answers((*reading.inbound, *reading.backend))
    )


def _unread(reading: Reading) -> bool:
    return any(each.name == UNKNOWN for top in (*reading.inbound, *reading.backend) for each in top.walk())


def _default(chains: Chains, chain: Chain) -> bool:
    """Whether the backend section is that of a service whose global policy nobody has touched: it forwards.

    That is so where no global policy was written and every document inherits.
    """
    if chain.places[-1].scope is Scope.GLOBAL:
        return False
    sections = [_section(chains, place) for place in chain.places]
    return all(
        each is not None and each.name == "backend" and any(child.name == BASE for child in each.elements)
        for each in sections
    )


def _issue(weight: Weight, text: str, element: Element) -> Issue:
    return Issue(Rule.BACKEND_SECTION, weight, text, "backend", "backend", element.line, element.column)


def _gap(needed: str) -> Gap:
    return Gap(Reason.UNREAD_POLICY, f"{needed}: a policy that decides was not read", _REMEDY)
