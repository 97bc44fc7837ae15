"""`make screenshots`: takes every page in Chromium, as wide as a phone and a desk, into build/screenshots."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page

sys.path[0] = str(Path(__file__).resolve().parents[1])  # the folder of the tests, as pytest has it

from screenshots import scene  # noqa: E402 - found only after the line above
from screenshots.pages import DARK, FRESH, INSIDE, PUBLIC, WHILE_ZOOM_IS_DOWN  # noqa: E402
from support.chromium import launched  # noqa: E402
from support.system import PASSWORD, ROOT, Host, System  # noqa: E402

OUTPUT = ROOT / "build" / "screenshots"
WIDTHS = {390: 844, 1280: 860}
TALLEST = 6000
"""Pixels; the API's reference goes on and on."""


def main() -> int:
    """Start a system of its own, let people use it, and take the pictures."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        system = System(Path(folder) / "data").start()
        try:
            built = scene.build(system)
            with launched() as browser:
                take(browser, system, built)
        finally:
            system.stop()
    sys.stdout.write(f"{len(list(OUTPUT.glob('*.png')))} pictures in {OUTPUT.relative_to(ROOT)}\n")
    return 0


def take(browser: Browser, system: System, built: scene.Scene) -> None:
    """Take every page at each width, light, and the telling ones dark too."""
    shown = ((None, PUBLIC), (built.host, WHILE_ZOOM_IS_DOWN), (built.host, INSIDE), (built.fresh, FRESH))
    for who, wanted in shown:
        if wanted is INSIDE:
            scene.heal(system, built)
        context = browser.new_context(timezone_id="Europe/Berlin", reduced_motion="reduce")
        page = context.new_page()
        if who:
            sign_in(page, system, who)
        for name, address in wanted.items():
            page.goto(system.url + address.format(**built.names))
            shoot(page, name)
        context.close()


def sign_in(page: Page, system: System, host: Host) -> None:
    """Come in as a host."""
    page.goto(f"{system.url}/signin")
    page.get_by_label("E-mail address").fill(host.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")


def shoot(page: Page, name: str) -> None:
    """Take the page at hand."""
    for scheme in ("light", "dark") if name in DARK else ("light",):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            suffix = "-dark" if scheme == "dark" else ""
            tall = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
            whole: FloatRect = {"x": 0, "y": 0, "width": width, "height": tall}
            page.screenshot(path=OUTPUT / f"{name}-{width}{suffix}.png", full_page=True, clip=whole)


if __name__ == "__main__":
    sys.exit(main())
