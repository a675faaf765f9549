"""What credentials look like when they stand in free text.

Every format names the substrings without which it cannot occur. They are looked for first, in all strings
of a resource at once, so that text without credentials costs next to nothing.

The patterns are written so that a failed attempt is bounded: either by a count, or because an attempt can
only begin where a run of the characters it repeats begins.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from auditor.redaction.literals import REDACTED_PREFIX, is_mask, looks_random, reference_in

SHORTEST: Final = 16
"""No format is shorter; shorter strings are not looked at."""

_ALNUM: Final = string.ascii_letters + string.digits
_BASE64: Final = _ALNUM + "+/"
_TOKEN: Final = _ALNUM + "-_"


class Span(NamedTuple):
    """Where a credential stands in a text, and what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Format:
    """One documented shape of a credential."""

    name: str
    """What is said in its place: ``(redacted <name>)``."""
    markers: tuple[str, ...]
    """Substrings, one of which every occurrence holds: as written if a capital is in it, else in any case."""
    pattern: re.Pattern[str]
    """The shape. A group ``secret`` is what gets replaced, else the whole match is."""
    example: Callable[[Random], str]
    """Makes a value of this shape for tests: no literal that looks real stands in the source."""
    accept: Callable[[str], bool]
    """A last look at what matched, for shapes that ordinary words can have."""


def _draw(random: Random, alphabet: str, length: int) -> str:
    # A fixed run keeps examples from looking like words, numbers or masks by chance.
    return ("x7Q" + "".join(random.choices(alphabet, k=length)))[:length]


def _encoded(random: Random, size: int) -> str:
    return base64.b64encode(random.randbytes(size)).decode()


def _guid(random: Random) -> str:
    digits = _draw(random, "0123456789abcdef", 40)[4:36]
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _literal(text: str) -> bool:
    bare = text.strip().strip("\"'")
    return (
        bool(bare)
        and not bare.startswith(REDACTED_PREFIX)
        and not is_mask(bare)
        and reference_in(bare) is None
    )


def _random_literal(text: str) -> bool:
    return _literal(text) and looks_random(text)


def _basic(text: str) -> bool:
    """RFC 7617: the base64 of ``user:password``. Tells ``Basic authentication`` from credentials."""
    token = text.split()[-1].rstrip("=")
    try:
        decoded = base64.b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()


def _bearer(text: str) -> bool:
    return looks_random(text.split()[-1])


def _any(text: str) -> bool:  # noqa: ARG001 - the signature of Format.accept
    return True


def _format(
    name: str,
    markers: str,
    pattern: str,
    example: Callable[[Random], str],
    accept: Callable[[str], bool] = _any,
) -> Format:
    return Format(name, tuple(markers.split("|")), re.compile(pattern, re.ASCII), example, accept)


