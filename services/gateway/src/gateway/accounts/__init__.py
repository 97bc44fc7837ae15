"""Who may come in: sign-up, passwords, addresses, sign-in sessions, API keys, leaving. What a host is, booking knows.

Pages and API call the same functions. What a person types is one of the models here (`SignUp`, `EmailChange`, ...),
whose `ValidationError` names the fields; what is refused is `Refused`, with a code, a sentence and a status's kind.
"""

from gateway.accounts.departures import Departure, Departures
from gateway.accounts.email_changes import EmailChange, EmailChanges
from gateway.accounts.first_steps import FirstSteps
from gateway.accounts.keys import ApiKeys, IssuedKey
from gateway.accounts.letters import Letters
from gateway.accounts.new_passwords import NewPasswords, PasswordChange, Reset, ResetWish
from gateway.accounts.passwords import Passwords
from gateway.accounts.refused import Refused
from gateway.accounts.sign_ins import SignIns
from gateway.accounts.sign_up import SignUp, SignUps

__all__ = [
    "ApiKeys",
    "Departure",
    "Departures",
    "EmailChange",
    "EmailChanges",
    "FirstSteps",
    "IssuedKey",
    "Letters",
    "NewPasswords",
    "PasswordChange",
    "Passwords",
    "Refused",
    "Reset",
    "ResetWish",
    "SignIns",
    "SignUp",
    "SignUps",
]
