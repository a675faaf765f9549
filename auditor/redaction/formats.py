"""What credentials look like when they stand in free text.

The patterns are written so that a failed attempt is bounded: either by a count, or because an attempt can
only begin where a run of the characters it repeats begins.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from auditor.redaction.literals import REDACTED_PREFIX, entropy, is_mask, looks_random, reference_in

_ALNUM: Final = string.ascii_letters + string.digits
_TOKEN: Final = _ALNUM + "-_"


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


_PATH_WORD: Final = re.compile(r"(?:^|/)[a-z]{7,}|[a-z]{7,}/")


def _dense(text: str) -> bool:
    """Tells 64 random bytes from a piece of a resource id that happens to have their length."""
    if re.search("[a-z]{12}", text):  # chance makes such a run once in a thousand keys, ids often have one
        return False
    return _literal(text) and entropy(text) > (5.15 if _PATH_WORD.search(text) else 4.7)


def _basic(text: str) -> bool:
    """RFC 7617: the base64 of ``user:password``. Tells ``Basic authentication`` from credentials."""
    token = text.split()[-1].rstrip("=")
    try:
        decoded = base64.b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()


_PARAMETER: Final = re.compile("[a-z_]+=")


def _bearer(text: str) -> bool:
    """RFC 6750: a token, not ``Bearer authorization_uri=`` of a challenge."""
    token = text.split()[-1]
    return looks_random(token) and _PARAMETER.fullmatch(token) is None


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
        r"[A-Za-z0-9+/]{86}(?<!sha512-.{86})==(?![A-Za-z0-9+/=])",
        lambda r: _encoded(r, 64),
        _dense,
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
        # Quotes stay: in a policy they are those of an attribute.
        r"(?i:password|pwd)[ ]?=\s{0,8}(?:(?P<quote>[\"'])(?=[^\r\n]{1,256}?(?P=quote)))?"
        r"(?P<secret>(?(quote)(?:(?!(?P=quote))[^\r\n]){1,256}"
        r"|(?:[^;&\r\n\"'<>]{1,256}(?=;)|(?!\(redacted )[^\s;&\"'<>]{4,256})))",
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
