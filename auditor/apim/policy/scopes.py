"""What composition is given: documents by scope, fragments, named values, APIs, products, keys.

Plain data that a caller fills from whatever it has; nothing here knows where it came from. Sources: "Policies
in Azure API Management" (scopes), "Subscriptions in Azure API Management" (how a request finds its product),
"Workspaces in Azure API Management" (what belongs to a workspace).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from auditor.apim.policy.tree import Document


class Scope(StrEnum):
    """Where a policy document can stand, broad to narrow."""

    GLOBAL = "global"
    WORKSPACE = "workspace"
    PRODUCT = "product"
    API = "api"
    OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Place:
    """One scope of one service: what a policy document hangs on.

    ``id`` is whatever names the resource to the caller; an operation's must name its API too.
    """

    scope: Scope
    id: str = ""

    def __hash__(self) -> int:
        return hash(self.id)  # which a string remembers: chains are looked up for every operation

    def __str__(self) -> str:
        return f"{self.scope} {self.id}".rstrip()

    @property
    def shown(self) -> str:
        """The scope with the resource's own name: the id may say which file it stands in."""
        return f"{self.scope} {self.id.rpartition('/')[2]}".rstrip()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that exists, or may exist, and was not read: a link, not collected, a template."""

    reason: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A named value whose text only the service knows: secret, or from Key Vault."""

    vault: bool = False
    """It is a reference to Key Vault."""
    shown: bool = False
    """It is not marked secret, and its text was a credential and was replaced."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A named value that is referenced and not known: not collected, or not there."""


NamedText: TypeAlias = str | Secret | Missing
Read: TypeAlias = Document | Unreadable


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """What documents of a service, or of one workspace, refer to by name."""

    fragments: Mapping[str, Read] = field(default_factory=dict)
    named_values: Mapping[str, NamedText] = field(default_factory=dict)
    """By display name."""
    whole: bool = True
    """Whether ``fragments`` are all there are."""
    backends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """URLs of the backends whose URL is known, by name in lower case; of a pool, those of its members."""
    complete: bool = False
    """Every named value was listed, so that one that is not among them does not exist."""
    in_workspace: bool = False
    """Named values of a workspace cannot come from Key Vault."""

    def fragment(self, name: str) -> Read | None:
        """A fragment by its id; names of resources are matched without case."""
        found = self.fragments.get(name)
        if found is not None:
            return found
        folded = name.casefold()
        return next((read for key, read in self.fragments.items() if key.casefold() == folded), None)

    def named_value(self, name: str) -> NamedText:
        """What stands for ``{{name}}``."""
        return self.named_values.get(name, _MISSING)


_MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; ``id`` is the one of its ``Place``."""

    id: str
    name: str = ""
    method: str = ""
    url_template: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Api:
    """One revision of an API."""

    id: str
    """Of its ``Place``."""
    name: str = ""
    """As products and subscriptions know it: the same for all revisions."""
    title: str = ""
    path: str | None = None
    revision: str | None = None
    version: str | None = None
    current: bool | None = None
    workspace: str | None = None
    subscription_required: bool | None = None
    """None: not known."""
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """One product."""

    id: str
    """Of its ``Place``."""
    name: str = ""
    title: str = ""
    subscription_required: bool | None = None
    apis: frozenset[str] = frozenset()
    """Names of the APIs in it."""
    published: bool = True
    """Known to be published: "Before the APIs in a product can be called, the product must be published"
    ("Tutorial: Create and publish a product"). What becomes of keys that exist is not documented."""


class Opens(StrEnum):
    """How much a subscription's key opens."""

    SERVICE = "the whole service"
    ALL_APIS = "all APIs"
    API = "one API"
    PRODUCT = "a product"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription whose keys work."""

    opens: Opens
    name: str = ""
    """Of the API or product."""


@dataclass(frozen=True, slots=True, eq=False)
class Policies:
    """Everything that decides which policies a request meets.

    A place without an entry in ``documents`` has no document; where that is not known, the entry is
    ``Unreadable``. ``products`` and ``subscriptions`` are None where they were not listed.
    """

    documents: Mapping[Place, Read]
    library: Library = field(default_factory=Library)
    workspaces: Mapping[str, Library] = field(default_factory=dict)
    """Named values and fragments of a workspace are its own."""
    products: tuple[Product, ...] | None = ()
    subscriptions: tuple[Subscription, ...] | None = ()
    built_in_read: bool = True
    """Whether the subscription was read that comes with every service and opens all of it."""

    def library_of(self, workspace: str | None) -> Library:
        """What a document of the service, or of a workspace, refers to by name."""
        return self.library if workspace is None else self.workspaces.get(workspace, _EMPTY)

    def products_of(self, api: Api) -> Iterator[Product]:
        """The products an API is in, as far as known."""
        return (product for product in self.products or () if (api.name or api.id) in product.apis)


_EMPTY = Library()


@dataclass(frozen=True, slots=True)
class Context:
    """One way in which a request can arrive: with a key or without, and the product that applies then."""

    key: bool | None
    """None: not said, so that either can be."""
    product: Product | None = None
    certain: bool = True
    """False where what was not read decides whether a request can arrive like this."""

    def __str__(self) -> str:
        arrival = {True: "with a key", False: "without a key", None: "any request"}[self.key]
        if self.product is not None:
            return f"{arrival}, product {self.product.name or self.product.id}"
        return arrival if self.key is None else f"{arrival}, no product"


def contexts(policies: Policies, api: Api) -> tuple[Context, ...]:
    """All ways in which a request for an API can arrive and reach its policies.

    A product key brings that product's policy and no other; a key for the API, all APIs or the service
    brings none; without a key an open product applies, else none if the API asks for no key.
    """
    found: list[Context] = []
    members = tuple(policies.products_of(api))
    found.extend(
        Context(key=True, product=each, certain=each.subscription_required is not None and each.published)
        for each in members
        if each.subscription_required is not False
    )
    if policies.subscriptions is None:
        found.append(Context(key=True, certain=False))
    elif any(_opens(subscription, api) for subscription in policies.subscriptions):
        found.append(Context(key=True))
    elif not policies.built_in_read:
        found.append(Context(key=True, certain=False))
    found.extend(_without_key(policies, api, members))
    return tuple(found)


def _without_key(policies: Policies, api: Api, members: tuple[Product, ...]) -> Iterator[Context]:
    """Arrivals without a key: an API has at most one open product, which wins over the API's own setting."""
    openly = [each for each in members if each.subscription_required is False]
    yield from (Context(key=False, product=each, certain=each.published) for each in openly)
    if any(each.published for each in openly):
        return
    yield from (
        Context(key=False, product=each, certain=False)
        for each in members
        if each.subscription_required is None
    )
    if api.subscription_required is not True:
        known = api.subscription_required is False and policies.products is not None
        yield Context(key=False, certain=known)
    elif policies.products is None:
        # An open product would let requests without a key in, and its policy is not known either.
        yield Context(key=False, certain=False)


def _opens(subscription: Subscription, api: Api) -> bool:
    if subscription.opens is Opens.API:
        return subscription.name == (api.name or api.id)
    return subscription.opens in (Opens.SERVICE, Opens.ALL_APIS)
