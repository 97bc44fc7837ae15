"""Which calls a fault's `on` means."""

import pytest

from sandbox.zoom.operations import names_a_call, pattern


@pytest.mark.parametrize(
    ("on", "call"),
    [
        ("POST /v2/users/me/meetings", "POST /v2/users/me/meetings"),
        ("post /v2/users/me/meetings", "POST /v2/users/me/meetings"),
        ("PATCH /v2/meetings/{id}", "PATCH /v2/meetings/81234567890"),
        ("DELETE /v2/meetings/81234567890", "DELETE /v2/meetings/81234567890"),
        ("/oauth/token", "POST /oauth/token"),
        ("* /v2/*", "GET /v2/users/me"),
    ],
)
def test_a_pattern_means_its_calls(on: str, call: str) -> None:
    assert pattern(on).fullmatch(call)
    assert names_a_call(on)


@pytest.mark.parametrize(
    ("on", "call"),
    [
        ("POST /v2/users/me/meetings", "GET /v2/users/me/meetings"),
        ("GET /v2/users/me", "GET /v2/users/me/meetings"),
        ("GET /v2/meetings/{id}", "GET /v2/meetings/1/status"),
    ],
)
def test_a_pattern_means_no_other(on: str, call: str) -> None:
    assert not pattern(on).fullmatch(call)


@pytest.mark.parametrize(
    "on", ["", "POST", "GET /oauth/token", "POST /v2/meeting", "/v2", "[", "POST /v2/users/me/meetings/"]
)
def test_what_matches_no_call_is_known_to(on: str) -> None:
    assert not names_a_call(on)
