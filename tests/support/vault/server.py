"""The stand-in's HTTP side, and what a test can do to it: seal it, stop it, end its tokens, watch it."""

import contextlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from support.vault.answers import Asked, RefusedError, Said, data, denied, done
from support.vault.mounts import KvOne, KvTwo, Mount
from support.vault.tokens import Role, Token, Tokens, read_policy
from zoom_connector.tokens.vault import AppRole

POLICY = Path(__file__).parents[3] / "deploy" / "vault" / "punctual.hcl"
ABOUT_MOUNTS = "sys/internal/ui/mounts/"
UNAUTHENTICATED = ("auth/approle/login",)
OPEN_WHEN_SEALED = ("sys/health", "sys/seal-status", "sys/init", "sys/unseal")


class FakeVault:
    """A Vault that is initialised and unsealed, with KV version 2 at `secret` and our AppRole, unless made `bare`.

    `trap`, when a test sets it, is called with each request before it is handled; `broken` is a status to answer
    everything with; a `stranger` is no Vault at all. `asked` has all requests, with the status of the answer.
    """

    def __init__(self, *, bare: bool = False) -> None:
        self._lock = threading.RLock()
        self.ahead = 0.0
        self.sealed = self.initialized = not bare
        self.sealed = bare
        self.unseal_key = secrets.token_hex(8)
        self.mounts: dict[str, Mount] = {}
        self.tokens = Tokens(lambda: time.monotonic() + self.ahead)
        self.asked: list[tuple[str, str, int]] = []
        self.trap: Callable[[Asked], None] | None = None
        self.broken = 0
        self.stranger = False
        self.port = 0
        if not bare:
            self.mounts["secret"] = KvTwo()
            self.tokens.policies["punctual"] = read_policy(POLICY.read_text())
            self.tokens.approle_enabled = True
            self.tokens.roles["punctual"] = Role("our-role", ["punctual"], secrets={"our-secret"})
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def role(self) -> Role:
        """Our AppRole."""
        return self.tokens.roles["punctual"]

    def environ(self) -> dict[str, str]:
        """Give what a connector is told to log in here with our AppRole."""
        return {"VAULT_ADDR": self.url, "VAULT_ROLE_ID": "our-role", "VAULT_SECRET_ID": "our-secret"}

    def new_mount(self, mount: str) -> AppRole:
        """Make an empty KV version 2, and a role with our policy for it."""
        with self._lock:
            self.mounts[mount] = KvTwo()
            self.tokens.policies[mount] = read_policy(POLICY.read_text().replace('"secret/', f'"{mount}/'))
            self.tokens.roles[mount] = Role(f"role-of-{mount}", [mount], secrets={"its-secret"})
        return AppRole(f"role-of-{mount}", "its-secret")

    def start(self) -> None:
        """Serve, at the same port as before."""
        self._server = _Server(self, self.port)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="vault", daemon=True).start()

    def stop(self) -> None:
        """Go away, from one moment to the next. What is stored stays."""
        self._server.end()

    def seal(self) -> None:
        self.sealed = True

    def unseal(self) -> None:
        self.sealed = False

    def end_tokens(self) -> None:
        """End every token but root's, as their time does."""
        with self._lock:
            self.tokens.tokens = {self.tokens.root: self.tokens.tokens[self.tokens.root]}

    def logins(self) -> int:
        """Count the tokens that were given for our role."""
        return sum(path == "auth/approle/login" and status == 200 for _, path, status in list(self.asked))

    def calls(self, method: str, path: str) -> int:
        """Count the requests to a path, whatever their answer."""
        return sum((one, other) == (method, path) for one, other, _ in list(self.asked))

    def storage(self) -> str:
        """Give all that every mount holds."""
        with self._lock:
            return "\n".join(mount.storage() for mount in self.mounts.values())

    def answer(self, asked: Asked) -> Said:
        """Do what is asked."""
        if self.trap is not None:
            self.trap(asked)
        with self._lock:
            try:
                said = self._answer(asked)
            except RefusedError as refused:
                said = refused.said
            self.asked.append((asked.method, asked.path, said.status))
        return said

    def _answer(self, asked: Asked) -> Said:
        if self.broken:
            raise RefusedError(self.broken, "something is broken")
        if asked.path in OPEN_WHEN_SEALED:
            return self._about_the_seal(asked)
        if self.sealed:
            raise RefusedError(503, "Vault is sealed")
        if asked.path in UNAUTHENTICATED and self.tokens.approle_enabled:
            return self.tokens.login(asked)
        token = self.tokens.check(asked.token)
        if asked.path.startswith(ABOUT_MOUNTS):
            return self._about_mount(asked.path.removeprefix(ABOUT_MOUNTS), token)
        name, mount = self._mount(asked.path)
        below = asked.path.removeprefix(f"{name}/")
        needed = asked.capability
        if mount is not None and needed == "update" and not mount.exists(below):
            needed = "create"
        if not self.tokens.capabilities(token, asked.path) & {needed, "root"}:
            raise denied()
        return mount.handle(asked, below) if mount is not None else self._serve_itself(asked, token)

    def _about_mount(self, path: str, token: Token) -> Said:
        name, mount = self._mount(path)
        if mount is None or not self.tokens.reaches(token, name):
            raise RefusedError(403, f'preflight capability check returned 403, please ensure "{path}/"')
        return data({"path": f"{name}/", "type": "kv", "options": {"version": mount.version}})

    def _serve_itself(self, asked: Asked, token: Token) -> Said:
        if asked.path.startswith("auth/token/"):
            return self.tokens.own(asked, token)
        if asked.path == "sys/capabilities-self":
            found = {path: sorted(self.tokens.capabilities(token, path)) for path in asked.body["paths"]}
            return Said(200, {"data": found, **found})
        return self._administer(asked)

    def _mount(self, path: str) -> tuple[str, Mount | None]:
        name = max((name for name in self.mounts if f"{path}/".startswith(f"{name}/")), key=len, default="")
        return name, self.mounts.get(name)

    def _administer(self, asked: Asked) -> Said:
        if asked.path.startswith("auth/approle/role/") and self.tokens.approle_enabled:
            return self.tokens.approle(asked)
        kind, _, name = asked.path.removeprefix("sys/").partition("/")
        match kind, asked.method:
            case "mounts", "GET" if name in self.mounts:
                return data({"type": "kv", "options": {"version": self.mounts[name].version}})
            case "mounts", "GET":
                raise RefusedError(400, f"No secret engine mount at {name}/")
            case "mounts", "POST":
                self.mounts[name] = KvTwo() if asked.body.get("options", {}).get("version") == "2" else KvOne()
            case "policies", "POST" | "PUT":
                self.tokens.policies[name.removeprefix("acl/")] = read_policy(asked.body["policy"])
            case "auth", "GET":
                return data({"token/": {}} | ({"approle/": {}} if self.tokens.approle_enabled else {}))
            case "auth", "POST":
                self.tokens.approle_enabled = True
            case _:
                raise RefusedError(404, f'no handler for route "{asked.path}". route entry not found.')
        return done()

    def _about_the_seal(self, asked: Asked) -> Said:
        if asked.path == "sys/init" and asked.method != "GET":
            if self.initialized:
                raise RefusedError(400, "Vault is already initialized")
            self.initialized = True
            return Said(200, {"keys_base64": [self.unseal_key], "root_token": self.tokens.root})
        if asked.path == "sys/unseal":
            if asked.body.get("key") != self.unseal_key:
                raise RefusedError(400, "failed to decrypt keys from storage")
            self.unseal()
        return Said(200, {"initialized": self.initialized, "sealed": self.sealed})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, vault: FakeVault, port: int) -> None:
        self.vault = vault
        self._links: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._links.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._links.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        for link in list(self._links):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        address = urlsplit(self.path)
        path = unquote(address.path).removeprefix("/v1/").rstrip("/")
        query = dict(parse_qsl(address.query))
        method = "LIST" if query.get("list") == "true" else self.command
        said = self.server.vault.answer(Asked(method, path, self.headers.get("X-Vault-Token", ""), body or {}, query))
        written = json.dumps(said.body).encode() if said.body is not None else b""
        kind = "application/json"
        if self.server.vault.stranger:
            said, written, kind = Said(200), b"<h1>It works!</h1>", "text/html"
        self.send_response(said.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    do_GET = do_POST = do_PUT = do_DELETE = do_LIST = do_PATCH = _handle  # noqa: N815 - the base class's names

    def log_message(self, *_: Any) -> None:
        """Say nothing: what a test wants to know is in `asked`."""
