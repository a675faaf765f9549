"""What stands in policies and what they refer to by name: texts, fragments, named values, backends.

What is not known is carried on as such: a document that was not read, a named value that only the service
knows. Sources: "Set or edit API Management policies", "Use named values in Azure API Management policies",
REST specification ``policies`` (``value``, ``format``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TypeVar

from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import Library, Missing, NamedText, Read, Secret, Unreadable
from auditor.apim.policy.tree import Document
from auditor.apim.vaultrefs import refers_to_vault
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject
from auditor.model.text import Text
from auditor.model.values import Redacted, Sealed

T = TypeVar("T")
_MOST_KEPT = 1000
"""Documents of which something is kept from one service to the next: estates are made of copies."""
_LONGEST_KEPT = 20_000
"""Characters of a document that is kept."""


@derived
def own_document(owner: Subject) -> Document | None:
    """The policy document that hangs on a scope; None where it has none.

    A scope has at most one.

    Raises:
        Undetermined: It was not read, or whether there is one was not listed.
    """
    found: list[Subject] = []
    listed = settled(lambda: found.extend(owner.children("policies")))
    if found:
        return _document(found[0])
    if isinstance(listed, Undetermined):
        raise Undetermined(*listed.gaps)  # another one: its frames would hold it, and it them
    return None


@derived
def fragment_of(fragment: Subject) -> Document:
    """What a policy fragment says.

    Raises:
        Undetermined: It was not read.
    """
    return _document(fragment)


def document_of(owner: Subject) -> Read | None:
    """The policy document of a scope as composition takes it: what was not read is carried on."""
    found = settled(lambda: own_document(owner))
    return Unreadable(str(found)) if isinstance(found, Undetermined) else found


def _document(resource: Subject) -> Document:
    """A text as read; many operations have the same one."""
    text = _text(resource)
    address = ("auditor.apim.documents", "read", text)
    found = resource.audit.memo.get(address)
    if not isinstance(found, Document):
        found = resource.audit.memo[address] = _read(resource, text)
    return found


def _read(resource: Subject, text: str) -> Document:
    return kept(resource, read, text) if len(text) <= _LONGEST_KEPT else read(text)


def kept(subject: Subject, compute: Callable[..., T], *given: Hashable) -> T:
    """What a function makes of some values, kept for the other services of the run, the newest of it.

    Args:
        subject: Any of the run.
        compute: A function of a module that uses nothing but what it is given.
        given: What it is called with; equal values give the same.
    """
    cache, name = subject.audit.kept, f"{compute.__module__}.{compute.__qualname__}"
    if name not in cache:
        cache[name] = lru_cache(_MOST_KEPT)(compute)
    found: T = cache[name](*given)
    return found


def is_kept(document: Document) -> bool:
    """Whether equal texts give this very document, in every service."""
    return document.root is not None and document.root.end <= _LONGEST_KEPT and len(document.children) == 1


class Contents:
    """A library by what it says: that of a service's copy is equal, though it is another one."""

    __slots__ = ("_hash", "library", "says")

    def __init__(self, library: Library) -> None:
        self.library = library
        self.says = (
            tuple(library.fragments.items()),
            tuple(library.named_values.items()),
            tuple(library.backends.items()),
            library.whole,
            library.complete,
            library.in_workspace,
        )
        self._hash = hash(self.says)  # once, not for every document

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contents) and (self is other or self.says == other.says)


def contents_of(owner: Subject) -> Contents:
    """What policies of a service or a workspace refer to by name, to be compared with that of another."""
    address = ("auditor.apim.libraries.contents_of", owner.key, "")
    found = owner.audit.memo.get(address)
    if not isinstance(found, Contents):
        found = owner.audit.memo[address] = kept(owner, _first, Contents(library_of(owner)))
    return found


def _first(contents: Contents) -> Contents:
    """Of equal ones the first, so that they are compared once."""
    return contents


def _fragment(fragment: Subject) -> Read:
    found = settled(lambda: fragment_of(fragment))
    return Unreadable(str(found)) if isinstance(found, Undetermined) else found


