"""The ledger's log on stderr: plain lines, or JSON with the id of the request that they belong to."""

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from cloud_sync.api.request_log import REQUEST_ID, REQUESTS
from edge_agent.domain.log_lines import log_line

LogFormat = Literal["text", "json"]


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        more: dict[str, str | int | float | None] = {}
        if request := REQUEST_ID.get():
            more["request"] = request
        more |= getattr(record, "figures", {})
        if record.exc_info:
            more["trace"] = self.formatException(record.exc_info)
        return log_line(
            datetime.fromtimestamp(record.created, UTC), record.levelname, record.name, record.getMessage(), more
        )


def set_up_logging(log_format: LogFormat) -> None:
    """Send the log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else logging.Formatter("%(message)s"))
    logging.basicConfig(handlers=[handler], force=True)
    requests = logging.getLogger(REQUESTS)
    requests.setLevel(logging.INFO if log_format == "json" else logging.WARNING)
