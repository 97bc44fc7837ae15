"""Faults on demand: each breaks what it says, for as long as it says."""

import concurrent.futures
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from integration.sandbox.world import Api, World

CREATE = "POST /v2/users/me/meetings"


@pytest.fixture
def zoom(world: World) -> Api:
    """Connect one host."""
    return world.zoom()


def test_a_status_takes_the_place_of_the_work(world: World, zoom: Api) -> None:
    world.fault(fault="status", status=503, on=CREATE, body="html")
    answer = zoom.create()
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html")
    assert world.items("meetings") == []


def test_after_means_that_the_work_is_done(world: World, zoom: Api) -> None:
    world.fault(fault="status", status=503, on=CREATE, after=True)
    assert zoom.create().status_code == 503
    assert len(world.items("meetings")) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("empty", ""),
        ("xml", "<?xml version='1.0'?>"),
        ({"code": 3161, "message": "No."}, '{"code": 3161, "message": "No."}'),
    ],
)
def test_a_status_comes_with_any_body(world: World, zoom: Api, body: Any, text: str) -> None:
    world.fault(fault="status", status=400, body=body, headers={"Retry-After": "7"})
    answer = zoom.create()
    assert answer.text.startswith(text)
    assert answer.headers["Retry-After"] == "7"


def test_a_counted_fault_goes_by_itself(world: World, zoom: Api) -> None:
    world.fault(fault="status", status=500, times=2)
    assert [zoom.create().status_code for _ in range(3)] == [500, 500, 201]
    assert world.items("faults") == []


def test_a_counted_fault_is_used_exactly_so_often_under_load(world: World, zoom: Api) -> None:
    world.fault(fault="status", status=500, times=10)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: zoom.create().status_code, range(30)))
    assert sorted(answers) == [201] * 20 + [500] * 10


def test_a_fault_meets_only_the_calls_that_it_names(world: World, zoom: Api) -> None:
    meeting = zoom.made()
    world.fault(fault="status", status=500, on="PATCH /v2/meetings/{id}")
    assert zoom.call("PATCH", f"/meetings/{meeting['id']}", json={}).status_code == 500
    assert zoom.call("GET", f"/meetings/{meeting['id']}").status_code == 200


def test_a_fault_meets_only_the_user_whom_it_names(world: World, zoom: Api) -> None:
    other = world.zoom("other@zoom.example")
    world.fault(fault="status", status=500, user="Other@zoom.example")
    assert (zoom.create().status_code, other.create().status_code) == (201, 500)


def test_the_consent_page_is_met_only_when_named(world: World) -> None:
    world.fault(fault="status", status=500)
    assert world.decide().status_code == 302
    world.fault(fault="status", status=502, on="/oauth/authorize")
    assert world.decide().status_code == 502


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_a_reset_cuts_the_connection(world: World, zoom: Api, after: bool, made: int) -> None:
    world.fault(fault="reset", on=CREATE, after=after)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        zoom.create()
    assert len(world.items("meetings")) == made


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_a_hang_outlasts_the_clients_patience(world: World, zoom: Api, after: bool, made: int) -> None:
    world.fault(fault="hang", on=CREATE, after=after, seconds=30)
    with pytest.raises(requests.ReadTimeout):
        zoom.call("POST", "/users/me/meetings", json={"topic": "x"}, timeout=0.3)
    assert len(world.items("meetings")) == made


def test_a_hang_ends_without_an_answer(world: World, zoom: Api) -> None:
    world.fault(fault="hang", seconds=0.05)
    with pytest.raises(requests.ConnectionError, match="without response"):
        zoom.create()


def test_hanging_calls_hold_up_nobody(world: World, zoom: Api) -> None:
    world.fault(fault="hang", on=CREATE, seconds=60)
    with concurrent.futures.ThreadPoolExecutor(40) as threads:

        def give_up(_: int) -> None:
            with pytest.raises(requests.ReadTimeout):
                zoom.call("POST", "/users/me/meetings", json={}, timeout=1)

        stuck = [threads.submit(give_up, number) for number in range(40)]
        began = time.monotonic()
        assert zoom.call("GET", "/users/me").status_code == 200
        assert time.monotonic() - began < 1
        concurrent.futures.wait(stuck)


@pytest.mark.parametrize(("after", "status"), [(False, 200), (True, 201)])
def test_an_unreadable_body_is_no_json(world: World, zoom: Api, after: bool, status: int) -> None:
    world.fault(fault="unreadable", on=CREATE, after=after)
    answer = zoom.create()
    assert answer.status_code == status
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_redirect_leads_to_another_host_that_answers(world: World, zoom: Api) -> None:
    world.fault(fault="redirect")
    answer = zoom.call("GET", "/users/me")
    assert (answer.status_code, answer.headers["Location"]) == (
        307,
        f"http://localhost:{world.running.settings.port}/v2/users/me",
    )
    followed = requests.get(answer.headers["Location"], headers={"Authorization": f"Bearer {zoom.token}"}, timeout=10)
    assert followed.status_code == 200


def test_latency_answers_rightly_but_late(world: World, zoom: Api) -> None:
    world.fault(fault="latency", seconds=0.3)
    began = time.monotonic()
    assert zoom.create().status_code == 201
    assert time.monotonic() - began >= 0.3


