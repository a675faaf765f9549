"""Addresses out of pieces: which scheme, who has a hand in the host, and what the caller says of it.

An address is followed piece by piece up to the end of its host, because whoever fills in a piece before that
end decides where a request goes: ``https://a.example`` with ``.b.example`` behind it is another host.
Source: RFC 3986, section 3.2 (the authority ends with the next slash, question mark or number sign).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.origins import Brought, From, Trace

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):(?://)?", re.IGNORECASE)
_END: Final = re.compile(r"[/?#\\]")
_PARTIAL: Final = frozenset({"http", "ws"})
_PATHS: Final = frozenset({"Path", "QueryString"})
_UNCHANGED: Final = frozenset(
    {"As", "First", "FirstOrDefault", "GetValueOrDefault", "ToLower", "ToLowerInvariant", "ToString"}
    | {"ToUpper", "ToUpperInvariant", "Trim", "TrimEnd", "TrimStart", "Value"}
)
"""What can be done to a value of the request without taking the choice of it from the caller."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address as far as its host."""

    scheme: str | Brought
    """In lower case; empty where it is known to have none."""
    host: Trace
    """What the host is made of."""
    ended: bool
    """Whether something known ends the host, or nothing follows it."""
    rest: Trace
    """What follows."""


def address(form: Trace) -> Address | None:
    """The address that a form is; None for one without a host, which is relative to another, or empty."""
    first, *others = form
    if isinstance(first, Brought):
        if others and isinstance(others[0], str) and others[0].startswith("://"):
            return _host(first, (others[0][3:], *others[1:]))
        return _host(first, form)
    text = first.lstrip()
    scheme = _SCHEME.match(text)
    if scheme is not None and not (scheme[0].endswith(":") and text[scheme.end() :][:1].isdigit()):
        return _host(scheme[1].casefold(), (text[scheme.end() :], *others))
    if others and text.casefold() in _PARTIAL and isinstance(others[0], Brought):
        behind = others[1] if len(others) > 1 else ""
        if isinstance(behind, str) and "://" in behind:
            return _host(others[0], (behind.partition("://")[2], *others[2:]))
        return _host(others[0], tuple(others))
    if not text or text.startswith(("/", "?")):
        return _host(others[0], tuple(others)) if not text and others else None
    return _host("", form)


def _host(scheme: str | Brought, pieces: Trace) -> Address:
    host: list[str | Brought] = []
    for at, piece in enumerate(pieces):
        if isinstance(piece, Brought):
            if host and _is_path(piece.node):
                return Address(scheme, tuple(host), True, pieces[at:])
            host.append(piece)
            continue
        end = _END.search(piece)
        if end is not None:
            host.append(piece[: end.start()])
            rest = (piece[end.start() :], *pieces[at + 1 :])
            return Address(scheme, tuple(p for p in host if p), True, rest)
        host.append(piece)
    return Address(scheme, tuple(p for p in host if p), not isinstance(pieces[-1], Brought), ())


def _is_path(node: cs.Expr | None) -> bool:
    """Whether it is the path or the query string of the request's address, which begin with their mark."""
    return isinstance(node, cs.Member) and node.name in _PATHS and chain(node.target)[1:3] in _URLS


_URLS: Final = (("Request", "OriginalUrl"), ("Request", "Url"))


def chain(node: cs.Node | None) -> tuple[str, ...]:
    """The names along a chain of members, calls and entries: ``context``, ``Request``, ``Headers``.

    Empty where something else than a name begins it.
    """
    names: list[str] = []
    while True:
        match node:
            case cs.Member(target=target, name=name):
                names.append(name)
                node = target
            case cs.Call(function=target) | cs.Index(target=target) | cs.Grouped(inner=target):
                node = target
            case cs.Cast(operand=target) | cs.As(operand=target):
                node = target
            case cs.Name(name=name):
                return (name, *reversed(names))
            case _:
                return ()


def names_scheme(node: cs.Expr | None) -> bool:
    """Whether it is the scheme of the request's own address."""
    names = chain(node)
    return names[1:3] in _URLS and names[3:] == ("Scheme",)


def names_own_host(node: cs.Expr | None) -> bool:
    """Whether it is the request's own address, or its host: one the gateway was reached under."""
    names = chain(node)
    return names[1:3] in _URLS and (not names[3:] or names[3] in {"Host", "ToString", "ToUri"})


def is_callers_word(node: cs.Expr | None) -> bool:
    """Whether the caller alone says what it is: a header, a parameter or a part of the body, as it came."""
    names = chain(node)
    if names[:2] != ("context", "Request") or len(names) < 3:
        return False
    rest = names[3:]
    if names[2] in {"OriginalUrl", "Url"} and rest[:1] == ("Query",):
        rest = rest[1:]
    elif names[2] not in {"Headers", "MatchedParameters", "Body"}:
        return False
    return all(name in _UNCHANGED for name in rest)


def is_service_url(piece: str | Brought) -> bool:
    """Whether it is the API's own address, which is judged where it is set."""
    return isinstance(piece, Brought) and chain(piece.node)[:3] == ("context", "Api", "ServiceUrl")


def decider(host: Trace) -> Brought | None:
    """Who decides what the host is: the first hand in it; None where it is known.

    Where a value that is not known here stands before the caller's, it may already have ended the host: then
    nobody can say, and that value decides.
    """
    hands = [piece for piece in host if isinstance(piece, Brought)]
    if not hands or hands[0].who is From.CALLER:
        return hands[0] if hands else None
    if any(piece.who in {From.CALLER, From.UNKNOWN} for piece in hands):
        return Brought(From.UNKNOWN, hands[0].node)
    return max(hands, key=lambda piece: piece.who)


def hands_in(pieces: Trace) -> Iterator[From]:
    """Everybody who has a hand in some pieces."""
    return (piece.who for piece in pieces if isinstance(piece, Brought))
