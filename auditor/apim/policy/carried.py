"""What of a request, an error or the configuration a value carries on: for rules on where that goes.

A comparison with a header carries nothing of it, nor does a question whether it is there; concatenation,
conversion and serialising carry all. Variables are followed within their document.

Source: "API Management policy expressions" (the context variable and its members).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code, names_in
from auditor.apim.policy.sensitive import (
    is_cookie,
    is_credential_header,
    is_credential_parameter,
    says_credential,
)
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import NamedValue
from auditor.apim.policy.values import Text


class Carries(StrEnum):
    """What a value holds a part or all of."""

    CREDENTIAL = "credential"
    """A header or parameter that carries one by its definition, or a password out of one."""
    MAYBE = "maybe"
    """A header or parameter whose name suggests one."""
    HEADERS = "headers"
    """All headers of the request."""
    FILTERED = "filtered"
    """All headers without some that carry credentials; the name says ``most`` or ``some``."""
    KEY = "key"
    """Keys of a subscription."""
    NAMED = "named"
    """A named value, by its name."""
    BODY = "body"
    """The whole body of request or answer."""
    COOKIES = "cookies"
    """Cookies that the backend sets."""
    ADDRESS = "address"
    """The request's address with its query, in which a key may stand."""
    MESSAGE = "message"
    """What went wrong, in the gateway's words."""
    ERROR = "error"
    """Code or place of an error."""
    HASHED = "hashed"
    """A digest of a credential."""
    VARIABLE = "variable"
    """A variable that this document does not write."""
    UNREAD = "unread"
    """Code that is not understood."""


Carried: TypeAlias = tuple[Carries, str]
"""With the name of what it is, where that tells something."""
Locals: TypeAlias = dict[str, list[cs.Node]]
"""What is put into each local variable of a piece of code."""
_NONE: Final[frozenset[Carried]] = frozenset()

_TESTS: Final = frozenset(
    {"StartsWith", "EndsWith", "Contains", "Equals", "ContainsKey", "Any", "All", "Exists", "IsNullOrEmpty"}
    | {"IsNullOrWhiteSpace", "IsMatch", "Compare", "CompareTo", "IndexOf", "LastIndexOf", "Count"}
    | {"TryParse", "SequenceEqual", "GetHashCode", "AsJwt", "TryParseJwt", "AsBasic", "TryParseBasic"}
)
"""Calls whose result tells something of a value without carrying it; claims of a token are no credential."""
_PARTS: Final = frozenset({"Value", "SelectToken", "SelectTokens", "GetValue", "Property", "Properties"})
"""Calls that take one thing out of a body."""
_ADDING: Final = frozenset(
    {"Append", "AppendLine", "AppendFormat", "Add", "AddFirst", "AddRange", "Insert", "Push", "Merge"}
)
_OTHER: Final = frozenset(
    {"int", "long", "short", "double", "float", "decimal", "bool", "Int32", "Int64", "Jwt", "IResponse"}
)
"""Types that are no text; of a token that was taken apart, code reads claims."""
_KEYS: Final = frozenset({"PrimaryKey", "SecondaryKey", "Key"})
_BASIC: Final = frozenset({"AsBasic", "TryParseBasic"})
_DEEPEST: Final = 60
"""Members of members, and variables for variables, that are followed."""
_HASHES: Final = ("ComputeHash", "HashData")


