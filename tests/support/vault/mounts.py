"""Key-value mounts as Vault has them: version 2 with versions and check-and-set, version 1 that takes anything."""

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from support.vault.answers import Asked, RefusedError, Said, data, done

CREATED = "2026-12-01T10:00:00.000000000Z"
DELETED = "2026-12-01T11:00:00.000000000Z"
MAX_VERSIONS = 10


class Mount(Protocol):
    """A secrets engine behind a path."""

    version: str

    def exists(self, path: str) -> bool:
        """Say whether a write would update; else it would create."""

    def handle(self, asked: Asked, path: str) -> Said:
        """Answer a request that is allowed. `path` is below the mount."""

    def storage(self) -> str:
        """Give all that is stored, as it would be found on the disk if it were not encrypted."""


@dataclass
class KvOne:
    """KV version 1: the paths of version 2 are just names to it, and nobody checks anything."""

    version: str = "1"
    values: dict[str, Any] = field(default_factory=dict)

    def exists(self, path: str) -> bool:
        return path in self.values

    def handle(self, asked: Asked, path: str) -> Said:
        if asked.method == "GET":
            if path not in self.values:
                raise RefusedError(404)
            return data(self.values[path])
        if asked.method == "DELETE":
            self.values.pop(path, None)
        else:
            self.values[path] = asked.body
        return done()

    def storage(self) -> str:
        return json.dumps(self.values)


@dataclass
class Secret:
    """All versions of one secret; a deleted one can come back, a destroyed one is gone, its number is not."""

    current: int = 0
    versions: dict[int, Any] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    destroyed: set[int] = field(default_factory=set)

    def metadata(self, version: int) -> dict[str, Any]:
        return {
            "version": version,
            "created_time": CREATED,
            "deletion_time": DELETED if version in self.deleted else "",
            "destroyed": version in self.destroyed,
            "custom_metadata": None,
        }


@dataclass
class KvTwo:
    """KV version 2. `upgrading` is how it answers while a version 1 is being made into it."""

    version: str = "2"
    secrets: dict[str, Secret] = field(default_factory=dict)
    upgrading: bool = False

    def exists(self, path: str) -> bool:
        return path.partition("/")[2] in self.secrets

    def handle(self, asked: Asked, path: str) -> Said:
        if self.upgrading:
            raise RefusedError(
                400,
                "Upgrading from non-versioned to versioned data. This backend will be unavailable"
                " for a brief period and will resume service shortly.",
            )
        kind, _, name = path.partition("/")
        match kind, asked.method:
            case "data", "GET":
                return self._read(name, int(asked.query.get("version", 0)))
            case "data", "POST" | "PUT":
                return self._write(name, asked.body)
            case "data", "DELETE":
                secret = self._secret(name)
                secret.deleted.add(secret.current)
            case "delete" | "undelete" | "destroy", "POST" | "PUT":
                self._change(kind, self._secret(name), asked.body["versions"])
            case "metadata", "DELETE":
                self.secrets.pop(name, None)
            case "metadata", "GET":
                return self._metadata(self._secret(name))
            case "metadata", "LIST":
                return self._list(name)
            case _:
                raise RefusedError(404, "1 error occurred:\n\t* unsupported path\n\n")
        return done()

    def storage(self) -> str:
        return json.dumps({name: [secret.current, secret.versions] for name, secret in self.secrets.items()})

    def _secret(self, name: str) -> Secret:
        if name not in self.secrets:
            raise RefusedError(404)
        return self.secrets[name]

    def _read(self, name: str, version: int) -> Said:
        secret = self._secret(name)
        version = version or secret.current
        if version not in secret.versions and version not in secret.destroyed:
            raise RefusedError(404)
        metadata = secret.metadata(version)
        if version in secret.deleted | secret.destroyed:
            raise RefusedError(404, data={"data": None, "metadata": metadata})
        return data({"data": secret.versions[version], "metadata": metadata})

    def _write(self, name: str, body: dict[str, Any]) -> Said:
        if "data" not in body:
            raise RefusedError(400, "no data provided")
        secret = self.secrets.get(name, Secret())
        cas = body.get("options", {}).get("cas")
        if cas is not None and cas != secret.current:
            raise RefusedError(400, "check-and-set parameter did not match the current version")
        secret.current += 1
        secret.versions[secret.current] = body["data"]
        secret.versions.pop(secret.current - MAX_VERSIONS, None)
        self.secrets[name] = secret
        return data(secret.metadata(secret.current))

    def _change(self, how: str, secret: Secret, versions: list[int]) -> None:
        if how == "undelete":
            secret.deleted -= set(versions)
        elif how == "delete":
            secret.deleted |= set(versions)
        else:
            secret.destroyed |= set(versions)
            for version in versions:
                secret.versions.pop(version, None)

    def _metadata(self, secret: Secret) -> Said:
        versions = {str(version): secret.metadata(version) for version in {*secret.versions, *secret.destroyed}}
        return data({"current_version": secret.current, "versions": versions})

    def _list(self, name: str) -> Said:
        found = sorted(known.removeprefix(name) for known in self.secrets if known.startswith(name))
        if not found:
            raise RefusedError(404)
        return data({"keys": found})
