"""The pages, server-rendered: they work without JavaScript and by keyboard alone. One file per group of pages."""

from gateway.pages import (
    agenda,
    availability,
    booking,
    bookings,
    confirmation,
    connections,
    design,
    entry,
    hosts,
    mail_links,
    overview,
    profile,
    reference,
    session_types,
    welcome,
    zoom_return,
)
from gateway.pages.blueprint import install

__all__ = [
    "agenda",
    "availability",
    "booking",
    "bookings",
    "confirmation",
    "connections",
    "design",
    "entry",
    "hosts",
    "install",
    "mail_links",
    "overview",
    "profile",
    "reference",
    "session_types",
    "welcome",
    "zoom_return",
]
