"""The string literals inside expressions of templates.

An expression that could not be evaluated is kept as text. Where its value would be a secret, its literals may
be the secret: ``if(parameters('prod'), 'one password', 'another')``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from auditor.redaction.literals import REDACTED_PREFIX, is_mask, reference_in

_PART: Final = re.compile(
    # Quoted strings reach to the end where the closing quote is missing, so that no attempt is made twice.
    r"""(?:(?<![\w.])(?P<call>[A-Za-z_][\w.]{0,63}))?[ ]?(?P<open>[(\[])
      | (?P<close>[)\]])
      | '(?P<single>[^']*(?:''[^']*)*)'?
      | "(?P<double>[^"\\]*(?:\\.[^"\\]*)*)"?
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)

_NAMING: Final = re.compile(
    r"(?:parameters|variables|reference|(?:extension|subscription|tenant)?resourceid"
    r"|resourcegroup|subscription|deployment|outputs|tryget|list[a-z]*|pickzones|utcnow|uniquestring|guid)"
)
"""Functions whose arguments name things."""

_HARMLESS: Final = re.compile(
    r"Microsoft\.[\w./]+|\d{4}-\d\d-\d\d(?:-preview)?|\W{0,3}|[\w.]{1,3}|(?:\{\d+\}|[/:._-])+|https?://"
)
"""Resource types, API versions, punctuation, format strings."""

_SKELETON: Final = re.compile(
    r"""
      (?: DefaultEndpointsProtocol | AccountName | EndpointSuffix
        | (?:Blob|Queue|Table|File|Ingestion|Live)?Endpoint | SharedAccessKeyName | EntityPath | ApplicationId
        | Server | Data\ Source | Initial\ Catalog | Database | User\ ?Id | Uid | Encrypt | ssl
        | abortConnect | TrustServerCertificate | Connection\ Timeout
        | MultipleActiveResultSets | Persist\ Security\ Info | Authentication ) \s?=\s? [^;,]* [;,]?
    | (?: AccountKey | SharedAccessKey | InstrumentationKey | Password | Pwd ) \s?=\s? $
    | (?: Basic | Bearer | SharedAccessSignature ) \s
    | [a-z][a-z0-9+.-]{1,15}:// [^\s/?\#;,@"'<>]* (?:[/][\w./-]*)? [;,]?
    | \.[a-z0-9-]+\.(?:net|com|cn|us)\b [:/\w]* [;,]?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)

LONG: Final = 8
"""From how many characters on a literal piece is taken for (a part of) a secret."""


def substance(literal: str) -> str:
    """What is left of a literal piece without what is no secret in connection strings, headers and URLs."""
    literal = literal.strip()
    if is_mask(literal) or reference_in(literal) is not None:
        return ""
    return _SKELETON.sub("", literal).strip(" ;,:/?&=.-")


def scrubbed(expression: str, label: Callable[[str], str]) -> str:
    """An expression whose value is a secret, without the literals that may be the secret or a part of it.

    Args:
        expression: The text of the expression.
        label: Says what stands in place of a literal; equal literals must get equal labels, or different
            expressions would become equal.
    """
    names = [0]  # how many of the open brackets hold names, for each bracket open here

    def part(match: re.Match[str]) -> str:
        if match["open"]:
            if (
                match["open"] == "["
            ):  # an index is a name, variables('x')['member']; the element of a list is not
                naming = match["call"] is not None or expression[max(match.start("open") - 1, 0)] in ")]"
            else:
                naming = _NAMING.fullmatch((match["call"] or "").lower()) is not None
            names.append(names[-1] + naming)
            return match[0]
        if match["close"]:
            if len(names) > 1:
                names.pop()
            return match[0]
        literal = match["single"] if match["single"] is not None else match["double"]
        if names[-1] or _HARMLESS.fullmatch(literal) or literal.startswith(REDACTED_PREFIX):
            return match[0]
        quote = match[0][0]
        return f"{quote}{label(literal)}{quote}"

    return _PART.sub(part, expression)
