"""Run the stand-in by hand; see the package."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.arm_server.estates import Estate
from tests.arm_server.faults import KINDS
from tests.arm_server.feeds import FeedError, load
from tests.arm_server.limits import Limits
from tests.arm_server.lists import Paging
from tests.arm_server.server import WAYS, ArmServer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.arm_server", description=__doc__)
    parser.add_argument("--from", dest="feeds", action="append", default=[], type=Path, metavar="PATH")
    parser.add_argument(
        "--estate",
        type=_estate,
        metavar="SERVICESxAPISxOPERATIONS",
        help="a computed estate, e.g. 200x100x10",
    )
    parser.add_argument(
        "--per-subscription", type=int, default=100, metavar="N", help="services of the estate in each"
    )
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="MS", help="milliseconds for every answer"
    )
    parser.add_argument("--page-size", type=int, default=100)
    parser.add_argument(
        "--no-limits", action="store_true", help="no throttling as Resource Manager documents it"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:GLOB]",
        help=f"let requests go wrong: {', '.join(KINDS)}",
    )
    parser.add_argument("--auth", default="secret", choices=WAYS, help="which sign-in to print variables for")
    return parser


def _estate(text: str) -> Estate:
    services, apis, operations = map(int, text.lower().split("x"))
    return Estate(services, apis, operations)


def _prepare(server: ArmServer, options: argparse.Namespace) -> None:
    for feed in options.feeds:
        load(server.state, feed)
    for fault in options.fault:
        kind, _, glob = fault.partition(":")
        if kind not in KINDS:
            raise FeedError(f"no such fault: {kind}")
        server.fault(kind, glob or "*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the environment to use it with goes to stdout, as lines for a shell."""
    options = _parser().parse_args(arguments)
    if options.estate is not None:
        options.estate = replace(options.estate, per_subscription=options.per_subscription)
    server = ArmServer(
        estate=options.estate,
        limits=None if options.no_limits else Limits(),
        latency=options.latency / 1000,
        paging=Paging(size=options.page_size),
        port=options.port,
    )
    stop = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())
    with server:
        try:
            _prepare(server, options)
        except (FeedError, OSError) as wrong:
            sys.stderr.write(f"{wrong}\n")
            return 2
        for name, value in {**server.environment(options.auth), "ARM_ENDPOINT": server.url}.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.write(f"# {len(server.source.subscriptions())} subscriptions:")
        sys.stdout.write(f" {' '.join(list(server.source.subscriptions())[:50])}\n")
        sys.stdout.flush()
        stop.wait()
        answered = ", ".join(f"{count}x {status}" for status, count in sorted(server.log.statuses().items()))
        sys.stderr.write(
            f"answered {len(server.log)} requests ({answered}); refused {len(server.writes)} writes\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
