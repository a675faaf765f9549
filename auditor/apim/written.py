"""What the rules say of the policies that hang on one scope: its own document, and those of its operations.

A document is judged as it is written, wherever it takes part; what several documents make together is the
business of :mod:`auditor.apim.documents`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from auditor.apim.kinds import owner
from auditor.apim.libraries import Contents, contents_of, fragment_of, is_kept, kept, library_of, own_document
from auditor.apim.policy.issues import Issue
from auditor.apim.policy.rules import examine
from auditor.apim.policy.scopes import Library, Scope
from auditor.apim.policy.sheets import Sheet
from auditor.apim.policy.tree import Document
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """One issue with the resource whose policy it is about."""

    issue: Issue
    holder: Subject
    """The service, workspace, product, API, operation or fragment, on the log of its document."""

    @property
    def policy(self) -> str:
        """Which policy it is, in words: ``policy of the API orders``."""
        return words_for(self.holder)

    @property
    def where(self) -> str:
        """In words: ``cors, policy of the API orders, line 4``."""
        return f"{self.issue.statement}, {self.policy}, line {self.issue.line}"


@dataclass(frozen=True, slots=True)
class Written:
    """Everything said of the policies of a scope, and what of them was not read."""

    found: tuple[Found, ...]
    holders: tuple[Subject, ...]
    """Those whose policy was read; each on a log of its own, with the evidence of it."""
    gaps: tuple[Gap, ...]


_NOUNS = {
    "workspaces": "workspace",
    "products": "product",
    "apis": "API",
    "operations": "operation",
    "policyfragments": "fragment",
}


def words_for(holder: Subject) -> str:
    """A scope in words."""
    noun = _NOUNS.get(holder.resource.type.rpartition("/")[2].casefold())
    if noun is None:
        return "global policy"
    if noun == "fragment":
        return f"fragment {holder.name}"
    if noun == "operation":
        api = holder.resource.id.split("/")[-3]
        return f"policy of the operation {holder.name} of {api}"
    return f"policy of the {noun} {holder.name}"


def written(scope: Subject) -> Written:
    """What the rules say of a scope; worked out once for all checks that ask."""
    address = ("auditor.apim.written.written", scope.key, "")
    known = scope.audit.memo.get(address)
    if not isinstance(known, Written):
        known = scope.audit.memo[address] = _written(scope.with_log(Log()))
    return known


def _written(scope: Subject) -> Written:
    found: list[Found] = []
    holders: list[Subject] = []
    gaps: list[Gap] = []
    for holder in holders_of(scope, gaps):
        document = settled(partial(_document, holder))
        if isinstance(document, Undetermined):
            gaps.extend(document.gaps)
            continue
        if document is not None or holder.key == scope.key:
            # That a scope has no policy is what a verdict on it rests on, too.
            holders.append(holder)
        if document is None:
            continue
        if not document.sound:
            first = next(each for each in document.diagnostics if each.code.structural)
            gaps.append(_unread(holder, f"line {first.line} is not well written: {first.message}"))
        else:
            found += [Found(issue, holder) for issue in _issues(holder, document)]
    for holder in holders:
        holder.log.rest()
    return Written(tuple(found), tuple(holders), tuple(dict.fromkeys(gaps)))


def told_of(
    read: Written, compute: Callable[[Document, Contents], tuple[T, ...]]
) -> Iterator[tuple[Subject, T]]:
    """What a function tells of each document of a scope that was read, with the resource it hangs on.

    Args:
        read: The documents.
        compute: A function of a module that uses nothing but what it is given: what it tells of a document is
            kept for copies of it, in other services, too.
    """
    for holder in read.holders:
        document = settled(partial(_document, holder))
        if isinstance(document, Document) and document.sound:
            yield from ((holder, each) for each in _told(holder, document, compute))


def _told(
    holder: Subject, document: Document, compute: Callable[[Document, Contents], tuple[T, ...]]
) -> tuple[T, ...]:
    """What a function tells of a document; many operations share one text, and with it one tree."""
    if is_kept(document):
        return kept(holder, compute, document, contents_of(home_of(holder)))
    library, memo = _library(holder), holder.audit.memo
    address = ("auditor.apim.written.told_of", compute, id(document), id(library))
    known: tuple[T, ...] | None = memo.get(address)
    if known is None:
        known = memo[address] = compute(document, Contents(library))
    return known


def _document(holder: Subject) -> Document | None:
    return fragment_of(holder) if is_fragment(holder) else own_document(holder)


def document_and_library(holder: Subject) -> tuple[Document | None, Library]:
    """The document of a scope or fragment, with what it refers to by name.

    Raises:
        Undetermined: It was not read.
    """
    return _document(holder), _library(holder)


def is_fragment(holder: Subject) -> bool:
    """Whether it is a fragment, which is a document itself."""
    return holder.resource.type.casefold().endswith("/policyfragments")


def holders_of(scope: Subject, gaps: list[Gap]) -> Iterator[Subject]:
    """The scope, then an API's operations; each on a log of its own."""
    yield scope.with_log(Log())
    if scope.resource.type.casefold().endswith("/apis"):
        operations: list[Subject] = []
        listed = settled(partial(_extend, operations, scope))
        yield from (operation.with_log(Log()) for operation in operations)
        if isinstance(listed, Undetermined):
            gaps.extend(listed.gaps)


