"""The gateway's configuration file as the fleet sees it: what of it is the ledger's, and how the ledger's goes in."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.domain.fleet.handed_out import HandedOutConfig
from edge_agent.domain.fleet.managed_config import (
    FLEET_SECTION,
    digest_of_config,
    managed_of,
    parts_of,
    split_text,
    without_secrets,
)

FOLDER = "fleet"
PROFILES, POLICIES = "profiles", "policies"
SUFFIXES: Mapping[str, str] = {PROFILES: ".toml", POLICIES: ".json"}
"""How the files are named that come with a configuration."""
HEAD = (
    "# From here on as the ledger handed it out. An edit below counts at once and shows as drift at the ledger; it is\n"
    "# never overwritten before a person there has decided.\n"
)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration file that can be read as TOML. ``version``: of the ledger's configuration in it."""

    path: Path
    raw: Mapping[str, Any]
    data: bytes

    @classmethod
    def read(cls, path: Path) -> "ConfigFile":
        """The file as it is. Raises ``OSError`` or ``ValueError``."""
        data = path.read_bytes()
        return cls(path, tomllib.loads(data.decode()), data)

    @property
    def fleet_dir(self) -> Path | None:
        """Where the fleet keeps what it needs; None where the file does not say where the data is."""
        gateway = self.raw.get("gateway")
        found = gateway.get("data_dir") if isinstance(gateway, dict) else None
        return Path(found) / FOLDER if isinstance(found, str) else None

    @property
    def version(self) -> int | None:
        """Which version of the ledger's it has."""
        fleet = self.raw.get(FLEET_SECTION)
        found = fleet.get("version") if isinstance(fleet, dict) else None
        return found if isinstance(found, int) else None

    @property
    def digest(self) -> str:
        """Of its managed part, as it is now, and of the files that came with it."""
        return digest_of_config(managed_of(self.raw), self._texts(PROFILES), self._texts(POLICIES))

    def parts(self) -> dict[str, str]:
        """The digests of the files that came with the ledger's configuration, as they are now."""
        return parts_of(self._texts(PROFILES), self._texts(POLICIES))

    @property
    def sha256(self) -> str:
        """Of the whole file."""
        return hashlib.sha256(self.data).hexdigest()

    def managed_text(self) -> str | None:
        """The managed part, without secrets, for people at the ledger; None where it cannot be parted."""
        try:
            return without_secrets(split_text(self.data.decode())[1])
        except ValueError:
            return None

    def with_config(self, config: HandedOutConfig, folders: Mapping[str, Path]) -> bytes:
        """The file with another managed part; ``folders`` hold what came with it, by ``PROFILES`` and ``POLICIES``.

        Raises ``ValueError`` where the file cannot be parted.
        """
        local, _ = split_text(self.data.decode())
        lines = [f"version = {config.version}"]
        lines += [f"{kind}_dir = {json.dumps(str(folder))}" for kind, folder in sorted(folders.items())]
        return "\n".join([local, "", f"[{FLEET_SECTION}]", *lines, "", f"{HEAD}{config.toml.strip()}", ""]).encode()

    def _texts(self, kind: str) -> dict[str, str]:
        fleet = self.raw.get(FLEET_SECTION)
        folder = fleet.get(f"{kind}_dir") if isinstance(fleet, dict) else None
        if not isinstance(folder, str):
            return {}
        try:
            return {
                each.stem: each.read_text(encoding="utf-8") for each in sorted(Path(folder).glob(f"*{SUFFIXES[kind]}"))
            }
        except (OSError, UnicodeDecodeError):
            return {"": "unreadable"}
