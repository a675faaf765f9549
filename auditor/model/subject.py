"""The only thing a check gets to see: a read-only view of a resource that logs every read.

A read that cannot be answered raises :class:`Undetermined`, so a check never needs an ``if missing``;
what it was told on the way stands in the log as evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from sys import intern
from typing import Any, TypeVar, overload

from auditor.model.evidence import Evidence, Gap, Log, Reason, Undetermined
from auditor.model.gaps import odd, opaque, unresolved
from auditor.model.inventory import Input, Resource
from auditor.model.knowledge import Audit
from auditor.model.text import Text
from auditor.model.tracked import Fields, Items
from auditor.model.values import (
    Partial,
    PartialList,
    PartialObject,
    Unresolved,
    escape,
    member,
    peek,
    tokens,
    unescape,
)

E = TypeVar("E", bound=StrEnum)


class Subject:
    """A resource, or one item in it, with the log of the judgement it is read for.

    ``base`` is the JSON pointer of the item (empty for the resource itself); pointers given to the
    methods are relative to it.
    """

    __slots__ = ("_node", "audit", "base", "item", "log", "resource")

    def __init__(
        self,
        audit: Audit,
        resource: Resource,
        log: Log,
        base: str = "",
        node: Any = None,
        item: str = "",
    ) -> None:
        self.audit = audit
        self.resource = resource
        self.log = log
        self.base = base
        self.item = item
        """Key of the item among its siblings, for the fingerprint; never an index."""
        self._node = resource.body if not base else node

    # -- who it is ---------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """Key of the resource in the inventory."""
        return self.resource.key

    @property
    def name(self) -> str:
        """Name of the resource, its last segment only."""
        return self.resource.name

    @property
    def source(self) -> Input:
        """The input that is judged."""
        return self.resource.input

    @property
    def now(self) -> datetime:
        """The moment of the audit."""
        return self.audit.now

    def with_log(self, log: Log) -> Subject:
        """The same subject for another judgement."""
        return Subject(self.audit, self.resource, log, self.base, self._node, self.item)

    # -- reading -----------------------------------------------------------------------------------

    @overload
    def read(self, pointer: str) -> Any: ...
    @overload
    def read(self, pointer: str, one_of: type[E]) -> E: ...
    @overload
    def read(self, pointer: str, one_of: tuple[str, ...]) -> str: ...
    def read(self, pointer: str, one_of: type[StrEnum] | tuple[str, ...] | None = None) -> Any:
        """The value at a JSON pointer, logged as evidence.

        Objects and arrays come back tracked (:class:`Fields`, :class:`Items`), so what is read from them
        is logged as well. Names are matched without case; null is the same as absent. For an absent
        member the documented default holds, and the evidence says so.

        Args:
            pointer: RFC 6901, relative to the subject.
            one_of: The values this version knows, matched without case; the known spelling is returned.

        Raises:
            Undetermined: It is absent and has no default, was not resolved, or is not a known value.
        """
        at, value = self._value(pointer)
        if one_of is not None:
            return self._known(at, value, one_of)
        if isinstance(value, dict):
            return Fields(self, at, value)
        if isinstance(value, list):
            return Items(self, at, value)
        return value

    def flag(self, pointer: str) -> bool:
        """A boolean, written as one or as the strings ``"True"`` and ``"False"`` in any case."""
        at, value = self._value(pointer)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
            return value.strip().casefold() == "true"
        raise Undetermined(odd(self.resource, at, value, "true or false"))

    def text(self, pointer: str) -> Text:
        """A string, of which only pieces may be known; its questions raise where those do not decide."""
        at, value = self._value(pointer, partial=True)
        if isinstance(value, str):
            return Text((value,), unresolved(self.resource, at, value))
        if isinstance(value, Partial):
            return Text(value.pieces, unresolved(self.resource, at, value.unresolved))
        raise Undetermined(odd(self.resource, at, value, "a string"))

    def wording(self, pointer: str) -> Text:
        """A string as :meth:`text` gives it, or the expression that stands in its place: for comparisons.

        Raises:
            Undetermined: Neither a string nor an expression stands there.
        """
        raw = self._raw(pointer)
        if not isinstance(raw, Unresolved):
            return self.text(pointer)
        return Text((raw,), unresolved(self.resource, f"{self.base}{pointer}", raw))

    def mentions(self, pointer: str) -> bool:
        """Whether the input writes anything at all at ``pointer``, resolved or not.

        It logs nothing and settles nothing: it says which member to read.
        """
        value = self._raw(pointer)
        return value is not None and value != ""

    def stated(self, pointer: str) -> str:
        """What a member literally says, logged; empty where nothing literal stands, nothing is assumed.

        For a question that a known value settles before others are read. That it is empty settles nothing:
        whoever concludes from it reads the member.
        """
        literal = self.mentions(pointer) and isinstance(self._raw(pointer), str)
        return str(self._value(pointer)[1]) if literal else ""

    def _raw(self, pointer: str) -> Any:
        """What stands at ``pointer``, unlogged; None where nothing does."""
        value = self._node
        for name, _ in tokens(pointer):
            found = member(value, name) if isinstance(value, dict) else None
            if found is None:
                return None
            value = found[1]
        return value

    def formula(self, pointer: str) -> str:
        """The expression that stands where a value is not known; empty where it is known or absent."""
        at, value = self.base, self._node
        for name, _ in tokens(pointer):
            found = member(value, name) if isinstance(value, dict) else None
            if found is None:
                return ""
            at, value = f"{at}/{escape(found[0])}", found[1]
        if not isinstance(value, Unresolved):
            return ""
        self.log.add(Evidence(self.resource, at, value))
        return value.expression

    def number(self, pointer: str) -> float:
        """A number, written as one or as a string of digits (``"capacity": "1"``)."""
        at, value = self._value(pointer)
        with suppress(TypeError, ValueError, OverflowError):
            if not isinstance(value, bool) and isfinite(float(value)):
                return float(value)
        raise Undetermined(odd(self.resource, at, value, "a number"))

    def moment(self, pointer: str) -> datetime:
        """A point in time in ISO 8601; without an offset it is UTC, as Azure writes it."""
        at, value = self._value(pointer)
        try:
            parsed = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise Undetermined(odd(self.resource, at, value, "a date")) from None
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)

    def has(self, pointer: str) -> bool:
        """Whether there is a value at ``pointer``. An absent member counts as none only by a default."""
        return self._value(pointer, partial=True)[1] is not None

    def items(self, pointer: str, key: str = "") -> Iterator[Subject]:
        """One subject per element of the array at ``pointer``, then ``Undetermined`` if it may go on.

        Args:
            pointer: Of the array; absent counts as empty only by a default.
            key: Pointer, relative to an element, of what names it among the others; a string names itself.
        """
        at, value = self._value(pointer)
        if value is None:
            return
        if not isinstance(value, list):
            raise Undetermined(odd(self.resource, at, value, "an array"))
        for index, element in enumerate(value):
            base = f"{at}/{index}"
            item = peek(element, key) if key or isinstance(element, str) else ""
            yield Subject(self.audit, self.resource, self.log, base, element, item or f"{at}#{index}")
        if isinstance(value, PartialList):
            raise Undetermined(unresolved(self.resource, at, value.why))

    # -- other resources ---------------------------------------------------------------------------

    def of(self, resource: Resource) -> Subject:
        """Another resource, read for the same judgement."""
        return Subject(self.audit, resource, self.log)

    def children(self, collection: str) -> Iterator[Subject]:
        """The resources of a collection below this one, then ``Undetermined`` if there may be more.

        Args:
            collection: Wire name of the path segment: ``namedValues``.
        """
        type_ = f"{self.resource.type}/{collection.lower()}"
        for resource in self.audit.inventory.children(self.key, type_):
            yield self.of(resource)
        self.listed(collection, type_)

    def extensions(self, type_: str) -> Iterator[Subject]:
        """The extension resources of a type on this one, then ``Undetermined`` if there may be more."""
        for resource in self.audit.inventory.extensions(self.key, type_.lower()):
            yield self.of(resource)
        self.listed(type_, type_.lower())

    def listed(self, collection: str, type_: str = "") -> None:
        """Log that a collection was listed to its end, or raise that it was not.

        Raises:
            Undetermined: The collection is not in the input, or only a part of it.
        """
        type_ = type_ or f"{self.resource.type}/{collection.lower()}"
        inventory = self.audit.inventory
        listing = inventory.listing(self.resource, type_)
        if listing is None:
            raise Undetermined(self.audit.knowledge.uncollected(self, collection))
        if not listing.complete:
            gap = self.audit.knowledge.uncollected(self, collection)
            needed = f"{gap.needed}: {listing.detail}" if listing.detail else gap.needed
            remedy = listing.remedy if self.source.declared and listing.detail else gap.remedy
            raise Undetermined(Gap(listing.reason, needed, remedy))
        count = len(inventory.children(self.key, type_)) or len(inventory.extensions(self.key, type_))
        what, told = intern(f"#{collection}"), intern(f"{count} listed")  # as often as there are operations
        self.log.add(Evidence(self.resource, what, told, origin=listing.origin))

    def around(self, type_: str) -> Iterator[Subject]:
        """The resources of a type that were read anywhere, then ``Undetermined`` if there may be more.

        There are no more where the subscription of this resource was listed to its end: what stands at it,
        above it and below it. Which of them concern this resource, the caller tells.

        Args:
            type_: Full type: ``Microsoft.Authorization/roleAssignments``.
        """
        folded = type_.lower()
        found = self.audit.inventory.of_type(folded)
        for resource in found:
            yield self.of(resource)
        listing = self.audit.inventory.surveyed(self.resource, folded)
        if listing is None or not listing.complete:
            gap = self.audit.knowledge.uncollected(self, type_)
            if listing is not None:
                needed = f"{gap.needed}: {listing.detail}" if listing.detail else gap.needed
                gap = Gap(listing.reason, needed, gap.remedy)
            raise Undetermined(gap)
        told = intern(f"{len(found)} listed")
        self.log.add(Evidence(self.resource, intern(f"#{type_}"), told, origin=listing.origin))

    def related(self, resource_id: str) -> Subject:
        """The resource with an id, in any case.

        Raises:
            Undetermined: It is not in the input.
        """
        key, by_key = resource_id.rstrip("/").lower(), self.audit.inventory.by_key
        found = by_key.get(self.resource.scope + key) or by_key.get(key)
        if found is None:
            raise Undetermined(
                Gap(Reason.ABSENT, f"resource {resource_id}", f"az resource show --ids {resource_id}")
            )
        return self.of(found)

    def note_item(self) -> None:
        """Log the item itself, for a verdict that rests on where it stands alone."""
        if self.base:
            self.log.add(Evidence(self.resource, self.base, self._node))

    # -- inside ------------------------------------------------------------------------------------

    def _value(self, pointer: str, *, partial: bool = False) -> tuple[str, Any]:
        """Actual pointer from the root and raw value at ``pointer``; logs it, or raises.

        ``partial`` lets a string through of which only pieces are known.
        """
        at, value = self.base, self._node
        for depth, (name, token) in enumerate(tokens(pointer)):
            if isinstance(value, dict):
                found = member(value, name)
                if found is None or found[1] is None:
                    written = escape(found[0]) if found else token
                    return self._absent(f"{at}/{written}", value, pointer.split("/")[depth + 2 :])
                # The exact name is what the pointer has already.
                at = f"{at}/{token}" if found[0] is name else f"{at}/{escape(found[0])}"
                value = found[1]
            elif isinstance(value, list):
                if not name.isdigit() or int(name) >= len(value):
                    raise Undetermined(unresolved(self.resource, at, getattr(value, "why", None)))
                at, value = f"{at}/{name}", value[int(name)]
            else:
                raise Undetermined(opaque(self.resource, at, value))
        if value is None:
            return self._absent(at, {}, [])
        if isinstance(value, Unresolved) or (isinstance(value, Partial) and not partial):
            raise Undetermined(opaque(self.resource, at, value))
        self.log.add(Evidence(self.resource, at, value))
        return at, value

    def _absent(self, at: str, container: Mapping[str, Any], rest: Sequence[str]) -> tuple[str, Any]:
        """What an absent member counts as; ``rest`` is the part of the pointer below it."""
        if isinstance(container, PartialObject):
            raise Undetermined(unresolved(self.resource, at, container.why))
        knowledge = self.audit.knowledge
        if rest and (default := knowledge.default(self, "/".join((at, *rest)))) is not None:
            at, rest = "/".join((at, *rest)), ()
        elif (default := knowledge.default(self, at)) is None:
            raise Undetermined(knowledge.missing(self, at))
        value = default.value
        for token in rest:
            if value is None:
                break
            found = member(value, unescape(token)) if isinstance(value, dict) else None
            value = found[1] if found else None
        self.log.add(Evidence(self.resource, at, value, default))
        return at, value

    def _known(self, at: str, value: Any, known: type[StrEnum] | tuple[str, ...]) -> str:
        if isinstance(value, str):
            folded = value.strip().casefold()
            for candidate in known:
                if candidate.casefold() == folded:
                    return candidate
        raise Undetermined(odd(self.resource, at, value, "one of " + ", ".join(known)))
