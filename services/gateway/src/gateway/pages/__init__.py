"""The pages."""

from flask import Flask


def install(app: Flask) -> None:
    """Put every page on the app."""
