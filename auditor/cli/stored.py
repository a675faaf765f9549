"""Reading a stored result again: what ``report``, ``diff`` and ``scan --against`` share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import UnreadableError, UsageError

if TYPE_CHECKING:
    from auditor.caveats import Stored
    from auditor.model.results import Results

_CHANGED = "a stored result that was changed or cut: run scan again"


def load(path: str) -> Any:
    """A stored result; of its members only those that tell it from other JSON are looked at.

    Raises:
        UnreadableError: It cannot be read, is none, or was written by a newer version.
    """
    from auditor.model.results import SCHEMA_VERSION

    if path == "-" and sys.stdin is None:
        raise UnreadableError(path, "cannot be read: standard input is closed")
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise UnreadableError(path, f"cannot be read: {error.strerror or 'I/O error'}") from None
    except ValueError:
        raise UnreadableError(path, "cannot be read: no file can have that name") from None
    if not data.strip():
        raise UnreadableError(path, "the file is empty")
    value = _parsed(path, data)
    version = value.get("schema_version") if isinstance(value, dict) else None
    if not isinstance(version, int) or "services" not in value:
        raise UnreadableError(path, "not a stored result: scan writes one with --report json=results.json")
    if version > SCHEMA_VERSION:
        raise UnreadableError(path, f"written by a newer version (schema {version}); update the tool")
    return value


def _parsed(path: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        # Whoever reads what people wrote knows encodings and places.
        from auditor.sources.jsontext import decode, not_json

        if isinstance(error, UnicodeDecodeError):
            decode(path, data)
            raise UnreadableError(path, "not valid JSON: its encoding is none that JSON has") from None
        raise not_json(path, error) from None


def load_comparable(path: str) -> Stored:
    """A stored result that can be compared: all that a comparison looks at is there.

    Raises:
        UnreadableError: As :func:`load`, or a member is missing or of another kind.
    """
    from auditor.caveats import Stored, caveats
    from auditor.compare import Side, inspect
    from controls import RENAMED

    results: Results = load(path)
    try:
        inspect(Side.of(results["services"], results["catalogue"], RENAMED))
        list(caveats(results["run"], results["run"]))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UnreadableError(path, _CHANGED) from error
    return Stored(path, results)


def load_baseline(path: str | None, fail_on: str) -> Stored | None:
    """The earlier result of ``scan --against``, if one is given.

    Raises:
        UnreadableError: It cannot be read or compared with.
        UsageError: Nothing is decided, so that it could not take effect.
    """
    if path is None:
        return None
    if fail_on == "none":
        raise UsageError("--against has no effect beside --fail-on none: nothing fails anyway")
    return load_comparable(path)


def say_notes(results: Results) -> None:
    """What limits a decision against an earlier result, on standard error."""
    against = results["summary"]["gate"].get("against")
    if against is None:
        return
    for note in against["notes"]:
        print(f"against {against['path']}: {note}", file=sys.stderr)  # noqa: T201 - a warning
    if against["gone"]:
        gone = f"{against['gone']} verdicts of it have no subject here, and decide nothing"
        print(f"against {against['path']}: {gone}: see auditor diff", file=sys.stderr)  # noqa: T201 - a warning
