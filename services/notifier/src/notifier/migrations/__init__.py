"""How the notifier's tables came to be."""
