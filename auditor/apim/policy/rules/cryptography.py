"""Cryptography that no longer protects, and numbers that can be foretold, by what they are used for.

What a hash is for decides: a key of a cache or an entity tag needs none of what MD5 and SHA-1 have lost.
Sources: "API Management policy expressions" (allowed types, ``Encrypt``); NIST SP 800-131A and SP 800-38A;
RFC 6151 (MD5 and HMAC-MD5); documentation of ``System.Random``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.guarded import sources_in
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import Expression, Literal, Mixed, Value
from auditor.apim.policy.urls import chain


class Thing(IntEnum):
    """What code makes use of."""

    STRONG = 1
    RANDOM = 2
    HASH = 3
    MAC = 4
    SIGNATURE = 5
    CIPHER = 6
    OTHER_CIPHER = 7
    """One that is none of those known here."""
    UNKNOWN_CIPHER = 8
    """A value that is not known here names it."""


class Use(IntEnum):
    """What a value is for; ``OTHER`` where the document does not show it."""

    LABEL = 0
    """A key of a cache or counter, an entity tag, a checksum of a body."""
    CHOICE = 1
    """A condition, or which of several statements runs."""
    OTHER = 2
    SECRET = 3
    """Something called token, nonce or the like."""
    CREDENTIAL = 4
    """It goes into ``Authorization``."""


_TELLING: Final = ("MD5", "SHA", "Random", "crypt", "ECB", "HMAC", "Hash", "DES", "RC2")
"""One of these stands in all code that matters here: the rest is not walked."""
_WEAK_NAMES: Final = {
    **dict.fromkeys(("HMACMD5", "HMACSHA1"), Thing.MAC),
    **dict.fromkeys(("MD5", "MD5CryptoServiceProvider", "MD5Cng"), Thing.HASH),
    **dict.fromkeys(
        ("SHA", "SHA1", "SHA-1", "SHA1Managed", "SHA1CryptoServiceProvider", "SHA1Cng"), Thing.HASH
    ),
    **dict.fromkeys(("DES", "TripleDES", "3DES", "Triple DES", "RC2"), Thing.CIPHER),
    **dict.fromkeys(("DESCryptoServiceProvider", "TripleDESCryptoServiceProvider"), Thing.CIPHER),
    "RC2CryptoServiceProvider": Thing.CIPHER,
}
_STRONG: Final = re.compile(
    r"(HMAC)?SHA-?(256|384|512)\w*|Aes\w*|Rijndael\w*|RNGCryptoServiceProvider|RSA\w*"
)
_MAKERS: Final = frozenset({"Create", "HashData", "ComputeHash"})
_LABELS: Final = {
    "cache-lookup-value": "key",
    "cache-store-value": "key",
    "cache-remove-value": "key",
    "rate-limit-by-key": "counter-key",
    "quota-by-key": "counter-key",
}
_LABEL_HEADERS: Final = frozenset({"etag", "if-none-match", "if-match", "content-md5"})
_CREDENTIAL_HEADERS: Final = frozenset({"authorization", "proxy-authorization"})
_SECRET_NAMES: Final = re.compile(
    r"token|nonce|secret|passw|otp|salt|state|session|csrf|xsrf|verifier|challenge|(?<![a-z])(key|pin|iv)(?![a-z])"
)
_WORDS: Final = {
    Thing.STRONG: "uses current algorithms",
    Thing.RANDOM: "numbers of System.Random can be foretold",
    Thing.HASH: "MD5 or SHA-1 is computed",
    Thing.MAC: "something is signed or checked with HMAC over MD5 or SHA-1",
    Thing.SIGNATURE: "a signature over MD5 or SHA-1 is made or believed",
    Thing.CIPHER: "something is encrypted or decrypted with DES, 3DES, RC2 or in ECB mode",
    Thing.OTHER_CIPHER: "show with which cipher something is encrypted or decrypted",
    Thing.UNKNOWN_CIPHER: "with which cipher something is encrypted or decrypted",
}
_DECIDED: Final = {
    Thing.STRONG: Weight.FINE,
    Thing.SIGNATURE: Weight.FAIL,
    Thing.CIPHER: Weight.FAIL,
    Thing.OTHER_CIPHER: Weight.REVIEW,
    Thing.UNKNOWN_CIPHER: Weight.UNKNOWN,
}
"""What weighs the same whatever it is used for."""
_UNREAD: Final = "what code that could not be read makes use of"


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Every use of cryptography or of predictable numbers in code."""
    reach: dict[Use, set[str]] | None = None
    for spot in sheet.spots:
        for name, code in _codes(spot):
            if code.tree is None and code.fixed is None:
                yield _at(spot).issue(Rule.WEAK_CRYPTOGRAPHY, Weight.UNKNOWN, _UNREAD, spot.element)
                continue
            things = _things(code)
            if things and reach is None:
                reach = _variables(sheet)
            for thing in sorted(things):
                uses = _uses(spot, name, reach or {})
                weight, message = _judged(thing, uses, alone=things == {thing})
                yield _at(spot).issue(Rule.WEAK_CRYPTOGRAPHY, weight, message, spot.element)


def _at(spot: Spot) -> Spot:
    """The statement to name: that of a ``value`` is its parent."""
    if spot.name != "value" or not spot.parents:
        return spot
    return Spot(spot.parents[-1], spot.section, spot.parents[:-1], spot.library)


