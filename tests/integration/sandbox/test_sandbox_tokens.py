"""Codes, tokens, rotation and revocation."""

import base64
import hashlib

import pytest
import requests

from integration.sandbox.world import CLIENT, Api, World

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
INVALID_TOKEN = {"reason": "Invalid Token!", "error": "invalid_grant"}


def test_a_code_gives_everything_that_zoom_gives(world: World) -> None:
    tokens = world.tokens()
    assert set(tokens) == {"access_token", "token_type", "refresh_token", "expires_in", "scope", "api_url"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["api_url"]) == ("bearer", 3600, world.url)


def test_a_code_works_once(world: World) -> None:
    code = world.code()
    assert world.exchange(code).status_code == 200
    again = world.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_code_lives_five_minutes(world: World) -> None:
    early, late = world.code(), world.code()
    world.clock.move(seconds=299)
    assert world.exchange(early).status_code == 200
    world.clock.move(seconds=2)
    assert world.exchange(late).status_code == 400


def test_the_exchange_repeats_the_redirect_address(world: World) -> None:
    code = world.code()
    assert world.exchange(code, redirect_uri=f"{world.callback}/").json()["error"] == "invalid_grant"
    assert world.exchange(code).status_code == 200


@pytest.mark.parametrize("proof", [{}, {"code_verifier": "something else"}])
def test_a_challenge_needs_its_verifier(world: World, proof: dict[str, str]) -> None:
    code = world.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert world.exchange(code, **proof).status_code == 400
    assert world.exchange(code, code_verifier=VERIFIER).status_code == 200


def test_wrong_client_credentials_are_invalid_client(world: World) -> None:
    answer = world.token(auth=(CLIENT[0], "wrong"), grant_type="refresh_token", refresh_token="x")
    assert answer.status_code == 400
    assert answer.json() == {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}


def test_client_credentials_in_the_form_do_not_count(world: World) -> None:
    form = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "grant_type": "refresh_token", "refresh_token": "x"}
    assert world.token(auth=None, **form).json()["error"] == "invalid_client"


