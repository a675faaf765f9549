"""The documents a request runs through, as one scope sees them: what stands above each of its own.

Whether requests can arrive at all is not asked: a key for a whole service brings no product, and keys can
be made at any time. Sources: "Policies in Azure API Management" (scopes), "Subscriptions in Azure API
Management" (which product applies), "Workspaces in Azure API Management".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial

from auditor.apim.documents import products_of, prover_of
from auditor.apim.kinds import service_of
from auditor.apim.libraries import document_of
from auditor.apim.policy.compose import Composer, Effective
from auditor.apim.policy.scopes import Api, Operation, Place, Product, Scope
from auditor.apim.policy.statements import Origin
from auditor.apim.written import words_for
from auditor.model.evidence import Evidence, Gap, Log, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

_REVISION = ";rev="


@dataclass(frozen=True, slots=True)
class Chain:
    """Documents narrow to wide; those of the scope itself come first."""

    places: tuple[Place, ...]
    own: int
    """How many of them are the scope's."""


@dataclass(eq=False)
class Chains:
    """Every chain that a scope's documents take part in, each once."""

    scope: Subject
    composer: Composer
    chains: tuple[Chain, ...]
    gaps: tuple[Gap, ...]
    """What was not listed: there may be more chains."""
    whole: bool
    """Whether the products that apply are known."""
    _words: dict[Place, str] = field(default_factory=dict)

    @cached_property
    def workspace(self) -> str | None:
        """The workspace the scope belongs to."""
        return _workspace(self.scope)

    def asked(self) -> Subject:
        """The scope itself, on a log that shows whether it has a policy, or that it is what it is."""
        holder = self.scope.with_log(Log())
        document_of(holder)
        if not holder.log.entries:
            holder.log.add(Evidence(holder.resource, "#type", holder.resource.type))
        return holder

    def effective(self, places: tuple[Place, ...]) -> Effective:
        """What the documents of some scopes make together."""
        return self.composer.of_chain(places, self.workspace)

    def holder(self, place: Place) -> Subject:
        """What a document hangs on, on a log of its own."""
        found = self.scope.audit.inventory.by_key[place.id] if place.id else service_of(self.scope).resource
        return Subject(self.scope.audit, found, Log())

    def words(self, place: Place) -> str:
        """A scope's policy in words."""
        if place not in self._words:
            self._words[place] = words_for(self.holder(place))
        return self._words[place]

    def where(self, origin: Origin) -> str:
        """Where a statement is written, in words."""
        if origin.fragment is not None:
            return f"fragment {origin.fragment} in the {self.words(origin.place)}"
        return f"{self.words(origin.place)}, line {origin.line}"


def chains_of(scope: Subject) -> Chains:
    """The chains of a policy scope: of an API over its operations and products, of others their own.

    A fragment has none.
    """
    address = ("auditor.apim.chains.chains_of", scope.key, "")
    known = scope.audit.memo.get(address)
    if not isinstance(known, Chains):
        known = scope.audit.memo[address] = _chains_of(scope.with_log(Log()))
    return known


def _chains_of(scope: Subject) -> Chains:
    composer = prover_of(service_of(scope).with_log(Log())).composer
    match scope.resource.type.casefold().rpartition("/")[2]:
        case "apis":
            return _of_api(scope, composer)
        case "products":
            return _of_one(scope, composer, Scope.PRODUCT)
        case "workspaces":
            return _of_one(scope, composer, Scope.WORKSPACE)
        case "service":
            return _of_one(scope, composer, Scope.GLOBAL)
        case _:
            return Chains(scope, composer, (), (), whole=True)


def _of_one(scope: Subject, composer: Composer, kind: Scope) -> Chains:
    places = [Place(kind, scope.key if kind is not Scope.GLOBAL else "")]
    if kind is Scope.PRODUCT and (workspace := _workspace(scope)) is not None:
        places.append(Place(Scope.WORKSPACE, workspace))
    if kind is not Scope.GLOBAL:
        places.append(Place(Scope.GLOBAL))
    there = tuple(place for place in places if place in composer.policies.documents)
    chains = (Chain(there, 1),) if there[:1] == (places[0],) else ()
    return Chains(scope, composer, chains, (), whole=True)


def _of_api(scope: Subject, composer: Composer) -> Chains:
    api = Api(scope.key, scope.name.partition(_REVISION)[0], workspace=_workspace(scope))
    operations: list[Operation | None] = []
    listed = settled(partial(_extend, operations, scope))
    gaps = listed.gaps if isinstance(listed, Undetermined) else ()
    if gaps or not operations:
        # Of an API whose operations are not known, its own policy can be judged all the same.
        operations.append(None)
    products = _products(scope, composer)
    found: dict[Chain, None] = {}
    for product in (None, *(each for each in products or () if api.name in each.apis)):
        for operation in operations:
            places = composer.effective(api, operation, product).chain
            own = sum(place.scope in (Scope.API, Scope.OPERATION) for place in places)
            found[Chain(places, own)] = None
    return Chains(scope, composer, tuple(found), gaps, whole=products is not None)


def _extend(operations: list[Operation | None], api: Subject) -> None:
    operations.extend(Operation(each.key, each.name) for each in api.children("operations"))


def _products(scope: Subject, composer: Composer) -> tuple[Product, ...] | None:
    """The products that can apply to an API: a workspace has its own."""
    workspace = _workspace(scope)
    if workspace is None:
        return composer.policies.products
    return products_of(Subject(scope.audit, scope.audit.inventory.by_key[workspace], Log()))


def _workspace(scope: Subject) -> str | None:
    if "/workspaces/" not in scope.resource.type.casefold():
        return None
    return scope.resource.parent_key


def narrow_to_wide(chain: Chain) -> Iterator[tuple[Place, tuple[Place, ...]]]:
    """The scope's own documents, each with those above it."""
    for index in range(chain.own):
        yield chain.places[index], chain.places[index + 1 :]
