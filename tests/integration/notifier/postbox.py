"""A mail server for tests: real sockets, and told beforehand how to answer, drop or hang."""

import email
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage

Answer = str | None
"""What the server says; None cuts the connection."""


@dataclass(frozen=True)
class Got:
    """One mail that the server has taken."""

    sender: str
    recipient: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        """Read it as its recipient's program does."""
        found = email.message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def text(self) -> str:
        body = self.mail.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


@dataclass
class Postbox:
    """The server's memory and manners. `answers` maps a command's first word to what it says instead of yes."""

    port: int
    got: list[Got] = field(default_factory=list)
    answers: dict[str, Callable[[str], Answer]] = field(default_factory=dict)
    after_data: Callable[[Got], Answer] = field(default=lambda _: "250 taken")
    keep: Callable[[Got], bool] = field(default=lambda _: True)
    extensions: tuple[str, ...] = ("8BITMIME",)
    secret: ssl.SSLContext | None = None
    """With it the server speaks TLS: from the first byte, or after STARTTLS if it is offered."""
    connections: int = 0
    commands: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, recipient: str) -> list[Got]:
        """List what came for one address, in the order of its coming."""
        return [got for got in self.got if got.recipient == recipient]

    def mend(self) -> None:
        """Say yes to everything again."""
        self.answers.clear()
        self.after_data = lambda _: "250 taken"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: Postbox = self.server.box  # type: ignore[attr-defined]
        box.connections += 1
        sender = recipient = ""
        if box.secret and "STARTTLS" not in box.extensions and not self._encrypt(box.secret):
            return
        greeting = box.answers.get("CONNECT")
        if not self._say(greeting("") if greeting else "220 hello"):
            return
        while raw := self.rfile.readline():
            line = raw.decode().strip()
            word = line.split(" ", 1)[0].upper()
            box.commands.append(line)
            answer = box.answers.get(word)
            said = answer(line) if answer else self._usual(word, box)
            sender = _address(line) if word == "MAIL" else sender
            recipient = _address(line) if word == "RCPT" else recipient
            if said is not None and said.startswith("354"):
                self._say(said)
                got = Got(sender, recipient, b"".join(self._data()))
                if box.keep(got):
                    box.got.append(got)
                said = box.after_data(got)
            if not self._say(said) or word == "QUIT":
                return
            if word == "STARTTLS" and (box.secret is None or not self._encrypt(box.secret)):
                return

    def _usual(self, word: str, box: Postbox) -> str:
        if word == "EHLO":
            lines = ["postbox", *box.extensions]
            return "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)
        if word == "STARTTLS" and word not in box.extensions:
            return "502 no"
        return {"DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on"}.get(word, "250 ok")

    def _data(self) -> Iterator[bytes]:
        for line in self.rfile:
            if line == b".\r\n":
                return
            yield line.removeprefix(b".")

    def _encrypt(self, secret: ssl.SSLContext) -> bool:
        try:
            self.connection = secret.wrap_socket(self.connection, server_side=True)
        except OSError:
            return False
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        return True

    def _say(self, said: Answer) -> bool:
        if said is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        self.wfile.write(said.encode() + b"\r\n")
        return True


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away in the middle are what these tests are about."""


@contextmanager
def postbox(port: int = 0) -> Iterator[Postbox]:
    """Run a mail server; at the end nobody listens there any more."""
    with _Server(("127.0.0.1", port), _Conversation) as server:
        box = Postbox(server.server_address[1])
        server.box = box  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()
