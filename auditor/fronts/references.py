"""How parts of a front refer to each other and to other resources."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION
from auditor.model.logic import conditional_gap, may_not_be_deployed
from auditor.model.subject import Subject
from auditor.model.text import Text


def part(parts: Iterable[Subject], reference: Text, what: str) -> Subject:
    """The item that a reference names, of a list inside the same front.

    An expression that is not known names the item whose name is the same expression.

    Raises:
        Undetermined: It is not there, or the list is not whole, or the name not known.
    """
    wanted = spelled(reference)
    for each in parts:
        if wanted.endswith(f"/{each.item.casefold()}"):
            return each
    if not reference.tail.strip("/"):
        raise reference.undecided()
    needed = f"{what} {wanted.rpartition('/')[2]}, to which something in the same front refers"
    raise Undetermined(Gap(Reason.ABSENT, needed, "read the front whole"))


def spelled(reference: Text) -> str:
    """A reference as it is compared: in lower case, what is not known as its expression."""
    return str(reference).casefold().rstrip("/")


def id_of(subject: Subject) -> str:
    """The id of a resource in the same spelling."""
    return subject.resource.id.replace(IN_EXPRESSION, "/").casefold()


def resource(place: Subject, reference: Text, type_: str, command: str) -> Subject:
    """The resource that a reference names.

    A template knows no subscription: there an id is compared from its provider on.

    Args:
        place: Who refers to it.
        reference: The id.
        type_: Of the resource, in lower case.
        command: That exports it, with ``ID`` for its id.

    Raises:
        Undetermined: It is not in the input.
    """
    wanted = spelled(reference)
    for found in place.audit.inventory.of_type(type_):
        own = id_of(place.of(found))
        same_kind = found.input.declared == place.source.declared
        if wanted == own or (not own.startswith("/subscriptions/") and same_kind and wanted.endswith(own)):
            return _deployed(place.of(found))
    shown = str(reference)
    remedy = command.replace("ID", shown if reference.complete else "ID")
    raise Undetermined(Gap(Reason.ABSENT, f"{shown}, which {place.resource.name} refers to", remedy))


def children(parent: Subject, collection: str, command: str) -> Iterable[Subject]:
    """The items of a collection below a front, then ``Undetermined`` if there may be more.

    Args:
        parent: The front, or a part of it.
        collection: Wire name.
        command: That lists it.
    """
    inventory = parent.audit.inventory
    type_ = f"{parent.resource.type}/{collection.lower()}"
    listing = inventory.listing(parent.resource, type_)
    gaps: list[Gap] = []
    for found in inventory.children(parent.key, type_):
        item = parent.of(found)
        if may_not_be_deployed(item):
            gaps.append(conditional_gap(item))
        else:
            yield item
    if listing is None or not listing.complete:
        reason = Reason.ABSENT if listing is None else listing.reason
        gaps.append(Gap(reason, f"the {collection} of {parent.name}", command))
    else:
        parent.listed(collection, type_)
    if gaps:
        raise Undetermined(*gaps)


def _deployed(found: Subject) -> Subject:
    if may_not_be_deployed(found):
        raise Undetermined(conditional_gap(found))
    return found
