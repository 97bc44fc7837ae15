"""The machine's own Chromium, or the one that Playwright has."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@contextmanager
def launched() -> Iterator[Browser]:
    """Start it, once in a process: Playwright takes no second one. Raises `playwright.sync_api.Error` without one."""
    installed = next((found for name in NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=installed, args=list(FLAGS))
        yield started
        started.close()
