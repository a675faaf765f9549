"""Judging one literal: is it a mask, a reference to a named value, or something that was made at random?"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

REDACTED_PREFIX: Final = "(redacted "
"""How every replacement inside a text begins; a text that begins so is never taken for a secret again."""

_LONGEST_MASK: Final = 128
"""Masks are short: a longer text in brackets is a document, not a stand-in for a value."""

_MASK: Final = re.compile(
    r"""
      [*•●]+                                       # asterisks of any length
    | \.{3,} | _{3,} | \?{3,} | -{3,} | [xX]{3,}   # "xxxx"
    | [0-]*0[0-]*                                  # zeros, and the GUID of zeros
    | A{8,}={0,2} | 0+={1,2}                       # zeros in base64
    | \*+ [\w\ .-]+ \*+                            # *** MASKED ***   (PSRule for Azure)
    | \{ [A-Za-z][\w\ .-]* \}                      # {PASSWORD}       (Azure Service Operator recordings)
    | < [A-Za-z][^<>\r\n]* >                       # <your key>
    | \[ [A-Za-z][\w\ .-]* \]                      # [PLACEHOLDER]
    | \( (?:redacted|masked|hidden|sensitive|known)\b [^()]* \)   # (sensitive value), and our own words
    | _{2} [A-Za-z][\w-]* _{2} | \# \{ [\w.-]+ \} \#?        # tokens a pipeline replaces
    | \$ [({] [\w.-]+ [)}] | % [A-Za-z]\w* %
    | (?:REDACTED|MASKED|HIDDEN|PLACEHOLDER|SANITIZED)
    | your (?:[-_\ ] [a-z]+)+ (?:[-_\ ] here)?     # your-key-here
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SCHEME: Final = re.compile(
    r"(?:basic|bearer|token|apikey|sharedaccesskey|sharedaccesssignature)\b", re.IGNORECASE
)

_REFERENCE: Final = re.compile(r"\{\{\s*([A-Za-z0-9._-]{1,256})\s*\}\}")
"""A named value in use. The service allows letters, digits, period, dash and underscore in a display name."""

_WORDS: Final = re.compile(r"(?:[A-Za-z]+|v?\d{1,3})(?:[-_./:, ]+(?:[A-Za-z]+|v?\d{1,3}))*", re.ASCII)

_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_PLAIN: Final = re.compile(
    r"""
      [a-z][a-z0-9+.-]{1,15}:// .*                 # a URL: what it carries is found by the formats
    | (?:/subscriptions/|/providers/) .*           # a resource id
    | [\d\s.,:+-]+ (?:Z|ms|s|m|h|d)?               # a number, a date, a span, a range of addresses
    | \d{4}-\d\d-\d\dT .*                          # a point in time
    | (?:[a-z0-9-]+\.)+[a-z]{2,} (?:[:/] .*)?      # a host name
    | @[({] .*                                     # a policy expression
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_SUSPICIOUS: Final = re.compile(
    r"password|passwd|passphrase|pwd|secret|credential|token|connection[-_. ]?str|conn[-_. ]?str"
    r"|(?:api|access|account|auth|client|function|master|primary|private|secondary|shared|signing|storage"
    r"|subscription|host|code|encryption)[-_. ]?key|(?:^|[-_. ])key$|sas$|(?:^|[-_. ])pat$",
    re.IGNORECASE,
)

_ENDS_IN_CREDENTIAL: Final = re.compile(
    r"(?:password|passwd|passphrase|pwd|secret|credentials?|token|conn(?:ection)?[-_. ]?str(?:ing)?"
    r"|(?:api|access|account|auth|client|function|host|master|primary|private|secondary|shared|signing|storage"
    r"|subscription|encryption)[-_. ]?key)[-_. ]?\d*$",
    re.IGNORECASE,
)

_NAME_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")

_ABOUT_A_SECRET: Final = frozenset(
    (
        "audience",
        "count",
        "enabled",
        "endpoint",
        "expiration",
        "expiry",
        "host",
        "id",
        "issuer",
        "length",
        "lifetime",
        "name",
        "path",
        "region",
        "scope",
        "scopes",
        "thumbprint",
        "ttl",
        "type",
        "uri",
        "url",
        "version",
    )
)
"""The last word of names that speak of a secret without being one: ``token-audience``, ``secretName``."""


def band(length: int) -> str:
    """The length of a secret, told only as one of four bands."""
    if length <= 8:
        return "1-8"
    if length <= 32:
        return "9-32"
    return "33-128" if length <= 128 else "over 128"


def is_mask(text: str) -> bool:
    """Whether a value is a stand-in somebody wrote instead of a secret."""
    text = text.strip()
    if len(text) > _LONGEST_MASK:
        return text[0] in "*0xX" and not text.strip(text[0])
    return _MASK.fullmatch(text) is not None


def reference_in(text: str) -> str | None:
    """The display name when a value is ``{{name}}``, alone or behind a scheme word.

    Of several references with nothing but separators between them, the first.
    """
    if "{{" not in text:
        return None
    found = _REFERENCE.search(text)
    if found is None:
        return None
    rest = _SCHEME.sub("", _REFERENCE.sub("", text), count=1)
    return found[1] if not rest.strip(" \t\r\n:;,.'\"") else None


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values()) if total else 0.0


def looks_random(text: str) -> bool:
    """Whether a literal reads like a generated or chosen secret, not like words, a number or an address."""
    text = text.strip()
    if len(text) < 8 or _WORDS.fullmatch(text) or _PLAIN.fullmatch(text) or is_mask(text):
        return False
    if text.casefold() in ("true", "false", "null") or _REFERENCE.search(text):
        return False
    letters = any(c.isalpha() for c in text)
    other = any(not c.isalpha() and c not in "-_./:, " for c in text)
    return letters and other and (_GUID.fullmatch(text) is not None or entropy(text) >= 2.75)


def is_suspicious(name: str) -> bool:
    """Whether the name of a value says that the value is a credential."""
    if _SUSPICIOUS.search(name) is None:
        return False
    words = _NAME_WORD.findall(name[-64:])
    return not words or words[-1].lower() not in _ABOUT_A_SECRET


def may_be_chosen(name: str, text: str) -> bool:
    """Whether a value under a name that ends in a word for credentials may be one that a person chose."""
    text = text.strip()
    public = _PLAIN.fullmatch(text) or _REFERENCE.search(text) or text.casefold() in ("true", "false", "null")
    return bool(text) and not public and _ENDS_IN_CREDENTIAL.search(name) is not None
