"""Why Vault can't be used, each cause with a class of its own: readiness shows its name, the log its sentence."""

from typing import Any

import requests
from hvac import exceptions as hvac_errors

from zoom_connector.tokens import TokenStoreUnavailableError

SETUP = "deploy/vault/setup.sh"
POLICY = "deploy/vault/punctual.hcl"


class VaultTrouble(TokenStoreUnavailableError):
    """Vault can't be used. The text is a sentence for whoever runs it, without any secret."""


class VaultUnreachable(VaultTrouble):
    """Nobody answers at its address, or not in time."""


class VaultSealed(VaultTrouble):
    """It answers, and has no key to what it holds until somebody unseals it."""


class VaultFailing(VaultTrouble):
    """It answers with an error of its own, or not as a Vault does."""


class VaultLoginRefused(VaultTrouble):
    """It does not take the AppRole's id and secret."""


class VaultTokenEnded(VaultTrouble):
    """It does not take VAULT_TOKEN, and we have nothing to get another one with."""


class VaultDenied(VaultTrouble):
    """It knows us, and its policy does not allow what we need."""


class VaultMountWrong(VaultTrouble):
    """At VAULT_MOUNT is nothing, or nothing with versions."""


def explain(error: Exception) -> VaultTrouble:  # noqa: PLR0911 - a table, one line each
    """Turn what hvac or requests raised, or what came of an answer that makes no sense, into a trouble."""
    match error:
        case VaultTrouble():
            return error
        case requests.exceptions.SSLError():
            return VaultUnreachable(
                "The certificate at VAULT_ADDR is not trusted: VAULT_CACERT names the authority that signed it"
            )
        case requests.Timeout():
            return VaultUnreachable("Vault does not answer in time at VAULT_ADDR; it is tried again by itself")
        case requests.RequestException():
            return VaultUnreachable("Nobody answers at VAULT_ADDR; it is tried again by itself")
        case hvac_errors.VaultDown() if "sealed" in says(error):
            return VaultSealed("Vault is sealed; it goes on by itself once somebody has unsealed it")
        case hvac_errors.VaultError():
            return VaultFailing(f"Vault answers with an error ({type(error).__name__}); it is tried again by itself")
        case _:
            return VaultFailing("What answers at VAULT_ADDR does not speak as Vault does: is the address right?")


def says(error: hvac_errors.VaultError) -> str:
    """Give Vault's own words, which name paths and reasons and never a secret."""
    words: Any = error.errors or error.text or ""
    return words if isinstance(words, str) else "; ".join(str(word) for word in words)


def login_refused(error: hvac_errors.VaultError) -> VaultLoginRefused:
    """Say what is wrong with the AppRole."""
    if not isinstance(error, hvac_errors.InvalidRequest):
        return VaultLoginRefused(
            f"Vault lets nobody log in with an AppRole: either there is none yet ({SETUP} makes it),"
            " or after wrong secrets the role is locked for 15 minutes, or it is bound to other addresses"
        )
    return VaultLoginRefused(
        "VAULT_ROLE_ID or VAULT_SECRET_ID is wrong, or the secret is at its end:"
        f" run {SETUP} for a new one and start this process again"
    )


def token_ended() -> VaultTokenEnded:
    """Say that nothing more can be done with the token that was given."""
    return VaultTokenEnded(
        "VAULT_TOKEN is wrong, revoked or at its end: give a new one, or VAULT_ROLE_ID and VAULT_SECRET_ID,"
        " with which a process gets its own"
    )


def denied(doing: str) -> VaultDenied:
    """Say which call the policy does not allow."""
    return VaultDenied(f"The policy of Vault's token does not allow to {doing}: put {POLICY} in place with {SETUP}")


def too_narrow(lacking: list[str], mount: str) -> VaultDenied:
    """Say what the policy lacks."""
    return VaultDenied(
        f"The policy of Vault's token lacks {', '.join(lacking)}: put {POLICY} in place with {SETUP},"
        f" and see that {mount!r} is the VAULT_MOUNT it is for"
    )


def mount_wrong(mount: str, why: str) -> VaultMountWrong:
    """Say what is found at VAULT_MOUNT instead of KV version 2."""
    return VaultMountWrong(f"VAULT_MOUNT {mount!r} {why}, and KV version 2 is needed: run {SETUP}, or name another")
