"""Where everything but the tokens is kept. No rules in here, and no Zoom."""