FORMATS: Final[tuple[Format, ...]] = (
    # RFC 7468, PKCS#1, PKCS#8, SEC 1, OpenSSH, PGP. Without an end line, all that follows is the key.
    _format(
        "private key",
        "private key",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,10}-----(?s:.*?-----END [^\-\r\n]{0,60}-----|.*)",
        lambda r: f"-----BEGIN {'PRIVATE'} KEY-----\n{_encoded(r, 120)}\n-----END {'PRIVATE'} KEY-----",
    ),
    # RFC 7519: JWS (three parts, two of them JSON objects) and JWE (five parts).
    _format(
        "jwt",
        "eyJ",
        r"(?:(?<![A-Za-z0-9_-])|(?<=%2[0-9A-F]))eyJ[A-Za-z0-9_-]{8,}\.(?:eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
        r"|[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})",
        lambda r: f"{'ey'}J{_draw(r, _TOKEN, 30)}.{'ey'}J{_draw(r, _TOKEN, 60)}.{_draw(r, _TOKEN, 43)}",
    ),
    # learn.microsoft.com: Configure Azure Storage connection strings.
    _format(
        "storage account key",
        "accountkey=|accountkey =",
        r"(?i:AccountKey)[ ]?=\s{0,8}(?P<secret>[A-Za-z0-9+/%]{20,}={0,2})",
        lambda r: f"AccountKey={_encoded(r, 64)}",
        _literal,
    ),
    # The key by itself, 64 bytes in base64: Storage, Cosmos DB, Batch; not digests of subresource integrity.
    _format(
        "storage account key",
        "==",
        r"(?<![A-Za-z0-9+/])(?<!sha512-)[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])",
        lambda r: _encoded(r, 64),
        _literal,
    ),
    # learn.microsoft.com: Service Bus and Event Hubs connection strings.
    _format(
        "shared access key",
        "sharedaccesskey=|sharedaccesskey =|sharedsecretvalue=",
        r"(?i:SharedAccessKey|SharedSecretValue)[ ]?=\s{0,8}(?P<secret>[A-Za-z0-9+/%_-]{16,}={0,2})",
        lambda r: (
            f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=x;SharedAccessKey={_encoded(r, 32)}"
        ),
        _literal,
    ),
    # learn.microsoft.com: Grant limited access with shared access signatures; "sig" is the credential.
    _format(
        "shared access signature",
        "sig=|sig%3d",
        r"(?i:(?<![A-Za-z0-9])sig(?:=|%3D))(?P<secret>[A-Za-z0-9%+/_-]{20,}={0,2})",
        lambda r: f"https://contoso.blob.core.windows.net/c?sv=2024-11-04&sp=r&sig={_draw(r, _ALNUM, 43)}%3D",
        _literal,
    ),
    # API Management REST: "SharedAccessSignature <user>&<expiry>&<signature>", "GatewayKey <gateway>&...".
    _format(
        "shared access token",
        "sharedaccesssignature |gatewaykey ",
        r"(?i:SharedAccessSignature|GatewayKey)[ ]{1,4}[A-Za-z0-9._-]{1,256}&[0-9]{8,14}&"
        r"[A-Za-z0-9+/_-]{20,}={0,2}",
        lambda r: f"{'SharedAccess'}Signature integration&203001010000&{_encoded(r, 64)}",
    ),
    # Microsoft Entra ID application passwords since 2021: three characters, a digit, "Q~", 31 to 34 more.
    _format(
        "client secret",
        "q~",
        r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        lambda r: f"{_draw(r, _ALNUM, 3)}8Q{'~'}{_draw(r, _TOKEN + '.~', 34)}",
    ),
    # github.com/microsoft/security-utilities: keys with a fixed signature inside (Azure AI services, API
    # Management, Service Bus, Event Hubs, Relay, Functions, cache, search, container registry, DevOps).
    _format(
        "azure service key",
        "JQQJ9|+ASb|+AEh|+ARm|AzFu|AzCa|AzSe|+ACR|AZDO",
        r"[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9][A-L][A-Za-z0-9]{24}(?:[A-Za-z0-9]{2}==)?"
        r"|[A-Za-z0-9+/]{33}(?:\+ASb|\+AEh|\+ARm)[A-P][A-Za-z0-9+/]{5}="
        r"|[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]=="
        r"|[A-Za-z0-9]{33}AzCa[A-P][A-Za-z0-9]{5}="
        r"|[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}"
        r"|[A-Za-z0-9+/]{42}\+ACR[A-D][A-Za-z0-9]{5}"
        r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
        lambda r: f"{_draw(r, _ALNUM, 52)}{'JQQ'}J99{_draw(r, _ALNUM, 1)}A{_draw(r, _ALNUM, 24)}",
    ),
    # ADO.NET, ODBC, JDBC, Redis: "Password=" and "Pwd=", up to the next semicolon if there is one.
    _format(
        "password",
        "password=|password =|pwd=|pwd =",
        r"(?i:password|pwd)[ ]?=\s{0,8}(?P<secret>\"[^\"\r\n]{1,256}\"|'[^'\r\n]{1,256}'"
        r"|[^;&\r\n\"'<>]{1,256}(?=;)|[^\s;&\"'<>]{4,256})",
        lambda r: f"Server=tcp:contoso,1433;User ID=sa;Password={_draw(r, _ALNUM + '!#.', 18)};Encrypt=True",
        _literal,
    ),
    # learn.microsoft.com: Application Insights connection strings.
    _format(
        "instrumentation key",
        "instrumentationkey=|instrumentationkey =",
        r"(?i:InstrumentationKey)[ ]?=\s{0,8}"
        r"(?P<secret>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})",
        lambda r: f"InstrumentationKey={_guid(r)};IngestionEndpoint=https://westeurope.in.example.com/",
        _literal,
    ),
    # docs.github.com: Token types.
    _format(
        "github token",
        "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_",
        r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}",
        lambda r: f"{'gh'}p_{_draw(r, _ALNUM, 36)}",
    ),
    # docs.aws.amazon.com: Understanding unique ID prefixes; an access key id, with its secret if it follows.
    _format(
        "aws key",
        "AKIA|ASIA",
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
        r"(?:[\s:,;|/\"'=]{1,5}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))?",
        lambda r: f"{'AK'}IA{_draw(r, string.ascii_uppercase + '234567', 17).upper()[1:]}",
    ),
    _format(
        "aws key",
        "secret_access_key|secretaccesskey|secret-access-key|secret access key",
        r"(?i:secret[_ -]?access[_ -]?key)[\"'\s:=]{1,8}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
        lambda r: f"aws_secret_access_key = {_draw(r, _ALNUM, 40)}",
        _literal,
    ),
    # api.slack.com: Token types; Sending messages using incoming webhooks.
    _format(
        "slack token",
        "xox|xapp-|hooks.slack.com",
        r"xox[a-z]-[A-Za-z0-9-]{10,255}|xapp-[0-9]-[A-Za-z0-9-]{10,255}"
        r"|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/+_-]{20,255}",
        lambda r: f"{'xo'}xb-{_draw(r, string.digits, 12)}-{_draw(r, _ALNUM, 24)}",
    ),
    # cloud.google.com: API keys.
    _format("google api key", "AIza", r"AIza[A-Za-z0-9_-]{35}", lambda r: f"{'AI'}za{_draw(r, _TOKEN, 35)}"),
    # docs.stripe.com: API keys.
    _format(
        "stripe key",
        "k_live_|k_test_",
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}",
        lambda r: f"{'sk'}_live_{_draw(r, _ALNUM, 24)}",
    ),
    # platform.openai.com and its imitators: keys begin with "sk-"; words joined by dashes do so too.
    _format(
        "openai key",
        "sk-",
        r"(?<![A-Za-z0-9])sk-"
        r"(?:(?:proj|svcacct|admin|None|or|lf|ant)-[A-Za-z0-9_-]{20,255}|[A-Za-z0-9]{20,255})",
        lambda r: f"{'sk'}-proj-{_draw(r, _TOKEN, 48)}",
        looks_random,
    ),
    # docs.sendgrid.com: API keys, common in templates because Azure sold the service.
    _format(
        "sendgrid key",
        "SG.",
        r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        lambda r: f"{'S'}G.{_draw(r, _TOKEN, 22)}.{_draw(r, _TOKEN, 43)}",
    ),
    # RFC 7617.
    _format(
        "basic credentials",
        "basic |basic\t",
        r"(?i:\bBasic)[ \t]{1,8}[A-Za-z0-9+/]{6,8192}={0,2}",
        lambda r: "Basic " + base64.b64encode(f"user:{_draw(r, _ALNUM, 14)}".encode()).decode(),
        _basic,
    ),
    # RFC 6750.
    _format(
        "bearer token",
        "bearer |bearer\t",
        r"(?i:\bBearer)[ \t]{1,8}[A-Za-z0-9._~+/-]{16,8192}={0,2}",
        lambda r: f"Bearer {_draw(r, _ALNUM, 40)}",
        _bearer,
    ),
    # RFC 3986, 3.2.1: user information before the host.
    _format(
        "url credentials",
        "@",
        r"://(?P<secret>[^\s/?#@:\"'<>]{0,128}:[^\s/?#@\"'<>]{1,256})@",
        lambda r: f"https://user:{_draw(r, _ALNUM, 12)}@host.example.com/",
        lambda text: _literal(text.partition(":")[2]),
    ),
    # learn.microsoft.com: Azure Functions HTTP trigger, authorization keys.
    _format(
        "function key",
        "code=",
        r"(?i:[?&;]code=)(?P<secret>[A-Za-z0-9_%/+-]{20,255}={0,2})",
        lambda r: f"https://contoso.azurewebsites.net/api/f?code={_draw(r, _ALNUM, 54)}==",
        _literal,
    ),
    # learn.microsoft.com: Subscriptions in Azure API Management; in the query or in the header.
    _format(
        "subscription key",
        "subscription-key=|subscription-key:|subscription-key =",
        r"(?i:subscription-key)[ ]?[=:]\s{0,2}(?P<secret>[A-Za-z0-9]{16,255})",
        lambda r: f"https://contoso.azure-api.net/echo?subscription-key={_draw(r, '0123456789abcdef', 32)}",
        _literal,
    ),
    # Other credentials passed in the query of a URL.
    _format(
        "key in a url",
        "key=|token=|secret=",
        r"(?i:[?&;](?:[a-z]{0,16}[-_]?key|[a-z]{0,16}[-_]?token|client[-_]?secret|secret)=)"
        r"(?P<secret>[A-Za-z0-9_.~%/+-]{12,1024}={0,2})",
        lambda r: f"https://contoso.example.com/v1?api_key={_draw(r, _ALNUM, 32)}",
        _random_literal,
    ),
    # JSON held in a string: the output of "az ad sp create-for-rbac", settings files, portal content.
    _format(
        "secret in json",
        'password"|password\\"|secret"|secret\\"|key"|key\\"|token"|token\\"|string"|string\\"',
        r"(?i:(?:password|client_?secret|api_?key|account_?key|access_?key|access_?token|refresh_?token"
        r"|connection_?string))\\?\"\s{0,8}:\s{0,8}\\?\"(?P<secret>[^\"\\]{4,4096})",
        lambda r: f'{{"clientSecret": "{_draw(r, _ALNUM, 24)}"}}',
        _literal,
    ),
)