def _text(resource: Subject) -> str:
    if resource.resource.condition is not None:
        raise Undetermined(Gap(Reason.UNRESOLVED, f"whether the policy {resource.name} is deployed"))
    older = "/properties/contentFormat"
    format_ = resource.text(older if resource.mentions(older) else "/properties/format")
    if format_.contains("link"):
        needed = f"the policy at the address that {resource.resource.id} names"
        raise Undetermined(Gap(Reason.EXTERNAL, needed, "put the policy itself into the input"))
    older = "/properties/policyContent"
    value = resource.read(older if resource.mentions(older) else "/properties/value")
    if isinstance(value, Sealed):
        return value.text
    if isinstance(value, Redacted) and value.empty:
        return ""
    raise Undetermined(Gap(Reason.FAILED, f"the text of the policy of {resource.resource.id}"))


def library_of(owner: Subject) -> Library:
    """What policies of a service or a workspace refer to by name, put together once.

    Evidence is logged by whoever uses what decided.
    """
    address = ("auditor.apim.libraries.library_of", owner.key, "")
    found = owner.audit.memo.get(address)
    if not isinstance(found, Library):
        quiet = owner.with_log(Log())
        listed: list[Subject] = []
        whole = settled(lambda: listed.extend(quiet.children("policyFragments")))
        named_values, complete = _named_values(quiet)
        found = owner.audit.memo[address] = Library(
            {each.name: _fragment(each) for each in listed},
            named_values,
            complete=complete,
            in_workspace=owner.resource.type.casefold().endswith("/workspaces"),
            whole=not isinstance(whole, Undetermined),
            backends=_backend_urls(quiet),
        )
    return found


def _backend_urls(owner: Subject) -> Mapping[str, tuple[str, ...]]:
    """The URLs of backends by name; what is not known of one, or of a member of a pool, leaves it out."""
    backends = seen(lambda: owner.children("backends"))
    found: dict[str, tuple[str, ...]] = {}
    for each in backends:
        url = settled(partial(_url, each))
        if not isinstance(url, Undetermined):
            found[each.name.casefold()] = (url,)
    for each in backends:
        if each.mentions("/properties/pool"):
            names = settled(partial(pool_members, each))
            urls = [] if isinstance(names, Undetermined) else [found.get(name, ()) for name in names]
            found.pop(each.name.casefold(), None)
            if urls and all(urls):
                found[each.name.casefold()] = tuple(dict.fromkeys(url for one in urls for url in one))
    return found


def _url(backend: Subject) -> str:
    return backend.text("/properties/url").value()


def pool_members(pool: Subject) -> tuple[str, ...]:
    """Names, in lower case, of the backends in a pool; none for a single backend.

    Raises:
        Undetermined: A member's id is not known.
    """
    if not pool.mentions("/properties/pool"):
        return ()
    members = pool.items("/properties/pool/services", key="/id")
    return tuple(_last(member.text("/id")) for member in members)


def _last(identifier: Text) -> str:
    """The last segment of an id, of which the beginning may not be known."""
    name = identifier.tail.rstrip("/").rpartition("/")[2].casefold()
    if not name or "/" not in identifier.tail:
        raise identifier.undecided()
    return name


def _named_values(owner: Subject) -> tuple[Mapping[str, NamedText], bool]:
    """Named values by what policies call them, and whether these are all there are."""
    known: dict[str, NamedText] = {}
    every: list[Subject] = []
    listed = settled(lambda: every.extend(owner.children("namedValues")))
    complete = not isinstance(listed, Undetermined)
    for each in every:
        name = settled(partial(_shown_name, each))
        complete &= not isinstance(name, Undetermined)
        known[each.name if isinstance(name, Undetermined) else name] = _named_text(each)
    return known, complete


def _shown_name(named_value: Subject) -> str:
    return named_value.text("/properties/displayName").value()


def _named_text(named_value: Subject) -> NamedText:
    def text() -> NamedText:
        if named_value.has("/properties/keyVault"):
            return Secret(vault=refers_to_vault(named_value))
        if named_value.flag("/properties/secret"):
            return Secret()
        value = named_value.read("/properties/value")
        if isinstance(value, Redacted):
            return Secret(shown=True)
        return value if isinstance(value, str) else Missing()

    found = settled(text)
    return Missing() if isinstance(found, Undetermined) else found


def seen(group: Callable[[], Iterator[Subject]]) -> list[Subject]:
    """The resources of a group that were read; that there may be more is told where it decides."""
    found: list[Subject] = []
    settled(lambda: found.extend(group()))
    return found
