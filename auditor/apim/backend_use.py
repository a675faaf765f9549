"""Which policies send requests to a backend: what its settings weigh depends on it.

Sources: "Set backend service" (``backend-id``), "Enforce content safety checks on LLM requests" and "Get
cached responses of large language model API requests" policies; "Backends in API Management" (pools).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.apim.kinds import POLICY_SCOPE, owner
from auditor.apim.libraries import Contents
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import forms
from auditor.apim.policy.sheets import Sheet
from auditor.apim.policy.tree import Document
from auditor.apim.written import Found, told_of, written
from auditor.model.evidence import Log, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

_NAMED = "sends requests to a backend whose certificate is not validated"
_WITHOUT_RESOLVERS = frozenset({"", "grpc", "http", "odata", "soap", "websocket"})


@dataclass(frozen=True, slots=True)
class Use:
    """What uses one backend."""

    found: tuple[Found, ...]
    """Statements that name it, or a pool it is in."""
    whole: bool
    """Whether nothing else can use it: every policy was read, and each names its backends."""


@dataclass(slots=True)
class _Named:
    """The backends that the policies of a service name."""

    by_name: dict[str, list[Found]] = field(default_factory=dict)
    whole: bool = True


def use_of(backend: Subject) -> Use:
    """Which statements use a backend; the policies of its service are gone through once."""
    named = _named(backend)
    found: list[Found] = []
    names = [backend.name.casefold()]
    listed = settled(lambda: names.extend(_pools(backend)))
    for name in names:
        found += named.by_name.get(name, [])
    return Use(tuple(found), named.whole and not isinstance(listed, Undetermined))


def _pools(backend: Subject) -> Iterator[str]:
    """Names of the pools that a backend is a member of."""
    key = backend.resource.id.casefold()
    for pool in owner(backend).with_log(Log()).children("backends"):
        if pool.mentions("/properties/pool"):
            for member in pool.items("/properties/pool/services"):
                if _same(member.text("/id").value().casefold(), key):
                    yield pool.name.casefold()


def _same(member: str, key: str) -> bool:
    """Whether an id is a backend's; ids in templates may leave the subscription out."""
    return member.rstrip("/").rpartition("/backends/")[2] == key.rpartition("/backends/")[2]


def _named(backend: Subject) -> _Named:
    head, _, tail = backend.key.partition("/service/")
    service = backend.audit.inventory.by_key[f"{head}/service/{tail.split('/')[0]}"]
    address = ("auditor.apim.backend_use", service.key, "")
    known = backend.audit.memo.get(address)
    if not isinstance(known, _Named):
        known = backend.audit.memo[address] = _gathered(Subject(backend.audit, service, Log()))
    return known


def _gathered(service: Subject) -> _Named:
    named = _Named()
    scopes: list[Subject] = []
    listed = settled(lambda: scopes.extend(POLICY_SCOPE.find(service)))
    named.whole = not isinstance(listed, Undetermined)
    for scope in scopes:
        documents = written(scope)
        named.whole = named.whole and not documents.gaps and not _may_name_more(scope)
        for holder, (name, issue) in told_of(documents, _in):
            if name is None:
                named.whole = False
            else:
                named.by_name.setdefault(name, []).append(Found(issue, holder))
    return named


def _may_name_more(scope: Subject) -> bool:
    """Whether something of an API that is not read may name a backend: resolvers of GraphQL, its own link."""
    if not scope.resource.type.endswith("/apis"):
        return False
    type_ = scope.stated("/properties/type").casefold()
    hidden = scope.mentions("/properties/type") and not type_
    return hidden or type_ not in _WITHOUT_RESOLVERS or scope.mentions("/properties/backendId")


def _in(document: Document, contents: Contents) -> tuple[tuple[str | None, Issue], ...]:
    """Every backend that a document names, in lower case; None where it cannot be told which."""
    return tuple(_names(Sheet(document, contents.library)))


def _names(sheet: Sheet) -> Iterator[tuple[str | None, Issue]]:
    for spot in sheet.spots:
        for attribute in spot.element.attributes:
            if not attribute.name.endswith("backend-id"):
                continue
            issue = spot.issue(Rule.BACKEND_NOT_VALIDATED, Weight.FAIL, _NAMED)
            for form in forms(spot.code(attribute.name), sheet):
                text = form[0] if len(form) == 1 else None
                name = text.strip().casefold().rpartition("/")[2] if isinstance(text, str) else None
                yield name, issue
