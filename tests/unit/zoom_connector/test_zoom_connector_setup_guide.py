"""The guide to making the Zoom app names what the code reads, asks for and listens to: no more and no less."""

import re
from pathlib import Path

import pytest

from zoom_connector.connections import scopes
from zoom_connector.settings import ZOOM_API_URL, ZOOM_OAUTH_URL, Settings
from zoom_connector.webhooks import contents

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/zoom-app-setup.md").read_text()
CLASSIC = {"user:read", "meeting:write", "meeting:read"}


def named(pattern: str) -> set[str]:
    """Give what stands between backticks and looks so."""
    return set(re.findall(f"`({pattern})`", GUIDE))


def first_column(pattern: str) -> set[str]:
    return set(re.findall(rf"^\| `({pattern})` \|", GUIDE, re.MULTILINE))


def test_every_setting_it_names_exists() -> None:
    known = {name.upper() for name in Settings.model_fields}

    assert named("[A-Z][A-Z_]+") - {"DATA"} <= known
    assert {name for name in known if name.startswith("ZOOM_")} - {"ZOOM_TOKEN_URL"} <= named("[A-Z][A-Z_]+")


def test_it_names_the_scopes_that_are_used_and_no_others() -> None:
    assert first_column("[a-z_]+:[a-z_:]+") == {*scopes.NEEDED, *scopes.OPTIONAL}
    assert named("(?:user|meeting):[a-z]+") == CLASSIC


@pytest.mark.parametrize("scope", scopes.NEEDED)
def test_it_says_that_a_needed_scope_is_needed(scope: str) -> None:
    assert f"| `{scope}` | yes |" in GUIDE


def test_it_names_the_events_that_are_acted_on_and_no_others() -> None:
    assert first_column(r"(?:app_|meeting\.)[a-z_]+") == set(contents.ACTED_ON)
    assert f"`{contents.VALIDATION}`" in GUIDE


def test_every_address_it_names_is_answered_by_the_gateway() -> None:
    paths = set(re.findall(r"https://punctual\.example\.com(/[a-z/]+)", GUIDE))
    source = "".join(file.read_text() for file in (ROOT / "services/gateway/src/gateway").rglob("*.py"))

    assert paths == {"/oauth/zoom/callback", "/oauth/zoom/install", "/webhooks/zoom"}
    assert all(f'"{path}"' in source for path in paths)


def test_it_names_zooms_addresses_as_the_code_has_them() -> None:
    assert f"`{ZOOM_OAUTH_URL}`" in GUIDE
    assert f"`{ZOOM_API_URL}`" in GUIDE
    assert f"`{Settings.model_fields['zoom_calls_per_second'].default}`" in GUIDE


def test_every_page_it_links_to_is_there() -> None:
    assert all((ROOT / "docs" / target).exists() for target in re.findall(r"\]\(([a-z./-]+)\)", GUIDE))
    assert all((ROOT / page).exists() for page in named(r"docs/[a-z-]+\.md"))
