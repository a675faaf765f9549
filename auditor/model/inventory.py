"""Resources with their origins, and the record of what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Protocol

from auditor.model.evidence import Reason
from auditor.model.values import Json, Unresolved

SERVICE = "microsoft.apimanagement/service"
IN_EXPRESSION = "\u2215"
"""Stands for a slash inside an unresolved name, where a real one would read as a separator of the id."""


class InputKind(StrEnum):
    """What a file was taken for."""

    ARM_TEMPLATE = "arm-template"
    PORTAL_EXPORT = "portal-export"
    PARAMETERS = "arm-parameters"
    REST = "management-api"
    AZ_RESOURCE = "az-resource"
    AZ_CLI = "az-apim"
    AZ_LIST = "az-list"
    KEY_VAULT = "key-vault"
    GRAPH = "resource-graph"
    POWERSHELL = "powershell"
    SNAPSHOT = "snapshot"


class Position(Protocol):
    """A place in a text, both counted from 1."""

    @property
    def line(self) -> int:
        """Counted from 1."""

    @property
    def column(self) -> int:
        """Counted from 1, in characters."""


class Document(Protocol):
    """A file that was read, able to say where in its text a JSON pointer stands."""

    @property
    def path(self) -> str:
        """As shown to the reader."""

    def locate(self, pointer: str) -> Position | None:
        """Line and column of the value at ``pointer``, or of the nearest ancestor that is there."""

    def written(self, pointer: str) -> Json:
        """The value at ``pointer`` as the file has it, before evaluation; None where there is none."""


@dataclass(frozen=True, slots=True)
class Input:
    """One file of the audit: what it was taken for, and what that makes of what it says."""

    path: str
    """As shown to the reader: the path given, or ``<stdin>``."""
    kind: InputKind
    sha256: str = ""
    declared: bool = False
    """It says what a deployment would set (templates, plans), not what Azure reported."""
    exported: bool = False
    """It was exported from a deployed service: declared in form, observed in what stands in it."""
    whole: bool = False
    """The user says it holds everything there is."""
    notes: tuple[str, ...] = ()
    """What to know about it: parameters without a value, linked templates not followed."""
    lost: int = 0
    """How many parts of it could not be read or followed: it may hold more than its resources show."""
    identity: str = ""
    """Who read it from Azure; empty for what was not read from there."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a resource stands: a document and the JSON pointer of the resource in it, or a request."""

    pointer: str
    document: Document | None = None
    request: str = ""
    flat: bool = False
    """The document lists the members of ``properties`` beside the envelope (``az apim show``)."""


@dataclass(slots=True, eq=False)
class Resource:
    """One Azure resource in wire JSON."""

    id: str
    """Resource id as written; templates that know no subscription start at ``/providers/``."""
    type: str
    """Full type in lower case."""
    body: Mapping[str, Json]
    origin: Origin
    input: Input
    api_version: str = ""
    """The api-version it was declared or read with; empty where the input does not tell."""
    condition: Unresolved | None = None
    """It is deployed only if this holds, and whether it does is not known."""
    implied: bool = False
    """Not in the input itself: children of it are."""
    scope: str = ""
    """Tells apart equal ids of unrelated files; never shown."""
    overlays: tuple[tuple[Origin, Mapping[str, Json]], ...] = ()
    """Further documents the body was merged from, for locating what they hold."""
    key: str = field(init=False)
    """What identifies it within the inventory: the id in lower case, within its scope."""
    name: str = field(init=False)
    """Last segment of the id."""

    def __post_init__(self) -> None:
        self.key = self.scope + self.id.lower()
        self.name = self.id.rpartition("/")[2] or "(unnamed)"

    @property
    def parent_key(self) -> str:
        """Key of the resource this one is a child of; empty at the top."""
        if self.type.count("/") < 2:
            return ""
        return self.key.rpartition("/")[0].rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Listing:
    """That a collection was listed, and whether to its end."""

    complete: bool
    origin: Origin
    reason: Reason = Reason.TRUNCATED
    """Why it is not complete, where it is not."""
    detail: str = ""
    remedy: ClassVar[str] = (
        "give the parameters with --parameters FILE, inline linked templates, or audit the deployed service"
    )
    """What makes a template's list whole of which it is known why it is not."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A collection that was not read, or not to its end, and why."""

    scope: str
    """Id of the resource it belongs to."""
    collection: str
    reason: Reason
    needed: str
    remedy: str


