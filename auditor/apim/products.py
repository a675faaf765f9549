"""Products: which APIs stand in one, and whether an API asks for a key of its own.

Source: "Subscriptions in Azure API Management", how the gateway handles requests with and without a key.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.apim.kinds import owner
from auditor.model.logic import some, together
from auditor.model.subject import Subject


def members(product: Subject) -> Iterator[Subject]:
    """The entries of a product's APIs: copies under ``apis``, or links, which alone workspaces have."""
    return together(product.children("apis"), product.children("apiLinks"))


def api_name(member: Subject) -> str:
    """Name of the API: that of the entry, or where the link leads.

    Raises:
        Undetermined: The link leads to a name that is not known.
    """
    if member.resource.type.endswith("/apis"):
        return member.name
    target = member.text("/properties/apiId")
    name = target.tail.rstrip("/").rpartition("/apis/")[2]
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
