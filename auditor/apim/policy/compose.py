"""Effective policies: what runs for a request, out of the documents of up to five scopes.

A document's section runs from the narrowest scope; ``<base/>`` stands for the parent's effective section, in
place; a section without it keeps all wider scopes out; a scope without a document is not there. Three things
are not documented: a section that a document lacks, ``<base/>`` written twice, ``<base/>`` inside ``choose``.
Where one occurs, every reading is composed, and a verdict has to hold in all of them.

Source: "Set or edit Azure API Management policies" (effective policies, ``<base/>``), "Policies in Azure API
Management".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product as combinations
from typing import Final

from auditor.apim.policy.scopes import Api, Library, Operation, Place, Policies, Product, Scope, Unreadable
from auditor.apim.policy.statements import BASE, Expansion, Note, Origin, Statement, Told, expand, unknown
from auditor.apim.policy.tree import SECTIONS, Document, Element, Kind

GATES: Final = frozenset(
    {
        "validate-client-certificate",
        "validate-jwt",
        "validate-azure-ad-token",
        "check-header",
        "ip-filter",
        "return-response",
        "rate-limit",
        "rate-limit-by-key",
        "quota",
        "quota-by-key",
        "validate-content",
        "validate-parameters",
        "validate-headers",
        "validate-odata-request",
        "authentication-managed-identity",
        "llm-content-safety",
    }
)
"""Statements that protect: what is told when one of a parent is lost."""


@dataclass(frozen=True, slots=True)
class Semantics:
    """One way to read what the documentation leaves open."""

    absent_inherits: bool = True
    base_each: bool = False
    nested_counts: bool = True

    def said(self, open_points: frozenset[Told]) -> tuple[str, ...]:
        """The assumptions in words, as far as they matter."""
        words = {
            Told.SECTION_ABSENT: "a section that a document lacks "
            + ("inherits its parent's" if self.absent_inherits else "is empty and keeps its parents out"),
            Told.BASE_REPEATED: "<base/> written twice counts " + ("each time" if self.base_each else "once"),
            Told.BASE_NESTED: "<base/> inside another statement "
            + ("inherits there" if self.nested_counts else "inherits nothing"),
        }
        return tuple(text for told, text in words.items() if told in open_points)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The four sections as they run, under the assumptions said."""

    inbound: tuple[Statement, ...]
    backend: tuple[Statement, ...]
    outbound: tuple[Statement, ...]
    on_error: tuple[Statement, ...]
    assumptions: tuple[str, ...] = ()

    def section(self, name: str) -> tuple[Statement, ...]:
        """One of the four by the element's name."""
        sections = (self.inbound, self.backend, self.outbound, self.on_error)
        return sections[SECTIONS.index(name)]


@dataclass(frozen=True, slots=True, eq=False)
class Effective:
    """The policy in force for a chain of scopes: one reading where everything is documented, else several."""

    chain: tuple[Place, ...]
    """The scopes with a document, narrow to wide."""
    readings: tuple[Reading, ...]
    notes: tuple[Note, ...]

    @property
    def reading(self) -> Reading:
        """The first reading."""
        return self.readings[0]

    @property
    def doubts(self) -> tuple[Note, ...]:
        """Broken texts in it: nothing passes on them."""
        return tuple(note for note in self.notes if note.told is Told.UNSOUND)


_OPEN: Final = frozenset({Told.SECTION_ABSENT, Told.BASE_REPEATED, Told.BASE_NESTED})


