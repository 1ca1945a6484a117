"""Field maps of the senders of HL7 messages, read again when their file changes."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cloud_sync.errors import Conflict
from cloud_sync.ingest.mllp.receiver import Hl7Section, SenderSection
from cloud_sync.interop.hospital.field_map import FieldMap, MapFault, load_map

_log = logging.getLogger("cloud_sync.hl7")


@dataclass(frozen=True, slots=True)
class LoadedMap:
    """A field map and the digest of its file."""

    field_map: FieldMap
    sha256: str


class FieldMaps:
    """The field maps of ``[hl7.senders]``. A file that is no map any more is told of once, and the map before goes
    on."""

    def __init__(self, section: Hl7Section | None) -> None:
        self.section = section
        self._loaded: dict[Path, tuple[int, LoadedMap]] = {}
        self._lock = Lock()

    def sender(self, name: str) -> SenderSection | None:
        """A sender; None if the configuration names none such."""
        return self.section.senders.get(name) if self.section is not None else None

    def of(self, name: str) -> LoadedMap:
        """The map of a sender as it is now. Raises ``Conflict`` if the sender is unknown, or its file never was a
        map."""
        sender = self.sender(name)
        if sender is None:
            raise Conflict(
                f"there is no sender {name} in the ledger's configuration",
                f"Write [hl7.senders.{name}] with its map_file into the configuration, and restart the ledger.",
            )
        with self._lock:
            return self._current(sender.map_file)

    def _current(self, path: Path) -> LoadedMap:
        before = self._loaded.get(path)
        try:
            changed_ns = path.stat().st_mtime_ns
            if before is not None and before[0] == changed_ns:
                return before[1]
            content = path.read_bytes()
            loaded = LoadedMap(load_map(content.decode(), name=path.name), hashlib.sha256(content).hexdigest())
        except (OSError, UnicodeDecodeError, MapFault) as fault:
            if before is None:
                raise Conflict(
                    f"the field map cannot be used: {fault}", "Mend the file; it is read again each time."
                ) from fault
            _log.warning("the changed field map is not used, the one before goes on: %s", fault)
            self._loaded[path] = (changed_ns if path.exists() else before[0], before[1])
            return before[1]
        self._loaded[path] = (changed_ns, loaded)
        return loaded
