"""A configuration from the ledger goes in on probation, and out again unless the ledger's receipt comes in time.

``fleet/config.json`` says what is on trial, ``fleet/previous.toml`` what was there before. Both are on the disk before
the file itself is replaced, in one step; whether it was replaced before the power failed, the file's own hash tells.
So at every instant the file is a whole one, and a start knows whether it is the one on trial.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge_agent.domain.fleet.handed_out import HandedOutConfig
from edge_agent.domain.fleet.managed_config import NO_CONFIG
from edge_agent.errors import ConfigError
from edge_agent.fleet.config_file import POLICIES, PROFILES, SUFFIXES, ConfigFile
from edge_agent.fleet.launcher import STARTS_MAX, Disk

STATE_FILE = "config.json"
PREVIOUS_FILE = "previous.toml"
CANDIDATE_FILE = "candidate.toml"

_log = logging.getLogger("edge_agent.fleet")


@dataclass(frozen=True, slots=True)
class Trial:
    """What is on probation: the version, the hash of the whole file, and how often it was started.

    ``back`` says why it goes out again, once that is decided.
    """

    version: int
    file_sha256: str
    starts: int = 0
    back: str = ""


@dataclass(frozen=True, slots=True)
class FleetState:
    """``sha256`` is the digest of the managed part that counts as the ledger's; ``settled`` the highest version that
    was confirmed, refused or rolled back: an older one is never tried again."""

    sha256: str = ""
    settled: int = 0
    trial: Trial | None = None
    tried: int | None = None
    last: str = ""
    reason: str = ""


@dataclass
class ConfigTrial:
    """The file at ``path`` and its trial. ``check`` loads a candidate as ``check-config`` does, with
    ``ConfigError``."""

    path: Path
    fleet_dir: Path
    check: Callable[[Path], object]
    disk: Disk = field(default_factory=Disk)

    def state(self) -> FleetState:
        """As the disk has it; a file that cannot be read is as good as none."""
        try:
            said: dict[str, Any] = json.loads((self.fleet_dir / STATE_FILE).read_bytes())
            trial = said.pop("trial", None)
            return FleetState(**said, trial=Trial(**trial) if trial else None)
        except (OSError, ValueError, TypeError):
            return FleetState()

    def is_drifted(self, file: ConfigFile) -> bool:
        """Whether somebody edited here what is the ledger's."""
        state = self.state()
        return bool(state.sha256) and state.trial is None and file.digest != state.sha256

    def put_in(self, config: HandedOutConfig) -> bool:
        """Check a configuration and put it in the file's place, on probation; False if it was refused or left alone."""
        state, file = self.state(), ConfigFile.read(self.path)
        if state.trial is not None or config.version <= state.settled:
            return False
        is_fresh = not state.sha256 and file.digest == NO_CONFIG
        if not is_fresh and file.digest not in (config.sha256, state.sha256, config.replaces):
            return False  # a local edit that nobody at the ledger has decided on
        self.fleet_dir.mkdir(parents=True, exist_ok=True)
        try:
            data = self._candidate(file, config)
        except (OSError, ValueError, ConfigError) as error:
            faults = error.faults if isinstance(error, ConfigError) else (str(error),)
            faults = tuple(_line_as_handed_out(fault, file, config) for fault in faults)
            self._end(replace(state, settled=config.version), config.version, "refused", "; ".join(faults))
            return False
        self.disk.write(self.fleet_dir / PREVIOUS_FILE, file.data)
        trial = Trial(config.version, hashlib.sha256(data).hexdigest())
        self._keep(replace(state, trial=trial))
        self.disk.write(self.path, data)
        _log.warning("configuration %d of the ledger is in place, on probation", config.version)
        return True

    def settle_at_start(self) -> None:
        """Before the file is read at a start: count the start if it is on trial, go back after too many."""
        state = self.state()
        if state.trial is None:
            return
        file_sha256 = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if state.trial.back or (file_sha256 == state.trial.file_sha256 and state.trial.starts >= STARTS_MAX):
            self.go_back(state.trial.back or f"it was started {STARTS_MAX} times and got no receipt")
        elif file_sha256 == state.trial.file_sha256:
            self._keep(replace(state, trial=replace(state.trial, starts=state.trial.starts + 1)))
        else:
            self._keep(replace(state, trial=None))  # the power failed before the swap, or a person edited the file

    def confirm(self) -> int | None:
        """The receipt came: what is on trial counts from now on. Gives its version."""
        state = self.state()
        if state.trial is None:
            return None
        version, digest = state.trial.version, self._digest_on_trial(state.trial)
        self._keep(FleetState(digest or state.sha256, max(version, state.settled)))
        self._forget_files(version)
        _log.warning("configuration %d of the ledger is confirmed", version)
        return version

    def go_back(self, why: str) -> bool:
        """Put the file back that was there before; False if nothing is on trial. A person's edit meanwhile stays."""
        state = self.state()
        if state.trial is None:
            return False
        version = state.trial.version
        self._keep(replace(state, trial=replace(state.trial, back=why[:1000])))
        if hashlib.sha256(self.path.read_bytes()).hexdigest() == state.trial.file_sha256:
            self.disk.write(self.path, (self.fleet_dir / PREVIOUS_FILE).read_bytes())
        self._end(replace(state, trial=None, settled=max(version, state.settled)), version, "rolled_back", why)
        return True

    def _candidate(self, file: ConfigFile, config: HandedOutConfig) -> bytes:
        """The whole new file, with its profiles and policies on the disk, checked as it will be read."""
        folders = {kind: self._keep_files(kind, config.version, texts) for kind, texts in _files_of(config).items()}
        data = file.with_config(config, folders)
        candidate = self.fleet_dir / CANDIDATE_FILE
        self.disk.write(candidate, data)
        if ConfigFile.read(candidate).digest != config.sha256:
            raise ValueError("it is not what its hash says")
        self.check(candidate)
        return data

    def _keep_files(self, kind: str, version: int, texts: Mapping[str, str]) -> Path:
        folder = self.fleet_dir / kind / str(version)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            self.disk.write(folder / f"{name}{SUFFIXES[kind]}", text.encode())
        for each in folder.glob(f"*{SUFFIXES[kind]}"):
            if each.stem not in texts:
                self.disk.remove(each)
        self.disk.sync_folder(folder.parent)
        self.disk.sync_folder(self.fleet_dir)
        return folder

    def _forget_files(self, version: int) -> None:
        for kind in SUFFIXES:
            for folder in (self.fleet_dir / kind).glob("[0-9]*"):
                if folder.name.isdigit() and int(folder.name) < version - 1:
                    for each in folder.glob(f"*{SUFFIXES[kind]}"):
                        each.unlink()
                    folder.rmdir()

    def _digest_on_trial(self, trial: Trial) -> str | None:
        data = self.fleet_dir / CANDIDATE_FILE
        try:
            found = ConfigFile.read(data)
        except (OSError, ValueError):
            return None
        return found.digest if found.sha256 == trial.file_sha256 else None

    def _end(self, state: FleetState, version: int, last: str, reason: str) -> None:
        _log.error("configuration %d of the ledger was %s: %s", version, last.replace("_", " "), reason)
        self._keep(replace(state, tried=version, last=last, reason=reason[:1900]))

    def _keep(self, state: FleetState) -> None:
        said = {
            "sha256": state.sha256, "settled": state.settled, "tried": state.tried, "last": state.last,
            "reason": state.reason,
            "trial": None if state.trial is None else {
                "version": state.trial.version, "file_sha256": state.trial.file_sha256, "starts": state.trial.starts,
                "back": state.trial.back,
            },
        }  # fmt: skip
        self.fleet_dir.mkdir(parents=True, exist_ok=True)
        self.disk.write(self.fleet_dir / STATE_FILE, json.dumps(said).encode())


def _files_of(config: HandedOutConfig) -> dict[str, dict[str, str]]:
    return {kind: texts for kind, texts in ((PROFILES, config.profiles), (POLICIES, config.policies)) if texts}


def _line_as_handed_out(fault: str, file: ConfigFile, config: HandedOutConfig) -> str:
    """A fault with its line in what the ledger handed out, for whoever wrote that."""
    found = re.match(r"line ([0-9]+): ", fault)
    if found is None:
        return fault
    whole = file.with_config(config, dict.fromkeys(_files_of(config), Path("/"))).decode()
    before = whole.index(config.toml.strip()) if config.toml.strip() in whole else 0
    line = int(found[1]) - whole[:before].count("\n")
    return f"line {line}: {fault[found.end() :]}" if line > 0 else fault
