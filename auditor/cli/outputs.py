"""Where reports are written: known to be possible before anything is read, and never over what was read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from auditor.errors import UsageError

STDOUT = "-"


def check_writable(option: str, path: str) -> None:
    """Refuse a path that can never be written, before the work is done that would be lost.

    Args:
        option: The option as it was given, for the message: ``--report html=report.html``.
        path: Where it is to be written; ``-`` is standard output.

    Raises:
        UsageError: The path is a folder, or its folder is missing.
    """
    if path == STDOUT:
        return
    # Path.is_dir() raises at a name that is longer than the system allows.
    if os.path.isdir(path):  # noqa: PTH112
        raise UsageError(f"{option}: cannot be written: it is a folder")
    folder = Path(path).parent
    if not os.path.isdir(folder):  # noqa: PTH112
        raise UsageError(f"{option}: cannot be written: there is no folder {folder}")


def check_keeps(option: str, path: str, read: Iterable[str]) -> None:
    """Refuse a report that would replace a file that was read for it.

    Args:
        option: The option as it was given, for the message.
        path: Where it is to be written; ``-`` is standard output.
        read: Files that were read; ``-`` and what is no file are passed over.

    Raises:
        UsageError: Both are the same file, by whatever name.
    """
    if path == STDOUT:
        return
    target = os.path.realpath(path)
    for one in read:
        if one != STDOUT and os.path.realpath(one) == target:
            raise UsageError(f"{option}: would replace {one}, which this run reads: choose another path")
