"""What statements of an effective policy do and read, as far as rules on their order have to know.

Sources: "API Management policy reference" (what each policy does and in which sections it may stand), "API
Management policy expressions" (the context variable and its methods).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.evaluate.context import is_certificate_header
from auditor.apim.policy.statements import COMPOSITE, Statement
from auditor.apim.policy.tree import Element
from auditor.apim.policy.values import Text

TOKENS: Final = frozenset({"validate-jwt", "validate-azure-ad-token"})
_REFUSALS: Final = frozenset({401, 403})
_HEADERS: Final = "context.Request.Headers"
_VARIABLES: Final = "context.Variables"
_PARSERS: Final = frozenset({"AsJwt", "TryParseJwt"})
_VERIFIERS: Final = frozenset({"VerifyData", "VerifyHash", "VerifySignature", "ComputeHash"})
_CREDENTIAL: Final = re.compile(
    r"authoriz|api-?key|-key$|^key$|token|secret|password|credential|signature|hmac|-fdid$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Reads:
    """What a piece of code looks at."""

    certificate: bool = False
    headers: frozenset[str] = frozenset()
    """Request headers by name, in lower case."""
    variables: frozenset[str] = frozenset()
    any_variable: bool = False
    """One whose name is not known text."""
    parses: bool = False
    """It takes a JSON Web Token apart, which checks nothing of it."""
    basic: bool = False
    request: bool = False
    """It looks at the request, the caller's own."""
    verifies: bool = False
    """It calculates or verifies a signature by itself."""
    decrypts: bool = False
    """It decrypts, so that what comes out was made by who has the key."""

    @property
    def credentials(self) -> bool:
        """Whether it looks at something a caller shows to be let in."""
        named = any(_CREDENTIAL.search(name) or is_certificate_header(name) for name in self.headers)
        return self.certificate or self.parses or self.basic or named

    def union(self, other: Reads) -> Reads:
        """What both look at."""
        return Reads(
            self.certificate or other.certificate,
            self.headers | other.headers,
            self.variables | other.variables,
            self.any_variable or other.any_variable,
            self.parses or other.parses,
            self.basic or other.basic,
            self.request or other.request,
            self.verifies or other.verifies,
            self.decrypts or other.decrypts,
        )


_NOTHING: Final = Reads()


def reads(code: Code | None) -> Reads:
    """What a piece of code looks at; nothing where it is a known value or does not parse."""
    if code is None or code.tree is None:
        return _NOTHING
    headers: set[str] = set()
    variables: set[str] = set()
    certificate = any_variable = basic = False
    decodes = dotted = parses = request = verifies = decrypts = False
    for node in cs.walk(code.tree):
        match node:
            case cs.Member(name="Request", target=cs.Name(name="context")):
                request = True
            case cs.Member(name="Certificate", target=target):
                certificate |= path_of(target) == "context.Request"
            case cs.Index(target=target) if path_of(target) in {_HEADERS, _VARIABLES}:
                any_variable |= _key(node.arguments, path_of(target), headers, variables)
            case cs.Call(function=cs.Member(target=target, name=name)):
                if path_of(target) in {_HEADERS, _VARIABLES}:
                    any_variable |= _key(node.arguments, path_of(target), headers, variables)
                parses |= name in _PARSERS
                basic |= name in {"AsBasic", "TryParseBasic"}
                decodes |= "Base64" in name
                verifies |= name in _VERIFIERS
                decrypts |= name in {"Decrypt", "Unprotect"}
                dotted |= name == "Split" and any(_is_dot(each.value) for each in node.arguments)
            case _:
                pass
    return Reads(
        certificate,
        frozenset(headers),
        frozenset(variables),
        any_variable,
        parses or (decodes and dotted and not decrypts),
        basic,
        request,
        verifies,
        decrypts,
    )


