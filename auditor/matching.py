"""Which service of one stored result is which of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from auditor.model.results import ServiceJson


@dataclass(slots=True)
class Pair:
    """A service as both results have it; None where one does not."""

    old: ServiceJson | None
    new: ServiceJson | None
    by_name: bool = False
    """The ids differ: the name, which Azure gives out once, says that it is the same."""

    @property
    def name(self) -> str:
        """As the newer result has it."""
        service = self.new or self.old
        return service["name"] if service is not None else ""


def match(old: list[ServiceJson], new: list[ServiceJson]) -> tuple[list[Pair], list[str]]:
    """Services of both results by id, then by a name that either has once; and the names of the others.

    Several files may declare one id: then the file tells them apart. Where that fails nothing is matched.
    """
    pairs: list[Pair] = []
    names = Counter(map(_name, old)), Counter(map(_name, new))
    for key in (_id, _id_and_input, _name):
        for before, after in _once(*_unmatched(old, new, pairs), key):
            if key is not _name:
                pairs.append(Pair(before, after))
            elif "[" not in key(after) and all(count[key(after)] == 1 for count in names):
                # A name that is an expression identifies a service within its file only.
                pairs.append(Pair(before, after, by_name=True))
    old_left, new_left = _unmatched(old, new, pairs)
    both = {_name(one) for one in old_left} & {_name(one) for one in new_left}
    ambiguous = sorted({one["name"] for one in new_left if _name(one) in both})
    pairs += [*(Pair(one, None) for one in old_left), *(Pair(None, one) for one in new_left)]
    return sorted(pairs, key=lambda pair: pair.name.lower()), ambiguous


def _once(
    old: list[ServiceJson], new: list[ServiceJson], key: Callable[[ServiceJson], str]
) -> Iterator[tuple[ServiceJson, ServiceJson]]:
    """Those whose key either side has exactly once."""
    before, after = _by(old, key), _by(new, key)
    for value, found in before.items():
        others = after.get(value, [])
        if len(found) == len(others) == 1:
            yield found[0], others[0]


def _by(services: Iterable[ServiceJson], key: Callable[[ServiceJson], str]) -> dict[str, list[ServiceJson]]:
    found: dict[str, list[ServiceJson]] = {}
    for one in services:
        found.setdefault(key(one), []).append(one)
    return found


def _unmatched(
    old: list[ServiceJson], new: list[ServiceJson], pairs: list[Pair]
) -> tuple[list[ServiceJson], list[ServiceJson]]:
    seen = {id(one) for pair in pairs for one in (pair.old, pair.new)}
    return [one for one in old if id(one) not in seen], [one for one in new if id(one) not in seen]


def _id(service: ServiceJson) -> str:
    return service["id"].lower()


def _id_and_input(service: ServiceJson) -> str:
    return f"{service['id'].lower()}\n{service['input']}"


def _name(service: ServiceJson) -> str:
    return service["name"].lower()
