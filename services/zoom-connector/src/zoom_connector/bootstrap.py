"""The only place that builds the connector's real things."""

import random
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import Flask
from sqlalchemy import Connection

from shared import bus, inbox, outbox, web
from shared.clock import Clock, system
from shared.database import Database
from shared.outbox import Relay
from shared.setback import Setback
from zoom_connector import api
from zoom_connector.connections.access import Access
from zoom_connector.connections.checking import Checking
from zoom_connector.connections.connecting import Connecting
from zoom_connector.connections.leaving import Leaving
from zoom_connector.connections.removal import Removal
from zoom_connector.connections.replacing import Replacing
from zoom_connector.connections.sharing import Sharing
from zoom_connector.connections.standing import Standing
from zoom_connector.connections.upkeep import Confirmations, KeepAlive
from zoom_connector.handlers import HANDLERS
from zoom_connector.reconcile import Crash, Late, Looking, Reconcile, no_crash
from zoom_connector.refusals import Refused
from zoom_connector.settings import SERVICE, Settings
from zoom_connector.storage import hosts, meetings, privacy, tables
from zoom_connector.tokens import TokenStore
from zoom_connector.tokens.embedded import EmbeddedTokenStore
from zoom_connector.webhooks.handling import Handling
from zoom_connector.webhooks.receiving import Receiving
from zoom_connector.worker import Upkeep, Worker
from zoom_connector.zoom.oauth import OAuth
from zoom_connector.zoom.transport import Transport


@dataclass(frozen=True)
class Parts:
    """The connector's real things, connected with each other."""

    settings: Settings
    database: Database
    tokens: TokenStore
    access: Access
    connecting: Connecting
    removal: Removal
    checking: Checking
    leaving: Leaving
    receiving: Receiving
    handling: Handling
    confirmations: Confirmations
    keep_alive: KeepAlive
    clock: Clock

    def close(self) -> None:
        """Let go of everything."""
        self.tokens.close()
        self.database.close()


def token_store(settings: Settings) -> TokenStore:
    """Open where tokens are kept. Raises `TokenStoreUnavailableError` with a sentence that says what is wrong."""
    if settings.vault_addr is None:
        return EmbeddedTokenStore(settings.data)
    # Where there is no Vault, its client, which takes a tenth of a second to import, is not needed.
    from zoom_connector.tokens import vault  # noqa: PLC0415

    role = vault.AppRole(settings.vault_role_id, settings.vault_secret_id)
    return vault.VaultTokenStore(
        vault.Link(settings.vault_addr, namespace=settings.vault_namespace, ca_file=settings.vault_cacert),
        role if settings.vault_role_id else vault.GivenToken(settings.vault_token),
        mount=settings.vault_mount,
    )


def check_token_store(settings: Settings) -> None:
    """Raise `TokenStoreUnavailableError` for what only other settings mend. Vault may be away, and come back."""
    if settings.vault_addr is None:
        token_store(settings).ping()


def build(settings: Settings, *, clock: Clock = system, chance: random.Random | None = None) -> Parts:
    """Connect the parts. Called after any fork."""
    chance = chance or random.Random()
    database = Database(settings.database_url, pool_size=settings.threads)
    privacy.overwrite_deleted(database)
    tokens = token_store(settings)
    transport = Transport()
    oauth = OAuth(
        transport=transport,
        url=settings.zoom_oauth_url,
        token_url=settings.zoom_token_url or settings.zoom_oauth_url,
        client_id=settings.zoom_client_id,
        client_secret=settings.zoom_client_secret,
        redirect_uri=settings.redirect_uri,
        compliance_url=settings.zoom_compliance_url,
        clock=clock,
    )
    access = Access(database, tokens, oauth, transport, settings.zoom_api_url, clock)
    removal = Removal(database, tokens, oauth, clock)
    sharing = Sharing(database, tokens, clock)
    replacing = Replacing(database, tokens, oauth, clock)
    stands = Standing(database, tokens, transport, settings.zoom_api_url, clock)
    zoom_app = (settings.zoom_client_id, settings.zoom_compliance_url)
    return Parts(
        settings=settings,
        database=database,
        tokens=tokens,
        access=access,
        connecting=Connecting(database, tokens, sharing, replacing, oauth, transport, settings.zoom_api_url, clock),
        removal=removal,
        checking=Checking(database, access, _look_after, clock),
        leaving=Leaving(database, removal, clock),
        receiving=Receiving(database, settings.zoom_webhook_secret, clock),
        handling=Handling(database, removal, stands, *zoom_app, clock, chance),
        confirmations=Confirmations(database, oauth, clock, chance),
        keep_alive=KeepAlive(database, access, clock, chance),
        clock=clock,
    )


def _look_after(tx: Connection, host_id: str, now: datetime) -> None:
    meetings.wake_host(tx, now, host_id)
    hosts.order_look(tx, host_id, now)


def app(settings: Settings, *, clock: Clock = system) -> Flask:
    """Build the HTTP side. Called after the fork."""
    parts = build(settings, clock=clock)
    made = web.app(
        SERVICE,
        title="Punctual Zoom connector",
        service_key=settings.service_key,
        clock=clock,
        checks={
            "database": parts.database.ping,
            "tokens": parts.tokens.ping,
            "events": partial(outbox.late, parts.database, clock),
        },
        refused=Refused,
        raw_paths={api.WEBHOOK_PATH: api.WEBHOOK_LIMIT},
    )
    doors = api.Parts(parts.database, parts.connecting, parts.removal, parts.checking, parts.receiving, clock)
    api.install(made, doors)
    return made


def worker(settings: Settings, *, clock: Clock = system, chance: random.Random | None = None) -> Worker:
    """Build the worker process."""
    chance = chance or random.Random()
    parts = build(settings, clock=clock, chance=chance)
    carrier = bus.connect(settings.broker_url, settings.data, settings.broker_ca_file)
    return Worker(
        parts.database,
        carrier,
        clock,
        relay=Relay(parts.database, carrier, clock),
        inbox=inbox.Worker(parts.database, HANDLERS, clock, chance),
        reconcile=reconcile(parts, chance=chance),
        late=Late(parts.database, clock),
        looking=Looking(parts.database, parts.access, clock, chance, settings.zoom_calls_per_second),
        webhooks=parts.handling,
        confirmations=parts.confirmations,
        leaving=parts.leaving,
        upkeep=Upkeep(parts.database, parts.keep_alive, parts.removal, parts.receiving, clock),
        setback=Setback(parts.database, clock, tables.WAITS, tables.LEASES),
    )


def reconcile(parts: Parts, *, chance: random.Random | None = None, crash: Crash = no_crash) -> Reconcile:
    """Build a reconciler; `crash` is called at each line at which a test may kill it."""
    a_second = parts.settings.zoom_calls_per_second
    return Reconcile(parts.database, parts.access, parts.clock, chance or random.Random(), crash, a_second)
