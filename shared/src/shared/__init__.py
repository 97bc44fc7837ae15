"""What every service of Punctual stands on: events, bus, outbox, inbox, leased work, web. It decides nothing."""
