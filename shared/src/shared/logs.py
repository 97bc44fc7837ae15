"""How a service writes its log: one event name per line with ids, never addresses, links, names or secrets."""

import logging
import re
import secrets
import sys
import traceback
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

import structlog

LogFormat = Literal["json", "console"]

_TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_trace: ContextVar[str | None] = ContextVar("trace", default=None)


def configure(service: str, log_format: LogFormat) -> None:
    """Send all log lines, the libraries' too, to stderr in one form that names the service."""
    shape: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shape, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shape,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # urllib3 logs full addresses at DEBUG and retries with addresses at WARNING; ours carry codes and states.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    structlog.contextvars.bind_contextvars(service=service)


def get(name: str) -> Any:
    """Give the logger of one room."""
    return structlog.get_logger(name)


def where(error: BaseException) -> str:
    """Name an exception and the line that raised it. Its text stays out: it may quote what people typed."""
    frames = traceback.extract_tb(error.__traceback__)
    return (
        f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"
        if frames
        else repr(type(error))
    )


def traceparent() -> str:
    """Give the W3C trace context of the work at hand, made now if there is none."""
    current = _trace.get()
    if current is None:
        current = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        _trace.set(current)
    return current


def follow(trace: str | None) -> None:
    """Work on behalf of `trace` from here on. Anything that is not a traceparent starts a new trace."""
    _trace.set(trace if trace and _TRACEPARENT.match(trace) else None)
