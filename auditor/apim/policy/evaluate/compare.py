"""Comparisons: of known values, of request data, and of certificates' properties with what is expected.

A property is taken to equal what it is compared with where the caller's certificate shares that property with
the certificate that is meant; several expected values exclude each other. Source: C# language specification,
"Equality operators"; .NET, ``X509Certificate2``.
"""

from __future__ import annotations

import re

from auditor.apim.policy.evaluate.frame import Frame, Remark
from auditor.apim.policy.evaluate.patterns import Pattern, is_placeholder, never_fits
from auditor.apim.policy.states import Prop
from auditor.apim.policy.values import (
    FALSE,
    TRUE,
    Atom,
    Bool,
    By,
    Case,
    Certificate,
    Entry,
    Moment,
    Now,
    Null,
    Number,
    Property,
    Sequence,
    Symbol,
    Text,
    Thing,
    Thrown,
    UploadedProperty,
    Value,
    depends,
    mixed,
    show,
)

_CREDENTIAL = re.compile(
    r"context\.Request\.Headers\[[^\]]*(authorization|key|secret|password|passwd|token)[^\]]*\]"
    r"( or (null|\"[^\"]*\"))?",
    re.IGNORECASE,
)
"""A request header as it was sent whose name says that it carries a credential."""
_SHORTEST_KEY = 12
"""Shorter texts are words such as the name of a scheme."""
_ORDER = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def opposite(value: Value) -> Value:
    """``!value``."""
    if isinstance(value, Bool):
        return Bool(not value.value)
    if isinstance(value, Symbol):
        return value.opposite()
    raise Thrown


def equal(frame: Frame, left: Value, right: Value, ignore_case: bool = False) -> Value:
    """``left == right``: a known truth, or a question."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Property):
            return _property_equals(frame, one, other, ignore_case)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, UploadedProperty):
            return Bool(one == other) if isinstance(other, UploadedProperty) else _opaque("==", left, right)
        if isinstance(one, Symbol):
            return _symbol_equals(one, other)
    if isinstance(left, Text) and isinstance(right, Text) and ignore_case:
        return Bool(left.value.casefold() == right.value.casefold())
    if isinstance(left, Moment | Now) or isinstance(right, Moment | Now):
        return Bool(left == right) if isinstance(left, Null) or isinstance(right, Null) else FALSE
    if isinstance(left, Certificate) and isinstance(right, Certificate) and left.header != right.header:
        return _opaque("==", left, right)
    return Bool(left == right)


def _symbol_equals(symbol: Symbol, other: Value) -> Value:
    if isinstance(other, Bool):
        # x == true is x itself; a question about its answer would hide that.
        return symbol if other.value else symbol.opposite()
    if symbol == other:
        return TRUE
    if symbol.string and isinstance(other, Null):
        return FALSE
    literal = isinstance(other, Text | Number | Null)
    # The same question whichever side things stand on.
    left, right = (show(symbol), show(other)) if literal else sorted((show(symbol), show(other)))
    base = mixed("", symbol, other)
    by = symbol.by if literal else base.by
    if isinstance(other, Text) and (symbol.credential or _is_key(symbol, other)):
        by = By.SECRET
    elif isinstance(other, Null) and by is By.SECRET:
        by = By.CALLER
    atom = Atom("==", left, right, literal)
    return Symbol(by, str(atom), base.certificate, base.header, atom=atom)


def _is_key(symbol: Symbol, other: Text) -> bool:
    """Whether a literal is what a header for credentials has to hold: whoever knows it gets in."""
    return len(other.value.strip()) >= _SHORTEST_KEY and _CREDENTIAL.fullmatch(symbol.text) is not None


def _opaque(operator: str, *values: Value) -> Symbol:
    return mixed(f" {operator} ".join(map(show, values)), *values, at_least=By.OPAQUE)


def _property_equals(frame: Frame, one: Property, other: Value, ignore_case: bool) -> Value:
    if isinstance(other, Null):
        return FALSE
    if isinstance(other, Property):
        if other.prop is one.prop:
            return TRUE
        # Whether a certificate names itself as its issuer is its maker's choice.
        return FALSE if frame.state.chain else mixed(f"{show(one)} == {show(other)}")
    if isinstance(other, UploadedProperty):
        if other.prop is not one.prop:
            return FALSE
        same_letters = ignore_case or other.case is one.case or Case.AS_IS not in (other.case, one.case)
        if not same_letters and one.prop is not Prop.THUMBPRINT:
            return _opaque("==", one, other)
        if one.prop in {Prop.THUMBPRINT, Prop.KEY}:
            return Bool(other.own and frame.state.uploaded)
        return Bool(one.prop in frame.state.same or (other.own and frame.state.uploaded))
    pattern = _pattern("eq", other, ignore_case)
    if pattern is not None:
        return fits(frame, one, frozenset({pattern}))
    if isinstance(other, Symbol) and other.by is By.CALLER:
        # Both sides are the caller's.
        atom = Atom("==", show(one), show(other))
        return Symbol(By.CALLER, str(atom), header=other.header, atom=atom)
    if isinstance(other, Symbol):
        return mixed(f"{show(one)} == {show(other)}", one, other, at_least=max(other.by, By.OUTSIDE))
    return FALSE


def _pattern(operator: str, value: Value, ignore_case: bool = False) -> Pattern | None:
    if isinstance(value, Text):
        return Pattern(operator, value.value, ignore_case=ignore_case)
    if isinstance(value, Symbol) and value.by is By.CONFIG:
        return Pattern(operator, value.text, known=False, ignore_case=ignore_case)
    return None


def fits(frame: Frame, one: Property, patterns: frozenset[Pattern]) -> Value:
    """Whether a property of the caller's certificate fits one of some patterns."""
    for each in patterns:
        frame.remarks.compare(one, each)
    possible = frozenset(each for each in patterns if not _never(frame, one, each))
    for each in possible:
        if each.known and is_placeholder(each.text):
            frame.remarks.add(
                Remark.PLACEHOLDER, f"{one.prop} is compared with {each.text!r}, a template's text"
            )
        if each.operator in {"contains", "starts"} and one.prop in {Prop.SUBJECT, Prop.ISSUER}:
            frame.remarks.add(Remark.SUBSTRING, f"{one.prop} only has to contain {each.text!r}")
    if any(
        each.known and not each.text and each.operator in {"contains", "starts", "ends"} for each in possible
    ):
        return TRUE
    if not possible or one.prop not in frame.state.same:
        return FALSE
    return Bool(frame.path.compare(one.prop, possible))


