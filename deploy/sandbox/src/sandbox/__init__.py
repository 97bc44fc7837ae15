"""A stand-in for Zoom and for a mailbox, for development and tests. It shares no code with the services."""
