"""Resource ids as Azure Resource Manager reads them: without case, segment by segment.

"Resource ID" in the Azure Resource Manager documentation: ``{scope}/providers/{namespace}/{type}/{name}...``,
where the last ``providers`` begins the resource's own part, so that extension resources come out right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

JsonObject = dict[str, Any]

ARM = "Microsoft.Resources"


def key_of(resource_id: str) -> str:
    """What ids are compared by."""
    return "/" + resource_id.strip("/").lower()


@dataclass(frozen=True)
class Place:
    """One path below the management endpoint: a resource, or a collection of them."""

    path: str
    """Decoded, with a leading slash and none at the end; the case is the caller's."""

    @classmethod
    def at(cls, raw: str) -> Place:
        """The place of a path as it stands in a request line, without its query."""
        return cls("/" + "/".join(unquote(part) for part in raw.split("/") if part))

    @cached_property
    def key(self) -> str:
        """The path without case."""
        return self.path.lower()

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path's parts."""
        return tuple(part for part in self.path.split("/") if part)

    @cached_property
    def _provider(self) -> int:
        """Where the resource's own part begins; -1 for what belongs to Resource Manager itself."""
        lowered = [part.lower() for part in self.segments]
        last = len(lowered) - 1 - lowered[::-1].index("providers") if "providers" in lowered else -1
        return last if last + 1 < len(lowered) else -1

    @cached_property
    def namespace(self) -> str:
        """The provider, in the caller's case; Resource Manager's own name where there is none."""
        return self.segments[self._provider + 1] if self._provider >= 0 else ARM

    @cached_property
    def own(self) -> tuple[str, ...]:
        """Type, name, type, name... after the provider; without a provider all of it."""
        return self.segments[self._provider + 2 :] if self._provider >= 0 else self.segments

    @cached_property
    def scope(self) -> str:
        """What an extension resource is attached to, or what a top-level list ranges over; without case."""
        if self._provider < 0:
            return "/"
        return "/" + "/".join(self.segments[: self._provider]).lower()

    @cached_property
    def listing(self) -> bool:
        """It names a collection."""
        return len(self.own) % 2 == 1

    @cached_property
    def kind(self) -> str:
        """The types after the provider, without case: ``service/apis``."""
        return "/".join(self.own[0::2]).lower()

    @cached_property
    def type(self) -> str:
        """The full resource type in the caller's case."""
        types = "/".join(self.own[0::2]) or "providers"
        return f"{self.namespace}/{types}"

    @cached_property
    def type_key(self) -> str:
        """The full resource type without case."""
        return self.type.lower()

    @cached_property
    def name(self) -> str:
        """The last segment."""
        return self.segments[-1] if self.segments else ""

    @cached_property
    def parent(self) -> str:
        """The key of what a collection hangs on; for a resource, the key of its collection."""
        if self.listing and self._provider >= 0 and len(self.own) == 1:
            return self.scope
        return self.key.rpartition("/")[0] or "/"

    @cached_property
    def subscription(self) -> str | None:
        """The subscription's id in the caller's case."""
        if len(self.segments) > 1 and self.segments[0].lower() == "subscriptions":
            return self.segments[1]
        return None

    @cached_property
    def group(self) -> str | None:
        """The resource group in the caller's case."""
        if len(self.segments) > 3 and self.segments[2].lower() == "resourcegroups":
            return self.segments[3]
        return None

    @property
    def over_many(self) -> bool:
        """A list of a top-level type over a subscription or a resource group."""
        depth = len([part for part in self.scope.split("/") if part])
        return self.listing and len(self.own) == 1 and depth in (2, 4) and self._provider >= 0

    @property
    def action(self) -> str:
        """The permission that reading it takes."""
        if self._provider < 0:
            known = {
                "subscriptions": f"{ARM}/subscriptions/read",
                "subscriptions/resourcegroups": f"{ARM}/subscriptions/resourceGroups/read",
                "subscriptions/resources": f"{ARM}/subscriptions/resources/read",
            }
            return known.get(self.kind, f"{ARM}/{'/'.join(self.own[0::2])}/read")
        return f"{self.type}/read"


def sane(value: JsonObject) -> str | None:
    """The id of a wire object, None where it carries none."""
    found = value.get("id")
    return found if isinstance(found, str) and found.startswith("/") else None
