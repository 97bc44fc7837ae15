"""How bodies of events are written."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.zoom.events import written


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=9), st.text() | st.lists(st.text(), max_size=3), max_size=5), st.integers())
def test_a_body_means_the_same_however_it_is_written(body: dict[str, object], seed: int) -> None:
    assert json.loads(written(body, random.Random(seed))) == body


def test_every_second_special_character_is_escaped() -> None:
    assert written({"topic": "äöü🎉é"}, random.Random(1)) == '{"topic":"\\u00e4ö\\u00fc🎉\\u00e9"}'.encode()
