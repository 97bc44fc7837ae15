"""Refusals that people are told of. The HTTP side turns the kind into a status."""

from typing import Literal

Kind = Literal["invalid", "unauthorized", "denied", "not_found", "conflict", "unavailable"]


class Refused(Exception):
    """What was asked for can't be done. `code` is a stable word, `detail` a sentence for people."""

    def __init__(self, kind: Kind, code: str, detail: str) -> None:
        super().__init__(code)
        self.kind = kind
        self.code = code
        self.detail = detail
