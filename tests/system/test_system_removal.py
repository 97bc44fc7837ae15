"""After a removal, from either side, no file of any service holds anything of the host's Zoom account."""

import sqlite3
from pathlib import Path

import pytest
import requests

from shared.testing import eventually
from support.system import Host, System, booking

SANDBOX = ("sandbox.sqlite3", "sandbox.log")
"""Zoom's own side of the run: what the account's owner has there stays."""


def secrets_of(system: System, email: str) -> dict[str, str]:
    """Give what Zoom knows of the account and has given away for it."""
    with sqlite3.connect(system.data / "sandbox.sqlite3") as zoom:
        user_id, account_id = zoom.execute("SELECT id, account_id FROM users WHERE email = ?", [email]).fetchone()
        issued = "SELECT token, kind FROM tokens JOIN grants ON grants.id = grant_id WHERE user_id = ?"
        tokens = {f"{kind} token {token[-6:]}": token for token, kind in zoom.execute(issued, [user_id])}
    assert len(tokens) >= 2
    return tokens | {"account e-mail": email, "user id": user_id, "account id": account_id}


def places(data: Path, secrets: dict[str, str]) -> set[str]:
    """Say what is found where, also in what the databases have freed and in their logs."""
    found = set()
    for path in data.rglob("*"):
        if path.is_file() and not path.name.startswith(SANDBOX):
            content = path.read_bytes()
            found |= {f"{name} in {path.name}" for name, secret in secrets.items() if secret.encode() in content}
    return found


def live(system: System) -> tuple[Host, dict[str, str]]:
    """Let a host connect and be booked, so that whatever could be written down is."""
    host = system.host(connected=True)
    made = host.book().json()
    eventually(lambda: booking(system, made["reference"])["video"]["state"] == "ready", timeout=20)
    secrets = secrets_of(system, host.call("GET", "/me/connections/zoom").json()["account_email"])
    assert places(system.data, secrets), "the search can find something"
    return host, secrets


@pytest.mark.parametrize("side", ["here", "in Zoom"])
def test_a_removal_leaves_nothing_in_any_database_bus_or_log(system: System, side: str) -> None:
    host, secrets = live(system)
    if side == "here":
        assert host.call("DELETE", "/me/connections/zoom").status_code == 200
    else:
        told = requests.post(
            f"{system.sandbox_url}/sandbox/deauthorize", json={"email": secrets["account e-mail"]}, timeout=10
        )
        assert told.ok, told.text
    eventually(lambda: host.call("GET", "/me/connections/zoom").json()["status"] == "disconnected", timeout=15)
    eventually(lambda: not places(system.data, secrets), timeout=15)
