"""What a section without ``<base/>`` loses, and what stands in for it.

A parent's statement is lost when it does not run for a request that reaches the narrower document. An
equal statement makes up for it. One of the same kind that is not equal may be as good or worse: that is
for a person to say. So is the loss of a statement that the parent runs for some requests only, as it may
not concern these.

Sources: "Set or edit Azure API Management policies" (``<base/>``), "Policies in Azure API Management",
the pages of the policies named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from auditor.apim.policy.compose import GATES
from auditor.apim.policy.evaluate.code import compiled
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.tree import Element, Expression, Literal, Mixed, NamedValue, Text, Value
from auditor.apim.policy.values import Text as Known

PROTECTS: Final = GATES | {
    "azure-openai-token-limit",
    "llm-token-limit",
    "validate-graphql-request",
    "validate-status-code",
}
"""Statements whose loss is told."""
_CALLERS: Final = frozenset(
    {"validate-client-certificate", "validate-jwt", "validate-azure-ad-token", "check-header"}
)
_TOKENS: Final = "authentication-managed-identity"
_KINDS: Final = (
    _CALLERS | {"return-response"},
    frozenset({"rate-limit", "rate-limit-by-key", "azure-openai-token-limit", "llm-token-limit"}),
    frozenset({"quota", "quota-by-key", "azure-openai-token-limit", "llm-token-limit"}),
    frozenset({_TOKENS, "authentication-basic", "authentication-certificate", "get-authorization-context"}),
)
"""What may stand in for each other; any other statement has its own name alone."""
_ALWAYS: Final = frozenset({"block", "limit-concurrency", "retry"})
"""Composite statements whose children always run."""
_OF_THE_CALL: Final = re.compile(
    r"context\.(?!(Request\.(Certificate|Headers|IpAddress|Body)\b))|context\b(?!\.)"
)
"""What a condition reads beside what the caller shows: the API, the path, a variable. Any of it may be the
same for all requests of an API, so that a branch concerns none of them."""

Signature = tuple[object, ...]


class Loss(Enum):
    """What the loss of one statement comes to."""

    REAL = "real"
    REPLACED = "another of its kind stands in the document"
    DIFFERENT = "it runs for some requests only, or what it does is not known here"
    EQUAL = "an equal statement stands in the document"
    STYLE = "it does not protect"


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One statement of a section with the composite ones around it, outermost first."""

    statement: Statement
    around: tuple[Statement, ...]

    @property
    def always(self) -> bool:
        """Whether it runs for every request that gets there."""
        return all(each.name in _ALWAYS for each in self.around)


def placed(statements: Iterable[Statement]) -> Iterator[Placed]:
    """Every statement of a section, in order."""
    waiting = [Placed(each, ()) for each in reversed(tuple(statements))]
    while waiting:
        current = waiting.pop()
        yield current
        around = (*current.around, current.statement)
        waiting.extend(Placed(each, around) for each in reversed(current.statement.children))


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What runs in the end, prepared for the question what it makes up for."""

    ids: frozenset[int]
    equal: frozenset[Signature]
    """Statements that always run, and whole branches."""
    names: frozenset[str]
    unread: bool

    @classmethod
    def of(cls, statements: tuple[Statement, ...]) -> Kept:
        """Of the statements of a section."""
        every = tuple(placed(statements))
        return cls(
            frozenset(id(each.statement) for each in every),
            frozenset(signature(each.statement) for each in every if each.always),
            frozenset(_counts_as(each.statement) for each in every),
            any(each.statement.name == UNKNOWN for each in every),
        )


def protects(gate: Placed, section: str) -> bool:
    """Whether its loss is worth a word: a refusal, a check, a limit."""
    statement = gate.statement
    if statement.name not in PROTECTS or section == "on-error":
        return False
    if statement.name == "return-response":
        status = _status(statement)
        return status is None or status >= 400
    # A token that a variable takes up is for a later statement: no protection of its own.
    return statement.name != _TOKENS or statement.element.get("output-token-variable-name") is None


def loss(gate: Placed, section: str, kept: Kept) -> Loss | None:
    """What becomes of a parent's statement in what runs in the end; None where it runs.

    Args:
        gate: The statement in its parent's section.
        section: Name of that section.
        kept: The section as it runs in the end.
    """
    statement = gate.statement
    if id(statement) in kept.ids:
        return None
    if not protects(gate, section):
        return Loss.STYLE
    if signature(statement) in kept.equal or any(signature(each) in kept.equal for each in gate.around):
        return Loss.EQUAL
    alike = next((kind for kind in _KINDS if statement.name in kind), frozenset({statement.name}))
    if kept.names & alike:
        return Loss.REPLACED
    if statement.name == _TOKENS or (section != "inbound" and statement.name == "return-response"):
        # Whether the backend is to be called without it is not for us to say.
        return Loss.DIFFERENT
    if statement.name == "return-response" and not 400 <= (_status(statement) or 0) < 500:
        return Loss.DIFFERENT
    return Loss.REAL if all(map(_concerns_callers, gate.around)) else Loss.DIFFERENT


def always_answers(statements: Iterable[Statement]) -> bool:
    """Whether every path through some statements ends in a response of the gateway's own."""
    return any(_ends(statement) for statement in statements)


