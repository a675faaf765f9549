"""Snapshots on disk: written line by line, read as far as they go."""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from auditor.snapshot.records import NUMBER, Footer, Header, Record, SnapshotError, record

MAGIC: Final = b"\x1f\x8b"
_WINDOW: Final = 16 + zlib.MAX_WBITS
"""A gzip header and trailer."""
_CHUNK: Final = 1 << 16
_LONGEST: Final = 64 * 1024 * 1024
"""Characters of one line: far more than any page of the management API."""


class Writer:
    """Appends records to a snapshot; safe to use from several threads.

    Each record is flushed, so that a run which is killed leaves all that had been answered. The file can be
    read by its owner alone: policies stand in it as they are but for credentials.
    """

    def __init__(self, path: Path, header: Header, kept: Iterable[Record] = ()) -> None:
        """Begin a snapshot, in place of one that may be there.

        Args:
            path: Where to write.
            header: The first line.
            kept: Records of an earlier run that this one continues; they are in the file before the old one
                is gone.

        Raises:
            OSError: The file cannot be written.
        """
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        self._file: IO[bytes] = os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._zip = zlib.compressobj(6, zlib.DEFLATED, _WINDOW)
        self._lock = threading.Lock()
        self._closed = False
        self._lines = 0
        self.write(header)
        for one in kept:
            self.write(one)
        # The open file keeps its place under the new name.
        beside.replace(path)

    def write(self, one: Record) -> None:
        """Append one record."""
        text = json.dumps(one.line(), ensure_ascii=False, separators=(",", ":"))
        whole = text.encode("utf-8", "surrogatepass")
        with self._lock:
            if self._closed:
                return
            # The number is known here alone; a line is an object with members, which end in a brace.
            data = whole[:-1] + f',"{NUMBER}":{self._lines}}}\n'.encode()
            self._lines += 1
            self._file.write(self._zip.compress(data) + self._zip.flush(zlib.Z_SYNC_FLUSH))
            self._file.flush()

    def close(self, footer: Footer | None = None) -> None:
        """End the snapshot; without a footer it stays a partial one."""
        if footer is not None:
            self.write(footer)
        with self._lock:
            if not self._closed:
                self._closed = True
                self._file.write(self._zip.flush())
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_snapshot(data: bytes) -> bool:
    """Whether a file begins like a snapshot."""
    if data[:2] != MAGIC:
        return data.lstrip()[:200].startswith(b'{"auditor_snapshot"')
    try:
        start = zlib.decompressobj(_WINDOW).decompress(data[:_CHUNK], 200)
    except zlib.error:
        return False
    return start.startswith(b'{"auditor_snapshot"')


def records(data: bytes) -> Iterator[Record]:
    """The records of a snapshot, as far as it can be read: a cut-off end is left out.

    Args:
        data: The file, compressed or not.

    Raises:
        SnapshotError: It is none, of a newer version, or damaged before its end: lines are missing too.
    """
    first = True
    numbered = False
    for number, (text, last) in enumerate(_lines(data)):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            if last:
                return
            raise SnapshotError("a line of it is damaged") from None
        try:
            found = record(value)
        except RecursionError:
            raise SnapshotError("a line of it is nested too deeply") from None
        if first and not isinstance(found, Header):
            raise SnapshotError("it does not begin with a header")
        if first:
            # Snapshots of version 1 have no numbers: of them only what listings count is known to be there.
            numbered = int(value["auditor_snapshot"]) > 1
        if numbered and value.get(NUMBER) != number:
            raise SnapshotError(f"line {number + 1} is not the one that was written there: collect again")
        first = False
        yield found
    if first:
        raise SnapshotError("it is empty")


def _lines(data: bytes) -> Iterator[tuple[str, bool]]:
    """Lines of the text, each with whether it is the unfinished last one."""
    rest = b""
    for chunk in _chunks(data):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield _text(line), False
        if len(rest) > _LONGEST:
            raise SnapshotError("a line of it is too long")
    if rest.strip():
        yield rest.decode("utf-8", "replace"), True


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise SnapshotError("a line of it is damaged") from None


def _chunks(data: bytes) -> Iterator[bytes]:
    if data[:2] != MAGIC:
        yield data
        return
    stream = zlib.decompressobj(_WINDOW)
    waiting = data
    while waiting and not stream.eof:
        try:
            yield stream.decompress(waiting, _CHUNK)
        except zlib.error as error:
            if "check" in str(error):
                # All of it came, and something in it is not what was written ("incorrect data check").
                raise SnapshotError("its checksum does not fit what it holds") from None
            # Damaged from here on; what came whole was yielded.
            return
        waiting = stream.unconsumed_tail
