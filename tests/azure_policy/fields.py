"""Fields of a resource as Azure Policy reads them: by alias, through arrays, a missing one as null.

Sources: "Azure Policy definition structure policy rule" (fields), "Author policies for array properties on
Azure resources" (what ``[*]`` selects, and what a missing array gives). An alias of API Management names a
member of ``properties``, but for the SKU and the zones, which stand beside it (REST specification).

Beyond the documents: null is taken like an absent member. What an input leaves open is ``UNKNOWN``; Azure
Policy itself, which sees the deployed resource, never has that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.model.inventory import Resource
from auditor.model.values import Partial, PartialList, PartialObject, Redacted, Sealed, Unresolved, member
from tests.azure_policy.expressions import HIDDEN, UNKNOWN, Unknown

_ENVELOPE: Final = ("sku", "zones", "identity", "tags", "kind", "location")
_EACH: Final = "[*]"


@dataclass(slots=True)
class Selected:
    """The values that a field stands for."""

    values: list[Any]
    array: bool = False
    """It goes through an array, so that there may be any number of them."""
    complete: bool = True
    """There are no further ones that the input leaves open."""


@dataclass(slots=True)
class View:
    """A resource under evaluation, with the array elements that counting has narrowed it to."""

    resource: Resource
    current: Mapping[str, Any] = field(default_factory=dict)
    """By the path of the counted array in lower case."""

    def select(self, name: str) -> Selected:
        """What a field of a condition stands for."""
        folded = name.casefold()
        if folded == "type":
            return Selected([self.resource.type])
        if folded in ("name", "id"):
            text = self.resource.name if folded == "name" else self.resource.id
            return Selected([UNKNOWN if "[" in text else text])
        prefix = self.resource.type + "/"
        if "/" not in folded:
            return self._through(folded)
        if not folded.startswith(prefix):
            return Selected([]) if _EACH in folded else Selected([None])  # an alias of another type
        path = folded.removeprefix(prefix).replace("/", ".")
        inside = path.split(".")[0].removesuffix(_EACH) not in _ENVELOPE
        return self._through(f"properties.{path}" if inside else path)

    def narrowed(self, name: str, element: Any) -> View:
        """The same with one element of an array alias in place of all."""
        return View(self.resource, {**self.current, name.casefold(): element})

    def _through(self, path: str) -> Selected:
        found = Selected([self.resource.body])
        walked = ""
        for token in path.split("."):
            name = token.removesuffix(_EACH)
            walked = f"{walked}.{token}" if walked else token
            found.values = [_member(value, name) for value in found.values]
            if token.endswith(_EACH):
                found = self._elements(found, walked)
        return Selected([plain(value) for value in found.values], found.array, found.complete)

    def _elements(self, found: Selected, walked: str) -> Selected:
        for name, element in self.current.items():
            alias = name.removeprefix(self.resource.type + "/").replace("/", ".")
            if walked in (alias, f"properties.{alias}"):
                return Selected([element], array=True)
        inside = Selected([], array=True, complete=found.complete)
        for value in found.values:
            if isinstance(value, list):
                inside.values += value
            inside.complete &= value is None or (
                isinstance(value, list) and not isinstance(value, PartialList)
            )
        return inside


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        found = member(value, name)
        if found is None and isinstance(value, PartialObject):
            return UNKNOWN
        return None if found is None else found[1]
    return UNKNOWN if isinstance(value, (Unknown, Unresolved, Partial, Redacted)) else None


def plain(value: Any) -> Any:
    """What Azure Policy would see: the text behind a seal, nothing of what was redacted."""
    if isinstance(value, Sealed):
        return value.text
    if isinstance(value, Redacted):
        return "" if value.empty else HIDDEN if value.reference is None else str(value)
    return UNKNOWN if isinstance(value, Unresolved) else value
