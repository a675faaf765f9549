"""Objects and arrays that were read: what is read from them is logged as well, down to the leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from auditor.model.evidence import Undetermined
from auditor.model.gaps import unresolved
from auditor.model.values import PartialList, PartialObject, escape, member

if TYPE_CHECKING:
    from auditor.model.subject import Subject


def _inside(subject: Subject, at: str, node: Any) -> Subject:
    """What stands at a pointer, counted from the root of the resource."""
    inside = type(subject)(subject.audit, subject.resource, subject.log, at or "/", node)
    inside.base = at
    return inside


class Fields(Mapping[str, Any]):
    """An object that was read: every member read from it is logged on the same judgement."""

    __slots__ = ("_at", "_node", "_subject")

    def __init__(self, subject: Subject, at: str, node: dict[str, Any]) -> None:
        self._subject = _inside(subject, at, node)
        self._at = at
        self._node = node

    def __getitem__(self, name: str) -> Any:
        return self._subject.read(f"/{escape(name)}")

    def __contains__(self, name: object) -> bool:
        if member(self._node, str(name)) is not None:
            return True
        self._whole()
        return False

    def __iter__(self) -> Iterator[str]:
        yield from tuple(self._node)
        self._whole()

    def __len__(self) -> int:
        self._whole()
        return len(self._node)

    def _whole(self) -> None:
        if isinstance(self._node, PartialObject):
            raise Undetermined(unresolved(self._subject.resource, self._at, self._node.why))


class Items(Sequence[Any]):
    """An array that was read: every element read from it is logged on the same judgement."""

    __slots__ = ("_at", "_node", "_subject")

    def __init__(self, subject: Subject, at: str, node: list[Any]) -> None:
        self._subject = _inside(subject, at, node)
        self._at = at
        self._node = node

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._subject.read(f"/{i}") for i in range(*index.indices(len(self)))]
        return self._subject.read(f"/{index if index >= 0 else len(self) + index}")

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self._node)):
            yield self._subject.read(f"/{index}")
        self._whole()

    def __len__(self) -> int:
        self._whole()
        return len(self._node)

    def _whole(self) -> None:
        if isinstance(self._node, PartialList):
            raise Undetermined(unresolved(self._subject.resource, self._at, self._node.why))