@dataclass(slots=True)
class Carrier:
    """Tells what the values of one document carry; what was found out of a variable is kept."""

    sheet: Sheet
    """With a library that knows no named values, where these are to be told by their names."""
    _variables: dict[str, frozenset[Carried]] = field(default_factory=dict)
    _locals: dict[tuple[int, str], frozenset[Carried]] = field(default_factory=dict)
    _kept: list[Locals] = field(default_factory=list)

    def of(self, code: Code | None) -> frozenset[Carried]:
        """Everything a value carries."""
        if code is None:
            return _NONE
        if code.tree is None:
            if isinstance(code.fixed, Text):
                return _NONE  # braces in it are those of a Liquid template
            named = frozenset((Carries.NAMED, name) for name in names_in(code.source))
            return named if code.fixed is not None else named | {(Carries.UNREAD, "")}
        names = self.locals_of(code.tree)
        if isinstance(code.tree, cs.Block):
            found = self._block(code.tree, names)
        else:
            found = self.value(code.tree, names)
        if (Carries.HEADERS, "") in found and (how := _left_out(code.tree)):
            found = found - {(Carries.HEADERS, "")} | {(Carries.FILTERED, how)}
        return found

    def value(self, node: cs.Node, names: Locals | None = None) -> frozenset[Carried]:
        """What one expression carries; ``names`` are the values of local variables."""
        names = names if names is not None else {}
        match node:
            case cs.String() | cs.QuotedText() | cs.Interpolated() | cs.Named():
                return self._text(node, names)
            case cs.Binary(operator="+", left=left, right=right) | cs.Coalesce(left=left, right=right):
                return self.value(left, names) | self.value(right, names)
            case cs.Binary() | cs.Unary() | cs.Is() | cs.OfType():
                return _NONE
            case cs.Cast(type=type_) | cs.As(type=type_) if type_.name in _OTHER:
                return _NONE
            case cs.Conditional(then=then, otherwise=otherwise):
                return self.value(then, names) | self.value(otherwise, names)
            case cs.Name(name=name):
                return self._local(name, names)
            case cs.Member():
                return self._member(node, names)
            case cs.Index():
                return self._index(node, names)
            case cs.Call():
                return self._call(node, names)
            case cs.Lambda(result=result) if isinstance(result, cs.Block):
                inner = {**names, **self.locals_of(result)}
                self._kept.append(inner)
                return self._block(result, inner)
            case cs.New(type=type_) if type_.name.rpartition(".")[2].startswith("HMAC"):
                return _NONE
            case cs.Assignment(value=value):
                return self.value(value, names)
            case _:
                return self._all(cs.children(node), names)

    def _all(self, nodes: Iterable[cs.Node], names: Locals) -> frozenset[Carried]:
        return frozenset().union(*(self.value(node, names) for node in nodes))

    def _block(self, block: cs.Block, names: Locals) -> frozenset[Carried]:
        returned = (n.value for n in cs.walk(block) if isinstance(n, cs.Return) and n.value is not None)
        return self._all(returned, names)

    def _text(
        self, node: cs.String | cs.QuotedText | cs.Interpolated | cs.Named, names: Locals
    ) -> frozenset[Carried]:
        parts = (node.value,) if isinstance(node, cs.Named) else node.parts
        found = frozenset((Carries.NAMED, part.name) for part in parts if isinstance(part, NamedValue))
        return found | self._all((part.value for part in parts if isinstance(part, cs.Hole)), names)

    # -- variables ---------------------------------------------------------------------------------------

    def _local(self, name: str, names: Locals) -> frozenset[Carried]:
        if name not in names:
            return _NONE
        key = (id(names), name)
        if key not in self._locals:
            self._locals[key] = _NONE  # while it is worked out: what refers to itself adds nothing
            self._locals[key] = self._all(names[name], names)
        return self._locals[key]

    def _variable(self, arguments: tuple[cs.Argument, ...]) -> frozenset[Carried]:
        name = known(arguments[0].value) if arguments else None
        if name is None or name not in self.sheet.writers:
            return frozenset({(Carries.VARIABLE, name or "")})
        if name not in self._variables:
            self._variables[name] = _NONE
            self._variables[name] = frozenset().union(*map(self._written, self.sheet.writers[name]))
        return self._variables[name]

    def _written(self, spot: Spot) -> frozenset[Carried]:
        return self.of(spot.code("value")) if spot.name == "set-variable" else _NONE

    def locals_of(self, tree: cs.Node) -> Locals:
        """Everything that is put into each local variable, by assignment or by a call such as ``Append``."""
        found: Locals = {}
        for name, node in _assignments(tree):
            found.setdefault(name, []).append(node)
        self._kept.append(found)  # its id stays its own
        return found

    # -- what hangs on the context -----------------------------------------------------------------------

    def _member(self, node: cs.Member, names: Locals) -> frozenset[Carried]:
        whole = _of_context(path(node, names))
        if whole is not None:
            return whole
        if node.name in {"Length", "Count", "Keys", "UserId"}:
            return _NONE
        if node.name == "Password" and _is_basic(node.target, names):
            return frozenset({(Carries.CREDENTIAL, "password")})
        found = self.value(node.target, names)
        if node.name == "Key":  # the names of headers
            found -= {(Carries.HEADERS, "")}
        return _without_body(found)

    def _index(self, node: cs.Index, names: Locals) -> frozenset[Carried]:
        target = path(node.target, names)
        if target == "context.Variables":
            return self._variable(node.arguments)
        if target.endswith((".Headers", ".Query")):
            return _named(target, known(node.arguments[0].value) if node.arguments else None)
        return _without_body(self.value(node.target, names))

    def _call(self, node: cs.Call, names: Locals) -> frozenset[Carried]:
        function, arguments = node.function, tuple(argument.value for argument in node.arguments)
        if not isinstance(function, cs.Member):
            return self._all(arguments, names)
        target, name = path(function.target, names), function.name
        if name in _TESTS:
            return _NONE
        if name in {"GetValueOrDefault", "TryGetValue"} and arguments:
            rest = self._all(arguments[1:], names)
            if target == "context.Variables":
                typed = any(each.name in _OTHER for each in function.arguments)
                return rest if typed else self._variable(node.arguments) | rest
            if target.endswith((".Headers", ".Query")):
                return _named(target, known(arguments[0])) | rest
        if name.startswith(_HASHES):
            inner = {kind for kind, _ in self._all(arguments, names)}
            secret = inner & {Carries.CREDENTIAL, Carries.KEY, Carries.MAYBE, Carries.COOKIES}
            return frozenset({(Carries.HASHED, "")}) if secret else _NONE
        if name in {"Encrypt", "Decrypt"}:
            # What a session or a token was made of: sensitive, and not what the caller sent.
            return frozenset({(Carries.MAYBE, "")}) if self._all(arguments, names) else _NONE
        found = self.value(function.target, names)
        if any(isinstance(each, cs.Lambda) and not _uses_values(each) for each in arguments):
            found -= {(Carries.HEADERS, "")} if name in {"Select", "SelectMany"} else _NONE
        if name in _PARTS:
            found = _without_body(found)
        return found | self._all(arguments, names)


