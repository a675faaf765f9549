"""What certificates and tokens are compared with: texts of examples, and values that nothing ever has.

Sources: "Validate client certificate", "Validate JWT" and "Validate Microsoft Entra token" (attributes and
their example texts); .NET, ``X509Certificate2.Thumbprint`` (SHA-1 in upper-case hexadecimal digits) and
``SerialNumber`` (a hexadecimal string; its letters' case is not documented). How
``validate-client-certificate`` compares a thumbprint is not documented, so of it a person is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from auditor.apim.policy.evaluate.compared import Comparisons, comparisons
from auditor.apim.policy.evaluate.patterns import Pattern, never_fits
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import Form, From, forms
from auditor.apim.policy.samples import INVISIBLE, Sample, sample
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.states import Prop
from auditor.apim.policy.values import Case, Property

Said = tuple[Rule, Weight, str]

_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_PRINT: Final = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{40}(?![0-9a-fA-F])")
_PAIRS: Final = re.compile(r"(?:[0-9a-fA-F]{2}[:\- ]){15,}[0-9a-fA-F]{2}")
_SEPARATED: Final = re.compile(r"[0-9a-fA-F]+(?:[:\- ][0-9a-fA-F]+)+")
_HASHES: Final = frozenset({64, 96, 128})
_THUMBPRINTS: Final = frozenset({"thumbprint", "issuer-thumbprint"})
_IDENTITY: Final = (
    "thumbprint", "serial-number", "common-name", "subject", "dns-name", "issuer-subject",
    "issuer-thumbprint", "issuer-certificate-id",
)  # fmt: skip
_TOKENS: Final = {
    "validate-jwt": {"openid-config": "the metadata's address", "issuer": "an issuer"},
    "validate-azure-ad-token": {"application-id": "a client application"},
}
_LISTED: Final = {"audience": "an audience", "value": "a claim's value"}
_NAMES: Final = {
    Prop.ISSUER: "the issuer",
    Prop.SUBJECT: "the subject",
    Prop.SERIAL: "the serial number",
    Prop.THUMBPRINT: "the thumbprint",
    Prop.KEY: "the key",
    Prop.ISSUER_CERTIFICATE: "the issuer's certificate",
}


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Texts of examples, and values that a certificate never has."""
    for spot in sheet.named("validate-client-certificate"):
        if spot.in_pipeline:
            yield from _identities(spot, sheet)
    for spot in sheet.named(*_TOKENS):
        if spot.in_pipeline:
            yield from _all(spot, (Rule.PLACEHOLDER,), _token(spot, sheet))
    for each in comparisons(sheet):
        yield from _all(each.spot, (Rule.PLACEHOLDER, Rule.NEVER_EQUAL), _compared(each))


def _all(spot: Spot, rules: Iterable[Rule], said: Iterable[Said]) -> Iterator[Issue]:
    """One issue for each thing said; that it is fine where nothing is said for a rule."""
    found = list(dict.fromkeys(said))
    for rule, weight, message in found:
        yield spot.issue(rule, weight, message)
    for rule in rules:
        if not any(one is rule for one, _, _ in found):
            yield spot.issue(rule, Weight.FINE, "nothing speaks against what it compares with")


# -- text of examples ------------------------------------------------------------------------------------


def _example(what: str, text: str) -> Iterator[Said]:
    """What is said of a known text."""
    found = sample(text)
    if found is Sample.SURE:
        yield Rule.PLACEHOLDER, Weight.FAIL, f"{what} is still the text of an example"
    elif found is Sample.LIKELY:
        message = f"{what} looks like the text of an example, unless that is its real name"
        yield Rule.PLACEHOLDER, Weight.REVIEW, message
    elif found is Sample.TOKEN:
        message = f"{what} is filled in by a pipeline, so its real value is not known here"
        yield Rule.PLACEHOLDER, Weight.UNKNOWN, message


