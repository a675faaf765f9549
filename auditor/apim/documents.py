"""The policy documents of a service, put into the form in which they are composed and proved.

What is not known is carried on as such: a document that was not read, a named value that only the service
knows. The prover says where that decides. Sources: "Policies in Azure API Management", "Set or edit API
Management policies", REST specification ``policies`` (``value``, ``format``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from auditor.apim.kinds import below, service_of
from auditor.apim.libraries import document_of, library_of, seen
from auditor.apim.policy.compose import Composer
from auditor.apim.policy.operations import Arriving, Prover
from auditor.apim.policy.scopes import (
    Api,
    Context,
    Opens,
    Operation,
    Place,
    Policies,
    Product,
    Read,
    Scope,
    Subscription,
)
from auditor.apim.products import api_name, members
from auditor.apim.subscriptions import BUILT_IN, Breadth, breadth_of, says_inactive
from auditor.model.evidence import Log, Undetermined
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject

T = TypeVar("T")
_CURRENT = ";rev="


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
    workspaces = {each.key: library_of(each) for each in seen(lambda: service.children("workspaces"))}
    return Policies(
        documents,
        library_of(service),
        workspaces,
        products_of(service),
        _listed(lambda: list(_subscriptions(service))),
        _built_in_read(service),
    )


def _scopes(service: Subject) -> Iterator[tuple[Place, Subject]]:
    """Every scope that may have a document, with the resource it hangs on."""
    yield Place(Scope.GLOBAL), service
    for workspace in seen(lambda: service.children("workspaces")):
        yield Place(Scope.WORKSPACE, workspace.key), workspace
    for product in seen(lambda: below(service, "products")):
        yield Place(Scope.PRODUCT, product.key), product
    for api in seen(lambda: below(service, "apis")):
        yield Place(Scope.API, api.key), api
        for operation in seen(partial(api.children, "operations")):
            yield Place(Scope.OPERATION, operation.key), operation


def _listed(compute: Callable[[], list[T]]) -> tuple[T, ...] | None:
    found = settled(compute)
    return None if isinstance(found, Undetermined) else tuple(found)


def products_of(owner: Subject) -> tuple[Product, ...] | None:
    """The products of a service or a workspace; None where they were not listed."""
    return _listed(lambda: [_product(each) for each in owner.children("products")])


def _product(product: Subject) -> Product:
    required = settled(lambda: product.flag("/properties/subscriptionRequired"))
    state = settled(lambda: product.read("/properties/state", one_of=("notPublished", "published")))
    apis = frozenset(api_name(member) for member in members(product))
    return Product(
        product.key,
        product.name,
        subscription_required=None if isinstance(required, Undetermined) else required,
        apis=apis,
        published=state == "published",
    )


def _built_in_read(service: Subject) -> bool:
    """Whether the input says if the subscription works that comes with every service."""
    subscriptions = seen(lambda: service.children("subscriptions"))
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


@derived
def api_of(api: Subject) -> Api:
    """An API as the prover sees it.

    Raises:
        Undetermined: Its operations were not listed: one of them may have a policy of its own.
    """
    return _api(api, tuple(Operation(each.key, each.name) for each in api.children("operations")))


def api_seen(api: Subject) -> Api:
    """The same with the operations that were read, described, whether or not there are more."""
    operations = (Operation(each.key, each.name) for each in seen(lambda: api.children("operations")))
    quiet = service_of(api).with_log(Log())
    return _api(api, tuple(_described(quiet, each) for each in operations))


def _api(api: Subject, operations: tuple[Operation, ...]) -> Api:
    required = settled(lambda: api.flag("/properties/subscriptionRequired"))
    in_workspace = "/workspaces/" in api.resource.type
    name, _, revision = api.name.partition(_CURRENT)
    return Api(
        api.key,
        name,
        title=_said(api, "displayName"),
        path=_said(api, "path") or None,
        revision=revision or _said(api, "apiRevision") or None,
        version=_said(api, "apiVersion") or None,
        workspace=api.resource.parent_key if in_workspace else None,
        subscription_required=None if isinstance(required, Undetermined) else required,
        operations=operations,
    )


def _said(subject: Subject, member: str) -> str:
    """A member's text; empty where it is not known, so that conditions on it stay open.

    It is logged by whoever uses it, where code reads it.
    """
    quiet = subject.with_log(Log())
    found = settled(lambda: quiet.text(f"/properties/{member}").value())
    return "" if isinstance(found, Undetermined) else found


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


@derived
def ways_in(api: Subject) -> tuple[Prover, list[Way]]:
    """The prover of an API's service, and every operation in every way to arrive at it.

    The documents they pass through are logged as evidence.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    entity = api_of(api)
    by_key = api.audit.inventory.by_key
    service = service_of(api)
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
    if any(way.arriving.bindings for way in ways):
        _cite_bindings(api, [way.operation for way in ways if way.operation is not None])
    return prover, ways


def _cite_bindings(api: Subject, operations: list[Operation]) -> None:
    """Log what conditions on an API and its operations compare with."""
    for member in ("displayName", "path", "apiRevision", "apiVersion"):
        settled(partial(api.text, f"/properties/{member}"))
    for operation in operations:
        subject = api.of(api.audit.inventory.by_key[operation.id])
        for member in ("method", "urlTemplate", "displayName"):
            settled(partial(subject.text, f"/properties/{member}"))