def known(node: cs.Node) -> str | None:
    """The text of a string without holes."""
    return node.known if isinstance(node, cs.String) else None


def path(node: cs.Node, names: Locals) -> str:
    """``context.Request.Headers`` of a chain of names; empty where it is another expression.

    A local variable that is given nothing but such a chain stands for it.
    """
    tail: list[str] = []
    for _ in range(_DEEPEST):
        if isinstance(node, cs.Member):
            tail.append(node.name)
            node = node.target
        elif isinstance(node, cs.Grouped):
            node = node.inner
        elif isinstance(node, cs.Name) and len(values := names.get(node.name, [])) == 1:
            node = values[0]
        else:
            break
    return ".".join([node.name, *reversed(tail)]) if isinstance(node, cs.Name) else ""


def _of_context(full: str) -> frozenset[Carried] | None:
    """What a member of the context carries; None where it is no such member."""
    match full.split("."):
        case ["context", "Request"] | ["context", "Request", "Headers"]:
            return frozenset({(Carries.HEADERS, "")})
        case ["context", "Request", "Url" | "OriginalUrl"]:
            return frozenset({(Carries.ADDRESS, "")})
        case ["context", "Request", "Url" | "OriginalUrl", "Query" | "QueryString", *_]:
            return frozenset({(Carries.ADDRESS, "")})
        case ["context", "Request" | "Response", "Body"]:
            return frozenset({(Carries.BODY, "")})
        case ["context", "Subscription"]:
            return frozenset({(Carries.KEY, "")})
        case ["context", "Subscription", name, *_]:
            return frozenset({(Carries.KEY, "")}) if name in _KEYS else _NONE
        case ["context", "LastError"] | ["context", "LastError", "Message", *_]:
            return frozenset({(Carries.MESSAGE, "")})
        case ["context", "LastError", *_]:
            return frozenset({(Carries.ERROR, "")})
        case ["context", *_]:
            return _NONE
        case _:
            return None


