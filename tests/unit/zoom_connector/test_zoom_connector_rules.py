"""The rules of a meeting, the words of Zoom's limits, scopes, signatures and settings: nothing but values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from zoom_connector import settings
from zoom_connector.connections import scopes
from zoom_connector.meetings import Action, Intent, Made, Meeting, Wanted, decide, wanted
from zoom_connector.webhooks.signature import encrypted, genuine
from zoom_connector.zoom.waits import next_utc_midnight, retry_after

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
START = NOW + timedelta(days=2)
WANTED = Wanted("[punctual:b1]", "Intro: Ann", "[punctual:b1]", START, 30, "Europe/London")
MADE = Made(85_746_065_432, "https://us05web.zoom.us/j/85746065432?pwd=x", "secret", START, 30, "Intro: Ann")
INTENT = Intent(NOW, START, NOW + timedelta(seconds=20))
MEETING = Meeting("b1", "h1", live=True, wanted=WANTED, end=START + timedelta(minutes=30), made=None, intent=None)
LATER = START + timedelta(days=1)


@pytest.mark.parametrize(
    ("meeting", "action"),
    [
        (MEETING, Action.CREATE),
        (replace(MEETING, made=MADE), Action.ANNOUNCE_READY),
        (replace(MEETING, made=replace(MADE, start=LATER)), Action.UPDATE),
        (replace(MEETING, made=replace(MADE, duration=60)), Action.UPDATE),
        (replace(MEETING, made=replace(MADE, topic="Other")), Action.UPDATE),
        (replace(MEETING, made=replace(MADE, start=None)), Action.UPDATE),
        (replace(MEETING, intent=INTENT), Action.LOOK),
        (replace(MEETING, live=False), Action.ANNOUNCE_REMOVED),
        (replace(MEETING, live=False, made=MADE), Action.DELETE),
        (replace(MEETING, live=False, intent=INTENT), Action.LOOK),
        (replace(MEETING, end=NOW), Action.GIVE_UP),
        (replace(MEETING, end=NOW, made=replace(MADE, start=LATER)), Action.ANNOUNCE_READY),
        (replace(MEETING, end=NOW, intent=INTENT), Action.LOOK),
    ],
)
def test_the_difference_says_what_is_to_be_done(meeting: Meeting, action: Action) -> None:
    assert decide(meeting, NOW) is action


def test_no_create_is_ever_decided_while_another_is_in_doubt() -> None:
    for live in (True, False):
        for made in (None, MADE):
            assert decide(replace(MEETING, live=live, made=made, intent=INTENT), NOW) is Action.LOOK


@given(title=some.text(max_size=400), client=some.text(max_size=400), description=some.text(max_size=5000))
def test_whatever_people_write_zoom_can_take_it(title: str, client: str, description: str) -> None:
    made = wanted(
        meeting_id="b1",
        title=title,
        client=client,
        description=description,
        start=START,
        end=START + timedelta(minutes=30),
        timezone="UTC",
    )

    assert 1 <= len(made.topic) <= 200
    assert "\n" not in made.topic
    assert "\r" not in made.topic
    assert len(made.agenda) <= 2000
    assert made.agenda.startswith("[punctual:b1]")


@pytest.mark.parametrize(("seconds", "minutes"), [(1800, 30), (1801, 31), (1, 1), (0, 1), (200_000, 1440)])
def test_a_duration_is_in_whole_minutes_within_zooms_limits(seconds: int, minutes: int) -> None:
    end = START + timedelta(seconds=seconds)
    made = wanted(meeting_id="b", title="T", client="C", description="", start=START, end=end, timezone="UTC")

    assert made.duration == minutes


def test_neither_links_nor_passcodes_are_shown_in_a_traceback() -> None:
    assert "zoom.us" not in repr(MADE)
    assert "secret" not in repr(MADE)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("5", NOW + timedelta(seconds=5)),
        (" 5 ", NOW + timedelta(seconds=5)),
        ("2026-11-21T00:00:00Z", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21T01:00:00+01:00", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-20T13:00:00", datetime(2026, 11, 20, 13, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 00:00:00 GMT", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2020-05-31T00:00:00Z", NOW),
        ("0", NOW),
        ("99999999999999999999", NOW + timedelta(hours=26)),
        ("9999-12-31T23:59:59Z", NOW + timedelta(hours=26)),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("\u0665", None),
        ("Sat, 99 Nov 2026 00:00:00 GMT", None),
    ],
)
def test_every_form_of_retry_after_is_read(header: str | None, expected: datetime | None) -> None:
    assert retry_after(header, NOW) == expected


@given(some.text(max_size=60))
def test_no_retry_after_breaks_the_reading(header: str) -> None:
    read = retry_after(header, NOW)

    assert read is None or NOW <= read <= NOW + timedelta(hours=26)


def test_the_day_ends_at_midnight_utc() -> None:
    assert next_utc_midnight(NOW) == datetime(2026, 11, 21, tzinfo=UTC)
    assert next_utc_midnight(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_scopes_are_taken_in_their_old_and_new_names() -> None:
    assert scopes.missing({"user:read", "meeting:write"}) == []
    assert scopes.missing(set(scopes.NEEDED)) == []
    assert scopes.missing({"user:read:user", "meeting:write:meeting"}) == [
        "meeting:update:meeting",
        "meeting:delete:meeting",
    ]
    assert scopes.missing(set()) == list(scopes.NEEDED)


def test_a_signature_that_others_have_computed_is_taken() -> None:
    # HMAC-SHA256 of `v0:1600000000:{"event":"x"}` with the key `secret`, computed with openssl.
    body, at = b'{"event":"x"}', datetime.fromtimestamp(1_600_000_000, UTC)
    digest = "v0=" + SIGNATURE

    assert genuine("secret", timestamp="1600000000", signature=digest, body=body, now=at)
    assert not genuine("secret", timestamp="1600000000", signature=digest.upper(), body=body, now=at)
    assert not genuine("secret", timestamp="1600000000", signature=digest, body=body + b" ", now=at)
    assert not genuine("other", timestamp="1600000000", signature=digest, body=body, now=at)
    assert not genuine("secret", timestamp="1600000001", signature=digest, body=body, now=at)
    assert genuine("secret", timestamp="1600000000", signature=digest, body=body, now=at + timedelta(seconds=300))
    assert not genuine("secret", timestamp="1600000000", signature=digest, body=body, now=at + timedelta(seconds=301))


@pytest.mark.parametrize("timestamp", ["", "x", "-5", "9" * 400, "1e9", "\u0661\u0662", None])
@pytest.mark.parametrize("signature", ["", "v0=", "v0=\u00fc", "\udcff", None])
def test_headers_that_make_no_sense_are_no_signature(timestamp: str | None, signature: str | None) -> None:
    assert not genuine("secret", timestamp=timestamp, signature=signature, body=b"{}", now=NOW)
    now_stamp = str(int(NOW.timestamp()))
    assert not genuine("secret", timestamp=now_stamp, signature=signature, body=b"{}", now=NOW)


SIGNATURE = "f45d5efebde85d90c0ddfbb8ddff0bbd8ee25be8ccabcf700be764ca6d573076"


def test_a_validation_is_answered_as_others_compute_it() -> None:
    assert encrypted("secret", "token") == "e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a"


GOOD = {
    "DATA": "/var/lib/punctual",
    "PUBLIC_URL": "https://book.example.org/",
    "SERVICE_KEY": "k" * 32,
    "ZOOM_CLIENT_ID": "id",
    "ZOOM_CLIENT_SECRET": "the-secret",
    "ZOOM_WEBHOOK_SECRET": "the-other-secret",
}


def test_without_addresses_it_is_the_real_zoom() -> None:
    read = settings.load(GOOD)

    assert (read.zoom_oauth_url, read.zoom_api_url) == ("https://zoom.us", "https://api.zoom.us/v2")
    assert read.zoom_compliance_url == "https://api.zoom.us/oauth/data/compliance"
    assert read.redirect_uri == "https://book.example.org/oauth/zoom/callback"
    assert read.database_url == "sqlite:////var/lib/punctual/zoom-connector.sqlite3"


def test_the_confirmation_goes_to_where_the_api_is() -> None:
    read = settings.load(GOOD | {"ZOOM_API_URL": "http://127.0.0.1:8090/v2"})

    assert read.zoom_compliance_url == "http://127.0.0.1:8090/oauth/data/compliance"


def test_an_empty_address_means_that_nothing_is_confirmed() -> None:
    assert settings.load(GOOD | {"ZOOM_COMPLIANCE_URL": ""}).zoom_compliance_url == ""


def test_no_secret_is_shown() -> None:
    shown = repr(settings.load(GOOD))

    assert "the-secret" not in shown
    assert "the-other-secret" not in shown


@pytest.mark.parametrize("name", [name for name in GOOD if name != "DATA"])
def test_a_missing_setting_is_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        settings.load({key: value for key, value in GOOD.items() if key != name})

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"zoom-connector: bad settings: {name} is missing\n"


@pytest.mark.parametrize(
    ("name", "value"), [("ZOOM_OAUTH_URL", "zoom.us"), ("ZOOM_COMPLIANCE_URL", "x"), ("VAULT_ADDR", "https://vault")]
)
def test_a_setting_that_makes_no_sense_is_named(name: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings.load(GOOD | {name: value})

    [line] = capsys.readouterr().err.splitlines()
    assert name in line
