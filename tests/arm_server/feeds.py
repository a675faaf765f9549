"""Files -> state: ARM-like JSON, recorded responses with their index, examples of the REST specification,
snapshots.

A feed is told by its content. Nothing is copied: files are read where they lie.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.arm_server.ids import JsonObject, Place, sane
from tests.arm_server.state import Stored

INDEX = "INDEX.tsv"


class FeedError(Exception):
    """A file or folder that holds nothing the server could serve."""


def load(state: Stored, path: Path) -> int:
    """Add what a file or a folder holds; give the number of bodies that were taken.

    Raises:
        FeedError: there was none.
    """
    if path.is_dir():
        index = next((found for found in (path / INDEX, path.parent / INDEX) if found.is_file()), None)
        taken = load_recorded(state, index, below=path) if index else 0
        if not index:
            taken = sum(_load_json(state, file) for file in sorted(path.rglob("*.json*")) if file.is_file())
    else:
        taken = load_recorded(state, path) if path.name == INDEX else _load_json(state, path)
    if not taken:
        raise FeedError(f"{path} holds no resource with an id")
    return taken


def load_recorded(state: Stored, index: Path, below: Path | None = None) -> int:
    """Add recorded bodies by an index of tab-separated columns: file, anything, address (or its path).

    Args:
        state: where to put them.
        index: the index; its files are found beside it or in a folder above.
        below: only files in that folder.
    """
    taken = 0
    with index.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if len(row) < 3 or not row[2].startswith(("http", "/")):
                continue
            file = _beside(index, row[0])
            if file is None or (below is not None and not file.is_relative_to(below)):
                continue
            body = json.loads(file.read_text("utf-8-sig"))
            taken += add_body(state, urlsplit(row[2]).path, body)
    return taken


def _beside(index: Path, name: str) -> Path | None:
    return next((found for folder in index.parents if (found := folder / name).is_file()), None)


def add_body(state: Stored, raw_path: str, body: Any) -> int:
    """Add the answer that a GET of a path had: a resource, a list, or anything else as it is. 0: nothing in
    it."""
    place = Place.at(raw_path)
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        items = [item for item in body["value"] if isinstance(item, dict)]
        state.add_list(place.path, items)
        return 1
    if isinstance(body, dict) and sane(body) is not None and place.own:
        # The path is the id that clients ask for; recordings mask the id in the body now and then.
        state.put(body if Place(str(body["id"])).key == place.key else {**body, "id": place.path})
        return 1
    if body:
        state.put_body(place.path, body)
        return 1
    return 0


def _load_json(state: Stored, path: Path) -> int:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    try:
        content = json.loads(text.decode("utf-8-sig"))
    except ValueError:
        return 0
    return add_content(state, content)


def add_content(state: Stored, content: Any) -> int:
    """Add what one JSON document holds: resources, lists of them, or an example of the specification."""
    if isinstance(content, list):
        return sum(add_content(state, item) for item in content)
    if not isinstance(content, dict):
        return 0
    if isinstance(content.get("responses"), dict):
        body = (content["responses"].get("200") or {}).get("body")
        return add_content(state, body)
    for name in ("resources", "value", "data"):
        if isinstance(content.get(name), list):
            return _add_all(state, content[name])
    return _add_all(state, [content])


def _add_all(state: Stored, items: Iterable[Any]) -> int:
    taken = 0
    for item in items:
        if isinstance(item, dict) and sane(item) is not None and isinstance(item.get("type", ""), str):
            state.put(_normal(item))
            taken += 1
    return taken


def _normal(item: JsonObject) -> JsonObject:
    """A resource with the members that every answer has."""
    place = Place(str(item["id"]).rstrip("/"))
    return {"type": place.type, "name": place.name, **item}
