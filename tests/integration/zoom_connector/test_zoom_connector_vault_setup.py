"""The scripts that make a Vault ready, as they are, with a stand-in for its CLI: what they leave lets us in."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.testing import eventually
from support.vault import FakeVault, cli
from support.vault.mounts import KvOne
from support.vault.server import POLICY
from zoom_connector.tokens.vault import AppRole, Link, VaultTokenStore

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    """Run one that nobody has initialised."""
    running = FakeVault(bare=True)
    yield running
    running.stop()


@pytest.fixture
def environment(tmp_path: Path, vault: FakeVault) -> dict[str, str]:
    """Say where everything is, the CLI included."""
    command = tmp_path / "bin" / "vault"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {cli.__file__} "$@"\n')
    command.chmod(0o755)
    return {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "VAULT_ADDR": vault.url,
        "KEYS_FOLDER": str(tmp_path / "keys"),
        "ROLE_FOLDER": str(tmp_path / "role"),
        "PATIENCE_SECONDS": "0",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run a script to its end."""

    def run_one(script: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(POLICY.parent / script)],
            env=environment | changed,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run_one


def role(environment: dict[str, str]) -> AppRole:
    folder = Path(environment["ROLE_FOLDER"])
    return AppRole((folder / "role-id").read_text().strip(), (folder / "secret-id").read_text().strip())


def let_in(vault: FakeVault, environment: dict[str, str], mount: str = "secret") -> None:
    store = VaultTokenStore(Link(vault.url), role(environment), mount=mount)
    store.ping()
    store.close()


def test_a_new_vault_is_initialised_unsealed_and_lets_the_connector_in(
    vault: FakeVault, environment: dict[str, str], run: Run
) -> None:
    done = run("initialize.sh")

    assert done.returncode == 0, done.stderr
    let_in(vault, environment)
    assert "default" not in vault.role.policies
    files = [*Path(environment["ROLE_FOLDER"]).iterdir(), *Path(environment["KEYS_FOLDER"]).iterdir()]
    assert sorted(file.name for file in files) == ["init", "role-id", "secret-id"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    for secret in (vault.unseal_key, vault.tokens.root, role(environment).secret_id):
        assert secret not in done.stdout + done.stderr


def test_run_again_they_unseal_it_and_change_nothing(vault: FakeVault, environment: dict[str, str], run: Run) -> None:
    run("initialize.sh")
    before = role(environment)
    vault.seal()
    again = run("initialize.sh")

    assert again.returncode == 0, again.stderr
    assert not vault.sealed
    assert role(environment) == before
    assert len(vault.role.secrets) == 1
    assert list(vault.tokens.tokens) == [vault.tokens.root], "no token is left over from trying the secret"


def test_a_secret_that_vault_no_longer_takes_is_made_anew(
    vault: FakeVault, environment: dict[str, str], run: Run
) -> None:
    run("initialize.sh")
    vault.role.secrets.clear()
    run("initialize.sh")

    let_in(vault, environment)


def test_kept_unsealed_it_stays_so_until_told_to_end(vault: FakeVault, environment: dict[str, str], run: Run) -> None:
    run("initialize.sh")
    keeping = subprocess.Popen(
        ["sh", str(POLICY.parent / "initialize.sh"), "keep-unsealed"],
        env=environment | {"EVERY_SECONDS": "0.05"},
        stdout=subprocess.DEVNULL,
    )
    vault.seal()
    eventually(lambda: not vault.sealed)
    vault.stop()
    vault.seal()
    vault.start()
    eventually(lambda: not vault.sealed)
    keeping.send_signal(signal.SIGTERM)

    assert keeping.wait(timeout=3) == 0


def test_another_mount_gets_a_policy_of_its_own(vault: FakeVault, environment: dict[str, str], run: Run) -> None:
    assert run("initialize.sh", VAULT_MOUNT="kv/punctual").returncode == 0

    let_in(vault, environment, "kv/punctual")
    assert set(vault.mounts) == {"kv/punctual"}


def test_a_version_1_mount_is_left_as_it_is_and_named(vault: FakeVault, run: Run) -> None:
    run("initialize.sh", VAULT_MOUNT="other")
    vault.mounts["secret"] = KvOne()
    done = run("initialize.sh")

    assert done.returncode == 1
    assert "secret is no KV version 2" in done.stderr


def test_a_vault_that_others_initialised_needs_an_administrators_token(
    vault: FakeVault, environment: dict[str, str], run: Run
) -> None:
    vault.initialized, vault.sealed = True, False
    assert "is missing" in run("initialize.sh").stderr
    assert "VAULT_TOKEN is not accepted" in run("setup.sh", VAULT_TOKEN="hvs.wrong").stderr

    assert run("setup.sh", VAULT_TOKEN=vault.tokens.root).returncode == 0
    let_in(vault, environment)


def test_a_vault_that_does_not_answer_is_named(vault: FakeVault, run: Run) -> None:
    vault.stop()

    assert "does not answer" in run("initialize.sh").stderr
    vault.start()
