"""The embedded token store on its own files: who may read them, what opens them, what is left in them."""

import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest

from integration.zoom_connector.bench import everything
from zoom_connector.tokens import Tokens, TokenStoreUnavailableError
from zoom_connector.tokens.embedded import EmbeddedTokenStore

TOKENS = Tokens(
    "the-access-token", "the-refresh-token", datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
)


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    EmbeddedTokenStore(tmp_path).write("host", TOKENS, expected=0)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"tokens.key": 0o600, "tokens.sqlite3": 0o600}


def test_nothing_is_written_in_clear(tmp_path: Path) -> None:
    EmbeddedTokenStore(tmp_path).write("host", TOKENS, expected=0)

    assert b"the-access-token" not in everything(tmp_path)
    assert b"the-refresh-token" not in everything(tmp_path)


def test_a_destroy_leaves_not_even_the_ciphertext(tmp_path: Path) -> None:
    store = EmbeddedTokenStore(tmp_path)
    version = store.write("a-host-to-forget", TOKENS, expected=0)
    ciphertexts = [sealed(tmp_path)]
    store.write("a-host-to-forget", TOKENS, expected=version)
    ciphertexts.append(sealed(tmp_path))
    assert ciphertexts[0] != ciphertexts[1], "each write has a nonce of its own"
    assert ciphertexts[0] not in everything(tmp_path), "an older version is gone at once"
    store.destroy("a-host-to-forget")

    left = everything(tmp_path)
    assert ciphertexts[1] not in left
    assert b"a-host-to-forget" not in left


def sealed(folder: Path) -> bytes:
    db = sqlite3.connect(folder / "tokens.sqlite3")
    row = db.execute("SELECT sealed FROM tokens").fetchone()
    db.close()
    ciphertext: bytes = row[0]
    return ciphertext


def change(folder: Path, statement: str, *values: object) -> None:
    db = sqlite3.connect(folder / "tokens.sqlite3")
    with db:
        db.execute(statement, values)
    db.close()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    EmbeddedTokenStore(tmp_path).write("host", TOKENS, expected=0)
    (tmp_path / "tokens.key").write_bytes(b"x" * 32)
    store = EmbeddedTokenStore(tmp_path)

    with pytest.raises(TokenStoreUnavailableError, match=r"tokens\.key does not open"):
        store.read("host")
    with pytest.raises(TokenStoreUnavailableError):
        store.ping()


def test_a_changed_ciphertext_is_noticed(tmp_path: Path) -> None:
    store = EmbeddedTokenStore(tmp_path)
    store.write("host", TOKENS, expected=0)
    whole = sealed(tmp_path)
    change(tmp_path, "UPDATE tokens SET sealed = ?", bytes([whole[0] ^ 1]) + whole[1:])

    with pytest.raises(TokenStoreUnavailableError):
        store.read("host")


def test_one_hosts_tokens_in_anothers_place_are_noticed(tmp_path: Path) -> None:
    store = EmbeddedTokenStore(tmp_path)
    store.write("host", TOKENS, expected=0)
    change(tmp_path, "UPDATE tokens SET host_id = 'intruder'")

    with pytest.raises(TokenStoreUnavailableError):
        store.read("intruder")


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    EmbeddedTokenStore(tmp_path)
    (tmp_path / "tokens.key").unlink()

    with pytest.raises(TokenStoreUnavailableError, match=r"tokens\.key is missing"):
        EmbeddedTokenStore(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    EmbeddedTokenStore(tmp_path)
    (tmp_path / "tokens.key").chmod(mode)

    with pytest.raises(TokenStoreUnavailableError, match="0600"):
        EmbeddedTokenStore(tmp_path)


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    EmbeddedTokenStore(tmp_path)
    (tmp_path / "tokens.key").write_bytes(b"short")

    with pytest.raises(TokenStoreUnavailableError, match="32 bytes"):
        EmbeddedTokenStore(tmp_path)


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TokenStoreUnavailableError):
        EmbeddedTokenStore(tmp_path / "missing")


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    store = EmbeddedTokenStore(tmp_path)
    (tmp_path / "tokens.sqlite3").write_bytes(b"no database" * 1000)

    with pytest.raises(TokenStoreUnavailableError):
        store.read("host")


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    start, stores, failed = Barrier(8), [], []

    def open_one() -> None:
        start.wait()
        try:
            stores.append(EmbeddedTokenStore(tmp_path))
        except TokenStoreUnavailableError as error:
            failed.append(error)

    threads = [Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    stores[0].write("host", TOKENS, expected=0)
    assert all(store.read("host") for store in stores)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["tokens.key", "tokens.sqlite3"]
