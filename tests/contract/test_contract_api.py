"""The API keeps to its own document: schemathesis asks whatever the document allows, and some of what it does not."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.api.account_operations import OPERATIONS
from gateway.api.merge import PARAMETER
from gateway.api.own_operations import OPERATIONS as OWN
from gateway.api.routes import HOST, ROUTES
from support.system import PASSWORD, Host, System

LONG = os.environ.get("FAULTS") == "long"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
    "allow_header_conformance",
)
SECONDS = 3600 if LONG else 120
"""Far more than it takes; a run that hangs must not take the suite with it."""
SHORT = """
[phases.coverage.generation]
mode = "positive"

[phases.fuzzing.generation]
max-examples = 4
"""
KNOWN = """
[parameters]
"path.handle" = "{handle}"
"path.slug" = "intro"
"path.reference" = "{reference}"

[[operations]]
include-path-regex = "^/me/bookings/"
parameters = {{ "path.id" = "{booking}" }}

[[operations]]
include-path-regex = "^/me/session-types/"
parameters = {{ "path.id" = "{session_type}" }}

# It finds the ids of keys by itself, and would revoke the one that it uses.
[[operations]]
include-path-regex = "^/me/api-keys/"
parameters = {{ "path.id" = "{spare_key}" }}
"""


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host(connected=True)


@pytest.fixture
def known(host: Host) -> dict[str, str]:
    """Give what is there to be asked for."""
    booked = host.book().json()
    sign_in = {"email": host.email, "password": PASSWORD, "label": "spare"}
    other = {"slug": "another", "title": "Another", "duration": 30}
    return {
        "handle": host.handle,
        "reference": booked["reference"],
        "booking": booked["id"],
        "session_type": host.call("POST", "/me/session-types", json=other).json()["id"],
        "spare_key": host.call("POST", "/api-keys", json=sign_in).json()["id"],
    }


@pytest.fixture(scope="module")
def document(system: System) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{system.api}/openapi.json", timeout=20).json()
    return found


def test_the_document_describes_every_call_of_the_table_with_who_may_make_it(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), PARAMETER.sub("{}", path)): bool(operation["security"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    table = {(route.method, PARAMETER.sub("{}", route.path)): route.who == HOST for route in ROUTES}
    own = {(method, PARAMETER.sub("{}", path)): bool(one["security"]) for (method, path), one in OWN.items()}
    assert OPERATIONS.items() <= OWN.items()
    assert described == table | own


def test_every_call_says_what_a_good_answer_is_and_that_an_error_is_a_problem(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert answers.keys() - {"default"}, (method, path)
            assert "application/problem+json" in answers["default"]["content"], (method, path)
            assert operation["summary"], (method, path)
            for status, answer in answers.items():
                assert answer.get("content") or status in {"204", "304"}, (method, path, status)


def test_the_api_keeps_to_its_document(system: System, host: Host, known: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(KNOWN.format(**known) + ("" if LONG else SHORT), encoding="utf-8")
    told = ["--seed", "1", "--no-color", "--continue-on-failure", "--workers", "2", "--warnings", "off"]
    told += [
        "--phases",
        "coverage,fuzzing",
        "--checks",
        ",".join(CHECKS),
        "--header",
        f"Authorization: Bearer {host.api_key}",
    ]
    program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config)]
    ended = subprocess.run(
        [*program, "run", f"{system.api}/openapi.json", "--url", system.api, *told],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[:20_000]
    assert host.call("GET", "/me").status_code == 200, "it ended the key that it used, and tested nothing after that"


@pytest.mark.parametrize(
    "said",
    [
        b"GET /livez HTTP/1.0\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST /api/v1/hosts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{",
    ],
)
def test_a_client_that_holds_on_to_its_connection_holds_nobody_else_up(system: System, said: bytes) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(5):
            client = held.enter_context(socket.create_connection(("127.0.0.1", system.port), timeout=10))
            client.sendall(said)
            assert client.recv(100).startswith(b"HTTP/1.")
        begun = time.monotonic()
        assert requests.get(f"{system.url}/livez", timeout=20).status_code == 200
        assert time.monotonic() - begun < 1.5, "gunicorn alone would wait two seconds for each of them"
