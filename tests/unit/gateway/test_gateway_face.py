"""How times, states and pictures are put into words and addresses."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.pages import assets, times, words

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Berlin", "Berlin time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
    ],
)
def test_a_zone_is_said_by_its_city(zone: str, said: str) -> None:
    assert times.city(zone) == said


def test_a_slot_is_named_in_full() -> None:
    start = datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN)
    assert times.spoken(start, "Europe/Berlin") == "Tuesday 24 November, 10:00, Berlin time"


def test_in_the_hour_that_comes_twice_the_name_says_which() -> None:
    start = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    said = times.spoken(start, "Europe/Berlin", "02:30 (UTC+1)")
    assert said == "Sunday 25 October, 02:30 (UTC+1), Berlin time"


@pytest.mark.parametrize(
    ("count", "said"),
    [(5, "5 minutes"), (60, "1 hour"), (90, "1 hour 30 minutes"), (120, "2 hours"), (480, "8 hours")],
)
def test_minutes_are_said_as_people_do(count: int, said: str) -> None:
    assert times.minutes(count) == said


def test_every_zone_stands_once_under_its_region() -> None:
    listed = [name for _, names in times.zone_regions() for name, _ in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(times.zones())
    assert ("Asia/Kolkata", "Kolkata") in dict(times.zone_regions())["Asia"]


def booked(state: str, **video: Any) -> dict[str, Any]:
    return {"status": "confirmed", "video": {"state": state, **video}}


@pytest.mark.parametrize(
    ("booking", "said"),
    [
        (booked("ready"), "Link ready"),
        (booked("ready", moved_to=None), "Link ready"),
        (booked("ready", moved_to={"start": "x", "end": "y"}), "Moved in Zoom"),
        (booked("removed"), "Meeting removed"),
        (booked("removed", removed_because="canceled"), "Meeting removed"),
        (booked("removed", removed_because="deleted_in_zoom"), "Deleted in Zoom"),
        (booked("removed", removed_because="accepted"), "No video meeting"),
        (booked("delayed"), "Link delayed"),
    ],
)
def test_what_the_host_did_in_zoom_is_a_state_of_its_own(booking: dict[str, Any], said: str) -> None:
    assert words.link(booking).badge == said


def test_no_two_states_that_mean_something_else_look_and_read_the_same() -> None:
    shown = [(state.icon, state.badge) for state in words.VIDEO.values()]
    assert len(shown) == len(set(shown))
    assert len({state.title for state in words.VIDEO.values()}) == len(words.VIDEO)


def test_a_logo_has_a_new_address_with_each_version() -> None:
    host = {"handle": "hanna", "logo": "a/b c"}
    assert assets.logo(host) == "/api/v1/hosts/hanna/logo?v=a%2Fb+c"
    assert assets.logo({"handle": "hanna", "logo": None}) is None
    assert assets.logo({"handle": "hanna"}) is None