class Inventory:
    """All resources of one audit, indexed, with the listings that say which collections are whole."""

    def __init__(
        self,
        resources: Iterable[Resource],
        listings: Mapping[tuple[str, str], Listing] | None = None,
        inputs: Iterable[Input] = (),
    ) -> None:
        """Index the resources.

        Args:
            resources: With unique keys: merging several descriptions of one resource is the sources' work.
            listings: By (key of the parent, full lower-case type of the items).
            inputs: Every file that was read, also those that hold nothing.
        """
        self.inputs = tuple(inputs)
        self.listings = dict(listings or {})
        self.by_key: dict[str, Resource] = {}
        self._types: dict[str, list[Resource]] = {}
        self._children: dict[tuple[str, str], list[Resource]] = {}
        self._extensions: dict[tuple[str, str], list[Resource]] = {}
        for resource in resources:
            self.by_key[resource.key] = resource
            self._types.setdefault(resource.type, []).append(resource)
            target = _extension_target(resource)
            if target:
                self._extensions.setdefault((target, resource.type), []).append(resource)
            else:
                self._children.setdefault((resource.parent_key, resource.type), []).append(resource)
        self.services = sorted(self.of_type(SERVICE), key=lambda r: (r.name.lower(), r.key))

    def of_type(self, type_: str) -> list[Resource]:
        """Every resource of a type, wherever it stands, in the order they were read."""
        return self._types.get(type_, [])

    def children(self, parent_key: str, type_: str) -> list[Resource]:
        """The resources of a type directly below a parent, in the order they were read."""
        return self._children.get((parent_key, type_), [])

    def extensions(self, target_key: str, type_: str) -> list[Resource]:
        """The extension resources of a type on a resource."""
        return self._extensions.get((target_key, type_), [])

    def listing(self, parent: Resource, type_: str) -> Listing | None:
        """What is known of the completeness of a collection; None where nothing says anything.

        A declared source that mentions a collection sets all of it; an input that the user calls whole
        has nothing that it does not mention.
        """
        recorded = self.listings.get((parent.key, type_))
        if recorded is not None and not recorded.complete:
            return recorded
        doubt = self._elsewhere(parent, type_)
        if doubt is not None or recorded is not None:
            return doubt or recorded
        seen = self._children.get((parent.key, type_)) or self._extensions.get((parent.key, type_))
        if parent.input.whole or (seen and parent.input.declared and not parent.implied):
            return Listing(complete=True, origin=parent.origin)
        if seen and seen[0].input.declared:
            return Listing(complete=True, origin=seen[0].origin)
        return None

    def surveyed(self, resource: Resource, type_: str) -> Listing | None:
        """What is known of the completeness of a type in the subscription of a resource.

        It covers what applies to the subscription: what stands at it, above it and below it. None where
        nothing says anything; an input that the user calls whole has nothing that it does not hold.
        """
        _, _, tail = resource.id.lower().partition("/subscriptions/")
        recorded = self.listings.get((f"/subscriptions/{tail.partition('/')[0]}", type_)) if tail else None
        if recorded is None and resource.input.whole:
            if any(found.input is resource.input for found in self.of_type(type_)):
                for twin in self._twins.get(_service_of(resource.key), ()):
                    return _of_a_twin(resource, twin)
            return Listing(complete=True, origin=resource.origin)
        return recorded

    def _elsewhere(self, parent: Resource, type_: str) -> Listing | None:
        """Why a collection may hold more: what may be the same service under another name has some of it."""
        own = _service_of(parent.key) if self._twins else ""
        for twin in self._twins.get(own, ()):
            key = (f"{twin.key}{parent.key[len(own) :]}", type_)
            if self._children.get(key) or self._extensions.get(key):
                return _of_a_twin(parent, twin)
        return None

    @cached_property
    def _twins(self) -> Mapping[str, tuple[Resource, ...]]:
        """By the key of a service: what may be the same one, though another name stands in the file.

        A template that names its service by an expression which is not known, and children of a service by
        another name, describes one service or two.
        """
        by_file: dict[int, list[Resource]] = {}
        for service in self.services:
            by_file.setdefault(id(service.input), []).append(service)
        return {
            one.key: found
            for several in by_file.values()
            if any(each.implied for each in several) and any("[" in each.name for each in several)
            for one in several
            if (found := tuple(other for other in several if other is not one and _may_be_one(one, other)))
        }


_SERVICE_IN_KEY = f"/providers/{SERVICE}/"


def _service_of(key: str) -> str:
    """The part of a key that names a service; empty for what stands below none."""
    head, separator, tail = key.partition(_SERVICE_IN_KEY)
    return f"{head}{separator}{tail.partition('/')[0]}" if separator else ""


def _may_be_one(one: Resource, other: Resource) -> bool:
    """Whether two names in a file may mean one service: two that it declares are two."""
    return (one.implied or other.implied) and ("[" in one.name or "[" in other.name)


def _of_a_twin(resource: Resource, twin: Resource) -> Listing:
    detail = f"whether {twin.name.replace(IN_EXPRESSION, '/')} is the same service: a name is not known"
    return Listing(complete=False, origin=resource.origin, reason=Reason.UNRESOLVED, detail=detail)


def _extension_target(resource: Resource) -> str:
    """Key of the resource an extension resource is attached to; empty for any other resource."""
    head, separator, tail = resource.key.rpartition("/providers/")
    if not separator or "/providers/" not in head or not tail.startswith(resource.type.split("/")[0]):
        return ""
    return head


def implied(resource_id: str, type_: str, child: Resource) -> Resource:
    """A service that is not in the input, though children of it are."""
    origin = Origin(pointer="", document=child.origin.document, request=child.origin.request)
    return Resource(resource_id, type_, {}, origin, child.input, implied=True, scope=child.scope)
