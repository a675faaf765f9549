"""Times every report of one stored result, as multiples of parsing it: size, seconds of CPU, memory.

python benchmarks/estate.py 300 estate.json
auditor scan estate.json --fail-on none -q --report json=results.json
python benchmarks/render.py results.json
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import zlib
from pathlib import Path

from reports import FORMATS, render


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    path = parser.parse_args().results
    began = time.process_time()
    results = json.loads(path.read_bytes())
    baseline = time.process_time() - began
    rows = [
        len(finding["subjects"])
        for service in results["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
    ]
    print(f"{len(rows):,} findings, {sum(rows):,} subjects; parsed in {baseline:.2f} s")
    for name in FORMATS:
        began = time.process_time()
        data = render(name, results).encode("utf-8", "backslashreplace")
        seconds = time.process_time() - began
        packed = len(zlib.compress(data, 6))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{name:6} {len(data):>12,} bytes, {packed:>11,} packed, {seconds:6.2f} s "
            f"= {seconds / baseline:5.1f} x, peak so far {peak:,} MB"
        )


if __name__ == "__main__":
    main()
