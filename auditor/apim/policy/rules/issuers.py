"""Who issues the tokens that are accepted: Microsoft Entra, or somebody else.

Sources: "Validate JWT" (``openid-config``, ``issuers``, ``issuer-signing-keys``), "Validate Microsoft Entra
token", "Microsoft identity platform and OpenID Connect" (hosts), "Azure AD B2C" and "Microsoft Entra External
ID" (theirs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import Form, forms, head
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tokens import is_entra
from auditor.apim.policy.tree import Element, Literal

_CUSTOMERS: Final = re.compile(r"(^|\.)(b2clogin|ciamlogin)\.com$", re.IGNORECASE)
"""Directories of customers: Azure AD B2C and Microsoft Entra External ID."""
_CHINA: Final = re.compile(r"^https://sts\.chinacloudapi\.cn(/|$)", re.IGNORECASE)
_WITH_HOST: Final = re.compile(r"^(https?://[^/?#]+)([/?#]|$)", re.IGNORECASE)
_PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}")


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Who issues the tokens of each statement that validates some."""
    for spot in sheet.named("validate-azure-ad-token"):
        yield spot.issue(Rule.TOKEN_ISSUER, Weight.FINE, "takes tokens of Microsoft Entra")
    for spot in sheet.named("validate-jwt"):
        found = dict.fromkeys(_jwt(spot, sheet))
        for weight, message in found:
            yield spot.issue(Rule.TOKEN_ISSUER, weight, message)


def _jwt(spot: Spot, sheet: Sheet) -> Iterator[tuple[Weight, str]]:
    """The metadata says whose keys are trusted; without metadata, the list of issuers says who is named."""
    named = spot.element.find_all("openid-config")
    if named:
        for each in named:
            yield from _source(spot.below(each), "url", sheet)
        return
    listed = spot.element.find("issuers")
    issuers = listed.find_all("issuer") if listed is not None else ()
    for each in issuers:
        yield from _source(spot.below(each), "", sheet)
    if not issuers:
        yield Weight.FAIL, "tokens are checked with keys of their own, and no issuer is named"


def _source(at: Spot, attribute: str, sheet: Sheet) -> Iterator[tuple[Weight, str]]:
    code = at.code(attribute) if attribute else at.text()
    for form in forms(code, sheet):
        yield _judged(form, _written(at.element, attribute))


def _judged(form: Form, written: str) -> tuple[Weight, str]:
    known = head(form).strip()
    with_host = _WITH_HOST.match(known)
    if with_host is None or (with_host.end(1) == len(known) and len(form) > 1):
        if len(form) == 1 and known:
            return Weight.FAIL, "tokens come from an issuer that is not Microsoft Entra"
        return Weight.UNKNOWN, "who issues the tokens is not known here"
    if is_entra(known) or _CHINA.match(known):
        return Weight.FINE, "takes tokens of Microsoft Entra"
    host = _host(with_host[1])
    if _CUSTOMERS.search(host):
        return Weight.NOTE, "tokens come from a directory for customers, Azure AD B2C or Entra External ID"
    # The host is said only where the policy's own text has it: a named value may hold anything.
    if host and host == _host(written):
        return Weight.FAIL, f"tokens come from another issuer than Microsoft Entra: {host}"
    return Weight.FAIL, "tokens come from another issuer than Microsoft Entra"


def _written(element: Element, attribute: str) -> str:
    """The text of a value up to its first hole."""
    value = element.get(attribute) if attribute else element.value
    if not isinstance(value, Literal) or not value.parts or not isinstance(value.parts[0], str):
        return ""
    first = value.parts[0].strip()
    found = _WITH_HOST.match(first)
    whole = found is not None and (found.end(1) < len(first) or len(value.parts) == 1)
    return found[1] if found is not None and whole else ""


def _host(url: str) -> str:
    """The host of a URL, without user, password and port; empty where it is no plain name."""
    host = url.partition("//")[2].rpartition("@")[2].partition(":")[0]
    return host.casefold() if _PLAIN_HOST.fullmatch(host) else ""