KNOWN_FORMATS: Final[tuple[tuple[str, Callable[[Random], str]], ...]] = tuple(
    (f.name, f.example) for f in FORMATS
)
"""Name and example maker of every format, for tests that plant them."""

_COMMON: Final = "etaoinsrlcdpumhgfvybwkxqjz" + string.ascii_uppercase
"""Letters from the most common to the rarest. Other characters that markers hold are rarer still."""


def _hint() -> re.Pattern[str]:
    """One expression that finds every marker of every format.

    The engine skips quickly to the next character that some alternative begins with. So each marker is
    entered at its rarest character, and what stands before that is looked back at.
    """
    entered: dict[str, list[str]] = {}
    for marker in sorted({marker for each in FORMATS for marker in each.markers}):
        exact = marker != marker.lower()
        at = max(range(len(marker)), key=lambda index: _rarity(marker[index]))
        before, after = re.escape(marker[:at]), re.escape(marker[at + 1 :])
        flag = "" if exact else "i"
        for character in {marker[at]} if exact else {marker[at], marker[at].upper()}:
            back = f"(?<=(?{flag}:{before}){re.escape(character)})" if before else ""
            entered.setdefault(character, []).append(f"{back}(?{flag}:{after})")
    return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in entered.items()))


def _rarity(character: str) -> int:
    if character in " -_./\t":
        return 0
    place = _COMMON.find(character)
    return len(_COMMON) if place < 0 else place


