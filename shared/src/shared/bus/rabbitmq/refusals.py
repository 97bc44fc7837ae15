"""Turns what the two client libraries raise into one sentence that says what is wrong and what to look at."""

import re
import ssl

import amqp
from pika import exceptions as pika_errors

from shared import logs
from shared.bus import BusMisconfiguredError, BusUnavailableError
from shared.bus.rabbitmq.address import Address

_ACCESS_REFUSED = 403
_NOT_ALLOWED = 530
_PRECONDITION_FAILED = 406
_INEQUIVALENT = re.compile(r"inequivalent arg '([^']+)' for (queue|exchange) '([^']+)'")


def explain(error: BaseException, address: Address) -> BusUnavailableError:
    """Give the error to raise or to log for `error`. Its text never holds the password."""
    if isinstance(error, BusUnavailableError):
        return error
    certificate = _find(error, ssl.SSLCertVerificationError)
    if certificate is not None:
        why = certificate.verify_message  # type: ignore[attr-defined]
        return BusMisconfiguredError(f"{address} shows a certificate that is not trusted ({why}): see BROKER_CA_FILE")
    code, text = _reply(error)
    if code == _ACCESS_REFUSED or isinstance(error, pika_errors.ProbableAuthenticationError):
        return _denied(text, address)
    if code == _NOT_ALLOWED or isinstance(error, pika_errors.ProbableAccessDeniedError):
        return BusMisconfiguredError(
            f"{address} has no vhost {address.vhost!r} that user {address.user!r} may use: see BROKER_URL"
        )
    if code == _PRECONDITION_FAILED:
        return _different(text, address)
    what = f"can't be reached ({_cause(error)})" if code is None else f"closed the connection ({code} {text[:100]})"
    return BusUnavailableError(f"{address} {what}")


def _denied(text: str, address: Address) -> BusMisconfiguredError:
    resource = re.search(r"access to (\w+ '[^']+')", text)
    if resource and not resource[1].startswith("vhost"):
        return BusMisconfiguredError(
            f"{address} lets user {address.user!r} not configure, write and read {resource[1]}: see its permissions"
        )
    return BusMisconfiguredError(f"{address} refuses the name or the password of user {address.user!r}: see BROKER_URL")


def _different(text: str, address: Address) -> BusMisconfiguredError:
    found = _INEQUIVALENT.search(text)
    if found is None:
        return BusMisconfiguredError(f"{address} refuses what is to be declared: {text[:200]}")
    argument, kind, name = found.groups()
    return BusMisconfiguredError(
        f"{address} has the {kind} {name!r} with another {argument}: "
        f"let it run empty, then delete it, and it is made anew"
    )


def _reply(error: BaseException) -> tuple[int | None, str]:
    """Find the broker's own words in an error of either library."""
    for kind in (pika_errors.ConnectionClosedByBroker, pika_errors.ChannelClosedByBroker):
        found = _find(error, kind)
        if found is not None:
            return found.reply_code, found.reply_text  # type: ignore[attr-defined]
    if isinstance(error, amqp.AMQPError) and error.reply_code:
        return int(error.reply_code), str(error.reply_text or "")
    # pika wraps what the broker said while connecting into its repr.
    said = re.search(r"ConnectionClosedByBroker: \((\d+)\) ['\"](.*?)['\"]?\)?$", str(error))
    return (int(said[1]), said[2]) if said else (None, "")


def _find(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """Look for `kind` in an error, in what caused it, and in what pika packed into its arguments."""
    seen: list[BaseException] = [error]
    for one in seen:
        if isinstance(one, kind):
            return one
        inner = [one.__cause__, one.__context__, *one.args, *getattr(one, "exceptions", ())]
        inner.append(getattr(one, "exception", None))
        seen += [e for e in inner if isinstance(e, BaseException) and e not in seen]
    return None


def _cause(error: BaseException) -> str:
    """Name the operating system's error if there is one; it says more than the library's own."""
    found = _find(error, OSError)
    if found is not None:
        return found.strerror or type(found).__name__  # type: ignore[attr-defined]
    if _find(error, pika_errors.IncompatibleProtocolError) is not None:
        return "what answers there does not speak AMQP"
    return logs.where(error) if isinstance(error, AttributeError) else type(error).__name__
