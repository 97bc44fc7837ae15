"""The whole way through the door of the containers: the tests of `make run`, asked of `make up PROFILE=demo`."""

import pytest

from support.compose import Stack
from system.test_system_booking_way import (
    host,
    test_a_booked_session_gets_its_link_on_the_page_in_both_mails_and_in_zoom,
    test_a_move_moves_the_meeting_and_a_cancel_deletes_it_and_both_are_told,
    test_a_person_without_javascript_signs_up_connects_books_moves_and_cancels,
    test_a_taken_slot_offers_the_three_nearest,
    test_booked_without_zoom_the_link_follows_when_the_host_connects,
    test_the_host_reads_who_did_what_and_where_each_mail_is,
    test_the_same_key_and_body_are_the_same_booking,
)

__all__ = [
    "host",
    "test_a_booked_session_gets_its_link_on_the_page_in_both_mails_and_in_zoom",
    "test_a_move_moves_the_meeting_and_a_cancel_deletes_it_and_both_are_told",
    "test_a_person_without_javascript_signs_up_connects_books_moves_and_cancels",
    "test_a_taken_slot_offers_the_three_nearest",
    "test_booked_without_zoom_the_link_follows_when_the_host_connects",
    "test_the_host_reads_who_did_what_and_where_each_mail_is",
    "test_the_same_key_and_body_are_the_same_booking",
]


@pytest.fixture(scope="module")
def system(stack: Stack) -> Stack:
    """Stand in for `make run`."""
    return stack