def _never(frame: Frame, one: Property, pattern: Pattern) -> bool:
    other = one.part and (pattern.operator != "eq" or one.prop is Prop.THUMBPRINT)
    why = "" if other else never_fits(one.prop, one.case, pattern)
    if why and pattern.text:
        frame.remarks.add(Remark.NEVER_EQUAL, f"{one.prop} can never fit {pattern.text!r}: {why}")
    return bool(why)


def text_relation(frame: Frame, one: Property, operator: str, other: Value, ignore_case: bool) -> Value:
    """``one.Contains(other)`` and the like on a property."""
    pattern = _pattern(operator, other, ignore_case)
    if pattern is None:
        return _opaque(operator, one, other)
    short = one.prop is Prop.THUMBPRINT and pattern.known and len(pattern.text) < _ENOUGH
    if short and operator != "within" and pattern.text:
        frame.remarks.compare(one, pattern)
        # A few digits of a hash can be forged by trying.
        return _opaque(operator, one, other)
    return fits(frame, one, frozenset({pattern}))


_ENOUGH = 32
"""Digits of a thumbprint that cannot be met by trying."""


def member(frame: Frame, items: tuple[Value, ...], wanted: Value, ignore_case: bool = False) -> Value:
    """Whether something is one of some items."""
    if isinstance(wanted, Property):
        patterns = [_pattern("eq", item, ignore_case) for item in items]
        texts = frozenset(each for each in patterns if each is not None)
        others = [item for item, pattern in zip(items, patterns, strict=True) if pattern is None]
        if texts and frame.truth(fits(frame, wanted, texts)):
            return TRUE
        return any_of(frame, [equal(frame, item, wanted, ignore_case) for item in others])
    return any_of(frame, [equal(frame, item, wanted, ignore_case) for item in items])


def any_of(frame: Frame, answers: list[Value]) -> Value:
    """The disjunction; asked only as far as needed."""
    open_answers = [each for each in answers if each != FALSE]
    if not open_answers or TRUE in open_answers:
        return Bool(bool(open_answers))
    if len(open_answers) == 1:
        return open_answers[0]
    return Bool(any(frame.truth(each) for each in open_answers))


def less(frame: Frame, operator: str, left: Value, right: Value) -> Value:
    """``left < right`` and its kin."""
    if isinstance(left, Null) or isinstance(right, Null):
        # Lifted operators on null are false.
        return FALSE
    if isinstance(left, Number) and isinstance(right, Number):
        a, b = left.value, right.value
        return Bool({"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[operator])
    if isinstance(right, Moment) and isinstance(left, Now):
        left, right, operator = right, left, _ORDER[operator]
    if isinstance(left, Moment) and isinstance(right, Now):
        past = not frame.state.running if left.end else frame.state.begun
        return Bool(past is operator.startswith("<"))
    if isinstance(left, Thing | Sequence | Entry | Bool) or isinstance(
        right, Thing | Sequence | Entry | Bool
    ):
        raise Thrown
    return _ordered(operator, left, right)


def _ordered(operator: str, left: Value, right: Value) -> Value:
    """One question for ``a < b``, ``b > a`` and their opposites: everything is told by ``<``."""
    negated = operator in {">=", "<="}
    if operator in {">", "<="}:
        left, right = right, left
    at_least = By.OPAQUE if depends(left) or depends(right) else By.CALLER
    if isinstance(left, Now) or isinstance(right, Now):
        at_least = max(at_least, By.OUTSIDE)
    atom = Atom("<", show(left), show(right))
    base = mixed(str(atom), left, right, at_least=at_least)
    return Symbol(base.by, base.text, base.certificate, base.header, negated, atom)