def _formed(what: str, form: Form) -> Iterator[Said]:
    """The same of a value in pieces; who else has a hand in it is another rule's business."""
    known = [piece for piece in form if isinstance(piece, str)]
    if len(known) == len(form):
        yield from _example(what, "".join(known))
        return
    if any(sample(piece) is Sample.SURE for piece in known):
        yield from _example(what, next(piece for piece in known if sample(piece) is Sample.SURE))
    elif {From.CONFIG, From.UNKNOWN} & set(form):
        yield Rule.PLACEHOLDER, Weight.UNKNOWN, f"{what} is not known here"


def _token(spot: Spot, sheet: Sheet) -> Iterator[Said]:
    """The texts that say whose tokens are accepted."""
    names = {**_TOKENS[spot.name], **_LISTED}
    if spot.element.get("tenant-id") is not None:
        yield from _values("the tenant", forms(spot.code("tenant-id"), sheet))
    for at in _inside(spot):
        if at.name not in names or (at.name == "value" and not _of_claim(at)):
            continue
        code = at.code("url") if at.name == "openid-config" else at.text()
        if code is not None:
            yield from _values(names[at.name], forms(code, sheet))


def _values(what: str, found: Iterable[Form]) -> Iterator[Said]:
    for form in found:
        for rule, weight, message in _formed(what, form):
            # Names of roles and scopes are everyday words.
            if weight is not Weight.REVIEW or what != _LISTED["value"]:
                yield rule, weight, message


def _of_claim(at: Spot) -> bool:
    return any(parent.name == "claim" for parent in at.parents)


def _inside(spot: Spot) -> Iterator[Spot]:
    """Every element below one."""
    waiting = [spot.below(child) for child in reversed(spot.element.elements)]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(current.below(child) for child in reversed(current.element.elements))


# -- identities of validate-client-certificate -----------------------------------------------------------


def _identities(spot: Spot, sheet: Sheet) -> Iterator[Issue]:
    holder = spot.element.find("identities")
    for identity in holder.find_all("identity") if holder is not None else ():
        at = Spot(identity, spot.section, (*spot.parents, spot.element), spot.library)
        said = list(dict.fromkeys(_identity(at, sheet)))
        for rule, weight, message in said:
            yield spot.issue(rule, weight, message, identity)
        for rule in (Rule.PLACEHOLDER, Rule.NEVER_EQUAL):
            if not any(one is rule for one, _, _ in said):
                yield spot.issue(rule, Weight.FINE, "names the certificates it accepts", identity)


def _identity(at: Spot, sheet: Sheet) -> Iterator[Said]:
    for name in _IDENTITY:
        code = at.code(name)
        if code is None:
            continue
        for form in forms(code, sheet):
            yield from _formed(f"{name} of an identity", form)
            text = form[0] if len(form) == 1 and isinstance(form[0], str) else None
            if text is None:
                yield Rule.NEVER_EQUAL, Weight.UNKNOWN, f"{name} of an identity is not known here"
            elif sample(text) is None and text.strip():
                odd = _odd(name, text.strip())
                if odd:
                    message = f"{name} of an identity {odd}, and how it is compared is not documented"
                    yield Rule.NEVER_EQUAL, Weight.REVIEW, message


def _odd(name: str, text: str) -> str:
    """How a claim differs from what a certificate shows."""
    if INVISIBLE.search(text):
        return "holds an invisible character"
    if name not in _THUMBPRINTS and name != "serial-number":
        return ""
    if _SEPARATED.fullmatch(text):
        return "has separators between its digits"
    if not _HEX.fullmatch(text):
        return "is not made of hexadecimal digits alone"
    if name in _THUMBPRINTS and len(text) != 40:
        return "does not have the 40 digits of a thumbprint"
    return "is written with lower-case letters" if text != text.upper() else ""


# -- comparisons in code ---------------------------------------------------------------------------------


