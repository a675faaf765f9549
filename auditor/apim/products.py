"""Products: which APIs stand in one, which groups it is for, whether an API asks for a key of its own.

Source: "Subscriptions in Azure API Management", how the gateway handles requests with and without a key.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.apim.kinds import in_workspace, owner
from auditor.model.logic import some, together
from auditor.model.subject import Subject

_OPEN_GROUPS = ("developers", "guests")
"""Built-in groups that accounts are in without anybody's doing."""


def members(product: Subject) -> Iterator[Subject]:
    """The entries of a product's APIs: copies under ``apis``, or links."""
    return _entries(product, "apis", "apiLinks")


def _entries(product: Subject, collection: str, links: str) -> Iterator[Subject]:
    """What belongs to a product: workspaces know links alone, templates may use both."""
    if in_workspace(product):
        return product.children(links)
    if product.source.declared:
        return _declared(product, collection, links)
    seen = product.audit.inventory.children(product.key, f"{product.resource.type}/{links.lower()}")
    copies = product.audit.inventory.children(product.key, f"{product.resource.type}/{collection.lower()}")
    return product.children(links if seen and not copies else collection)


def _declared(product: Subject, collection: str, links: str) -> Iterator[Subject]:
    """Both kinds; a template that uses one kind does not have to mention the other."""
    inventory = product.audit.inventory
    types = {name: f"{product.resource.type}/{name.lower()}" for name in (collection, links)}
    used = [name for name, type_ in types.items() if inventory.children(product.key, type_)]
    return together(*(product.children(name) for name in used or types))


def has_open_group(product: Subject) -> bool:
    """Whether one of the groups a product is for is open to every account, or to everybody.

    Raises:
        Undetermined: The product's groups were not read.
    """

    def is_open(entry: Subject) -> bool:
        return _name(entry, "groups", "/properties/groupId").casefold() in _OPEN_GROUPS

    return some(_entries(product, "groups", "groupLinks"), is_open)


def api_name(member: Subject) -> str:
    """Name of the API: that of the entry, or where the link leads.

    Raises:
        Undetermined: The link leads to a name that is not known.
    """
    return _name(member, "apis", "/properties/apiId")


def _name(entry: Subject, collection: str, pointer: str) -> str:
    """Name of what an entry stands for: its own, or the last part of where the link leads."""
    if entry.resource.type.endswith(f"/{collection}"):
        return entry.name
    target = entry.text(pointer)
    name = target.tail.rstrip("/").rpartition(f"/{collection}/")[2]
    if not name or "/" in name:
        raise target.undecided()
    return name


def requires_key(member: Subject) -> bool:
    """Whether the API itself demands a subscription key.

    Raises:
        Undetermined: Neither the copy under the product nor the API says so.
    """
    return some(_descriptions(member), lambda api: api.flag("/properties/subscriptionRequired"))


def _descriptions(member: Subject) -> Iterator[Subject]:
    """What the input says of the API: its copy under the product, then the API."""
    if member.resource.type.endswith("/apis"):
        yield member
    home = owner(owner(member))
    yield member.related(f"{home.resource.id}/apis/{api_name(member)}")
