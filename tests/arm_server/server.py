"""The stand-in on a socket: HTTP/1.1 with keep-alive, over TLS with a certificate of a CA made for the
occasion."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import trustme

from tests.arm_server import answers
from tests.arm_server.answers import Answer
from tests.arm_server.entra import TENANT
from tests.arm_server.ids import Place
from tests.arm_server.limits import Limits
from tests.arm_server.lists import Paging
from tests.arm_server.service import Management, Request
from tests.arm_server.state import Source

HOST = "127.0.0.1"
WAYS = ("secret", "workload", "managed-identity", "imds", "github-oidc", "none")
"""Ways to sign in."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet an answer
    timeout = 120
    management: Management

    def _handle(self) -> None:
        split = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            place=Place.at(split.path),
            raw_query=split.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )
        try:
            answer = self.management.answer(request)
        except Exception as broken:
            # A defect of the stand-in must not look like Azure's: tests find it in ``broken``.
            self.management.broken.append(broken)
            answer = answers.error(500, "StandInBroke", repr(broken))
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def _send(self, answer: Answer) -> None:
        if answer.sending == "reset":
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.sending == "cut":
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Nothing: ``Management.log`` keeps the requests."""


class _Sockets(ThreadingHTTPServer):
    """A thread for each connection; the handshake is done there, and what is open at the end is ended."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(address, _Handler)
        self._context = context
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        plain, address = super().get_request()
        plain.settimeout(30)
        secure = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._guard:
            self._open.add(secure)
        return secure, address

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def end_connections(self) -> None:
        with self._guard:
            still_open = list(self._open)
        for one in still_open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class ArmServer(Management):
    """The management API on ``https://127.0.0.1:port``; use it as a context manager.

    Args:
        estate: what is there, computed (``estates.Estate``); ``state.put`` adds to it and changes it.
        tenant_id: the tenant of its subscriptions.
        limits: Resource Manager's throttling (``Limits()``: as documented); None: none.
        latency: seconds that every answer of Resource Manager takes at least.
        paging: size of pages, counts, ``nextLink: ""``.
        port: 0 for any that is free.
    """

    def __init__(
        self,
        *,
        estate: Source | None = None,
        tenant_id: str = TENANT,
        limits: Limits | None = None,
        latency: float = 0.0,
        paging: Paging | None = None,
        port: int = 0,
    ) -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST, "localhost", "::1", "*.vault.azure.net").configure_cert(context)
        self._sockets = _Sockets((HOST, port), context)
        self.port = int(self._sockets.server_address[1])
        self.url = f"https://{HOST}:{self.port}"
        """The endpoint of Resource Manager, and of sign-in."""
        super().__init__(
            self.url, estate=estate, tenant_id=tenant_id, limits=limits, latency=latency, paging=paging
        )
        self._folder = tempfile.TemporaryDirectory(prefix="arm-server-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        """The CA that its certificate is of."""
        authority.cert_pem.write_to_path(str(self.ca_file))
        handler = type("Handler", (_Handler,), {"management": self})
        self._sockets.RequestHandlerClass = handler
        self._thread = threading.Thread(target=self._sockets.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sockets.shutdown()
        self._sockets.end_connections()
        self._sockets.server_close()
        self._thread.join()
        self._folder.cleanup()

    @property
    def scope(self) -> str:
        """The scope to ask tokens for."""
        return f"{self.url}/.default"

    def environment(self, auth: str = "secret") -> dict[str, str]:
        """The variables with which Azure's clients find it and sign in to it.

        Args:
            auth: one of ``WAYS``; ``managed-identity`` is the one of App Service.
        """
        ca = str(self.ca_file)
        found = {
            "REQUESTS_CA_BUNDLE": ca,
            "SSL_CERT_FILE": ca,
            "CURL_CA_BUNDLE": ca,
            "NO_PROXY": HOST,
            "no_proxy": HOST,
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_TENANT_ID": self.tenant_id,
        }
        client = self.entra.client
        if auth in ("secret", "workload", "github-oidc"):
            found["AZURE_CLIENT_ID"] = client.client_id
        match auth:
            case "secret":
                found["AZURE_CLIENT_SECRET"] = client.secret
            case "workload":
                token_file = Path(self._folder.name) / "federated-token"
                token_file.write_text(self.entra.federated_token(), "utf-8")
                found["AZURE_FEDERATED_TOKEN_FILE"] = str(token_file)
            case "managed-identity":
                found["IDENTITY_ENDPOINT"] = f"{self.url}/identity/token"
                found["IDENTITY_HEADER"] = self.entra.identity_header
            case "imds":
                found["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = self.url
            case "github-oidc":
                found["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.url}/actions/idtoken?api-version=2.0"
                found["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = self.entra.actions_token
            case "none":
                pass
            case _:
                raise ValueError(f"no such way to sign in: {auth}")
        return found


SIGN_IN_VARIABLES = (
    *(
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_CLIENT_CERTIFICATE_PATH",
    ),
    *("AZURE_USERNAME", "AZURE_PASSWORD", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IMDS_ENDPOINT"),
    *("MSI_ENDPOINT", "MSI_SECRET", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "ACTIONS_ID_TOKEN_REQUEST_URL"),
    *("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "AZURE_TOKEN_CREDENTIALS", "HTTPS_PROXY", "https_proxy"),
    *("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"),
)
"""What a machine may have set and a test must not see."""
