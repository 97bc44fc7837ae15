"""Zoom as our app sees it: consent, tokens, REST and webhooks."""