def _extend(operations: list[Subject], api: Subject) -> None:
    operations.extend(api.children("operations"))


def _issues(holder: Subject, document: Document) -> tuple[Issue, ...]:
    """What the rules say of a document; many operations share one text."""
    library, scope = _library(holder), _scope(holder)
    address = ("auditor.apim.written", f"{id(document)}", f"{id(library)} {scope}")
    known = holder.audit.memo.get(address)
    if not isinstance(known, tuple):
        if is_kept(document):
            known = kept(holder, _examined, document, contents_of(home_of(holder)), scope)
        else:
            known = examine(Sheet(document, library, scope))
        holder.audit.memo[address] = known
    return known


def _examined(document: Document, contents: Contents, scope: Scope | None) -> tuple[Issue, ...]:
    return examine(Sheet(document, contents.library, scope))


_SCOPES = {
    "service": Scope.GLOBAL,
    "workspaces": Scope.WORKSPACE,
    "products": Scope.PRODUCT,
    "apis": Scope.API,
    "operations": Scope.OPERATION,
}


def _scope(holder: Subject) -> Scope | None:
    return _SCOPES.get(holder.resource.type.rpartition("/")[2].casefold())


def _library(holder: Subject) -> Library:
    """The named values and fragments that a document of this scope refers to."""
    return library_of(home_of(holder))


def home_of(holder: Subject) -> Subject:
    """The service or workspace that a scope belongs to."""
    home = holder
    while home.resource.type.casefold().rpartition("/")[2] not in {"service", "workspaces"}:
        home = owner(home)
    return home


def read_named_values(holder: Subject, names: Collection[str]) -> None:
    """Log what named values are, as evidence for a statement that uses them.

    Args:
        holder: The scope whose policy uses them, on the log that is to have the evidence.
        names: Display names; those that are not in the input leave no evidence.
    """
    if not names:
        return
    home = home_of(holder)
    for named_value in _known(home.with_log(Log())):
        if settled(partial(_shown_name, named_value)) in names:
            settled(partial(_describe, named_value.with_log(holder.log)))


def _known(home: Subject) -> list[Subject]:
    found: list[Subject] = []
    settled(lambda: found.extend(home.children("namedValues")))
    return found


def _shown_name(named_value: Subject) -> str:
    return named_value.text("/properties/displayName").value()


def _describe(named_value: Subject) -> None:
    """Reads what decides whether a value is known, and the value where it is."""
    if not named_value.has("/properties/keyVault") and not named_value.flag("/properties/secret"):
        named_value.read("/properties/value")


def _unread(holder: Subject, why: str) -> Gap:
    return Gap(
        Reason.UNREAD_POLICY,
        f"the {words_for(holder)}: {why}",
        "put the policy itself into the input, in the format rawxml",
    )
