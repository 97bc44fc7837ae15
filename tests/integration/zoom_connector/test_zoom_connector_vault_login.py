"""Being known to Vault: the login, the token's renewal and its end, and what is said when Vault says no."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Barrier, Thread

import hvac
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.proxy import Proxy
from support.vault import FakeVault
from zoom_connector.tokens.vault.link import Link
from zoom_connector.tokens.vault.session import REFUSED_SECONDS, AppRole, GivenToken, Session
from zoom_connector.tokens.vault.troubles import (
    VaultDenied,
    VaultFailing,
    VaultLoginRefused,
    VaultSealed,
    VaultTokenEnded,
    VaultTrouble,
    VaultUnreachable,
)

ROLE = AppRole("our-role", "our-secret")
Open = Callable[..., Session]


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    """Run one that is ready for us."""
    running = FakeVault()
    yield running
    running.stop()


@pytest.fixture
def open_session(vault: FakeVault) -> Iterator[Open]:
    """Open sessions that live by Vault's clock, which a test may turn ahead."""
    opened: list[Session] = []

    def open_one(
        credentials: AppRole | GivenToken = ROLE,
        *,
        url: str = "",
        ca_file: Path | None = None,
        read_seconds: float = 4.0,
    ) -> Session:
        link = Link(url or vault.url, ca_file=ca_file, read_seconds=read_seconds)
        opened.append(Session(link, credentials, clock=lambda: time.monotonic() + vault.ahead))
        return opened[-1]

    yield open_one
    for session in opened:
        session.close()


def read(client: hvac.Client) -> object:
    return client.secrets.kv.v2.read_secret_version(
        "punctual/tokens/host", mount_point="secret", raise_on_deleted_version=False
    )


def listed(client: hvac.Client) -> object:
    return client.secrets.kv.v2.list_secrets("punctual/tokens", mount_point="secret")


def ask(session: Session) -> None:
    """Read what is not there, which the policy allows."""
    with pytest.raises(hvac.exceptions.InvalidPath):
        session.call("read", read)


def test_one_login_serves_all_calls(vault: FakeVault, open_session: Open) -> None:
    session = open_session()
    for _ in range(3):
        ask(session)

    assert vault.logins() == 1


def test_threads_that_begin_at_once_log_in_once(vault: FakeVault, open_session: Open) -> None:
    session, start = open_session(), Barrier(8)

    def work() -> None:
        start.wait()
        ask(session)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert vault.logins() == 1


def test_a_token_is_renewed_well_before_its_end(vault: FakeVault, open_session: Open) -> None:
    session = open_session()
    due = session.keep()
    assert 2000 < due < 2500, "two thirds of an hour"

    vault.ahead += due
    assert session.keep() > 2000
    vault.ahead += 3500
    ask(session)
    assert vault.calls("POST", "auth/token/renew-self") == 1
    assert vault.logins() == 1, "it lives longer than the hour it was given for"


def test_beyond_the_last_renewal_there_is_a_new_token_before_the_old_ones_end(
    vault: FakeVault, open_session: Open
) -> None:
    vault.role.max_ttl = 4000
    session = open_session()
    vault.ahead += session.keep()
    session.keep()

    assert vault.logins() == 2
    assert all(status < 400 for _, _, status in vault.asked), "nobody was refused on the way"


@pytest.mark.parametrize("words", ["2 errors occurred: permission denied, invalid token", "permission denied"])
def test_a_token_that_ended_unnoticed_is_replaced_at_once(vault: FakeVault, open_session: Open, words: str) -> None:
    vault.tokens.over = words
    session = open_session()
    ask(session)
    vault.end_tokens()

    ask(session)
    assert vault.logins() == 2


def test_a_process_that_slept_through_its_tokens_end_logs_in_again(vault: FakeVault, open_session: Open) -> None:
    session = open_session()
    ask(session)
    vault.ahead += 90000

    ask(session)
    assert vault.logins() == 2


