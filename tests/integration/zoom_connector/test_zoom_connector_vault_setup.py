"""The scripts that make a Vault ready, as they are, with a stand-in for its CLI: what they leave lets us in."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.testing import eventually
from support.vault import FakeVault, cli
from support.vault.mounts import KvOne
from support.vault.server import POLICY
from zoom_connector.tokens.vault import AppRole, Link, VaultTokenStore
from zoom_connector.tokens.vault.troubles import VaultDenied


@dataclass
class Place:
    """A Vault, a stand-in for its CLI, and the folders of the scripts."""

    vault: FakeVault
    folder: Path

    def __post_init__(self) -> None:
        command = self.folder / "bin" / "vault"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {cli.__file__} "$@"\n')
        command.chmod(0o755)
        self.environment = {
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            "VAULT_ADDR": self.vault.url,
            "KEYS_FOLDER": str(self.folder / "keys"),
            "ROLE_FOLDER": str(self.folder / "role"),
            "PATIENCE_SECONDS": "0",
        }

    def run(self, script: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return subprocess.run(
            ["sh", str(POLICY.parent / script)],
            env=self.environment | changed,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def role(self, folder: str = "role") -> AppRole:
        """Give what was left for the connector."""
        role_id, secret_id = ((self.folder / folder / name).read_text().strip() for name in ("role-id", "secret-id"))
        return AppRole(role_id, secret_id)

    def lets_in(self, role: AppRole, mount: str = "secret") -> bool:
        """Say whether a connector with this role finds all that it needs."""
        store = VaultTokenStore(Link(self.vault.url), role, mount=mount)
        store.ping()
        store.close()
        return True


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a Vault that nobody has initialised."""
    made = Place(FakeVault(bare=True), tmp_path)
    yield made
    made.vault.stop()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """Give one that was initialised by the script, and what it said; each test leaves it in order."""
    made = Place(FakeVault(bare=True), Path(tmp_path_factory.mktemp("begun")))
    done = made.run("initialize.sh")
    assert done.returncode == 0, done.stderr
    yield made, done.stdout + done.stderr
    made.vault.stop()


@pytest.fixture
def ready(begun: tuple[Place, str]) -> Place:
    """Give it without what was said."""
    return begun[0]


def test_a_new_vault_is_initialised_unsealed_and_lets_the_connector_in(ready: Place) -> None:
    assert ready.lets_in(ready.role())
    assert ready.vault.role.policies == ["punctual"]


def test_what_they_leave_is_for_one_users_eyes_and_nothing_of_it_is_said(begun: tuple[Place, str]) -> None:
    place, said = begun

    files = [file for name in ("role", "keys") for file in (place.folder / name).iterdir()]
    assert sorted(file.name for file in files) == ["init", "role-id", "secret-id"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    for secret in (place.vault.unseal_key, place.vault.tokens.root, place.role().secret_id):
        assert secret not in said


def test_run_again_they_unseal_it_and_change_nothing(ready: Place) -> None:
    before = ready.role()
    ready.vault.seal()
    again = ready.run("initialize.sh")

    assert again.returncode == 0, again.stderr
    assert not ready.vault.sealed
    assert ready.role() == before
    assert len(ready.vault.role.secrets) == 1
    assert list(ready.vault.tokens.tokens) == [ready.vault.tokens.root], "no token is left from trying the secret"


def test_a_secret_that_vault_no_longer_takes_is_made_anew(ready: Place) -> None:
    ready.vault.role.secrets.clear()
    ready.run("setup.sh", VAULT_TOKEN=ready.vault.tokens.root)

    assert ready.lets_in(ready.role())


def test_a_version_1_mount_is_left_as_it_is_and_named(ready: Place) -> None:
    ready.vault.mounts["old"] = KvOne()
    done = ready.run("setup.sh", VAULT_TOKEN=ready.vault.tokens.root, VAULT_MOUNT="old")

    assert done.returncode == 1
    assert "old is no KV version 2" in done.stderr


def test_another_mount_gets_a_role_and_a_policy_of_its_own(ready: Place) -> None:
    others = {"VAULT_MOUNT": "kv/zoom", "ROLE_NAME": "other", "ROLE_FOLDER": str(ready.folder / "other")}
    assert ready.run("setup.sh", VAULT_TOKEN=ready.vault.tokens.root, **others).returncode == 0

    assert ready.lets_in(ready.role("other"), "kv/zoom")
    with pytest.raises(VaultDenied):
        ready.lets_in(ready.role("other"), "secret")


def test_kept_unsealed_it_stays_so_until_told_to_end(ready: Place) -> None:
    keeping = subprocess.Popen(
        ["sh", str(POLICY.parent / "initialize.sh"), "keep-unsealed"],
        env=ready.environment | {"EVERY_SECONDS": "0.05"},
        stdout=subprocess.DEVNULL,
    )
    for _ in range(2):
        ready.vault.stop()
        ready.vault.seal()
        ready.vault.start()
        eventually(lambda: not ready.vault.sealed)
    keeping.send_signal(signal.SIGTERM)

    assert keeping.wait(timeout=5) == 0


def test_a_vault_that_others_initialised_is_left_to_them(place: Place) -> None:
    place.vault.initialized, place.vault.sealed = True, False

    assert "run setup.sh alone" in place.run("initialize.sh").stderr
    assert "VAULT_TOKEN is not accepted" in place.run("setup.sh", VAULT_TOKEN="hvs.wrong").stderr
    assert place.vault.mounts == {}


def test_a_vault_that_does_not_answer_is_named(place: Place) -> None:
    place.vault.stop()

    assert "does not answer" in place.run("initialize.sh").stderr
    place.vault.start()
