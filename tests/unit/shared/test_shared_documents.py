"""Generated pages are fresh."""

from pathlib import Path

from shared.bus import topology
from shared.events import CATALOGUE
from shared.events.document import markdown

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_events_is_what_the_catalogue_says() -> None:
    assert (ROOT / "docs" / "events.md").read_text(encoding="utf-8") == markdown()


def test_somebody_listens_to_every_event() -> None:
    assert [name for name in CATALOGUE if not topology.listeners(name)] == []