def _named(target: str, name: str | None) -> frozenset[Carried]:
    """One header or one parameter of the query."""
    if not target.startswith("context."):
        return _NONE
    if target.startswith("context.Response"):
        return frozenset({(Carries.COOKIES, "")}) if name is not None and is_cookie(name) else _NONE
    if name is None:
        return frozenset({(Carries.MAYBE, "")})
    sure = is_credential_parameter(name) if target.endswith(".Query") else is_credential_header(name)
    if sure or is_cookie(name):
        return frozenset({(Carries.CREDENTIAL, name.casefold())})
    return frozenset({(Carries.MAYBE, name.casefold())}) if says_credential(name) else _NONE


def _assignments(tree: cs.Node) -> Iterator[tuple[str, cs.Node]]:
    for node in cs.walk(tree):
        match node:
            case cs.Local(variables=variables):
                yield from ((name, value) for name, value in variables if value is not None)
            case cs.Assignment(target=target, value=value) if (name := _root(target)) is not None:
                yield name, value
            case cs.Opaque(declared=declared, expressions=expressions):
                # One of what a loop goes through: it stands for an element, not for the whole.
                elements = [cs.Call(cs.Member(each, "First")) for each in expressions]
                yield from ((name, each) for name in declared for each in elements)
            case cs.Call(function=cs.Member(target=target, name=called), arguments=arguments):
                if called in _ADDING and (name := _root(target)) is not None:
                    yield from ((name, argument.value) for argument in arguments)
                yield from (
                    (argument.value.name, node)
                    for argument in arguments
                    if isinstance(argument.value, cs.Declared)
                )
            case _:
                pass


def _root(node: cs.Node) -> str | None:
    """The variable that a chain of accesses and calls begins with."""
    while isinstance(node, cs.Member | cs.Index | cs.Call | cs.Grouped):
        match node:
            case cs.Member(target=inner) | cs.Index(target=inner):
                node = inner
            case cs.Call(function=inner) | cs.Grouped(inner=inner):
                node = inner
    return node.name if isinstance(node, cs.Name) and node.name != "context" else None


def _is_basic(node: cs.Node, names: Locals) -> bool:
    """Whether an expression is what basic authentication was taken apart into."""
    values = names.get(node.name, []) if isinstance(node, cs.Name) else [node]
    called = [each.function for each in values if isinstance(each, cs.Call)]
    return any(isinstance(each, cs.Member) and each.name in _BASIC for each in called)


def _uses_values(function: cs.Lambda) -> bool:
    """Whether a lambda over headers looks at more than their names."""
    names = {parameter.name for parameter in function.parameters}
    only_keys = {
        id(node.target) for node in cs.walk(function) if isinstance(node, cs.Member) and node.name == "Key"
    }
    return any(
        isinstance(node, cs.Name) and node.name in names and id(node) not in only_keys
        for node in cs.walk(function)
    )


def _left_out(tree: cs.Node) -> str:
    """Which headers code leaves out while it handles all: those that it asks about by name, most likely."""
    texts = {text.casefold() for node in cs.walk(tree) if (text := known(node)) is not None}
    if not any(is_credential_header(text) for text in texts):
        return "some" if any(map(_asks_for_name, cs.walk(tree))) else ""
    both = "authorization" in texts and any(text.endswith("subscription-key") for text in texts)
    return "most" if both else "some"


def _asks_for_name(node: cs.Node) -> bool:
    """Whether a node is a question about the name of a header."""
    called = node.function if isinstance(node, cs.Call) else None
    asks = isinstance(called, cs.Member) and called.name in _TESTS
    if not asks and not (isinstance(node, cs.Binary) and node.operator in {"==", "!="}):
        return False
    return any(isinstance(each, cs.Member) and each.name == "Key" for each in cs.walk(node))


def _without_body(found: frozenset[Carried]) -> frozenset[Carried]:
    return found - {(Carries.BODY, "")}
