"""The client against a server that answers what the sandbox never would: odd shapes, endless lists, dribbled bodies."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from shared.testing import free_port
from zoom_connector.meetings import Wanted
from zoom_connector.zoom.account import ZoomAccount
from zoom_connector.zoom.errors import (
    LimitedError,
    NotSentError,
    RefusedError,
    ScopesMissingError,
    TokenRejectedError,
    UnsureError,
    ZoomError,
)
from zoom_connector.zoom.oauth import OAuth
from zoom_connector.zoom.transport import Budget, Transport

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WANTED = Wanted("[punctual:b1]", "Intro", "[punctual:b1]", NOW, 30, "UTC")
WHOLE = {
    "id": 85746065432,
    "join_url": "https://us05web.zoom.us/j/85746065432?pwd=x",
    "password": "Ab1",
    "start_url": "x",
}

Script = Callable[[Request], Response]


@dataclass
class Server:
    """Answers by a script and remembers what it was asked."""

    script: Script = field(default=lambda _request: Response(status=204))
    asked: list[Request] = field(default_factory=list)
    url: str = ""

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        self.script = lambda _request: Response(text, status, headers)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        request.get_data()
        self.asked.append(request)
        return self.script(request)(environ, start_response)


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server whose answers each test writes."""
    made = Server()
    http = make_server("127.0.0.1", 0, made, threaded=True)
    made.url = f"http://127.0.0.1:{http.port}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    http.shutdown()
    thread.join()


def account(url: str, *, seconds: float = 5, read: float = 1) -> ZoomAccount:
    budget = Budget(seconds, read_seconds=read)
    return ZoomAccount(Transport(), url, lambda rejected: "fresh" if rejected else "token", lambda: NOW, budget)


@pytest.mark.parametrize("number", [85746065432, "85746065432", 9_007_199_254_740_991, 5])
def test_an_id_comes_as_a_number_or_as_text(server: Server, number: Any) -> None:
    server.answer(WHOLE | {"id": number}, 201)

    assert account(server.url).create(WANTED).id == int(number)


@pytest.mark.parametrize(
    "odd",
    [
        {"id": None},
        {"id": "x"},
        {"id": -1},
        {"id": 0},
        {"id": 2**70},
        {"id": True},
        {"id": 1.5},
        {"join_url": None},
        {"join_url": ""},
        {"join_url": 5},
        {"join_url": "javascript:alert(1)"},
        {"join_url": "https://"},
        {"join_url": "https://zoom.us/j/1\r\nX: y"},
        {"join_url": "https://[zoom"},
        {"join_url": "https://zoom.us/" + "x" * 3000},
    ],
    ids=str,
)
def test_a_meeting_that_makes_no_sense_leaves_it_open_whether_it_was_made(server: Server, odd: dict[str, Any]) -> None:
    server.answer(WHOLE | odd, 201)

    with pytest.raises(UnsureError):
        account(server.url).create(WANTED)


@pytest.mark.parametrize(
    "odd",
    [
        {"password": None},
        {"password": 123},
        {"topic": 5},
        {"duration": "30"},
        {"start_time": "soon"},
        {"start_time": 5},
    ],
    ids=str,
)
def test_what_is_odd_but_not_needed_does_no_harm(server: Server, odd: dict[str, Any]) -> None:
    server.answer(WHOLE | odd, 201)

    assert account(server.url).create(WANTED).id == 85746065432


@pytest.mark.parametrize("body", ["", "<html>", "[]", "null", '"x"', "{", b"\xff\xfe", "[" * 5000])
@pytest.mark.parametrize("status", [200, 201, 400, 404, 500])
def test_a_body_that_is_no_json_object_is_no_answer(server: Server, body: Any, status: int) -> None:
    server.answer(body, status)

    with pytest.raises(UnsureError):
        account(server.url).create(WANTED)


@pytest.mark.parametrize(
    ("status", "code", "message", "error"),
    [
        (400, 4711, "Invalid access token, does not contain scopes:[x].", ScopesMissingError),
        (401, 4711, "Invalid access token, does not contain scopes:[x].", ScopesMissingError),
        (401, 4700, "Invalid access token, does not contain scopes:[x].", ScopesMissingError),
        (401, 4700, "Invalid access token.", TokenRejectedError),
        (401, 124, "Access token is expired.", TokenRejectedError),
        (400, 124, "Access token is expired.", TokenRejectedError),
        (400, 300, "Validation Failed.", RefusedError),
        (404, 2300, "This API endpoint is not recognized.", RefusedError),
        (429, 4001, "You have reached the maximum per-second rate limit for this API.", LimitedError),
        (429, 429, "", LimitedError),
        (500, 500, "", UnsureError),
        (302, 0, "", UnsureError),
    ],
)
def test_each_error_says_what_can_be_done(
    server: Server, status: int, code: int, message: str, error: type[ZoomError]
) -> None:
    server.answer({"code": code, "message": message}, status)

    with pytest.raises(error):
        account(server.url).create(WANTED)


