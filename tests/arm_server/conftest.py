"""What the stand-in's own tests share: a small estate, and plain requests to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.arm_server.clients import Raw, secret_credential
from tests.arm_server.estates import Estate
from tests.arm_server.fixtures import StartArm, use
from tests.arm_server.server import ArmServer


@pytest.fixture
def server(start_arm: StartArm, monkeypatch: pytest.MonkeyPatch) -> ArmServer:
    """Three services with five APIs each."""
    server = start_arm(estate=Estate(3, 5, 4))
    use(server, monkeypatch)
    return server


def _requests(server: ArmServer) -> Iterator[Raw]:
    with secret_credential(server) as credential:
        client = Raw(server, credential)
        yield client
        client.close()


@pytest.fixture
def raw(server: ArmServer) -> Iterator[Raw]:
    """Requests to the estate."""
    yield from _requests(server)


@pytest.fixture
def arm_raw(arm: ArmServer) -> Iterator[Raw]:
    """Requests to a server with nothing in it."""
    yield from _requests(arm)
