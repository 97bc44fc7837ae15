"""What a first view costs: everything together under 100 KB, the largest logo too, and nothing from anywhere else."""

import secrets
from typing import Any

import pytest
from playwright.sync_api import Page, Response

from browser.conftest import Open
from support.system import Host, System

MOST = 100 * 1024
LARGEST_LOGO = 48 * 1024


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    made = system.host()
    heavy = b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(LARGEST_LOGO - 8)
    sent = made.call("PUT", "/me/logo", data=heavy, headers={"Content-Type": "image/png"})
    assert sent.status_code == 200, sent.text
    return made


def weight(page: Page, url: str) -> tuple[int, set[str]]:
    """Load a page as somebody who never was here; give its bytes with headers, and where they came from."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it marks what it is given
    page.goto(url, wait_until="networkidle")
    sizes: list[dict[str, Any]] = [dict(answer.request.sizes()) for answer in answers]
    total = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes)
    return total, {answer.url.split("/")[2] for answer in answers}


@pytest.mark.parametrize("path", ["/{handle}", "/{handle}/intro", "/{handle}/intro?start={start}", "/bookings/{ref}"])
def test_a_first_view_weighs_less_than_100_kb_and_comes_from_here(
    system: System, host: Host, open_page: Open, path: str
) -> None:
    start = host.slots()[0]["start"].replace("+", "%2B")
    reference = host.book().json()["reference"] if "{ref}" in path else ""
    page = open_page("about:blank", timezone_id="Europe/Berlin")
    total, origins = weight(page, system.url + path.format(handle=host.handle, start=start, ref=reference))
    assert 1000 < total < MOST
    assert origins == {system.url.split("/")[2]}
