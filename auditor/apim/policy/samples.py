"""Texts of examples that were left in place of real values: one list for certificates, tokens and tenants.

Sources: the policy statements and examples of "Validate client certificate", "Validate JWT", "Validate
Microsoft Entra token" and "How to secure APIs using client certificate authentication in API Management";
identifiers made of runs of one digit are those that Microsoft's documentation uses for nobody.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final


class Sample(Enum):
    """How a text looks beside a real value."""

    SURE = "text of an example"
    LIKELY = "may be text of an example, or a real name"
    TOKEN = "what a pipeline fills in before it deploys"  # noqa: S105 - the name of a kind


INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""Marks that nobody sees; the Windows certificate dialog puts U+200E before a thumbprint."""
_TOKEN: Final = re.compile(
    r"#\{[^{}]+\}#?|\{#\[.+?\]#\}|__\w+?__|\$\([\w.\- ]+\)|%%\w+%%|@@\w+@@|\{\{[^{}]*\}\}|<%.+?%>"
)
_WORDS: Final = (
    r"(your|tenant|insert|audience|client|aad|entra|app|api|issuer|subject|thumbprint|certificate)"
)


def _run(name: str) -> str:
    """Four times the same digit: of such runs the identifiers of examples are made."""
    return rf"(?P<{name}>[0-9a-f])(?P={name}){{3}}"


_WHOLE: Final = re.compile(
    r"desired[-_ ]?(thumbprint|serial|subject|issuer|common).*"
    r"|expected[-_ ]?(thumbprint|serial|subject|issuer|common)([-_ ]?(name|number))?"
    r"|trusted[-_ ]?(issuer|ca)"
    r"|(client[-_ ])?certificate[-_ ](thumbprint|serial([-_ ]number)?|common[-_ ]name|subject([-_ ]string)?"
    r"|dns[-_ ]name|issuer([-_ ]thumbprint)?|identifier)"
    r"|(certificate[-_ ])?thumbprint([-_ ]?(here|goes[-_ ]here))?"
    r"|insert[-_ ][\w\- ]+[-_ ]here"
    r"|<[^<>]*>|todo|tbd|placeholder|change[-_ ]?me|(insert|replace)[-_ ]?(your|with|me|here|this)\b.*"
    # Nobody's thumbprint or identifier: one digit over and over, all digits in order, x for every digit.
    r"|(?P<digit>[0-9a-f])(?P=digit){7,}|0?123456789[0-9a-f]*|(?=.*xxxx)[x\-]+",
    re.IGNORECASE,
)
_INSIDE: Final = re.compile(
    rf"[<\[]{_WORDS}[^<>\[\]]*[>\]]"
    r"|(?<![\w.\-])your[-_ ]?(own[-_ ])?"
    r"(tenant|client|app|api|thumbprint|certificate|issuer|subject|audience|aad)"
    rf"|(?<![0-9a-f]){_run('a')}{_run('b')}-{_run('c')}-{_run('d')}-{_run('e')}"
    rf"-{_run('f')}{_run('g')}{_run('h')}(?![0-9a-f])"
    r"|xxxxxxxx-xxxx",
    re.IGNORECASE,
)
_LIKELY: Final = re.compile(
    r"(?<![a-z])(desired|expected|sample|example|dummy|todo|insert[-_ ]|replace[-_ ])|trusted-?(issuer|ca)"
    r"|\byour[-_ ]|placeholder|change-?me|thumbprint[-_ ]?(here|of|in)|^[<\[{].*[>\]}]$|xxxx"
    # In braces programs fill in values as well.
    r"|\{(tenant|aad|client|app)[-_a-z]*\}|contoso|fabrikam|^(0{4,}|f{4,}|a{4,}|1{4,}|x{4,})$",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(r"contoso|fabrikam|\{(tenant|aad|client)[-_a-z]*\}", re.IGNORECASE)
"""Names of the companies, and of the tenants and clients, in Microsoft's examples."""


@lru_cache(maxsize=4096)
def sample(text: str) -> Sample | None:
    """Whether a text is that of an example; None for one that looks like a real value."""
    bare = INVISIBLE.sub("", text).strip()
    if not bare:
        return None
    if _TOKEN.search(bare):
        return Sample.TOKEN
    if _WHOLE.fullmatch(bare) or _INSIDE.search(bare):
        return Sample.SURE
    return Sample.LIKELY if _LIKELY.search(bare) else None


def is_sample(text: str) -> bool:
    """Whether a text is surely that of an example, or names somebody in Microsoft's examples."""
    return sample(text) is Sample.SURE or _NAMED.search(text) is not None
