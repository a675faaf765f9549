"""Which findings an entry of a waiver or attestation file is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model.results import FindingJson, SubjectJson


@dataclass(frozen=True, slots=True)
class Place:
    """The service that a finding belongs to."""

    id: str
    name: str


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern covers a text; ``*`` stands for any text, and case is ignored.

    Brackets stand for themselves: names in templates are expressions such as ``[parameters('name')]``.
    """
    first, *rest = pattern.casefold().split("*")
    text = text.casefold()
    if not rest:
        return first == text
    last = rest.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in rest:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


@dataclass(frozen=True, slots=True)
class Selector:
    """What an entry names; what it leaves out is not asked."""

    check: str = ""
    service: str = ""
    resource: str = ""
    item: str = ""
    fingerprint: str = ""

    def covers(self, service: Place, finding: FindingJson) -> bool:
        """Whether it is for a finding: for one of its subjects at least."""
        if self.check and self.check.casefold() != finding["check"].casefold():
            return False
        if self.service and not any(matches(self.service, text) for text in (service.name, service.id)):
            return False
        return any(self._covers(service, subject) for subject in finding["subjects"])

    def _covers(self, service: Place, subject: SubjectJson) -> bool:
        if self.fingerprint and self.fingerprint != subject["fingerprint"]:
            return False
        if self.item and not matches(self.item, subject.get("item", "")):
            return False
        return not self.resource or any(
            matches(self.resource, text) for text in _names(service, subject["id"])
        )

    def stated(self) -> dict[str, str]:
        """What it names, by key."""
        names = ("check", "service", "resource", "item", "fingerprint")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def __str__(self) -> str:
        return ", ".join(self.stated().values())


def _names(service: Place, resource_id: str) -> Iterator[str]:
    """What a resource may be called: its id, and its path below the service.

    Its name alone will not do: an API and a backend that share it are judged by the same check.
    """
    yield resource_id
    head = service.id + "/"
    if resource_id.casefold().startswith(head.casefold()):
        yield resource_id[len(head) :]
