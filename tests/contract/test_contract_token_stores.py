"""What every token store has to do. One suite for all of them; each store is a fixture below."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Barrier, Thread

import pytest

from support.vault import FakeVault, RealVault
from zoom_connector.tokens import TokenConflictError, Tokens, TokenStore
from zoom_connector.tokens.embedded import EmbeddedTokenStore
from zoom_connector.tokens.vault import Link, VaultTokenStore

NOW = datetime(2026, 12, 1, 10, 0, 0, 123456, tzinfo=UTC)
NUMBERS = count(1)
OpenStore = Callable[[], TokenStore]


def tokens(number: int = 1) -> Tokens:
    return Tokens(f"access-{number}", f"refresh-{number}", NOW + timedelta(hours=number), NOW)


@pytest.fixture(scope="module")
def fake_vault() -> Iterator[FakeVault]:
    """Run the stand-in once; each test has a mount of its own in it."""
    vault = FakeVault()
    yield vault
    vault.stop()


@pytest.fixture(scope="module")
def real_vault() -> Iterator[RealVault]:
    """Run the real one once, if its image can be had."""
    vault = RealVault.start()
    yield vault
    vault.stop()


@pytest.fixture(params=["embedded", "fake_vault", "real_vault"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Open the store, the same one each time, as several processes would."""
    opened: list[TokenStore] = []
    mount = f"test-{next(NUMBERS)}"
    if request.param != "embedded":
        server: FakeVault | RealVault = request.getfixturevalue(request.param)
        role = server.new_mount(mount)

    def open_one() -> TokenStore:
        opened.append(
            EmbeddedTokenStore(tmp_path)
            if request.param == "embedded"
            else VaultTokenStore(Link(server.url), role, mount=mount)
        )
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> TokenStore:
    """Give one store."""
    return open_store()


def test_what_was_written_is_read(store: TokenStore) -> None:
    version = store.write("host", tokens(), expected=0)
    found = store.read("host")

    assert found is not None
    assert (found.tokens, found.version) == (tokens(), version)


def test_a_host_without_tokens_has_none(store: TokenStore) -> None:
    assert store.read("nobody") is None


def test_each_host_has_its_own(store: TokenStore) -> None:
    store.write("one", tokens(1), expected=0)
    store.write("two", tokens(2), expected=0)
    store.destroy("one")

    found = store.read("two")
    assert found is not None
    assert found.tokens == tokens(2)
    assert store.read("one") is None


def test_a_write_over_the_version_that_was_read_makes_a_new_version(store: TokenStore) -> None:
    first = store.write("host", tokens(1), expected=0)
    second = store.write("host", tokens(2), expected=first)
    found = store.read("host")

    assert second != first
    assert found is not None
    assert (found.tokens, found.version) == (tokens(2), second)


def test_a_write_over_an_older_version_is_refused(store: TokenStore) -> None:
    first = store.write("host", tokens(1), expected=0)
    store.write("host", tokens(2), expected=first)

    with pytest.raises(TokenConflictError):
        store.write("host", tokens(3), expected=first)
    found = store.read("host")
    assert found is not None
    assert found.tokens == tokens(2)


def test_a_first_write_is_refused_when_there_is_something(store: TokenStore) -> None:
    store.write("host", tokens(1), expected=0)

    with pytest.raises(TokenConflictError):
        store.write("host", tokens(2), expected=0)


def test_a_write_over_what_was_destroyed_is_refused(store: TokenStore) -> None:
    first = store.write("host", tokens(1), expected=0)
    store.destroy("host")

    with pytest.raises(TokenConflictError):
        store.write("host", tokens(2), expected=first)
    assert store.read("host") is None


def test_after_a_destroy_it_begins_anew(store: TokenStore) -> None:
    store.write("host", tokens(1), expected=0)
    store.destroy("host")
    store.destroy("host")
    store.write("host", tokens(2), expected=0)

    found = store.read("host")
    assert found is not None
    assert found.tokens == tokens(2)


def test_what_one_process_writes_another_reads(open_store: OpenStore) -> None:
    here, there = open_store(), open_store()
    version = here.write("host", tokens(1), expected=0)
    there.write("host", tokens(2), expected=version)

    found = here.read("host")
    assert found is not None
    assert found.tokens == tokens(2)


def test_of_two_writes_at_once_exactly_one_holds(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(8)]
    version = stores[0].write("host", tokens(0), expected=0)
    start, won, lost = Barrier(len(stores)), [], []

    def write(number: int) -> None:
        start.wait()
        try:
            stores[number].write("host", tokens(number), expected=version)
            won.append(number)
        except TokenConflictError:
            lost.append(number)

    threads = [Thread(target=write, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(lost)) == (1, len(stores) - 1)
    found = stores[0].read("host")
    assert found is not None
    assert found.tokens == tokens(won[0])


def test_a_store_that_answers_says_so(store: TokenStore) -> None:
    store.ping()
    store.write("host", tokens(), expected=0)
    store.ping()


@pytest.mark.parametrize("host_id", ["a/b", "ж", "x" * 100, "a b", "..", "%2e"])
def test_any_host_id_will_do(store: TokenStore, host_id: str) -> None:
    store.write(host_id, tokens(), expected=0)
    found = store.read(host_id)

    assert found is not None
    store.destroy(host_id)
    assert store.read(host_id) is None


def test_long_tokens_are_kept_whole(store: TokenStore) -> None:
    long = Tokens("a" * 9000, "r" * 9000, NOW, NOW)
    store.write("host", long, expected=0)
    found = store.read("host")

    assert found is not None
    assert found.tokens == long


def test_no_token_is_shown_in_a_traceback() -> None:
    assert "access-1" not in repr(tokens())
