"""Who may do what: tokens with their ends, policies, and an AppRole that gives tokens for a secret."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support.vault.answers import Asked, RefusedError, Said, auth, data, done

LOCKED_AFTER = 5
"""Wrong secrets for one role; Vault then says no to the right one, too, for a quarter of an hour."""
LOCKED_SECONDS = 900.0

Policy = dict[str, set[str]]
"""Paths, which may end in `*`, and the capabilities there."""


def read_policy(text: str) -> Policy:
    """Read as much of HCL as a policy needs."""
    text = re.sub(r"(?m)#.*$", "", text)
    rules = re.findall(r'path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]', text)
    return {path: set(re.findall(r'"(\w+)"', capabilities)) for path, capabilities in rules}


@dataclass
class Token:
    """`ends_at` None is for ever; no renewal reaches beyond `last_at`."""

    policies: list[str]
    ttl: float = 0
    ends_at: float | None = None
    last_at: float = float("inf")
    renewable: bool = True
    entity: str = "token"


@dataclass
class Role:
    """An AppRole."""

    role_id: str
    policies: list[str] = field(default_factory=list)
    ttl: float = 3600
    max_ttl: float = 86400
    secrets: set[str] = field(default_factory=set)
    wrong: int = 0
    locked_until: float = 0


class Tokens:
    """All that Vault knows about who somebody is."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.root = "root-" + secrets.token_hex(8)
        self.tokens: dict[str, Token] = {self.root: Token(["root"], renewable=False)}
        self.policies: dict[str, Policy] = {}
        self.roles: dict[str, Role] = {}
        self.approle_enabled = False
        self.over = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"

    def make(self, policies: list[str], ttl: float, max_ttl: float = 86400, **more: Any) -> str:
        """Make a token that lives `ttl` seconds."""
        name = "hvs." + secrets.token_urlsafe(24)
        now = self._now()
        self.tokens[name] = Token(policies, ttl, now + min(ttl, max_ttl), now + max_ttl, **more)
        return name

    def check(self, name: str) -> Token:
        """Find a token that is still good."""
        token = self.tokens.get(name)
        if token is None or (token.ends_at is not None and token.ends_at <= self._now()):
            self.tokens.pop(name, None)
            raise RefusedError(403, self.over)
        return token

    def capabilities(self, token: Token, path: str) -> set[str]:
        """Say what a token may do at a path: the most exact rule counts, of all its policies together."""
        if "root" in token.policies:
            return {"root"}
        granted: dict[str, set[str]] = {}
        for name in token.policies:
            for rule, capabilities in self.policies.get(name, {}).items():
                if path == rule or (rule.endswith("*") and path.startswith(rule[:-1])):
                    granted.setdefault(rule, set()).update(capabilities)
        return granted[max(granted, key=len)] if granted else {"deny"}

    def reaches(self, token: Token, mount: str) -> bool:
        """Say whether a token has any business below a mount."""
        return "root" in token.policies or any(
            rule.startswith(f"{mount}/") for name in token.policies for rule in self.policies.get(name, {})
        )

    def own(self, asked: Asked, token: Token) -> Said:
        """Answer what a token asks about itself."""
        left = 0 if token.ends_at is None else int(token.ends_at - self._now())
        match asked.path:
            case "auth/token/lookup-self":
                return data({"id": asked.token, "ttl": left, "renewable": token.renewable, "policies": token.policies})
            case "auth/token/renew-self" if token.renewable:
                token.ends_at = min(self._now() + token.ttl, token.last_at)
                return self._given(asked.token, token)
            case "auth/token/renew-self":
                raise RefusedError(400, "lease is not renewable")
            case "auth/token/revoke-self":
                self.tokens.pop(asked.token, None)
                return done()
            case _:
                raise RefusedError(404)

    def approle(self, asked: Asked) -> Said:
        """Make roles and their secrets."""
        name, _, what = asked.path.removeprefix("auth/approle/role/").partition("/")
        if asked.method != "GET" and not what:
            role = self.roles.setdefault(name, Role(secrets.token_hex(8)))
            role.policies = [*asked.body["token_policies"].split(",")]
            if asked.body.get("token_no_default_policy") not in (True, "true"):
                role.policies.append("default")
            return done()
        if name not in self.roles:
            raise RefusedError(404)
        role = self.roles[name]
        if what == "role-id":
            return data({"role_id": role.role_id})
        secret = secrets.token_hex(16)
        role.secrets.add(secret)
        return data({"secret_id": secret})

    def login(self, asked: Asked) -> Said:
        """Give a token for a role's id and secret."""
        role_id, secret_id = (str(asked.body.get(name, "")).strip() for name in ("role_id", "secret_id"))
        role = next((role for role in self.roles.values() if role.role_id == role_id), None)
        if role is None:
            raise RefusedError(400, "invalid role or secret ID")
        if role.locked_until > self._now():
            raise RefusedError(403, "1 error occurred:\n\t* permission denied\n\n")
        if secret_id not in role.secrets:
            role.wrong += 1
            if role.wrong >= LOCKED_AFTER:
                role.locked_until = self._now() + LOCKED_SECONDS
            raise RefusedError(400, "invalid role or secret ID")
        role.wrong = 0
        name = self.make(role.policies, role.ttl, role.max_ttl, entity="approle")
        return self._given(name, self.tokens[name])

    def _given(self, name: str, token: Token) -> Said:
        left = 0 if token.ends_at is None else round(token.ends_at - self._now())
        return auth(client_token=name, policies=token.policies, lease_duration=left, renewable=token.renewable)
