"""Times reading, judging and writing, each as a multiple of parsing the input's JSON: seconds of CPU, memory.

python benchmarks/estate.py 200 estate.json
python benchmarks/phases.py estate.json
python benchmarks/policies.py 1000 50 policies.json
python benchmarks/phases.py policies.json --complete
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from auditor.audit import Options, Span, audit
from auditor.cli.written import write_text
from auditor.sources import read_paths
from controls import catalogue
from reports import FORMATS, pieces

T = TypeVar("T")
_parsing = 0.0


def timed(title: str, work: Callable[[], T]) -> T:
    global _parsing
    began = time.process_time()
    made = work()
    seconds = time.process_time() - began
    _parsing = _parsing or seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{title:8} {seconds:6.2f} s = {seconds / _parsing:6.1f} x, peak so far {peak:,} MB")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path)
    parser.add_argument("--complete", action="store_true")
    parser.add_argument("--formats", nargs="*", default=["json"], choices=FORMATS)
    given = parser.parse_args()
    gc.disable()  # as the command line does
    timed("parsing", lambda: json.loads(given.input.read_bytes()))
    reading = timed("reading", lambda: read_paths([str(given.input)], (), given.complete))
    known = timed("checks", catalogue)
    now = datetime.now(UTC)
    results = timed("judging", lambda: audit(reading.inventory, known, Options(now), Span(now, now)))
    for name in given.formats:
        timed(name, lambda name=name: write_text(os.devnull, pieces(name, results)))  # type: ignore[misc]


if __name__ == "__main__":
    main()
