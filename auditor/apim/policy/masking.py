"""Values of a policy as they may be shown: what can be a secret is a mask, what only says how is text.

Whether a literal in code is a password cannot be told from its letters, so a text is shown for what it is
used as: the name of a header or variable, what is compared with a name of the configuration, a certificate or
a role, a word of HTTP. Everything else is masked. Of a URL scheme and host are shown; its path and query may
hold keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.csharp.parser import parse_block, parse_expression
from auditor.apim.policy.csharp.printer import show, show_block
from auditor.apim.policy.tree import Diagnostic, Element, Expression, Literal, Mixed, Value

MASK: Final = "•••"
"""What stands for a text that is not shown."""

_WORDS: Final = re.compile(
    r"""
      true|false|null|none|all|any|\*
    | (?:basic|bearer)\ ?
    | GET|PUT|POST|PATCH|DELETE|HEAD|OPTIONS|TRACE
    | https?(?:://)? | wss?(?:://)?
    | (?:application|text)/[a-z0-9.+-]+ (?:;\ ?charset=utf-8)?
    | [\s/?&=.,;:|_\-]{0,3}                           # separators
    | -?\d{1,5}(?:\.\d{1,3})?
    | (?:yyyy|MM|dd|HH|mm|ss|[TZfo:\- .])+            # formats of dates
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Texts that are shown wherever they stand."""
_PLAIN: Final = re.compile(
    r"""
      [A-Za-z]{1,20}(?:-[A-Za-z]{1,20}){0,3}          # a word, or a few: override, local-prefer
    | [A-Za-z][A-Za-z0-9.]{0,40}\{\{[\w.\-]+\}\}      # a word with a named value
    | \d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?            # an address
    | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}     # the id of a tenant or an application
    | (?:\d\d?:){1,2}\d\d | PT?\d+[DHMS]
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Attribute values that are shown unless the attribute holds a credential."""
_URL: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^/?#@\s]*@)?(?P<host>[\w.\-:{}$]+)(?P<rest>[/?#].*)?",
    re.IGNORECASE,
)
_SEGMENT: Final = re.compile(r"[\w.\-{}*$()]{0,20}|[A-Za-z_.\-{}*]{0,40}")
"""A part of a path that reads like a word, a number or a parameter."""
_WELL_KNOWN: Final = re.compile(r"/[\w.\-{}/]*/\.well-known/openid-configuration")
_SECRET_ATTRIBUTE: Final = re.compile(
    r"password|secret|token|credential|signature|^body$|^username$|^value$|^code$|key$", re.IGNORECASE
)
_NAMING: Final = re.compile(
    r"(?:^|-)(?:name|id|names|reason|message|thumbprint|subject|number)$|^(?:for|action|match|mode|separator)$"
    r"|template$"
)
"""Attributes that name or describe something: what they hold is no credential."""
_OPEN_TEXTS: Final = frozenset(
    {
        "audience", "issuer", "origin", "method", "header", "address", "application-id", "claim", "type",
        "content-type", "vary-by-header", "vary-by-query-parameter", "set-method", "tenant-id",
    }
)  # fmt: skip
"""Elements whose text says what is allowed, not what is secret."""
_OPEN_HEADERS: Final = frozenset(
    {
        "content-type", "accept", "accept-encoding", "cache-control", "host", "x-forwarded-host", "vary",
        "x-forwarded-proto", "x-frame-options", "x-content-type-options", "strict-transport-security",
        "www-authenticate", "retry-after", "access-control-allow-origin", "server", "x-powered-by", "allow",
    }
)  # fmt: skip
"""Headers whose value is no credential."""
_TAKES_NAME: Final = frozenset(
    {
        "GetValueOrDefault",
        "ContainsKey",
        "TryGetValue",
        "GetValues",
        "GetValue",
        "SelectToken",
        "Property",
        "GetClaim",
    }
)
_COMPARES: Final = frozenset({"Equals", "StartsWith", "EndsWith", "Contains", "IndexOf", "Compare", "Any"})
_PUBLIC: Final = re.compile(
    r"(?:^|\.)(?:Certificate\b|Thumbprint|Issuer|IssuerName|Subject|SubjectName|SerialNumber|Api|Operation|Product"
    r"|Method|Scheme|Deployment|LastError|StatusCode|IpAddress|Claims|Audiences|UrlTemplate|Path|Name|Id)\b"
)
"""What is compared with names, roles, thumbprints or paths, none of which is a secret."""
_PRIVATE: Final = re.compile(r"Headers|Query|Body|Cookies?|PrimaryKey|SecondaryKey|Password")


def shown(value: Value, element: Element, attribute: str = "", parent: Element | None = None) -> str:
    """A value as it may be shown.

    Args:
        value: The value of an attribute, or an element's text.
        element: The element it belongs to.
        attribute: Name of the attribute; empty for the text.
        parent: What the element is a part of: a claim's values are roles, a header's may be keys.
    """
    match value:
        case Expression(kind=kind, source=source):
            return _code(kind, source)
        case Mixed():
            return f"{MASK} (text mixed with code)"
        case Literal():
            return _literal(value, element, attribute, parent)


def _literal(value: Literal, element: Element, attribute: str, parent: Element | None) -> str:
    """Text, with the named values in it by name; masked where it can hold a credential."""
    text = value.text.strip()
    known = "".join(part for part in value.parts if isinstance(part, str)).strip()
    if not known or _WORDS.fullmatch(known):
        return text
    if _open(element, attribute, known) if attribute else _open_text(element, parent):
        return _url(text)
    if _URL.fullmatch(text):
        return _url(text)
    return "".join(MASK if isinstance(part, str) and part.strip() else str(part) for part in value.parts)


def _open(element: Element, attribute: str, known: str) -> bool:
    """Whether an attribute holds a name or a setting."""
    if _SECRET_ATTRIBUTE.search(attribute) or element.name == "authentication-basic":
        return False
    return _NAMING.search(attribute) is not None or _PLAIN.fullmatch(known) is not None


def _open_text(element: Element, parent: Element | None) -> bool:
    """Whether the text of an element says what is allowed, or is the value of a harmless header."""
    if element.name in _OPEN_TEXTS:
        return True
    if element.name != "value" or parent is None:
        return False
    header = (parent.word("name") or "").casefold()
    return parent.name == "claim" or (parent.name == "set-header" and header in _OPEN_HEADERS)


def _url(text: str) -> str:
    """A URL by scheme and host, a path without what could be a key; other text as it is."""
    found = _URL.fullmatch(text)
    if found is not None:
        rest = found["rest"] or ""
        kept = rest if len(rest) < 2 or _WELL_KNOWN.fullmatch(rest) else f"/{MASK}"
        user = f"{MASK}@" if found["user"] else ""
        return f"{found['scheme']}{user}{found['host']}{kept}"
    if "/" not in text:
        return text
    path, question, _ = text.partition("?")
    segments = (each if _SEGMENT.fullmatch(each) else MASK for each in path.split("/"))
    return "/".join(segments) + (f"?{MASK}" if question else "")


@lru_cache(maxsize=4096)
def _code(kind: str, source: str) -> str:
    tree = parse_expression(source) if kind == "expr" else parse_block(source)
    if isinstance(tree, Diagnostic):
        return f"@({MASK}) (code that is not understood)"
    masked = _masked(tree, frozenset(map(id, _open_strings(tree))))
    if isinstance(masked, cs.Block):
        inside = show_block(masked)
        return "@{ " + inside + " }" if "\n" not in inside else "@{\n" + _indented(inside) + "\n}"
    return f"@({show(masked)})"


def _indented(code: str) -> str:
    lines, depth = [], 1
    for each in code.split("\n"):
        depth -= each.startswith("}")
        lines.append("    " * depth + each)
        depth += each.endswith("{")
    return "\n".join(lines)


def _open_strings(tree: cs.Node) -> Iterator[cs.Node]:
    """The literals of a tree that name something or are compared with what is no secret."""
    for node in cs.walk(tree):
        match node:
            case cs.Call(function=cs.Member(name=name, target=target), arguments=arguments):
                if name in _TAKES_NAME and arguments:
                    yield arguments[0].value
                if name in _COMPARES and _is_public(target):
                    yield from (argument.value for argument in arguments)
                if name in _COMPARES and arguments and any(_is_public(each.value) for each in arguments):
                    yield target
            case cs.Index(arguments=arguments):
                yield from (argument.value for argument in arguments)
            case cs.Binary(operator="==" | "!=", left=left, right=right):
                if _is_public(left):
                    yield right
                if _is_public(right):
                    yield left
            case _:
                pass


def _is_public(node: cs.Node) -> bool:
    source = "" if isinstance(node, cs.String) else show(node)
    return _PUBLIC.search(source) is not None and not _PRIVATE.search(source)


def _masked(node: Any, kept: frozenset[int]) -> Any:
    """The tree with masks in place of literals; ``kept`` are the ids of those that stay."""
    match node:
        case cs.String() | cs.QuotedText():
            return node if id(node) in kept else replace(node, parts=tuple(map(_part, node.parts)))
        case cs.Interpolated():
            parts = tuple(_masked(p, kept) if isinstance(p, cs.Hole) else _part(p) for p in node.parts)
            return replace(node, parts=parts)
        case cs.Opaque():
            return replace(node, source=f"{node.word} ({MASK}) {{ {MASK} }}")
        case cs.Number(text=text) if len(text) > 5:
            return replace(node, text=MASK)
        case cs.Node():
            changed = {
                name: _masked(getattr(node, name), kept)
                for name in node.__dataclass_fields__
                if isinstance(getattr(node, name), cs.Node | tuple)
            }
            return replace(node, **changed) if changed else node
        case tuple():
            return tuple(_masked(each, kept) for each in node)
        case _:
            return node


def _part(part: Any) -> Any:
    """One piece of a text: a named value by its name, a word of HTTP as it is, else a mask."""
    if not isinstance(part, str):
        return part
    if _WORDS.fullmatch(part):
        return part
    found = _URL.fullmatch(part)
    return _url(part) if found is not None and not found["rest"] else MASK
