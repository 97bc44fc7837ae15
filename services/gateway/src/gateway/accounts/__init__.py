"""Who may come in: sign-up, passwords, sign-in sessions and API keys. What a host is, booking knows."""

from gateway.accounts.keys import ApiKeys, IssuedKey
from gateway.accounts.passwords import Passwords
from gateway.accounts.refused import Refused
from gateway.accounts.sign_ins import SignIns
from gateway.accounts.sign_up import SignUp, SignUps

__all__ = ["ApiKeys", "IssuedKey", "Passwords", "Refused", "SignIns", "SignUp", "SignUps"]
