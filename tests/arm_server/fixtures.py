"""A running stand-in for tests; ``conftest`` makes these fixtures known everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.arm_server.server import ArmServer

StartArm = Callable[..., "ArmServer"]


@pytest.fixture
def start_arm() -> Iterator[StartArm]:
    """Start servers with any arguments of ``ArmServer``; they stop with the test."""
    from tests.arm_server.server import ArmServer

    started: list[ArmServer] = []
    with ExitStack() as servers:

        def start(**options: Any) -> ArmServer:
            started.append(servers.enter_context(ArmServer(**options)))
            return started[-1]

        yield start
    assert not [wrong for server in started for wrong in server.broken]


@pytest.fixture
def arm(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch) -> ArmServer:
    """A server with nothing in it, and the environment that leads Azure's clients to it (a client secret)."""
    server = start_arm()
    use(server, monkeypatch)
    return server


def use(server: ArmServer, monkeypatch: pytest.MonkeyPatch, auth: str = "secret") -> None:
    """Set the environment for a server; ``auth`` as in ``ArmServer.environment``."""
    from tests.arm_server.server import SIGN_IN_VARIABLES

    for name in SIGN_IN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment(auth).items():
        monkeypatch.setenv(name, value)
