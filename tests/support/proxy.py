"""A wire between a client and a server that can be held, half held and cut, with TLS on the client's side if wanted."""

import contextlib
import select
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field

CHUNK = 65536
LOOK = 0.02
"""Seconds between two looks at whether the wire is to be cut."""
AT_ONCE = struct.pack("ii", 1, 0)
"""Linger for no time: closing sends a reset instead of a goodbye."""


@dataclass
class _Line:
    client: socket.socket
    server: socket.socket
    cut: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Carries bytes both ways until told otherwise. `address` is where clients connect.

    `accepted` and `refused` count connections, `asked` the pieces that came from clients.
    """

    def __init__(self, server: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = ("127.0.0.1", self._listener.getsockname()[1])
        self.accepted = 0
        self.refused = 0
        self.asked = 0
        self._requests, self._answers = threading.Event(), threading.Event()
        self._refusing = False
        self._lines: list[_Line] = []
        self.mend()
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def hold_answers(self) -> None:
        """Keep what the server says from the client; it comes late, when the wire is mended."""
        self._answers.clear()

    def hold(self) -> None:
        """Let both sides wait, as on a connection of which one half is gone."""
        self._answers.clear()
        self._requests.clear()

    def mend(self) -> None:
        """Carry on, with what was held first."""
        self._refusing = False
        self._answers.set()
        self._requests.set()

    def reset(self) -> None:
        """Break every connection without goodbye."""
        for line in self._lines:
            line.cut.set()
        self._lines.clear()

    def refuse(self) -> None:
        """Break every connection and take no new ones until mended."""
        self._refusing = True
        self.reset()

    def open(self) -> int:
        """Count the connections that are open now."""
        return sum(not line.cut.is_set() for line in self._lines)

    def close(self) -> None:
        """End it."""
        self.refuse()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refusing:
                    self.refused += 1
                    client.close()
                    continue
                self.accepted += 1
                threading.Thread(target=self._connect, args=(client,), name="proxy", daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            server = socket.create_connection(self._server, timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        line = _Line(client, server)
        self._lines.append(line)
        for source, target, gate in ((client, server, self._requests), (server, client, self._answers)):
            threading.Thread(target=self._carry, args=(line, source, target, gate), name="proxy", daemon=True).start()

    def _carry(self, line: _Line, source: socket.socket, target: socket.socket, gate: threading.Event) -> None:
        with contextlib.suppress(OSError, ValueError):
            while not line.cut.is_set():
                waiting = source.pending() if isinstance(source, ssl.SSLSocket) else 0
                if not waiting and not select.select([source], [], [], LOOK)[0]:
                    continue
                data = source.recv(CHUNK)
                self.asked += source is line.client
                while not gate.wait(LOOK) and not line.cut.is_set():
                    pass
                if not data or line.cut.is_set():
                    break
                target.sendall(data)
        if line.cut.is_set():
            for one in (line.client, line.server):
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        line.cut.set()
        for one in (line.client, line.server):
            with contextlib.suppress(OSError):
                one.close()
