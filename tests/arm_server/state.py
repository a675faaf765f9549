"""What the server knows: resources by id, and the lists that follow from the ids.

A ``Source`` is anything that can answer for ids: ``Stored`` holds wire JSON, an estate computes it.
``Layered`` puts what a test says over what an estate computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from tests.arm_server.ids import JsonObject, Place, key_of, sane


class Source(Protocol):
    """Answers for ids."""

    def resource(self, key: str) -> JsonObject | None:
        """The resource with that id (without case)."""

    def listing(self, place: Place) -> Sequence[JsonObject]:
        """What a collection holds; may be computed item by item."""

    def exists(self, key: str) -> bool:
        """Whether something stands at that id or below it."""

    def rows(self) -> Iterator[JsonObject]:
        """What Resource Graph may show: everything but the children of services."""

    def policies(self, service: str) -> Sequence[str]:
        """The ids of all policy documents of a service, for ``allPolicies``."""

    def subscriptions(self) -> Sequence[str]:
        """The subscriptions that anything lives in."""


class Stored:
    """Resources held as they were given."""

    def __init__(self) -> None:
        self._resources: dict[str, JsonObject] = {}
        self._children: dict[str, dict[str, JsonObject]] = {}
        self._by_type: dict[str, dict[str, JsonObject]] = {}
        self._above: Counter[str] = Counter()
        self._extra: dict[str, list[JsonObject]] = {}
        self._bodies: dict[str, Any] = {}
        self._subscriptions: list[str] | None = None
        self.gone: set[str] = set()
        """Ids (without case) that are taken away, with everything below them, from what lies underneath."""

    def put(self, resource: JsonObject) -> None:
        """Add a resource, or replace the one with its id."""
        resource_id = sane(resource)
        if resource_id is None:
            raise ValueError("a resource needs an id that begins with a slash")
        place = Place(resource_id.rstrip("/"))
        key = place.key
        if key not in self._resources:
            for end in (i for i, char in enumerate(key) if char == "/" and i):
                self._above[key[:end]] += 1
            self._subscriptions = None
        self._resources[key] = resource
        self._children.setdefault(key.rpartition("/")[0], {})[key] = resource
        self._by_type.setdefault(place.type_key, {})[key] = resource
        self.gone.discard(key)

    def add(self, resources: Iterable[JsonObject]) -> None:
        """Add several."""
        for resource in resources:
            self.put(resource)

    def add_list(self, path: str, items: Iterable[JsonObject]) -> None:
        """A list as it was recorded.

        Items that live at its path become resources; the others (without an id, or with one that lies
        elsewhere) are kept for this list only.
        """
        key = key_of(path)
        kept = self._extra.setdefault(key, [])
        self._above[Place(key).parent] += 1
        for item in items:
            resource_id = sane(item)
            at_home = resource_id is not None and Place(resource_id).type_key == Place(key).type_key
            if resource_id is not None and (at_home or Place(key).over_many):
                if key_of(resource_id) not in self._resources:
                    self.put(item)
                if key_of(resource_id).startswith(key + "/") or Place(key).over_many:
                    continue
            if all(item != other for other in kept):
                kept.append(item)

    def put_body(self, path: str, body: Any) -> None:
        """An answer for one path, as it is: for what is neither a resource nor a list."""
        self._bodies[key_of(path)] = body

    def body(self, key: str) -> Any:
        """What ``put_body`` said of a path, or None."""
        return self._bodies.get(key)

    def remove(self, resource_id: str) -> None:
        """Take away a resource and all below it."""
        key = key_of(resource_id)
        self._subscriptions = None
        for gone in [one for one in self._resources if one == key or one.startswith(key + "/")]:
            del self._resources[gone]
            self._children[gone.rpartition("/")[0]].pop(gone)
            self._by_type[Place(gone).type_key].pop(gone)
            for end in (i for i, char in enumerate(gone) if char == "/" and i):
                self._above[gone[:end]] -= 1
        self.gone.add(key)

    def resource(self, key: str) -> JsonObject | None:
        """See ``Source``."""
        return self._resources.get(key)

    def listing(self, place: Place) -> Sequence[JsonObject]:
        """See ``Source``."""
        extra = self._extra.get(place.key, [])
        if place.over_many:
            of_type = self._by_type.get(place.type_key, {})
            scope = place.scope + "/"
            direct = place.type_key == "microsoft.insights/diagnosticsettings"
            prefix = place.key + "/" if direct else scope
            return [*(item for key, item in of_type.items() if key.startswith(prefix)), *extra]
        return [*self._children.get(place.key, {}).values(), *extra]

    def exists(self, key: str) -> bool:
        """See ``Source``."""
        return key in self._resources or self._above[key] > 0

    def rows(self) -> Iterator[JsonObject]:
        """See ``Source``."""
        yield from list(self._resources.values())

    def policies(self, service: str) -> Sequence[str]:
        """See ``Source``."""
        prefix = service + "/"
        found = (item for key, item in self._resources.items() if key.startswith(prefix))
        return [str(item["id"]) for item in found if Place(str(item["id"])).kind.endswith("/policies")]

    def subscriptions(self) -> Sequence[str]:
        """See ``Source``."""
        if self._subscriptions is None:
            named = {Place(str(resource["id"])).subscription for resource in list(self._resources.values())}
            self._subscriptions = list({one.lower(): one for one in named if one is not None}.values())
        return self._subscriptions


class Layered:
    """What a test says, over what is computed."""

    def __init__(self, over: Stored, under: Source) -> None:
        self.over = over
        self.under = under

    def _gone(self, key: str) -> bool:
        return any(key == one or key.startswith(one + "/") for one in self.over.gone)

    def resource(self, key: str) -> JsonObject | None:
        """See ``Source``."""
        found = self.over.resource(key)
        if found is not None or self._gone(key):
            return found
        return self.under.resource(key)

    def listing(self, place: Place) -> Sequence[JsonObject]:
        """See ``Source``; computed lists stay computed where nothing was said of them."""
        over = self.over.listing(place)
        prefix = place.scope if place.over_many else place.key
        touched = any(one.startswith(prefix) or place.key.startswith(one) for one in self.over.gone)
        under = self.under.listing(place)
        if not over and not touched:
            return under
        said = {key_of(str(item["id"])): item for item in over if sane(item)}
        kept = (item for item in under if not self._gone(key_of(str(item["id"]))))
        merged = [said.pop(key_of(str(item["id"])), item) for item in kept]
        return [*merged, *said.values(), *(item for item in over if not sane(item))]

    def exists(self, key: str) -> bool:
        """See ``Source``."""
        return self.over.exists(key) or (not self._gone(key) and self.under.exists(key))

    def rows(self) -> Iterator[JsonObject]:
        """See ``Source``."""
        for row in self.under.rows():
            key = key_of(str(row["id"]))
            if not self._gone(key) and self.over.resource(key) is None:
                yield row
        yield from self.over.rows()

    def policies(self, service: str) -> Sequence[str]:
        """See ``Source``."""
        over = self.over.policies(service)
        under = self.under.policies(service)
        if not over and not self.over.gone:
            return under
        said = {key_of(one) for one in over}
        return [*over, *(one for one in under if key_of(one) not in said and not self._gone(key_of(one)))]

    def subscriptions(self) -> Sequence[str]:
        """See ``Source``."""
        found = {one.lower(): one for one in (*self.under.subscriptions(), *self.over.subscriptions())}
        return list(found.values())