@dataclass(slots=True)
class _Section:
    """An effective section and what was noticed while it was made."""

    statements: tuple[Statement, ...]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Composer:
    """Composes and remembers: scopes with the same chain of documents share one result.

    A result belongs to a chain, so operations without a document of their own cost nothing.
    """

    policies: Policies
    _made: dict[tuple[Place, ...], Effective] = field(default_factory=dict)
    _sections: dict[tuple[tuple[Place, ...], str, Semantics], _Section] = field(default_factory=dict)
    _places: dict[Place, Place] = field(default_factory=dict)
    _unread: dict[str, Place] = field(default_factory=dict)
    _narrowest: tuple[Place, ...] = ()
    _of_narrowest: dict[tuple[tuple[Place, ...], str, Semantics], _Section] = field(default_factory=dict)
    _expanded: dict[tuple[Place, str], Expansion] = field(default_factory=dict)
    _workspaces: dict[Place, str | None] = field(default_factory=dict)

    def effective(
        self, api: Api, operation: Operation | None = None, product: Product | None = None
    ) -> Effective:
        """What runs for an operation, or for an API as a whole, when a product applies or none."""
        chain = tuple(place for place in self._chain(api, operation, product))
        return self.of_chain(chain, api.workspace)

    def of_chain(self, chain: tuple[Place, ...], workspace: str | None = None) -> Effective:
        """What runs for scopes given narrow to wide."""
        for place in chain:
            self._workspaces.setdefault(place, None if place.scope is Scope.GLOBAL else workspace)
        made = self._made.get(chain)
        if made is None:
            made = self._made[chain] = self._compose(chain)
        return made

    def _chain(self, api: Api, operation: Operation | None, product: Product | None) -> Iterator[Place]:
        places = [Place(Scope.OPERATION, operation.id)] if operation is not None else []
        places.append(Place(Scope.API, api.id))
        if product is not None:
            places.append(Place(Scope.PRODUCT, product.id))
        if api.workspace is not None:
            places.append(Place(Scope.WORKSPACE, api.workspace))
        places.append(Place(Scope.GLOBAL))
        if operation is not None and isinstance(self.policies.documents.get(places[0]), Unreadable):
            # What was not read may be anything: one such operation stands for all of an API.
            places[0] = self._unread.setdefault(api.id, places[0])
        # One object for each place: an estate has a hundred thousand chains.
        known = self._places
        if not known:
            known.update((place, place) for place in self.policies.documents)
        return (known[place] for place in places if place in known)

    def _compose(self, chain: tuple[Place, ...]) -> Effective:
        usual = Semantics()
        first = self._reading(chain, usual)
        notes = tuple(dict.fromkeys(note for s in SECTIONS for note in self._section(chain, s, usual).notes))
        open_points = frozenset(note.told for note in notes) & _OPEN
        readings = {tuple(first.section(name) for name in SECTIONS): first}
        for semantics in _readings(open_points):
            reading = self._reading(chain, semantics, open_points)
            readings.setdefault(tuple(reading.section(name) for name in SECTIONS), reading)
        different = tuple(readings.values())
        if len(different) > 1:
            said = replace(first, assumptions=usual.said(open_points))
            different = (said, *different[1:])
        return Effective(chain, different, notes)

    def _reading(
        self, chain: tuple[Place, ...], semantics: Semantics, open_points: frozenset[Told] = frozenset()
    ) -> Reading:
        inbound, backend, outbound, on_error = (
            self._section(chain, name, semantics).statements for name in SECTIONS
        )
        return Reading(inbound, backend, outbound, on_error, semantics.said(open_points))

    def _section(self, chain: tuple[Place, ...], name: str, semantics: Semantics) -> _Section:
        """The effective section of a chain; that of its parents is made once for all who share them."""
        if not chain:
            return _Section((), ())
        known = self._sections
        if chain[0].scope is Scope.OPERATION:
            # Nobody's parents: kept while they are put together, not for all operations of an estate.
            if self._narrowest != chain:
                self._narrowest, self._of_narrowest = chain, {}
            known = self._of_narrowest
        key = (chain, name, semantics)
        made = known.get(key)
        if made is None:
            parents = self._section(chain[1:], name, semantics)
            made = known[key] = self._own(chain, name, semantics, parents)
        return made

    def _own(self, chain: tuple[Place, ...], name: str, semantics: Semantics, parents: _Section) -> _Section:
        place = chain[0]
        read = self.policies.documents[place]
        library = self._library(place)
        start = Origin(place, 1, 1, name)
        if isinstance(read, Unreadable) or read.kind is not Kind.POLICIES:
            reason = read.reason if isinstance(read, Unreadable) else "it is no <policies>"
            message = f"the policy of {place.shown} was not read: {reason}"
            note = Note(Told.UNREADABLE, message, start)
            return _Section((unknown(place, name, library, message),), (note, *parents.notes))
        doubts = _doubts(read, start)
        section = read.section(name)
        if section is None:
            if not parents.statements:
                return _Section((), (*doubts, *parents.notes))
            message = f"the document has no <{name}>: whether it inherits is not documented"
            note = Note(Told.SECTION_ABSENT, message, start, chain[1:], _gates(parents.statements))
            kept = parents.statements if semantics.absent_inherits else ()
            return _Section(kept, (note, *doubts, *parents.notes))
        if _inherits_only(section):
            # Most sections of most documents: they share what is found out about their parents'.
            return _Section(parents.statements, (*doubts, *parents.notes)) if doubts else parents
        expansion = self._expansion(place, name, library, read)
        statements = _insert(expansion.statements, parents.statements, semantics)
        own = _told(
            expansion.statements, Origin(place, section.line, section.column, name), chain[1:], parents
        )
        return _Section(statements, (*own, *expansion.notes, *doubts, *parents.notes))

    def own(self, place: Place, name: str, workspace: str | None) -> tuple[Statement, ...]:
        """The statements of a section as a document has it, ``<base/>`` still among them."""
        self._workspaces.setdefault(place, None if place.scope is Scope.GLOBAL else workspace)
        read = self.policies.documents[place]
        if not isinstance(read, Document):
            return ()
        return self._expansion(place, name, self._library(place), read).statements

    def _library(self, place: Place) -> Library:
        return self.policies.library_of(self._workspaces.get(place))

    def _expansion(self, place: Place, name: str, library: Library, read: Document) -> Expansion:
        key = (place, name)
        found = self._expanded.get(key)
        if found is None:
            section = read.section(name)
            found = expand(section, place, name, library) if section is not None else Expansion()
            self._expanded[key] = found
        return found


