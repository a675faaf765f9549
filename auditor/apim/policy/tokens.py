"""Whether a statement that validates tokens proves anything: signature, expiry, issuer, audience.

Sources: "Validate JWT" and "Validate Microsoft Entra token" (attributes, defaults); "Microsoft identity
platform and OpenID Connect" (metadata of one tenant and of all). A value that is not known raises a question,
never a pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.issues import Weight
from auditor.apim.policy.samples import is_sample
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.tree import Element, Expression, Literal, NamedValue
from auditor.apim.policy.values import Text

_ENTRA_HOSTS: Final = re.compile(
    r"^https://(login\.microsoftonline\.(com|us|de)|login\.partner\.microsoftonline\.cn|login\.windows\.net|"
    r"sts\.windows\.net|login\.chinacloudapi\.cn|login\.microsoft\.com)(/|$)",
    re.IGNORECASE,
)
_ANY_TENANT: Final = re.compile(r"/(common|organizations|consumers)(/|$)", re.IGNORECASE)
_MULTI: Final = frozenset({"common", "organizations", "consumers"})
_PINS: Final = frozenset(
    {"aud", "appid", "azp", "roles", "scp", "scope", "client_id", "cid", "wids", "groups"}
)
_APPLICATION: Final = frozenset({"aud", "appid", "azp", "client_id", "cid"})
_CHOICE: Final = re.compile(r"\?|\b(if|switch|new|Contains\w*|Is\w*|Match\w*|Equals)\b|[!=]=")
"""Code that may only choose by request data among values of its own."""
_HOST: Final = re.compile(r"https://[^/{]+/", re.IGNORECASE)
_MAX_SKEW: Final = 300


class Flaw(StrEnum):
    """What is wrong, or open, about a token's validation."""

    UNSIGNED = "unsigned"
    NO_KEYS = "no-keys"
    NO_EXPIRY = "no-expiry"
    NO_AUDIENCE = "no-audience"
    ANY_CLIENT = "any-client"
    ANY_TENANT = "any-tenant"
    NO_ISSUER = "no-issuer"
    HTTP_METADATA = "http-metadata"
    REQUEST_METADATA = "request-built-metadata"
    REQUEST_AUDIENCE = "request-built-audience"
    SYMMETRIC = "symmetric-key"
    LITERAL_KEY = "literal-key"
    QUERY = "token-in-query"
    SKEW = "clock-skew"
    PLACEHOLDER = "placeholder"
    ODD_STATUS = "odd-status"
    OPEN_METADATA = "open-metadata"


@dataclass(frozen=True, slots=True)
class Problem:
    """One flaw with the words for it."""

    flaw: Flaw
    weight: Weight
    message: str


