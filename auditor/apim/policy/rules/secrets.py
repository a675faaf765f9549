"""Credentials that are written out in a policy, and backend certificates that are named by a thumbprint.

What is configured elsewhere, in a named value or by a template, is the business of
:mod:`auditor.apim.policy.rules.namedvalues`.

Sources: "Use named values in Azure API Management policies" (keep secrets there, from Key Vault), the
cautions of the reference pages of the policies that take credentials, "Authenticate with client certificate"
(a certificate from Key Vault is to be named by its id, since its thumbprint changes).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from auditor.apim.policy.carried import Carrier, Carries
from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import Form, forms
from auditor.apim.policy.places import Piece, Place, pieces, places, strings, unfilled
from auditor.apim.policy.sensitive import (
    Written,
    is_cookie,
    is_credential_parameter,
    is_plain,
    looks_random,
    removed,
    what_is,
)
from auditor.apim.policy.sheets import Sheet
from auditor.apim.policy.tree import Literal, Mixed, Template

_PARAMETER: Final = re.compile(r"(?:^|[?&;\s\"'])(?P<name>[A-Za-z_-]{3,24})=(?P<value>[^&;\s\"'<>]{1,512})")
"""``name=value`` of a query or a form, in a text."""
_ENCODERS: Final = frozenset({"GetBytes", "FromBase64String"})


def issues(sheet: Sheet) -> Iterator[Issue]:
    """What is written out at the places of credentials, and what looks like one elsewhere."""
    plain = unfilled(sheet)
    found = [issue for place in places(plain) for issue in _placed(place, plain)]
    judged = {id(place.at) for place in places(plain)}
    carrier = Carrier(plain)
    for piece in pieces(plain):
        if id(piece.at) not in judged or piece.tree is not None:
            found += _anywhere(piece, plain)
        if piece.tree is not None:
            found += _compared(piece, carrier)
    yield from _told(found)
    yield from _commented(sheet)
    yield from _certificates(sheet)


def _commented(sheet: Sheet) -> Iterator[Issue]:
    """Known formats in comments, which whoever reads the policy reads as well."""
    for comment in sheet.document.comments:
        for kind in dict.fromkeys(kind for kind, certain in removed(comment.text) if certain):
            words = f"holds a {kind}"
            yield Issue(Rule.INLINE_SECRET, Weight.FAIL, words, "comment", "", comment.line, comment.column)


def _told(found: list[Issue]) -> Iterator[Issue]:
    """Each thing once: what a place says of a line makes the same said of its text superfluous."""
    failed = {(issue.line, issue.column) for issue in found if issue.weight is Weight.FAIL}
    for issue in dict.fromkeys(found):
        if issue.weight in {Weight.FAIL, Weight.FINE} or (issue.line, issue.column) not in failed:
            yield issue


# -- at the places of credentials ------------------------------------------------------------------------


def _placed(place: Place, sheet: Sheet) -> Iterator[Issue]:
    weight, words = _weighed(place, sheet)
    yield place.spot.issue(place.rule, weight, f"{place.what} {words}", place.at)


def _weighed(place: Place, sheet: Sheet) -> tuple[Weight, str]:
    """What is written at a place, in words that go on from what stands there."""
    texts = list(_texts(place, sheet))
    if texts and all(text is None for text in texts):
        return Weight.UNKNOWN, "is code that is not understood"
    known = [text for text in texts if text is not None]
    if any(kind for text in known for kind in removed(text)):
        return Weight.FAIL, "is written out, in the format of a known credential"
    answers = {what_is(text) for text in known}
    if Written.SECRET in answers:
        secrets = [text for text in known if what_is(text) is Written.SECRET]
        return _literal(place, secrets)
    if Written.MASK in answers and place.sure:
        return Weight.UNKNOWN, "is a mask or the text of a template"
    if isinstance(place.value, Literal) and any(isinstance(hole, Template) for hole in place.value.holes):
        return Weight.UNKNOWN, "is filled in by a tool before deployment"
    return Weight.FINE, "is not written out"


def _literal(place: Place, secrets: list[str]) -> tuple[Weight, str]:
    if place.sure:
        return Weight.FAIL, "is written out"
    random = any(map(looks_random, secrets))
    name = place.spot.element.word("name") or ""
    if place.spot.name == "set-variable" and random:
        return Weight.FAIL, "holds text that looks generated"
    if random or is_cookie(name):
        return Weight.REVIEW, "holds a literal: show that it is none"
    return Weight.FINE, "holds plain words"


def _texts(place: Place, sheet: Sheet) -> Iterator[str | None]:
    """The texts that a place can hold, as far as they are written out; None for code not understood."""
    value = place.value
    if isinstance(value, Literal):
        # Beside a named value stands no credential but a known format.
        if value.known is not None or any(removed(value.text)):
            yield value.text
        return
    if isinstance(value, Mixed):
        yield from (part for part in value.parts if isinstance(part, str) and any(removed(part)))
        return
    code = place.code
    if code.tree is None:
        yield None
        return
    found = forms(code, sheet)
    # What is left of "prefix" + variable where the variable is empty is the prefix, and no credential.
    filled = {"".join(map(str, _known(form))) for form in found if len(_known(form)) < len(form)}
    for form in found:
        if "".join(map(str, form)) not in filled:
            yield from _of_form(form)
    # A header holds text made of bytes, and a certificate the bytes themselves.
    encoders = {"GetBytes"} if place.at.name == "value" else _ENCODERS
    yield from _encoded(code.tree, sheet, encoders)


def _known(form: Form) -> list[str]:
    return [piece for piece in form if isinstance(piece, str)]


def _of_form(form: Form) -> Iterator[str]:
    if all(isinstance(piece, str) for piece in form):
        yield "".join(map(str, form))
    else:
        yield from (piece for piece in form if isinstance(piece, str) and any(removed(piece)))


def _encoded(tree: cs.Node, sheet: Sheet, encoders: Collection[str]) -> Iterator[str]:
    """Text that code turns into bytes, as for basic authentication; what is signed is none."""
    signed = {id(inner) for node in cs.walk(tree) if _is_signature(node) for inner in cs.walk(node)}
    for node, argument in _bytes(tree, encoders):
        if id(node) not in signed:
            for form in forms(_within(argument, tree), sheet):
                yield from _of_form(form)
                yield from _password(form)


def _is_signature(node: cs.Node) -> bool:
    """Whether something is signed here, or the signing prepared: its key is looked at by itself."""
    if isinstance(node, cs.Call) and isinstance(node.function, cs.Member):
        return node.function.name.startswith(("ComputeHash", "HashData"))
    return _is_hmac(node)


def _is_hmac(node: cs.Node) -> bool:
    return isinstance(node, cs.New) and node.type.name.rpartition(".")[2].startswith("HMAC")


def _within(node: cs.Expr, tree: cs.Node) -> Code:
    """A part of code as a value of its own, the local variables of the whole known to it."""
    assigned = [each for each in cs.walk(tree) if isinstance(each, cs.Local | cs.ExpressionStatement)]
    return Code("", tree=cs.Block((*assigned, cs.Return(node))))


def _bytes(tree: cs.Node, encoders: Collection[str] = _ENCODERS) -> Iterator[tuple[cs.Call, cs.Expr]]:
    """What is turned from text into bytes."""
    for node in cs.walk(tree):
        called = node.function if isinstance(node, cs.Call) and len(node.arguments) == 1 else None
        if isinstance(node, cs.Call) and isinstance(called, cs.Member) and called.name in encoders:
            yield node, node.arguments[0].value


def _password(form: Form) -> Iterator[str]:
    """The password of ``user:password`` where the user is configured and the password is not."""
    last = form[-1]
    if len(form) > 1 and isinstance(last, str) and last.startswith(":") and len(last) > 1:
        yield last[1:]


# -- anywhere --------------------------------------------------------------------------------------------


def _anywhere(piece: Piece, sheet: Sheet) -> Iterator[Issue]:
    """Known formats, parameters of queries and forms, and keys of signatures."""
    texts = [piece.text] if piece.tree is None else list(strings(piece.tree))
    for text in texts:
        for kind, certain in removed(text):
            words = f"holds a {kind}" if certain else f"holds what may be a {kind}"
            yield _issue(piece, Weight.FAIL if certain else Weight.REVIEW, words)
        for found in _PARAMETER.finditer(text) if "=" in text else ():
            yield from _parameter(piece, found["name"], found["value"])
    if piece.tree is not None:
        for node in cs.walk(piece.tree):
            if isinstance(node, cs.New) and _is_hmac(node):
                yield from _key(piece, node, sheet)


def _parameter(piece: Piece, name: str, value: str) -> Iterator[Issue]:
    """A credential in a URL or a form: by its defined name, or by one that only suggests it."""
    if "{{" in value or "${" in value or value.startswith(("@", "{")) or is_plain(value):
        return
    if what_is(value) is not Written.SECRET:
        return
    if is_credential_parameter(name.casefold()) and name not in {"access_token", "refresh_token"}:
        yield _issue(piece, Weight.FAIL, "holds a credential as a parameter")
    elif value.startswith("(redacted"):
        return
    elif name.casefold() in {"code", "key", "token", "accountkey", "access_token"} and looks_random(value):
        yield _issue(piece, Weight.REVIEW, "holds what may be a credential as a parameter")


def _key(piece: Piece, node: cs.New, sheet: Sheet) -> Iterator[Issue]:
    assert piece.tree is not None  # noqa: S101 - said by the caller
    whole = piece.tree
    made = [argument for _, argument in _bytes(node)]
    for argument in node.arguments:
        # var key = Convert.FromBase64String("..."); new HMACSHA256(key)
        if isinstance(argument.value, cs.Name):
            made += [text for value in _values_of(argument.value.name, whole) for _, text in _bytes(value)]
    texts = [text for each in made for form in forms(_within(each, whole), sheet) for text in _of_form(form)]
    if any(what_is(text) is Written.SECRET for text in texts):
        yield _issue(piece, Weight.FAIL, "the key of a signature is written out")


def _values_of(name: str, tree: cs.Node) -> Iterator[cs.Expr]:
    for node in cs.walk(tree):
        if isinstance(node, cs.Local):
            yield from (value for each, value in node.variables if each == name and value is not None)


def _compared(piece: Piece, carrier: Carrier) -> Iterator[Issue]:
    """A literal that a caller's credential is compared with: whoever reads the policy can call."""
    assert piece.tree is not None  # noqa: S101 - said by the caller
    names = carrier.locals_of(piece.tree)
    for node in cs.walk(piece.tree):
        for one, other in _pairs(node):
            texts = [text for text in _written_out(other) if what_is(text) is Written.SECRET]
            if not texts or isinstance(one, cs.String):
                continue
            kinds = dict(carrier.value(one, names))
            if Carries.CREDENTIAL in kinds and not is_cookie(kinds[Carries.CREDENTIAL]):
                yield _issue(piece, Weight.FAIL, "a caller's credential is compared with a literal")
            elif Carries.MAYBE in kinds and any(map(looks_random, texts)):
                words = "what may be a caller's credential is compared with a literal"
                yield _issue(piece, Weight.REVIEW, words)


