"""What the documents of a scope do to those above them: what they lose, and what they run before them.

Told of the document that does it, with the statement of the wider scope it concerns. Sources: "Set or
edit Azure API Management policies" (``<base/>``, effective policies), "Policies in Azure API Management"
(scopes); that a section a document lacks inherits is not documented.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.apim.chains import Chain, Chains, chains_of, narrow_to_wide
from auditor.apim.libraries import document_of
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.losses import Kept, Loss, Placed, always_answers, loss, placed, protects, refuses
from auditor.apim.policy.scopes import Place, Scope, Unreadable
from auditor.apim.policy.statements import BASE, UNKNOWN, Statement
from auditor.apim.policy.tree import SECTIONS, Document, Element, Kind
from auditor.apim.written import Found, Written
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject

_CALLS_OUT = frozenset(
    {"cache-lookup", "invoke-dapr-binding", "invoke-request", "log-to-eventhub", "publish-to-dapr"}
    | {"send-one-way-request", "send-request", "send-service-bus-message"}
    | {"azure-openai-semantic-cache-lookup", "llm-semantic-cache-lookup"}
)
"""Statements that answer a request out of a cache, or call somebody else on its behalf."""
_ANSWERS = frozenset({"return-response", "mock-response"})
_CALLERS = frozenset(
    {"validate-client-certificate", "validate-jwt", "validate-azure-ad-token", "check-header", "ip-filter"}
)
_REMEDY = "put the policies of every scope, the fragments and the products into the input"
_KEPT_OUT = "without <base/> it keeps out"


@dataclass(eq=False)
class _Place:
    """One document of the scope, with everything found out about it."""

    place: Place
    document: Document
    holder: Subject
    issues: dict[Issue, None] = field(default_factory=dict)
    cuts: set[str] = field(default_factory=set)
    """Sections that inherit nothing, or not surely."""
    wider: set[Place] = field(default_factory=set)
    """Scopes whose documents decided."""


def inherited(scope: Subject) -> Written:
    """What is said of a scope's documents, as seen from those above; worked out once."""
    address = ("auditor.apim.inherited.inherited", scope.key, "")
    known = scope.audit.memo.get(address)
    if not isinstance(known, Written):
        known = scope.audit.memo[address] = _Scope(chains_of(scope)).told()
    return known


