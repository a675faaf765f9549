"""Subscriptions: what their key opens, whether it works, and whose it is.

Sources: "Subscriptions in Azure API Management"; REST specification, ``subscriptions``; built-in policy
3aa03346, which knows a subscription over all APIs by a scope that ends in ``/apis``.
"""

from __future__ import annotations

import re
from enum import Enum, StrEnum

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject

BUILT_IN = "master"
"""Name of the subscription over the whole service that each service comes with."""
PUBLISHER = "1"
"""Name of the account that each service comes with."""

_OWNER = ("/properties/ownerId", "/properties/userId")
"""Where the owner stands; the second until api-version 2018-01-01."""
_PRODUCT = "/properties/productId"
"""What a subscription was for until api-version 2018-01-01, which knew no scope: one product."""
_ALL_APIS = re.compile(r"/apis/?$")
_NARROW = re.compile(r"/(apis|products)/[^/]+/?$")
_UP_TO_SERVICE = re.compile(r"^.*/service/[^/]+")


class State(StrEnum):
    """``state`` of a subscription on the wire."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


_INACTIVE = frozenset(State) - {State.ACTIVE}


class Breadth(Enum):
    """How much a subscription's key opens."""

    SERVICE = "the whole service"
    ALL_APIS = "all APIs"
    NARROW = "a product or an API"


def is_active(subscription: Subject) -> bool:
    """Whether its keys work."""
    return subscription.read("/properties/state", one_of=State) is State.ACTIVE


def says_inactive(subscription: Subject) -> bool:
    """Whether its keys are known not to work; a state that is not resolved or not known raises nothing."""
    pointer = "/properties/state"
    open_ = subscription.mentions(pointer) and subscription.stated(pointer).casefold() not in _INACTIVE
    return not open_ and not is_active(subscription)


def breadth_of(subscription: Subject) -> Breadth:
    """How much it opens, by its scope, of which the end decides.

    Azure reports full ids, ``.../service/contoso/`` for the built-in one; templates may say ``/apis``.

    Raises:
        Undetermined: The end of the scope is not known, or names nothing this version knows.
    """
    older = not subscription.mentions("/properties/scope") and subscription.mentions(_PRODUCT)
    if older and subscription.text(_PRODUCT).tail:
        return Breadth.NARROW
    scope = subscription.text("/properties/scope")
    tail = scope.tail.strip().casefold()
    end = _UP_TO_SERVICE.sub("", tail)
    # An API may be called "apis": that it is one API is asked first.
    if _NARROW.search(end):
        return Breadth.NARROW
    if _ALL_APIS.search(end):
        return Breadth.ALL_APIS
    if (end == "/" and scope.complete) or (end in ("", "/") and _UP_TO_SERVICE.match(tail)):
        return Breadth.SERVICE
    # A product named by an expression is still one product.
    if not scope.complete and scope.contains("/products/"):
        return Breadth.NARROW
    needed = f"what the scope {str(scope)!r} of subscription {subscription.name} covers"
    raise Undetermined(Gap(Reason.UNKNOWN_VALUE, needed, "check the scope's spelling"))


def is_owned(subscription: Subject) -> bool:
    """Whether it belongs to a user; those of applications need not."""
    return any(subscription.has(pointer) for pointer in _OWNER)


def belongs_to_publisher(subscription: Subject) -> bool:
    """Whether its owner is the account that comes with the service, which is always there and active."""
    return _owner_name(subscription) == PUBLISHER


def _owner_name(subscription: Subject) -> str:
    pointer = next(pointer for pointer in _OWNER if subscription.has(pointer))
    owner = subscription.text(pointer)
    _, slash, name = owner.tail.rstrip("/").rpartition("/")
    return name if slash else owner.value()


def owner_of(service: Subject, subscription: Subject) -> Subject | None:
    """The user a subscription belongs to; None where the list of users is whole and lacks them.

    Raises:
        Undetermined: The users were not read, or the input is a template, which may name an existing user.
    """
    name = _owner_name(subscription)
    inventory = service.audit.inventory
    found = inventory.by_key.get(f"{service.key}/users/{name.lower()}")
    if found is not None:
        return subscription.of(found)
    if service.source.declared and not (service.source.exported or service.source.whole):
        raise Undetermined(service.audit.knowledge.uncollected(service, "users"))
    subscription.of(service.resource).listed("users")
    return None