def _compared(each: Comparisons) -> Iterator[Said]:
    if each.opaque:
        message = "code that this program does not follow looks at a certificate"
        yield Rule.PLACEHOLDER, Weight.REVIEW, message
        yield Rule.NEVER_EQUAL, Weight.REVIEW, message
    for one, pattern in each.found:
        what = _NAMES[one.prop]
        if not pattern.known:
            message = f"what {what} of a certificate is compared with is not known here"
            yield Rule.PLACEHOLDER, Weight.UNKNOWN, message
            yield Rule.NEVER_EQUAL, Weight.UNKNOWN, message
            continue
        if pattern.operator == "regex" or not pattern.text.strip():
            continue
        yield from _example(f"what {what} of a certificate is compared with", pattern.text)
        yield from _never(one, pattern)


def _never(one: Property, pattern: Pattern) -> Iterator[Said]:
    """Why a property and a known text never fit."""
    if one.part and (pattern.operator != "eq" or one.prop is Prop.THUMBPRINT):
        return
    what = _NAMES[one.prop]
    if sample(pattern.text) is Sample.TOKEN:
        message = f"what {what} of a certificate is compared with is filled in by a pipeline"
        yield Rule.NEVER_EQUAL, Weight.UNKNOWN, message
        return
    text = f"{what} of a certificate never has the value it is compared with"
    why = never_fits(one.prop, one.case, pattern)
    hidden = INVISIBLE.search(pattern.text) is not None
    if hidden and one.prop in {Prop.ISSUER, Prop.SUBJECT}:
        message = f"{what} of a certificate is compared with a text that holds an invisible character"
        yield Rule.NEVER_EQUAL, Weight.REVIEW, message
    elif why:
        yield Rule.NEVER_EQUAL, Weight.FAIL, f"{text}: {why}"
    elif one.prop is Prop.THUMBPRINT:
        yield from _thumbprint(one, pattern)
    elif one.prop is Prop.SERIAL:
        yield from _serial(one, pattern, text)


def _thumbprint(one: Property, pattern: Pattern) -> Iterator[Said]:
    """What is left where the comparison as a whole can hold."""
    if pattern.operator == "within":
        words = _PRINT.findall(pattern.text)
        turned = {Case.AS_IS: str.upper, Case.UPPER: str.upper, Case.LOWER: str.lower}[one.case]
        if not pattern.ignore_case and any(word != turned(word) for word in words):
            message = "one of the listed values is written in letters that the thumbprint never has"
            yield Rule.NEVER_EQUAL, Weight.FAIL, message
        if _PAIRS.search(pattern.text):
            message = "one of the listed values has separators, which no thumbprint has"
            yield Rule.NEVER_EQUAL, Weight.FAIL, message
        if INVISIBLE.search(pattern.text):
            yield Rule.NEVER_EQUAL, Weight.REVIEW, "an invisible character stands among the listed values"
    elif sample(pattern.text) is Sample.SURE:
        yield Rule.NEVER_EQUAL, Weight.NOTE, "a text of an example is judged as such"
    elif pattern.operator == "eq" and len(pattern.text) in _HASHES:
        message = "what the thumbprint is compared with has the length of another hash than SHA-1"
        yield Rule.NEVER_EQUAL, Weight.REVIEW, message


def _serial(one: Property, pattern: Pattern, text: str) -> Iterator[Said]:
    if pattern.operator != "eq":
        return
    bare = pattern.text
    if INVISIBLE.search(bare) or _SEPARATED.fullmatch(bare):
        yield Rule.NEVER_EQUAL, Weight.FAIL, f"{text}: a serial number is hexadecimal digits alone"
    elif sample(bare) is Sample.SURE:
        yield Rule.NEVER_EQUAL, Weight.NOTE, "a text of an example is judged as such"
    elif not _HEX.fullmatch(bare):
        yield Rule.NEVER_EQUAL, Weight.REVIEW, "a serial number is compared with a text that is not one"
    elif one.case is Case.AS_IS and not pattern.ignore_case and bare != bare.upper():
        message = "a serial number is compared with lower-case letters, and its case is not documented"
        yield Rule.NEVER_EQUAL, Weight.REVIEW, message
