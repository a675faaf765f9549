"""Estates of any size, computed when they are asked for: nothing of them is kept.

The same numbers and seed give the same estate. Services take turns in tier and in what is good and bad
about them; below each lie APIs with operations, policies at every scope, named values, products,
subscriptions, certificates, backends, loggers and the rest, and beside it a network, a vault, an identity,
role assignments and policy states."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.arm_server import known, neighbours, shapes
from tests.arm_server.ids import JsonObject, Place

_SUBSCRIPTIONS = uuid.UUID("5b000000-0000-4000-8000-000000000000")


def subscription_id(number: int) -> str:
    """The n-th subscription of an estate."""
    return str(uuid.UUID(int=_SUBSCRIPTIONS.int + number))


@dataclass(frozen=True)
class Service:
    """One service of an estate."""

    number: int
    subscription: str
    group: str
    sku: str
    seed: int

    @cached_property
    def name(self) -> str:
        """Its name."""
        return f"apim-{self.number:04}"

    @cached_property
    def group_id(self) -> str:
        """The id of its resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @cached_property
    def id(self) -> str:
        """Its id."""
        return f"{self.group_id}/providers/Microsoft.ApiManagement/service/{self.name}"

    def pick(self, what: str, of: int) -> int:
        """A number below ``of`` that depends on the estate's seed, the service and ``what`` alone."""
        return zlib.crc32(f"{self.seed}|{self.number}|{what}".encode()) % of


