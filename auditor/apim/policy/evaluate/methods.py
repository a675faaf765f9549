"""Calls: what methods of text, lists, certificates, headers and variables give.

A method that is not known here gives a symbol made of its target and arguments: it is decided by whoever
decides those, and by nobody known where a certificate is among them. Sources: "API Management policy
expressions" (allowed types and the context's methods); .NET, ``String``, ``X509Certificate2``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate import sequences
from auditor.apim.policy.evaluate.compare import equal, less, member, text_relation
from auditor.apim.policy.evaluate.context import HEADERS, VARIABLES, header, variable
from auditor.apim.policy.evaluate.frame import Remark
from auditor.apim.policy.evaluate.plain import concatenate, default_of
from auditor.apim.policy.states import Prop
from auditor.apim.policy.values import (
    FALSE,
    NULL,
    TRUE,
    Bool,
    By,
    Case,
    Certificate,
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
    TypeName,
    Uploaded,
    UploadedProperty,
    Value,
    depends,
    mixed,
    show,
)

if TYPE_CHECKING:
    from auditor.apim.policy.evaluate.expressions import Evaluator

_LOOKED_UP: Final = "result of cache-lookup-value "
"""How the text of a value from the cache begins, as the walk writes it."""
_RELATIONS: Final = {"Contains": "contains", "StartsWith": "starts", "EndsWith": "ends", "Equals": "eq"}
_UPPER: Final = frozenset({"ToUpper", "ToUpperInvariant"})
_LOWER: Final = frozenset({"ToLower", "ToLowerInvariant"})
_KEEP: Final = frozenset(
    {"ToString", "Trim", "TrimStart", "TrimEnd", "Normalize", "ToUniversalTime", "ToLocalTime"}
)
_CUT: Final = frozenset({"Substring", "Replace", "Split", "Remove", "Match", "Matches", "PadLeft", "Insert"})
_PROPERTIES: Final = {
    "GetCertHashString": Prop.THUMBPRINT,
    "GetCertHash": Prop.THUMBPRINT,
    "GetSerialNumberString": Prop.SERIAL,
    "GetSerialNumber": Prop.SERIAL,
    "GetIssuerName": Prop.ISSUER,
    "GetName": Prop.SUBJECT,
    "GetPublicKeyString": Prop.KEY,
    "GetPublicKey": Prop.KEY,
    "GetRawCertData": Prop.KEY,
    "GetRawCertDataString": Prop.KEY,
    "Export": Prop.KEY,
}


def invoke(
    evaluator: Evaluator, of: Value, text: str, nodes: list[cs.Expr], types: tuple[cs.Type, ...]
) -> Value:
    """``of.text(nodes)``.

    Raises:
        Thrown: It throws.
    """
    if isinstance(of, Thing) and of.path.startswith(VARIABLES):
        return _variables(evaluator, text, nodes, types)
    if isinstance(of, Sequence):
        return sequences.invoke(evaluator, of, text, nodes)
    values = [evaluator.value(each) for each in nodes if not isinstance(each, cs.Declared)]
    for each in nodes:
        if isinstance(each, cs.Declared):
            made = mixed(f"{show(of)}.{text}", of, *values)
            evaluator.frame.locals[each.name] = made
    match of:
        case Thing(path):
            return _thing(evaluator, path, text, values)
        case TypeName(path):
            return _static(evaluator, path.removeprefix("System."), text, values)
        case Certificate():
            return _certificate(evaluator, of, text, values)
        case Property() | UploadedProperty():
            return _property(evaluator, of, text, values)
        case Uploaded(own) if text in _PROPERTIES:
            return UploadedProperty(own, _PROPERTIES[text])
        case Text(known):
            return _text(evaluator, known, text, values)
        case Moment() if text == "CompareTo" and values == [Now()]:
            return _moments(evaluator, of, values[0])
        case Moment() if text in _KEEP:
            return of
        case Now() if text in _KEEP:
            return of
        case _:
            return _other(evaluator, of, text, values)


def _thing(evaluator: Evaluator, path: str, text: str, values: list[Value]) -> Value:
    if path == HEADERS and text in {"GetValueOrDefault", "ContainsKey", "TryGetValue", "Any"} and values:
        found = header(evaluator.frame, values[0])
        if text != "GetValueOrDefault":
            return (
                Bool(not isinstance(found, Null))
                if not isinstance(found, Symbol)
                else _there(evaluator, found)
            )
        if isinstance(found, Null):
            return values[1] if len(values) > 1 else NULL
        if isinstance(found, Symbol) and len(values) > 1:
            # With a default it is never null; which default it is does not matter, callers choose the value.
            return Symbol(found.by, f"{found.text} or {show(values[1])}", found.certificate, found.header)
        return found
    if text == "Trace":
        return NULL
    return mixed(f"{path}.{text}({', '.join(map(show, values))})", Symbol(By.CALLER, path), *values)


def _there(evaluator: Evaluator, found: Symbol) -> Value:
    answer = equal(evaluator.frame, found, NULL)
    return answer.opposite() if isinstance(answer, Symbol) else answer


def _variables(evaluator: Evaluator, text: str, nodes: list[cs.Expr], types: tuple[cs.Type, ...]) -> Value:
    """``context.Variables``: values come back as they were written."""
    frame = evaluator.frame
    values = [evaluator.value(each) for each in nodes if not isinstance(each, cs.Declared)]
    wanted = values[0] if values else NULL
    known = wanted.value if isinstance(wanted, Text) else None
    if (
        text in {"ContainsKey", "TryGetValue"}
        and known is not None
        and (known in frame.variables or frame.closed)
    ):
        found = frame.variables.get(known, NULL)
        for each in nodes:
            if isinstance(each, cs.Declared):
                frame.locals[each.name] = found
        if isinstance(found, Symbol) and found.text.startswith(_LOOKED_UP):
            # A miss leaves it unset, or null: the documentation says both, and neither is there.
            return _there(evaluator, found)
        return Bool(known in frame.variables)
    if text != "GetValueOrDefault":
        return Symbol(By.UNREAD, f"{VARIABLES}.{text}({show(wanted)})", certificate=True)
    word = types[0].name if types and not types[0].suffix else ""
    default: Value = values[1] if len(values) > 1 else default_of(types[0] if types else None)
    found = variable(frame, wanted, default)
    if word in {"bool", "Boolean"} and isinstance(found, Text):
        # Text where a truth is asked for: converted, or an exception; the documentation does not say.
        if not frame.truth(
            Symbol(By.UNDOCUMENTED, f"variable {show(wanted)} is converted from text to bool")
        ):
            raise Thrown
        return Bool(found.value.strip().casefold() == "true")
    return found


def _certificate(evaluator: Evaluator, of: Certificate, text: str, values: list[Value]) -> Value:
    state = evaluator.frame.state
    if of.header:
        return Symbol(By.CALLER, f"{of.text}.{text}()", header=True)
    if text == "Verify":
        return Bool(state.verifies)
    if text == "VerifyNoRevocation":
        return Bool(state.verifies_without_revocation)
    if text in _PROPERTIES:
        return Property(_PROPERTIES[text])
    if text in {"GetExpirationDateString", "GetEffectiveDateString"}:
        return Moment(end=text == "GetExpirationDateString")
    if text == "GetNameInfo" and len(values) == 2:
        return Property(Prop.ISSUER if values[1] == TRUE else Prop.SUBJECT, part=True)
    if text == "Equals" and len(values) == 1:
        return equal(evaluator.frame, of, values[0])
    return mixed(f"{of.text}.{text}()", of, *values)


def _ignores_case(values: list[Value]) -> bool:
    return any(isinstance(each, TypeName) and each.name.endswith("IgnoreCase") for each in values) or any(
        each == TRUE for each in values[1:]
    )


def _property(evaluator: Evaluator, of: Property | UploadedProperty, text: str, values: list[Value]) -> Value:
    frame = evaluator.frame
    if text in _UPPER | _LOWER:
        case = Case.UPPER if text in _UPPER else Case.LOWER
        if isinstance(of, Property):
            return Property(of.prop, case, of.part)
        return UploadedProperty(of.own, of.prop, case)
    if text in _KEEP:
        return of
    if text in _RELATIONS and values:
        ignore = _ignores_case(values)
        if text == "Equals" or isinstance(of, UploadedProperty):
            return equal(frame, of, values[0], ignore)
        return text_relation(frame, of, _RELATIONS[text], values[0], ignore)
    if text == "CompareTo" and values:
        same = equal(frame, of, values[0])
        return Number(0) if frame.truth(same) else Number(1)
    if text == "IndexOf" and values and isinstance(of, Property):
        found = text_relation(frame, of, "contains", values[0], _ignores_case(values))
        return Number(0) if frame.truth(found) else Number(-1)
    if isinstance(of, Property) and (text in _CUT):
        return _cut(of, text, values)
    return mixed(f"{show(of)}.{text}({', '.join(map(show, values))})", of, *values)


def _cut(of: Property, text: str, values: list[Value]) -> Value:
    if text == "Split":
        return Sequence((Property(of.prop, of.case, part=True),))
    if text == "Replace" and of.prop is Prop.THUMBPRINT:
        # Thumbprints have no separators to take out.
        return of
    if of.prop is Prop.THUMBPRINT:
        return mixed(f"a part of the thumbprint: {text}({', '.join(map(show, values))})", of)
    return Property(of.prop, of.case, part=True)


def _text(evaluator: Evaluator, known: str, text: str, values: list[Value]) -> Value:
    """Methods of known text."""
    frame = evaluator.frame
    simple = _SIMPLE.get(text)
    if simple is not None and not values:
        return Text(simple(known))
    first = values[0] if values else NULL
    if text == "Split":
        return _split(known, values)
    if text in _RELATIONS and values:
        ignore = _ignores_case(values)
        if text == "Equals":
            return equal(frame, Text(known), first, ignore)
        if isinstance(first, Property):
            return text_relation(frame, first, "within", Text(known), ignore)
        if isinstance(first, Text):
            a, b = (known.casefold(), first.value.casefold()) if ignore else (known, first.value)
            return Bool(
                {"contains": b in a, "starts": a.startswith(b), "ends": a.endswith(b)}[_RELATIONS[text]]
            )
    if (
        text == "Replace"
        and len(values) == 2
        and isinstance(first, Text)
        and isinstance(values[1], Text | Null)
    ):
        return Text(known.replace(first.value, values[1].value if isinstance(values[1], Text) else ""))
    if text == "IndexOf" and values and isinstance(first, Property):
        inside = text_relation(frame, first, "within", Text(known), _ignores_case(values))
        return Number(0) if frame.truth(inside) else Number(-1)
    if text in {"Trim", "TrimStart", "TrimEnd", "ToString"}:
        return Text(known.strip() if text == "Trim" else known)
    return mixed(f"{show(Text(known))}.{text}({', '.join(map(show, values))})", *values)


_SIMPLE: Final[dict[str, Callable[[str], str]]] = {
    **dict.fromkeys(_UPPER, str.upper),
    **dict.fromkeys(_LOWER, str.lower),
    "Trim": str.strip,
    "TrimStart": str.lstrip,
    "TrimEnd": str.rstrip,
    "ToString": str,
}


def _split(known: str, values: list[Value]) -> Value:
    """Parts of known text; separators can be one or several, characters or texts."""
    flat = [inner for each in values for inner in (each.items if isinstance(each, Sequence) else (each,))]
    separators = [each.value for each in flat if isinstance(each, Text) and each.value]
    parts = [known]
    for separator in separators:
        parts = [piece for part in parts for piece in part.split(separator)]
    if any("RemoveEmpty" in each.name for each in values if isinstance(each, TypeName)):
        parts = [part for part in parts if part]
    if any("TrimEntries" in each.name for each in values if isinstance(each, TypeName)):
        parts = [part.strip() for part in parts]
    return Sequence(tuple(map(Text, parts)))


def _static(evaluator: Evaluator, path: str, text: str, values: list[Value]) -> Value:
    """Static methods."""
    frame = evaluator.frame
    short = path.rpartition(".")[2]
    first = values[0] if values else NULL
    if short in {"string", "String"} and text in {"IsNullOrEmpty", "IsNullOrWhiteSpace"}:
        return _is_empty(first, text)
    if text in {"Equals", "ReferenceEquals", "Compare"} and len(values) >= 2 and short != "DateTime":
        same = equal(frame, first, values[1], _ignores_case(values[1:]))
        return same if text != "Compare" else Number(0) if frame.truth(same) else Number(1)
    if short == "DateTime" and text == "Compare" and len(values) == 2:
        return _moments(evaluator, first, values[1])
    if short == "Array" and text == "IndexOf" and isinstance(first, Sequence) and len(values) == 2:
        return Number(0 if frame.truth(member(frame, first.items, values[1])) else -1)
    if short in {"string", "String"} and text == "Concat":
        return concatenate(values)
    if short in {"bool", "Boolean", "Convert"} and text in {"Parse", "ToBoolean"}:
        return _parse_bool(first)
    if short in {"DateTime", "DateTimeOffset", "Convert"} and isinstance(first, Moment | Now):
        return first
    if (
        short == "Convert"
        and text in {"ToString", "FromBase64String", "ToBase64String"}
        and isinstance(first, Property)
    ):
        # In another notation: no longer the digits that X509Certificate2 gives.
        return Property(first.prop, first.case, part=first.part or text != "ToString")
    if short == "Regex" and text == "IsMatch" and isinstance(first, Property) and len(values) > 1:
        return text_relation(frame, first, "regex", values[1], ignore_case=False)
    if short == "Regex" and text in {"Match", "Replace", "Split"} and isinstance(first, Property):
        return _cut(first, "Match", values)
    made = mixed(f"{short}.{text}({', '.join(map(show, values))})", *values)
    return made if values else Symbol(By.OUTSIDE, made.text)


def _moments(evaluator: Evaluator, left: Value, right: Value) -> Value:
    """``CompareTo`` of two moments: below zero for the earlier one."""
    earlier = evaluator.frame.truth(less(evaluator.frame, "<", left, right))
    return Number(-1 if earlier else 1)


def _is_empty(of: Value, text: str) -> Value:
    if isinstance(of, Null):
        return TRUE
    if isinstance(of, Text):
        return Bool(not (of.value.strip() if text.endswith("WhiteSpace") else of.value))
    if isinstance(of, Symbol):
        return mixed(f"string.IsNullOrEmpty({show(of)})", of)
    return FALSE


def _parse_bool(of: Value) -> Value:
    if isinstance(of, Text) and of.value.strip().casefold() in {"true", "false"}:
        return Bool(of.value.strip().casefold() == "true")
    if isinstance(of, Bool | Symbol):
        return of
    raise Thrown


def _other(evaluator: Evaluator, of: Value, text: str, values: list[Value]) -> Value:
    """Methods of symbols and of what has no methods of its own here."""
    frame = evaluator.frame
    if isinstance(of, Null):
        raise Thrown
    if text in {"Equals"} and len(values) >= 1:
        return equal(frame, of, values[0], _ignores_case(values))
    if text == "ToString" and isinstance(of, Bool | Number):
        return Text(show(of).capitalize() if isinstance(of, Bool) else show(of))
    if isinstance(of, Symbol):
        if text in {"AsJwt", "TryParseJwt"}:
            frame.remarks.add(Remark.PARSED_ONLY, f"{show(of)}.{text}")
        if text in _KEEP and not values:
            return of
        wanted = next((each for each in values if isinstance(each, Property)), None)
        if wanted is not None and text in {"Contains", "ContainsKey", "Equals", "Any", "IsMatch"}:
            return member(frame, (of,), wanted, _ignores_case(values))
    if text == "IsMatch" and len(values) == 1 and isinstance(values[0], Property):
        return text_relation(frame, values[0], "regex", of, ignore_case=False)
    at_least = By.OPAQUE if depends(of) else By.CALLER
    return mixed(f"{show(of)}.{text}({', '.join(map(show, values))})", of, *values, at_least=at_least)
