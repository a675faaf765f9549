"""What a piece of code reads of the request, of variables and of the rest of ``context``.

Source: "API Management policy expressions" (the context variable).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code

FORWARDED: Final = frozenset(
    {
        "x-forwarded-for",
        "x-original-forwarded-for",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-azure-clientip",
        "x-azure-socketip",
        "x-envoy-external-address",
        "true-client-ip",
        "cf-connecting-ip",
        "fastly-client-ip",
        "forwarded",
        "client-ip",
    }
)
"""Headers in which proxies tell the address of their caller, and in which callers can tell any."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Everything that code reads, wherever in it."""

    context: frozenset[str] = frozenset()
    """Members of ``context``: ``Request``, ``Subscription``."""
    request: frozenset[str] = frozenset()
    """Members of ``context.Request``: ``Headers``, ``IpAddress``."""
    members: frozenset[str] = frozenset()
    """Members of anything at all."""
    variables: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    """Strings in the code, folded to lower case."""
    open: bool = False
    """It reads variables whose names are not known, or holds a named value that may be code."""

    @property
    def forwarded(self) -> bool:
        """Whether it reads a header that tells a forwarded address."""
        return "Headers" in self.request and bool(self.texts & FORWARDED)


def reads_of(code: Code | None) -> Reads:
    """What a value reads; nothing where it is text."""
    return _of(code.tree) if code is not None and code.tree is not None else Reads()


@lru_cache(maxsize=4096)
def _of(tree: cs.Expr | cs.Block) -> Reads:
    context: set[str] = set()
    request: set[str] = set()
    members: set[str] = set()
    variables: set[str] = set()
    texts: set[str] = set()
    open_ = False
    for node in cs.walk(tree):
        if isinstance(node, cs.Member):
            members.add(node.name)
        match node:
            case cs.Member(target=cs.Name(name="context"), name=name):
                context.add(name)
            case cs.Member(target=cs.Member(target=cs.Name(name="context"), name="Request"), name=name):
                request.add(name)
            case cs.String():
                texts.add(node.text.strip().casefold())
            case cs.Named() | cs.Filled():
                open_ = True
            case _:
                pass
        for read in _variables(node):
            variables |= {read} if read is not None else set()
            open_ |= read is None
    return Reads(
        frozenset(context),
        frozenset(request),
        frozenset(members),
        frozenset(variables),
        frozenset(texts),
        open_,
    )


def _variables(node: cs.Node) -> Iterator[str | None]:
    """The variable that a call or an index reads; None for a name that is not known."""
    match node:
        case cs.Call(function=cs.Member(target=target), arguments=arguments) if _is_variables(target):
            pass
        case cs.Index(target=target, arguments=arguments) if _is_variables(target):
            pass
        case _:
            return
    first = arguments[0].value if arguments else None
    yield first.known if isinstance(first, cs.String) else None


def _is_variables(node: cs.Node) -> bool:
    return isinstance(node, cs.Member) and node.name == "Variables" and node.target == cs.Name("context")