def _key(arguments: tuple[cs.Argument, ...], path: str, headers: set[str], variables: set[str]) -> bool:
    """Notes which header or variable is read; whether it is a variable of unknown name."""
    first = arguments[0].value if arguments else None
    name = first.known if isinstance(first, cs.String) else None
    if path == _VARIABLES:
        variables.update([name] if name is not None else [])
        return name is None
    headers.update([name.casefold()] if name is not None else [])
    return False


def _is_dot(node: cs.Node) -> bool:
    if isinstance(node, cs.NewArray) and node.items is not None:
        return any(_is_dot(each) for each in node.items.items)
    return (isinstance(node, cs.Character) and node.value == ".") or (
        isinstance(node, cs.String) and node.known == "."
    )


def path_of(node: cs.Node) -> str:
    """``context.Variables`` of a chain of names; empty where it is another expression."""
    if isinstance(node, cs.Name):
        return node.name
    if isinstance(node, cs.Member):
        before = path_of(node.target)
        return f"{before}.{node.name}" if before else ""
    return ""


def reads_body(statement: Statement, variable: str) -> bool:
    """Whether a statement takes the body of a response in a variable for JSON or XML, which it may not be."""
    for code in codes(statement):
        if variable not in reads(code).variables or code.tree is None:
            continue
        for node in cs.walk(code.tree):
            if isinstance(node, cs.Call) and isinstance(node.function, cs.Member):
                target = node.function.target
                if node.function.name == "As" and isinstance(target, cs.Member) and target.name == "Body":
                    return any(each.name[:1] in {"J", "X"} for each in node.function.arguments)
    return False


def code_of(statement: Statement, attribute: str, element: Element | None = None) -> Code | None:
    """The code of an attribute of a statement, or of a part of it; "" is the text."""
    at = element if element is not None else statement.element
    value = at.get(attribute) if attribute else at.value
    return compiled(value, statement.library) if value is not None else None


def codes(statement: Statement) -> Iterator[Code]:
    """All code of a statement and its parts; of a composite one, of its own attributes only."""
    elements = (statement.element,) if statement.name in COMPOSITE else statement.element.walk()
    for element in elements:
        for attribute in element.attributes:
            yield compiled(attribute.value, statement.library)
        if element.value is not None and statement.name not in COMPOSITE:
            yield compiled(element.value, statement.library)


def all_reads(statement: Statement) -> Reads:
    """What a statement looks at, its parts included."""
    found = _NOTHING
    for code in codes(statement):
        found = found.union(reads(code))
    return found


def status_of(statement: Statement) -> int | None:
    """The status that ``return-response`` or ``mock-response`` answers with; None where it is not known.

    Without a status it is 200: "Return response", "Mock response".
    """
    if statement.name == "mock-response":
        code = code_of(statement, "status-code")
    else:
        part = statement.element.find("set-status")
        if part is None and statement.element.get("response-variable-name") is not None:
            return None
        code = code_of(statement, "code", part) if part is not None else None
    if code is None:
        return 200
    text = code.fixed.value.strip() if isinstance(code.fixed, Text) else ""
    return int(text) if text.isdecimal() else None


def refuses(statement: Statement) -> bool:
    """Whether it answers that the caller is not known or not allowed."""
    return statement.name == "return-response" and status_of(statement) in _REFUSALS


def is_gate(statement: Statement) -> bool:
    """Whether a statement by itself demands something that callers have to know or hold."""
    if statement.name in TOKENS:
        return True
    if statement.name == "validate-client-certificate":
        return (statement.element.word("ignore-error") or "").casefold() not in {"true", "1"}
    if statement.name != "check-header":
        return False
    values = [code_of(statement, "", each) for each in statement.element.find_all("value")]
    name = statement.element.word("name") or ""
    secret = any(code is not None and not isinstance(code.fixed, Text) for code in values)
    return bool(values) and (secret or bool(_CREDENTIAL.search(name)) or is_certificate_header(name))