_HINT: Final = _hint()
_SETTING: Final = re.compile(r"\s*[\w .-]{1,64}=", re.ASCII)


def suspects(texts: Sequence[str]) -> set[str]:
    """Those of many texts that hold a marker of some format, found in one pass over all of them."""
    joined = "\n".join(texts)
    found: set[str] = set()
    ends: list[int] = []
    hint = _HINT.search(joined)
    while hint:
        ends = ends or list(accumulate(len(text) + 1 for text in texts))
        index = bisect_right(ends, hint.start())
        found.add(texts[index])
        hint = _HINT.search(joined, ends[index])
    return found


def spans(text: str) -> list[Span]:
    """The credentials in a text, in order and not overlapping."""
    if len(text) < SHORTEST or not _HINT.search(text):
        return []
    lowered = text.lower()
    found: list[Span] = []
    for each in FORMATS:
        if any(marker in text or marker in lowered for marker in each.markers):
            group = "secret" if "secret" in each.pattern.groupindex else 0
            found += (
                Span(*match.span(group), each.name)
                for match in each.pattern.finditer(text)
                if each.accept(match[group])
            )
    if len(found) < 2:
        return found
    return _merged(sorted(found, key=lambda span: (span.start, -span.end)))


def _merged(ordered: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in ordered:
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = last._replace(end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def whole(text: str, found: Sequence[Span]) -> str | None:
    """What a text is when it is nothing but credentials: one value, or a connection string."""
    if not found:
        return None
    bare = text.strip().strip("\"'")
    if sum(span.end - span.start for span in found) >= len(bare):
        return found[0].kind
    settings = [part for part in bare.split(";") if part.strip()]
    if all(map(_SETTING.match, settings)):
        return "connection string" if len(settings) > 1 else found[0].kind
    return None


def replaced(text: str) -> str:
    """A text with every credential in it replaced by ``(redacted <kind>)``."""
    # A replacement may uncover a format that the characters before it had hidden; a few rounds settle it.
    for _ in range(8):
        found = spans(text)
        if not found:
            break
        parts: list[str] = []
        at = 0
        for span in found:
            parts += (text[at : span.start], f"{REDACTED_PREFIX}{span.kind})")
            at = span.end
        text = "".join(parts) + text[at:]
    return text
