"""Logging to stderr: one line each; under journald with its priorities and without a time of our own; or as JSON."""

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Literal

from edge_agent.domain.log_lines import log_line

LogFormat = Literal["text", "json"]
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _JournaldFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITY.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        more = {"trace": self.formatException(record.exc_info)} if record.exc_info else None
        at = datetime.fromtimestamp(record.created, UTC)
        return log_line(at, record.levelname, record.name, record.getMessage(), more)


def set_up_logging(*, debug: bool = False, log_format: LogFormat = "text") -> None:
    """Send the log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(_JsonFormatter())
    elif "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_JournaldFormatter("%(name)s: %(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It logs every time-out at level error; the bus says once when a device is lost and when it is back.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