def _readings(open_points: frozenset[Told]) -> Iterator[Semantics]:
    """Every way to read the points that are open; the others keep their usual reading."""
    both, usual = (True, False), Semantics()
    for absent, each, nested in combinations(
        both if Told.SECTION_ABSENT in open_points else (usual.absent_inherits,),
        both[::-1] if Told.BASE_REPEATED in open_points else (usual.base_each,),
        both if Told.BASE_NESTED in open_points else (usual.nested_counts,),
    ):
        yield Semantics(absent, each, nested)


def _insert(
    statements: tuple[Statement, ...], parents: tuple[Statement, ...], semantics: Semantics
) -> tuple[Statement, ...]:
    """Statements with the parents' in the place of ``<base/>``."""
    result: list[Statement] = []
    seen = False
    for statement in statements:
        if statement.name != BASE:
            result.append(_insert_below(statement, parents, semantics))
        elif not seen or semantics.base_each:
            result.extend(parents)
            seen = True
    made = tuple(result)
    # Documents that hold nothing but <base/> share their parent's section, and what is found out about it.
    return parents if made == parents else made


def _insert_below(statement: Statement, parents: tuple[Statement, ...], semantics: Semantics) -> Statement:
    """The same for ``<base/>`` below a composite statement; untouched ones keep their identity."""
    if not any(below.name == BASE for below in statement.walk()):
        return statement
    children: list[Statement] = []
    for child in statement.children:
        if child.name != BASE:
            children.append(_insert_below(child, parents, semantics))
        elif semantics.nested_counts:
            children.extend(parents)
    return replace(statement, children=tuple(children))


def _inherits_only(section: Element) -> bool:
    """Whether a section holds ``<base/>`` and nothing else."""
    elements = section.elements
    return len(elements) == 1 and elements[0].name == BASE


def _gates(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    return tuple(each for top in statements for each in top.walk() if each.name in GATES)


def _told(
    statements: tuple[Statement, ...], start: Origin, wider: tuple[Place, ...], parents: _Section
) -> Iterator[Note]:
    """What a section does to the scopes above it."""
    bases = [index for index, statement in enumerate(statements) if statement.name == BASE]
    nested = [s for top in statements if top.name != BASE for s in top.walk() if s.name == BASE]
    if not wider:
        return
    if nested:
        message = "<base/> inside another statement: what it does there is not documented"
        yield Note(Told.BASE_NESTED, message, nested[0].origin, wider, _gates(parents.statements))
    if len(bases) > 1:
        yield Note(
            Told.BASE_REPEATED, "<base/> is written more than once", statements[bases[1]].origin, wider
        )
    if bases and bases[0] > 0:
        message = f"{bases[0]} statements stand before <base/> and run before those of wider scopes"
        yield Note(Told.LATE_BASE, message, statements[bases[0]].origin, wider, statements[: bases[0]])
    if not bases and not nested:
        lost = _gates(parents.statements)
        names = ", ".join(dict.fromkeys(f"{each.name} of {each.origin.place.shown}" for each in lost))
        message = f"no <base/> in <{start.section}>: cuts off {', '.join(each.shown for each in wider)}"
        yield Note(Told.CUTS_OFF, f"{message}; lost: {names}" if names else message, start, wider, lost)


def _doubts(read: Document, start: Origin) -> tuple[Note, ...]:
    if read.sound:
        return ()
    first = next(each for each in read.diagnostics if each.code.structural)
    return (Note(Told.UNSOUND, f"{start.place.shown}: {first.message} (line {first.line})", start),)
