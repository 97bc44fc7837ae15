"""Mail as it travels: `message` makes it from a letter, `server` hands it to the mail server over SMTP."""
