"""What is changed in a process before it runs: the places at which it may die, and clocks and leases of its own.

A place is a name such as "relay after the select". A process dies there by SIGKILL to itself, with the chance that
it was given and only while the file `mortal` lies in its folder; each death leaves a line first.
"""

import importlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

RELAY = ("relay after the select", "relay amid the publish", "relay after the confirm", "relay before the commit")
CONSUMER = ("consumer before the insert", "consumer after the insert")
HANDLER = ("inside the handler",)
ZOOM = ("before zoom", "after zoom", "inside settle")
MAIL = ("before mail", "after mail")
API = ("before the transaction", "inside the transaction", "before the answer")

WISH = "die "
"""Notes of a booking that begin so ask the api to die at the place that follows, once."""


class Mortality:
    """Decides at each place whether this is the end."""

    def __init__(self, folder: Path, places: Sequence[str], chance: float, seed: str) -> None:
        self._folder = folder
        self._places = places
        self._chance = chance
        self._draw = random.Random(seed)
        self._drawing = threading.Lock()

    def __call__(self, place: str) -> None:
        if place not in self._places or not (self._folder / "mortal").exists():
            return
        with self._drawing:
            drawn = self._draw.random()
        if drawn < self._chance:
            die(self._folder, place)

    def wished(self, place: str, wish: str) -> None:
        """Die when the wish names this place and has not been granted before."""
        if wish.startswith(f"{WISH}{place} "):
            granted = self._folder / "granted" / wish.rpartition(" ")[2]
            if not granted.exists():
                granted.parent.mkdir(exist_ok=True)
                granted.touch()
                die(self._folder, place)


def die(folder: Path, place: str) -> None:
    """Leave a line and be gone."""
    line = json.dumps({"place": place, "pid": os.getpid(), "at": time.time()}) + "\n"
    with (folder / "deaths").open("a") as deaths:
        deaths.write(line)
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def part(address: str) -> Any:
    """Import a module or a name in one; only children do, and only after their birth."""
    package, _, name = address.partition(":")
    room = importlib.import_module(package)
    return getattr(room, name) if hasattr(room, name) else importlib.import_module(f"{package}.{name}")


def put_in(wanted: Sequence[Mapping[str, Any]]) -> None:
    """Change this process as wanted, before any of its own code runs."""
    from support.faults import mistakes  # noqa: PLC0415 - it imports this module

    known: dict[str, Callable[..., None]] = {"mortal": mortal, "lease": lease, "newer": newer, **mistakes.KNOWN}
    for plug in wanted:
        arguments = dict(plug)
        known[arguments.pop("plug")](**arguments)


def mortal(folder: str, places: Sequence[str], chance: float, seed: str) -> None:
    """Let the process die at these places."""
    at = Mortality(Path(folder), places, chance, seed)
    _relay(at)
    _consumer(at)
    _zoom(at)
    _mail(at)
    _api(at)


def lease(seconds: float) -> None:
    """Shorten every lease, and how long Zoom is given to finish an unanswered create, for short runs."""
    dispatch = part("notifier:dispatch")
    inbox = part("shared:inbox")
    outbox = part("shared:outbox")
    access = part("zoom_connector.connections:access")
    outcomes = part("zoom_connector.reconcile:outcomes")
    step = part("zoom_connector.reconcile:step")

    for room, name in ((inbox, "LEASE"), (outbox, "LEASE"), (step, "LEASE"), (dispatch, "LEASE")):
        setattr(room, name, timedelta(seconds=seconds))
    dispatch.RENEW_SECONDS = seconds / 6
    outcomes.UNANSWERED_SETTLES = timedelta(seconds=seconds)
    access.LOCK_LASTS = timedelta(seconds=seconds)


NEWS = "booking.praised"
"""A type of event that only the newer version knows."""


def newer() -> None:
    """Be the next version: events have fields that nobody had before, and there is one more type of event."""
    catalogue, base = part("shared.events:CATALOGUE"), part("shared.events:Event")
    envelope, outbox = part("shared.events:envelope"), part("shared:outbox")
    wrap = envelope.wrap

    def wider(document: Any) -> Any:
        if isinstance(document, dict):
            return {name: wider(value) for name, value in document.items()} | {"mood": "fine"}
        return [wider(value) for value in document] if isinstance(document, list) else document

    def newer_wrap(happened: Any, **more: Any) -> Any:
        message = wrap(happened, **more)
        body = json.loads(message.body)
        return envelope.Message(message.id, message.type, json.dumps(body | {"data": wider(body["data"]), "later": 1}))

    outbox.wrap = newer_wrap
    catalogue[NEWS] = type("BookingPraised", (base,), {"type": NEWS})


