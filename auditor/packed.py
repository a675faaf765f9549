"""The judged services of a large estate, each compressed while nobody reads it.

A judged service takes 0.7 MB of dictionaries, and 35 KB when it is packed; packing takes about 2 ms, and so
does unpacking. So a thousand of them stay in memory, at the price of one unpacking for each pass over them.
Nothing is unpacked but what was packed here, in the same process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from auditor.model.results import ServiceJson

MANY = 64
"""Fewer services than these stay as they are: they take less than 50 MB."""


class PackedServices(Sequence[ServiceJson]):
    """Judged services in order. Each access makes another object, equal to the one that was added.

    Who reads it takes one pass where one is enough, and compares services by id, not by identity.
    """

    def __init__(self, services: Iterable[ServiceJson] = ()) -> None:
        self._packed: list[bytes] = []
        for service in services:
            self.append(service)

    def append(self, service: ServiceJson) -> None:
        """Add a service. What is changed in it afterwards is not kept."""
        # Imported here: runs on a few services need neither.
        import pickle
        import zlib

        self._packed.append(zlib.compress(pickle.dumps(service, protocol=5), 1))

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[ServiceJson]:
        return map(_unpacked, self._packed)

    @overload
    def __getitem__(self, index: int) -> ServiceJson: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ServiceJson]: ...
    def __getitem__(self, index: int | slice) -> ServiceJson | Sequence[ServiceJson]:
        if isinstance(index, slice):
            return [_unpacked(one) for one in self._packed[index]]
        return _unpacked(self._packed[index])


def _unpacked(packed: bytes) -> ServiceJson:
    import pickle
    import zlib

    service: ServiceJson = pickle.loads(zlib.decompress(packed))  # noqa: S301 - of this process alone
    return service
