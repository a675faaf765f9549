"""Collecting from the stand-in management API: requests, seconds, requests per second, peak memory.

    python benchmarks/live.py 200x100x2 --per-subscription 20 --latency 50

The stand-in runs in a process of its own. The same run then reads ``--compare`` services with one request at
a time, so that the ratio is of one machine at one moment. Needs the development requirements.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estate", help="SERVICESxAPISxOPERATIONS")
    parser.add_argument("--per-subscription", type=int, default=100)
    parser.add_argument("--latency", type=float, default=50)
    parser.add_argument("--compare", type=int, default=1, help="services to read one request at a time")
    options = parser.parse_args()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "tests.arm_server", "--estate", options.estate, "--latency", str(options.latency),
            "--per-subscription", str(options.per_subscription),
        ],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        subscriptions = _environment(server)
        from auditor.azure.session import Found, Scope, find, open_session

        session = open_session(Scope(tuple(subscriptions)), "env", cloud=os.environ["ARM_ENDPOINT"])
        found = find(session)
        whole = _measure("side by side", session, found, 0)
        session = open_session(Scope(tuple(subscriptions)), "env", cloud=os.environ["ARM_ENDPOINT"])
        few = Found(found.services[: options.compare], found.subscriptions[:1])
        alone = _measure("one at a time", session, few, 1)
    finally:
        server.terminate()
    ratio = round(whole["per_second"] / alone["per_second"], 2)
    print(json.dumps({"services": len(found.services), "ratio": ratio}))


def _environment(server: subprocess.Popen[str]) -> list[str]:
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("#"):
            return line.partition(":")[2].split()
        name, _, value = line.removeprefix("export ").strip().partition("=")
        os.environ[name] = value.strip("'")
    raise SystemExit("the stand-in did not start")


def _measure(title: str, session, found, threads: int) -> dict[str, float]:  # type: ignore[no-untyped-def]
    from auditor.azure import collect as room
    from auditor.azure.session import Run, collect

    if threads:
        room.THREADS, room.SUBSCRIPTIONS = threads, threads  # type: ignore[misc]
    memory: dict[int, int] = {}
    cpu, started = time.process_time(), time.monotonic()

    def tell(progress: room.Progress) -> None:
        memory.setdefault(progress.done, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.json.gz"
        footer = collect(session, found, Run(path, tell=tell))
        size = path.stat().st_size
    seconds = time.monotonic() - started
    marks = {n: memory[n] for n in sorted(memory) if not n or n % max(len(found.services) // 5, 1) == 0}
    told = {
        "way": title,
        "services": len(found.services),
        "subscriptions": len(found.subscriptions),
        "calls": footer.calls,
        "throttled": footer.throttled,
        "seconds": round(seconds, 1),
        "per_second": round(footer.calls / seconds, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mb_after_services": marks,
        "snapshot_mb": round(size / 1e6, 2),
        "whole": footer.complete,
    }
    print(json.dumps(told), flush=True)
    return told  # type: ignore[return-value]


if __name__ == "__main__":
    main()
