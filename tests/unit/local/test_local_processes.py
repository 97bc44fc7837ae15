"""Which process is told what."""

from pathlib import Path

import pytest
from deploy.local.keep import Keep
from deploy.local.processes import Process, processes
from deploy.local.settings import load

OWN = {"ZOOM_CLIENT_ID": "own-id", "ZOOM_CLIENT_SECRET": "own-secret", "ZOOM_WEBHOOK_SECRET": "own-hook"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var"


def told(folder: Path, name: str, variables: dict[str, str]) -> dict[str, str]:
    settings = load(variables | {"DATA": str(folder)})
    found: list[Process] = [process for process in processes(settings, Keep(folder)) if process.name == name]
    return dict(found[0].environment)


def test_without_credentials_of_its_own_the_connector_uses_the_sandboxs_app(folder: Path, tmp_path: Path) -> None:
    connector = told(folder, "zoom-connector-api", {"PORT": "9000"})
    sandbox = told(tmp_path / "other", "sandbox", {"PORT": "9000"})
    assert connector["ZOOM_OAUTH_URL"] == "http://127.0.0.1:9010"
    assert connector["ZOOM_API_URL"] == "http://127.0.0.1:9010/v2"
    assert sandbox["PORT"] == "9010"
    assert sandbox["SMTP_PORT"] == "9011"
    assert sandbox["WEBHOOK_URL"] == "http://127.0.0.1:9000/webhooks/zoom"


def test_with_credentials_the_connector_speaks_to_zoom_and_the_sandbox_never_sees_them(
    folder: Path, tmp_path: Path
) -> None:
    connector = told(folder, "zoom-connector-worker", OWN)
    assert connector["ZOOM_OAUTH_URL"] == "https://zoom.us"
    assert connector["ZOOM_API_URL"] == "https://api.zoom.us/v2"
    assert OWN.items() <= connector.items()
    assert not set(OWN.values()) & set(told(tmp_path / "other", "sandbox", OWN).values())


def test_credentials_for_the_sandbox_itself_are_shared_with_it(folder: Path) -> None:
    here = {"ZOOM_OAUTH_URL": "http://127.0.0.1:9010", "ZOOM_API_URL": "http://127.0.0.1:9010/v2"}
    assert OWN.items() <= told(folder, "sandbox", OWN | here).items()


def test_a_database_of_its_own_goes_to_its_service_alone(folder: Path, tmp_path: Path) -> None:
    variables = {"BOOKING_DATABASE_URL": "postgresql://localhost/booking"}
    assert variables.items() <= told(folder, "booking-worker", variables).items()
    assert "BOOKING_DATABASE_URL" not in told(tmp_path / "other", "notifier-worker", variables)


def test_only_the_gateway_is_bound_beyond_this_machine(folder: Path, tmp_path: Path) -> None:
    variables = {"BIND": "192.0.2.1"}
    assert told(folder, "gateway-api", variables)["BIND"] == "192.0.2.1"
    assert told(tmp_path / "other", "booking-api", variables)["BIND"] == "127.0.0.1"
