"""Installs releases of the gateway's program beside each other, from the ledger or from a stick.

A release is whole and on the disk before ``current`` points to it; the one before is kept, and
:mod:`edge_agent.fleet.launcher` goes back to it if the new one cannot start or gets no receipt.
"""

import asyncio
import hashlib
import json
import logging
import os
import platform
import shutil
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from edge_agent.domain.fleet.handed_out import ReleaseOrder, signed_words
from edge_agent.domain.fleet.heartbeats import ReleaseStanding
from edge_agent.domain.fleet.releases import (
    FILES_PATH,
    MANIFEST_FILE,
    MANIFEST_FORMAT,
    ReleaseFault,
    ReleaseFile,
    SignedManifest,
    manifest_of,
    needs_fault,
)
from edge_agent.fleet.launcher import FOLDER, PROGRAM, Disk, go_back, target_of, trial_of
from edge_agent.uplink.desk_client import DeskClient
from edge_agent.uplink.trust import LedgerTrust, public_key_of

KEYS_FILE = "release.keys"
"""Keys that may sign releases, beside the ledger's own; one a line."""
UNPACKED_BYTES_MAX = 1 << 30
UNPACKED_FILES_MAX = 50_000
ORDERS_FILE = "orders.json"
OUTCOME_FILE = "outcome.json"
READ_BYTES = 1 << 16

_log = logging.getLogger("edge_agent.fleet")