def test_threads_whose_token_ended_replace_it_once(vault: FakeVault, open_session: Open) -> None:
    session = open_session()
    ask(session)
    vault.end_tokens()
    start = Barrier(8)

    def work() -> None:
        start.wait()
        ask(session)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vault.logins() == 2


def test_what_the_policy_does_not_allow_is_named_and_costs_no_login(vault: FakeVault, open_session: Open) -> None:
    session = open_session()

    for _ in range(3):
        with pytest.raises(VaultDenied, match=r"does not allow to list secret/\*: put deploy/vault/punctual.hcl"):
            session.call("list secret/*", listed)
    assert vault.logins() == 1


def test_a_policy_that_hides_a_token_from_itself_leads_to_no_storm_of_logins(
    vault: FakeVault, open_session: Open
) -> None:
    del vault.tokens.policies["punctual"]["auth/token/lookup-self"]
    session = open_session()

    for _ in range(10):
        with pytest.raises(VaultDenied):
            session.call("list secret/*", listed)
    assert vault.logins() == 2


def test_a_wrong_secret_is_named_and_not_tried_until_vault_locks_the_role(vault: FakeVault, open_session: Open) -> None:
    session = open_session(AppRole("our-role", "a-wrong-secret"))
    for _ in range(20):
        with pytest.raises(VaultLoginRefused, match="VAULT_SECRET_ID is wrong") as refusal:
            session.call("read", read)
    assert vault.calls("POST", "auth/approle/login") == 1
    assert "a-wrong-secret" not in str(refusal.value)

    for wait in (*REFUSED_SECONDS, REFUSED_SECONDS[-1]):
        vault.ahead += wait
        with pytest.raises(VaultLoginRefused):
            session.call("read", read)
    assert vault.calls("POST", "auth/approle/login") == 4
    ask(open_session())


def test_a_secret_that_is_known_a_moment_later_is_good_enough(vault: FakeVault, open_session: Open) -> None:
    session = open_session(AppRole("our-role", "not-known-yet"))
    with pytest.raises(VaultLoginRefused):
        session.call("read", read)
    vault.role.secrets.add("not-known-yet")
    vault.ahead += REFUSED_SECONDS[0]

    ask(session)


def test_a_locked_role_is_named(vault: FakeVault, open_session: Open) -> None:
    vault.role.locked_until = time.monotonic() + 900

    with pytest.raises(VaultLoginRefused, match="locked for 15 minutes"):
        open_session().call("read", read)


def test_an_approle_that_is_made_later_is_found_soon(vault: FakeVault, open_session: Open) -> None:
    vault.tokens.approle_enabled = False
    session = open_session()
    with pytest.raises(VaultLoginRefused, match=r"there is none yet \(deploy/vault/setup.sh makes it\)"):
        session.call("read", read)
    vault.tokens.approle_enabled = True
    vault.ahead += 5

    ask(session)


def test_a_given_token_is_used_and_renewed(vault: FakeVault, open_session: Open) -> None:
    session = open_session(GivenToken(vault.tokens.make(["punctual"], ttl=600)))
    vault.ahead += session.keep()
    session.keep()
    vault.ahead += 500

    ask(session)
    assert vault.logins() == 0


def test_a_given_token_without_an_end_is_left_alone(vault: FakeVault, open_session: Open) -> None:
    assert open_session(GivenToken(vault.tokens.root)).keep() == float("inf")


def test_a_given_token_that_can_not_be_renewed_serves_until_its_end(vault: FakeVault, open_session: Open) -> None:
    session = open_session(GivenToken(vault.tokens.make(["punctual"], ttl=600, renewable=False)))
    vault.ahead += session.keep()
    session.keep()
    ask(session)

    vault.ahead += 600
    for _ in range(2):
        with pytest.raises(VaultTokenEnded, match="VAULT_TOKEN is wrong, revoked or at its end"):
            session.call("read", read)


