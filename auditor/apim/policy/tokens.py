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

from auditor.apim.policy.demands import Wanted, asked, code_of, taken_from_request, texts, wanted
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.issues import Weight
from auditor.apim.policy.samples import is_sample
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.tree import Element, Literal, NamedValue
from auditor.apim.policy.values import By, Text

_ENTRA_HOSTS: Final = re.compile(
    r"^https://(login\.microsoftonline\.(com|us|de)|login\.partner\.microsoftonline\.cn|login\.windows\.net|"
    r"sts\.windows\.net|login\.chinacloudapi\.cn|login\.microsoft\.com|[\w-]+\.ciamlogin\.com)(/(?!tfp/)|$)",
    re.IGNORECASE,
)
"""Of Microsoft Entra ID and of its external tenants; Azure AD B2C is an issuer of its own."""
_ANY_TENANT: Final = re.compile(r"/(common|organizations|consumers)(/|$)", re.IGNORECASE)
_MULTI: Final = frozenset({"common", "organizations", "consumers"})
_APPLICATION: Final = frozenset({"aud", "appid", "azp", "client_id", "cid"})
_CHOICE: Final = re.compile(r"\?|\b(if|switch|new|Contains\w*|Is\w*|Match\w*|Equals)\b|[!=]=")
"""Code that may only choose by request data among values of its own."""
_CLIENT: Final = _APPLICATION - {"aud"}
_PERMISSIONS: Final = frozenset({"roles", "scp", "scope"})
"""What applications call as they like, so that another one can use the same name."""
_PRIVILEGES: Final = _PERMISSIONS | {"role", "groups", "group", "wids"}
_TENANT: Final = frozenset({"tid", "iss"})
_OF_MICROSOFT: Final = re.compile(
    r"https://(graph\.microsoft\.com|management\.azure\.com|management\.core\.windows\.net|"
    r"graph\.windows\.net|vault\.azure\.net|storage\.azure\.com)/?|00000003-0000-0000-c000-000000000000",
    re.IGNORECASE,
)
"""Audiences of Microsoft's own services: every application of a tenant gets tokens for them."""
_HOST: Final = re.compile(r"https://[^/{]+/", re.IGNORECASE)
_WRITTEN_HOST: Final = re.compile(r"[$@]*\"(https://[^/\"{]+/)", re.IGNORECASE)
"""Code that begins with a string which names the host."""
_TIMESPAN: Final = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?")
_MAX_SKEW: Final = 300


