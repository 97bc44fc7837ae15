"""What the sandbox reads from its environment."""

import pytest

from sandbox.settings import SettingsError, load

GOOD = {
    "DATA": "var",
    "PORT": "8090",
    "SMTP_PORT": "8091",
    "PUBLIC_URL": "http://127.0.0.1:8080/",
    "ZOOM_CLIENT_ID": "id",
    "ZOOM_CLIENT_SECRET": "hidden",
    "ZOOM_WEBHOOK_SECRET": "hidden",
}


def test_addresses_follow_from_the_gateway_and_the_port() -> None:
    settings = load(GOOD)
    assert settings.redirect_uri == "http://127.0.0.1:8080/oauth/zoom/callback"
    assert settings.webhook_address == "http://127.0.0.1:8080/webhooks/zoom"
    assert settings.url == "http://127.0.0.1:8090"


def test_addresses_can_be_given() -> None:
    settings = load(GOOD | {"SANDBOX_URL": "https://zoom.example/", "WEBHOOK_URL": "http://gateway/hook"})
    assert (settings.url, settings.webhook_address) == ("https://zoom.example", "http://gateway/hook")


def test_secrets_are_not_in_what_is_printed() -> None:
    assert "hidden" not in repr(load(GOOD))


@pytest.mark.parametrize("name", GOOD)
def test_each_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        load({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("port", ["x", "70000", "-1", "8090.5", "\uff19"])
def test_a_port_is_a_port(port: str) -> None:
    with pytest.raises(SettingsError, match="PORT is not a port"):
        load(GOOD | {"PORT": port})
