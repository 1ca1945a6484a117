"""The power fails at any instant of an upgrade, of going back, or of a new configuration: the gateway starts, what it
recorded is there, and its chain verifies."""

import os
import random
import shutil
import tempfile
import tomllib
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.buffer.opening import start_journal
from edge_agent.domain.wire.records import Lane
from edge_agent.fleet.config_trial import ConfigTrial
from edge_agent.fleet.launcher import FOLDER, Disk, program_of, settle
from edge_agent.fleet.releases import Releases
from edge_agent.timekeeping.clock import ManualClock
from tests.simulation.disk import Recording, RecordingDisk, crash_image
from tests.simulation.model_disk import ModelDisk, Step, image, written_to
from tests.simulation.power_cuts import MEMORY
from tests.support.fleet_parts import TRUST, handed_out, release_in
from tests.support.journal_parts import GATEWAY, IDENTITY, START, all_records, open_journal, scan

CUTS = int(os.environ.get("LOTWARDEN_POWER_CUTS", "200"))
LOCAL = '[gateway]\nname = "gw-1"\ndata_dir = "{home}/data"\n\n[uplink]\nurl = "https://ledger.example.org"\n'
ONE, TWO = '[calendar]\nat = "03:10"\n', '[calendar]\nat = "04:20"\n'


