"""A stand-in for Vault with real sockets and Vault's own answers, and the real one where its image can be had."""

from support.vault.real import RealVault
from support.vault.server import FakeVault

__all__ = ["FakeVault", "RealVault"]
