"""Real processes before a Vault: what they say at their start, what readiness says, and what they leave behind."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from integration.zoom_connector import process
from integration.zoom_connector.bench import _migrated, environ
from shared.testing import eventually, free_port
from support.vault import FakeVault
from support.vault.mounts import KvOne
from zoom_connector import settings

NO_ZOOM = "http://127.0.0.1:1"
VAULT = {"VAULT_ADDR": "https://vault.example"}


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    """Run one that is ready for us."""
    running = FakeVault()
    yield running
    running.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a database that has its tables."""
    shutil.copy(_migrated(), tmp_path / "zoom-connector.sqlite3")
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], **changed: str) -> str:
    with pytest.raises(SystemExit) as ended:
        settings.load(environ(Path("/tmp"), NO_ZOOM, **changed))  # noqa: S108 - nothing is written there
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "VAULT_TOKEN is missing beside VAULT_ADDR, or VAULT_ROLE_ID and VAULT_SECRET_ID"),
        ({"VAULT_ROLE_ID": "a-role"}, "VAULT_SECRET_ID is missing beside VAULT_ROLE_ID"),
        ({"VAULT_SECRET_ID": "s3cret"}, "VAULT_SECRET_ID is set without VAULT_ROLE_ID"),
        ({"VAULT_SECRET_ID": "s3cret", "VAULT_TOKEN": "t0ken"}, "VAULT_SECRET_ID is set without VAULT_ROLE_ID"),
        ({"VAULT_TOKEN": "t0ken", "VAULT_ADDR": "vault:8200"}, "VAULT_ADDR must begin with http:// or https://"),
        ({"VAULT_TOKEN": "t0ken", "VAULT_MOUNT": "/"}, "VAULT_MOUNT must name a mount"),
        ({"VAULT_TOKEN": "t0ken", "VAULT_CACERT": "/no/such.pem"}, "VAULT_CACERT Path does not point to a file"),
    ],
)
def test_half_a_set_up_ends_the_start_with_one_line(
    given: dict[str, str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, **VAULT | given) == f"zoom-connector: bad settings: {sentence}\n"


def test_a_whole_one_is_taken_and_shows_no_secret() -> None:
    secrets = {"VAULT_ROLE_ID": "a-role", "VAULT_SECRET_ID": "s3cret", "VAULT_TOKEN": "t0ken"}
    given = settings.load(environ(Path("/tmp"), NO_ZOOM, **VAULT, **secrets, VAULT_MOUNT="/kv/zoom/"))  # noqa: S108

    assert (given.vault_mount, given.vault_role_id) == ("kv/zoom", "a-role")
    assert "s3cret" not in repr(given)
    assert "t0ken" not in repr(given)


def test_a_vault_that_is_sealed_at_the_start_is_waited_for(vault: FakeVault, folder: Path) -> None:
    vault.seal()
    port = free_port()
    api = process.start("api", folder, NO_ZOOM, PORT=str(port), **vault.environ())
    assert eventually(lambda: readiness(port), timeout=20) == (
        503,
        "failed: VaultSealed: Vault is sealed; it goes on by itself once somebody has unsealed it",
    )
    vault.unseal()
    eventually(lambda: readiness(port) == (200, "ok"), timeout=10)
    process.stop(api)

    log = (folder / "api.log").read_text()
    assert log.count("Vault is sealed; it goes on by itself once somebody has unsealed it") == 1
    assert "our-secret" not in log
    assert "hvs." not in log
    assert list(vault.tokens.tokens) == [vault.tokens.root], "each process gives its token back"


def test_a_worker_names_a_bad_set_up_at_its_start(vault: FakeVault, folder: Path) -> None:
    vault.mounts["secret"] = KvOne()
    worker = process.start("worker", folder, NO_ZOOM, LOG_FORMAT="json", **vault.environ())
    log = folder / "worker.log"
    sentence = "VAULT_MOUNT 'secret' is KV version 1, and KV version 2 is needed: run deploy/vault/setup.sh"
    eventually(lambda: sentence in log.read_text(), timeout=20)
    process.stop(worker)

    assert list(vault.tokens.tokens) == [vault.tokens.root]


def readiness(port: int) -> tuple[int, str] | None:
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
    except requests.ConnectionError:
        return None
    return answer.status_code, answer.json()["checks"]["tokens"]
