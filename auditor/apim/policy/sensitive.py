"""What is a credential by its name or by its text: headers, parameters, and words that only look like one.

Known credential formats were replaced by ``(redacted <kind>)`` before a policy is read. Sources: RFC 9110
(Authorization, Proxy-Authorization), RFC 6265 (Cookie), RFC 6749 (form parameters of a token request),
"Subscriptions in Azure API Management", "Azure Functions HTTP trigger" (keys), "Set header" policy.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

_HEADERS: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "ocp-apim-subscription-key",
        "x-functions-key",
        "api-key",
        "x-api-key",
        "apikey",
        "x-apikey",
    }
)
"""Headers that a standard or the documentation of a service defines to carry a key, password or token."""
_COOKIES: Final = frozenset({"cookie", "set-cookie"})
_PARAMETERS: Final = frozenset(
    {"sig", "subscription-key", "api-key", "api_key", "apikey", "x-api-key", "x-functions-key"}
    | {"access_token", "refresh_token", "client_secret", "client_assertion", "password"}
)
_SAYS_CREDENTIAL: Final = re.compile(
    r"auth(?!or|enticat)|key(?!board|word)|token(?!s)|secret|passw|pwd|credential|cookie|session|signature"
    r"|^(?:code|sig|pass)$",
    re.IGNORECASE,
)
_ENDS_IN_CREDENTIAL: Final = re.compile(
    r"(?:password|passwd|passphrase|pwd|secret|credentials?|conn(?:ection)?[-_. ]?str(?:ing)?"
    r"|(?:api|access|account|auth|client|function|functions|host|master|primary|private|secondary|shared"
    r"|signing|storage|subscription|encryption)[-_. ]?key|(?:access|auth|bearer|refresh|sas)[-_. ]?token)"
    r"[-_. ]?\d*$",
    re.IGNORECASE,
)
_ABOUT: Final = re.compile(
    r"(?:audience|consumed|count|enabled|endpoint|expir\w*|host|issuer|length|limit|name|path|remaining|scope"
    r"|thumbprint|type|ur[il]|usage|valid|version)s?$"
    r"|(?:partition|cache|counter|idempotency|routing|foreign|row|sort|websocket)[-_. ]?key$|key[-_. ]?id$",
    re.IGNORECASE,
)
"""Ends of names that speak of a credential without being one: ``tokenExpiry``, ``cacheKey``."""


def is_credential_header(name: str) -> bool:
    """Whether a header carries a key, a password or a token by its definition."""
    folded = name.strip().casefold()
    return folded in _HEADERS or folded.endswith(("-functions-key", "subscription-key"))


def is_cookie(name: str) -> bool:
    """Whether a header carries cookies: a session mostly, but not always."""
    return name.strip().casefold() in _COOKIES


def is_credential_parameter(name: str) -> bool:
    """The same for a parameter of a query or of a form."""
    return name.strip().casefold() in _PARAMETERS


def says_credential(name: str) -> bool:
    """Whether a name suggests a credential: enough for a person to look, not for a verdict."""
    return _SAYS_CREDENTIAL.search(name) is not None and _ABOUT.search(name) is None


def ends_in_credential(name: str) -> bool:
    """Whether a name says outright that its value is a credential."""
    return _ENDS_IN_CREDENTIAL.search(name.strip()) is not None


# -- texts -----------------------------------------------------------------------------------------------


class Written(StrEnum):
    """What a text is at a place where a credential is expected."""

    NOTHING = "nothing"
    """Empty, the word of a scheme, or one that says there is none."""
    MASK = "mask"
    """It stands for something else: a mask, or the words of a template."""
    SECRET = "secret"  # noqa: S105 - the name of an answer
    """Anything else."""


_SCHEME: Final = re.compile(
    r"(?:basic|bearer|digest|negotiate|token|apikey|api-key|key|dpop|hmac|sharedaccesskey"
    r"|sharedaccesssignature)(?![\w-])[\s:=]*",
    re.IGNORECASE,
)
_NO_VALUE: Final = frozenset({"null", "undefined", "none", "nothing", "anonymous", "true", "false", "n/a"})
_MASK: Final = re.compile(
    r"""
      [*•●]+ | \.{3,} | _{3,} | \?{3,} | -{3,} | [xX]{3,}
    | [0-]*0[0-]* | \*+ [\w\ .-]+ \*+
    | \{ [A-Za-z][\w\ .-]* \} | < [^<>\r\n]* > | \[ [A-Za-z][\w\ .-]* \]
    | \( (?:masked|hidden|sensitive|known)\b [^()]* \)
    | _{2} [A-Za-z][\w-]* _{2} | \# \{ [\w.-]+ \} \#?
    | \$ [({] [\w.-]+ [)}] | % [A-Za-z]\w* %
    | (?:REDACTED|MASKED|HIDDEN|PLACEHOLDER|SANITIZED|CHANGE-?_?ME)
    | (?:insert|enter|add|put|replace)?[-_\ ]?your [-_\ a-z]+ (?:here)?
    | optional-certificate-password
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REDACTED: Final = re.compile(r"\(redacted (?P<kind>[^()]{1,40})\)")
_LOOSE: Final = frozenset({"bearer token", "key in a url", "openai key", "password", "secret in json"})
"""Formats that ordinary text can have too: outside of a credential's place, a person has to look."""
_HARMLESS: Final = "instrumentation key"
"""Microsoft does not count it as a secret: "Connection strings in Application Insights"."""
_WORDS: Final = re.compile(r"(?:[A-Za-z]+|v?\d{1,3})(?:[-_./:, ]+(?:[A-Za-z]+|v?\d{1,3}))*", re.ASCII)
_PLAIN: Final = re.compile(
    r"[a-z][a-z0-9+.-]{1,15}://.*|[\d\s.,:+-]+(?:Z|ms|s|m|h|d)?|\d{4}-\d\d-\d\dT.*"
    r"|(?:[a-z0-9-]+\.)+[a-z]{2,}(?:[:/].*)?",
    re.IGNORECASE | re.DOTALL,
)


def what_is(text: str) -> Written:
    """What stands at the place of a credential, a scheme before it left out."""
    bare = _SCHEME.sub("", text.strip(), count=1) if _SCHEME.match(text.strip()) else text.strip()
    bare = bare.strip(" \t\r\n:;,.'\"")
    if not bare or bare.casefold() in _NO_VALUE:
        return Written.NOTHING
    return Written.MASK if _MASK.fullmatch(bare) else Written.SECRET


def is_plain(text: str) -> bool:
    """Whether a text is an address, a number or a date, which is no credential as such."""
    return _PLAIN.fullmatch(text.strip()) is not None


def looks_random(text: str) -> bool:
    """Whether a text reads like something that was generated, not like words or an address."""
    text = text.strip()
    if len(text) < 8 or _WORDS.fullmatch(text) or is_plain(text) or what_is(text) is not Written.SECRET:
        return False
    letters = any(character.isalpha() for character in text)
    other = any(not character.isalpha() and character not in "-_./:, " for character in text)
    return letters and other and _entropy(text) >= 2.75


def _entropy(text: str) -> float:
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def removed(text: str) -> Iterator[tuple[str, bool]]:
    """The credentials that were replaced in a text: their kind, and whether that is beyond doubt."""
    for found in _REDACTED.finditer(text):
        kind = found["kind"]
        if kind != _HARMLESS:
            yield kind, kind not in _LOOSE
