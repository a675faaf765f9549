"""The part of Kusto that a scan asks Resource Graph with; anything else is refused, as Resource Graph
refuses it.

"Understanding the Azure Resource Graph query language": tables, ``where``, ``extend``, ``project``,
``project-away``, ``order by``, ``take``, ``count``, ``distinct``, ``mv-expand``. ``==`` and ``in`` mind the
case, ``=~`` and ``in~`` do not; the names of columns and members mind it always."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

Row = dict[str, Any]
Expression = Callable[[Row], Any]
Step = Callable[[Iterator[Row]], Iterator[Row]]


class KqlError(Exception):
    """The query is not understood."""


@dataclass(frozen=True, slots=True)
class Query:
    """A table and what is done to its rows."""

    table: str
    steps: tuple[Step, ...]

    def run(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows that come out."""
        found = iter(rows)
        for step in self.steps:
            found = step(found)
        return found


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        KqlError: it has something that is not in the subset.
    """
    reader = _Reader(_tokens(text))
    table = reader.name()
    steps = []
    while reader.taken("|"):
        steps.append(_step(reader))
    reader.end()
    return Query(table.lower(), tuple(steps))


_TOKEN = re.compile(
    r"""\s*(?://[^\n]*\n\s*)*(?:
      (?P<string>@?'(?:[^'\\]|\\.)*'|@?"(?:[^"\\]|\\.)*")
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:-(?:away|expand)\b)?)
    | (?P<sign>!?in~(?=[\s(])|!in\b|!contains\b|!has\b|!startswith\b|=~|!~|==|!=|>=|<=|[|(),.=<>\[\]])
    )""",
    re.VERBOSE,
)


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    at = 0
    text = text.rstrip().rstrip(";")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            if not text[at:].strip():
                break
            raise KqlError(f"ParserFailure at '{text[at:].strip()[:20]}'")
        kind, value = match.lastgroup, match.group(match.lastgroup)
        at = match.end()
        if kind == "name" and value == "in" and text[at : at + 1] == "~":
            kind, value, at = "sign", "in~", at + 1
        found.append((kind, value))
    return found


class _Reader:
    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self._at += 1
        return token

    def taken(self, *values: str) -> str | None:
        kind, value = self.peek()
        if kind in ("sign", "name") and value.lower() in values:
            self._at += 1
            return value.lower()
        return None

    def need(self, value: str) -> None:
        if not self.taken(value):
            raise KqlError(f"'{value}' was expected before '{self.peek()[1]}'")

    def name(self) -> str:
        kind, value = self.next()
        if kind != "name":
            raise KqlError(f"a name was expected, not '{value}'")
        return value

    def number(self) -> int:
        kind, value = self.next()
        if kind != "number":
            raise KqlError(f"a number was expected, not '{value}'")
        return int(float(value))

    def end(self) -> None:
        if self.peek()[0] != "end":
            raise KqlError(f"'{self.peek()[1]}' was not expected")


# -- the steps of a query --------------------------------------------------------------------------------


def _step(reader: _Reader) -> Step:
    what = reader.name().lower()
    if what == "where":
        test = _expression(reader)
        return lambda rows: (row for row in rows if test(row) is True)
    if what in ("take", "limit"):
        most = reader.number()
        return lambda rows: islice(rows, most)
    if what == "count":
        return lambda rows: iter([{"Count": sum(1 for _ in rows)}])
    if what in ("order", "sort"):
        reader.need("by")
        return _order(reader)
    if what in ("project", "extend", "distinct"):
        return _columns(reader, what)
    if what == "project-away":
        away = {name for name, _ in _named(reader)}
        return lambda rows: ({k: v for k, v in row.items() if k not in away} for row in rows)
    if what == "mv-expand":
        return _expand(_named(reader)[0])
    raise KqlError(f"the operator '{what}' is not in the subset of this server")


def _order(reader: _Reader) -> Step:
    keys: list[tuple[Expression, bool]] = []
    while True:
        key = _expression(reader)
        keys.append((key, reader.taken("asc", "desc") != "asc"))  # descending unless said otherwise
        if not reader.taken(","):
            break

    def ordered(rows: Iterator[Row]) -> Iterator[Row]:
        found = list(rows)
        for key, down in reversed(keys):
            found.sort(key=lambda row, key=key: str(_or_empty(key(row))), reverse=down)  # type: ignore[misc]
        return iter(found)

    return ordered


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _named(reader: _Reader) -> list[tuple[str, Expression]]:
    """``name``, ``name = expression``, ``path``: what the columns are called and how they are made."""
    found = []
    while True:
        at = reader._at
        name = reader.name()
        if reader.taken("="):
            found.append((name, _expression(reader)))
        else:
            reader._at = at
            expression = _expression(reader)
            last = reader._tokens[reader._at - 1][1]
            path = [value for kind, value in reader._tokens[at : reader._at] if kind == "name"]
            found.append(("_".join(path) if last != ")" else "Column1", expression))
        if not reader.taken(","):
            return found


def _columns(reader: _Reader, what: str) -> Step:
    columns = _named(reader)

    def made(rows: Iterator[Row]) -> Iterator[Row]:
        seen = []
        for row in rows:
            new = {name: expression(row) for name, expression in columns}
            if what == "extend":
                new = {**row, **new}
            elif what == "distinct":
                if new in seen:
                    continue
                seen.append(new)
            yield new

    return made


def _expand(column: tuple[str, Expression]) -> Step:
    name, expression = column

    def expanded(rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            values = expression(row)
            for value in values if isinstance(values, list) else ():
                yield {**row, name: value}

    return expanded


# -- expressions -----------------------------------------------------------------------------------------


def _expression(reader: _Reader) -> Expression:
    parts = [_conjunction(reader)]
    while reader.taken("or"):
        parts.append(_conjunction(reader))
    return parts[0] if len(parts) == 1 else lambda row: any(part(row) is True for part in parts)


def _conjunction(reader: _Reader) -> Expression:
    parts = [_comparison(reader)]
    while reader.taken("and"):
        parts.append(_comparison(reader))
    return parts[0] if len(parts) == 1 else lambda row: all(part(row) is True for part in parts)


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a is not None and a == b,
    "!=": lambda a, b: a != b,
    "=~": lambda a, b: a is not None and _fold(a) == _fold(b),
    "!~": lambda a, b: _fold(a) != _fold(b),
    ">": lambda a, b: a is not None and a > b,
    "<": lambda a, b: a is not None and a < b,
    ">=": lambda a, b: a is not None and a >= b,
    "<=": lambda a, b: a is not None and a <= b,
    "contains": lambda a, b: str(_fold(b)) in str(_fold(_or_empty(a))),
    "has": lambda a, b: str(_fold(b)) in re.split(r"[^a-z0-9]+", str(_fold(_or_empty(a)))),
    "startswith": lambda a, b: str(_fold(_or_empty(a))).startswith(str(_fold(b))),
    "endswith": lambda a, b: str(_fold(_or_empty(a))).endswith(str(_fold(b))),
    "in": lambda a, b: a in b,
    "in~": lambda a, b: _fold(a) in [_fold(one) for one in b],
}
_NEGATED = {"!in": "in", "!in~": "in~", "!contains": "contains", "!has": "has", "!startswith": "startswith"}


def _comparison(reader: _Reader) -> Expression:
    left = _operand(reader)
    sign = reader.taken(*_COMPARE, *_NEGATED)
    if sign is None:
        return left
    positive = _NEGATED.get(sign, sign)
    compare = _COMPARE[positive]
    right = _list(reader) if positive in ("in", "in~") else _operand(reader)
    wanted = sign == positive
    return lambda row: compare(left(row), right(row)) is wanted


def _list(reader: _Reader) -> Expression:
    reader.need("(")
    items = _arguments(reader)
    return lambda row: [item(row) for item in items]


def _arguments(reader: _Reader) -> list[Expression]:
    items: list[Expression] = []
    while not reader.taken(")"):
        if items:
            reader.need(",")
        items.append(_expression(reader))
    return items


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tolower": lambda a: _text(a).lower(),
    "toupper": lambda a: _text(a).upper(),
    "tostring": _text,
    "tobool": lambda a: _text(a).lower() == "true",
    "strcat": lambda *a: "".join(map(_text, a)),
    "isempty": lambda a: a is None or a == "",
    "isnotempty": lambda a: a is not None and a != "",
    "isnull": lambda a: a is None,
    "isnotnull": lambda a: a is not None,
    "not": lambda a: a is not True,
    "array_length": lambda a: len(a) if isinstance(a, list) else None,
    "coalesce": lambda *a: next((one for one in a if one is not None), None),
}


def _operand(reader: _Reader) -> Expression:
    kind, value = reader.next()
    if kind == "string":
        text = value[2:-1] if value.startswith("@") else re.sub(r"\\(.)", r"\1", value[1:-1])
        return lambda _: text
    if kind == "number":
        number = float(value) if "." in value else int(value)
        return lambda _: number
    if (kind, value) == ("sign", "("):
        inner = _expression(reader)
        reader.need(")")
        return inner
    if kind != "name":
        raise KqlError(f"'{value}' was not expected")
    if value.lower() in ("true", "false"):
        truth = value.lower() == "true"
        return lambda _: truth
    if reader.taken("("):
        function = _FUNCTIONS.get(value.lower())
        if function is None:
            raise KqlError(f"the function '{value}' is not in the subset of this server")
        arguments = _arguments(reader)
        return _path(reader, lambda row: function(*(one(row) for one in arguments)))
    return _path(reader, lambda row: row.get(value))


def _path(reader: _Reader, base: Expression) -> Expression:
    steps: list[str | int] = []
    while sign := reader.taken(".", "["):
        if sign == ".":
            steps.append(reader.name())
            continue
        kind, value = reader.next()
        steps.append(int(value) if kind == "number" else value[1:-1])
        reader.need("]")
    if not steps:
        return base

    def walked(row: Row) -> Any:
        value = base(row)
        for step in steps:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    return walked
