"""What caches keep, and for whom.

By default an answer to a request with an ``Authorization`` header is not kept. Where it is, the documentation
has entries told apart by that header. Sources: "Get from cache", "Store to cache", "Get cached responses of
large language model API requests" policies; RFC 9111, section 3.5 (``public`` lets a shared cache keep it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.guarded import sources_in
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import Brought, From, traces
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.urls import chain, is_callers_word

Said = tuple[Weight, str]

_SEMANTIC: Final = ("llm-semantic-cache-lookup", "azure-openai-semantic-cache-lookup")
_STORES: Final = ("cache-store", "llm-semantic-cache-store", "azure-openai-semantic-cache-store")
_FOR_ANYBODY: Final = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "content-type", "expect", "host"}
    | {"if-match", "if-modified-since", "if-none-match", "origin", "user-agent", "x-forwarded-host"}
)
"""Headers that say what is wanted, not who asks."""
_CREDENTIALS: Final = frozenset({"authorization", "api-key", "ocp-apim-subscription-key", "x-api-key"})
_SHARED: Final = (
    "answers to requests with an Authorization header are kept, and given to other callers as well"
)
_PARTLY: Final = (
    "answers to requests with an Authorization header are kept, told apart by something else than that "
    "header: show that it stands for one caller"
)
_PUBLIC: Final = (
    "caches between the gateway and the caller may keep answers for everybody, and they ask nobody for a key "
    "or a token"
)


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Every statement that keeps answers or gives kept ones."""
    for spot in sheet.named("cache-lookup"):
        said = dict.fromkeys((*_kept(spot, sheet), *_downstream(spot, sheet)))
        worth = [each for each in said if each[0] is not Weight.FINE]
        for weight, message in worth or said:
            yield spot.issue(Rule.CACHED_RESPONSE, weight, message)
    for spot in sheet.named(*_SEMANTIC):
        weight, message = _semantic(spot, sheet)
        yield spot.issue(Rule.CACHED_RESPONSE, weight, message)
    for spot in sheet.named(*_STORES):
        if True in _answers(spot.code("cache-response"), sheet):
            yield spot.issue(
                Rule.CACHED_RESPONSE, Weight.NOTE, "answers of every status are kept, errors too"
            )
        else:
            yield spot.issue(
                Rule.CACHED_RESPONSE, Weight.FINE, "keeps answers as its lookup tells them apart"
            )


def _kept(spot: Spot, sheet: Sheet) -> Iterator[Said]:
    """Whether answers to requests with a token are kept, and how they are told apart."""
    private = _answers(spot.code("allow-private-response-caching"), sheet)
    headers = _names(spot, "vary-by-header", sheet)
    if private == {False} or "authorization" in headers:
        yield Weight.FINE, "what is kept for one caller is not given to others"
        return
    if private != {True}:
        if Weight.UNKNOWN in private:
            yield Weight.UNKNOWN, "whether answers to requests with an Authorization header are kept"
        else:
            yield (
                Weight.REVIEW,
                "code decides whether answers to requests with an Authorization header are kept",
            )
        return
    developer = _answers(spot.code("vary-by-developer"), sheet)
    parameters = _names(spot, "vary-by-query-parameter", sheet)
    if None in headers or Weight.UNKNOWN in developer:
        yield Weight.UNKNOWN, "how kept answers to requests with an Authorization header are told apart"
    elif developer != {False} or headers - _FOR_ANYBODY or parameters & _set_here(sheet):
        yield Weight.REVIEW, _PARTLY
    else:
        yield Weight.FAIL, _SHARED


def _set_here(sheet: Sheet) -> frozenset[str | None]:
    """Query parameters that the policy itself sets: they may stand for the caller."""
    named = (spot.element.word("name") for spot in sheet.named("set-query-parameter"))
    return frozenset(name.casefold() if name is not None else None for name in named)


def _downstream(spot: Spot, sheet: Sheet) -> Iterator[Said]:
    code = spot.code("downstream-caching-type")
    for form in traces(code, sheet) if code is not None else ():
        match form:
            case (str(text),):
                if text.strip().casefold() == "public":
                    yield Weight.WEAK, _PUBLIC
            case _ if any(isinstance(piece, Brought) and piece.who is From.CONFIG for piece in form):
                yield Weight.UNKNOWN, "whether caches on the way to the caller may keep answers"
            case _:
                yield Weight.REVIEW, "code decides whether caches on the way to the caller may keep answers"


def _semantic(spot: Spot, sheet: Sheet) -> Said:
    """Answers are given to whoever asks something alike: the parts of the cache say among whom."""
    said = [_part(spot.below(each).text(), sheet) for each in spot.element.find_all("vary-by")]
    for weight in (Weight.FINE, Weight.UNKNOWN):
        if found := next((each for each in said if each[0] is weight), None):
            return found
    if said:
        return said[0]
    return (
        Weight.REVIEW,
        "all callers share answers to prompts that are alike: show that none holds what only one may see",
    )


def _part(code: Code | None, sheet: Sheet) -> Said:
    """Whether a ``vary-by`` tells callers apart."""
    pieces = [piece for form in traces(code, sheet) for piece in form if isinstance(piece, Brought)]
    if any(_is_caller(piece) for piece in pieces):
        return Weight.FINE, "callers share no answers"
    if any(piece.who is From.UNKNOWN for piece in pieces):
        return Weight.UNKNOWN, "what tells the answers of callers apart"
    if any(piece.who is From.CALLER for piece in pieces):
        return Weight.REVIEW, "callers name the part of the cache that they are answered from"
    return Weight.REVIEW, "all callers share answers to prompts that are alike: vary-by is the same for them"


def _is_caller(piece: Brought) -> bool:
    """Whether it stands for the caller: a subscription, a user, a credential, a claim of a checked token."""
    if piece.who is From.OUTSIDE or chain(piece.node)[1:2] in {("Subscription",), ("User",)}:
        return True
    if piece.who is not From.CALLER:
        return False
    return not is_callers_word(piece.node) or bool(_keys(piece) & _CREDENTIALS)


def _keys(piece: Brought) -> frozenset[str]:
    return frozenset(key for _, key in sources_in(piece.node)) if piece.node is not None else frozenset()


def _names(spot: Spot, element: str, sheet: Sheet) -> frozenset[str | None]:
    """Names that entries are told apart by, in lower case; None among them where one is not known."""
    found: set[str | None] = set()
    for each in spot.element.find_all(element):
        for form in traces(spot.below(each).text(), sheet):
            text = form[0] if len(form) == 1 else None
            known = isinstance(text, str)
            found |= {name.strip().casefold() for name in text.split(";")} if isinstance(text, str) else set()
            found |= set() if known else {None}
    return frozenset(found)


def _answers(code: Code | None, sheet: Sheet) -> frozenset[bool | Weight]:
    """What a switch that is off by default can be: on, off, not known here, or for code to decide."""
    if code is None:
        return frozenset({False})
    found: set[bool | Weight] = set()
    for form in traces(code, sheet):
        match form:
            case (str(text),):
                found.add(text.strip().casefold() in {"true", "1"})
            case _ if any(isinstance(p, Brought) and p.who in {From.CONFIG, From.UNKNOWN} for p in form):
                found.add(Weight.UNKNOWN)
            case _:
                found.add(Weight.REVIEW)
    return frozenset(found)
