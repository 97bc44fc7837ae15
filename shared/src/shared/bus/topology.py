"""Who listens to what, all on one page. Queues are named for their listener."""

EXCHANGE = "punctual.events"

QUEUES: dict[str, tuple[str, ...]] = {
    "booking.events": ("meeting.*", "mail.*", "zoom.*"),
    "zoom-connector.events": ("booking.*", "host.*"),
    "notifier.events": ("booking.*", "meeting.*", "zoom.*", "host.*", "account.*"),
}


def matches(pattern: str, routing_key: str) -> bool:
    """Say whether a topic pattern takes a routing key; `*` is one word, as in AMQP."""
    wanted, words = pattern.split("."), routing_key.split(".")
    return len(wanted) == len(words) and all(w in ("*", word) for w, word in zip(wanted, words, strict=True))


def listeners(routing_key: str) -> list[str]:
    """Give the queues that want an event of this type."""
    return [queue for queue, patterns in QUEUES.items() if any(matches(p, routing_key) for p in patterns)]