class _Scope:
    """The documents of one scope, over every chain they take part in."""

    def __init__(self, chains: Chains) -> None:
        self.chains = chains
        self.places: dict[Place, _Place] = {}
        self.gaps: dict[Gap, None] = dict.fromkeys(chains.gaps)
        self._own: dict[tuple[Place, str], tuple[Statement, ...]] = {}
        self._kept: dict[tuple[tuple[Place, ...], str], list[Kept]] = {}
        self._lost: dict[tuple[Place, tuple[Place, ...], str], list[tuple[Placed, bool]]] = {}
        self._made_up: dict[tuple[Place, str, int], Loss] = {}
        self._gates: dict[tuple[Place, str, int], Placed] = {}
        self._seen: set[tuple[Place, tuple[Place, ...]]] = set()

    def told(self) -> Written:
        for chain in self.chains.chains:
            if chain.places[-1:] == chain.places[:1] == (Place(Scope.GLOBAL),):
                continue  # nothing is wider
            for place, wider in narrow_to_wide(chain):
                self._document(place, wider)
            self._losses(chain)
        self._say_losses()
        found = [Found(issue, each.holder) for each in self.places.values() for issue in each.issues]
        for each in self.places.values():
            for place in sorted(each.wider, key=str):
                holder = self.chains.holder(place)
                document_of(holder)
                each.holder.log.extend(holder.log.entries)
        holders = (self.chains.asked(), *(each.holder for each in self.places.values()))
        return Written(tuple(found), holders, tuple(self.gaps))

    # -- one document under its parents ------------------------------------------------------------------

    def _document(self, place: Place, wider: tuple[Place, ...]) -> None:
        if (place, wider) in self._seen:
            return
        self._seen.add((place, wider))
        read = self.chains.composer.policies.documents[place]
        if not isinstance(read, Document) or read.kind is not Kind.POLICIES or not read.sound:
            self._gap(place, "what it inherits", _why(read))
            return
        if place not in self.places:
            holder = self.chains.holder(place)
            document_of(holder)
            self.places[place] = _Place(place, read, holder)
        for section in SECTIONS:
            self._section(self.places[place], wider, section)

    def _section(self, at: _Place, wider: tuple[Place, ...], name: str) -> None:
        section = at.document.section(name)
        if section is None:
            self._absent(at, wider, name)
            return
        own = self._statements(at.place, name)
        bases = [index for index, each in enumerate(own) if each.name == BASE]
        nested = not bases and any(each.statement.name == BASE for each in placed(own))
        if not bases:
            at.cuts.add(name)
        if bases and name == "inbound" and wider:
            self._late(at, own[: bases[0]], wider, section)
        if len(bases) > 1:
            text = (
                "<base/> is written more than once: whether what it stands for runs again is not documented"
            )
            self._say(at, Rule.BASE_LOST, Weight.NOTE, text, name, section)
        if bases:
            self._say(at, Rule.BASE_LOST, Weight.FINE, "inherits", name, section)
        elif nested and wider:
            self._nested(at, wider, name, section)

    def _statements(self, place: Place, name: str) -> tuple[Statement, ...]:
        key = (place, name)
        if key not in self._own:
            self._own[key] = self.chains.composer.own(place, name, self.chains.workspace)
        return self._own[key]

    def _absent(self, at: _Place, wider: tuple[Place, ...], name: str) -> None:
        gates, rest, unread = self._parents(wider, name)
        root = at.document.root
        at.wider |= set(wider)
        if root is None:
            return
        if unread or not self.chains.whole:
            self._gap(at.place, f"whether its missing {name} section loses anything")
        if gates:
            text = (
                f"the {name} section is missing; whether it inherits {self._names(gates)} is not documented"
            )
            self._say(at, Rule.SECTION_ABSENT, Weight.REVIEW, text, name, root)
        elif rest:
            text = f"the {name} section is missing; of the wider scopes nothing that protects stands there"
            self._say(at, Rule.SECTION_ABSENT, Weight.NOTE, text, name, root)
        else:
            self._say(at, Rule.SECTION_ABSENT, Weight.FINE, "there is nothing to inherit", name, root)

    def _nested(self, at: _Place, wider: tuple[Place, ...], name: str, section: Element) -> None:
        gates, rest, unread = self._parents(wider, name)
        at.wider |= set(wider)
        if unread:
            self._gap(at.place, f"what <base/> stands for in its {name} section")
        if gates:
            text = f"<base/> stands in another statement: whether {self._names(gates)} runs is not documented"
            self._say(at, Rule.BASE_LOST, Weight.REVIEW, text, name, section)
        elif rest:
            text = "<base/> stands in another statement; nothing that protects is inherited there"
            self._say(at, Rule.BASE_LOST, Weight.NOTE, text, name, section)

    def _parents(self, wider: tuple[Place, ...], name: str) -> tuple[list[Placed], list[Statement], bool]:
        """What the scopes above hold in a section: what protects, the rest, and whether some was not read."""
        every = [
            each
            for reading in self.chains.effective(wider).readings
            for each in placed(reading.section(name))
        ]
        gates = {id(each.statement): each for each in every if protects(each, name)}
        rest = [each.statement for each in every if id(each.statement) not in gates]
        unread = any(each.name == UNKNOWN for each in rest) or bool(self.chains.effective(wider).doubts)
        return list(gates.values()), rest, unread

    # -- statements that run before the parents' ---------------------------------------------------------

    def _late(
        self, at: _Place, before: tuple[Statement, ...], wider: tuple[Place, ...], section: Element
    ) -> None:
        if not before:
            return
        gates, _, unread = self._parents(wider, "inbound")
        guarded, harmless = False, True
        for each in placed(before):
            statement = each.statement
            if statement.name == UNKNOWN and gates:
                at.wider |= set(wider)
                self._gap(at.place, "what a fragment before <base/> does")
            elif statement.name in _CALLERS or refuses_surely(statement):
                guarded |= statement.name in _CALLERS and each.always
                if each.always or refuses_surely(statement):
                    self._say(
                        at, Rule.BASE_LATE, Weight.FINE, "a check runs before <base/>", "inbound", section
                    )
            elif statement.name in _CALLS_OUT | _ANSWERS and not guarded:
                harmless = False
                self._answers(at, statement, (gates, unread), wider, section)
        if harmless:
            text = "statements stand before <base/>, none of which answers a request or calls out"
            self._say(at, Rule.BASE_LATE, Weight.NOTE, text, "inbound", section)

    def _answers(
        self,
        at: _Place,
        statement: Statement,
        parents: tuple[list[Placed], bool],
        wider: tuple[Place, ...],
        section: Element,
    ) -> None:
        """A statement before ``<base/>`` that answers the request, or takes it somewhere."""
        gates, unread = parents
        at.wider |= set(wider)
        if gates and statement.name in _ANSWERS and refuses(statement) is None:
            needed = "whether a response before <base/> refuses the caller"
            self._gap(at.place, needed, "its status is not known here")
        elif gates and statement.name in _ANSWERS:
            text = f"answers before <base/>, and so before {self._names(gates)}"
            self._say(at, Rule.BASE_LATE, Weight.REVIEW, text, "inbound", section, statement)
        elif gates:
            text = f"stands before <base/> and runs before {self._names(gates)}"
            self._say(at, Rule.BASE_LATE, Weight.WEAK, text, "inbound", section, statement)
        elif unread or not self.chains.whole:
            needed = "whether what stands before <base/> runs before a check of a wider scope"
            self._gap(at.place, needed)
        else:
            text = "stands before <base/>; the wider scopes hold nothing that protects"
            self._say(at, Rule.BASE_LATE, Weight.NOTE, text, "inbound", section, statement)

    # -- what is lost ------------------------------------------------------------------------------------

    def _losses(self, chain: Chain) -> None:
        """What the scope's documents lose for the requests of one chain."""
        for place, wider in narrow_to_wide(chain):
            at = self.places.get(place)
            if at is None:
                continue
            for name in SECTIONS:
                section = at.document.section(name)
                if section is not None and name in at.cuts and not self._holds_base(at, name):
                    self._lose(at, wider, name, chain)

    def _holds_base(self, at: _Place, name: str) -> bool:
        return any(each.statement.name == BASE for each in placed(self._own.get((at.place, name), ())))

    def _lose(self, at: _Place, wider: tuple[Place, ...], name: str, chain: Chain) -> None:
        at.wider |= set(wider)
        if not self.chains.whole:
            self._gap(at.place, f"which products' policies its {name} section loses")
        kept = self._final(chain.places, name)
        for gate, everywhere in self._lost_gates(at.place, wider, name):
            key = (at.place, name, id(gate.statement))
            losses = {loss(gate, name, each) for each in kept}
            worst = max(losses, key=_rank)
            if gate.statement.name == UNKNOWN or (worst is Loss.REAL and any(each.unread for each in kept)):
                self._gap(at.place, f"what its {name} section loses without <base/>")
            elif worst is not None:
                if worst is Loss.REAL and (
                    not everywhere or len(losses) > 1 or self._self_contained(at, name)
                ):
                    worst = Loss.DIFFERENT
                if _rank(worst) > _rank(self._made_up.get(key)):
                    self._made_up[key], self._gates[key] = worst, gate

    def _self_contained(self, at: _Place, name: str) -> bool:
        """Whether a section answers every request itself, calling nobody: metadata, a preflight, a mock.

        Such an answer may be meant for everybody.
        """
        own = self._own[at.place, name]
        names = {each.statement.name for each in placed(own)}
        return name == "inbound" and always_answers(own) and not names & _CALLS_OUT

    def _final(self, places: tuple[Place, ...], name: str) -> list[Kept]:
        key = (places, name)
        if key not in self._kept:
            readings = self.chains.effective(places).readings
            self._kept[key] = [Kept.of(reading.section(name)) for reading in readings]
        return self._kept[key]

    def _lost_gates(self, place: Place, wider: tuple[Place, ...], name: str) -> list[tuple[Placed, bool]]:
        """The statements of the parents' section, and whether every reading of it has them."""
        key = (place, wider, name)
        if key not in self._lost:
            effective = self.chains.effective(wider)
            if effective.doubts:
                self._gap(place, "what it loses", "a policy above it is not well written")
            sections = [tuple(placed(reading.section(name))) for reading in effective.readings]
            ids = [frozenset(id(each.statement) for each in section) for section in sections]
            found = {id(each.statement): each for section in sections for each in section}
            self._lost[key] = [(each, all(i in some for some in ids)) for i, each in found.items()]
        return self._lost[key]

    def _say_losses(self) -> None:
        for key, worst in self._made_up.items():
            self._say_loss(self.places[key[0]], key[1], self._gates[key], worst)
        for at in self.places.values():
            for name in sorted(at.cuts):
                section = at.document.section(name)
                if section is not None and not any(issue.section == name for issue in at.issues):
                    self._say(at, Rule.BASE_LOST, Weight.FINE, "loses nothing", name, section)

    def _say_loss(self, at: _Place, name: str, gate: Placed, worst: Loss) -> None:
        section = at.document.section(name) or at.document.root
        what = self._names([gate])
        if section is None:
            return
        if worst is Loss.STYLE:
            text = "without <base/> it keeps out statements of wider scopes that do not protect"
            self._say(at, Rule.BASE_LOST, Weight.NOTE, text, name, section)
            return
        weight, text = {
            Loss.REAL: (Weight.FAIL, f"{_KEPT_OUT} {what}, and nothing stands in for it"),
            Loss.REPLACED: (
                Weight.REVIEW,
                f"{_KEPT_OUT} {what}; one of its own, which differs, stands in",
            ),
            Loss.DIFFERENT: (
                Weight.REVIEW,
                f"{_KEPT_OUT} {what}, and whether these requests need it is not told by the policies",
            ),
            Loss.EQUAL: (Weight.NOTE, f"{_KEPT_OUT} {what}; an equal statement of its own makes up for it"),
        }[worst]
        self._say(at, Rule.BASE_LOST, weight, text, name, section)

    # -- words -------------------------------------------------------------------------------------------

    def _names(self, gates: list[Placed]) -> str:
        first = gates[0].statement
        rest = f" and {len(gates) - 1} more" if len(gates) > 1 else ""
        return f"{first.name} ({self.chains.where(first.origin)}){rest}"

    def _say(
        self,
        at: _Place,
        rule: Rule,
        weight: Weight,
        text: str,
        section: str,
        element: Element,
        statement: Statement | None = None,
    ) -> None:
        line, column, name = element.line, element.column, section
        if statement is not None:
            name = statement.name
            if statement.origin.fragment is not None:
                text = f"{text} (it comes from the fragment {statement.origin.fragment})"
            else:
                line, column = statement.origin.line, statement.origin.column
        at.issues[Issue(rule, weight, text, name, section, line, column)] = None

    def _gap(self, place: Place, needed: str, why: str = "") -> None:
        reason = f": {why}" if why else ": a policy or list that decides was not read"
        self.gaps[Gap(Reason.UNREAD_POLICY, f"{needed} ({self.chains.words(place)}){reason}", _REMEDY)] = None


def refuses_surely(statement: Statement) -> bool:
    """Whether it is a response that turns the caller away."""
    return statement.name == "return-response" and refuses(statement) is True


def _rank(worst: Loss | None) -> int:
    order = (None, Loss.STYLE, Loss.EQUAL, Loss.DIFFERENT, Loss.REPLACED, Loss.REAL)
    return order.index(worst)


def _why(read: object) -> str:
    if isinstance(read, Unreadable):
        return read.reason
    if isinstance(read, Document) and read.kind is not Kind.POLICIES:
        return "it is no <policies> document"
    return "it is not well written"
