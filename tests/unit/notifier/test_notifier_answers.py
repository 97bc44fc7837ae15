"""What mail servers answer, in words that a host understands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.mail.answers import MAIL, RECIPIENT, in_words


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (550, b"5.1.1 <x@y.example> unknown", "there is no mailbox with this address (550, 5.1.1)"),
        (550, b"no such user x@y.example", "the mail server refused the recipient's address (550)"),
        (552, b"5.2.2 over quota", "the mailbox is full (552, 5.2.2)"),
        (450, b"4.2.2 over quota", "the mailbox is full (450, 4.2.2)"),
        (450, b"4.2.0 greylisted", "the mail server asks to try again later (450, 4.2.0)"),
        (452, b"full", "the mailbox or the mail server is full (452)"),
        (451, b"4.7.1 greylisted", "the mail server asks to try again later (451, 4.7.1)"),
        (451, b"4.9.9 ?", "the mail server asks to try again later (451, 4.9.9)"),
        (554, b"5.7.26 unauthenticated", "the recipient's server finds our mail not signed as it should be"),
        (554, b"5.1.1000 odd", "the mail server refused the mail (554)"),
    ],
)
def test_an_answer_is_put_into_words(code: int, said: bytes, words: str) -> None:
    what = RECIPIENT if code in (550, 552, 452, 451, 450) else MAIL
    assert in_words(code, said, what).startswith(words)


@given(st.integers(400, 599), st.binary(max_size=60))
def test_nothing_that_the_server_says_is_quoted(code: int, said: bytes) -> None:
    words = in_words(code, said + b" someone@private.example", RECIPIENT)
    assert "private" not in words
    assert len(words) < 150
