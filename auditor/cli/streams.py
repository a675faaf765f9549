"""Standard output and error that end no run: odd characters are replaced, a reader who leaves is no error."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Protocol, TextIO


class _Raw(Protocol):
    """What is used of an unbuffered stream."""

    def write(self, data: memoryview | bytes, /) -> int | None: ...
    def fileno(self) -> int: ...
    def isatty(self) -> bool: ...


class Unheard(io.RawIOBase):
    """A stream whose reader may go away: what is written then is dropped, and the exit code stays.

    What cannot be written for another reason, such as a full disk, is dropped as well, and ``lost`` says why.
    """

    def __init__(self, raw: _Raw) -> None:
        self._raw = raw
        self.lost: OSError | None = None

    def writable(self) -> bool:
        """It is written to."""
        return True

    def fileno(self) -> int:
        """That of the stream below."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """As the stream below says."""
        return self._raw.isatty()

    def write(self, data: object, /) -> int | None:
        """Write, or drop what nobody reads."""
        view = memoryview(data)  # type: ignore[arg-type]
        try:
            return self._raw.write(view)
        except BrokenPipeError:
            return view.nbytes
        except OSError as error:
            self.lost = error
            return view.nbytes


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def tolerant_output() -> Unheard | None:
    """Let neither a character that a console cannot show nor a pipe that closes end the program.

    Returns:
        What standard output writes to, if it is a file of the system.
    """
    # A stream that was closed before the program began is none: what goes there goes nowhere.
    closed = sys.stdout is None
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    if closed:
        return None
    # Unbuffered output (python -u) has nothing between the text and the file.
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if isinstance(raw, io.FileIO):
        encoding, errors = sys.stdout.encoding, sys.stdout.errors
        sys.stdout.flush()
        unheard = Unheard(raw)
        buffered = io.BufferedWriter(unheard)
        sys.stdout = io.TextIOWrapper(buffered, encoding, errors, line_buffering=raw.isatty())
        return unheard
    return None