class Releases:
    """The releases below ``data_dir``."""

    def __init__(self, data_dir: Path, disk: Disk | None = None) -> None:
        self.root = data_dir / FOLDER
        self._data_dir = data_dir
        self._disk = disk or Disk()
        self._is_fetching = ""

    @property
    def running(self) -> str:
        """The version that runs: what ``current`` points to, else that of the package."""
        target = target_of(self.root / "current")
        return Path(target).name if target is not None else version("lotwarden")

    @property
    def is_on_probation(self) -> bool:
        """Whether the one that runs has not had its receipt yet."""
        return trial_of(self.root) is not None

    def standing(self) -> ReleaseStanding:
        """For the heartbeat."""
        outcome = _json(self.root / OUTCOME_FILE)
        word = "probation" if self.is_on_probation else "fetching" if self._is_fetching else "running"
        return ReleaseStanding(
            version=self.running, state=word, tried=str(outcome.get("version", ""))[:60],
            last=str(outcome.get("last", ""))[:40], reason=str(outcome.get("reason", ""))[:1900],
        )  # fmt: skip

    def wants(self, order: ReleaseOrder) -> bool:
        """Whether an order is news: newer than the last that was settled, and for another version than runs."""
        if self.is_on_probation or order.number <= self._settled_order():
            return False
        if order.version == self.running:
            self._settle_order(order.number)
            return False
        return True

    async def install_from_ledger(self, order: ReleaseOrder, client: DeskClient, trust: LedgerTrust) -> bool:
        """Fetch what an order names and put it in place, on probation. Raises ``UplinkError``: what came stays.

        False if it is refused; the heartbeat tells why.
        """
        self._is_fetching = order.version
        try:
            answer = await client.signed_get(FILES_PATH, f"version={quote(order.version)}&name={MANIFEST_FILE}&start=0")
            found = self._checked(json.loads(answer or b"null"), trust, order.manifest_sha256)
            if (found.manifest.version, found.sha256) != (order.version, order.manifest_sha256):
                raise ReleaseFault("the manifest is not the one that was ordered")
            staging = self._staging(found)
            for each in found.manifest.files:
                await self._fetch(order.version, each, staging, client)
            await asyncio.to_thread(self.put_in, found, staging)
        except (ReleaseFault, ValueError) as fault:
            self._refuse(order.version, str(fault))
            self._settle_order(order.number)
            return False
        finally:
            self._is_fetching = ""
        self._settle_order(order.number)
        return True

    def install_from_folder(self, folder: Path, trust: LedgerTrust) -> str:
        """Put the release on a stick in place, on probation from the next start on; gives its version.

        Raises ``ReleaseFault``, ``OSError``.
        """
        try:
            said = json.loads((folder / MANIFEST_FILE).read_bytes())
        except ValueError as error:
            raise ReleaseFault(f"{folder / MANIFEST_FILE} is no manifest: {error}") from error
        found = self._checked(said, trust)
        if self.is_on_probation:
            raise ReleaseFault(f"release {self.running} is on probation: wait for its receipt, or go back first")
        self.put_in(found, folder)
        return found.manifest.version

    def put_in(self, found: SignedManifest, folder: Path) -> None:
        """Unpack the files in ``folder``, and let ``current`` point to them. Raises ``ReleaseFault``, ``OSError``."""
        manifest = found.manifest
        whole = self.root / "versions" / manifest.version
        if _json(whole / MANIFEST_FILE).get("body") != found.signed.body:
            if target_of(self.root / "current") == f"versions/{manifest.version}":
                raise ReleaseFault(f"release {manifest.version} runs here with other content: give it another version")
            for each in manifest.files:
                _check_file(folder / each.name, each)
            self._unpack(found, folder, whole)
        self.root.mkdir(parents=True, exist_ok=True)
        before = target_of(self.root / "current")
        if before is None:
            self._disk.remove(self.root / "previous")
        elif before != f"versions/{manifest.version}":
            self._disk.point(self.root / "previous", before)
        trial = {"version": manifest.version, "starts": 0}
        self._disk.write(self.root / "trial.json", json.dumps(trial).encode())
        self._disk.point(self.root / "current", f"versions/{manifest.version}")
        _log.warning("release %s is in place, on probation from the next start on", manifest.version)

    def confirm(self) -> None:
        """The receipt came: the release stays, and those that are neither it nor the one before go."""
        trial = trial_of(self.root)
        if trial is None:
            return
        self._disk.remove(self.root / "trial.json")
        self._disk.remove(self.root / OUTCOME_FILE)
        kept = {target_of(self.root / name) for name in ("current", "previous")}
        for folder in (self.root / "versions").iterdir():
            if f"versions/{folder.name}" not in kept:
                shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.root / "staging", ignore_errors=True)
        _log.warning("release %s is confirmed", trial["version"])

    def go_back(self, why: str) -> bool:
        """Leave a release that is on probation; False if none is."""
        trial = trial_of(self.root)
        if trial is None:
            return False
        go_back(self.root, self._disk, str(trial["version"]), why)
        _log.error("release %s was rolled back: %s", trial["version"], why)
        return True

    def _checked(self, said: object, trust: LedgerTrust, ordered: str = "") -> SignedManifest:
        """A manifest of somebody who may sign one, or that the ledger's signed order names, for a machine like this.

        Raises ``ReleaseFault``.
        """
        found = manifest_of(said)
        words = signed_words(MANIFEST_FORMAT, found.signed.body)
        others = LedgerTrust(_keys(self._data_dir / KEYS_FILE))
        if found.sha256 != ordered and not any(
            each.has_said(words, found.signed.by, found.signed.signature) for each in (trust, others)
        ):
            raise ReleaseFault("the manifest is not signed by the ledger, nor by a key in release.keys")
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        fault = needs_fault(found.manifest, python=python, machine=platform.machine(), running=self.running)
        if fault is not None:
            raise ReleaseFault(fault)
        return found

    def _staging(self, found: SignedManifest) -> Path:
        folder = self.root / "staging" / found.sha256
        folder.mkdir(parents=True, exist_ok=True)
        for other in (self.root / "staging").iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return folder

    async def _fetch(self, release: str, wanted: ReleaseFile, folder: Path, client: DeskClient) -> None:
        path = folder / wanted.name
        size = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            while size < wanted.bytes:
                asked = f"version={quote(release)}&name={quote(wanted.name)}&start={size}"
                part = await client.signed_get(FILES_PATH, asked)
                if not part:
                    raise ReleaseFault(f"the ledger has no {wanted.name} of release {release}")
                file.write(part)
                size += len(part)
        try:
            _check_file(path, wanted)
        except ReleaseFault:
            path.unlink()
            raise

    def _unpack(self, found: SignedManifest, folder: Path, whole: Path) -> None:
        fresh = whole.with_name(f".{whole.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(whole, ignore_errors=True)  # never the one that runs: its manifest is the same
        fresh.mkdir(parents=True)
        for each in found.manifest.files:
            if each.name.endswith(".tar.gz"):
                _unpack_archive(folder / each.name, fresh, self._disk)
            else:
                self._disk.create(fresh / each.name, (folder / each.name).read_bytes())
        if not (fresh / PROGRAM).is_file():
            raise ReleaseFault(f"release {found.manifest.version} has no {PROGRAM}")
        self._disk.create(fresh / MANIFEST_FILE, found.to_json().encode())
        for inside, _, _ in os.walk(fresh):
            self._disk.sync_folder(Path(inside))
        self._disk.rename(fresh, whole)
        self._disk.sync_folder(self.root)
        self._disk.sync_folder(self._data_dir)

    def _refuse(self, release: str, why: str) -> None:
        _log.error("release %s was refused: %s", release, why)
        said = {"version": release, "last": "refused", "reason": why[:1900]}
        self._disk.write(self.root / OUTCOME_FILE, json.dumps(said).encode())

    def _settled_order(self) -> int:
        number = _json(self.root / ORDERS_FILE).get("settled", 0)
        return number if isinstance(number, int) else 0

    def _settle_order(self, number: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self._disk.write(self.root / ORDERS_FILE, json.dumps({"settled": number}).encode())


def _check_file(path: Path, wanted: ReleaseFile) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            digest.update(part)
    if digest.hexdigest() != wanted.sha256:
        raise ReleaseFault(f"{wanted.name} is not what the manifest says: copy it again")


def _unpack_archive(path: Path, to: Path, disk: Disk) -> None:
    """Folders and plain files only, all of them below ``to``."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in _members(archive):
                target = to / member.name
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                data = content.read() if content is not None else b""
                disk.create(target, data, 0o755 if member.mode & 0o100 else 0o644)
    except (tarfile.TarError, EOFError) as error:
        raise ReleaseFault(f"{path.name} cannot be unpacked: {error}") from error


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    size = 0
    for number, member in enumerate(archive):
        size += member.size
        if number > UNPACKED_FILES_MAX or size > UNPACKED_BYTES_MAX:
            raise ReleaseFault("it unpacks to more than a release may be")
        parts = Path(member.name).parts
        if Path(member.name).is_absolute() or ".." in parts or not (member.isfile() or member.isdir()):
            raise ReleaseFault(f"{member.name[:100]!r} has no place in a release")
        yield member


def _keys(path: Path) -> list[str]:
    with suppress(OSError, UnicodeDecodeError):
        return [line for line in path.read_text(encoding="ascii").split() if public_key_of(line)]
    return []


def _json(path: Path) -> dict[str, object]:
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
