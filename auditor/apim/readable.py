"""Which policies were read as the service reads them: what every other verdict on policies rests on.

A broken text was never deployed in that form, or was broken on its way here. Code that this version
cannot parse may be sound: it is told, so that a reader knows what was not looked into. Sources: "Policies
in Azure API Management", "API Management policy expressions".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditor.apim.libraries import Contents, contents_of, fragment_of, is_kept, kept, library_of, own_document
from auditor.apim.policy.evaluate.code import compiled
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.scopes import Library
from auditor.apim.policy.tree import SECTIONS, Code, Document, Element, Expression, Kind, Literal, Text, Value
from auditor.apim.written import Found, Written, holders_of, home_of, is_fragment
from auditor.model.evidence import Gap, Log, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

_WORDS = {
    Code.TOO_LONG: "the document is longer than a policy can be, and was not read",
    Code.TOO_DEEP: "elements nest deeper than was read",
    Code.NO_ELEMENT: "the document holds no element",
    Code.SEVERAL_ROOTS: "a second element stands at the top of the document",
    Code.TEXT_OUTSIDE: "text stands outside of all elements",
    Code.STRAY_END: "an end tag ends nothing",
    Code.UNCLOSED: "an element has no end tag",
    Code.UNFINISHED: "the text ends within a tag, a comment or a CDATA section",
    Code.BAD_ATTRIBUTE: "an attribute is not well written",
    Code.DUPLICATE_ATTRIBUTE: "an attribute is given twice",
    Code.UNBALANCED: "the end of an expression cannot be found",
    Code.MIXED: "text and expression stand in one value, which the service takes for text or refuses",
    Code.DECLARATION: "a declaration stands in the document, which policies cannot have",
    Code.NOT_TEXT: "the document holds characters that no XML can hold",
    Code.SYNTAX: "an expression is not C# that this version can parse",
}
_NOTES = frozenset({Code.MIXED, Code.TEXT_OUTSIDE})
_MOST = 5
"""Things that are told of one document; with more it is broken anyhow."""


def readable(scope: Subject) -> Written:
    """What was read of a scope's documents, and what of them is broken."""
    found: list[Found] = []
    holders: list[Subject] = []
    gaps: list[Gap] = []
    for holder in holders_of(scope, gaps):
        document = settled(partial(fragment_of if is_fragment(holder) else own_document, holder))
        if isinstance(document, Undetermined):
            gaps.extend(document.gaps)
            continue
        if document is not None or holder.key == scope.key:
            holders.append(holder)
        if document is not None:
            found += [Found(issue, holder) for issue in _issues(holder, document)]
    return Written(tuple(found), tuple(holders), tuple(dict.fromkeys(gaps)))


def _issues(holder: Subject, document: Document) -> tuple[Issue, ...]:
    """What is said of a document; many operations share one text."""
    library = library_of(home_of(holder))
    address = ("auditor.apim.readable", f"{id(document)}", f"{id(library)} {is_fragment(holder)}")
    known = holder.audit.memo.get(address)
    if not isinstance(known, tuple):
        if is_kept(document):
            known = kept(holder, _all_told, document, contents_of(home_of(holder)), is_fragment(holder))
        else:
            known = _all_told(document, Contents(library), is_fragment(holder))
        holder.audit.memo[address] = known
    return known


def _all_told(document: Document, contents: Contents, fragment: bool) -> tuple[Issue, ...]:
    return tuple(dict.fromkeys(_told(document, contents.library, fragment=fragment)))


def _told(document: Document, library: Library, *, fragment: bool) -> Iterator[Issue]:
    root = document.root
    wrong = [
        _issue(
            Weight.NOTE if each.code in _NOTES else Weight.WEAK,
            _WORDS[each.code],
            root,
            each.line,
            each.column,
        )
        for each in document.diagnostics
    ]
    if root is not None:
        wrong += _misshapen(document, root, fragment=fragment)
        wrong += [
            _issue(Weight.WEAK, _WORDS[Code.SYNTAX], element, value.line, value.column)
            for element in document.walk()
            for value in _values(element)
            if _unparsed(value, library)
        ]
    yield from wrong[:_MOST]
    if not any(issue.weight is Weight.WEAK for issue in wrong):
        yield _issue(Weight.FINE, "it was read", root, 1, 1)


def _misshapen(document: Document, root: Element, *, fragment: bool) -> Iterator[Issue]:
    """Roots and sections that no policy has."""
    allowed = {Kind.FRAGMENT, Kind.OTHER} if fragment else {Kind.POLICIES, Kind.RESOLVER}
    if document.kind not in allowed:
        what = "a fragment" if fragment else "a policy"
        yield _issue(
            Weight.WEAK, f"the root of the document is none that {what} has", root, root.line, root.column
        )
    for name in SECTIONS:
        twice = root.find_all(name)[1:] if document.kind is Kind.POLICIES else ()
        for each in twice:
            text = "the section stands in the document twice, and only the first was looked at"
            yield _issue(Weight.WEAK, text, each, each.line, each.column)


def _values(element: Element) -> Iterator[Value]:
    yield from (attribute.value for attribute in element.attributes)
    yield from (child.value for child in element.children if isinstance(child, Text))


def _unparsed(value: Value, library: Library) -> bool:
    """Whether it is code, as written or out of a named value, that does not parse."""
    if not isinstance(value, Expression) and not (isinstance(value, Literal) and value.holes):
        return False
    code = compiled(value, library)
    return code.fixed is None and code.tree is None


def _issue(weight: Weight, text: str, element: Element | None, line: int, column: int) -> Issue:
    # The name of an element of a broken document may be anything.
    name = element.name if element is not None and element.name in SECTIONS else "document"
    return Issue(Rule.NOT_READABLE, weight, text, name, "", line, column)


def misplaced(scope: Subject) -> list[Found]:
    """A fragment that holds a whole policy document instead."""
    if not is_fragment(scope):
        return []
    holder = scope.with_log(Log())
    document = settled(partial(fragment_of, holder))
    if isinstance(document, Undetermined) or document.kind not in {Kind.POLICIES, Kind.RESOLVER}:
        return []
    text = "the fragment holds a whole policy document, where it can hold statements only"
    root = document.root
    line, column = (root.line, root.column) if root is not None else (1, 1)
    return [Found(Issue(Rule.FRAGMENT, Weight.FAIL, text, "document", "", line, column), holder)]
