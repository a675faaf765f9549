"""Writing reports: piece by piece, and never half a file under the name of a whole one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

_BUFFER = 1 << 20


def write_text(path: str, pieces: Iterable[str]) -> None:
    """Write a text in UTF-8.

    A file is written beside its place and takes its name once it is whole: what ends the run before leaves
    the file that was there. What is no plain file (a link, a pipe, a device) is written as it stands; so is a
    file in a folder that takes no other. On standard output nothing appears before all of it has been made.

    Args:
        path: Of the file; ``-`` is standard output.
        pieces: The text in order. A lone surrogate in it is written out, and loses no report.

    Raises:
        OSError: It cannot be written.
    """
    if path == "-":
        for piece in [*pieces]:
            sys.stdout.buffer.write(piece.encode("utf-8", "backslashreplace"))
        return
    target = Path(path)
    if target.is_symlink() or (target.exists() and not (target.is_file() and os.access(target, os.W_OK))):
        _write(target, pieces)
        return
    beside = target.with_name(f"{uuid4().hex}.part")
    try:
        beside.touch(exist_ok=False)
    except PermissionError:
        if not target.exists():
            raise
        _write(target, pieces)
        return
    try:
        _write(beside, pieces)
        if target.exists():
            beside.chmod(target.stat().st_mode)
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _write(path: Path, pieces: Iterable[str]) -> None:
    with path.open("w", _BUFFER, "utf-8", "backslashreplace", newline="") as file:
        file.writelines(pieces)
