"""Which answer of the broker confirms which message."""

import pytest

from shared.bus import BusMisconfiguredError
from shared.bus.rabbitmq.address import Address
from shared.bus.rabbitmq.window import Window


def window(*ids: str, first_tag: int = 1) -> Window:
    made = Window()
    for tag, message_id in enumerate(ids, start=first_tag):
        made.sent(tag, message_id)
    made.all_sent()
    return made


def test_an_ack_confirms_its_own_message_only() -> None:
    sent = window("a", "b", "c")
    sent.answered(2, multiple=False, positive=True)
    assert sent.close() == ({"b"}, set())


def test_a_multiple_ack_confirms_all_up_to_its_tag() -> None:
    sent = window("a", "b", "c")
    sent.answered(2, multiple=True, positive=True)
    assert sent.close()[0] == {"a", "b"}


def test_a_window_is_complete_when_every_message_has_its_answer() -> None:
    sent = window("a", "b")
    sent.answered(1, multiple=False, positive=True)
    assert not sent.wait(0.01)
    sent.answered(2, multiple=False, positive=False)
    assert sent.wait(0.01)


def test_a_refused_message_is_not_confirmed() -> None:
    sent = window("a", "b")
    sent.answered(2, multiple=True, positive=False)
    assert sent.close()[0] == set()


def test_a_message_that_came_back_is_not_confirmed_by_the_ack_that_follows() -> None:
    sent = window("a", "b")
    sent.returned("a")
    sent.answered(2, multiple=True, positive=True)
    assert sent.close() == ({"b"}, {"a"})


def test_an_answer_for_the_window_before_confirms_nothing_of_this_one() -> None:
    sent = window("c", "d", first_tag=3)
    sent.answered(2, multiple=True, positive=True)
    sent.answered(2, multiple=False, positive=True)
    assert sent.close()[0] == set()


def test_what_arrives_after_giving_up_counts_for_nothing() -> None:
    sent = window("a", "b")
    sent.answered(1, multiple=False, positive=True)
    confirmed, _ = sent.close()
    sent.answered(2, multiple=False, positive=True)
    assert (confirmed, sent.close()[0]) == ({"a"}, {"a"})


def test_a_lost_connection_ends_the_wait_at_once_and_is_not_complete() -> None:
    sent = window("a")
    sent.lost()
    assert not sent.wait(60)


@pytest.mark.parametrize(
    ("url", "vhost", "port"),
    [
        ("amqp://broker", "/", 5672),
        ("amqp://broker/", "/", 5672),
        ("amqp://broker//", "/", 5672),
        ("amqp://broker/%2f", "/", 5672),
        ("amqps://broker/a%2Fb", "a/b", 5671),
        ("amqp://broker:5673/events", "events", 5673),
    ],
)
def test_every_way_to_write_a_vhost_is_understood(url: str, vhost: str, port: int) -> None:
    address = Address.parse(url)
    assert (address.vhost, address.port) == (vhost, port)


def test_name_and_password_may_hold_any_character() -> None:
    address = Address.parse("amqp://a%40b:p%2F%3A%40@broker/")
    assert (address.user, address.password) == ("a@b", "p/:@")


def test_an_address_never_shows_its_password() -> None:
    address = Address.parse("amqp://me:geheim@broker/")
    assert "geheim" not in f"{address} {address!r} {address.for_publishing('x')!r} {address.for_listening('x')!r}"


@pytest.mark.parametrize("url", ["amqp://", "amqp://h:port/", "http://h/", "amqp://h/?heartbeat=3", "amqp:///vhost"])
def test_an_address_that_makes_no_sense_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BusMisconfiguredError, match="BROKER_URL"):
        Address.parse(url)
