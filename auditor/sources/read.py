"""Paths -> inventory: read, detect, redact, settle identities, merge."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.arm import is_parameters, is_template
from auditor.errors import UnreadableError, UsageError
from auditor.model.inventory import Input, InputKind, Inventory
from auditor.model.values import Json
from auditor.redaction import Redactor
from auditor.snapshot.files import is_snapshot
from auditor.sources import observed, snapshot, templates
from auditor.sources.jsontext import JsonDocument, decode
from auditor.sources.settle import Batch, settle
from auditor.sources.shape import Shaped

STDIN = "-"
_LARGEST = 512 * 1024 * 1024
_SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv", "__pycache__"})


@dataclass(slots=True)
class Reading:
    """What came of reading the paths."""

    inventory: Inventory
    problems: list[UnreadableError] = field(default_factory=list)
    """Files that should have been readable and were not."""
    ignored: list[tuple[str, str]] = field(default_factory=list)
    """Files that hold something else, and what they seem to be."""


def read_paths(
    paths: Sequence[str],
    parameter_files: Sequence[str] = (),
    whole: bool = False,
    redactor: Redactor | None = None,
    called: str = "",
) -> Reading:
    """Read files and folders into one inventory.

    Args:
        paths: Files, folders (every ``*.json`` and ``*.jsonc`` below), or ``-`` for standard input.
        parameter_files: Deployment parameters for the templates; of one parameter the last file's wins.
        whole: The files hold everything there is: what they do not mention does not exist.
        redactor: Replaces secrets as data comes in; one is made if none is given.
        called: What to call the one file that is read, where its path says nothing to a reader.

    Raises:
        UsageError: A parameters file is none, or cannot be read.
    """
    redactor = redactor or Redactor()
    parameters = _parameters(parameter_files)
    problems: list[UnreadableError] = []
    ignored: list[tuple[str, str]] = []
    batches: list[Batch] = []
    for path, explicit in _files(paths, problems):
        try:
            batch = _read(path, parameters, whole, called or _label(path))
        except UnreadableError as error:
            problems.append(error)
            continue
        if isinstance(batch, Batch):
            batches.append(batch)
        elif explicit:
            problems.append(UnreadableError(path, batch))
        else:
            ignored.append((path, batch))
    if whole and (problems or any(batch.shaped.lost for batch in batches)):
        # What could not be read may be what else there is.
        for batch in batches:
            notes = (*batch.input.notes, "--complete does not hold: not everything could be read")
            batch.input = replace(batch.input, whole=False, notes=notes)
    return Reading(settle(batches, redactor), problems, ignored)


def _read(path: str, parameters: Mapping[str, Json], whole: bool, label: str) -> Batch | str:
    """One file's resources, or a sentence on what it is instead."""
    data = _bytes(path)
    if is_snapshot(data):
        shaped: Shaped | str | None = snapshot.shape(label, data)
    else:
        shaped = _shape(JsonDocument(label, decode(label, data)), parameters)
    if shaped is None:
        return "JSON, but neither an ARM template nor Azure resources"
    if isinstance(shaped, str):
        return shaped
    source = Input(
        path=label,
        kind=shaped.kind,
        sha256=hashlib.sha256(data).hexdigest(),
        declared=shaped.declared,
        exported=shaped.exported,
        whole=whole,
        notes=tuple(shaped.notes),
        lost=shaped.lost,
        identity=shaped.identity,
    )
    return Batch(source, shaped)


def _shape(document: JsonDocument, parameters: Mapping[str, Json]) -> Shaped | str | None:
    value = document.value
    if isinstance(value, dict):
        if {"schema_version", "catalogue", "services"} <= value.keys():
            return "a stored result: auditor report renders it; to audit again, give what it was made of"
        if is_template(value):
            return templates.shape(document, parameters)
        if is_parameters(value):
            note = "a parameters file: it takes effect when given with --parameters"
            return Shaped(InputKind.PARAMETERS, declared=True, notes=[note])
    return observed.shape(document)


def _parameters(paths: Sequence[str]) -> dict[str, Json]:
    merged: dict[str, Json] = {}
    for path in paths:
        try:
            value = JsonDocument(path, decode(path, _bytes(path))).value
        except UnreadableError as error:
            # What an option names decides what is judged, as waivers do: the run is set up wrongly.
            raise UsageError(f"--parameters {error}") from None
        if not isinstance(value, dict) or not is_parameters(value):
            raise UsageError(f"--parameters {path}: not a deployment parameters file")
        given = value.get("parameters")
        if isinstance(given, dict):
            merged.update(given)
    return merged


def _bytes(path: str) -> bytes:
    if path == STDIN:
        if sys.stdin is None:
            raise UnreadableError(_label(path), "cannot be read: standard input is closed")
        data = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        try:
            with Path(path).open("rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as error:
            raise UnreadableError(path, f"cannot be read: {error.strerror or 'I/O error'}") from None
    if len(data) > _LARGEST:
        raise UnreadableError(_label(path), "larger than 512 MB; split it")
    if not data.strip():
        raise UnreadableError(_label(path), "the file is empty")
    return data


def _label(path: str) -> str:
    return "<stdin>" if path == STDIN else path


def _files(paths: Sequence[str], problems: list[UnreadableError]) -> Iterator[tuple[str, bool]]:
    """Every file to read, each once, and whether it was named itself."""
    seen: set[str] = set()
    for path in paths:
        # Path.is_dir() raises at a name that is longer than the system allows.
        folder = path != STDIN and os.path.isdir(path)  # noqa: PTH112
        found = sorted(_below(path)) if folder else [path]
        if not found:
            problems.append(UnreadableError(path, "the folder holds no JSON file"))
        for file in found:
            real = file if file == STDIN else os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file, file == path


def _below(folder: str) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS]
        for name in files:
            if name.lower().endswith((".json", ".jsonc", ".json.gz", ".jsonl", ".jsonl.gz")):
                yield str(Path(root) / name)