def _pairs(node: cs.Node) -> Iterator[tuple[cs.Node, cs.Node]]:
    """The two sides of a question whether texts are equal, either way round."""
    match node:
        case cs.Binary(operator="==" | "!=", left=left, right=right):
            yield from ((left, right), (right, left))
        case cs.Call(function=cs.Member(target=target, name="Equals" | "Contains" | "SequenceEqual" as name)):
            values = [argument.value for argument in node.arguments]
            if values and isinstance(target, cs.Name) and target.name in {"string", "String", "object"}:
                yield from ((values[0], each) for each in values[1:2])
                yield from ((each, values[0]) for each in values[1:2])
            elif values:
                yield values[0], target
                if name != "Contains":
                    yield target, values[0]
        case _:
            pass


def _written_out(node: cs.Node) -> Iterator[str]:
    """The text of a literal, or those in an array of literals."""
    match node:
        case cs.String():
            yield node.known or ""
        case cs.NewArray(items=cs.Initializer(items=items)) | cs.New(initializer=cs.Initializer(items=items)):
            yield from (item.known or "" for item in items if isinstance(item, cs.String))
        case _:
            pass


def _issue(piece: Piece, weight: Weight, words: str) -> Issue:
    return piece.spot.issue(Rule.INLINE_SECRET, weight, words, piece.at)


# -- certificates ----------------------------------------------------------------------------------------


def _certificates(sheet: Sheet) -> Iterator[Issue]:
    """How ``authentication-certificate`` names the certificate; one in ``body`` is judged as a credential."""
    rule = Rule.CERTIFICATE_BY_THUMBPRINT
    for spot in sheet.named("authentication-certificate"):
        if spot.element.get("thumbprint") is not None:
            words = "the certificate is named by its thumbprint, which changes with every renewal"
            yield spot.issue(rule, Weight.FAIL, words)
        elif spot.element.get("certificate-id") is not None:
            yield spot.issue(rule, Weight.FINE, "the certificate is named by its id")
