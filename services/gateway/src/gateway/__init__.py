"""The only public door: accounts, the JSON API forwarded inward, and the pages."""
