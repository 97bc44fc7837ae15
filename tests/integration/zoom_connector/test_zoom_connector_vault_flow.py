"""A connector whose tokens lie in Vault: the whole way, and Vault failing at each point of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from integration.zoom_connector.bench import Bench, Bookings, Clock, Zoom, everything
from shared.testing import eventually
from support.vault import FakeVault
from support.vault.answers import Asked
from support.vault.mounts import KvTwo, Secret
from zoom_connector.refusals import Refused

TOKEN_PATH = "secret/data/punctual/tokens/h1"


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    """Run one that is ready for us."""
    running = FakeVault()
    yield running
    running.stop()


@pytest.fixture
def bench(tmp_path: Path, zoom: Zoom, clock: Clock, vault: FakeVault) -> Iterator[Bench]:
    """Make a connector that keeps its tokens there."""
    folder = tmp_path / "connector"
    folder.mkdir()
    made = Bench(folder, zoom, clock, vault.environ())
    yield made
    made.close()


def secrets(vault: FakeVault) -> dict[str, Secret]:
    mount = vault.mounts["secret"]
    assert isinstance(mount, KvTwo)
    return mount.secrets


def versions(vault: FakeVault) -> int:
    return secrets(vault)["punctual/tokens/h1"].current


def stored(vault: FakeVault) -> dict[str, str]:
    found: dict[str, str] = secrets(vault)["punctual/tokens/h1"].versions[versions(vault)]
    return found


def test_from_connecting_to_a_meeting_to_nothing_left(
    bench: Bench, bookings: Bookings, zoom: Zoom, vault: FakeVault
) -> None:
    bench.connect()
    kept = stored(vault)
    bench.hear(bookings.created())
    bench.rest()
    assert len(zoom.meetings()) == 1
    assert bench.said()[-1] == "meeting.ready"
    assert not (bench.folder / "tokens.sqlite3").exists()
    for token in (kept["access_token"], kept["refresh_token"]):
        assert token.encode() not in everything(bench.folder)

    receipt = bench.parts.removal.disconnect("h1")
    assert receipt.revoked
    for word in ("h1", *kept.values()):
        assert word not in vault.storage()


def test_a_renewal_is_a_new_version_and_all_of_them_go(bench: Bench, clock: Clock, vault: FakeVault) -> None:
    bench.connect()
    for _ in range(3):
        clock.turn(4000)
        bench.parts.access("h1")
    assert versions(vault) == 4
    bench.parts.removal.disconnect("h1")

    assert secrets(vault) == {}


def test_two_hosts_of_one_zoom_account_share_one_path_and_leave_nothing(bench: Bench, vault: FakeVault) -> None:
    bench.connect("h1", "zoe@zoom.example")
    bench.connect("h2", "zoe@zoom.example")
    [path] = secrets(vault)
    assert path.startswith("punctual/tokens/zoom-")
    assert bench.connection("h1").zoom_user_id not in path
    for host in ("h1", "h2"):
        assert bench.parts.access(host).me().email == "zoe@zoom.example"

    assert bench.parts.removal.disconnect("h1").revoked is False
    assert list(secrets(vault)) == [path]
    assert bench.parts.removal.disconnect("h2").revoked is True
    assert secrets(vault) == {}


def test_sealed_for_minutes_then_unsealed_it_goes_on_by_itself_in_time(
    bench: Bench, bookings: Bookings, clock: Clock, zoom: Zoom, vault: FakeVault
) -> None:
    bench.connect()
    vault.seal()
    bench.hear(bookings.created("b1"), bookings.created("b2", hours=50))
    for _ in range(30):
        clock.turn(10)
        bench.work()
    assert zoom.meetings() == []
    assert set(bench.said()) == {"zoom.connected", "meeting.delayed"}
    assert bench.connection().status == "connected"

    vault.unseal()
    bench.rest(seconds=15)
    assert len(zoom.meetings()) == 2
    assert bench.said().count("meeting.ready") == 2


@pytest.mark.parametrize("trouble", ["away", "denied", "ended", "broken", "no mount"])
def test_no_trouble_with_vault_costs_a_token_or_an_attempt(
    bench: Bench, bookings: Bookings, zoom: Zoom, vault: FakeVault, trouble: str
) -> None:
    bench.connect()
    kept = stored(vault)
    mend = break_vault(vault, trouble)
    bench.hear(bookings.created())
    bench.work()
    assert zoom.calls("POST /v2/users/me/meetings") == 0
    mend()

    bench.rest(seconds=20)
    assert len(zoom.meetings()) == 1
    assert stored(vault) == kept
    assert bench.connection().status == "connected"


def break_vault(vault: FakeVault, trouble: str) -> Callable[[], None]:
    """Break it; give what mends it."""
    rules, mounts = vault.tokens.policies["punctual"], vault.mounts
    match trouble:
        case "away":
            vault.stop()
            return vault.start
        case "denied":
            rules["secret/data/punctual/tokens/*"] = {"deny"}
            return lambda: rules.update({"secret/data/punctual/tokens/*": {"create", "read", "update"}})
        case "ended":
            vault.end_tokens()
            return lambda: None
        case "broken":
            vault.broken = 500
            return lambda: setattr(vault, "broken", 0)
        case _:
            gone = mounts.pop("secret")
            return lambda: mounts.update(secret=gone)


def test_sealed_just_when_new_tokens_are_to_be_kept_the_connection_survives(
    bench: Bench, bookings: Bookings, clock: Clock, zoom: Zoom, vault: FakeVault
) -> None:
    bench.connect()
    old = stored(vault)
    clock.turn(4000)

    def seal_before_the_write(asked: Asked) -> None:
        if (asked.method, asked.path) == ("POST", TOKEN_PATH):
            vault.seal()

    vault.trap = seal_before_the_write
    bench.hear(bookings.created())
    bench.work()
    assert stored(vault) == old, "Zoom has given new ones and ended these"
    vault.trap = None
    for _ in range(30):
        clock.turn(10)
        bench.work()
    vault.unseal()
    eventually(lambda: stored(vault) != old)

    bench.rest(seconds=15)
    assert len(zoom.meetings()) == 1
    assert bench.connection().status == "connected"
    assert versions(vault) == 2, "nobody renewed again"


def test_connecting_while_vault_is_sealed_leaves_the_connection_there_was(
    bench: Bench, clock: Clock, vault: FakeVault
) -> None:
    bench.connect()
    kept = stored(vault)
    vault.seal()
    with pytest.raises(Refused) as refusal:
        bench.connect()
    assert refusal.value.code == "token_store_unavailable"
    vault.unseal()

    assert stored(vault) == kept
    assert bench.parts.access("h1").find("[nothing]", clock()) == [], "Zoom still takes its tokens"


def test_a_disconnect_while_vault_is_sealed_says_so_and_works_later(bench: Bench, vault: FakeVault) -> None:
    bench.connect()
    vault.seal()
    with pytest.raises(Refused) as refusal:
        bench.parts.removal.disconnect("h1")
    assert (refusal.value.kind, refusal.value.code) == ("unavailable", "token_store_unavailable")
    assert bench.connection().status == "connected"
    vault.unseal()

    bench.parts.removal.disconnect("h1")
    assert "h1" not in vault.storage()


def test_of_two_processes_that_renew_at_once_one_does(bench: Bench, clock: Clock, vault: FakeVault) -> None:
    bench.connect()
    clock.turn(4000)
    other = Bench(bench.folder, bench.zoom, clock, vault.environ())
    start, opened = Barrier(4), []

    def renew(process: Bench) -> None:
        start.wait()
        opened.append(process.parts.access("h1"))

    threads = [Thread(target=renew, args=(process,)) for process in (bench, other) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert len(opened) == 4
    assert versions(vault) == 2
