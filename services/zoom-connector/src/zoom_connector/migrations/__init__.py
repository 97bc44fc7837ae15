"""How the connector's tables came to be."""