def test_a_token_in_the_query_is_refused(world: World) -> None:
    refresh = world.tokens()["refresh_token"]
    query = {"grant_type": "refresh_token", "refresh_token": refresh}
    answer = requests.post(f"{world.url}/oauth/token", params=query, auth=CLIENT, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (401, 124)


def test_a_json_body_is_no_form(world: World) -> None:
    body = {"grant_type": "refresh_token", "refresh_token": world.tokens()["refresh_token"]}
    answer = requests.post(f"{world.url}/oauth/token", json=body, auth=CLIENT, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_refresh_gives_new_tokens(world: World) -> None:
    before = world.tokens()
    after = world.refresh(before["refresh_token"]).json()
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]


def test_a_used_refresh_token_is_dead(world: World) -> None:
    old = world.tokens()["refresh_token"]
    world.refresh(old)
    again = world.refresh(old)
    assert (again.status_code, again.json()) == (400, INVALID_TOKEN)


def test_with_grace_a_used_refresh_token_works_for_that_long(world: World) -> None:
    world.fault(fault="rotation", grace=60)
    old = world.tokens()["refresh_token"]
    world.refresh(old)
    world.clock.move(seconds=58)
    assert world.refresh(old).status_code == 200
    world.clock.move(seconds=5)
    assert world.refresh(old).json() == INVALID_TOKEN


def test_the_access_token_before_a_refresh_keeps_working(world: World) -> None:
    tokens = world.tokens()
    world.refresh(tokens["refresh_token"])
    assert Api(world.url, tokens["access_token"]).call("GET", "/users/me").status_code == 200


def test_an_access_token_lives_an_hour(world: World) -> None:
    zoom = world.zoom()
    world.clock.move(seconds=3601)
    answer = zoom.call("GET", "/users/me")
    assert (answer.status_code, answer.json()) == (401, {"code": 124, "message": "Access token is expired."})


def test_a_refresh_token_lives_ninety_days(world: World) -> None:
    tokens = world.tokens()
    world.clock.move(days=90, seconds=1)
    assert world.refresh(tokens["refresh_token"]).json() == INVALID_TOKEN


def test_a_new_consent_of_the_same_user_kills_the_earlier_tokens(world: World) -> None:
    before = world.tokens()
    world.tokens()
    assert Api(world.url, before["access_token"]).call("GET", "/users/me").json()["code"] == 124
    assert world.refresh(before["refresh_token"]).json() == INVALID_TOKEN


def test_a_consent_of_another_user_kills_nothing(world: World) -> None:
    first = world.zoom("one@zoom.example")
    world.zoom("two@zoom.example")
    assert first.call("GET", "/users/me").status_code == 200


def test_tokens_expire_on_demand_and_can_be_refreshed(world: World) -> None:
    tokens = world.tokens()
    world.fault(fault="expire_tokens")
    assert Api(world.url, tokens["access_token"]).call("GET", "/users/me").status_code == 401
    assert world.refresh(tokens["refresh_token"]).status_code == 200


def test_a_lost_refresh_has_rotated(world: World) -> None:
    old = world.tokens()["refresh_token"]
    world.fault(fault="token_lost", times=1)
    with pytest.raises(requests.ConnectionError):
        world.refresh(old)
    assert world.refresh(old).json() == INVALID_TOKEN


def test_a_lost_refresh_spares_the_exchange_of_a_code(world: World) -> None:
    world.fault(fault="token_lost", times=1)
    assert world.exchange(world.code()).status_code == 200


@pytest.mark.parametrize(
    ("quirk", "status", "body"),
    [
        ("old_token_errors", 401, {"reason": "Invalid Token!", "error": "invalid_request"}),
        ("bare_token_errors", 400, {"error": "invalid_grant"}),
    ],
)
def test_refusals_come_in_older_shapes_on_demand(world: World, quirk: str, status: int, body: dict[str, str]) -> None:
    world.fault(fault=quirk)
    answer = world.refresh("never was")
    assert (answer.status_code, answer.json()) == (status, body)


def revoke(world: World, token: str) -> requests.Response:
    return requests.post(f"{world.url}/oauth/revoke", data={"token": token}, auth=CLIENT, timeout=10)


def test_revoke_answers_success_and_kills_both_tokens(world: World) -> None:
    tokens = world.tokens()
    answer = revoke(world, tokens["access_token"])
    assert (answer.status_code, answer.json()) == (200, {"status": "success"})
    assert Api(world.url, tokens["access_token"]).call("GET", "/users/me").json()["code"] == 124
    assert world.refresh(tokens["refresh_token"]).json() == INVALID_TOKEN


def test_revoke_tells_the_app_that_it_was_removed(world: World) -> None:
    revoke(world, world.tokens()["access_token"])
    [hook] = world.app.wait("app_deauthorized")
    assert hook.json["payload"]["user_id"] == world.items("users")[0]["id"]


def test_revoke_takes_a_refresh_token_only_on_demand(world: World) -> None:
    refresh = world.tokens()["refresh_token"]
    assert revoke(world, refresh).status_code == 400
    world.fault(fault="revoke_any_token")
    assert revoke(world, refresh).status_code == 200


def confirm(world: World, **other: object) -> requests.Response:
    body = {
        "client_id": CLIENT[0],
        "user_id": "u",
        "account_id": "a",
        "deauthorization_event_received": {"user_id": "u"},
        "compliance_completed": True,
    }
    return requests.post(f"{world.url}/oauth/data/compliance", json=body | other, auth=CLIENT, timeout=10)


def test_a_compliance_confirmation_is_kept(world: World) -> None:
    assert confirm(world).status_code == 200
    assert [item["user_id"] for item in world.items("compliance")] == ["u"]


def test_an_incomplete_compliance_confirmation_is_refused(world: World) -> None:
    answer = confirm(world, compliance_completed=False)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)
    assert world.items("compliance") == []
