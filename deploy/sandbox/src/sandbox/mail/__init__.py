"""The mailbox: an SMTP server that keeps what it is given."""