class Items(Sequence[JsonObject]):
    """A list whose items are made when they are taken."""

    def __init__(self, count: int, make: Callable[[int], JsonObject]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._make(n) for n in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._make(index)


@dataclass(frozen=True)
class Estate:
    """N services x A APIs x O operations; a ``state.Source``."""

    services: int = 3
    apis: int = 5
    operations: int = 4
    per_subscription: int = 100
    """Services in a subscription."""
    per_group: int = 5
    """Services in a resource group."""
    skus: tuple[str, ...] = ("Premium", "Developer", "StandardV2", "Standard", "Consumption", "BasicV2")
    seed: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    """Other collections' sizes by type path below the service, where they differ from ``shapes.SIZES``."""

    # -- finding -----------------------------------------------------------------------------------------

    def service(self, number: int) -> Service:
        """The n-th service."""
        return Service(
            number,
            subscription_id(number // self.per_subscription),
            f"rg-{number // self.per_group:03}",
            self.skus[number % len(self.skus)],
            self.seed,
        )

    def _numbered(self, text: str) -> int | None:
        """The number at the end of a name, if there is such a service."""
        digits = text.rpartition("-")[2]
        number = int(digits) if digits.isdecimal() else -1
        return number if 0 <= number < self.services and len(digits) == 4 else None

    def _owner(self, place: Place) -> Service | None:
        """The service that a resource belongs to, if its id is right in every part."""
        number = self._numbered(place.own[1] if len(place.own) > 1 else "")
        if number is None:
            return None
        service = self.service(number)
        head = service.group_id.lower() + "/providers/"
        return service if place.key.startswith(head) else None

    def _service_at(self, key: str) -> Service | None:
        place = Place(key)
        if place.type_key != "microsoft.apimanagement/service" or place.listing:
            return None
        service = self._owner(place)
        return service if service is not None and service.id.lower() == key else None

    def _size(self, service: Service, kind: str, numbers: tuple[int, ...]) -> int:
        """How many items a collection has; ``kind`` below the service, without case."""
        top = kind.split("/")[0]
        if top in known.NOT_IN_TIER.get(service.sku.lower(), ()):
            return 0
        if kind in self.sizes:
            return self.sizes[kind]
        if kind in ("apis", "apis/operations"):
            return self.apis if kind == "apis" else self.operations
        size = shapes.SIZES.get(kind, 0)
        return size(service, numbers) if callable(size) else size

    def _numbers(self, service: Service, names: tuple[str, ...]) -> tuple[int, ...] | None:
        """Type, name, type, name...: the numbers of the names, or None where one is not there."""
        numbers: tuple[int, ...] = ()
        kinds: list[str] = []
        for kind, name in zip(names[0::2], names[1::2], strict=False):
            kinds.append(kind)
            path = "/".join(kinds)
            number = shapes.number_of(path, name)
            if number is None or number >= self._size(service, path, numbers):
                return None
            numbers = (*numbers, number)
        return numbers

    def _child(self, service: Service, kind: str, numbers: tuple[int, ...]) -> JsonObject:
        parts = kind.split("/")
        steps = [
            f"{shapes.CASES.get(part, part)}/{shapes.name_of('/'.join(parts[: at + 1]), numbers[at])}"
            for at, part in enumerate(parts)
        ]
        typed = "/".join(shapes.CASES.get(part, part) for part in parts)
        return {
            "id": f"{service.id}/{'/'.join(steps)}",
            "type": f"Microsoft.ApiManagement/service/{typed}",
            "name": steps[-1].rpartition("/")[2],
            "properties": shapes.properties(service, kind, numbers),
        }

    # -- answering ---------------------------------------------------------------------------------------

    def resource(self, key: str) -> JsonObject | None:
        """See ``state.Source``."""
        place = Place(key)
        if place.listing or not place.own:
            return None
        if place.namespace == known.APIM and place.own[0] == "service":
            service = self._owner(place)
            if service is None or service.name != place.own[1]:
                return None
            names = place.own[2:]
            if not names:
                return shapes.service(service)
            numbers = self._numbers(service, names)
            return None if numbers is None else self._child(service, "/".join(names[0::2]), numbers)
        return self._beside(place)

    def _beside(self, place: Place) -> JsonObject | None:
        if place.type_key in (
            "microsoft.insights/events",
            "microsoft.authorization/policyassignments",
            "microsoft.authorization/roledefinitions",
        ):
            return next((row for row in self.rows() if row["id"].lower() == place.key), None)
        if place.type_key in neighbours.EXTENSIONS or place.type_key == "microsoft.security/pricings":
            collection = Place(place.key.rpartition("/")[0])
            return next((one for one in self.listing(collection) if one["id"].lower() == place.key), None)
        owner = self._owner(place)
        make = neighbours.KINDS.get(place.type_key.removesuffix("/subnets"))
        found = make(owner) if owner is not None and make is not None else None
        if found is not None and place.kind.endswith("/subnets"):
            subnets = found["properties"]["subnets"]
            return next((one for one in subnets if one["id"].lower() == place.key), None)
        return found if found is not None and found["id"].lower() == place.key else None

    def listing(self, place: Place) -> Sequence[JsonObject]:
        """See ``state.Source``."""
        if place.over_many:
            return self._over_many(place)
        if place.namespace.lower() == known.APIM and place.own[0].lower() == "service" and len(place.own) > 1:
            lowered = Place(place.key)
            service = self._owner(lowered)
            names = lowered.own[2:]
            numbers = self._numbers(service, names[:-1]) if service is not None else None
            if service is None or numbers is None or service.name != lowered.own[1]:
                return []
            kind, above, owner = "/".join(names[0::2]), numbers, service
            size = self._size(service, kind, numbers)
            return Items(size, lambda n: self._child(owner, kind, (*above, n)))
        if place.type_key in neighbours.EXTENSIONS:
            return self._attached(place)
        if place.kind == "virtualnetworks/subnets":
            network = self.resource(place.parent)
            return [] if network is None else list(network["properties"]["subnets"])
        return []

    def _attached(self, place: Place) -> Sequence[JsonObject]:
        """Diagnostic settings, role assignments and policy states: on a service, or on its vault."""
        number = self._numbered(Place(place.scope).name)
        if number is None:
            return []
        service = self.service(number)
        found = neighbours.attached(service)
        on = place.key + "/"
        return [one for one in found if one["id"].lower().startswith(on)]

    def _over_many(self, place: Place) -> Sequence[JsonObject]:
        scope = place.scope + "/"
        chosen = [
            service
            for service in map(self.service, range(self.services))
            if f"{service.group_id}/".lower().startswith(scope)
        ]
        if place.type_key == "microsoft.apimanagement/service":
            return Items(len(chosen), lambda n: shapes.service(chosen[n]))
        if place.type_key == "microsoft.security/pricings":
            known_here = [one for one in self.subscriptions() if scope == f"/subscriptions/{one}/"]
            return [neighbours.pricing(one) for one in known_here]
        if place.type_key == "microsoft.authorization/policyassignments":
            return [
                neighbours.policy_assignment(one)
                for one in self.subscriptions()
                if scope == f"/subscriptions/{one}/"
            ]
        if place.type_key == "microsoft.authorization/roledefinitions":
            known_here = [one for one in self.subscriptions() if scope == f"/subscriptions/{one}/"]
            return [neighbours.role_definition(one) for one in known_here]
        if place.type_key in neighbours.EXTENSIONS:
            if place.type_key == "microsoft.insights/diagnosticsettings":
                return []
            rows = (one for service in chosen for one in neighbours.attached(service))
            return [one for one in rows if Place(one["id"]).type_key == place.type_key]
        make = neighbours.KINDS.get(place.type_key)
        made = (make(service) for service in chosen) if make is not None else ()
        return [one for one in made if one is not None]

    def exists(self, key: str) -> bool:
        """See ``state.Source``."""
        parts = key.strip("/").split("/")
        if len(parts) in (2, 4):
            heads = (service.group_id.lower() for service in map(self.service, range(self.services)))
            return any(head == key or head.startswith(key + "/") for head in heads)
        return self.resource(key) is not None

    def rows(self) -> Iterator[JsonObject]:
        """See ``state.Source``."""
        for one in self.subscriptions():
            yield neighbours.pricing(one)
            yield neighbours.policy_assignment(one)
            yield neighbours.role_definition(one)
        for number in range(self.services):
            service = self.service(number)
            yield shapes.service(service)
            for make in neighbours.KINDS.values():
                found = make(service)
                if found is not None:
                    yield found
            yield from neighbours.attached(service)
            if service.pick("backup", 3):
                yield neighbours.backup_entry(service)

    def policies(self, service: str) -> Sequence[str]:
        """See ``state.Source``."""
        found = self._service_at(service)
        return [] if found is None else list(self._policy_ids(found))

    def _policy_ids(self, service: Service) -> Iterator[str]:
        yield f"{service.id}/policies/policy"
        for kind in ("apis", "products"):
            for number in range(self._size(service, kind, ())):
                base = f"{service.id}/{kind}/{shapes.name_of(kind, number)}"
                if self._size(service, f"{kind}/policies", (number,)):
                    yield f"{base}/policies/policy"
                for operation in range(self.operations if kind == "apis" else 0):
                    if self._size(service, "apis/operations/policies", (number, operation)):
                        name = shapes.name_of("apis/operations", operation)
                        yield f"{base}/operations/{name}/policies/policy"

    def subscriptions(self) -> Sequence[str]:
        """See ``state.Source``."""
        count = -(-self.services // self.per_subscription)
        return [subscription_id(number) for number in range(count)]
