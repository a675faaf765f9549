"""Files that people write for the tool (waivers, attestations, configuration), read with care.

YAML or TOML in, plain JSON values out, with the line of each where the format's library tells it. Such a file
decides what counts, so nothing in it is guessed: a key that nobody knows, a key given twice, an alias or a
tag is an error with its place. What a mistake quotes is the names of keys, never what stands beside them.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from auditor.errors import FileError, Mistake
from auditor.nearest import did_you_mean
from auditor.yamlfiles import read_yaml

MOST_BYTES = 2 * 1024 * 1024
"""The largest file that is read: some ten thousand waivers."""
_MOST_MISTAKES = 100

Step: TypeAlias = str | int
Place: TypeAlias = tuple[int, int]
"""Line and column, counted from 1; 0 where the format's library does not tell."""


@dataclass(frozen=True, slots=True)
class UserFile:
    """What a file says."""

    path: str
    sha256: str
    value: Any
    """Objects, arrays, strings, numbers and booleans; dates as they are written (ISO 8601)."""
    places: Mapping[tuple[Step, ...], Place] = field(default_factory=dict)

    def place(self, *steps: Step) -> str:
        """Where a value stands, for people: ``waivers.yaml:12``, in TOML ``waivers.toml, waivers[2]``."""
        line, _ = self.at(steps)
        return f"{self.path}:{line}" if line else f"{self.path}, {spelled(steps)}"

    def at(self, steps: Iterable[Step]) -> Place:
        """The place of a value, or of the nearest one around it."""
        path = tuple(steps)
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (0, 0))

    def mistake(self, message: str, *steps: Step) -> FileError:
        """An error about a value."""
        return FileError([self.located(message, steps)])

    def located(self, message: str, steps: Iterable[Step]) -> Mistake:
        """A mistake with its place."""
        line, column = self.at(steps)
        where = "" if line else spelled(steps)
        return Mistake(self.path, f"{where}: {message}" if where else message, line, column)


def spelled(steps: Iterable[Step]) -> str:
    """Where a value stands within its file: ``waivers[2].expires``, counted from 1."""
    text = ""
    for step in steps:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read_user_file(path: Path | str, schema: str, empty: Any = None) -> UserFile:
    """Read a file and check it.

    Args:
        path: A file that ends in ``.yaml``, ``.yml`` or ``.toml``.
        schema: Name of the schema it keeps to, one of ``auditor/schemas``.
        empty: What an empty document stands for.

    Raises:
        FileError: It cannot be read, or says something that the schema does not allow.
    """
    shown = str(path)
    suffix = Path(path).suffix.lower()
    if suffix not in (".yaml", ".yml", ".toml"):
        raise FileError([Mistake(shown, "its name has to end in .yaml, .yml or .toml")])
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise FileError([Mistake(shown, f"cannot be read: {error.strerror}")]) from None
    if len(data) > MOST_BYTES:
        raise FileError([Mistake(shown, f"it is larger than {MOST_BYTES // 1024 // 1024} MB")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError([Mistake(shown, "it is not UTF-8 text: save it as UTF-8", line)]) from None
    places: dict[tuple[Step, ...], Place] = {}
    if suffix == ".toml":
        value = _toml(shown, text)
    else:
        value, places = read_yaml(shown, text)
    value = empty if value is None else value
    found = UserFile(shown, hashlib.sha256(data).hexdigest(), value, places)
    _check(found, schema)
    return found


# -- TOML ----------------------------------------------------------------------------------------------

_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


def _toml(path: str, text: str) -> Any:
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_PLACE.search(str(error))
        line, column = (int(found[1]), int(found[2])) if found else (0, 0)
        message = _TOML_PLACE.sub("", str(error)).removesuffix(" (at end of document)")
        raise FileError([Mistake(path, f"not valid TOML ({message})", line, column)]) from None
    except RecursionError:
        raise FileError([Mistake(path, "it is nested too deeply")]) from None
    return _dates_as_written(value)


def _dates_as_written(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _dates_as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dates_as_written(item) for item in value]
    return value.isoformat() if isinstance(value, (datetime, date, time)) else value


# -- the schema ----------------------------------------------------------------------------------------


@cache
def schema_of(name: str) -> dict[str, Any]:
    """A published schema: ``waivers``, ``attestations`` or ``config``."""
    text = (files("auditor") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _check(file: UserFile, name: str) -> None:
    from jsonschema import Draft202012Validator

    mistakes: list[Mistake] = []
    for error in Draft202012Validator(schema_of(name)).iter_errors(file.value):
        mistakes += _mistakes(file, error)
        if len(mistakes) >= _MOST_MISTAKES:
            break
    if mistakes:
        raise FileError(sorted(mistakes, key=lambda one: (one.line, one.column)))


def _mistakes(file: UserFile, error: Any) -> list[Mistake]:
    steps = tuple(error.absolute_path)
    make = file.located
    schema = error.schema
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        surplus = [key for key in error.instance if key not in known]
        return [make(_unknown(key, known), (*steps, key)) for key in surplus]
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return [make(f"it lacks {_several(missing)}", steps)]
    last = next((step for step in reversed(steps) if isinstance(step, str)), "")
    name = f"{last!r} " if last else "the file "
    if error.instance is None and last:
        return [make(f"{name}is empty", steps)]
    said = schema.get("errorMessage")
    if said:
        return [make(said if error.validator == "anyOf" else f"{name}{said}", steps)]
    if error.validator == "enum":
        return [make(f"{name}has to be one of {', '.join(map(str, error.validator_value))}", steps)]
    if error.validator == "type":
        return [make(f"{name}has to be {_TYPES.get(error.validator_value, error.validator_value)}", steps)]
    if error.validator in ("minLength", "minItems"):
        return [make(f"{name}is empty", steps)]
    if error.validator in ("minimum", "maximum"):
        least, most = schema.get("minimum"), schema.get("maximum")
        return [make(f"{name}has to be from {least} to {most}", steps)]
    if error.validator in ("maxLength", "maxItems"):
        return [make(f"{name}is longer than {error.validator_value:,}", steps)]
    return [make(f"{name}is not allowed here ({error.validator})", steps)]


_TYPES = {
    "string": "text (put it in quotes)",
    "integer": "a whole number",
    "array": "a list",
    "object": "a table of keys and values",
    "boolean": "true or false",
}


def _unknown(key: str, known: list[str]) -> str:
    hint = did_you_mean(str(key), known, f": known are {', '.join(known)}")
    return f"unknown key {str(key)[:80]!r}{hint}"


def _several(names: list[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def day(file: UserFile, *steps: Step) -> date:
    """A date that the file holds.

    Raises:
        FileError: There is no such day.
    """
    value: Any = file.value
    for step in steps:
        value = value[step]
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise file.mistake(f"{steps[-1]!r} is not a day of the calendar", *steps) from None
