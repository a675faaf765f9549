"""The policy documents of a service, put into the form in which they are composed and proved.

What is not known is carried on as such: a document that was not read, a named value that only the service
knows. The prover says where that decides. Sources: "Policies in Azure API Management", "Set or edit API
Management policies", REST specification ``policies`` (``value``, ``format``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from auditor.apim.kinds import below
from auditor.apim.policy.compose import Composer
from auditor.apim.policy.operations import Arriving, Prover
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import (
    Api,
    Context,
    Library,
    Missing,
    NamedText,
    Opens,
    Operation,
    Place,
    Policies,
    Product,
    Read,
    Scope,
    Secret,
    Subscription,
    Unreadable,
)
from auditor.apim.policy.tree import Document
from auditor.apim.products import api_name, members
from auditor.apim.subscriptions import BUILT_IN, Breadth, breadth_of, says_inactive
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject
from auditor.model.values import Redacted, Sealed

T = TypeVar("T")
_CURRENT = ";rev="


@derived
def own_document(owner: Subject) -> Document | None:
    """The policy document that hangs on a scope; None where it has none.

    A scope has at most one.

    Raises:
        Undetermined: It was not read, or whether there is one was not listed.
    """
    found: list[Subject] = []
    listed = settled(lambda: found.extend(owner.children("policies")))
    if found:
        return _document(found[0])
    if isinstance(listed, Undetermined):
        raise listed
    return None


@derived
def fragment_of(fragment: Subject) -> Document:
    """What a policy fragment says.

    Raises:
        Undetermined: It was not read.
    """
    return _document(fragment)


def document_of(owner: Subject) -> Read | None:
    """The policy document of a scope as composition takes it: what was not read is carried on."""
    found = settled(lambda: own_document(owner))
    return Unreadable(str(found)) if isinstance(found, Undetermined) else found


def _document(resource: Subject) -> Document:
    """A text as read; many operations have the same one."""
    text = _text(resource)
    address = ("auditor.apim.documents", "read", text)
    found = resource.audit.memo.get(address)
    if not isinstance(found, Document):
        found = resource.audit.memo[address] = read(text)
    return found


def _fragment(fragment: Subject) -> Read:
    found = settled(lambda: fragment_of(fragment))
    return Unreadable(str(found)) if isinstance(found, Undetermined) else found


def _text(resource: Subject) -> str:
    if resource.resource.condition is not None:
        raise Undetermined(Gap(Reason.UNRESOLVED, f"whether the policy {resource.name} is deployed"))
    older = "/properties/contentFormat"
    format_ = resource.text(older if resource.mentions(older) else "/properties/format")
    if format_.contains("link"):
        needed = f"the policy at the address that {resource.resource.id} names"
        raise Undetermined(Gap(Reason.EXTERNAL, needed, "put the policy itself into the input"))
    older = "/properties/policyContent"
    value = resource.read(older if resource.mentions(older) else "/properties/value")
    if isinstance(value, Sealed):
        return value.text
    if isinstance(value, Redacted) and value.empty:
        return ""
    raise Undetermined(Gap(Reason.FAILED, f"the text of the policy of {resource.resource.id}"))


# -- what a service has ----------------------------------------------------------------------------------


def prover_of(service: Subject) -> Prover:
    """The prover of a service, made once: what its APIs share is composed and walked once.

    Evidence is logged by whoever uses the documents that decided: see :func:`ways_in`.
    """
    address = ("auditor.apim.documents.prover_of", service.key, "")
    prover = service.audit.memo.get(address)
    if not isinstance(prover, Prover):
        # On a log of its own: what one API rests on is not what all of them are made of.
        quiet = service.with_log(Log())
        prover = service.audit.memo[address] = Prover(
            Composer(_policies(quiet)), describe=partial(_described, quiet)
        )
    return prover


def _policies(service: Subject) -> Policies:
    documents: dict[Place, Read] = {}
    for place, owner in _scopes(service):
        document = document_of(owner)
        if document is not None:
            documents[place] = document
    workspaces = {each.key: library_of(each) for each in _seen(lambda: service.children("workspaces"))}
    return Policies(
        documents,
        library_of(service),
        workspaces,
        _listed(lambda: [_product(each) for each in service.children("products")]),
        _listed(lambda: list(_subscriptions(service))),
        _built_in_read(service),
    )


def _scopes(service: Subject) -> Iterator[tuple[Place, Subject]]:
    """Every scope that may have a document, with the resource it hangs on."""
    yield Place(Scope.GLOBAL), service
    for workspace in _seen(lambda: service.children("workspaces")):
        yield Place(Scope.WORKSPACE, workspace.key), workspace
    for product in _seen(lambda: below(service, "products")):
        yield Place(Scope.PRODUCT, product.key), product
    for api in _seen(lambda: below(service, "apis")):
        yield Place(Scope.API, api.key), api
        for operation in _seen(partial(api.children, "operations")):
            yield Place(Scope.OPERATION, operation.key), operation


def _seen(group: Callable[[], Iterator[Subject]]) -> list[Subject]:
    """The resources of a group that were read; that there may be more is told where it decides."""
    found: list[Subject] = []
    settled(lambda: found.extend(group()))
    return found


def _listed(compute: Callable[[], list[T]]) -> tuple[T, ...] | None:
    found = settled(compute)
    return None if isinstance(found, Undetermined) else tuple(found)


def library_of(owner: Subject) -> Library:
    """The named values and fragments of a service or a workspace, put together once.

    Evidence is logged by whoever uses what decided.
    """
    address = ("auditor.apim.documents.library_of", owner.key, "")
    found = owner.audit.memo.get(address)
    if not isinstance(found, Library):
        quiet = owner.with_log(Log())
        fragments = {each.name: _fragment(each) for each in _seen(lambda: quiet.children("policyFragments"))}
        found = owner.audit.memo[address] = Library(fragments, _named_values(quiet))
    return found


def _named_values(owner: Subject) -> Mapping[str, NamedText]:
    known: dict[str, NamedText] = {}
    for each in _seen(lambda: owner.children("namedValues")):
        name = settled(partial(_shown_name, each))
        known[each.name if isinstance(name, Undetermined) else name] = _named_text(each)
    return known


def _shown_name(named_value: Subject) -> str:
    return named_value.text("/properties/displayName").value()


def _named_text(named_value: Subject) -> NamedText:
    def text() -> NamedText:
        if named_value.has("/properties/keyVault") or named_value.flag("/properties/secret"):
            return Secret()
        value = named_value.read("/properties/value")
        return value if isinstance(value, str) else Secret() if isinstance(value, Redacted) else Missing()

    found = settled(text)
    return Missing() if isinstance(found, Undetermined) else found


def _product(product: Subject) -> Product:
    required = settled(lambda: product.flag("/properties/subscriptionRequired"))
    apis = frozenset(api_name(member) for member in members(product))
    return Product(
        product.key,
        product.name,
        subscription_required=None if isinstance(required, Undetermined) else required,
        apis=apis,
    )


def _built_in_read(service: Subject) -> bool:
    """Whether the input says if the subscription works that comes with every service."""
    subscriptions = _seen(lambda: service.children("subscriptions"))
    return any(
        each.name.casefold() == BUILT_IN and each.mentions("/properties/state") for each in subscriptions
    )


def _subscriptions(service: Subject) -> Iterator[Subscription]:
    for each in service.children("subscriptions"):
        if says_inactive(each):
            continue
        breadth = breadth_of(each)
        if breadth is Breadth.SERVICE:
            yield Subscription(Opens.SERVICE)
        elif breadth is Breadth.ALL_APIS:
            yield Subscription(Opens.ALL_APIS)
        else:
            head, _, name = each.text("/properties/scope").value().rstrip("/").rpartition("/")
            yield Subscription(Opens.API if head.casefold().endswith("/apis") else Opens.PRODUCT, name)


# -- one API ---------------------------------------------------------------------------------------------


def api_of(api: Subject) -> Api:
    """An API as the prover sees it.

    Raises:
        Undetermined: Its operations were not listed: one of them may have a policy of its own.
    """
    operations = tuple(Operation(each.key, each.name) for each in api.children("operations"))
    required = settled(lambda: api.flag("/properties/subscriptionRequired"))
    in_workspace = "/workspaces/" in api.resource.type
    return Api(
        api.key,
        api.name.partition(_CURRENT)[0],
        workspace=api.resource.parent_key if in_workspace else None,
        subscription_required=None if isinstance(required, Undetermined) else required,
        operations=operations,
    )


def _described(service: Subject, operation: Operation) -> Operation:
    """An operation with what requests for it have in common: only policies that read it ask."""
    subject = service.of(service.audit.inventory.by_key[operation.id])
    method, template, title = (
        settled(subject.text(f"/properties/{name}").value) if subject.mentions(f"/properties/{name}") else ""
        for name in ("method", "urlTemplate", "displayName")
    )
    return replace(
        operation,
        method=method.upper() if isinstance(method, str) else "",
        url_template=template if isinstance(template, str) else "",
        title=title if isinstance(title, str) else "",
    )


@dataclass(frozen=True, slots=True)
class Way:
    """One operation arriving one way."""

    operation: Operation | None
    """None where the API as a whole is meant: it has no operations."""
    arriving: Arriving

    def __str__(self) -> str:
        name = self.operation.name if self.operation else "the API"
        return f"{name}, {self.arriving.context}"


def ways_in(api: Subject) -> tuple[Prover, list[Way]]:
    """The prover of an API's service, and every operation in every way to arrive at it.

    The documents they pass through are logged as evidence.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    entity = api_of(api)
    by_key = api.audit.inventory.by_key
    head, _, tail = api.key.partition("/service/")
    service = api.of(by_key[f"{head}/service/{tail.split('/')[0]}"])
    prover = prover_of(service)
    operations: tuple[Operation | None, ...] = entity.operations or (None,)
    ways = [
        Way(operation, arriving)
        for operation in operations
        for arriving in prover.arriving(entity, operation)
    ]
    if not ways:
        # Nothing that was read opens the API: what its policies demand can be told all the same.
        unopened = Context(key=None, certain=False)
        ways = [
            Way(one, Arriving(unopened, prover.composer.effective(entity, one), prover.bindings(entity, one)))
            for one in operations
        ]
    for place in sorted({place for way in ways for place in way.arriving.effective.chain}, key=str):
        document_of(api.of(by_key[place.id]) if place.id else service)
    return prover, ways