def _judged(thing: Thing, uses: frozenset[Use], *, alone: bool) -> tuple[Weight, str]:
    """How much something weighs by what it is used for."""
    words = _WORDS[thing]
    if (decided := _DECIDED.get(thing)) is not None:
        return decided, words
    if uses and uses <= {Use.LABEL}:
        return Weight.NOTE, f"{words}, for a key or a tag that protects nothing"
    if thing is Thing.MAC:
        return Weight.FAIL, words
    if Use.CREDENTIAL in uses:
        return Weight.FAIL, f"{words}, for a credential"
    if thing is Thing.HASH:
        return Weight.REVIEW, f"{words}: show that nothing relies on it for protection"
    if Use.SECRET in uses or not alone:
        return Weight.REVIEW, f"{words}: show that what is made of them need not be a secret"
    return Weight.NOTE, f"{words}, and nothing here shows that they protect something"


# -- what code makes use of ------------------------------------------------------------------------------


def _codes(spot: Spot) -> Iterator[tuple[str, Code]]:
    """The code in an element's attributes and, under an empty name, in its text."""
    for attribute in spot.element.attributes:
        yield from ((attribute.name, code) for code in _code(attribute.value, spot))
    if spot.element.value is not None:
        yield from (("", code) for code in _code(spot.element.value, spot))


def _code(value: Value, spot: Spot) -> Iterator[Code]:
    expressions = value.expressions if isinstance(value, Mixed) else ()
    for each in expressions or (value,):
        if isinstance(each, Literal) and each.known is not None:
            continue  # text alone is no code
        code = compiled(each, spot.library)
        if code.tree is not None or isinstance(each, Expression):
            yield code


def _things(code: Code) -> set[Thing]:
    if code.tree is None or not any(telling in code.source for telling in _TELLING):
        return set()
    return {thing for node in cs.walk(code.tree) if (thing := _thing(node)) is not None}


def _thing(node: cs.Node) -> Thing | None:
    match node:
        case cs.New(type=type_):
            return _named(type_.name.rpartition(".")[2])
        case cs.Call(function=cs.Member(target=target, name=name), arguments=arguments):
            if name in {"Encrypt", "Decrypt"} and len(arguments) > 2:
                return _cipher(arguments[0].value)
            made = _named(chain(target)[-1]) if name in _MAKERS and chain(target) else None
            first = arguments[0].value if name == "Create" and arguments else None
            return _named(first.known or "") if made is None and isinstance(first, cs.String) else made
        case cs.Member(target=target, name=name) if chain(target)[-1:] == ("HashAlgorithmName",):
            return Thing.SIGNATURE if name in {"MD5", "SHA1"} else Thing.STRONG
        case cs.Member(target=target, name="ECB") if chain(target)[-1:] == ("CipherMode",):
            return Thing.CIPHER
        case _:
            return None


def _cipher(algorithm: cs.Expr) -> Thing:
    """``bytes.Encrypt(algorithm, key, vector)``: what its name, or the object given for it, is."""
    if isinstance(algorithm, cs.String):
        if algorithm.known is None:
            return Thing.UNKNOWN_CIPHER
        return _named(algorithm.known.strip()) or Thing.OTHER_CIPHER
    if isinstance(algorithm, cs.Named | cs.Filled):
        return Thing.UNKNOWN_CIPHER
    return _thing(algorithm) or Thing.OTHER_CIPHER


def _named(name: str) -> Thing | None:
    if name == "Random":
        return Thing.RANDOM
    if (weak := _WEAK_NAMES.get(name)) is not None:
        return weak
    return Thing.STRONG if _STRONG.fullmatch(name) else None


# -- what it is for --------------------------------------------------------------------------------------


def _variables(sheet: Sheet) -> dict[Use, set[str]]:
    """For every use the variables, in lower case, that reach it, by way of others too."""
    reach: dict[Use, set[str]] = {use: set() for use in Use}
    feeds: dict[str, list[str]] = {}
    read: set[str] = set()
    for spot in sheet.spots:
        for name, code in _codes(spot):
            for where, variable in sources_in(code.tree) if code.tree is not None else ():
                if where == "context.Variables":
                    read.add(variable)
                    if (written := _written(spot, name)) is not None:
                        feeds.setdefault(written, []).append(variable)
                    else:
                        reach[_use(spot, name)].add(variable)
    written_here = {name.casefold() for name in sheet.writers}
    reach[Use.SECRET] |= {name for name in written_here if _SECRET_NAMES.search(name)}
    reach[Use.OTHER] |= written_here - read
    for found in reach.values():
        waiting = list(found)
        while waiting:
            new = set(feeds.get(waiting.pop(), ())) - found
            found |= new
            waiting += new
    return reach


def _written(spot: Spot, attribute: str) -> str | None:
    """The variable that an attribute's value goes into, in lower case."""
    if spot.name != "set-variable" or attribute != "value":
        return None
    return (spot.element.word("name") or "").casefold()


def _uses(spot: Spot, attribute: str, reach: dict[Use, set[str]]) -> frozenset[Use]:
    """What the value of an attribute, or the text under an empty name, is for."""
    variable = _written(spot, attribute)
    if variable is None:
        return frozenset({_use(spot, attribute)})
    return frozenset(use for use, reached in reach.items() if variable in reached) or frozenset({Use.OTHER})


def _use(spot: Spot, attribute: str) -> Use:
    if _LABELS.get(spot.name) == attribute or spot.name == "vary-by":
        return Use.LABEL
    if attribute == "condition":
        return Use.CHOICE
    holder = spot.parents[-1] if spot.name == "value" and spot.parents else None
    if holder is None or holder.name not in {"set-header", "set-query-parameter"}:
        return Use.OTHER
    name = (holder.word("name") or "").casefold()
    if holder.name == "set-header" and name in _LABEL_HEADERS:
        return Use.LABEL
    if holder.name == "set-header" and name in _CREDENTIAL_HEADERS:
        return Use.CREDENTIAL
    return Use.SECRET if _SECRET_NAMES.search(name) else Use.OTHER