def test_a_mistyped_token_is_named_and_not_shown(open_session: Open) -> None:
    with pytest.raises(VaultTokenEnded) as ended:
        open_session(GivenToken("hvs.mistyped")).call("read", read)

    assert "mistyped" not in f"{ended.value} {GivenToken('hvs.mistyped')} {AppRole('role', 'hvs.mistyped')}"


def test_a_process_that_ends_gives_its_token_back(vault: FakeVault, open_session: Open) -> None:
    session = open_session()
    ask(session)
    session.close()

    assert list(vault.tokens.tokens) == [vault.tokens.root]


def test_a_token_that_was_given_to_us_outlives_us(vault: FakeVault, open_session: Open) -> None:
    given = vault.tokens.make(["punctual"], ttl=600)
    session = open_session(GivenToken(given))
    ask(session)
    session.close()

    assert given in vault.tokens.tokens


def trouble(session: Session) -> VaultTrouble:
    with pytest.raises(VaultTrouble) as raised:
        session.call("read", read, patient=False)
    return raised.value


def test_a_sealed_vault_is_said_to_be_sealed_and_used_again_at_once(vault: FakeVault, open_session: Open) -> None:
    session = open_session()
    ask(session)
    vault.seal()
    assert isinstance(trouble(session), VaultSealed)
    vault.unseal()

    ask(session)
    assert vault.logins() == 1


def test_a_vault_that_is_sealed_at_the_start_is_waited_for(vault: FakeVault, open_session: Open) -> None:
    vault.seal()
    session = open_session()
    assert isinstance(trouble(session), VaultSealed)
    vault.unseal()

    ask(session)


def test_a_vault_that_went_away_is_used_again_as_soon_as_it_is_back(vault: FakeVault, open_session: Open) -> None:
    session = open_session()
    ask(session)
    vault.stop()
    assert isinstance(trouble(session), VaultUnreachable)
    vault.start()

    ask(session)


def test_a_connection_that_ended_unnoticed_is_no_trouble(vault: FakeVault, open_session: Open) -> None:
    proxy = Proxy(("127.0.0.1", vault.port))
    session = open_session(url=f"http://127.0.0.1:{proxy.address[1]}")
    for _ in range(3):
        ask(session)
        proxy.reset()
    proxy.close()


def test_only_the_first_of_many_waits_for_a_vault_that_hangs(vault: FakeVault, open_session: Open) -> None:
    proxy = Proxy(("127.0.0.1", vault.port))
    session = open_session(url=f"http://127.0.0.1:{proxy.address[1]}", read_seconds=0.3)
    ask(session)
    proxy.hold_answers()
    assert isinstance(trouble(session), VaultUnreachable)

    began = time.monotonic()
    for _ in range(20):
        assert isinstance(trouble(session), VaultUnreachable)
    assert time.monotonic() - began < 0.3
    proxy.mend()
    vault.ahead += 3
    ask(session)
    proxy.close()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 412])
def test_an_error_of_vaults_own_is_waited_out(vault: FakeVault, open_session: Open, status: int) -> None:
    session = open_session()
    ask(session)
    vault.broken = status
    assert isinstance(trouble(session), VaultFailing)
    vault.broken = 0

    ask(session)


def test_an_address_where_something_else_answers_is_named(open_session: Open, vault: FakeVault) -> None:
    vault.stranger = True

    assert "is the address right?" in str(trouble(open_session()))


def test_a_vault_behind_tls_is_spoken_to_with_its_authority(
    vault: FakeVault, open_session: Open, tmp_path: Path
) -> None:
    authority = tmp_path / "authority.pem"
    proxy = Proxy(("127.0.0.1", vault.port), tls=certified(authority))
    url = f"https://127.0.0.1:{proxy.address[1]}"

    ask(open_session(url=url, ca_file=authority))
    assert "VAULT_CACERT names the authority" in str(trouble(open_session(url=url)))
    proxy.close()


def certified(authority: Path) -> ssl.SSLContext:
    """Make a server's context with a certificate of its own making, which is also the authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    authority.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    return context