@dataclass(frozen=True, slots=True)
class TokenGate:
    """What a token statement proves once it is passed."""

    statement: Statement
    entra: bool
    problems: tuple[Problem, ...]

    @property
    def proves(self) -> bool | None:
        """Whether its signature is checked against trusted keys; None where that is open."""
        void = {Flaw.UNSIGNED, Flaw.NO_KEYS, Flaw.REQUEST_METADATA}
        weights = {each.weight for each in self.problems if each.flaw in void}
        return False if weights - {Weight.UNKNOWN} else None if weights else True

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against it or is left open."""
        return all(each.weight is Weight.NOTE for each in self.problems)


def is_entra(url: str) -> bool:
    """Whether a URL is one of Microsoft Entra ID, whatever its tenant."""
    return _ENTRA_HOSTS.match(url.strip()) is not None


def assess(statement: Statement) -> TokenGate:
    """What a ``validate-jwt`` or ``validate-azure-ad-token`` statement proves."""
    if statement.name == "validate-azure-ad-token":
        return TokenGate(statement, True, tuple(_entra(statement)))
    urls = [_code(statement, each, "url") for each in statement.element.find_all("openid-config")]
    entra = bool(urls) and all(url is not None and _ENTRA_HOSTS.match(url.source.strip()) for url in urls)
    return TokenGate(statement, entra, tuple(_jwt(statement, [url for url in urls if url is not None])))


def _code(statement: Statement, element: Element, attribute: str) -> Code | None:
    value = element.get(attribute) if attribute else element.value
    return compiled(value, statement.library) if value is not None else None


def _flag(statement: Statement, name: str) -> bool | None:
    """A boolean attribute that is true by default; None where its value is not known."""
    found = _code(statement, statement.element, name)
    if found is None:
        return True
    word = found.fixed.value.strip().casefold() if isinstance(found.fixed, Text) else ""
    return True if word in {"true", "1"} else False if word in {"false", "0"} else None


def _jwt(statement: Statement, urls: list[Code]) -> Iterator[Problem]:
    element = statement.element
    keys = element.find("issuer-signing-keys")
    yield from _flags(statement)
    if not urls and (keys is None or not keys.elements):
        yield Problem(
            Flaw.NO_KEYS,
            Weight.FAIL,
            "neither openid-config nor issuer-signing-keys: no signature is checked",
        )
    yield from _metadata(statement, urls)
    if keys is not None:
        yield from _keys(statement, keys, bool(urls))
    yield from _audience(statement)
    if element.get("query-parameter-name") is not None:
        yield Problem(Flaw.QUERY, Weight.WEAK, "the token is taken from the query string, which ends in logs")
    yield from _skew(statement)
    yield from _status(statement)
    yield from _placeholders(statement)


def _flags(statement: Statement) -> Iterator[Problem]:
    for name, flaw, words in (
        ("require-signed-tokens", Flaw.UNSIGNED, "tokens without a signature are accepted"),
        ("require-expiration-time", Flaw.NO_EXPIRY, "tokens without an expiry are accepted"),
    ):
        flag = _flag(statement, name)
        if flag is False:
            yield Problem(flaw, Weight.FAIL, f'{name}="false": {words}')
        elif flag is None:
            yield Problem(flaw, Weight.UNKNOWN, f"{name} is not known here")


def _metadata(statement: Statement, urls: list[Code]) -> Iterator[Problem]:
    element = statement.element
    issuers = element.find("issuers")
    restricted = (issuers is not None and bool(issuers.elements)) or "tid" in _claims(statement)
    for url in urls:
        text = url.source.strip()
        if url.tree is not None or url.fixed is None:
            by_caller = "context.Request" in text and not _CHOICE.search(text)
            yield Problem(
                Flaw.REQUEST_METADATA,
                Weight.FAIL if by_caller else Weight.UNKNOWN,
                "the metadata's URL is made of request data: callers bring keys",
            )
        elif text.casefold().startswith("http://"):
            yield Problem(Flaw.HTTP_METADATA, Weight.FAIL, f"the metadata is read without TLS: {text}")
        elif _ENTRA_HOSTS.match(text) and _ANY_TENANT.search(text) and not restricted:
            yield Problem(
                Flaw.ANY_TENANT,
                Weight.FAIL,
                f"{text} is for every tenant and neither issuers nor tid restrict it",
            )
        elif not isinstance(url.fixed, Text) and not _settled(text, restricted):
            yield Problem(Flaw.OPEN_METADATA, Weight.UNKNOWN, f"the metadata's URL is not known here: {text}")


def _settled(url: str, restricted: bool) -> bool:
    """Whether what is missing of a URL is neither scheme nor host nor a tenant that matters."""
    return _HOST.match(url) is not None and (restricted or not _ENTRA_HOSTS.match(url))


def _keys(statement: Statement, keys: Element, metadata: bool) -> Iterator[Problem]:
    issuers = statement.element.find("issuers")
    if not metadata and (issuers is None or not issuers.elements):
        yield Problem(
            Flaw.NO_ISSUER, Weight.WEAK, "keys without issuers: whoever holds a key can name any issuer"
        )
    for key in keys.find_all("key"):
        if key.get("certificate-id") is not None or key.get("n") is not None:
            continue
        yield Problem(Flaw.SYMMETRIC, Weight.WEAK, "a symmetric key: whoever can check a token can make one")
        value = key.value
        named = isinstance(value, Literal) and any(isinstance(part, NamedValue) for part in value.parts)
        if value is not None and not named and not isinstance(value, Expression):
            yield Problem(Flaw.LITERAL_KEY, Weight.FAIL, "the signing key stands in the policy")


def _claims(statement: Statement) -> dict[str, Element]:
    """Required claims that hold a value, by name."""
    required = statement.element.find("required-claims")
    if required is None:
        return {}
    return {(each.word("name") or ""): each for each in required.find_all("claim") if each.elements}


def _audience(statement: Statement) -> Iterator[Problem]:
    audiences = statement.element.find("audiences")
    if audiences is None or not audiences.elements:
        if not _APPLICATION & set(_claims(statement)):
            text = "neither audience nor a claim that pins the application: tokens for others are accepted"
            yield Problem(Flaw.NO_AUDIENCE, Weight.FAIL, text)
        return
    for audience in audiences.elements:
        code = _code(statement, audience, "")
        if code is None:
            yield Problem(Flaw.NO_AUDIENCE, Weight.REVIEW, "an audience without text")
        elif code.tree is not None and "context.Request" in code.source:
            text = f"an audience is made of request data: {code.source.strip()[:80]}"
            yield Problem(Flaw.REQUEST_AUDIENCE, Weight.REVIEW, text)
        elif code.tree is not None or code.fixed is None:
            yield Problem(Flaw.REQUEST_AUDIENCE, Weight.UNKNOWN, "an audience is made by code")


def _skew(statement: Statement) -> Iterator[Problem]:
    code = _code(statement, statement.element, "clock-skew")
    if code is None:
        return
    word = code.fixed.value.strip() if isinstance(code.fixed, Text) else None
    if word is None:
        yield Problem(Flaw.SKEW, Weight.UNKNOWN, "clock-skew is not known here")
    elif word.isdecimal() and int(word) > _MAX_SKEW:
        yield Problem(Flaw.SKEW, Weight.WEAK, f"clock-skew of {word} seconds lets expired tokens in")


def _status(statement: Statement) -> Iterator[Problem]:
    word = statement.element.word("failed-validation-httpcode")
    if word is not None and word.isdecimal() and int(word) < 400:
        yield Problem(
            Flaw.ODD_STATUS, Weight.NOTE, f"a refusal is told with status {word}, which misleads clients"
        )


def _placeholders(statement: Statement) -> Iterator[Problem]:
    for each in statement.element.walk():
        values = [attribute.value for attribute in each.attributes if attribute.name in {"url", "tenant-id"}]
        if each.value is not None and each.name != "key":
            values.append(each.value)
        for value in values:
            known = value.known if isinstance(value, Literal) else None
            if known is not None and is_sample(known):
                yield Problem(Flaw.PLACEHOLDER, Weight.REVIEW, f"{known.strip()!r} is a template's text")


def _entra(statement: Statement) -> Iterator[Problem]:
    element = statement.element
    tenant = _code(statement, element, "tenant-id")
    text = tenant.source.strip() if tenant is not None else ""
    if tenant is not None and (tenant.tree is not None or tenant.fixed is None):
        by_caller = "context.Request" in text and not _CHOICE.search(text)
        weight = Weight.FAIL if by_caller else Weight.UNKNOWN
        yield Problem(Flaw.ANY_TENANT, weight, "the tenant is made of request data")
    elif text.casefold() in _MULTI or _ANY_TENANT.search(f"/{text}/"):
        yield Problem(Flaw.ANY_TENANT, Weight.FAIL, f"tenant-id {text!r} accepts every tenant")
    elif tenant is None or not text or not isinstance(tenant.fixed, Text):
        yield Problem(Flaw.ANY_TENANT, Weight.UNKNOWN, "the tenant is not known here")
    audience = _filled(element, "audiences")
    clients = _filled(element, "client-application-ids") or _filled(element, "backend-application-ids")
    roles = bool(_PINS & set(_claims(statement)))
    if not audience and not clients:
        if not roles:
            text = "neither audience nor client applications: every token of the tenant is accepted"
            yield Problem(Flaw.NO_AUDIENCE, Weight.FAIL, text)
    elif not audience:
        yield Problem(
            Flaw.NO_AUDIENCE, Weight.WEAK, "client applications but no audience: their tokens for others too"
        )
    elif not clients and not roles:
        yield Problem(
            Flaw.ANY_CLIENT,
            Weight.NOTE,
            "an audience, but any client of the tenant that can get a token for it",
        )
    if element.get("query-parameter-name") is not None:
        yield Problem(Flaw.QUERY, Weight.WEAK, "the token is taken from the query string, which ends in logs")
    yield from _status(statement)
    yield from _placeholders(statement)


def _filled(element: Element, name: str) -> bool:
    found = element.find(name)
    return found is not None and bool(found.elements)
