"""What a run refuses in its environment, and what it makes of the rest."""

import pytest
from deploy.local.settings import GATEWAY, Refused, load


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"BROKER_URL": "localhost:5672"}, "BROKER_URL must be an address that begins with amqp:// or amqps://"),
        ({"PORT": "http"}, "PORT must be a number from 1 to 65524"),
        ({"PORT": "65530"}, "PORT must be a number from 1 to 65524"),
        ({"PUBLIC_URL": "book.example"}, "PUBLIC_URL must be an address that begins with http:// or https://"),
        ({"PUBLIC_URL": "http://book.example:http"}, "PUBLIC_URL must be an address"),
        ({"SMTP_URL": "mail.example"}, "SMTP_URL must be an address"),
        ({"MAIL_FROM": "a@b.example\r\nBcc: c@d.example"}, "MAIL_FROM must be a mail address"),
        ({"SERVICE_KEY": "short"}, "SERVICE_KEY must have at least 32 bytes"),
        ({"ZOOM_CALLS_PER_SECOND": "0"}, "ZOOM_CALLS_PER_SECOND must be a number from 1 to 1000"),
        ({"CONFIRMATION_WAIT": "soon"}, "CONFIRMATION_WAIT must be seconds"),
        ({"CONFIRMATION_WAIT": "nan"}, "CONFIRMATION_WAIT must be seconds"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT must be json or console"),
        ({"BOOKING_DATABASE_URL": "mysql://x"}, "BOOKING_DATABASE_URL must begin with sqlite: or postgresql:"),
        ({"DATABASE_URL": "sqlite:////x"}, "DATABASE_URL would be one database for several services"),
        ({"ZOOM_CLIENT_ID": "x"}, "ZOOM_CLIENT_SECRET is missing beside ZOOM_CLIENT_ID"),
        ({"VAULT_ADDR": "https://vault.example"}, "VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, is missing"),
    ],
)
def test_a_bad_variable_is_refused_by_name(variables: dict[str, str], says: str) -> None:
    with pytest.raises(Refused, match=r"^bad settings: ") as refused:
        load(variables)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bad_value_is_not_repeated_since_it_may_be_a_secret() -> None:
    with pytest.raises(Refused) as refused:
        load({"SERVICE_KEY": "hunter2", "SMTP_URL": "user:hunter2@mail.example"})
    assert "hunter2" not in str(refused.value)


def test_an_empty_variable_counts_as_unset_except_where_empty_means_never() -> None:
    settings = load({"SMTP_URL": "", "PORT": "", "ZOOM_COMPLIANCE_URL": ""})
    assert settings.given == {"ZOOM_COMPLIANCE_URL": ""}
    assert settings.public_url == "http://127.0.0.1:8080"


def test_a_gateway_bound_to_one_address_is_reached_there() -> None:
    assert load({"BIND": "192.0.2.1"}).url(GATEWAY) == "http://192.0.2.1:8080"
    assert load({"BIND": "0.0.0.0"}).url(GATEWAY) == "http://127.0.0.1:8080"  # noqa: S104 - compared, not bound


@pytest.mark.parametrize(
    ("variables", "real"),
    [
        ({}, False),
        ({"ZOOM_API_URL": "https://api.zoom.us/v2"}, False),
        ({"ZOOM_CLIENT_ID": "x"}, True),
        ({"ZOOM_CLIENT_ID": "x", "ZOOM_API_URL": "http://127.0.0.1:9000/v2"}, False),
        ({"ZOOM_CLIENT_ID": "x", "ZOOM_API_URL": "https://notzoom.us/v2"}, False),
    ],
)
def test_zoom_is_the_real_one_when_it_has_our_credentials_and_its_own_address(
    variables: dict[str, str], *, real: bool
) -> None:
    secrets = {"ZOOM_CLIENT_SECRET": "s", "ZOOM_WEBHOOK_SECRET": "w"} if "ZOOM_CLIENT_ID" in variables else {}
    assert load(variables | secrets).real_zoom is real
