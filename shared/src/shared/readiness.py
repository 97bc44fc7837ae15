"""What a service says when something that it needs can't be used."""


class NotReadyError(Exception):
    """Something that a service needs can't be used. The text is one sentence for its operator, without a secret."""

    public = False
    """Whether anybody may read the text, because it names no address."""
