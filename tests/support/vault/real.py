"""The real Vault in a container, made ready by our own script; and what skips a test where its image can't be had."""

import os
from typing import Any

import docker
import pytest
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config

from support.containers import OWNER, CannotStartError, docker_answers
from support.vault.server import POLICY
from zoom_connector.tokens.vault import AppRole

IMAGE = "hashicorp/vault:1.20"
SCRIPTS = "/punctual"


class RealVault:
    """A Vault in its development mode: unsealed, in memory."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self.url: str = container.get_connection_url()

    @classmethod
    def start(cls) -> "RealVault":
        """Start one, or skip the test: the stand-in runs everywhere and counts as the service."""
        try:
            docker_answers()
            _fetch_image()
            return cls(_container().start())
        except (CannotStartError, DockerException) as error:
            pytest.skip(f"{IMAGE} can't be had ({type(error).__name__}); the stand-in is tried instead")

    def new_mount(self, mount: str) -> AppRole:
        """Make a mount, a policy and a role with our own script."""
        folder = f"/tmp/{mount}"  # noqa: S108 - in the container
        self._run(
            f"env VAULT_ADDR=http://127.0.0.1:8200 VAULT_TOKEN={self._container.root_token} VAULT_MOUNT={mount}"
            f" ROLE_NAME={mount} ROLE_FOLDER={folder} sh {SCRIPTS}/setup.sh"
        )
        return AppRole(self._run(f"cat {folder}/role-id"), self._run(f"cat {folder}/secret-id"))

    def stop(self) -> None:
        """End it."""
        self._container.stop()

    def _run(self, command: str) -> str:
        done = self._container.exec(command)
        said = done.output.decode()
        assert done.exit_code == 0, said
        return str(said.strip())


def _container() -> Any:
    # Its module warns of its own decorators when it is imported; nobody who has no image needs to read that.
    from testcontainers.community.vault import VaultContainer  # noqa: PLC0415

    testcontainers_config.ryuk_disabled = True
    container = VaultContainer(IMAGE).with_volume_mapping(str(POLICY.parent), SCRIPTS, "ro")
    return container.with_kwargs(labels={OWNER: str(os.getpid())})


def _fetch_image() -> None:
    client = docker.from_env()
    try:
        if not client.images.list(IMAGE):
            client.images.pull(IMAGE)
    finally:
        client.close()
