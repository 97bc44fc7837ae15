"""Every mail as it is read, compared with the files beside this one.

After a change that is meant: `RENEW_SNAPSHOTS=1 pytest tests/unit/notifier/test_notifier_snapshots.py`, then look at
what `git diff` shows.
"""

import os
from email.message import EmailMessage
from pathlib import Path

import pytest

from notifier.deliveries import DELETED_IN_ZOOM, FIRSTS, LINK_MAILS, MOVED_IN_ZOOM, REFUSAL, REMINDER
from notifier.letters import notices
from unit.notifier.notifier_samples import SAMPLES, mail

STORED = Path(__file__).parent / "snapshots"
RENEW = bool(os.environ.get("RENEW_SNAPSHOTS"))


def forms(written: EmailMessage) -> dict[str, str]:
    """Give the mail in what its reader's program can choose from, each as the text of a file."""
    html, text = written.get_body(("html",)), written.get_body(("plain",))
    assert html is not None
    assert text is not None
    head = "".join(f"{name}: {written[name]}\n" for name in ("To", "Reply-To", "Subject") if written[name])
    shown = {".html": html.get_content(), ".txt": f"{head}\n{text.get_content()}"}
    for part in written.walk():
        if part.get_content_type() == "text/calendar":
            shown[".ics"] = part.get_content()
    return {form: content.replace("\r\n", "\n") for form, content in shown.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_mail_is_as_it_was_last_looked_at(name: str) -> None:
    shown = forms(mail(name))
    if RENEW:
        STORED.mkdir(exist_ok=True)
        for old in STORED.glob(f"{name}.*"):
            old.unlink()
        for form, content in shown.items():
            (STORED / f"{name}{form}").write_text(content)
    stored = {file.suffix: file.read_text() for file in STORED.glob(f"{name}.*")}
    assert shown == stored


def test_each_kind_of_mail_has_its_snapshot_and_no_snapshot_is_left_over() -> None:
    kinds = FIRSTS | LINK_MAILS | {REFUSAL, MOVED_IN_ZOOM, DELETED_IN_ZOOM} | set(REMINDER.values())
    assert {name.partition("-")[0] for name in SAMPLES} == kinds | set(notices.KINDS)
    assert {file.stem for file in STORED.iterdir()} == set(SAMPLES)
