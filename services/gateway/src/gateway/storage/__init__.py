"""What the gateway keeps, one file for each kind of row. Nothing here decides."""

from gateway.storage.accounts import Account
from gateway.storage.tables import (
    ACCOUNTS,
    API_KEYS,
    FIRST_STEPS,
    LINKS,
    METADATA,
    RESET_WISHES,
    SIGN_INS,
    WRONG_PASSWORDS,
)

__all__ = [
    "ACCOUNTS",
    "API_KEYS",
    "FIRST_STEPS",
    "LINKS",
    "METADATA",
    "RESET_WISHES",
    "SIGN_INS",
    "WRONG_PASSWORDS",
    "Account",
]
