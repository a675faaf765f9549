"""Which statements of a section can decide who gets in, and which variables and headers they read.

Everything else is left out of the walk: that is what makes a thousand policies take seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from auditor.apim.policy.arriving import AUTHORIZATION, SETS_AUTHORIZATION, TOKENS, token_header
from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.evaluate.context import is_certificate_header
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.tree import Element, Literal
from auditor.apim.policy.values import Text, Value

DECIDING: Final = frozenset(
    {
        "return-response",
        "mock-response",
        "validate-client-certificate",
        "validate-jwt",
        "validate-azure-ad-token",
        "check-header",
        "ip-filter",
        "cache-lookup",
        UNKNOWN,
    }
)
_WRITES: Final = "variable-name"
"""How attributes end that name a variable to be written."""
_READS: Final = frozenset({"response-variable-name"})
_ANY: Final = re.compile(r"Variables\s*(?:\[|\.\s*\w+\s*(?:<[^>]*>)?\s*\()\s*(?![\"\s@$])")
_CERTIFICATE: Final = re.compile(r"certificate|X509|client-?cert", re.IGNORECASE)


@dataclass(slots=True)
class Slice:
    """A section as far as it decides; codes of its values are compiled once."""

    statements: tuple[Statement, ...]
    relevant: frozenset[int] = frozenset()
    """Ids of the statements that decide, or hold such."""
    kept: frozenset[str] = frozenset()
    """Variables that are followed."""
    headers: frozenset[str] = frozenset()
    """Request headers that policies set and deciding code reads, in lower case."""
    written: frozenset[str] = frozenset()
    closed: bool = True
    about_certificates: bool = False
    """Deciding code looks at a client certificate, so that callers can fare differently."""
    text: str = ""
    """All deciding code."""
    also: frozenset[int] = frozenset()
    """Ids of statements that belong to it though they decide nothing: somebody asks who gets there."""
    set_headers: frozenset[str] = frozenset()
    """Request headers that policies set, in lower case."""
    _codes: dict[tuple[int, str], Code] = field(default_factory=dict)
    _words: frozenset[str] = frozenset()

    def note(self, text: str) -> None:
        """Keeps all deciding code."""
        self.text = text
        self._words = frozenset(word for word in _WORDS if word in text)

    def code(self, statement: Statement, attribute: str) -> Code | None:
        """The code of an attribute."""
        key = (id(statement), attribute)
        if key not in self._codes:
            value = statement.element.get(attribute)
            if value is None:
                return None
            self._codes[key] = compiled(value, statement.library)
        return self._codes[key]

    def part(self, statement: Statement, element: Element, attribute: str) -> Code | None:
        """The code of an attribute of a part, ``set-status`` say; "" is its text."""
        key = (id(element), attribute)
        if key not in self._codes:
            value = element.get(attribute) if attribute else element.value
            if value is None:
                return None
            self._codes[key] = compiled(value, statement.library)
        return self._codes[key]

    @property
    def fixed(self) -> bool:
        """Whether deciding code reads nothing that differs between operations or ways to arrive."""
        return not self._words

    def read(self, bindings: Bindings) -> dict[str, Value]:
        """The bindings that deciding code can read: others make no difference."""
        if not self._words:
            return {}
        return {path: value for path, value in bindings.items() if _word(path) in self._words}

    @property
    def identity(self) -> tuple[int, ...]:
        """Equal for two sections with the same deciding statements."""
        return tuple(id(each) for each in self.statements if id(each) in self.relevant)

    def decides(self, statement: Statement) -> bool:
        """Whether a statement belongs to the slice."""
        return id(statement) in self.relevant


_WORDS: Final = ("Api", "Operation", "Product", "Subscription", "Method", "Url", "OriginalUrl")
"""Words of which code that reads a binding has to hold one."""


def _word(path: str) -> str:
    """The word that code which reads a binding cannot do without."""
    parts = path.split(".")
    return parts[2] if parts[1] == "Request" else parts[1]


def writes(statement: Statement) -> Iterator[str]:
    """Names of the variables that a statement writes."""
    element = statement.element
    if statement.name == "set-variable":
        name = element.word("name")
        if name is not None:
            yield name
        return
    for attribute in element.attributes:
        if attribute.name.endswith(_WRITES) and isinstance(attribute.value, Literal):
            if statement.name == "return-response" and attribute.name in _READS:
                continue
            name = element.word(attribute.name)
            if name is not None:
                yield name


def cut(statements: tuple[Statement, ...], also: frozenset[int] = frozenset()) -> Slice:
    """The slice of a section.

    Args:
        statements: The section.
        also: Ids of statements that belong to it whether they decide or not.
    """
    made = Slice(statements, also=also)
    every = [each for top in statements for each in top.walk()]
    made.closed = not any(each.name == UNKNOWN for each in every)
    made.written = frozenset(name for each in every for name in writes(each))
    headers = made.set_headers = _set_headers(every)
    kept: set[str] = set()
    kept_headers: set[str] = set()
    while True:
        made.kept, made.headers = frozenset(kept), frozenset(kept_headers)
        relevant: set[int] = set()
        for top in statements:
            _mark(top, made, relevant)
        made.relevant = frozenset(relevant)
        sources = [source for each in every if id(each) in relevant for source in _sources(each, made)]
        text = "\n".join(sources)
        everything = _ANY.search(text) is not None
        more = {name for name in made.written if everything or _quoted(name, text)}
        folded = text.casefold()
        more_headers = {name for name in headers if _quoted(name, folded)}
        if more <= kept and more_headers <= kept_headers:
            break
        kept |= more
        kept_headers |= more_headers
    made.note(text)
    made.about_certificates = any(each.name == "validate-client-certificate" for each in every) or any(
        _CERTIFICATE.search(source) or is_certificate_header(source) for source in sources
    )
    return made


def _set_headers(every: list[Statement]) -> frozenset[str]:
    names = (each.element.word("name") for each in every if each.name == "set-header")
    own = {AUTHORIZATION} if any(each.name in SETS_AUTHORIZATION for each in every) else set()
    return frozenset(name.casefold() for name in names if name) | own


def _mark(statement: Statement, made: Slice, relevant: set[int]) -> bool:
    inside = [_mark(child, made, relevant) for child in statement.children]
    decides = any(inside) or statement.name in DECIDING or id(statement) in made.also
    if not decides and any(name in made.kept for name in writes(statement)):
        decides = True
    if not decides and statement.name == "set-header":
        decides = (statement.element.word("name") or "").casefold() in made.headers
    if not decides and statement.name in SETS_AUTHORIZATION:
        decides = AUTHORIZATION in made.headers
    if decides:
        relevant.add(id(statement))
        if statement.name == "choose":
            # Which branch is taken decides even where the branch itself is empty.
            relevant.update(id(child) for child in statement.children)
    return decides


def _sources(statement: Statement, made: Slice) -> Iterator[str]:
    """The code that a deciding statement reads."""
    element = statement.element
    if statement.name == "when":
        yield from _one(made.code(statement, "condition"))
    elif statement.name == "set-variable":
        yield from _one(made.code(statement, "value"))
    elif statement.name == "set-header":
        yield from (
            text for part in element.find_all("value") for text in _one(made.part(statement, part, ""))
        )
    elif statement.name in TOKENS:
        yield from _one(made.code(statement, "token-value"))
        header = token_header(statement)
        if header is not None and header in made.set_headers:
            # Whose token it is depends on who wrote the header last.
            yield f'"{header}"'
    elif statement.name == "return-response":
        status = element.find("set-status")
        if status is not None:
            yield from _one(made.part(statement, status, "code"))
        name = element.word("response-variable-name")
        if name:
            yield f'"{name}"'


def _quoted(name: str, text: str) -> bool:
    """Whether code names something by a literal; of a name that a literal would escape, any trace counts."""
    if '"' in name or "\\" in name:
        return True
    return f'"{name}"' in text or f"'{name}'" in text


def _one(code: Code | None) -> Iterator[str]:
    if code is not None and not isinstance(code.fixed, Text):
        yield code.source
