"""Where tokens lie in Vault: one KV version 2 path per host, read, written with check-and-set, and erased whole."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import hvac
from hvac import exceptions as hvac_errors

from zoom_connector.tokens import TokenConflictError
from zoom_connector.tokens.vault.session import Session
from zoom_connector.tokens.vault.troubles import VaultFailing, mount_wrong, says, too_narrow

FOLDER = "punctual/tokens"
EXAMPLE = "any-host"
CONFLICT = "did not match the current version"
NO_SUCH_MOUNT = "preflight capability check"
ERASED = 204

Document = dict[str, str]


@dataclass(frozen=True)
class Look:
    """What lies at a host's path. Without a document there was one, and somebody has deleted it by hand."""

    document: Document | None = field(repr=False)
    version: int


class Places:
    """All hosts' paths under one mount."""

    def __init__(self, session: Session, mount: str) -> None:
        self._session = session
        self._mount = mount
        self._mount_is_right = False

    def look(self, host_id: str) -> Look | None:
        """Read what lies there; None when nothing does."""
        path = _path(host_id)

        def ask(client: hvac.Client) -> Any:
            return client.secrets.kv.v2.read_secret_version(
                path, mount_point=self._mount, raise_on_deleted_version=False
            )

        try:
            found = self._session.call(f"read {self._mount}/data/{FOLDER}/*", ask, patient=False)
        except hvac_errors.InvalidPath:
            # Before it is believed that a host has no tokens: where there is no such mount, no host has any.
            self.check_mount()
            return None
        except hvac_errors.InvalidRequest as error:
            raise _refused(error) from None
        try:
            return Look(found["data"]["data"], found["data"]["metadata"]["version"])
        except (KeyError, TypeError):
            self.check_mount()
            raise VaultFailing(
                "What answers at VAULT_ADDR does not read as Vault does: is the address right?"
            ) from None

    def put(self, host_id: str, document: Document, *, over: int) -> int:
        """Write over version `over`, or where there is nothing. Raises `TokenConflictError`."""
        self._be_sure()
        path = _path(host_id)

        def ask(client: hvac.Client) -> Any:
            return client.secrets.kv.v2.create_or_update_secret(path, document, cas=over, mount_point=self._mount)

        try:
            answer = self._session.call(f"write {self._mount}/data/{FOLDER}/*", ask)
        except hvac_errors.InvalidPath:
            raise mount_wrong(self._mount, "does not exist") from None
        except hvac_errors.InvalidRequest as error:
            if CONFLICT not in says(error):
                raise _refused(error) from None
            return self._after_conflict(host_id, document, over)
        try:
            return int(answer["data"]["version"])
        except (KeyError, TypeError):
            self.check_mount()
            raise VaultFailing(
                "What answers at VAULT_ADDR does not write as Vault does: is the address right?"
            ) from None

    def _after_conflict(self, host_id: str, document: Document, over: int) -> int:
        found = self.look(host_id)
        if found is not None and found.document == document:
            # Our own write, whose answer never came.
            return found.version
        if found is not None and found.document is None and not over:
            return self.put(host_id, document, over=found.version)
        raise TokenConflictError(host_id)

    def erase(self, host_id: str) -> None:
        """Destroy all versions and the metadata."""
        self._be_sure()
        path = _path(host_id)

        def ask(client: hvac.Client) -> Any:
            return client.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point=self._mount)

        try:
            answer = self._session.call(f"delete {self._mount}/metadata/{FOLDER}/*", ask)
        except hvac_errors.InvalidPath:
            raise mount_wrong(self._mount, "does not exist") from None
        except hvac_errors.InvalidRequest as error:
            raise _refused(error) from None
        if getattr(answer, "status_code", None) != ERASED:
            raise VaultFailing("What answers at VAULT_ADDR does not erase as Vault does: is the address right?")

    def check(self) -> None:
        """Raise `VaultTrouble` when tokens could not be read, written and erased now."""
        self._check_policy()
        self.check_mount()

    def _check_policy(self) -> None:
        needed = {
            f"{self._mount}/data/{FOLDER}/{EXAMPLE}": ("create", "read", "update"),
            f"{self._mount}/metadata/{FOLDER}/{EXAMPLE}": ("delete",),
        }

        def ask(client: hvac.Client) -> dict[str, list[str]]:
            answer = client.sys.get_capabilities(paths=[*needed])
            return {path: answer["data"][path] for path in needed}

        try:
            granted = self._session.call("update sys/capabilities-self", ask, patient=False)
        except (hvac_errors.InvalidPath, hvac_errors.InvalidRequest) as error:
            raise _refused(error) from None
        lacking = [
            f"{capability} on {path.removesuffix(EXAMPLE)}*"
            for path, capabilities in needed.items()
            for capability in capabilities
            if not {capability, "root"} & set(granted[path])
        ]
        if lacking:
            raise too_narrow(lacking, self._mount)

    def check_mount(self) -> None:
        """Raise `VaultMountWrong` unless there is a KV version 2."""

        def ask(client: hvac.Client) -> Any:
            try:
                return client.adapter.get(f"/v1/sys/internal/ui/mounts/{self._mount}")["data"]
            except hvac_errors.Forbidden as error:
                if NO_SUCH_MOUNT in says(error):
                    return None
                raise

        try:
            about = self._session.call("read sys/internal/ui/mounts", ask, patient=False)
        except (hvac_errors.InvalidPath, hvac_errors.InvalidRequest) as error:
            raise _refused(error) from None
        if about is None:
            # Vault says the same of a mount that is not there and of one that is none of our business.
            self._check_policy()
        wrong = _what_is_wrong(about, self._mount)
        if wrong is not None:
            self._mount_is_right = False
            raise mount_wrong(self._mount, wrong)
        self._mount_is_right = True

    def _be_sure(self) -> None:
        # KV version 1 takes the same writes, keeps no versions, checks nothing, and says that all went well.
        if not self._mount_is_right:
            self.check_mount()


def _what_is_wrong(about: dict[str, Any] | None, mount: str) -> str | None:
    if about is None:
        return "does not exist"
    path, kind = str(about.get("path", "")).strip("/"), about.get("type")
    if path != mount:
        return f"is a folder of the mount {path!r}"
    if kind != "kv":
        return f"is a mount of type {kind!r}"
    version = (about.get("options") or {}).get("version", "1")
    return None if version == "2" else f"is KV version {version}"


def _refused(error: hvac_errors.VaultError) -> VaultFailing:
    words = " ".join(says(error).split())[:120]
    return VaultFailing(f"Vault does not take the request ({words}); it is tried again by itself")


def _path(host_id: str) -> str:
    """Name a host's place. Any id gives one name of one level, and no two ids the same."""
    return f"{FOLDER}/{quote(host_id, safe='').replace('.', '%2E').replace('%', '=')}"
