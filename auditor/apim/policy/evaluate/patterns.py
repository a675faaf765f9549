r"""Text that a certificate's property is compared with: what can be equal, what excludes what, what never.

Source: .NET, ``X509Certificate2.Thumbprint``: SHA-1 in upper-case hexadecimal digits without separators. The
Windows certificate dialog copies it in lower case, with blanks, and with an invisible mark (U+200E) in front.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from auditor.apim.policy.samples import INVISIBLE as _INVISIBLE
from auditor.apim.policy.samples import sample
from auditor.apim.policy.states import Prop
from auditor.apim.policy.values import Case

_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_SEPARATORS: Final = re.compile(r"[\s:\-]")
_LENGTHS: Final = frozenset({40, 64, 96, 128})
"""Digits of a SHA-1 hash, and of the longer ones that ``GetCertHashString`` can be asked for."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to compare: ``eq``, ``contains``, ``starts``, ``ends``, ``within`` a longer text, ``regex``."""

    operator: str
    text: str
    known: bool = True
    """False for a constant of the configuration whose text is not known."""
    ignore_case: bool = False

    def accepts(self, value: str) -> bool | None:
        """Whether a known value fits; None where that cannot be said."""
        if not self.known or self.operator == "regex":
            return None
        text, given = (self.text, value) if not self.ignore_case else (self.text.casefold(), value.casefold())
        match self.operator:
            case "eq":
                return text == given
            case "contains":
                return text in given
            case "starts":
                return given.startswith(text)
            case "ends":
                return given.endswith(text)
            case _:
                return given in text


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a property can be: any of ``among`` (None: nothing fitted yet), none of ``without``."""

    among: frozenset[Pattern] | None = None
    without: frozenset[Pattern] = field(default_factory=frozenset)

    def after(self, patterns: frozenset[Pattern], fits: bool) -> Candidates:
        """What is left once a comparison was answered."""
        if fits:
            among = patterns if self.among is None else _both(self.among, patterns)
            return Candidates(among - self.without, self.without)
        among_left = (
            None if self.among is None else frozenset(c for c in self.among if not _sure(c, patterns))
        )
        return Candidates(among_left, self.without | patterns)


def _both(among: frozenset[Pattern], patterns: frozenset[Pattern]) -> frozenset[Pattern]:
    kept = frozenset(c for c in among if _fits(c, patterns) is not False)
    return kept or among


def _fits(candidate: Pattern, patterns: frozenset[Pattern]) -> bool | None:
    """Whether something described by a candidate fits one of the patterns."""
    if candidate in patterns:
        return True
    if candidate.operator != "eq" or not candidate.known:
        return None
    answers = {pattern.accepts(candidate.text) for pattern in patterns}
    return True if True in answers else None if None in answers else False


def _sure(candidate: Pattern, patterns: frozenset[Pattern]) -> bool:
    return _fits(candidate, patterns) is True


def overlap(candidates: Candidates, patterns: frozenset[Pattern]) -> bool | None:
    """Whether what a property can be fits the patterns: always, never, or (None) either."""
    if candidates.among is not None:
        answers = {_fits(candidate, patterns) for candidate in candidates.among}
        return answers.pop() if len(answers) == 1 else None
    return False if patterns <= candidates.without else None


def never_fits(prop: Prop, case: Case, pattern: Pattern) -> str:
    """Why a property can never fit a pattern; empty where it can."""
    if not pattern.known:
        return ""
    if pattern.operator == "eq" and not pattern.text:
        return "it is empty"
    if pattern.operator in {"eq", "starts", "ends", "contains"} and _INVISIBLE.search(pattern.text):
        return "it holds an invisible character"
    if case is not Case.AS_IS and not pattern.ignore_case and pattern.operator != "regex":
        turned = pattern.text.upper() if case is Case.UPPER else pattern.text.lower()
        if turned != pattern.text and not (pattern.operator == "within" and prop is Prop.THUMBPRINT):
            return f"the property was turned to {case} case"
    if prop is Prop.THUMBPRINT and pattern.operator in {"eq", "within", "starts", "ends", "contains"}:
        return _never_thumbprint(case, pattern)
    return ""


def _never_thumbprint(case: Case, pattern: Pattern) -> str:
    bare = _SEPARATORS.sub("", _INVISIBLE.sub("", pattern.text))
    if pattern.operator == "within":
        return _never_within(case, pattern)
    if not _HEX.fullmatch(bare):
        # Template text such as "DESIRED-THUMBPRINT": told as a placeholder, not as a dead comparison.
        other = pattern.operator == "eq" and sample(pattern.text) is None
        return "a thumbprint is made of hexadecimal digits alone" if other else ""
    if bare != pattern.text:
        return "a thumbprint has no separators"
    if pattern.operator == "eq" and len(bare) not in _LENGTHS and sample(bare) is None:
        return "a thumbprint has 40 digits"
    if case is Case.AS_IS and not pattern.ignore_case and bare != bare.upper():
        return "a thumbprint is in upper case"
    return ""


def _never_within(case: Case, pattern: Pattern) -> str:
    """A list in one text: no thumbprint can be in it where all of them are written in another way."""
    found: list[str] = re.findall(r"[0-9a-fA-F]{40}", pattern.text)
    if case is Case.AS_IS and not pattern.ignore_case and found and all(w != w.upper() for w in found):
        return "a thumbprint is in upper case"
    if case is Case.LOWER and not pattern.ignore_case and found and all(w != w.lower() for w in found):
        return "the property was turned to lower case"
    return ""


def is_placeholder(text: str) -> bool:
    """Whether a text is that of a template, never a real value."""
    return sample(text) is not None
