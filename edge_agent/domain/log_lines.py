"""One line of the log as JSON, the same of gateway and ledger, and without secrets. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

TEXT_CHARACTERS_MAX = 8000
HIDDEN = "[hidden]"

_SECRETS = (
    re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"),  # a user's name and password in an address
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"\blw_[A-Za-z0-9_-]{16,}"),
    re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]+"),
    re.compile(r"(?i)(?<=password=)[^\s&;,'\"]+"),
    re.compile(r"(?i)(?<=bindkey=)[0-9a-f]{32}"),
)


def log_line(
    at: datetime, level: str, logger: str, text: str, more: Mapping[str, str | int | float | None] | None = None
) -> str:
    """A JSON object on one line: ``at`` (UTC, milliseconds), ``level``, ``logger``, ``text``, and what ``more`` has.

    >>> log_line(datetime(2026, 11, 29, 8, tzinfo=UTC), "INFO", "edge_agent", "up", {"request": "r1"})
    '{"at":"2026-11-29T08:00:00.000Z","level":"info","logger":"edge_agent","text":"up","request":"r1"}'
    """
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, str | int | float | None] = {
        "at": stamp, "level": level.lower(), "logger": logger, "text": without_secrets(text)[:TEXT_CHARACTERS_MAX],
    }  # fmt: skip
    for name, value in (more or {}).items():
        line[name] = without_secrets(value) if isinstance(value, str) else value
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def without_secrets(text: str) -> str:
    """The text, with what looks like a password, token or key hidden.

    >>> without_secrets("connecting to postgresql://amy:pw@db/ledger")
    'connecting to postgresql://[hidden]@db/ledger'
    """
    for secret in _SECRETS:
        text = secret.sub(HIDDEN, text)
    return text
