"""What makes a paper checkable: its kind, ids, time of making and data, carried in the PDF as JSON, and their hash."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cloud_sync.papers.style import PaperStyle, utc

FORMAT = 1


class Shown(BaseModel):
    """Base of what papers show: read from rows, of which it takes what it names."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SiteShown(Shown):
    """A site, or the whole house where ``name`` is empty."""

    name: str = ""
    title: str = ""


class PaperData(Shown):
    """What a paper is made of, and whose it is. The same value is the same paper."""

    site: SiteShown = SiteShown()


class Envelope(BaseModel):
    """A paper's own facts and its data. ``url`` is where its record is opened; ``made_with`` names what drew it."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    kind: str
    id: str
    made_at: AwareDatetime
    made_by: str
    made_with: str
    url: str
    house: str
    style: PaperStyle
    data: dict[str, Any]

    @property
    def sha256(self) -> str:
        """The hash that stands on the paper: of its kind, its id and its data."""
        return data_sha256(self.kind, self.id, self.data)

    def as_json(self) -> str:
        """As it is carried in the PDF."""
        return canonical(self.model_dump(mode="json") | {"made_at": utc(self.made_at), "sha256": self.sha256})


def data_of(value: PaperData) -> dict[str, Any]:
    """A paper's data as JSON has them; times in UTC."""
    dumped: dict[str, Any] = _in_utc(value.model_dump())
    return dumped


def data_sha256(kind: str, paper_id: str, data: Mapping[str, Any]) -> str:
    """SHA-256 of canonical JSON (keys sorted, no spaces, UTF-8) of the kind, id and data of a paper."""
    return hashlib.sha256(canonical({"kind": kind, "id": paper_id, "data": data}).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, Mapping):
        return {str(key): _in_utc(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_in_utc(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def differences(printed: Any, known: Any, where: str = "") -> Iterator[tuple[str, str, str]]:
    """What is not the same: where (``lots[0].decision``), as it was printed, as it is known now.

    >>> list(differences({"a": 1, "b": [1, 2]}, {"a": 2, "b": [1]}))
    [('a', '1', '2'), ('b[1]', '2', 'nothing')]
    """
    if isinstance(printed, dict) and isinstance(known, dict):
        for key in sorted(printed.keys() | known.keys()):
            yield from differences(printed.get(key), known.get(key), f"{where}.{key}" if where else key)
    elif isinstance(printed, list) and isinstance(known, list):
        for index in range(max(len(printed), len(known))):
            was = printed[index] if index < len(printed) else None
            now = known[index] if index < len(known) else None
            yield from differences(was, now, f"{where}[{index}]")
    elif printed != known:
        yield where, _told(printed), _told(known)


def _told(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else canonical(value)