def _relay(at: Mortality) -> None:
    outbox = part("shared:outbox")
    embedded = part("shared.bus:embedded")
    broker_bus = part("shared.bus.rabbitmq:RabbitBus")
    link = part("shared.bus.rabbitmq.link:Link")

    here = threading.local()
    claim, delete, send = outbox.Relay._claim, outbox.delete, link.send
    on_file, on_broker = embedded.EmbeddedBus.publish, broker_bus.publish

    def dying_claim(self: Any) -> Any:
        claimed = claim(self)
        if claimed:
            at("relay after the select")
        return claimed

    def dying_delete(table: Any) -> Any:
        here.deleting = True
        return delete(table)

    def dying_send(self: Any, messages: Any) -> Any:
        window = send(self, messages)
        at("relay amid the publish")
        return window

    def dying_publish(publish: Callable[..., Any]) -> Callable[..., Any]:
        def publishing(self: Any, messages: Any) -> Any:
            here.publishing = True
            try:
                confirmed = publish(self, messages)
            finally:
                here.publishing = False
            at("relay after the confirm")
            return confirmed

        return publishing

    def before_commit(_connection: Any) -> None:
        if getattr(here, "deleting", False):
            here.deleting = False
            at("relay before the commit")
        if getattr(here, "publishing", False):
            at("relay amid the publish")

    event.listen(Engine, "commit", before_commit)
    outbox.Relay._claim = dying_claim
    outbox.delete = dying_delete
    link.send = dying_send
    embedded.EmbeddedBus.publish = dying_publish(on_file)
    broker_bus.publish = dying_publish(on_broker)


def _consumer(at: Mortality) -> None:
    notifier_worker = part("notifier:worker")
    inbox = part("shared:inbox")
    connector_worker = part("zoom_connector:worker")

    receive, begin = inbox.receive, inbox.Worker.__init__

    def dying_receive(*arguments: Any) -> None:
        at("consumer before the insert")
        receive(*arguments)
        at("consumer after the insert")

    def with_death(handler: Any) -> Any:
        def handle(*arguments: Any) -> None:
            handler(*arguments)
            at("inside the handler")

        return handle

    def dying_begin(self: Any, database: Any, handlers: Any, *more: Any) -> None:
        begin(self, database, {kind: with_death(handler) for kind, handler in handlers.items()}, *more)

    for room in (inbox, notifier_worker, connector_worker):
        room.receive = dying_receive
    inbox.Worker.__init__ = dying_begin


def _zoom(at: Mortality) -> None:
    reconcile = part("zoom_connector.reconcile.step:Reconcile")

    begin = reconcile.__init__

    def crash(place: str) -> None:
        for known in ZOOM:
            if place.startswith(known):
                at(known)

    def dying_begin(self: Any, *arguments: Any, **more: Any) -> None:
        begin(self, *arguments, **more)
        self.crash = crash

    reconcile.__init__ = dying_begin


def _mail(at: Mortality) -> None:
    session = part("notifier.mail.server:Session")

    send = session.send

    def dying_send(self: Any, mail: Any, **more: Any) -> Any:
        at("before mail")
        outcome = send(self, mail, **more)
        if outcome.state == "sent":
            at("after mail")
        return outcome

    session.send = dying_send


def _api(at: Mortality) -> None:
    announcements = part("booking.handlers:announcements")
    booking = part("booking.handlers:booking")

    book, booked = booking.book, announcements.booked

    def dying_book(desk: Any, handle: Any, slug: Any, wish: Any, **more: Any) -> Any:
        at.wished("before the transaction", wish.notes)
        made = book(desk, handle, slug, wish, **more)
        at.wished("before the answer", wish.notes)
        return made

    def dying_booked(tx: Any, made: Any, *more: Any, **said: Any) -> None:
        booked(tx, made, *more, **said)
        at.wished("inside the transaction", made.notes)

    booking.book = dying_book
    announcements.booked = dying_booked