def _ends(statement: Statement) -> bool:
    if statement.name in {"return-response", "mock-response"}:
        return True
    if statement.name == "choose":
        branches = statement.children
        complete = bool(branches) and branches[-1].name == "otherwise"
        return complete and all(always_answers(each.children) for each in branches)
    return statement.name in _ALWAYS and always_answers(statement.children)


def _concerns_callers(around: Statement) -> bool:
    """Whether every API's requests can meet a branch, by what its ``choose`` asks."""
    if around.name in _ALWAYS or around.name in {"when", "otherwise"}:
        return True
    if around.name != "choose":
        return False
    conditions = [each.element.get("condition") for each in around.children if each.name == "when"]
    return all(
        isinstance(c, Expression) and "{{" not in c.source and not _OF_THE_CALL.search(c.source)
        for c in conditions
    )


def _status(statement: Statement) -> int | None:
    """The status a ``return-response`` answers with; None where that is not known."""
    element = statement.element.find("set-status")
    value = element.get("code") if element is not None else None
    if value is None:
        # "Return response": 200 where neither a status nor a stored response is named.
        return None if statement.element.get("response-variable-name") is not None else 200
    fixed = compiled(value, statement.library).fixed
    text = fixed.value.strip() if isinstance(fixed, Known) else ""
    return int(text) if text.isdecimal() else None


def refuses(statement: Statement) -> bool | None:
    """Whether a ``return-response`` or ``mock-response`` turns the caller away; None where not known."""
    if statement.name == "mock-response":
        return False
    status = _status(statement)
    return status >= 400 if status is not None else None


def _counts_as(statement: Statement) -> str:
    """The name of what a statement may stand in for: an answer is no refusal, a credential is a sign-in."""
    if statement.name == "return-response" and _status(statement) not in {None, 401, 403, 407, 429}:
        return ""
    if statement.name == "set-header":
        named = (statement.element.word("name") or "").casefold()
        return _TOKENS if named in {"authorization", "api-key", "x-functions-key"} else ""
    return statement.name


def signature(statement: Statement) -> Signature:
    """What two equal statements share, wherever they are written."""
    children = tuple(signature(child) for child in statement.children)
    if statement.name == UNKNOWN:
        return (id(statement),)
    if children:
        own = _attributes(statement.element, statement)
        return (statement.name, own, children)
    return _tree(statement.element, statement)


def _tree(element: Element, statement: Statement) -> Signature:
    children = tuple(
        _value(child.value, statement) if isinstance(child, Text) else _tree(child, statement)
        for child in element.children
    )
    return (element.name, _attributes(element, statement), children)


def _attributes(element: Element, statement: Statement) -> frozenset[Signature]:
    # What a statement is called (``id``) changes nothing that it does.
    return frozenset((a.name, _value(a.value, statement)) for a in element.attributes if a.name != "id")


def _value(value: Value, statement: Statement) -> Signature:
    """A value, with the library it is read by where it names something there."""
    match value:
        case Literal(parts=parts):
            if not any(isinstance(part, NamedValue) for part in parts):
                return ("text", value.text.strip())
            return ("text", value.text.strip(), id(statement.library))
        case Expression(kind=kind, source=source):
            return (kind, source.strip(), id(statement.library) if "{{" in source else 0)
        case Mixed():
            return ("mixed", value.text, id(statement.library))
