"""The Vault token store under bad set-ups and bad moments: no token is lost, none is left, and each cause is named."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from shared.testing import eventually
from support.proxy import Proxy
from support.vault import FakeVault
from support.vault.answers import Asked
from support.vault.mounts import KvOne, KvTwo
from zoom_connector.tokens import TokenConflictError, Tokens, TokenStoreUnavailableError, TokensUnreadableError
from zoom_connector.tokens.vault import AppRole, GivenToken, Link, VaultTokenStore
from zoom_connector.tokens.vault.troubles import (
    VaultDenied,
    VaultFailing,
    VaultMountWrong,
    VaultSealed,
    VaultTrouble,
    VaultUnreachable,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FIRST, SECOND = Tokens("access-1", "refresh-1", NOW, NOW), Tokens("access-2", "refresh-2", NOW, NOW)
ROLE = AppRole("our-role", "our-secret")
Open = Callable[..., VaultTokenStore]


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    """Run one that is ready for us."""
    running = FakeVault()
    yield running
    running.stop()


@pytest.fixture
def proxy(vault: FakeVault) -> Iterator[Proxy]:
    """Put a wire before it that can be held and cut."""
    made = Proxy(("127.0.0.1", vault.port))
    yield made
    made.close()


@pytest.fixture
def open_store(vault: FakeVault) -> Iterator[Open]:
    """Open stores as processes would."""
    opened: list[VaultTokenStore] = []

    def open_one(
        *, mount: str = "secret", credentials: AppRole | GivenToken = ROLE, proxy: Proxy | None = None
    ) -> VaultTokenStore:
        url = f"http://127.0.0.1:{proxy.address[1]}" if proxy else vault.url
        opened.append(VaultTokenStore(Link(url, read_seconds=0.3), credentials, mount=mount))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> VaultTokenStore:
    """Open one."""
    return open_store()


def kv(vault: FakeVault) -> KvTwo:
    mount = vault.mounts["secret"]
    assert isinstance(mount, KvTwo)
    return mount


def trouble(ask: Callable[[], object]) -> VaultTrouble:
    with pytest.raises(VaultTrouble) as raised:
        ask()
    assert isinstance(raised.value, TokenStoreUnavailableError)
    for secret in ("access-1", "refresh-1", "access-2", "our-secret", "hvs."):
        assert secret not in str(raised.value)
    return raised.value


def tokens(store: VaultTokenStore, host_id: str = "host") -> Tokens | None:
    found = store.read(host_id)
    return found.tokens if found else None


# What is left.


def test_all_versions_and_the_metadata_are_gone_after_a_destroy(vault: FakeVault, store: VaultTokenStore) -> None:
    version = store.write("host-to-forget", FIRST, expected=0)
    store.write("host-to-forget", SECOND, expected=version)
    store.write("another", FIRST, expected=0)
    assert "refresh-1" in vault.storage()
    assert "refresh-2" in vault.storage()
    store.destroy("host-to-forget")
    store.destroy("another")

    for word in ("host-to-forget", "access", "refresh"):
        assert word not in vault.storage()
    assert kv(vault).secrets == {}


def test_only_the_paths_of_the_policy_are_touched(vault: FakeVault, store: VaultTokenStore) -> None:
    store.ping()
    store.write("../elsewhere", FIRST, expected=0)
    store.read("nobody")
    store.destroy("../elsewhere")
    store.close()

    assert [asked for asked in vault.asked if asked[2] not in (200, 204, 404)] == []
    assert all("elsewhere" not in path or path.startswith("secret/") for _, path, _ in vault.asked)
    assert ("DELETE", "secret/metadata/punctual/tokens/=2E=2E=2Felsewhere", 204) in vault.asked


# Bad moments.


def test_a_write_whose_answer_was_lost_is_known_again(open_store: Open, proxy: Proxy, vault: FakeVault) -> None:
    store = open_store(proxy=proxy)
    version = store.write("host", FIRST, expected=0)
    proxy.hold_answers()
    assert isinstance(trouble(lambda: store.write("host", SECOND, expected=version)), VaultUnreachable)
    proxy.mend()

    assert store.write("host", SECOND, expected=version) == version + 1
    assert kv(vault).secrets["punctual/tokens/host"].current == 2, "it was not written twice"


def test_tokens_that_vault_could_not_take_are_kept_until_it_can(vault: FakeVault, store: VaultTokenStore) -> None:
    version = store.write("host", FIRST, expected=0)
    vault.seal()
    assert isinstance(trouble(lambda: store.write("host", SECOND, expected=version)), VaultSealed)
    assert isinstance(trouble(lambda: store.read("host")), VaultSealed), "the old ones are of no use any more"
    vault.unseal()

    assert tokens(store) == SECOND


def test_they_are_offered_by_themselves_before_anybody_asks(
    vault: FakeVault, store: VaultTokenStore, open_store: Open
) -> None:
    version = store.write("host", FIRST, expected=0)
    vault.stop()
    trouble(lambda: store.write("host", SECOND, expected=version))
    vault.start()

    other = open_store()
    eventually(lambda: tokens(other) == SECOND, timeout=3)


def test_they_are_offered_soon_though_the_trouble_was_known_before_them(
    vault: FakeVault, store: VaultTokenStore, open_store: Open
) -> None:
    version = store.write("host", FIRST, expected=0)
    vault.stop()
    trouble(store.ping)
    # The keeper has looked as well and rests.
    eventually(lambda: not store._keeper._wake.is_set())
    trouble(lambda: store.write("host", SECOND, expected=version))
    vault.start()

    other = open_store()
    eventually(lambda: tokens(other) == SECOND, timeout=3)


def test_they_give_way_to_what_somebody_else_has_done(
    vault: FakeVault, store: VaultTokenStore, open_store: Open
) -> None:
    version = store.write("host", FIRST, expected=0)
    store.write("gone", FIRST, expected=0)
    vault.role.policies = ["nothing"]
    vault.end_tokens()
    assert isinstance(trouble(lambda: store.write("host", SECOND, expected=1)), VaultDenied)
    assert isinstance(trouble(lambda: store.write("gone", SECOND, expected=1)), VaultDenied)
    other = open_store(credentials=GivenToken(vault.tokens.root))
    newest = Tokens("access-3", "refresh-3", NOW, NOW)
    other.write("host", newest, expected=version)
    other.destroy("gone")
    vault.role.policies = ["punctual"]
    vault.end_tokens()

    assert tokens(store) == newest
    assert tokens(store, "gone") is None


def test_they_are_not_put_over_a_newer_connection_with_the_same_version(
    vault: FakeVault, store: VaultTokenStore, open_store: Open
) -> None:
    store.write("host", FIRST, expected=0)
    vault.role.policies = ["nothing"]
    vault.end_tokens()
    trouble(lambda: store.write("host", SECOND, expected=1))
    other = open_store(credentials=GivenToken(vault.tokens.root))
    other.destroy("host")
    newest = Tokens("access-3", "refresh-3", NOW, NOW + timedelta(minutes=5))
    assert other.write("host", newest, expected=0) == 1
    vault.role.policies = ["punctual"]
    vault.end_tokens()

    assert tokens(store) == newest


def test_a_first_write_that_failed_is_not_made_later_behind_the_hosts_back(
    vault: FakeVault, store: VaultTokenStore
) -> None:
    store.ping()
    vault.seal()
    trouble(lambda: store.write("host", FIRST, expected=0))
    vault.unseal()

    assert tokens(store) is None


def test_a_process_that_ends_offers_them_a_last_time(vault: FakeVault, open_store: Open) -> None:
    store = open_store()
    version = store.write("host", FIRST, expected=0)
    vault.trap = lambda asked: vault.seal() if asked.method == "POST" and "/data/" in asked.path else None
    trouble(lambda: store.write("host", SECOND, expected=version))
    vault.trap = None
    vault.unseal()
    store.close()

    assert tokens(open_store()) == SECOND


def test_a_token_that_ends_in_mid_work_costs_nothing(vault: FakeVault, store: VaultTokenStore) -> None:
    version = 0
    for number in range(6):
        version = store.write("host", Tokens(f"access-{number}", "refresh", NOW, NOW), expected=version)
        vault.end_tokens()
        assert store.read("host") is not None
        vault.end_tokens()
    store.destroy("host")

    assert kv(vault).secrets == {}


def test_a_token_that_was_deleted_by_hand_is_none_and_makes_room(vault: FakeVault, store: VaultTokenStore) -> None:
    store.write("host", FIRST, expected=0)
    kv(vault).secrets["punctual/tokens/host"].deleted.add(1)
    assert store.read("host") is None

    version = store.write("host", SECOND, expected=0)
    assert (tokens(store), version) == (SECOND, 2)
    with pytest.raises(TokenConflictError):
        store.write("host", FIRST, expected=0)


def test_what_is_not_ours_at_a_hosts_path_is_named(vault: FakeVault, store: VaultTokenStore) -> None:
    store.write("host", FIRST, expected=0)
    kv(vault).secrets["punctual/tokens/host"].versions[1] = {"password": "x"}

    with pytest.raises(TokensUnreadableError, match="not what the connector keeps there"):
        store.read("host")
    store.destroy("host")


# Bad set-ups: nobody is told that there are no tokens, and no write goes where it is not protected.


def all_fail(store: VaultTokenStore, kind: type[VaultTrouble], words: str) -> None:
    for ask in (
        store.ping,
        lambda: store.read("host"),
        lambda: store.write("host", FIRST, expected=0),
        lambda: store.destroy("host"),
    ):
        found = trouble(ask)
        assert isinstance(found, kind)
        assert words in str(found)


def test_a_version_1_mount_is_named(vault: FakeVault, open_store: Open) -> None:
    vault.mounts["secret"] = KvOne()

    all_fail(open_store(), VaultMountWrong, "VAULT_MOUNT 'secret' is KV version 1, and KV version 2 is needed")
    assert json.loads(vault.storage()) == {}


@pytest.mark.parametrize("mount", ["nowhere", "secret/below"])
def test_a_wrong_mount_is_named(vault: FakeVault, open_store: Open, mount: str) -> None:
    root = GivenToken(vault.tokens.root)

    all_fail(open_store(mount=mount, credentials=root), VaultMountWrong, f"VAULT_MOUNT {mount!r} ")


def test_a_mount_that_the_policy_is_not_for_is_named(open_store: Open) -> None:
    found = trouble(open_store(mount="elsewhere").ping)

    assert isinstance(found, VaultDenied)
    assert "lacks create on elsewhere/data/punctual/tokens/*" in str(found)
    assert "'elsewhere' is the VAULT_MOUNT" in str(found)


@pytest.mark.parametrize(
    ("path", "capability"), [("data", "create"), ("data", "read"), ("data", "update"), ("metadata", "delete")]
)
def test_each_thing_that_the_policy_lacks_is_named(
    vault: FakeVault, store: VaultTokenStore, path: str, capability: str
) -> None:
    rule = f"secret/{path}/punctual/tokens/*"
    store.ping()
    vault.tokens.policies["punctual"][rule].remove(capability)

    assert f"lacks {capability} on {rule}: put deploy/vault/punctual.hcl in place" in str(trouble(store.ping))


def test_the_policy_grants_nothing_that_is_not_needed(vault: FakeVault) -> None:
    assert vault.tokens.policies["punctual"] == {
        "secret/data/punctual/tokens/*": {"create", "read", "update"},
        "secret/metadata/punctual/tokens/*": {"delete"},
        "auth/token/lookup-self": {"read"},
        "auth/token/renew-self": {"update"},
        "auth/token/revoke-self": {"update"},
        "sys/capabilities-self": {"update"},
    }


def test_a_mount_that_is_being_upgraded_is_waited_for(vault: FakeVault, store: VaultTokenStore) -> None:
    kv(vault).upgrading = True
    assert isinstance(trouble(lambda: store.read("host")), VaultFailing)
    assert isinstance(trouble(lambda: store.write("host", FIRST, expected=0)), VaultFailing)
    assert isinstance(trouble(lambda: store.destroy("host")), VaultFailing)
    kv(vault).upgrading = False

    store.write("host", FIRST, expected=0)


@pytest.mark.parametrize("answer", ["another kind of server", "a redirect"])
def test_an_address_without_a_vault_is_named(vault: FakeVault, store: VaultTokenStore, answer: str) -> None:
    store.write("host", FIRST, expected=0)
    if answer == "a redirect":
        vault.broken = 307
    else:
        vault.stranger = True

    for ask in (
        store.ping,
        lambda: store.read("host"),
        lambda: store.write("host", SECOND, expected=1),
        lambda: store.destroy("host"),
    ):
        assert "is the address right?" in str(trouble(ask))


# What the log says.


def test_each_change_is_one_line_without_a_secret(vault: FakeVault, open_store: Open) -> None:
    with capture_logs() as lines:
        store = open_store()
        store.ping()
        vault.seal()
        for _ in range(5):
            trouble(store.ping)
            trouble(lambda: store.read("host"))
        vault.unseal()
        store.ping()

    assert [line["event"] for line in lines] == ["vault_usable", "vault_unusable", "vault_usable"]
    assert lines[1]["trouble"] == "VaultSealed"
    assert lines[1]["reason"] == "Vault is sealed; it goes on by itself once somebody has unsealed it"


def test_a_bad_set_up_is_named_at_the_start_before_anybody_asks(vault: FakeVault, open_store: Open) -> None:
    vault.tokens.policies["punctual"].clear()
    with capture_logs() as lines:
        open_store()
        found = eventually(lambda: [line["trouble"] for line in lines if "trouble" in line], timeout=3)

    assert found == ["VaultDenied"]


def test_a_store_that_nobody_closed_gives_its_token_back(vault: FakeVault) -> None:
    store = VaultTokenStore(Link(vault.url), ROLE, mount="secret")
    store.ping()
    del store

    eventually(lambda: list(vault.tokens.tokens) == [vault.tokens.root], timeout=3)


def test_the_token_is_renewed_while_nobody_asks(vault: FakeVault, open_store: Open) -> None:
    vault.role.ttl = 1
    open_store().ping()

    eventually(lambda: vault.calls("POST", "auth/token/renew-self") >= 2, timeout=5)
    assert vault.logins() == 1


def test_a_host_whose_write_waits_does_not_hold_up_the_others(open_store: Open, vault: FakeVault) -> None:
    store = open_store()
    store.write("one", FIRST, expected=0)
    store.write("two", FIRST, expected=0)

    def seal_for_one(asked: Asked) -> None:
        vault.sealed = asked.path.endswith("/one") and asked.method == "POST"

    vault.trap = seal_for_one
    trouble(lambda: store.write("one", SECOND, expected=1))

    assert store.write("two", SECOND, expected=1) == 2
    vault.trap = None
    vault.unseal()
    eventually(lambda: tokens(store, "one") == SECOND, timeout=3)
