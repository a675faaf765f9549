"""Literals, defaults, casts and arithmetic: what needs no frame.

Source: C# language specification, "Conversions", "Default values".
"""

from __future__ import annotations

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.values import (
    FALSE,
    NULL,
    Bool,
    By,
    Null,
    Number,
    Symbol,
    Text,
    Thrown,
    Value,
    mixed,
    show,
)


def concatenate(values: list[Value]) -> Value:
    """Text put together; null counts as empty text."""
    if all(isinstance(each, Text | Number | Null | Bool) for each in values):
        return Text(
            "".join(
                "" if isinstance(v, Null) else v.value if isinstance(v, Text) else show(v) for v in values
            )
        )
    kept = [each for each in values if each not in (Text(""), NULL)]
    if len(kept) == 1:
        return kept[0]
    return mixed(" + ".join(map(show, kept)), *kept)


def text_of(parts: tuple[cs.Part, ...]) -> Value:
    """A string; a constant of the configuration where a named value is left in it."""
    if all(isinstance(part, str) for part in parts):
        return Text("".join(map(str, parts)))
    return Symbol(By.CONFIG, "".join(map(str, parts)), string=True)


def number_of(text: str) -> Value:
    """A number as written."""
    try:
        bare = text.replace("_", "")
        return Number(float(int(bare, 16)) if bare[:2].lower() == "0x" else float(bare.rstrip("uUlLfFdDmM")))
    except ValueError:
        return Symbol(By.OPAQUE, text)


def default_of(type_: cs.Type | None) -> Value:
    """What a variable of a type is worth before it is assigned."""
    word = type_.name if type_ is not None and not type_.suffix else ""
    if word in {"bool", "Boolean"}:
        return FALSE
    return Number(0) if word in {"int", "long", "double", "decimal", "Int32"} else NULL


def cast_to(type_: cs.Type, value: Value) -> Value:
    """A cast keeps the value; text cast to bool, or null to a plain bool, throws."""
    if type_.name in {"bool", "Boolean"} and not type_.suffix and isinstance(value, Text | Null):
        raise Thrown
    if type_.name in {"string", "String"} and isinstance(value, Bool):
        raise Thrown
    return value


def as_type(type_: cs.Type, value: Value) -> Value:
    """``value as T``: null where it is of another type."""
    if type_.name in {"string", "String"} and isinstance(value, Bool | Number):
        return NULL
    return value


def plus(left: Value, right: Value) -> Value:
    """``left + right``: a sum, or text put together."""
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value + right.value)
    return concatenate([left, right])


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """The other operators on numbers."""
    if isinstance(left, Number) and isinstance(right, Number) and operator in {"-", "*"}:
        return Number(left.value - right.value if operator == "-" else left.value * right.value)
    return mixed(f"{show(left)} {operator} {show(right)}", left, right)
