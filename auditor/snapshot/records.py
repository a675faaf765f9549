"""The lines of a snapshot as values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, TypeVar

from auditor.errors import AuditorError
from auditor.model.values import Json
from auditor.snapshot.codec import decoded, encoded

VERSION: Final = 2
"""Of the format; a reader takes its own version and older ones. Since 2 every line carries its number."""
NUMBER: Final = "n"
"""The member of a line that holds its number, counted from 0 for the header."""


class Outcome(StrEnum):
    """What came of a request, or of a listing."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    """Some pages came, then none."""
    FORBIDDEN = "forbidden"
    NOT_IN_TIER = "not-in-tier"
    """The service says that its tier does not have this."""
    ABSENT = "absent"
    THROTTLED = "throttled"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not asked for: out of time, or interrupted."""


class SnapshotError(AuditorError):
    """A snapshot that cannot be read: damaged, or of a newer version."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: what was run, as whom, on what."""

    tool: str
    started: str
    """ISO 8601, UTC."""
    cloud: str = "public"
    identity: Mapping[str, str] = field(default_factory=dict)
    """``name``, ``object_id``, ``tenant``: as far as the token tells."""
    scope: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> dict[str, Any]:
        """As stored."""
        return {"auditor_snapshot": VERSION, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: of a single resource, or one page of a list."""

    request: str
    """``GET /subscriptions/…?api-version=…``; with the body's query for Resource Graph."""
    status: int
    """Of HTTP; 0 where there was no answer."""
    outcome: Outcome
    time: str
    api_version: str = ""
    body: Json = None
    """Wire JSON, secrets replaced; None where nothing is kept."""
    detail: str = ""
    """The error's code and message, where there was one."""

    def line(self) -> dict[str, Any]:
        """As stored, with the hash of the body."""
        body = encoded(self.body)
        return {
            "request": self.request,
            "status": self.status,
            "outcome": str(self.outcome),
            "time": self.time,
            "api_version": self.api_version,
            **({"detail": self.detail} if self.detail else {}),
            **({"sha256": digest(body), "body": body} if body is not None else {}),
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """The end of a listing: whether the collection below a resource is whole."""

    parent: str
    """Resource id."""
    type: str
    """Full type of the items, lower case."""
    outcome: Outcome
    request: str
    items: int = 0
    action: str = ""
    """The permission that was missing, for a forbidden one."""
    detail: str = ""

    def line(self) -> dict[str, Any]:
        """As stored."""
        return {"listing": {**asdict(self), "outcome": str(self.outcome)}}


@dataclass(frozen=True, slots=True)
class Footer:
    """The last line of a run that came to its end."""

    finished: str
    calls: int = 0
    throttled: int = 0
    seconds: float = 0.0
    complete: bool = True
    """Everything that was to be read was asked for, whatever came of it."""

    def line(self) -> dict[str, Any]:
        """As stored."""
        return {"end": asdict(self)}


Record = Header | Answer | Listed | Footer


def digest(body: Any) -> str:
    """SHA-256 of a stored body, in canonical JSON: sorted members, no blanks."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def record(line: Any) -> Record:
    """What a stored line says.

    Raises:
        SnapshotError: It is no line of a snapshot, of a newer version, or its body is not the one it was
            written with.
    """
    if not isinstance(line, dict):
        raise SnapshotError("a line is no object")
    try:
        if "auditor_snapshot" in line:
            if int(line["auditor_snapshot"]) > VERSION:
                raise SnapshotError(f"of version {line['auditor_snapshot']}: update the tool to read it")
            own = {name: value for name, value in line.items() if name not in ("auditor_snapshot", NUMBER)}
            return _sound(Header(**own))
        if "listing" in line:
            return _sound(Listed(**{**line["listing"], "outcome": Outcome(line["listing"]["outcome"])}))
        if "end" in line:
            return _sound(Footer(**line["end"]))
        return _answer(line)
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"a line is malformed: {error}") from None


_R = TypeVar("_R", Header, Listed, Footer)
_SHAPES: Final[Mapping[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "Outcome": (Outcome,),
    "Mapping[str, str]": (dict,),
    "Mapping[str, Any]": (dict,),
}


def _sound(one: _R) -> _R:
    """A record whose every member is of the kind that it is declared to be.

    Raises:
        TypeError: One is not.
    """
    for each in fields(one):
        if not isinstance(getattr(one, each.name), _SHAPES.get(str(each.type), (str,))):
            raise TypeError(f"{each.name} is of another kind")
    return one


def _answer(line: Mapping[str, Any]) -> Answer:
    body = line.get("body")
    if body is not None and not isinstance(body, dict):
        raise TypeError("the body is no object")
    if body is not None and digest(body) != line["sha256"]:
        raise SnapshotError(f"the body of {str(line.get('request'))[:200]} was changed after it was written")
    return Answer(
        str(line["request"]),
        int(line["status"]),
        Outcome(line["outcome"]),
        str(line["time"]),
        str(line.get("api_version", "")),
        decoded(body),
        str(line.get("detail", "")),
    )