@dataclass
class Run:
    """A run from N to N+1 and back, with two configurations on the way."""

    home: Path
    stick: Path
    recording: Recording = field(default_factory=Recording)
    whole: dict[str, dict[str, str]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.data = self.home / "data"
        (self.data / "fleet").mkdir(parents=True)
        (self.data / FOLDER).mkdir()
        self.path = self.home / "gateway.toml"
        for version in ("0.1.0", "0.2.0"):
            self.whole[version] = release_in(self.stick / version, version)
        self.disk = ModelDisk(self.home, lambda count: self.recording.mark(("disk", count)))

    def go(self) -> None:
        self.disk.write(self.path, LOCAL.format(home=self.home).encode())
        releases, trial = Releases(self.data, self.disk), self.trial(self.home, self.disk)
        releases.install_from_folder(self.stick / "0.1.0", TRUST)
        settle(releases.root, self.disk)
        releases.confirm()
        disk = RecordingDisk("recording-upgrade", self.recording)
        with start_journal(
            self.data / "journal", GATEWAY, sign=IDENTITY.sign, verify=IDENTITY.verify, clock=ManualClock(START),
            bytes_max=10_000_000, connect=disk.connect(),
        ) as journal:  # fmt: skip
            self.recording.begin(self.data / "journal")
            self.recording.mark(("disk", len(self.disk.steps)))
            self.keep = lambda step: self.recording.mark(("scan", step, journal.append(Lane.SCANS, [scan(step)])))
            self.keep(1)
            assert trial.put_in(handed_out(1, ONE, replaces=_digest(self.path)))
            self.keep(2)
            trial.settle_at_start()
            trial.confirm()
            self._upgraded(releases, "0.2.0", 3)
            assert trial.put_in(handed_out(2, TWO))
            self.keep(6)
            trial.go_back("no receipt")
            self._upgraded(releases, "0.1.0", 7)
            releases.install_from_folder(self.stick / "0.2.0", TRUST)
            settle(releases.root, self.disk)
            releases.go_back("no receipt")
            self.keep(10)

    def _upgraded(self, releases: Releases, version: str, step: int) -> None:
        self.keep(step)
        releases.install_from_folder(self.stick / version, TRUST)
        self.keep(step + 1)
        settle(releases.root, self.disk)
        releases.confirm()
        self.keep(step + 2)

    def trial(self, home: Path, disk: Disk) -> ConfigTrial:
        return ConfigTrial(
            home / "gateway.toml", home / "data" / "fleet", lambda path: tomllib.loads(path.read_text()), disk
        )


def _digest(path: Path) -> str:
    from edge_agent.fleet.config_file import ConfigFile

    return ConfigFile.read(path).digest


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("upgrade")
    run = Run(folder / "home", folder / "stick")
    run.go()
    return run


def test_a_power_cut_at_any_point_leaves_a_gateway_that_starts_with_all_it_recorded(run: Run) -> None:
    chance = random.Random(7)
    ends = len(run.recording.events)
    versions, texts, checked = set[str](), set[str](), 0
    for number in range(CUTS):
        cut = min(ends, 1 + number * ends // CUTS + chance.randrange(max(1, ends // CUTS)))
        home = Path(tempfile.mkdtemp(dir=MEMORY))
        try:
            version, text, scans = _started(run, cut, chance, home)
        finally:
            shutil.rmtree(home)
        versions.add(version)
        texts.add(text)
        checked += scans
    assert versions == {"0.1.0", "0.2.0"}, "cuts were on both sides of the swaps"
    assert texts == {"", "03:10", "04:20"}
    assert checked > CUTS


def test_a_disk_that_was_not_waited_for_would_be_caught(run: Run) -> None:
    """Otherwise the cuts would prove little."""
    hasty = copy(run)
    hasty.disk = copy(run.disk)
    hasty.disk.steps = [Step("nothing", step.path) if step.what == "folder" else step for step in run.disk.steps]
    chance, ends, caught = random.Random(3), len(run.recording.events), 0
    for _ in range(20):
        home = Path(tempfile.mkdtemp(dir=MEMORY))
        try:
            _started(hasty, chance.randrange(ends // 4, ends), chance, home)
        except (AssertionError, OSError, ValueError):
            caught += 1
        finally:
            shutil.rmtree(home)
    assert caught > 5


def _started(run: Run, cut: int, chance: random.Random, home: Path) -> tuple[str, str, int]:
    """What a start after the cut runs: the release, the configuration, and how many scans were there."""
    marks = run.recording.marks_until(cut)
    steps = run.disk.steps[: max((mark[1] for mark in marks if mark[0] == "disk"), default=0)]
    (home / "data" / "fleet").mkdir(parents=True)
    (home / "data" / FOLDER / "versions").mkdir(parents=True)
    written_to(home, image(steps, chance), run.home)
    (home / "data" / "journal").mkdir()
    for name, data in crash_image(run.recording, cut, chance).items():
        (home / "data" / "journal" / name).write_bytes(data)
    root, packaged = home / "data" / FOLDER, home / "packaged"
    settle(root, Disk())
    program = program_of(root, packaged)
    assert program != packaged, f"cut {cut}: no release is left"
    folder = program.resolve().parents[1]
    inside = {name: (folder / name).read_text() for name in run.whole[folder.name]}
    assert inside == run.whole[folder.name], f"cut {cut}: release {folder.name} is not whole"
    trial = run.trial(home, Disk())
    trial.settle_at_start()
    said = tomllib.loads((home / "gateway.toml").read_text())
    assert said["gateway"]["name"] == "gw-1"
    with open_journal(home / "data" / "journal") as journal:
        assert journal.verify(IDENTITY.verify).faults == (), cut
        there = {
            int(record.transaction[:8]) for record in all_records(journal, "scans") if hasattr(record, "transaction")
        }
        told = {mark[1] for mark in marks if mark[0] == "scan"}
        assert told <= there, f"cut {cut}: scans are lost"
    _goes_on(run, home, trial, folder.name)
    return folder.name, said.get("calendar", {}).get("at", ""), len(told)


def _goes_on(run: Run, home: Path, trial: ConfigTrial, version: str) -> None:
    """After the cut an upgrade and a configuration go in as at any other time."""
    releases = Releases(home / "data")
    releases.confirm()
    trial.confirm()
    other = "0.1.0" if version == "0.2.0" else "0.2.0"
    assert releases.install_from_folder(run.stick / other, TRUST) == other
    settle(releases.root, Disk())
    assert program_of(releases.root, home / "packaged").resolve().parents[1].name == other
    assert trial.put_in(handed_out(9, '[calendar]\nat = "05:30"\n', replaces=_digest(trial.path)))


def test_a_release_that_never_starts_is_left_after_three_attempts(tmp_path: Path) -> None:
    for version in ("0.1.0", "0.2.0"):
        release_in(tmp_path / "stick" / version, version)
    releases = Releases(tmp_path / "data")
    releases.root.mkdir(parents=True)
    releases.install_from_folder(tmp_path / "stick/0.1.0", TRUST)
    settle(releases.root, Disk())
    releases.confirm()
    releases.install_from_folder(tmp_path / "stick/0.2.0", TRUST)
    started = []
    for _ in range(5):
        settle(releases.root, Disk())
        started.append(releases.running)
    assert started == ["0.2.0"] * 3 + ["0.1.0"] * 2
    assert releases.standing().last == "rolled_back" and "3 times" in releases.standing().reason
