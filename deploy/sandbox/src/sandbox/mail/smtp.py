"""The SMTP side of the mailbox: takes every mail, unless a fault says otherwise."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sandbox import faults
from sandbox.context import Sandbox
from sandbox.mail import mailbox

# aiosmtpd writes addresses into its log.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


def _take(box: Sandbox, place: str, recipients: list[str]) -> faults.Smtp | None:
    """Give the fault that strikes at this step of a conversation."""
    with box.store.transaction() as db:
        found = faults.take(
            db,
            lambda fault: (
                isinstance(fault, faults.Smtp)
                and fault.mode not in {"up", "down"}
                and fault.place == place
                and (fault.to is None or fault.to.lower() in [one.lower() for one in recipients])
            ),
        )
    return found if isinstance(found, faults.Smtp) else None


class Conversation(SMTP):
    """One client's connection."""

    box: Sandbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or refuse to speak."""
        fault = _take(self.box, "connect", [])
        if fault is None:
            super().connection_made(transport)
            return
        # aiosmtpd greets by itself; a refusal at the door has to be said before it does.
        self.session = self._create_session()
        self._reset_timeout()
        self._handler_coroutine = self.loop.create_task(asyncio.sleep(0))
        self.transport = transport
        if isinstance(transport, asyncio.Transport):
            if fault.mode in {"refuse", "reject"}:
                transport.write(f"{fault.reply}\r\n".encode())
                transport.close()
            elif fault.mode == "drop":
                transport.abort()
            else:
                self.loop.call_later(fault.seconds, transport.abort)


class Steps:
    """aiosmtpd's hooks: where faults strike, and where the mail is kept."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender."""
        del session
        refusal = await self._strike(server, "mail", [])
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take one recipient."""
        del session
        refusal = await self._strike(server, "rcpt", [address])
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail. A dropped connection comes after it is kept: the client can't know."""
        del session
        recipients = list(envelope.rcpt_tos)
        fault = _take(self._box, "data", recipients)
        if fault is not None and fault.mode in {"refuse", "reject"}:
            return fault.reply
        content = envelope.original_content or b""
        with self._box.store.transaction() as db:
            mailbox.keep(db, envelope.mail_from or "", recipients, content, self._box.now())
        if fault is not None:
            await _lose(server, fault)
        return "250 OK"

    async def _strike(self, server: SMTP, place: str, recipients: list[str]) -> str | None:
        fault = _take(self._box, place, recipients)
        if fault is None:
            return None
        if fault.mode in {"drop", "hang"}:
            await _lose(server, fault)
        return fault.reply


async def _lose(server: SMTP, fault: faults.Smtp) -> None:
    """Cut the connection, after a silence if that is the fault."""
    if fault.mode == "hang":
        await asyncio.sleep(fault.seconds)
    _abort(server)


def _abort(conversation: SMTP) -> None:
    if isinstance(conversation.transport, asyncio.Transport):
        conversation.transport.abort()


class SmtpServer:
    """An SMTP server on a thread of its own whose port can be closed and opened again."""

    def __init__(self, box: Sandbox, bind: str, port: int) -> None:
        self._box = box
        self._bind = bind
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[SMTP] = set()

    def start(self) -> None:
        """Open the port (and thereby choose one, if it is 0). Raises `OSError` when it is taken."""
        self._thread.start()
        try:
            self._run(self._listen())
        except OSError:
            self._end_loop()
            raise
        self.follow_faults()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._run(self._close())
        self._end_loop()

    def follow_faults(self) -> None:
        """Close or open the port as the faults say now."""
        with self._box.store.transaction() as db:
            down = faults.mailbox_is_down(db)
        if down and self._server is not None:
            self._run(self._close())
        elif not down and self._server is None:
            self._run(self._listen())

    def _run(self, work: Any) -> None:
        waiting: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        waiting.result(5)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(self._conversation, self._bind, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for conversation in self._open:
            _abort(conversation)
        self._open.clear()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _conversation(self) -> SMTP:
        conversation = Conversation(
            Steps(self._box),
            hostname="sandbox",
            enable_SMTPUTF8=True,
            data_size_limit=10_000_000,
            authenticator=_anybody,
            auth_require_tls=False,
            loop=self._loop,
        )
        conversation.box = self._box
        self._open = {one for one in self._open if one.transport is not None} | {conversation}
        return conversation

    def _end_loop(self) -> None:
        stop: Callable[[], None] = self._loop.stop
        self._loop.call_soon_threadsafe(stop)
        self._thread.join(2)
        if not self._thread.is_alive():
            self._loop.close()


def _anybody(*_: Any) -> AuthResult:
    """Let every name and password in: what counts is that the client can say them."""
    return AuthResult(success=True)