def test_a_per_second_refusal_has_zooms_headers(world: World, zoom: Api) -> None:
    world.fault(fault="rate_limit", kind="per_second")
    answer = zoom.create()
    assert (answer.status_code, answer.json()["code"]) == (429, 429)
    assert "maximum per-second rate limit" in answer.json()["message"]
    assert answer.headers["X-RateLimit-Type"] == "QPS"


def test_a_daily_refusal_says_until_when_as_an_iso_instant(world: World, zoom: Api) -> None:
    world.fault(fault="rate_limit", kind="daily")
    until = datetime.fromisoformat(zoom.create().headers["Retry-After"])
    assert (until.hour, until.minute, until > datetime.now(UTC)) == (0, 0, True)


def test_retry_after_comes_as_seconds_or_as_a_date_on_demand(world: World, zoom: Api) -> None:
    world.fault(fault="rate_limit", retry_after="seconds", times=1)
    assert zoom.create().headers["Retry-After"] == "1"
    world.fault(fault="rate_limit", retry_after="date")
    assert parsedate_to_datetime(zoom.create().headers["Retry-After"])


def test_a_users_spent_day_has_its_own_words_and_no_retry_after(world: World, zoom: Api) -> None:
    world.fault(fault="rate_limit", kind="user_daily")
    answer = zoom.create()
    assert "exceeded the daily rate limit (100) of Meeting Create/Update API requests" in answer.json()["message"]
    assert not {"Retry-After", "X-RateLimit-Type"} & set(answer.headers)
    assert zoom.call("GET", "/users/me/meetings").status_code == 200


def test_a_quota_of_creates_and_updates_ends_at_midnight_utc(world: World, zoom: Api) -> None:
    world.fault(fault="quotas", user_daily=2)
    meeting = zoom.made()
    assert zoom.call("PATCH", f"/meetings/{meeting['id']}", json={"duration": 5}).status_code == 204
    assert zoom.create().status_code == 429
    assert zoom.call("DELETE", f"/meetings/{meeting['id']}").status_code == 204
    world.clock.move(days=1)
    assert world.zoom().create().status_code == 201


def test_a_quota_is_each_users_own(world: World, zoom: Api) -> None:
    world.fault(fault="quotas", user_daily=1)
    zoom.made()
    assert world.zoom("other@zoom.example").create().status_code == 201


def test_calls_at_once_are_counted_exactly(world: World, zoom: Api) -> None:
    world.fault(fault="quotas", per_day=4)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: zoom.create().status_code, range(12)))
    assert sorted(answers) == [201] * 4 + [429] * 8


def test_without_a_quota_nothing_is_limited(zoom: Api) -> None:
    assert {zoom.create().status_code for _ in range(105)} == {201}


def test_faults_are_listed_and_cleared(world: World, zoom: Api) -> None:
    world.fault(fault="status", status=500)
    world.fault(fault="no_passcode")
    assert [item["fault"] for item in world.items("faults")] == ["status", "no_passcode"]
    requests.delete(f"{world.url}/sandbox/faults?fault=status", timeout=10)
    assert "password" not in zoom.made()
    world.fault(clear=True)
    assert "password" in zoom.made()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"fault": "stutter"}, "stutter"),
        ({"fault": "status"}, "status"),
        ({"fault": "status", "status": 200}, "status"),
        ({"fault": "hang", "sekonds": 1}, "sekonds"),
        ({"fault": "reset", "on": "POST /v2/nowhere"}, "no call matches"),
        ({"fault": "smtp", "mode": "down", "times": 2}, "down"),
        ({"fault": "no_passcode", "times": 0}, "times"),
        ({"fault": "expire_tokens", "user": "nobody"}, "no such Zoom user"),
        ([], "dictionary"),
        ("\ud800", ""),
        ({"clear": 3}, "clear"),
    ],
)
def test_a_fault_that_makes_no_sense_is_422_with_the_reason(world: World, body: Any, word: str) -> None:
    answer = requests.post(f"{world.url}/sandbox/faults", json=body, timeout=10)
    assert answer.status_code == 422
    assert word in answer.text
    assert world.items("faults") == []


def test_the_log_of_calls_says_what_happened_and_no_token(world: World, zoom: Api) -> None:
    world.fault(fault="reset", on=CREATE, after=True, times=1)
    with pytest.raises(requests.ConnectionError):
        zoom.create()
    zoom.create()
    lost, made = world.items("requests", operation="create_meeting")
    assert (lost["status"], lost["fault"], made["status"], made["fault"]) == (None, "reset", 201, None)
    assert zoom.token not in requests.get(f"{world.url}/sandbox/requests", timeout=10).text


def test_a_reset_of_the_sandbox_forgets_all_but_the_people(world: World, zoom: Api) -> None:
    zoom.made()
    world.fault(fault="smtp", mode="down")
    requests.post(f"{world.url}/sandbox/reset", timeout=10)
    assert [world.items(what) for what in ("meetings", "mail", "faults", "requests")] == [[], [], [], []]
    assert zoom.create().json()["code"] == 124
    assert [user["email"] for user in world.items("users")] == ["host@zoom.example"]
