"""The seam between input shapes and the inventory: what a shape makes of a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.model.evidence import Reason
from auditor.model.inventory import InputKind, Origin
from auditor.model.values import Json, Unresolved


@dataclass(slots=True)
class Found:
    """One resource as a shape found it, before redaction and before its identity is settled."""

    id: str
    """Resource id; of a template without subscription, from ``/providers/`` on."""
    type: str
    """Full type, lower case."""
    body: Mapping[str, Json]
    origin: Origin
    api_version: str = ""
    condition: Unresolved | None = None
    literal: bool = True
    """Every part of the id is known; if not, it identifies the resource within its document only."""


@dataclass(slots=True)
class Listed:
    """A collection that a document lists, whole or not."""

    parent_id: str
    type: str
    origin: Origin
    complete: bool
    detail: str = ""
    items: frozenset[str] = frozenset()
    """Ids of what it lists, in lower case."""
    reason: Reason = Reason.TRUNCATED
    """Why it is not complete, where it is not."""


@dataclass(slots=True)
class Shaped:
    """What a document was taken for and what it holds."""

    kind: InputKind
    resources: list[Found] = field(default_factory=list)
    listings: list[Listed] = field(default_factory=list)
    declared: bool = False
    exported: bool = False
    notes: list[str] = field(default_factory=list)
    lost: int = 0
    """Items that could not be read as resources, or are not here: the document is not the whole of it."""
    identity: str = ""
    """Who read it from Azure, where it tells."""
    unread: list[tuple[str, Origin]] = field(default_factory=list)
    """Ids of services that were asked for and did not answer: they are judged, with nothing known of them."""


def type_of_id(resource_id: str) -> str:
    """The full type, lower case, that a resource id spells; empty where it is not one."""
    _, separator, tail = resource_id.lower().rpartition("/providers/")
    if not separator:
        return ""
    namespace, *path = tail.strip("/").split("/")
    if not path or len(path) % 2:
        return ""
    return "/".join((namespace, *path[::2]))


def parent_of_id(resource_id: str) -> str:
    """The id of the resource that a child or an extension belongs to; empty at the top."""
    at = resource_id.lower().rfind("/providers/")
    namespace, *path = resource_id[at + len("/providers/") :].split("/")
    if len(path) > 2:
        return resource_id.rpartition("/")[0].rpartition("/")[0]
    attached = "/providers/" in resource_id[:at].lower()
    return resource_id[:at] if attached and namespace else ""


RENAMED = {"microsoft.apimanagement/service/properties": "microsoft.apimanagement/service/namedvalues"}
"""Types that were renamed: ``properties`` became ``namedValues`` with api-version 2019-12-01."""


def modern(resource_id: str, type_: str) -> tuple[str, str]:
    """Id and type with the names of today."""
    renamed = RENAMED.get(type_)
    if renamed is None:
        return resource_id, type_
    head, _, name = resource_id.rpartition("/")
    return f"{head.rpartition('/')[0]}/namedValues/{name}", renamed