class Flaw(StrEnum):
    """What is wrong, or open, about a token's validation."""

    UNSIGNED = "unsigned"
    NO_KEYS = "no-keys"
    NO_EXPIRY = "no-expiry"
    NO_AUDIENCE = "no-audience"
    FOREIGN_AUDIENCE = "foreign-audience"
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
    ANY_PRIVILEGE = "any-privilege"
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
        void = {each.weight for each in self.problems if each.flaw in {Flaw.UNSIGNED, Flaw.REQUEST_METADATA}}
        if Weight.FAIL in void:
            return False
        # Without any key the documentation does not say what happens.
        return None if void or any(each.flaw is Flaw.NO_KEYS for each in self.problems) else True

    @property
    def doubt(self) -> By:
        """Who decides where that is open."""
        return By.UNDOCUMENTED if any(each.flaw is Flaw.NO_KEYS for each in self.problems) else By.CONFIG

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against it or is left open."""
        return all(each.weight is Weight.NOTE for each in self.problems)


def is_entra(url: str) -> bool:
    """Whether a URL is one of Microsoft Entra ID, whatever its tenant."""
    return _ENTRA_HOSTS.match(url.strip()) is not None


def assess(statement: Statement) -> TokenGate:
    """What a ``validate-jwt`` or ``validate-azure-ad-token`` statement proves."""
    claims = wanted(statement)
    if statement.name == "validate-azure-ad-token":
        return TokenGate(statement, True, tuple(_entra(statement, claims)))
    urls = [code_of(statement, each, "url") for each in statement.element.find_all("openid-config")]
    entra = bool(urls) and all(url is not None and _ENTRA_HOSTS.match(url.source.strip()) for url in urls)
    known = [url for url in urls if url is not None]
    return TokenGate(statement, entra, tuple(_jwt(statement, known, claims)))


def _flag(statement: Statement, name: str) -> bool | None:
    """A boolean attribute that is true by default; None where its value is not known."""
    found = code_of(statement, statement.element, name)
    if found is None:
        return True
    word = found.fixed.value.strip().casefold() if isinstance(found.fixed, Text) else ""
    return True if word in {"true", "1"} else False if word in {"false", "0"} else None


def _jwt(statement: Statement, urls: list[Code], claims: dict[str, Wanted]) -> Iterator[Problem]:
    keys = statement.element.find("issuer-signing-keys")
    issuers = asked(statement, "issuers", "issuer")
    restricted = bool(issuers) or bool(_TENANT & set(claims))
    yield from _flags(statement)
    if not urls and (keys is None or not keys.elements):
        text = "neither openid-config nor issuer-signing-keys: no signature is checked"
        yield Problem(Flaw.NO_KEYS, Weight.FAIL, text)
    yield from _metadata(urls, restricted)
    if keys is not None:
        yield from _keys(statement, keys, bool(urls) or restricted)
    yield from _audience(statement, claims)
    yield from _common(statement, claims)
    yield from _skew(statement)


def _common(statement: Statement, claims: dict[str, Wanted]) -> Iterator[Problem]:
    """What is the same for both statements."""
    value = code_of(statement, statement.element, "token-value")
    in_query = value is not None and ".Query" in value.source and "context.Request" in value.source
    if statement.element.get("query-parameter-name") is not None or in_query:
        yield Problem(Flaw.QUERY, Weight.WEAK, "the token is taken from the query string, which ends in logs")
    if any(claim.any and claim.values > 1 for name, claim in claims.items() if name in _PRIVILEGES):
        text = "one of several roles, groups or permissions is enough: whether the least of them may do all"
        yield Problem(Flaw.ANY_PRIVILEGE, Weight.REVIEW, text)
    status = code_of(statement, statement.element, "failed-validation-httpcode")
    word = status.fixed.value.strip() if status is not None and isinstance(status.fixed, Text) else ""
    if word.isdecimal() and int(word) < 400:
        text = f"a refusal is told with status {word}, which misleads clients"
        yield Problem(Flaw.ODD_STATUS, Weight.NOTE, text)
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


def _metadata(urls: list[Code], restricted: bool) -> Iterator[Problem]:
    for url in urls:
        text = url.source.strip()
        host = _WRITTEN_HOST.match(text)
        if host is not None and taken_from_request(url):
            # The caller fills in what follows a host that is fixed: a tenant, a realm.
            if not _ENTRA_HOSTS.match(host[1]):
                message = "the caller decides which metadata of a host are read"
                yield Problem(Flaw.REQUEST_METADATA, Weight.REVIEW, message)
            elif not restricted:
                yield Problem(Flaw.ANY_TENANT, Weight.FAIL, "the caller names the tenant")
        elif url.tree is not None or url.fixed is None:
            weight = Weight.FAIL if taken_from_request(url) else Weight.UNKNOWN
            message = "the metadata's URL is made of request data: callers bring keys"
            yield Problem(Flaw.REQUEST_METADATA, weight, message)
        elif text.casefold().startswith("http://"):
            yield Problem(Flaw.HTTP_METADATA, Weight.FAIL, f"the metadata is read without TLS: {text}")
        elif _ENTRA_HOSTS.match(text) and _ANY_TENANT.search(text) and not restricted:
            message = f"{text} is for every tenant and neither issuers nor tid restrict it"
            yield Problem(Flaw.ANY_TENANT, Weight.FAIL, message)
        elif not isinstance(url.fixed, Text) and not _settled(text, restricted):
            message = f"the metadata's URL is not known here: {text}"
            yield Problem(Flaw.OPEN_METADATA, Weight.UNKNOWN, message)


def _settled(url: str, restricted: bool) -> bool:
    """Whether what is missing of a URL is neither scheme nor host nor a tenant that matters."""
    return _HOST.match(url) is not None and (restricted or not _ENTRA_HOSTS.match(url))


def _keys(statement: Statement, keys: Element, issuer_known: bool) -> Iterator[Problem]:
    if not issuer_known:
        text = "keys without issuers: whoever holds a key can name any issuer"
        yield Problem(Flaw.NO_ISSUER, Weight.WEAK, text)
    for key in keys.find_all("key"):
        if key.get("certificate-id") is not None or key.get("n") is not None:
            continue
        code = code_of(statement, key, "")
        if code is None:
            yield Problem(Flaw.NO_KEYS, Weight.REVIEW, "a key without a value")
            continue
        if taken_from_request(code):
            yield Problem(Flaw.REQUEST_METADATA, Weight.FAIL, "a key is made of request data")
        yield Problem(Flaw.SYMMETRIC, Weight.WEAK, "a symmetric key: whoever can check a token can make one")
        value = key.value
        if isinstance(value, Literal) and not any(isinstance(part, NamedValue) for part in value.parts):
            yield Problem(Flaw.LITERAL_KEY, Weight.FAIL, "the signing key stands in the policy")


def _audience(statement: Statement, claims: dict[str, Wanted]) -> Iterator[Problem]:
    yield from _audiences(statement)
    audiences = statement.element.find("audiences")
    if (audiences is not None and audiences.elements) or _APPLICATION & set(claims):
        return
    if _PERMISSIONS & set(claims):
        text = "no audience, only the name of a role or scope, which other applications can have too"
        yield Problem(Flaw.NO_AUDIENCE, Weight.WEAK, text)
        return
    text = "neither audience nor a claim that pins the application: tokens for others are accepted"
    yield Problem(Flaw.NO_AUDIENCE, Weight.FAIL, text)


def _audiences(statement: Statement) -> Iterator[Problem]:
    """What is wrong with audiences that are named."""
    for code in texts(statement, "audiences", "audience"):
        if code is None or (isinstance(code.fixed, Text) and not code.fixed.value.strip()):
            yield Problem(Flaw.NO_AUDIENCE, Weight.REVIEW, "an audience without text")
        elif taken_from_request(code) and ".Host" not in code.source:
            yield Problem(Flaw.REQUEST_AUDIENCE, Weight.FAIL, "the caller names the audience")
        elif code.tree is not None and "context.Request" in code.source:
            yield Problem(Flaw.REQUEST_AUDIENCE, Weight.REVIEW, "an audience is made of request data")
        elif code.tree is not None or code.fixed is None:
            yield Problem(Flaw.REQUEST_AUDIENCE, Weight.UNKNOWN, "an audience is made by code")
        elif isinstance(code.fixed, Text) and _OF_MICROSOFT.fullmatch(code.fixed.value.strip()):
            text = "the audience is that of a service of Microsoft, for which everybody gets tokens"
            yield Problem(Flaw.FOREIGN_AUDIENCE, Weight.WEAK, text)


def _skew(statement: Statement) -> Iterator[Problem]:
    code = code_of(statement, statement.element, "clock-skew")
    if code is None:
        return
    word = code.fixed.value.strip() if isinstance(code.fixed, Text) else None
    if word is None:
        yield Problem(Flaw.SKEW, Weight.UNKNOWN, "clock-skew is not known here")
        return
    span = _TIMESPAN.fullmatch(word)
    if span is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
        word = str(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    if word.isdecimal() and int(word) > _MAX_SKEW:
        yield Problem(Flaw.SKEW, Weight.WEAK, f"clock-skew of {word} seconds lets expired tokens in")


def _placeholders(statement: Statement) -> Iterator[Problem]:
    for each in statement.element.walk():
        values = [attribute.value for attribute in each.attributes if attribute.name in {"url", "tenant-id"}]
        if each.value is not None and each.name != "key":
            values.append(each.value)
        for value in values:
            known = value.known if isinstance(value, Literal) else None
            if known is not None and is_sample(known):
                yield Problem(Flaw.PLACEHOLDER, Weight.REVIEW, f"{known.strip()!r} is a template's text")


def _entra(statement: Statement, claims: dict[str, Wanted]) -> Iterator[Problem]:
    yield from _tenant(statement, restricted=bool(_TENANT & set(claims)))
    yield from _audiences(statement)
    audience = bool(asked(statement, "audiences", "audience")) or "aud" in claims
    clients = bool(asked(statement, "client-application-ids", "application-id"))
    clients = clients or bool(_CLIENT & set(claims))
    backends = bool(asked(statement, "backend-application-ids", "application-id"))
    permissions = bool(_PERMISSIONS & set(claims))
    named = statement.element.find("audiences")
    if not audience and named is not None and named.elements:
        # What is wrong with those is said above.
        pass
    elif not audience and not clients and backends:
        text = "backend applications and no audience: what they restrict is not documented"
        yield Problem(Flaw.NO_AUDIENCE, Weight.REVIEW, text)
    elif not audience and not clients and permissions:
        text = "no audience, only the name of a role or scope, which other applications can have too"
        yield Problem(Flaw.NO_AUDIENCE, Weight.WEAK, text)
    elif not audience and not clients:
        text = "neither audience nor client applications: every token of the tenant is accepted"
        yield Problem(Flaw.NO_AUDIENCE, Weight.FAIL, text)
    elif not audience:
        text = "client applications but no audience: their tokens for others too"
        yield Problem(Flaw.NO_AUDIENCE, Weight.WEAK, text)
    elif not clients and not permissions:
        text = "an audience, but any client of the tenant that can get a token for it"
        yield Problem(Flaw.ANY_CLIENT, Weight.NOTE, text)
    yield from _common(statement, claims)


def _tenant(statement: Statement, restricted: bool) -> Iterator[Problem]:
    tenant = code_of(statement, statement.element, "tenant-id")
    text = tenant.source.strip() if tenant is not None else ""
    if tenant is not None and (tenant.tree is not None or tenant.fixed is None):
        weight = Weight.FAIL if taken_from_request(tenant) else Weight.UNKNOWN
        yield Problem(Flaw.ANY_TENANT, weight, "the tenant is made of request data")
    elif text.casefold() in _MULTI or _ANY_TENANT.search(f"/{text}/"):
        if not restricted:
            yield Problem(Flaw.ANY_TENANT, Weight.FAIL, f"tenant-id {text!r} accepts every tenant")
    elif (tenant is None or not text or not isinstance(tenant.fixed, Text)) and not restricted:
        yield Problem(Flaw.ANY_TENANT, Weight.UNKNOWN, "the tenant is not known here")
