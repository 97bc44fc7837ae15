"""What Zoom tells by itself: signed or refused, stored once, and what a removal of the app leads to."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from integration.zoom_connector.bench import CLIENT_ID, WEBHOOK_SECRET, Bench, Bookings, Zoom, everything, signed
from shared.events import ZoomDisconnected
from zoom_connector.refusals import Refused
from zoom_connector.storage import removals


def receive(bench: Bench, document: Any, *, late: float = 0, secret: str | None = None) -> Any:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = signed(body, bench.clock().timestamp() - late, secret)
    return bench.parts.receiving.receive(
        body, timestamp=headers["x-zm-request-timestamp"], signature=headers["x-zm-signature"]
    )


def removal(bench: Bench, **changed: Any) -> dict[str, Any]:
    """Say that the connected user removed the app."""
    row = bench.connection()
    payload = {
        "account_id": row.zoom_account_id,
        "user_id": row.zoom_user_id,
        "client_id": CLIENT_ID,
        "deauthorization_time": bench.clock().isoformat(),
        "signature": "f" * 64,
        **changed,
    }
    return {"event": "app_deauthorized", "event_ts": 1, "payload": payload}


def handle(bench: Bench) -> None:
    while bench.worker.webhooks.step() or bench.worker.confirmations.step():
        pass


def receipts(bench: Bench) -> list[Any]:
    with bench.parts.database.read() as tx:
        return removals.receipts(tx, "h1")


@pytest.mark.parametrize("late", [301, -301, 86_400])
def test_an_old_or_early_timestamp_is_refused(bench: Bench, late: float) -> None:
    with pytest.raises(Refused):
        receive(bench, {"event": "x"}, late=late)
    assert bench.webhooks() == []


def test_zooms_question_whether_the_address_is_ours_is_answered(bench: Bench) -> None:
    answer = receive(bench, {"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}})

    expected = hmac.new(WEBHOOK_SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert answer == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": expected}
    assert bench.webhooks() == []


def test_an_event_is_stored_once_and_forgotten_after_a_week(bench: Bench) -> None:
    document = {"event": "meeting.participant_joined", "payload": {"object": {"participant": {"email": "a@b.example"}}}}
    for _ in range(3):
        receive(bench, document)
    [row] = bench.webhooks()
    assert (row.event, row.document, row.next_attempt_at) == ("meeting.participant_joined", None, None)
    bench.clock.turn(8 * 86_400)
    bench.worker.upkeep.step()
    assert bench.webhooks() == []


def test_of_a_meetings_event_only_the_meeting_is_kept(bench: Bench) -> None:
    meeting = {"id": "87654321098", "topic": "Intro: Ann", "host_id": "zoe-id", "start_time": "2026-12-01T10:00:00Z"}
    payload = {"account_id": "acc", "operator": "zoe@zoom.example", "time_stamp": 5, "object": meeting}
    receive(bench, {"event": "meeting.updated", "event_ts": 7, "payload": payload})

    [row] = bench.webhooks()
    kept = {"id": "87654321098", "start_time": "2026-12-01T10:00:00Z", "time_stamp": 5, "event_ts": 7}
    assert json.loads(row.document) == kept


def test_a_removal_in_zoom_erases_and_is_confirmed(
    bench: Bench, bookings: Bookings, zoom: Zoom, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    row, stored = bench.connection(), bench.parts.tokens.read("h1")
    assert stored is not None
    receive(bench, removal(bench))
    handle(bench)

    assert bench.connection().status == "disconnected"
    assert bench.parts.tokens.read("h1") is None
    [receipt] = receipts(bench)
    assert (receipt.cause, receipt.revoked, receipt.compliance) == ("deauthorized", True, "posted")
    [posted] = zoom.compliance()
    assert (posted["client_id"], posted["user_id"], posted["account_id"]) == (
        CLIENT_ID,
        row.zoom_user_id,
        row.zoom_account_id,
    )
    assert posted["compliance_completed"] is True
    assert posted["deauthorization_event_received"]["signature"] == "f" * 64
    assert bench.announced()[-1] == ZoomDisconnected(host_id="h1", cause="deauthorized")
    assert len(zoom.meetings()) == 1, "meetings stay"
    left, logged = everything(bench.folder), "".join(capfd.readouterr())
    for secret in (row.zoom_user_id, row.zoom_account_id, row.account_email, stored.tokens.access_token):
        assert secret.encode() not in left
        assert secret not in logged


def test_a_removal_told_twice_or_of_a_stranger_changes_nothing_more(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    first, second = removal(bench), removal(bench, signature="e" * 64)
    for document in (first, first, second, removal(bench, user_id="stranger"), removal(bench, client_id="other")):
        receive(bench, document)
    handle(bench)

    assert len(receipts(bench)) == 1
    assert len(zoom.compliance()) == 1
    assert all(row.document is None and row.next_attempt_at is None for row in bench.webhooks())


def test_a_removal_of_another_app_is_none_of_ours(bench: Bench) -> None:
    bench.connect()
    receive(bench, removal(bench, client_id="another-app"))
    handle(bench)

    assert bench.connection().status == "connected"


def test_the_echo_of_our_own_revoke_does_nothing(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    echo = removal(bench)
    bench.parts.removal.disconnect("h1")
    receive(bench, echo)
    handle(bench)

    assert [receipt.cause for receipt in receipts(bench)] == ["disconnected"]
    assert zoom.compliance() == []


def test_a_late_removal_spares_the_connection_made_since(bench: Bench) -> None:
    bench.connect()
    late = removal(bench)
    bench.parts.removal.disconnect("h1")
    bench.clock.turn(3600)
    bench.connect()
    receive(bench, late)
    handle(bench)

    assert bench.connection().status == "connected"
    assert bench.parts.tokens.read("h1") is not None


@pytest.mark.parametrize("moment", ["", "yesterday", None, 5])
def test_a_removal_without_a_time_counts(bench: Bench, moment: Any) -> None:
    bench.connect()
    receive(bench, removal(bench, deauthorization_time=moment))
    handle(bench)

    assert bench.connection().status == "disconnected"


@pytest.mark.parametrize(
    ("retention", "compliance"),
    [("false", "posted"), (False, "posted"), ("true", "not_required"), (True, "not_required")],
)
def test_the_confirmation_is_posted_unless_the_data_may_stay(bench: Bench, retention: Any, compliance: str) -> None:
    bench.connect()
    receive(bench, removal(bench, user_data_retention=retention))
    handle(bench)

    assert [receipt.compliance for receipt in receipts(bench)] == [compliance]


def test_a_confirmation_that_zoom_refuses_is_given_up(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("status", status=410, on="POST /oauth/data/compliance")
    receive(bench, removal(bench))
    handle(bench)

    [receipt] = receipts(bench)
    assert (receipt.compliance, receipt.compliance_document, receipt.next_attempt_at) == ("failed", None, None)


def test_a_confirmation_is_tried_for_ten_days(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("status", status=503, on="POST /oauth/data/compliance")
    receive(bench, removal(bench))
    handle(bench)
    assert receipts(bench)[0].compliance == "pending"
    for _ in range(9):
        bench.clock.turn(86_400)
        handle(bench)
    assert receipts(bench)[0].compliance == "pending"
    assert receipts(bench)[0].next_attempt_at - bench.clock() <= timedelta(hours=1)
    bench.clock.turn(86_400)
    handle(bench)
    assert receipts(bench)[0].compliance == "failed"
    assert receipts(bench)[0].compliance_document is None


def test_with_nowhere_to_post_nothing_is_confirmed(bench: Bench) -> None:
    bench.connect()
    bench.changed["ZOOM_COMPLIANCE_URL"] = ""
    quiet = Bench(bench.folder, bench.zoom, bench.clock, bench.changed)
    receive(quiet, removal(quiet))
    handle(quiet)
    quiet.close()

    assert [receipt.compliance for receipt in receipts(bench)] == ["not_required"]
