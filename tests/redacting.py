"""What the tests of redaction plant and look for."""

from __future__ import annotations

from random import Random
from typing import Any

from auditor.model.values import Json, walk
from auditor.redaction import KNOWN_FORMATS

CANARY = "canary-Zq81-mango-0x7"


def planted(pointer: str, value: Json) -> dict[str, Any]:
    """A body with ``value`` at a pointer pattern."""
    tree: Any = value
    for step in reversed(pointer.split("/")[1:]):
        tree = [tree] if step == "[]" else {"member" if step == "*" else step: tree}
    return {"name": "contoso/thing", **tree}


def at(body: Json, pointer: str) -> Json:
    for step in pointer.split("/")[1:]:
        body = body[0] if step == "[]" else body["member" if step == "*" else step]
    return body


def shown(value: Json) -> str:
    """Everything a reader could get out of a tree, expressions included."""
    return "\n".join(f"{pointer} {each!r} {each}" for pointer, each in walk(value))


def examples(count: int = 20) -> list[tuple[str, str]]:
    random = Random(7)
    return [(name, example(random)) for name, example in KNOWN_FORMATS for _ in range(count)]
