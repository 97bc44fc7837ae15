"""Sends the mails about bookings, each exactly once."""
