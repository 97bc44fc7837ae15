"""What every inner service's HTTP side promises, over a real socket."""

import http.client
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
import requests
from flask import Flask, g, jsonify
from sqlalchemy.exc import OperationalError
from werkzeug.serving import make_server

from shared import signing, web
from shared.clock import system
from shared.readiness import NotReadyError
from shared.web.app import common

KEY = "k" * 32


class Refused(Exception):
    code = "slot_taken"
    kind = "conflict"
    detail = "This time has just been taken."
    extra: ClassVar[dict[str, list[str]]] = {"nearest": []}


class Wish(web.Body):
    name: web.Line
    seats: int = 1


class Service:
    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, *, audience: str = "booking", **options: Any) -> requests.Response:
        token = signing.sign(KEY, audience=audience, subject=options.pop("subject", "anonymous"), now=system())
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=5, **options)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    health = {"database": lambda: None}
    app = web.app(
        "booking",
        title="Booking",
        service_key=KEY,
        clock=system,
        checks=health,
        refused=Refused,
        raw_paths={"/raw": 1000},
    )

    @app.post("/wishes")
    def wish(body: Wish) -> Any:
        return jsonify(name=body.name, host=g.host_id)

    @app.get("/mine")
    def mine() -> Any:
        return jsonify(host=web.require_host())

    @app.get("/taken")
    def taken() -> Any:
        raise Refused

    @app.get("/bug")
    def bug() -> Any:
        raise RuntimeError("secret@example.com")

    @app.get("/busy")
    def busy() -> Any:
        raise OperationalError("SELECT", {}, Exception("locked"))

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Service(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()


def test_a_call_without_the_gateways_token_is_refused(service: Service) -> None:
    answer = requests.get(f"{service.url}/mine", timeout=5)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthorized"


def test_a_token_for_another_service_is_refused(service: Service) -> None:
    assert service.call("GET", "/mine", audience="notifier", subject="h1").status_code == 401


@pytest.mark.parametrize("age", [timedelta(minutes=2), timedelta(minutes=-2)])
def test_a_token_is_good_for_a_minute_only(age: timedelta) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    token = signing.sign(KEY, audience="booking", subject="h1", now=now)
    assert signing.verify(KEY, token, audience="booking", now=now) == "h1"
    with pytest.raises(signing.BadTokenError):
        signing.verify(KEY, token, audience="booking", now=now + age)


def test_a_token_of_another_key_is_refused() -> None:
    now = system()
    token = signing.sign("x" * 32, audience="booking", subject="h1", now=now)
    with pytest.raises(signing.BadTokenError):
        signing.verify(KEY, token, audience="booking", now=now)


def test_the_acting_host_is_whoever_the_token_says(service: Service) -> None:
    assert service.call("GET", "/mine", subject="h1").json() == {"host": "h1"}
    assert service.call("GET", "/mine").status_code == 401


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"name": "a"}', "text/plain", 415),
        (b'{"name": "a"}', "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b'"x"', "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"name": 1}', "application/json", 422),
        (b'{"name": "a", "size": 1}', "application/json", 422),
        (b'{"name": "a\\r\\nBcc: x"}', "application/json", 422),
        (b'{"name": "a\\u0000"}', "application/json", 422),
        (b'{"name": "\\ud800"}', "application/json", 422),
        (b'{"name": "a", "seats": 1e999}', "application/json", 422),
        (b'{"name": "a", "seats": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b'{"name": "' + b"a" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_does_not_fit_gets_a_clear_problem(
    service: Service, body: bytes, content_type: str, status: int
) -> None:
    answer = service.call("POST", "/wishes", data=body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= answer.json().keys()
    if status == 422:
        assert all(e.keys() == {"field", "message"} for e in answer.json()["errors"])


def test_a_refusal_says_its_code_and_what_goes_with_it(service: Service) -> None:
    answer = service.call("GET", "/taken")
    assert answer.status_code == 409
    assert answer.json()["code"] == "slot_taken"
    assert answer.json()["nearest"] == []


def test_a_surprise_shows_nothing_of_its_inside(service: Service) -> None:
    answer = service.call("GET", "/bug")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_busy_database_asks_to_come_back(service: Service) -> None:
    answer = service.call("GET", "/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/wishes", 405)])
def test_what_is_not_there_is_a_problem_too(service: Service, method: str, path: str, status: int) -> None:
    answer = service.call(method, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_request_keeps_the_id_that_it_came_with(service: Service) -> None:
    assert service.call("GET", "/taken", headers={"X-Request-Id": "abcdef-123"}).headers["X-Request-Id"] == "abcdef-123"
    assert len(service.call("GET", "/taken", headers={"X-Request-Id": "<x>"}).headers["X-Request-Id"]) == 24


def test_health_needs_no_token(service: Service) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert requests.get(service.url + path, timeout=5).status_code == 200
    assert requests.get(f"{service.url}/readyz", timeout=5).json() == {"status": "ready", "checks": {"database": "ok"}}


@pytest.mark.parametrize(
    ("error", "inside", "outside"),
    [
        (NotReadyError("PostgreSQL at db:5432 refuses: see DATABASE_URL"), True, False),
        (RuntimeError("PostgreSQL at db:5432 refuses: see DATABASE_URL"), False, False),
    ],
)
def test_readiness_says_inside_what_fails_and_names_no_address_to_the_public(
    error: Exception, inside: bool, outside: bool
) -> None:
    def fails() -> None:
        raise error

    for public, told in ((False, inside), (True, outside)):
        app = Flask("a service")
        common(app, checks={"database": fails}, raw_paths={}, public=public)
        answer = app.test_client().get("/readyz")
        assert answer.status_code == 503
        said = answer.get_json()["checks"]["database"]
        assert said.startswith(f"failed: {type(error).__name__}")
        assert ("db:5432" in said) is told


def test_a_body_in_pieces_is_limited_too(service: Service) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    token = signing.sign(KEY, audience="booking", subject="anonymous", now=system())
    connection.putrequest("POST", "/wishes")
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10**9))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
