"""The real handlers, outbox, inbox, reconcile and dispatch in one thread, on a clock, a bus and a Zoom that obey."""