def test_a_rejected_token_is_tried_once_more_with_another(server: Server) -> None:
    server.answer({"code": 124, "message": "Invalid access token."}, 401)
    with pytest.raises(TokenRejectedError):
        account(server.url).create(WANTED)

    assert [request.headers["Authorization"] for request in server.asked] == ["Bearer token", "Bearer fresh"]


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.answer("", 307, Location=server.url + "/elsewhere")
    with pytest.raises(UnsureError):
        account(server.url).create(WANTED)

    assert len(server.asked) == 1


def test_a_netrc_on_the_machine_changes_no_authorization(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answer(WHOLE, 201)
    account(server.url).create(WANTED)

    assert server.asked[0].headers["Authorization"] == "Bearer token"


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    with pytest.raises(NotSentError):
        account(f"http://127.0.0.1:{free_port()}").create(WANTED)


def test_a_name_that_is_nobodys_means_that_nothing_was_sent() -> None:
    with pytest.raises(NotSentError):
        account("http://zoom.invalid").create(WANTED)


def test_a_connection_that_is_cut_after_sending_leaves_it_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            taken, _ = listener.accept()
            taken.recv(65536)
            taken.close()

        thread = Thread(target=cut)
        thread.start()
        with pytest.raises(UnsureError):
            account(f"http://127.0.0.1:{listener.getsockname()[1]}").create(WANTED)
        thread.join()


def test_a_body_that_dribbles_is_given_up_when_the_time_is_over(server: Server) -> None:
    def dribble() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 70_000
            time.sleep(0.05)

    server.script = lambda _request: Response(dribble(), 201)
    began = time.monotonic()
    with pytest.raises(UnsureError):
        account(server.url, seconds=1.5).create(WANTED)

    assert time.monotonic() - began < 4


def test_a_spent_budget_sends_nothing(server: Server) -> None:
    with pytest.raises(NotSentError):
        account(server.url, seconds=0).create(WANTED)

    assert server.asked == []


def test_a_list_is_read_to_its_end_and_only_ours_is_found(server: Server) -> None:
    mark = {"agenda": "[punctual:b1]\nmore"}
    pages: dict[str | None, dict[str, Any]] = {
        None: {"next_page_token": "p2", "meetings": [WHOLE | {"agenda": "see [punctual:b1]"}, 5, {}]},
        "p2": {"next_page_token": "p3", "meetings": [WHOLE | mark | {"id": 90_000_000_002}]},
        "p3": {"next_page_token": "", "meetings": [WHOLE | mark | {"id": "90000000001"}, WHOLE | {"agenda": None}]},
    }

    def script(request: Request) -> Response:
        return Response(json.dumps(pages[request.args.get("next_page_token")]))

    server.script = script
    found = account(server.url).find("[punctual:b1]", datetime(2027, 9, 1, 0, 30, tzinfo=UTC))

    assert [made.id for made in found] == [90_000_000_001, 90_000_000_002]
    assert (server.asked[0].args["from"], server.asked[0].args["to"]) == ("2027-08-31", "2027-09-02")
    assert all(request.args["page_size"] == "300" for request in server.asked)


@pytest.mark.parametrize(
    "body", [{}, {"meetings": None}, {"meetings": {}}, {"meetings": [], "next_page_token": "again"}]
)
def test_a_list_that_makes_no_sense_proves_nothing(server: Server, body: dict[str, Any]) -> None:
    server.answer(body)

    with pytest.raises(UnsureError):
        account(server.url).find("[punctual:b1]", NOW)


def test_an_adopted_meeting_is_good_without_leave_to_read_it(server: Server) -> None:
    def script(request: Request) -> Response:
        if request.path.startswith("/meetings/"):
            return Response('{"code":4711,"message":"scopes"}', 400)
        return Response(json.dumps({"meetings": [WHOLE | {"agenda": "[punctual:b1]", "password": None}]}))

    server.script = script
    [made] = account(server.url).find("[punctual:b1]", NOW)

    assert made.passcode is None


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"access_token": "a"},
        {"access_token": "a", "refresh_token": "", "expires_in": 3600},
        {"access_token": 5, "refresh_token": "r", "expires_in": 3600},
        {"access_token": "a", "refresh_token": "r", "expires_in": "soon"},
        {"access_token": "a", "refresh_token": "r", "expires_in": -5},
    ],
    ids=str,
)
def test_tokens_that_make_no_sense_are_no_tokens(server: Server, odd: dict[str, Any]) -> None:
    server.answer(odd)

    with pytest.raises(UnsureError):
        oauth(server).refresh("old", budget=Budget(5))


def test_tokens_count_their_life_from_before_the_call(server: Server) -> None:
    server.answer({"access_token": "a", "refresh_token": "r", "expires_in": "3599", "scope": "x  y"})
    grant = oauth(server).refresh("old", budget=Budget(5))

    assert (grant.expires_at - NOW).total_seconds() == 3599
    assert grant.scopes == frozenset({"x", "y"})
    assert "old" not in server.asked[0].url
    assert server.asked[0].form.to_dict() == {"grant_type": "refresh_token", "refresh_token": "old"}
    assert server.asked[0].authorization is not None
    assert server.asked[0].authorization.type == "basic"


def oauth(server: Server) -> OAuth:
    return OAuth(Transport(), server.url, server.url, "id", "secret", "http://x/cb", "", lambda: NOW)
